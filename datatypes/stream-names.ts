/** What has a name that is bytes, in arrays sorted by name: groups and consumers. */
import { compareBytes } from '../protocol/bytes.js';

export interface Named {
  readonly name: Uint8Array;
}

/** Where the first name at or above `bytes[start, end)` is. */
function positionOf(all: readonly Named[], bytes: Uint8Array, start: number, end: number): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { name } = all[middle] as Named;
    if (compareBytes(name, 0, name.length, bytes, start, end) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Finds by name. */
export function find<T extends Named>(
  all: readonly T[],
  bytes: Uint8Array,
  start: number,
  end: number,
): T | undefined {
  const found = all[positionOf(all, bytes, start, end)];
  if (found === undefined) return undefined;
  const { name } = found;
  return compareBytes(name, 0, name.length, bytes, start, end) === 0 ? found : undefined;
}

/** Adds one whose name is not there yet. */
export function insertNamed<T extends Named>(all: T[], one: T): void {
  all.splice(positionOf(all, one.name, 0, one.name.length), 0, one);
}
