/** Which tables an encoder may take for lists. */
import type { Table } from '../machine/table.js';

/** The largest index that a list of an encoded form has. */
const MAXIMUM_INDEX = 2 ** 31 - 1;

export interface ListExtent {
  /** 0 when there are no elements. */
  readonly largestIndex: number;
  /** Elements there; fewer than `largestIndex` when some are missing in between. */
  readonly count: number;
}

/** How far a table reaches whose keys are all whole numbers from 1; null for any other table. */
export function listExtent({ array, keys, values }: Table): ListExtent | null {
  let count = 0;
  let largestIndex = 0;
  for (let i = 1; i < array.length; i++) {
    if (array[i] === undefined) continue;
    count++;
    largestIndex = i;
  }
  for (let node = 0; node < keys.length; node++) {
    if (values[node] === undefined) continue;
    const key = keys[node];
    if (typeof key !== 'number' || !Number.isInteger(key)) return null;
    if (key < 1 || key > MAXIMUM_INDEX) return null;
    count++;
    if (key > largestIndex) largestIndex = key;
  }
  return { largestIndex, count };
}
