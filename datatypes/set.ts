/** Sets: members one by one. Sets taken together are in set-combine.ts, chance is in set-random.ts. */
import { WRONG_TYPE } from '../protocol/refusals.js';
import { integer, key, keyArg, pattern, text } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { fitsMatch, readScanCursor, readScanOptions } from './scan.js';
import { SET_COMBINE_COMMANDS } from './set-combine.js';
import { SET_RANDOM_COMMANDS } from './set-random.js';
import { replyMember, replyMembers } from './set-reply.js';
import { SetLenses, type SetValue, setAt } from './set-value.js';
import { NONE, type Ref } from './store/arena.js';
import { Type } from './store/entry.js';

export const sadd = command(
  {
    name: 'sadd',
    group: 'set',
    since: '1.0.0',
    arity: -3,
    flags: ['denyoom', 'fast', 'write'],
    keys: [key(1, ['RW', 'insert'])],
    args: [keyArg(), text('member', { multiple: true })],
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    summary: 'Adds members to a set, making it if need be.',
  },
  (call) => {
    const ref = call.writeAs(1, Type.set);
    const added = ref === NONE ? addToNew(call) : addTo(call, ref);
    if (added > 0) call.changed(1, EventClass.set, 'sadd', added);
    call.reply.integer(added);
  },
);

function addToNew(call: Call): number {
  const set = call.keyspace.own(SetLenses).at(call.keyspace, 0);
  set.beginFor(call.argc - 2, call.buffer, call.start(2), call.end(2));
  const added = addMembers(call, set);
  set.addTo(call, 1);
  return added;
}

function addTo(call: Call, ref: Ref): number {
  const set = setAt(call, ref);
  set.prepareFor(call.argc - 2);
  const added = addMembers(call, set);
  set.putBack(ref);
  return added;
}

/** Adds the members from argument 2 on. Returns how many were not there. */
function addMembers(call: Call, set: SetValue): number {
  let added = 0;
  for (let i = 2; i < call.argc; i++) {
    if (set.add(call.buffer, call.start(i), call.end(i))) added++;
  }
  return added;
}

export const srem = command(
  {
    name: 'srem',
    group: 'set',
    since: '1.0.0',
    arity: -3,
    flags: ['fast', 'write'],
    keys: [key(1, ['RW', 'delete'])],
    args: [keyArg(), text('member', { multiple: true })],
    complexity: 'O(N) where N is the number of members to be removed.',
    summary: 'Takes members out of a set.',
  },
  (call) => {
    const ref = call.writeAs(1, Type.set);
    const removed = ref === NONE ? 0 : removeMembers(call, ref);
    call.reply.integer(removed);
  },
);

function removeMembers(call: Call, ref: Ref): number {
  const set = setAt(call, ref);
  let removed = 0;
  for (let i = 2; i < call.argc && set.size > 0; i++) {
    if (set.remove(call.buffer, call.start(i), call.end(i))) removed++;
  }
  set.putBack(ref);
  if (removed > 0) call.changed(1, EventClass.set, 'srem', removed);
  if (set.size === 0) call.removeEmptied(1);
  return removed;
}

export const sismember = command(
  {
    name: 'sismember',
    group: 'set',
    since: '1.0.0',
    arity: 3,
    flags: ['fast', 'readonly'],
    keys: [key(1, ['RO'])],
    args: [keyArg(), text('member')],
    complexity: 'O(1)',
    summary: 'Tells whether a set has a member.',
  },
  (call) => {
    const ref = call.readAs(1, Type.set);
    const has = ref !== NONE && setAt(call, ref).has(call.buffer, call.start(2), call.end(2));
    call.reply.integer(has ? 1 : 0);
  },
);

export const smismember = command(
  {
    name: 'smismember',
    group: 'set',
    since: '6.2.0',
    arity: -3,
    flags: ['fast', 'readonly'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('member', { multiple: true })],
    complexity: 'O(N) where N is the number of elements being checked for membership',
    summary: 'Tells of each of some members whether a set has it.',
  },
  (call) => {
    const ref = call.readAs(1, Type.set);
    const set = ref === NONE ? null : setAt(call, ref);
    call.reply.array(call.argc - 2);
    for (let i = 2; i < call.argc; i++) {
      call.reply.integer(set?.has(call.buffer, call.start(i), call.end(i)) ? 1 : 0);
    }
  },
);

export const scard = command(
  {
    name: 'scard',
    group: 'set',
    since: '1.0.0',
    arity: 2,
    flags: ['fast', 'readonly'],
    keys: [key(1, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Counts the members of a set.',
  },
  (call) => {
    const ref = call.readAs(1, Type.set);
    call.reply.integer(ref === NONE ? 0 : setAt(call, ref).size);
  },
);

export const smembers = command(
  {
    name: 'smembers',
    group: 'set',
    since: '1.0.0',
    arity: 2,
    flags: ['readonly'],
    tips: ['nondeterministic_output_order'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg()],
    complexity: 'O(N) where N is the set cardinality.',
    summary: 'Lists the members of a set.',
  },
  (call) => {
    const ref = call.readAs(1, Type.set);
    if (ref === NONE) return call.reply.set(0);
    const set = setAt(call, ref);
    call.reply.set(set.size);
    replyMembers(call.reply, set);
  },
);

export const smove = command(
  {
    name: 'smove',
    group: 'set',
    since: '1.0.0',
    arity: 4,
    flags: ['fast', 'write'],
    keys: [key(1, ['RW', 'access', 'delete']), key(2, ['RW', 'insert'])],
    args: [keyArg('source'), keyArg('destination', { keySpec: 1 }), text('member')],
    complexity: 'O(1)',
    summary: 'Takes a member from one set to another.',
  },
  (call) => call.reply.integer(moveMember(call) ? 1 : 0),
);

function isSet(call: Call, ref: Ref): boolean {
  return call.keyspace.entries.type(ref) === Type.set;
}

function moveMember(call: Call): boolean {
  const { buffer, keyspace } = call;
  const from = call.write(1);
  const to = call.write(2);
  // A wrong target does not matter where there is nothing to take.
  if (from === NONE) return false;
  if (!isSet(call, from) || (to !== NONE && !isSet(call, to))) throw WRONG_TYPE;
  const lenses = keyspace.own(SetLenses);
  const source = lenses.at(keyspace, 0).open(from);
  if (from === to) return source.has(buffer, call.start(3), call.end(3));
  if (!source.remove(buffer, call.start(3), call.end(3))) return false;
  source.putBack(from);
  call.changed(1, EventClass.set, 'srem');
  if (source.size === 0) call.removeEmptied(1);
  const target = lenses.at(keyspace, 1);
  if (to === NONE) target.beginFor(1, buffer, call.start(3), call.end(3));
  else target.open(to);
  const added = target.add(buffer, call.start(3), call.end(3));
  if (to === NONE) target.addTo(call, 2);
  else target.putBack(to);
  if (added) call.changed(2, EventClass.set, 'sadd');
  return true;
}

export const sscan = command(
  {
    name: 'sscan',
    group: 'set',
    since: '2.8.0',
    arity: -3,
    flags: ['readonly'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      integer('cursor'),
      pattern('pattern', { token: 'MATCH', optional: true }),
      integer('count', { token: 'COUNT', optional: true }),
    ],
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.',
    summary: 'Goes through the members of a set, some at each call.',
  },
  (call) => {
    const cursor = readScanCursor(call, 2);
    const ref = call.readAs(1, Type.set);
    if (ref === NONE) call.reply.emptyScan();
    else scanSet(call, ref, cursor);
  },
);

function scanSet(call: Call, ref: Ref, cursor: number): void {
  const { reply } = call;
  const options = readScanOptions(call, 3, 'set');
  const set = setAt(call, ref);
  const write = replyMember(reply);
  const header = reply.defer();
  let count = 0;
  // A packed set goes out whole, whatever the cursor.
  const next = set.scan(cursor, options.count, (bytes, start, end, block, hash) => {
    if (!fitsMatch(call, options, bytes, start, end)) return;
    write(bytes, start, end, block, hash);
    count++;
  });
  reply.resolveScan(header, next, count);
}

export const SET_COMMANDS: readonly Command[] = [
  sadd,
  srem,
  sismember,
  smismember,
  scard,
  smembers,
  smove,
  sscan,
  ...SET_RANDOM_COMMANDS,
  ...SET_COMBINE_COMMANDS,
];
