/**
 * Large values as they were at one moment, written part by part while commands change them.
 *
 * What is taken hold of shares memory with the value; whoever changes that memory copies it first. So it takes
 * little time, and no more memory than the changes do.
 */
import type { Arena, Ref } from '../datatypes/store/arena.js';
import type { FrozenDict } from '../datatypes/store/frozen-dict.js';
import type { RdbWriter } from './rdb-writer.js';

export interface FrozenValue {
  /** Writes the next part, some tens of kilobytes. True when that was the last. */
  writeSome(out: RdbWriter): boolean;
  /** Gives up what it holds: all is written, or nobody wants it. */
  release(): void;
}

/** Elements of one segment or so are written at once anyway. */
export const FROZEN_FROM_ELEMENTS = 512;

/** The elements of a table, each written by `writeElement`, behind their count. */
export function frozenTable(
  table: FrozenDict,
  writeElement: (element: Ref, out: RdbWriter) => void,
): FrozenValue {
  let begun = false;
  return {
    writeSome(out) {
      if (!begun) out.length(table.size);
      begun = true;
      return table.takeSome((element) => writeElement(element, out));
    },
    release: () => table.release(),
  };
}

/** Bytes of a string written at once. */
const STRING_PART_BYTES = 256 * 1024;
/** Strings from this size on are frozen, and not compressed: that takes too long at once. */
export const FROZEN_FROM_BYTES = 256 * 1024;

/** A string of `length` bytes from `bytes[start]` on, in a block of the arena. */
export function frozenString(
  arena: Arena,
  block: Ref,
  bytes: Uint8Array,
  start: number,
  length: number,
): FrozenValue {
  arena.retain(block);
  let done = -1;
  return {
    writeSome(out) {
      if (done < 0) out.length(length);
      done = Math.max(done, 0);
      const next = Math.min(length, done + STRING_PART_BYTES);
      out.raw(bytes.subarray(start + done, start + next));
      done = next;
      return done === length;
    },
    release: () => arena.release(block),
  };
}
