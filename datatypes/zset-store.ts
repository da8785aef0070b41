/** Stores the result of a command as a sorted set. */
import { type Call, EventClass } from './call.js';
import { NONE, type Ref } from './store/arena.js';
import { NEVER, Type } from './store/entry.js';
import type { LargeSortedSet } from './zset-large.js';
import { type LooseValue, looseValueOf } from './zset-value.js';

/**
 * Stores a result under the key in argument `i`, whatever was there; without members the key goes. Replies how
 * many members there are. The result is the keyspace's from then on.
 */
export function storeSortedSet(
  call: Call,
  i: number,
  result: LargeSortedSet,
  event: string,
  changes = 1,
): void {
  const { size } = result;
  const previous = call.write(i);
  if (size > 0) {
    put(call, i, previous, looseValueOf(call.keyspace, result));
    call.changed(i, EventClass.zset, event, changes);
  } else {
    result.drop();
    if (previous !== NONE) {
      call.db.discard(call.buffer, call.start(i), call.end(i));
      call.changed(i, EventClass.generic, 'del');
    }
  }
  call.reply.integer(size);
}

/** Puts a value in the place of `previous`, or as a new key. */
function put(call: Call, i: number, previous: Ref, { encoding, value }: LooseValue): void {
  const { db, buffer, keyspace } = call;
  const [start, end] = [call.start(i), call.end(i)];
  if (previous === NONE) {
    db.addCollection(buffer, start, end, Type.zset, encoding, value);
    return;
  }
  const access = keyspace.initialAccess();
  const shape = { type: Type.zset, encoding, expireAtMs: NEVER, access };
  const next = keyspace.entries.createApart(buffer, start, end, shape, value, 0);
  db.putEntry(keyspace.keyHash(buffer, start, end), previous, next);
}
