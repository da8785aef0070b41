/**
 * Reads RDB lengths, strings and words one after the other. Once the bytes end too soon, or are not what was
 * asked for, `failed` is set, and all that is read is 0.
 */
import { LENGTH_64_BITS, readRdbLength, readRdbString } from './rdb-string.js';

export class RdbReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  failed = false;
  private at: number;
  private readonly end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = start;
    this.end = end;
  }

  /** Whether nothing is left to read. */
  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** Passes over `count` bytes, which the caller reads: where they begin. */
  take(count: number): number {
    const { at } = this;
    if (at + count > this.end) this.failed = true;
    if (this.failed) return 0;
    this.at = at + count;
    return at;
  }

  /** A length up to 2^53. */
  length(): number {
    const length = this.failed ? null : readRdbLength(this.bytes, this.at, this.end);
    if (length === null || length.encoded) {
      this.failed = true;
      return 0;
    }
    this.at = length.next;
    return length.value;
  }

  /** A length of any size. */
  length64(): bigint {
    if (this.failed || this.at >= this.end || this.bytes[this.at] !== LENGTH_64_BITS) {
      return BigInt(this.length());
    }
    const at = this.take(9);
    return this.failed ? 0n : this.view.getBigUint64(at + 1);
  }

  /** A string, maybe as a view of the input; null when there is none. */
  string(): Uint8Array | null {
    const text = this.failed ? null : readRdbString(this.bytes, this.at, this.end);
    if (text === null) {
      this.failed = true;
      return null;
    }
    this.at = text.next;
    return text.bytes;
  }

  /** Milliseconds since 1970, or -1: eight bytes, little-endian. */
  moment(): number {
    const at = this.take(8);
    if (this.failed) return 0;
    return this.view.getInt32(at + 4, true) * 2 ** 32 + this.view.getUint32(at, true);
  }
}
