/** Lists: pushing, looking and trimming; the family's other files pop, move and search. */
import { INDEX_OUT_OF_RANGE, NO_SUCH_KEY } from '../protocol/refusals.js';
import { integer, key, keyArg, text } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { blmove, brpoplpush, lmove, rpoplpush } from './list-move.js';
import { blmpop, blpop, brpop, lmpop, lpop, rpop } from './list-pop.js';
import { linsert, lpos, lrem } from './list-search.js';
import { End, listsOf, replyElement, replyElements } from './list-values.js';
import { readPosition, readShortPosition } from './options.js';
import { NONE } from './store/arena.js';
import { Type } from './store/entry.js';

export const lpush = command(
  {
    name: 'lpush',
    group: 'list',
    since: '1.0.0',
    arity: -3,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'insert'])],
    args: [keyArg(), text('element', { multiple: true })],
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    summary: 'Adds elements at the head of a list, which is made if need be.',
  },
  (call) => push(call, End.head, true),
);

export const rpush = command(
  {
    name: 'rpush',
    group: 'list',
    since: '1.0.0',
    arity: -3,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'insert'])],
    args: [keyArg(), text('element', { multiple: true })],
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    summary: 'Adds elements at the tail of a list, which is made if need be.',
  },
  (call) => push(call, End.tail, true),
);

export const lpushx = command(
  {
    name: 'lpushx',
    group: 'list',
    since: '2.2.0',
    arity: -3,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'insert'])],
    args: [keyArg(), text('element', { multiple: true })],
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    summary: 'Adds elements at the head of a list, if there is one.',
  },
  (call) => push(call, End.head, false),
);

export const rpushx = command(
  {
    name: 'rpushx',
    group: 'list',
    since: '2.2.0',
    arity: -3,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'insert'])],
    args: [keyArg(), text('element', { multiple: true })],
    complexity:
      'O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.',
    summary: 'Adds elements at the tail of a list, if there is one.',
  },
  (call) => push(call, End.tail, false),
);

/** Adds the arguments at one end. @param makes - Whether a key that is not there becomes a list. */
function push(call: Call, end: End, makes: boolean): void {
  const lists = listsOf(call.keyspace);
  let ref = call.writeAs(1, Type.list);
  if (ref === NONE && !makes) return call.reply.integer(0);
  if (ref === NONE) ref = lists.create(call, 1);
  lists.push(ref, end, call, 2, call.argc - 1);
  call.changed(1, EventClass.list, end === End.head ? 'lpush' : 'rpush', call.argc - 2);
  call.reply.integer(lists.length(ref));
}

export const llen = command(
  {
    name: 'llen',
    group: 'list',
    since: '1.0.0',
    arity: 2,
    flags: ['fast', 'readonly'],
    acl: ['list'],
    keys: [key(1, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Counts the elements of a list.',
  },
  (call) => {
    const ref = call.readAs(1, Type.list);
    call.reply.integer(ref === NONE ? 0 : listsOf(call.keyspace).length(ref));
  },
);

export const lindex = command(
  {
    name: 'lindex',
    group: 'list',
    since: '1.0.0',
    arity: 3,
    flags: ['readonly'],
    acl: ['list'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), integer('index')],
    complexity:
      'O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for the first or the last element of the list O(1).',
    summary: 'Returns one element of a list by its place.',
  },
  (call) => {
    // The real server looks at the key first: where there is none, any index will do.
    const ref = call.readAs(1, Type.list);
    if (ref === NONE) return call.reply.nil();
    const index = readPosition(call, 2);
    const cursor = listsOf(call.keyspace).open(ref);
    if (cursor.moveTo(index < 0 ? index + cursor.length : index)) replyElement(call, cursor);
    else call.reply.nil();
    cursor.close();
  },
);

export const lrange = command(
  {
    name: 'lrange',
    group: 'list',
    since: '1.0.0',
    arity: 4,
    flags: ['readonly'],
    acl: ['list'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), integer('start'), integer('stop')],
    complexity:
      'O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for large lists; and N is the number of elements in the specified range.',
    summary: 'Returns the elements of a list between two places.',
  },
  (call) => {
    const from = readPosition(call, 2);
    const to = readPosition(call, 3);
    const ref = call.readAs(1, Type.list);
    if (ref === NONE) return call.reply.emptyArray();
    const { first, count } = rangeOf(from, to, listsOf(call.keyspace).length(ref));
    if (count === 0) return call.reply.emptyArray();
    replyElements(call, ref, first, count, false);
  },
);

/** The part of a list of `length` elements between two places, which count from the end when negative. */
function rangeOf(from: number, to: number, length: number): { first: number; count: number } {
  const first = Math.max(from < 0 ? from + length : from, 0);
  const last = Math.min(to < 0 ? to + length : to, length - 1);
  return { first, count: Math.max(last - first + 1, 0) };
}

export const lset = command(
  {
    name: 'lset',
    group: 'list',
    since: '1.0.0',
    arity: 4,
    flags: ['denyoom', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'update'])],
    args: [keyArg(), integer('index'), text('element')],
    complexity:
      'O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).',
    summary: 'Puts another element in a place of a list.',
  },
  (call) => {
    const lists = listsOf(call.keyspace);
    const ref = call.writeAs(1, Type.list);
    if (ref === NONE) throw NO_SUCH_KEY;
    const index = readShortPosition(call, 2);
    // A list grows into another form before it is known whether the place is there.
    lists.grow(ref, call.length(3), 1);
    if (!lists.replace(ref, index, call.buffer, call.start(3), call.end(3))) {
      throw INDEX_OUT_OF_RANGE;
    }
    lists.shrink(ref);
    call.changed(1, EventClass.list, 'lset');
    call.reply.ok();
  },
);

export const ltrim = command(
  {
    name: 'ltrim',
    group: 'list',
    since: '1.0.0',
    arity: 4,
    flags: ['write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'delete'])],
    args: [keyArg(), integer('start'), integer('stop')],
    complexity: 'O(N) where N is the number of elements to be removed by the operation.',
    summary: 'Keeps only the elements of a list between two places.',
  },
  (call) => {
    const from = readPosition(call, 2);
    const to = readPosition(call, 3);
    const lists = listsOf(call.keyspace);
    const ref = call.writeAs(1, Type.list);
    if (ref === NONE) return call.reply.ok();
    const length = lists.length(ref);
    const { first, count } = rangeOf(from, to, length);
    if (count > 0) {
      lists.removeRange(ref, first + count, length - first - count);
      lists.removeRange(ref, 0, first);
    }
    if (count === length) call.told(1, EventClass.list, 'ltrim', 0);
    else call.changed(1, EventClass.list, 'ltrim', length - count);
    if (count === 0) call.removeEmptied(1);
    else lists.shrink(ref);
    call.reply.ok();
  },
);

export const LIST_COMMANDS: readonly Command[] = [
  ...[lpush, rpush, lpushx, rpushx, lpop, rpop, llen, lindex, lrange, lset, ltrim],
  ...[lrem, linsert, lpos, lmove, rpoplpush, lmpop],
  ...[blpop, brpop, blmove, brpoplpush, blmpop],
];
