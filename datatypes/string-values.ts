/** What the string commands share: entries that must be strings, and replies of their values. */
import { STRING_TOO_LONG, WRONG_TYPE } from '../protocol/refusals.js';
import { type Call, EventClass } from './call.js';
import { OnExpiry } from './database.js';
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
  if (bytes > call.keyspace.maxStringBytes()) throw STRING_TOO_LONG;
}

/** Sets key argument `keyAt` to argument `valueAt`; the keyspace event is `set`. */
export function setArgument(call: Call, keyAt: number, valueAt: number, expireAtMs: number): void {
  const { buffer } = call;
  call.db.setString(
    buffer,
    call.start(keyAt),
    call.end(keyAt),
    buffer,
    call.start(valueAt),
    call.end(valueAt),
    expireAtMs,
  );
  call.changed(keyAt, EventClass.string, 'set');
}

/** Sends the keyspace event of a new expiry of key argument `keyAt`. */
export function notifyExpire(call: Call, keyAt: number): void {
  call.effects.notify(call.db, EventClass.generic, 'expire', call.bytes(keyAt));
}

/**
 * Whether a key given this expiry is to go at once. A replica, or a server that is loading, keeps it:
 * its end will be told by the primary.
 */
export function isAlreadyPast(call: Call, expireAtMs: number): boolean {
  return expireAtMs <= call.clock.now() && call.keyspace.onExpiry === OnExpiry.remove;
}

/** Deletes an entry that was just given an expiry of the past: it goes like every key whose time has come. */
export function expireNow(call: Call, keyAt: number, ref: Ref): void {
  const { db, effects } = call;
  db.expire(db.hashOf(ref), ref);
  effects.changed(db, call.bytes(keyAt), 1);
  // What told of the expired key told replicas to delete it.
  effects.propagateNothing();
}
