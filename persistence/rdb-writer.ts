/** Writes RDB lengths, strings and words one after the other, into bytes that grow. */

import type { LzfCompressor } from '../datatypes/store/lzf.js';
import type { Count } from '../datatypes/stream-counts.js';
import { LENGTH_64_BITS, rdbStringSizeMax, writeRdbLength, writeRdbString } from './rdb-string.js';

const LONGEST_LENGTH = 9;

export class RdbWriter {
  /** What is written, and room behind it. */
  bytes = new Uint8Array(256);
  private at = 0;
  private readonly compressor: LzfCompressor | null;

  /** @param compressor - Null when strings stay as they are. */
  constructor(compressor: LzfCompressor | null) {
    this.compressor = compressor;
  }

  /** Room for `count` bytes, which the caller writes: where they begin. */
  take(count: number): number {
    const { at } = this;
    this.makeRoom(count);
    this.at = at + count;
    return at;
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
    const view = this.view;
    this.bytes[at] = LENGTH_64_BITS;
    view.setUint32(at + 1, high);
    view.setUint32(at + 5, low);
  }

  /** Eight bytes, little-endian. */
  word64(high: number, low: number): void {
    const at = this.take(8);
    const view = this.view;
    view.setUint32(at, low, true);
    view.setUint32(at + 4, high, true);
  }

  /** Milliseconds since 1970, or -1: eight bytes. */
  moment(ms: number): void {
    this.word64(Math.floor(ms / 2 ** 32) >>> 0, ms >>> 0);
  }

  string(text: Uint8Array): void {
    this.makeRoom(rdbStringSizeMax(text.length));
    const { bytes, at, compressor } = this;
    this.at = writeRdbString(text, 0, text.length, bytes, at, compressor);
  }

  /** All that was written. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  private get view(): DataView {
    return new DataView(this.bytes.buffer);
  }

  private makeRoom(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    const wider = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    wider.set(this.bytes.subarray(0, this.at));
    this.bytes = wider;
  }
}
