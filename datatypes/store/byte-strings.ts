/** Many short strings of bytes, one after the other in one piece of memory: an object for all of them. */
import { ByteViews, copyWords, LONG_COPY_BYTES } from '../../protocol/byte-views.js';

const SMALLEST_BYTES = 1024;
const MOST_KEPT_BYTES = 64 * 1024;

export class ByteStrings {
  /** How many there are. */
  count = 0;
  /** String `i` is `bytes[start(i), end(i))`: good until the next is added. */
  bytes = new Uint8Array(SMALLEST_BYTES);
  private view = new DataView(this.bytes.buffer);
  /** Where each ends, and the next begins. */
  private ends = new Uint32Array(SMALLEST_BYTES / 16);
  private readonly views = new ByteViews();

  /** Adds `bytes[start, end)`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const at = this.count === 0 ? 0 : this.ends[this.count - 1]!;
    if (at + length > this.bytes.length) this.widen(at, length);
    if (this.count === this.ends.length) {
      const ends = new Uint32Array(this.count * 2);
      ends.set(this.ends);
      this.ends = ends;
    }
    if (length < LONG_COPY_BYTES) copyWords(this.views.of(bytes), start, this.view, at, length);
    else this.bytes.set(bytes.subarray(start, end), at);
    this.ends[this.count++] = at + length;
  }

  /** Forgets all strings, and gives back memory if it became much. */
  clear(): this {
    this.count = 0;
    if (this.bytes.length > MOST_KEPT_BYTES || this.ends.length > MOST_KEPT_BYTES / 4) {
      this.bytes = new Uint8Array(SMALLEST_BYTES);
      this.view = new DataView(this.bytes.buffer);
      this.ends = new Uint32Array(SMALLEST_BYTES / 16);
    }
    return this;
  }

  private widen(used: number, added: number): void {
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, used + added));
    bytes.set(this.bytes.subarray(0, used));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  start(i: number): number {
    return i === 0 ? 0 : this.ends[i - 1]!;
  }

  end(i: number): number {
    return this.ends[i]!;
  }

  /** String `i` as an array: good until the next is added. */
  at(i: number): Uint8Array {
    return this.bytes.subarray(this.start(i), this.end(i));
  }
}
