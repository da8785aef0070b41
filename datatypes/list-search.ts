/** Lists: what looks for an element by its value. */

import { INT64_MIN } from '../protocol/numbers.js';
import {
  COUNT_NEGATIVE,
  MAXLEN_NEGATIVE,
  OUT_OF_LONG_RANGE,
  RANK_ZERO,
  type Refusal,
  SYNTAX_ERROR,
} from '../protocol/refusals.js';
import { integer, key, keyArg, oneOf, text, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { End, listsOf } from './list-values.js';
import { readPosition } from './options.js';
import { NONE, type Ref } from './store/arena.js';
import { Type } from './store/entry.js';

/** Argument `i` as an int64 that has a negative: about right beyond 2^53. */
function readSigned(call: Call, i: number): number {
  const value = readPosition(call, i);
  if (value === Number(INT64_MIN) && call.bigint(i) === INT64_MIN) throw OUT_OF_LONG_RANGE;
  return value;
}

export const lrem = command(
  {
    name: 'lrem',
    group: 'list',
    since: '1.0.0',
    arity: 4,
    flags: ['write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'delete'])],
    args: [keyArg(), integer('count'), text('element')],
    complexity: 'O(N+M) where N is the length of the list and M is the number of elements removed.',
    summary: 'Deletes elements that are equal to a given one.',
  },
  (call) => {
    const count = readSigned(call, 2);
    const lists = listsOf(call.keyspace);
    const ref = call.writeAs(1, Type.list);
    if (ref === NONE) return call.reply.integer(0);
    const most = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count);
    const end = count < 0 ? End.tail : End.head;
    const removed = lists.removeEqual(ref, end, most, call.buffer, call.start(3), call.end(3));
    if (removed > 0) {
      call.changed(1, EventClass.list, 'lrem', removed);
      if (lists.length(ref) === 0) call.removeEmptied(1);
      else lists.shrink(ref);
    }
    call.reply.integer(removed);
  },
);

export const linsert = command(
  {
    name: 'linsert',
    group: 'list',
    since: '2.2.0',
    arity: 5,
    flags: ['denyoom', 'write'],
    acl: ['list'],
    keys: [key(1, ['RW', 'insert'])],
    args: [
      keyArg(),
      oneOf('where', [word('BEFORE'), word('AFTER')]),
      text('pivot'),
      text('element'),
    ],
    complexity:
      'O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end (tail) is O(N).',
    summary: 'Puts an element before or behind another one.',
  },
  (call) => {
    const after = call.is(2, 'after');
    if (!after && !call.is(2, 'before')) throw SYNTAX_ERROR;
    const ref = call.writeAs(1, Type.list);
    if (ref === NONE) return call.reply.integer(0);
    const lists = listsOf(call.keyspace);
    // A list grows into another form before it is known whether the element is there.
    lists.grow(ref, call.length(4), 1);
    if (!moveToElement(call, ref, 3)) return call.reply.integer(-1);
    lists.insertAt(ref, after, call.buffer, call.start(4), call.end(4));
    call.changed(1, EventClass.list, 'linsert');
    call.reply.integer(lists.length(ref));
  },
);

/** Moves the cursor to the first element that is argument `i`; false, and closed, when there is none. */
function moveToElement(call: Call, ref: Ref, i: number): boolean {
  const cursor = listsOf(call.keyspace).open(ref);
  cursor.want(call.buffer, call.start(i), call.end(i));
  for (let at = cursor.moveTo(0); at; at = cursor.next()) if (cursor.matches()) return true;
  cursor.close();
  return false;
}

interface LposOptions {
  /** Which match is the first to be told; negative: going back from the tail. */
  rank: number;
  /** How many are told; 0: all; -1: one, not as an array. */
  count: number;
  /** How many elements are compared; 0: all. */
  maxLength: number;
}

function readLposOptions(call: Call): LposOptions {
  const options = { rank: 1, count: -1, maxLength: 0 };
  for (let i = 3; i < call.argc; i += 2) {
    if (i + 1 === call.argc) throw SYNTAX_ERROR;
    if (call.is(i, 'rank')) {
      options.rank = readSigned(call, i + 1);
      if (options.rank === 0) throw RANK_ZERO;
    } else if (call.is(i, 'count')) {
      options.count = readNatural(call, i + 1, COUNT_NEGATIVE);
    } else if (call.is(i, 'maxlen')) {
      options.maxLength = readNatural(call, i + 1, MAXLEN_NEGATIVE);
    } else throw SYNTAX_ERROR;
  }
  return options;
}

function readNatural(call: Call, i: number, otherwise: Refusal): number {
  const value = Number(call.bigint(i, otherwise));
  if (value < 0) throw otherwise;
  return value;
}

export const lpos = command(
  {
    name: 'lpos',
    group: 'list',
    since: '6.0.6',
    arity: -3,
    flags: ['readonly'],
    acl: ['list'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      text('element'),
      integer('rank', { token: 'RANK', optional: true }),
      integer('num-matches', { token: 'COUNT', optional: true }),
      integer('len', { token: 'MAXLEN', optional: true }),
    ],
    complexity:
      'O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.',
    summary: 'Finds where a list has an element.',
  },
  (call) => {
    const options = readLposOptions(call);
    const ref = call.readAs(1, Type.list);
    const { reply } = call;
    if (options.count === -1) {
      let found = -1;
      if (ref !== NONE)
        findPlaces(call, ref, options, (place) => {
          found = place;
        });
      if (found === -1) reply.nil();
      else reply.integer(found);
      return;
    }
    if (ref === NONE) return reply.emptyArray();
    const header = reply.defer();
    const found = findPlaces(call, ref, options, (place) => reply.integer(place));
    reply.resolveArray(header, found);
  },
);

/** Tells the places of the matches that `options` ask for. Returns how many. */
function findPlaces(
  call: Call,
  ref: Ref,
  { rank, count, maxLength }: LposOptions,
  tell: (place: number) => void,
): number {
  const cursor = listsOf(call.keyspace).open(ref);
  const { length } = cursor;
  cursor.want(call.buffer, call.start(2), call.end(2));
  const back = rank < 0;
  const most = count === 0 ? length : Math.abs(count);
  const compared = maxLength === 0 ? length : Math.min(maxLength, length);
  let skipped = 1;
  let told = 0;
  let at = cursor.moveTo(back ? length - 1 : 0);
  for (let i = 0; i < compared && at && told < most; i++) {
    if (cursor.matches()) {
      if (skipped < Math.abs(rank)) skipped++;
      else {
        tell(back ? length - 1 - i : i);
        told++;
      }
    }
    at = cursor.step(back);
  }
  cursor.close();
  return told;
}
