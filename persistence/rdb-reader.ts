/**
 * Reads RDB lengths, strings and words one after the other. Once the bytes end too soon, or are not what was
 * asked for, `failed` is set, and all that is read is 0.
 *
 * Of a file only a window is in memory: `isShort` tells that more bytes might have helped.
 */

import { NONE, type Ref } from '../datatypes/store/arena.js';
import { lzfDecompress } from '../datatypes/store/lzf.js';
import { writeInteger } from '../protocol/numbers.js';
import { Damage, unknownStringForm } from './damage.js';
import { LENGTH_32_BITS, LENGTH_64_BITS } from './rdb-string.js';

const FORM_6_BITS = 0;
const FORM_14_BITS = 1;
const FORM_ENCODED = 3;
/** Kinds of encoded strings: integers of 1, 2 and 4 bytes, LZF. */
const INTEGER_32 = 2;
const LZF = 3;
/** Far above what LZF can reach: one byte of length stands for at most 264 bytes of text. */
const EXPANSION_MAX = 264;
const LONGEST_INTEGER = 11;
/** Unpacked texts up to this size share their memory. */
const SHARED_TEXT_BYTES = 64 * 1024;
const TWO_32 = 2 ** 32;
/** Differences of moments up to here are exact. ms. */
const LAST_MOMENT_MS = 2 ** 52;

export class RdbReader {
  bytes: Uint8Array = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  failed = false;
  /** Offset of what is read next. */
  at = 0;
  /** Offset behind the last byte there is. */
  end = 0;

  /** Whether the value that was read last has no elements (left): nothing is wrong with it, but no key can hold it. */
  isEmptyValue = false;
  /** Whether that is so because the time of all of them had come. */
  isExpiredValue = false;

  /** Why a value could not be read, if its reader said so: one of `Damage`. */
  reason: string | null = null;

  /** The text that `text` read: `textBytes[textStart, textEnd)`, good until the next is read. */
  textBytes: Uint8Array = this.bytes;
  textStart = 0;
  textEnd = 0;

  /** The offset up to which bytes were asked for when they ended. */
  private wanted = 0;
  private scratch: Uint8Array = new Uint8Array(0);

  /** Reads `bytes[start, end)` from now on. */
  point(bytes: Uint8Array, start: number, end: number): this {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.at = start;
    this.end = end;
    this.failed = false;
    this.isEmptyValue = false;
    this.isExpiredValue = false;
    this.reason = null;
    this.wanted = 0;
    return this;
  }

  /** Whether it failed for want of bytes. */
  get isShort(): boolean {
    return this.failed && this.wanted > this.end;
  }

  /** How many bytes beyond the end were asked for, at least. */
  get missingBytes(): number {
    return Math.max(0, this.wanted - this.end);
  }

  /** Notes that a value without elements was read. */
  empty(): Ref {
    this.isEmptyValue = !this.failed;
    return NONE;
  }

  /** Notes why what was read is no value. */
  refuse(reason: string): Ref {
    this.reason ??= reason;
    return NONE;
  }

  /** Notes that what was read makes no sense. */
  fail(): void {
    this.failed = true;
  }

  /** Whether nothing is left to read. */
  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** Passes over `count` bytes, which the caller reads: where they begin. */
  take(count: number): number {
    const { at } = this;
    if (!this.has(count)) return 0;
    this.at = at + count;
    return at;
  }

  byte(): number {
    if (!this.has(1)) return 0;
    return this.bytes[this.at++] as number;
  }

  /** A length up to 2^53. */
  length(): number {
    const length = this.lengthOrKind();
    if (length < 0) {
      this.failed = true;
      return 0;
    }
    return length;
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
    if (!this.text()) return null;
    const { textBytes, textStart, textEnd } = this;
    if (textBytes !== this.scratch) return textBytes.subarray(textStart, textEnd);
    return textBytes.slice(textStart, textEnd);
  }

  /** As `string`, leaving it in `textBytes`, where the next one will be. False when there is none. */
  text(): boolean {
    const length = this.lengthOrKind();
    if (length < 0) return this.encodedText(-1 - length);
    if (!this.has(length)) return false;
    this.textBytes = this.bytes;
    this.textStart = this.at;
    this.textEnd = this.at + length;
    this.at = this.textEnd;
    return true;
  }

  /** Milliseconds since 1970, or -1: eight bytes, little-endian. What no clock can show is cut to what one could. */
  moment(): number {
    const at = this.take(8);
    if (this.failed) return 0;
    const ms = this.view.getInt32(at + 4, true) * TWO_32 + this.view.getUint32(at, true);
    return Math.min(LAST_MOMENT_MS, Math.max(-LAST_MOMENT_MS, ms));
  }

  /** As `moment`, exact beyond 2^53 too. */
  exactMoment(): bigint {
    const at = this.take(8);
    return this.failed ? 0n : this.view.getBigInt64(at, true);
  }

  /** An unsigned word of 32 bits, little-endian. */
  word(): number {
    const at = this.take(4);
    return this.failed ? 0 : this.view.getUint32(at, true);
  }

  private has(count: number): boolean {
    if (this.failed) return false;
    if (this.at + count <= this.end) return true;
    this.failed = true;
    this.wanted = this.at + count;
    return false;
  }

  /** A length; below 0 (-1 for 0) the kind of an encoded string. */
  private lengthOrKind(): number {
    if (!this.has(1)) return 0;
    const first = this.bytes[this.at] as number;
    const form = first >>> 6;
    if (form === FORM_6_BITS || form === FORM_ENCODED) {
      this.at++;
      return form === FORM_6_BITS ? first : -1 - (first & 63);
    }
    if (form === FORM_14_BITS) {
      const at = this.take(2);
      return this.failed ? 0 : ((first & 63) << 8) | (this.bytes[at + 1] as number);
    }
    if (first === LENGTH_32_BITS) {
      const at = this.take(5);
      return this.failed ? 0 : this.view.getUint32(at + 1);
    }
    return this.length53(first);
  }

  private length53(first: number): number {
    if (first !== LENGTH_64_BITS) {
      this.failed = true;
      this.refuse(Damage.lengthForm);
      return 0;
    }
    const at = this.take(9);
    if (this.failed) return 0;
    const length = this.view.getUint32(at + 1) * TWO_32 + this.view.getUint32(at + 5);
    if (Number.isSafeInteger(length)) return length;
    this.failed = true;
    return 0;
  }

  private encodedText(kind: number): boolean {
    if (kind === LZF) return this.packedText();
    if (kind > INTEGER_32) {
      this.failed = true;
      this.refuse(unknownStringForm(kind));
    }
    const at = this.take(1 << kind);
    if (this.failed) return false;
    const { view } = this;
    let value = view.getInt8(at);
    if (kind > 0) value = kind === 1 ? view.getInt16(at, true) : view.getInt32(at, true);
    const into = this.roomFor(LONGEST_INTEGER);
    this.textBytes = into;
    this.textStart = 0;
    this.textEnd = writeInteger(value, into, 0);
    return true;
  }

  private packedText(): boolean {
    const packed = this.length();
    const length = this.length();
    // Checked before memory is taken, so a few bytes cannot ask for gigabytes.
    if (length > packed * EXPANSION_MAX) {
      this.failed = true;
      this.refuse(Damage.lzf);
    }
    const at = this.take(packed);
    if (this.failed) return false;
    const into = this.roomFor(length);
    if (!lzfDecompress(this.bytes, at, at + packed, into, 0, length)) {
      this.failed = true;
      this.refuse(Damage.lzf);
      return false;
    }
    this.textBytes = into;
    this.textStart = 0;
    this.textEnd = length;
    return true;
  }

  private roomFor(length: number): Uint8Array {
    if (length > SHARED_TEXT_BYTES) return new Uint8Array(length);
    if (this.scratch.length < length) {
      this.scratch = new Uint8Array(Math.min(SHARED_TEXT_BYTES, Math.max(length * 2, 256)));
    }
    return this.scratch;
  }
}
