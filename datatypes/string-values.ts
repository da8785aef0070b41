/** What the string commands share: entries that must be strings, and replies of their values. */
import { STRING_TOO_LONG, WRONG_TYPE } from '../protocol/refusals.js';
import { type Call, EventClass } from './call.js';
import type { Moment } from './moments.js';
import { NONE, type Ref } from './store/arena.js';
import { Type } from './store/entry.js';

/** Passes on the entry of a string, or NONE. @throws {Refusal} WRONG_TYPE for an entry of another type. */
export function asString(call: Call, ref: Ref): Ref {
  if (ref !== NONE && call.keyspace.entries.type(ref) !== Type.string) throw WRONG_TYPE;
  return ref;
}

/** Replies with the string, or nil for NONE. */
export function replyString(call: Call, ref: Ref): void {
  if (ref === NONE) return call.reply.nil();
  const value = call.db.stringAt(ref);
  call.reply.bulkFrom(value.block, value.bytes, value.start, value.end);
}

/** @throws {Refusal} STRING_TOO_LONG when a string of `bytes` bytes is beyond `proto-max-bulk-len`. */
export function checkStringLength(call: Call, bytes: number): void {
  if (bytes > call.keyspace.maxStringBytes() && !call.mustObey) throw STRING_TOO_LONG;
}

/** Sets key argument `keyAt` to argument `valueAt`; the keyspace event is `set`. */
export function setArgument(call: Call, keyAt: number, valueAt: number, expireAtMs: Moment): void {
  const { buffer } = call;
  call.db.setString(
    buffer,
    call.start(keyAt),
    call.end(keyAt),
    buffer,
    call.start(valueAt),
    call.end(valueAt),
    Number(expireAtMs),
  );
  if (typeof expireAtMs === 'bigint') {
    const ref = call.db.peek(buffer, call.start(keyAt), call.end(keyAt));
    call.keyspace.entries.setExactExpireAtMs(ref, expireAtMs);
  }
  call.changed(keyAt, EventClass.string, 'set');
}
