/** Moments at which keys expire, and what becomes of a key that is given one. */
import { type Call, EventClass } from './call.js';
import { OnExpiry } from './on-expiry.js';
import type { Ref } from './store/arena.js';

/** ms since 1970, or NEVER: a BigInt where it may be beyond 2^53 (the year 287396). */
export type Moment = number | bigint;

/** Sends the keyspace event of a new expiry of key argument `keyAt`. */
export function notifyExpire(call: Call, keyAt: number): void {
  call.effects.notify(call.db, EventClass.generic, 'expire', call.bytes(keyAt));
}

/**
 * Whether a key given this expiry is to go at once. A replica, or a server that is loading, keeps it:
 * its end will be told by the primary.
 */
export function isAlreadyPast(call: Call, expireAtMs: Moment): boolean {
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
