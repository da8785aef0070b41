/** Lists: popping, from one list or the first of several that is there. */
import {
  COUNT_NOT_POSITIVE,
  MUST_BE_POSITIVE,
  NUMKEYS_NOT_POSITIVE,
  SYNTAX_ERROR,
  wrongArity,
} from '../protocol/refusals.js';
import { double, integer, key, keyArg, oneOf, word } from '../protocol/spec.js';
import { waitForKeys } from './blocking.js';
import type { Call } from './call.js';
import { command } from './command.js';
import { End, elementsPopped, listsOf, replyElement, replyElements } from './list-values.js';
import { readPositive, readTimeout } from './options.js';
import { NONE, type Ref } from './store/arena.js';
import { Type } from './store/entry.js';

export const lpop = command(
  {
    name: 'lpop',
    group: 'list',
    since: '1.0.0',
    arity: -2,
    flags: ['fast', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'access', 'delete'])],
    args: [keyArg(), integer('count', { since: '6.2.0', optional: true })],
    complexity: 'O(N) where N is the number of elements returned',
    summary: 'Takes the first elements off a list and returns them.',
  },
  (call) => pop(call, 'lpop', End.head),
);

export const rpop = command(
  {
    name: 'rpop',
    group: 'list',
    since: '1.0.0',
    arity: -2,
    flags: ['fast', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'access', 'delete'])],
    args: [keyArg(), integer('count', { since: '6.2.0', optional: true })],
    complexity: 'O(N) where N is the number of elements returned',
    summary: 'Takes the last elements off a list and returns them.',
  },
  (call) => pop(call, 'rpop', End.tail),
);

function pop(call: Call, name: string, end: End): void {
  if (call.argc > 3) throw wrongArity(name);
  if (call.argc === 3) return popSeveral(call, end);
  const ref = call.writeAs(1, Type.list);
  if (ref === NONE) return call.reply.nil();
  popOne(call, 1, ref, end);
}

/** Pops and replies one element of the list in argument `i`. */
function popOne(call: Call, i: number, ref: Ref, end: End): void {
  const lists = listsOf(call.keyspace);
  const cursor = lists.open(ref);
  cursor.moveTo(end === End.head ? 0 : cursor.length - 1);
  replyElement(call, cursor);
  cursor.close();
  lists.removeEnd(ref, end);
  elementsPopped(call, i, ref, end, 1);
}

function popSeveral(call: Call, end: End): void {
  const count = Number(call.bigint(2, MUST_BE_POSITIVE));
  if (count < 0) throw MUST_BE_POSITIVE;
  const ref = call.writeAs(1, Type.list);
  if (ref === NONE) return call.reply.nilArray();
  if (count === 0) return call.reply.emptyArray();
  popUpTo(call, 1, ref, end, count);
}

/** Pops up to `most` elements of the list in argument `i` and replies them as an array. Returns how many. */
function popUpTo(call: Call, i: number, ref: Ref, end: End, most: number): number {
  const lists = listsOf(call.keyspace);
  const length = lists.length(ref);
  const count = Math.min(most, length);
  const fromTail = end === End.tail;
  replyElements(call, ref, fromTail ? length - 1 : 0, count, fromTail);
  lists.removeRange(ref, fromTail ? length - count : 0, count);
  elementsPopped(call, i, ref, end, count);
  return count;
}

export const lmpop = command(
  {
    name: 'lmpop',
    group: 'list',
    since: '7.0.0',
    arity: -4,
    flags: ['movablekeys', 'write'],
    acl: ['list'],
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
      oneOf('where', [word('LEFT'), word('RIGHT')]),
      integer('count', { token: 'COUNT', optional: true }),
    ],
    complexity:
      'O(N+M) where N is the number of provided keys and M is the number of elements returned.',
    summary: 'Takes elements off the first of several lists that is there.',
  },
  (call) => {
    const request = readMpop(call, 1);
    if (!popFirst(call, request)) call.reply.nilArray();
  },
);

export const blmpop = command(
  {
    name: 'blmpop',
    group: 'list',
    since: '7.0.0',
    arity: -5,
    flags: ['blocking', 'movablekeys', 'write'],
    acl: ['list'],
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
      oneOf('where', [word('LEFT'), word('RIGHT')]),
      integer('count', { token: 'COUNT', optional: true }),
    ],
    complexity:
      'O(N+M) where N is the number of provided keys and M is the number of elements returned.',
    summary: 'Takes elements off the first of several lists that is there, or waits for one.',
  },
  (call) => {
    const timeoutMs = readTimeout(call, 1);
    const request = readMpop(call, 2);
    if (popFirst(call, request)) return;
    const { firstKey: firstKeyAt, afterKeys: endKeysAt } = request;
    waitForKeys(call, { firstKeyAt, endKeysAt, type: Type.list, timeoutMs });
  },
);

/** What LMPOP is to do. */
interface Mpop {
  /** Argument indexes of the first key and of what follows the last. */
  readonly firstKey: number;
  readonly afterKeys: number;
  readonly end: End;
  readonly count: number;
}

/** Reads `numkeys key... LEFT|RIGHT [COUNT count]` from argument `from` on. */
function readMpop(call: Call, from: number): Mpop {
  const keys = readPositive(call, from, NUMKEYS_NOT_POSITIVE);
  const afterKeys = from + 1 + keys;
  if (afterKeys >= call.argc) throw SYNTAX_ERROR;
  const end = readEnd(call, afterKeys);
  let count = 1;
  if (call.argc > afterKeys + 1) {
    const isCount = call.argc >= afterKeys + 3 && call.is(afterKeys + 1, 'count');
    if (!isCount) throw SYNTAX_ERROR;
    count = readPositive(call, afterKeys + 2, COUNT_NOT_POSITIVE);
    if (call.argc > afterKeys + 3) throw SYNTAX_ERROR;
  }
  return { firstKey: from + 1, afterKeys, end, count };
}

/** Argument `i` as an end of a list. @throws {Refusal} SYNTAX_ERROR. */
export function readEnd(call: Call, i: number): End {
  if (call.is(i, 'left')) return End.head;
  if (call.is(i, 'right')) return End.tail;
  throw SYNTAX_ERROR;
}

/** Pops off the first list that is there and replies; false, without a reply, when none is. */
function popFirst(call: Call, { firstKey, afterKeys, end, count }: Mpop): boolean {
  for (let i = firstKey; i < afterKeys; i++) {
    const ref = call.writeAs(i, Type.list);
    if (ref === NONE) continue;
    call.reply.array(2);
    call.reply.bulk(call.buffer, call.start(i), call.end(i));
    const popped = popUpTo(call, i, ref, end, count);
    if (call.effects.propagates) {
      call.effects.propagateAs([nameOf(end), call.bytes(i), String(popped)]);
    }
    return true;
  }
  return false;
}

const nameOf = (end: End) => (end === End.head ? 'LPOP' : 'RPOP');

export const blpop = command(
  {
    name: 'blpop',
    group: 'list',
    since: '2.0.0',
    arity: -3,
    flags: ['blocking', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'access', 'delete'], -2)],
    args: [keyArg('key', { multiple: true }), double('timeout')],
    complexity: 'O(N) where N is the number of provided keys.',
    summary:
      'Takes the first element off the first of several lists that is there, or waits for one.',
  },
  (call) => popOrWait(call, End.head),
);

export const brpop = command(
  {
    name: 'brpop',
    group: 'list',
    since: '2.0.0',
    arity: -3,
    flags: ['blocking', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'access', 'delete'], -2)],
    args: [keyArg('key', { multiple: true }), double('timeout')],
    complexity: 'O(N) where N is the number of provided keys.',
    summary:
      'Takes the last element off the first of several lists that is there, or waits for one.',
  },
  (call) => popOrWait(call, End.tail),
);

function popOrWait(call: Call, end: End): void {
  const last = call.argc - 1;
  const timeoutMs = readTimeout(call, last);
  for (let i = 1; i < last; i++) {
    const ref = call.writeAs(i, Type.list);
    if (ref === NONE) continue;
    call.reply.array(2);
    call.reply.bulk(call.buffer, call.start(i), call.end(i));
    popOne(call, i, ref, end);
    if (call.effects.propagates) call.effects.propagateAs([nameOf(end), call.bytes(i)]);
    return;
  }
  waitForKeys(call, { firstKeyAt: 1, endKeysAt: last, type: Type.list, timeoutMs });
}
