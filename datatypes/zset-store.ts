/** Stores the result of a command as a sorted set. */
import { type Call, EventClass } from './call.js';
import { Type } from './store/entry.js';
import type { LargeSortedSet } from './zset-large.js';
import { looseValueOf } from './zset-value.js';

/**
 * Stores a result under the key in argument `i`, whatever was there; without members the key goes. Replies how
 * many members there are. The result is the keyspace's from then on.
 */
export function storeSortedSet(call: Call, i: number, result: LargeSortedSet, event: string): void {
  const { db, buffer } = call;
  const [start, end] = [call.start(i), call.end(i)];
  const { size } = result;
  // A key whose time has come goes as such, and is not told of as deleted.
  call.write(i);
  const replaced = db.discard(buffer, start, end);
  const { encoding, value } = looseValueOf(call.keyspace, result);
  if (size > 0) {
    db.addCollection(buffer, start, end, Type.zset, encoding, value);
    call.effects.keyReady(db, call.bytes(i));
    call.changed(i, EventClass.zset, event);
  } else {
    call.keyspace.arena.release(value);
    if (replaced) call.changed(i, EventClass.generic, 'del');
  }
  call.reply.integer(size);
}
