/**
 * Members of large sorted sets: one arena block each.
 *
 *   word 0   reference count (the arena's)     word 1   length of the member
 *   byte 8   score, a double                   byte 16  the member
 */
import { ByteViews, copyWords, LONG_COPY_BYTES } from '../../protocol/byte-views.js';
import type { Arena, Ref } from './arena.js';
import type { KeyLayout } from './dict.js';

export const SCORED_ELEMENT_LAYOUT: KeyLayout = { keyOffset: 16, lengthWord: 1 };

const LENGTH_BYTE = 4;
const SCORE_BYTE = 8;
const MEMBER_BYTE = 16;

const byteOf = (ref: Ref) => (ref & 0xffff) << 4;

export class ScoredElements {
  readonly arena: Arena;
  private readonly views = new ByteViews();

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** A new element with the member `bytes[start, end)`. */
  create(bytes: Uint8Array, start: number, end: number, score: number): Ref {
    const ref = this.arena.allocate(MEMBER_BYTE + end - start);
    const view = this.arena.views[ref >>> 16]!;
    const at = byteOf(ref);
    view.setInt32(at + LENGTH_BYTE, end - start, true);
    view.setFloat64(at + SCORE_BYTE, score, true);
    const length = end - start;
    if (length < LONG_COPY_BYTES) {
      copyWords(this.views.of(bytes), start, view, at + MEMBER_BYTE, length);
    } else {
      this.arena.bytes[ref >>> 16]!.set(bytes.subarray(start, end), at + MEMBER_BYTE);
    }
    return ref;
  }

  score(ref: Ref): number {
    return this.arena.views[ref >>> 16]!.getFloat64(byteOf(ref) + SCORE_BYTE, true);
  }

  setScore(ref: Ref, score: number): void {
    this.arena.views[ref >>> 16]!.setFloat64(byteOf(ref) + SCORE_BYTE, score, true);
  }

  /** The page in which the member stands, at `[start(ref), end(ref))`. */
  page(ref: Ref): Uint8Array {
    return this.arena.bytes[ref >>> 16]!;
  }

  start(ref: Ref): number {
    return byteOf(ref) + MEMBER_BYTE;
  }

  end(ref: Ref): number {
    return byteOf(ref) + MEMBER_BYTE + this.length(ref);
  }

  /** Length of the member in bytes. */
  length(ref: Ref): number {
    return this.arena.views[ref >>> 16]!.getInt32(byteOf(ref) + LENGTH_BYTE, true);
  }

  /** Bytes of the arena that the element takes. */
  capacity(ref: Ref): number {
    return this.arena.capacity(ref);
  }
}
