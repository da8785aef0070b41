/** JavaScript's heap: when it is full the process ends, and no script may bring that about. */
import { getHeapStatistics } from 'node:v8';

/** How full the part for what lives long may be. */
const FULL = 0.75;
/** The rest of the heap: for what was made a moment ago. It is part of the limit that Node tells. */
const YOUNG_BYTES = 48 * 1024 * 1024;

/**
 * What values take, about, in bytes: a table, and beyond that a slot and a key of it; a closure; a string beside
 * its characters; a coroutine.
 */
export const Bytes = {
  table: 160,
  slot: 16,
  key: 128,
  closure: 200,
  string: 32,
  coroutine: 2000,
} as const;

/** Whether so many bytes more would leave enough of the heap free. To ask takes two microseconds. */
export function heapHasRoom(bytes: number): boolean {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used + bytes <= (limit - YOUNG_BYTES) * FULL;
}

/** Bytes of the heap in use: what scripts hold cannot be told from the server's own objects. */
export function heapBytes(): number {
  return getHeapStatistics().used_heap_size;
}
