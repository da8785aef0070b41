/** Parts of strings: APPEND, GETRANGE, SETRANGE, STRLEN. */
import { OFFSET_OUT_OF_RANGE } from '../protocol/refusals.js';
import { integer, key, keyArg, text } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { isReversed, readPosition } from './options.js';
import { NONE } from './store/arena.js';
import { NEVER } from './store/entry.js';
import { asString, checkStringLength } from './string-values.js';

const EMPTY = new Uint8Array(0);

/** Copies argument `i` to `target` from offset `at` on. */
function copyArgument(call: Call, i: number, target: Uint8Array, at: number): void {
  target.set(call.bytes(i), at);
}

export const append = command(
  {
    name: 'append',
    group: 'string',
    since: '2.0.0',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RW', 'insert'])],
    args: [keyArg(), text('value')],
    complexity:
      'O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size, since the dynamic string library used by the server will double the free space available on every reallocation.',
    summary: 'Appends to the string a key holds, or sets it if there is none.',
  },
  (call) => {
    const { db, buffer } = call;
    const ref = asString(call, call.write(1));
    let length = call.length(2);
    if (ref === NONE) {
      db.setString(buffer, call.start(1), call.end(1), buffer, call.start(2), call.end(2), NEVER);
    } else {
      const oldLength = db.stringAt(ref).length;
      length += oldLength;
      checkStringLength(call, length);
      const value = db.stringAt(db.resizeString(ref, length));
      copyArgument(call, 2, value.bytes, value.start + oldLength);
    }
    call.changed(1, EventClass.string, 'append');
    call.reply.integer(length);
  },
);

export const setrange = command(
  {
    name: 'setrange',
    group: 'string',
    since: '2.2.0',
    arity: 4,
    flags: ['write', 'denyoom'],
    acl: ['string'],
    keys: [key(1, ['RW', 'update'])],
    args: [keyArg(), integer('offset'), text('value')],
    complexity:
      'O(1), not counting the time taken to copy the new string in place. Usually, this string is very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being the length of the value argument.',
    summary: 'Overwrites part of a string from an offset on, with zero bytes up to it if need be.',
  },
  (call) => {
    const { db } = call;
    const offset = readPosition(call, 2);
    if (offset < 0) throw OFFSET_OUT_OF_RANGE;
    let ref = asString(call, call.write(1));
    const oldLength = ref === NONE ? 0 : db.stringAt(ref).length;
    if (call.length(3) === 0) return call.reply.integer(oldLength);
    const length = Math.max(oldLength, offset + call.length(3));
    checkStringLength(call, offset + call.length(3));
    if (ref === NONE) {
      db.setString(call.buffer, call.start(1), call.end(1), EMPTY, 0, 0, NEVER);
      ref = db.peek(call.buffer, call.start(1), call.end(1));
    }
    const value = db.stringAt(db.resizeString(ref, length));
    if (offset > oldLength) {
      value.bytes.fill(0, value.start + oldLength, value.start + offset);
    }
    copyArgument(call, 3, value.bytes, value.start + offset);
    call.changed(1, EventClass.string, 'setrange');
    call.reply.integer(length);
  },
);

/** Replies the bytes from argument 2 to argument 3, both included; negative ones count from the end. */
function replyRange(call: Call): void {
  let first = readPosition(call, 2);
  let last = readPosition(call, 3);
  const ref = asString(call, call.read(1));
  if (ref === NONE) return call.reply.bulk(EMPTY);
  const { block, bytes, start, length } = call.db.stringAt(ref);
  // Two places before the start are told in their order, else the first byte would come of `-1 -5`.
  const reversed = first < 0 && last < 0 && isReversed(call, 2, first, last);
  if (first < 0) first = Math.max(0, first + length);
  if (last < 0) last = Math.max(0, last + length);
  last = Math.min(last, length - 1);
  if (reversed || first > last) return call.reply.bulk(EMPTY);
  call.reply.bulkFrom(block, bytes, start + first, start + last + 1);
}

const RANGE_COMPLEXITY =
  'O(N) where N is the length of the returned string. The complexity is ultimately determined by the returned length, but because creating a substring from an existing string is very cheap, it can be considered O(1) for small strings.';

export const getrange = command(
  {
    name: 'getrange',
    group: 'string',
    since: '2.4.0',
    arity: 4,
    flags: ['readonly'],
    acl: ['string'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), integer('start'), integer('end')],
    complexity: RANGE_COMPLEXITY,
    summary: 'Returns part of the string a key holds.',
  },
  replyRange,
);

export const substr = command(
  {
    name: 'substr',
    group: 'string',
    since: '1.0.0',
    arity: 4,
    flags: ['readonly'],
    acl: ['string'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), integer('start'), integer('end')],
    complexity: RANGE_COMPLEXITY,
    summary: 'Returns part of the string a key holds: the old name of GETRANGE.',
  },
  replyRange,
);

export const strlen = command(
  {
    name: 'strlen',
    group: 'string',
    since: '2.2.0',
    arity: 2,
    flags: ['readonly', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns the length of the string a key holds, in bytes.',
  },
  (call) => {
    const ref = asString(call, call.read(1));
    call.reply.integer(ref === NONE ? 0 : call.db.stringAt(ref).length);
  },
);
