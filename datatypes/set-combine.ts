/** Sets taken together: intersections, unions, differences, and the same stored. */
import { NUMKEYS_BEYOND_ARGUMENTS, NUMKEYS_NOT_POSITIVE } from '../protocol/refusals.js';
import { integer, key, keyArg } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { readLimit, readPositive } from './options.js';
import { replyMember, replyMembers } from './set-reply.js';
import { SetLenses, SetValue } from './set-value.js';
import { NONE } from './store/arena.js';
import { Encoding, Type } from './store/entry.js';
import type { MemberVisitor } from './store/member-table.js';

/** Members looked at between two looks at a limit. */
const SCANNED_AT_ONCE = 128;

export const sinter = command(
  {
    name: 'sinter',
    group: 'set',
    since: '1.0.0',
    arity: -2,
    flags: ['readonly'],
    tips: ['nondeterministic_output_order'],
    keys: [key(1, ['RO', 'access'], -1)],
    args: [keyArg('key', { multiple: true })],
    complexity:
      'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
    summary: 'Returns the members that all of some sets have.',
  },
  (call) => {
    const { reply } = call;
    const sets = readAll(call, 1, call.argc);
    if (sets === null) return reply.set(0);
    const header = reply.defer();
    const write = replyMember(reply);
    let count = 0;
    intersect(sets, (bytes, start, end, block, hash) => {
      write(bytes, start, end, block, hash);
      count++;
    });
    reply.resolveSet(header, count);
  },
);

export const sinterstore = command(
  {
    name: 'sinterstore',
    group: 'set',
    since: '1.0.0',
    arity: -3,
    flags: ['denyoom', 'write'],
    keys: [key(1, ['OW', 'update']), key(2, ['RO', 'access'], -1)],
    args: [keyArg('destination'), keyArg('key', { multiple: true, keySpec: 1 })],
    complexity:
      'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
    summary: 'Stores the members that all of some sets have.',
  },
  (call) => {
    const sets = readAll(call, 2, call.argc);
    if (sets === null) return store(call, null, 'sinterstore');
    const smallest = bySize(sets)[0] as SetValue;
    const integers = smallest.encoding === Encoding.intset;
    const result = new SetValue(call.keyspace).begin(
      integers ? Encoding.intset : Encoding.listpack,
      smallest.size,
    );
    intersect(sets, addTo(result));
    const { setMaxIntsetEntries } = call.keyspace.settings;
    if (!integers && result.size <= setMaxIntsetEntries && result.hasOnlyIntegers()) {
      result.convert(Encoding.intset);
    }
    store(call, result, 'sinterstore');
  },
);

export const sintercard = command(
  {
    name: 'sintercard',
    group: 'set',
    since: '7.0.0',
    arity: -3,
    flags: ['movablekeys', 'readonly'],
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } },
    ],
    args: [
      integer('numkeys'),
      keyArg('key', { multiple: true }),
      integer('limit', { token: 'LIMIT', optional: true }),
    ],
    complexity:
      'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.',
    summary: 'Counts the members that all of some sets have, up to a limit.',
  },
  (call) => {
    const count = readKeyCount(call);
    const limit = readLimit(call, 2 + count);
    const sets = readAll(call, 2, 2 + count);
    call.reply.integer(sets === null ? 0 : countCommon(sets, limit));
  },
);

/** Argument 1: how many keys follow. */
function readKeyCount(call: Call): number {
  const count = readPositive(call, 1, NUMKEYS_NOT_POSITIVE);
  if (count > call.argc - 2) throw NUMKEYS_BEYOND_ARGUMENTS;
  return count;
}

function countCommon(sets: readonly SetValue[], limit: number): number {
  const [smallest, ...others] = bySize(sets) as [SetValue, ...SetValue[]];
  let count = 0;
  if (smallest.encoding === Encoding.intset) {
    smallest.forEachCompared(others, true, () => count++);
    return Math.min(count, limit);
  }
  let cursor = 0;
  do {
    cursor = smallest.scan(cursor, SCANNED_AT_ONCE, (bytes, start, end, _block, hash) => {
      if (count < limit && inAll(others, bytes, start, end, hash)) count++;
    });
  } while (cursor !== 0 && count < limit);
  return count;
}

export const sunion = command(
  {
    name: 'sunion',
    group: 'set',
    since: '1.0.0',
    arity: -2,
    flags: ['readonly'],
    tips: ['nondeterministic_output_order'],
    keys: [key(1, ['RO', 'access'], -1)],
    args: [keyArg('key', { multiple: true })],
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    summary: 'Returns the members that any of some sets has.',
  },
  (call) => replyResult(call, union(call, readSome(call, 1), false)),
);

export const sunionstore = command(
  {
    name: 'sunionstore',
    group: 'set',
    since: '1.0.0',
    arity: -3,
    flags: ['denyoom', 'write'],
    keys: [key(1, ['OW', 'update']), key(2, ['RO', 'access'], -1)],
    args: [keyArg('destination'), keyArg('key', { multiple: true, keySpec: 1 })],
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    summary: 'Stores the members that any of some sets has.',
  },
  (call) => store(call, union(call, readSome(call, 2), true), 'sunionstore'),
);

export const sdiff = command(
  {
    name: 'sdiff',
    group: 'set',
    since: '1.0.0',
    arity: -2,
    flags: ['readonly'],
    tips: ['nondeterministic_output_order'],
    keys: [key(1, ['RO', 'access'], -1)],
    args: [keyArg('key', { multiple: true })],
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    summary: 'Returns the members of a set that other sets do not have.',
  },
  (call) => replyResult(call, difference(call, readSome(call, 1), false)),
);

export const sdiffstore = command(
  {
    name: 'sdiffstore',
    group: 'set',
    since: '1.0.0',
    arity: -3,
    flags: ['denyoom', 'write'],
    keys: [key(1, ['OW', 'update']), key(2, ['RO', 'access'], -1)],
    args: [keyArg('destination'), keyArg('key', { multiple: true, keySpec: 1 })],
    complexity: 'O(N) where N is the total number of elements in all given sets.',
    summary: 'Stores the members of a set that other sets do not have.',
  },
  (call) => store(call, difference(call, readSome(call, 2), true), 'sdiffstore'),
);

/** The sets of the keys from argument `from` on, null for a key that is not there. @throws {Refusal} WRONG_TYPE. */
function readSome(call: Call, from: number, to = call.argc): (SetValue | null)[] {
  const lenses = call.keyspace.own(SetLenses);
  const sets: (SetValue | null)[] = [];
  for (let i = from; i < to; i++) {
    const ref = call.readAs(i, Type.set);
    sets.push(ref === NONE ? null : lenses.at(call.keyspace, i).open(ref));
  }
  return sets;
}

/** As `readSome`; null when one of the keys is not there. */
function readAll(call: Call, from: number, to: number): SetValue[] | null {
  const found = readSome(call, from, to);
  const sets = found.filter((set) => set !== null);
  return sets.length === found.length ? sets : null;
}

function bySize(sets: readonly SetValue[]): SetValue[] {
  return [...sets].sort((one, other) => one.size - other.size);
}

function inAll(
  sets: readonly SetValue[],
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
): boolean {
  for (const set of sets) if (!set.has(bytes, start, end, hash)) return false;
  return true;
}

/** A visitor that adds what it is shown. */
function addTo(result: SetValue): MemberVisitor {
  return (bytes, start, end, block, hash) => {
    result.add(bytes, start, end, block, hash);
  };
}

/** Shows the members that are in all sets. */
function intersect(sets: readonly SetValue[], visit: MemberVisitor): void {
  const [smallest, ...others] = bySize(sets) as [SetValue, ...SetValue[]];
  smallest.forEachCompared(others, true, visit);
}

/**
 * An empty set for what comes of `sets`, about `expected` members: one that is only to be sent need not be packed.
 */
function beginResult(
  call: Call,
  sets: readonly (SetValue | null)[],
  stored: boolean,
  expected: number,
): SetValue {
  const integers = sets.every((set) => set === null || set.encoding === Encoding.intset);
  const result = new SetValue(call.keyspace);
  return result.begin(stored || integers ? Encoding.intset : Encoding.hashtable, expected);
}

function union(call: Call, sets: readonly (SetValue | null)[], stored: boolean): SetValue {
  const least = sets.reduce((most, set) => Math.max(most, set?.size ?? 0), 0);
  const { setMaxIntsetEntries, setMaxListpackEntries } = call.keyspace.settings;
  const isLarge = least > Math.max(setMaxIntsetEntries, setMaxListpackEntries);
  const result = isLarge
    ? new SetValue(call.keyspace).begin(Encoding.hashtable, least)
    : beginResult(call, sets, stored, least);
  for (const set of sets) set?.forEach(addTo(result));
  return result;
}

/**
 * What the first set has and no other: either by looking each of its members up in the others, or by taking
 * all members of the others out of it, whichever is less work.
 */
function difference(call: Call, sets: readonly (SetValue | null)[], stored: boolean): SetValue {
  const [first, ...rest] = sets;
  const result = beginResult(call, sets, stored, first?.size ?? 0);
  const others = rest.filter((set) => set !== null);
  // Nothing is left, which need not be worked out.
  if (!first || others.some((other) => other.value === first.value)) return result;
  const lookups = Math.floor((first.size * (others.length + 1)) / 2);
  const removals = others.reduce((sum, set) => sum + set.size, first.size);
  if (lookups <= removals) {
    const largestFirst = bySize(others).reverse();
    first.forEachCompared(largestFirst, false, addTo(result));
    return result;
  }
  first.forEach(addTo(result));
  for (const set of others) {
    if (result.size === 0) break;
    set.forEach((bytes, start, end, _block, hash) => {
      result.remove(bytes, start, end, hash);
    });
  }
  return result;
}

/** Sends a set that is stored nowhere. */
function replyResult(call: Call, result: SetValue): void {
  call.reply.set(result.size);
  replyMembers(call.reply, result);
  result.drop();
}

/** Makes `result` the value of the key in argument 1; of an empty one, or null, nothing is left. */
function store(call: Call, result: SetValue | null, event: string): void {
  const { db, reply } = call;
  if (result === null || result.size === 0) {
    result?.drop();
    if (db.delete(call.buffer, call.start(1), call.end(1))) {
      call.changed(1, EventClass.generic, 'del');
    }
    return reply.integer(0);
  }
  result.fit();
  result.addTo(call, 1, call.write(1));
  call.changed(1, EventClass.set, event);
  reply.integer(result.size);
}

export const SET_COMBINE_COMMANDS: readonly Command[] = [
  sinter,
  sinterstore,
  sintercard,
  sunion,
  sunionstore,
  sdiff,
  sdiffstore,
];
