/** Writes RDB lengths, strings and words one after the other, into bytes that grow. */

import type { LzfCompressor } from '../datatypes/store/lzf.js';
import type { Count } from '../datatypes/stream-counts.js';
import {
  LENGTH_64_BITS,
  rdbStringSizeMax,
  writeRdbCompressed,
  writeRdbLength,
  writeRdbString,
} from './rdb-string.js';

const LONGEST_LENGTH = 9;
const FIRST_BYTES = 256;

export class RdbWriter {
  /** What is written, and room behind it. */
  bytes: Uint8Array;
  /** Null when strings stay as they are. */
  compressor: LzfCompressor | null;
  private view: DataView;
  private at = 0;

  /** @param compressor - Null when strings stay as they are. */
  constructor(compressor: LzfCompressor | null, bytes = FIRST_BYTES) {
    this.compressor = compressor;
    this.bytes = new Uint8Array(bytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Bytes written. */
  get size(): number {
    return this.at;
  }

  /** Forgets all, or all behind `size` bytes, of what was written. */
  rewind(size = 0): void {
    this.at = size;
  }

  /** Room for `count` bytes, which the caller writes: where they begin. */
  take(count: number): number {
    const { at } = this;
    this.makeRoom(count);
    this.at = at + count;
    return at;
  }

  byte(value: number): void {
    // First the room: making it may put other bytes in place of these.
    const at = this.take(1);
    this.bytes[at] = value;
  }

  /** A length; one below 0 goes as an unsigned one of 64 bits. */
  length(value: Count): void {
    if (typeof value === 'number' && value >= 0) {
      this.makeRoom(LONGEST_LENGTH);
      this.at = writeRdbLength(value, this.bytes, this.at);
      return;
    }
    const exact = BigInt.asUintN(64, BigInt(value));
    this.length64(Number(exact >> 32n), Number(exact & 0xffff_ffffn));
  }

  /** A length of 64 bits in two halves. */
  length64(high: number, low: number): void {
    if (high === 0) return this.length(low);
    const at = this.take(LONGEST_LENGTH);
    this.bytes[at] = LENGTH_64_BITS;
    this.view.setUint32(at + 1, high);
    this.view.setUint32(at + 5, low);
  }

  /** Eight bytes, little-endian. */
  word64(high: number, low: number): void {
    const at = this.take(8);
    this.view.setUint32(at, low, true);
    this.view.setUint32(at + 4, high, true);
  }

  /** A double, little-endian. */
  double(value: number): void {
    const at = this.take(8);
    this.view.setFloat64(at, value, true);
  }

  /** Milliseconds since 1970, or -1: eight bytes. */
  moment(ms: number | bigint): void {
    if (typeof ms === 'number') return this.word64(Math.floor(ms / 2 ** 32) >>> 0, ms >>> 0);
    const at = this.take(8);
    this.view.setBigInt64(at, ms, true);
  }

  string(text: Uint8Array): void {
    this.stringOf(text, 0, text.length);
  }

  /** The string `bytes[start, end)`. */
  stringOf(bytes: Uint8Array, start: number, end: number): void {
    this.makeRoom(rdbStringSizeMax(end - start));
    this.at = writeRdbString(bytes, start, end, this.bytes, this.at, this.compressor);
  }

  /** A string of `length` bytes that is compressed already. */
  compressedString(packed: Uint8Array, length: number): void {
    this.makeRoom(rdbStringSizeMax(length));
    this.at = writeRdbCompressed(packed, length, this.bytes, this.at);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    const at = this.take(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** All that was written. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  /** Gives up all that was written, and begins anew in `next`, which must be all of its buffer. */
  takeAll(next: Uint8Array): Uint8Array {
    const written = this.finish();
    this.bytes = next;
    this.view = new DataView(next.buffer);
    this.at = 0;
    return written;
  }

  private makeRoom(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    const wider = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    wider.set(this.bytes.subarray(0, this.at));
    this.bytes = wider;
    this.view = new DataView(wider.buffer);
  }
}
