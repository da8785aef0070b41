/** What the bitmap commands share: offsets in bits, and strings that are about to be changed in place. */
import { parseSafeInteger } from '../protocol/numbers.js';
import { BIT_OFFSET_OUT_OF_RANGE } from '../protocol/refusals.js';
import type { Call } from './call.js';
import { NONE, type Ref } from './store/arena.js';
import { Encoding, NEVER, Type, type ValueView } from './store/entry.js';

/** Argument `i` as the number of a bit. @throws {Refusal} BIT_OFFSET_OUT_OF_RANGE beyond the longest string, too. */
export function readBitOffset(call: Call, i: number): number {
  const offset = parseSafeInteger(call.buffer, call.start(i), call.end(i));
  checkBitOffset(call, offset);
  return offset;
}

/** @throws {Refusal} BIT_OFFSET_OUT_OF_RANGE when a string can have no such bit; NaN is none. */
export function checkBitOffset(call: Call, offset: number): void {
  // Not turned round, as NaN is to be refused.
  if (!(offset >= 0 && offset < call.keyspace.maxStringBytes() * 8)) throw BIT_OFFSET_OUT_OF_RANGE;
}

/**
 * Makes the string of key argument 1 one that may be changed where it stands, of at least `length` bytes: new
 * ones are zero.
 *
 * @param ref - The string that is there, or NONE.
 */
export function widenString(call: Call, ref: Ref, length: number): ValueView {
  const { db } = call;
  if (ref === NONE) return newZeros(call, length);
  const oldLength = db.stringAt(ref).length;
  const value = db.stringAt(db.resizeString(ref, Math.max(length, oldLength)));
  if (length > oldLength) value.bytes.fill(0, value.start + oldLength, value.end);
  return value;
}

/** Sets key argument 1, which is not there, to a string of zero bytes. */
function newZeros(call: Call, length: number): ValueView {
  const { db, keyspace, buffer } = call;
  const [start, end] = [call.start(1), call.end(1)];
  const access = keyspace.initialAccess();
  const ref = keyspace.entries.create(
    buffer,
    start,
    end,
    Type.string,
    Encoding.raw,
    NEVER,
    access,
    length,
  );
  const value = db.stringAt(ref);
  value.bytes.fill(0, value.start, value.end);
  db.putEntry(keyspace.keyHash(buffer, start, end), NONE, ref);
  return value;
}
