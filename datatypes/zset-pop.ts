/** Members taken from either end: ZPOPMIN, ZPOPMAX, ZMPOP, and those that wait: BZPOPMIN, BZPOPMAX, BZMPOP. */
import {
  COUNT_NOT_POSITIVE,
  MUST_BE_POSITIVE,
  NUMKEYS_NOT_POSITIVE,
  SYNTAX_ERROR,
} from '../protocol/refusals.js';
import { double, integer, key, keyArg, oneOf, word } from '../protocol/spec.js';
import { waitForKeys } from './blocking.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { readPositive, readTimeout } from './options.js';
import { NONE, type Ref } from './store/arena.js';
import { Type } from './store/entry.js';
import { replyScored } from './zset-reply.js';
import { keepSortedSet, openSortedSet, type SortedSet } from './zset-value.js';

/** Which end is popped. */
type End = 'min' | 'max';

/** The first of the keys in arguments [first, last) that is there: its argument; 0 for none. @throws {Refusal} WRONG_TYPE */
function firstThere(call: Call, first: number, last: number): number {
  for (let i = first; i < last; i++) if (call.writeAs(i, Type.zset) !== NONE) return i;
  return 0;
}

/** Replies `count` members from an end of the set of entry `ref` by `reply`, then takes them out. */
function pop(
  call: Call,
  i: number,
  ref: Ref,
  end: End,
  count: number,
  reply: (set: SortedSet) => void,
): void {
  const { keyspace } = call;
  const set = openSortedSet(keyspace, ref);
  reply(set);
  set.removeRange(end === 'max' ? set.size - count : 0, count);
  keepSortedSet(keyspace, ref, set);
  const { size } = set;
  call.changed(i, EventClass.zset, `zpop${end}`, count);
  if (size === 0) call.removeEmptied(i);
}

export const zpopmin = command(
  {
    name: 'zpopmin',
    group: 'sorted_set',
    since: '5.0.0',
    arity: -2,
    flags: ['fast', 'write'],
    acl: ['sortedset'],
    keys: [key(1, ['RW', 'access', 'delete'])],
    args: [keyArg(), integer('count', { optional: true })],
    complexity:
      'O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.',
    summary: 'Removes the members of the lowest scores, and returns them.',
  },
  (call) => popSome(call, 'min'),
);

export const zpopmax = command(
  {
    name: 'zpopmax',
    group: 'sorted_set',
    since: '5.0.0',
    arity: -2,
    flags: ['fast', 'write'],
    acl: ['sortedset'],
    keys: [key(1, ['RW', 'access', 'delete'])],
    args: [keyArg(), integer('count', { optional: true })],
    complexity:
      'O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.',
    summary: 'Removes the members of the highest scores, and returns them.',
  },
  (call) => popSome(call, 'max'),
);

function popSome(call: Call, end: End): void {
  const { reply } = call;
  if (call.argc > 3) throw SYNTAX_ERROR;
  const counted = call.argc === 3;
  const wanted = counted ? readCount(call, 2) : 1;
  const ref = call.writeAs(1, Type.zset);
  if (ref === NONE || wanted === 0) return reply.emptyArray();
  const count = Math.min(wanted, openSortedSet(call.keyspace, ref).size);
  pop(call, 1, ref, end, count, (set) => {
    const nested = counted && reply.resp === 3;
    reply.array(nested ? count : count * 2);
    set.walk(0, count, end === 'max', (bytes, from, to, score, block) => {
      if (nested) reply.array(2);
      replyScored(reply, bytes, from, to, score, block);
    });
  });
}

/** Argument `i` as a count of 0 or more. */
function readCount(call: Call, i: number): number {
  const count = Number(call.bigint(i, MUST_BE_POSITIVE));
  if (count < 0) throw MUST_BE_POSITIVE;
  return count;
}

interface MultiPop {
  /** Keys stand in the arguments [firstAt, endAt). */
  readonly firstAt: number;
  readonly endAt: number;
  readonly end: End;
  readonly count: number;
}

/** Reads `numkeys key [key ...] MIN|MAX [COUNT count]` from argument `at` on. */
function readMultiPop(call: Call, at: number): MultiPop {
  const keys = readPositive(call, at, NUMKEYS_NOT_POSITIVE);
  const endAt = at + 1 + keys;
  if (endAt >= call.argc) throw SYNTAX_ERROR;
  const end = call.is(endAt, 'min') ? 'min' : 'max';
  if (end === 'max' && !call.is(endAt, 'max')) throw SYNTAX_ERROR;
  let count = 0;
  for (let i = endAt + 1; i < call.argc; i += 2) {
    if (count !== 0 || !call.is(i, 'count') || i + 1 === call.argc) throw SYNTAX_ERROR;
    count = readPositive(call, i + 1, COUNT_NOT_POSITIVE);
  }
  return { firstAt: at + 1, endAt, end, count: count || 1 };
}

/** Pops from the first key that is there; false, without a reply, when there is none. */
function popFirst(call: Call, { firstAt, endAt, end, count: wanted }: MultiPop): boolean {
  const { reply, effects } = call;
  const i = firstThere(call, firstAt, endAt);
  if (i === 0) return false;
  const ref = call.writeAs(i, Type.zset);
  const count = Math.min(wanted, openSortedSet(call.keyspace, ref).size);
  pop(call, i, ref, end, count, (set) => {
    reply.array(2);
    reply.bulk(call.buffer, call.start(i), call.end(i));
    reply.array(count);
    set.walk(0, count, end === 'max', (bytes, from, to, score, block) => {
      reply.array(2);
      replyScored(reply, bytes, from, to, score, block);
    });
  });
  if (effects.propagates) {
    effects.propagateAs([`ZPOP${end.toUpperCase()}`, call.bytes(i), String(count)]);
  }
  return true;
}

export const zmpop = command(
  {
    name: 'zmpop',
    group: 'sorted_set',
    since: '7.0.0',
    arity: -4,
    flags: ['movablekeys', 'write'],
    acl: ['sortedset'],
    keys: [
      {
        flags: ['RW', 'access', 'delete'],
        begin: { index: 1 },
        find: { countAt: 0, first: 1, step: 1 },
      },
    ],
    args: [
      integer('numkeys'),
      keyArg('key', { multiple: true }),
      oneOf('where', [word('MIN'), word('MAX')]),
      integer('count', { token: 'COUNT', optional: true }),
    ],
    complexity:
      'O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.',
    summary: 'Removes members of the first sorted set that has any, and returns them.',
  },
  (call) => {
    if (!popFirst(call, readMultiPop(call, 1))) call.reply.nilArray();
  },
);

export const bzmpop = command(
  {
    name: 'bzmpop',
    group: 'sorted_set',
    since: '7.0.0',
    arity: -5,
    flags: ['blocking', 'movablekeys', 'write'],
    acl: ['sortedset'],
    keys: [
      {
        flags: ['RW', 'access', 'delete'],
        begin: { index: 2 },
        find: { countAt: 0, first: 1, step: 1 },
      },
    ],
    args: [
      double('timeout'),
      integer('numkeys'),
      keyArg('key', { multiple: true }),
      oneOf('where', [word('MIN'), word('MAX')]),
      integer('count', { token: 'COUNT', optional: true }),
    ],
    complexity:
      'O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.',
    summary: 'Removes members of the first sorted set that has any, waiting for one.',
  },
  (call) => {
    const request = readMultiPop(call, 2);
    const timeoutMs = readTimeout(call, 1);
    if (popFirst(call, request)) return;
    const { firstAt: firstKeyAt, endAt: endKeysAt } = request;
    waitForKeys(call, { firstKeyAt, endKeysAt, type: Type.zset, timeoutMs });
  },
);

export const bzpopmin = command(
  {
    name: 'bzpopmin',
    group: 'sorted_set',
    since: '5.0.0',
    arity: -3,
    flags: ['blocking', 'fast', 'write'],
    acl: ['sortedset'],
    keys: [key(1, ['RW', 'access', 'delete'], -2)],
    args: [keyArg('key', { multiple: true }), double('timeout')],
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    summary: 'Removes the member of the lowest score, waiting for one.',
  },
  (call) => popOneOrWait(call, 'min'),
);

export const bzpopmax = command(
  {
    name: 'bzpopmax',
    group: 'sorted_set',
    since: '5.0.0',
    arity: -3,
    flags: ['blocking', 'fast', 'write'],
    acl: ['sortedset'],
    keys: [key(1, ['RW', 'access', 'delete'], -2)],
    args: [keyArg('key', { multiple: true }), double('timeout')],
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    summary: 'Removes the member of the highest score, waiting for one.',
  },
  (call) => popOneOrWait(call, 'max'),
);

function popOneOrWait(call: Call, end: End): void {
  const { reply, effects } = call;
  const endKeysAt = call.argc - 1;
  const timeoutMs = readTimeout(call, endKeysAt);
  const i = firstThere(call, 1, endKeysAt);
  if (i === 0) return waitForKeys(call, { firstKeyAt: 1, endKeysAt, type: Type.zset, timeoutMs });
  pop(call, i, call.writeAs(i, Type.zset), end, 1, (set) => {
    reply.array(3);
    reply.bulk(call.buffer, call.start(i), call.end(i));
    set.walk(0, 1, end === 'max', (bytes, from, to, score, block) => {
      replyScored(reply, bytes, from, to, score, block);
    });
  });
  if (effects.propagates) effects.propagateAs([`ZPOP${end.toUpperCase()}`, call.bytes(i)]);
}

export const ZSET_POP_COMMANDS: readonly Command[] = [
  zpopmin,
  zpopmax,
  zmpop,
  bzpopmin,
  bzpopmax,
  bzmpop,
];
