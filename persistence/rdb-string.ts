/**
 * Lengths and strings as RDB files and DUMP payloads hold them.
 *
 * The two high bits of a first byte tell the form: a length of 6 bits, of 14 bits, of 32 or 64 bits
 * (0x80, 0x81, big-endian), or an encoded string: an integer of 1, 2 or 4 bytes, or LZF.
 */

import { type LzfCompressor, lzfDecompress } from '../datatypes/store/lzf.js';
import { parseSafeInteger } from '../protocol/numbers.js';

const FORM_14_BITS = 1;
const FORM_ENCODED = 3;
const LENGTH_32_BITS = 0x80;
/** Begins a length of eight bytes, big-endian. */
export const LENGTH_64_BITS = 0x81;
const INTEGER_8 = 0xc0;
const INTEGER_16 = 0xc1;
const INTEGER_32 = 0xc2;
const LZF = 0xc3;

/** The longest text of a 32-bit integer, in bytes. */
const INTEGER_TEXT_MAX = 11;
/** Strings up to this size are never compressed, in bytes. */
const COMPRESS_ABOVE = 20;
/** LZF must save at least this, in bytes. */
const COMPRESS_SAVES = 4;

/** How many bytes `writeRdbLength` needs. */
export function rdbLengthSize(length: number): number {
  if (length < 64) return 1;
  if (length < 16_384) return 2;
  return length <= 0xffffffff ? 5 : 9;
}

/** Writes a length; gives the offset after it. */
export function writeRdbLength(length: number, into: Uint8Array, at: number): number {
  if (length < 64) {
    into[at] = length;
    return at + 1;
  }
  if (length < 16_384) {
    into[at] = (FORM_14_BITS << 6) | (length >>> 8);
    into[at + 1] = length & 255;
    return at + 2;
  }
  if (length <= 0xffffffff) {
    into[at] = LENGTH_32_BITS;
    return writeBigEndian(length, into, at + 1);
  }
  into[at] = LENGTH_64_BITS;
  const next = writeBigEndian(Math.floor(length / 2 ** 32), into, at + 1);
  return writeBigEndian(length >>> 0, into, next);
}

function writeBigEndian(value: number, into: Uint8Array, at: number): number {
  for (let i = 0; i < 4; i++) into[at + i] = value >>> (24 - 8 * i);
  return at + 4;
}

function readBigEndian(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + (bytes[at + i] as number);
  return value;
}

/** A length read from RDB bytes. */
export interface RdbLength {
  /** The length, or the kind of encoded string (0 to 3 are known) when `encoded`. */
  readonly value: number;
  readonly encoded: boolean;
  /** The offset after it. */
  readonly next: number;
}

/** Reads a length; null when the bytes end too soon, or are no length a number can hold. */
export function readRdbLength(bytes: Uint8Array, at: number, end: number): RdbLength | null {
  if (at >= end) return null;
  const first = bytes[at] as number;
  const form = first >>> 6;
  if (form === 0) return { value: first & 63, encoded: false, next: at + 1 };
  if (form === FORM_ENCODED) return { value: first & 63, encoded: true, next: at + 1 };
  if (form === FORM_14_BITS) {
    if (at + 2 > end) return null;
    const value = ((first & 63) << 8) | (bytes[at + 1] as number);
    return { value, encoded: false, next: at + 2 };
  }
  if (first === LENGTH_32_BITS && at + 5 <= end) {
    return { value: readBigEndian(bytes, at + 1), encoded: false, next: at + 5 };
  }
  if (first !== LENGTH_64_BITS || at + 9 > end) return null;
  const value = readBigEndian(bytes, at + 1) * 2 ** 32 + readBigEndian(bytes, at + 5);
  return Number.isSafeInteger(value) ? { value, encoded: false, next: at + 9 } : null;
}

/** How many bytes `writeRdbString` may need at most for a string of `length` bytes. */
export function rdbStringSizeMax(length: number): number {
  // LZF writes its sizes first: two lengths and a mark, before at most `length` bytes.
  return length + 2 * rdbLengthSize(length) + 1;
}

/**
 * Writes a range as an RDB string: an integer when it is canonical text of one, LZF when that
 * saves enough, else as it is.
 *
 * @param into - Must have `rdbStringSizeMax` bytes from `at` on.
 * @param compressor - Null for no compression (`rdbcompression no`).
 * @returns The offset after the string.
 */
export function writeRdbString(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
  compressor: LzfCompressor | null,
): number {
  const length = end - start;
  if (length <= INTEGER_TEXT_MAX) {
    const next = writeRdbInteger(parseSafeInteger(bytes, start, end), into, at);
    if (next !== at) return next;
  } else if (compressor !== null && length > COMPRESS_ABOVE) {
    const next = writeCompressed(bytes, start, end, into, at, compressor);
    if (next !== at) return next;
  }
  const next = writeRdbLength(length, into, at);
  into.set(bytes.subarray(start, end), next);
  return next + length;
}

/** Writes an integer of up to 32 bits in short form; gives `at` itself when it has none (or is NaN). */
export function writeRdbInteger(value: number, into: Uint8Array, at: number): number {
  if ((value | 0) !== value) return at;
  if (value >= -0x80 && value <= 0x7f) {
    into[at] = INTEGER_8;
    into[at + 1] = value;
    return at + 2;
  }
  const size = value >= -0x8000 && value <= 0x7fff ? 2 : 4;
  into[at] = size === 2 ? INTEGER_16 : INTEGER_32;
  for (let i = 0; i < size; i++) into[at + 1 + i] = value >>> (8 * i);
  return at + 1 + size;
}

/** Writes the LZF form: mark, packed size, size, packed bytes. Gives `at` when it does not pay. */
function writeCompressed(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
  compressor: LzfCompressor,
): number {
  const length = end - start;
  // The packed bytes go after the longest head there may be, and are moved up when it is shorter.
  const bodyAt = at + 1 + 2 * rdbLengthSize(length);
  const packed = compressor.compress(bytes, start, end, into, bodyAt, length - COMPRESS_SAVES);
  if (packed === 0) return at;
  into[at] = LZF;
  const next = writeRdbLength(length, into, writeRdbLength(packed, into, at + 1));
  into.copyWithin(next, bodyAt, bodyAt + packed);
  return next + packed;
}

/** Writes a string of `length` bytes that is compressed already. Gives the offset after it. */
export function writeRdbCompressed(
  packed: Uint8Array,
  length: number,
  into: Uint8Array,
  at: number,
): number {
  into[at] = LZF;
  const next = writeRdbLength(length, into, writeRdbLength(packed.length, into, at + 1));
  into.set(packed, next);
  return next + packed.length;
}

/** A string read from RDB bytes. */
export interface RdbString {
  /** A view into the input when it was stored as it is, else new bytes. */
  readonly bytes: Uint8Array;
  /** The offset after it. */
  readonly next: number;
}

/**
 * Reads an RDB string.
 *
 * @returns null when the bytes end too soon, or are no well formed string.
 */
export function readRdbString(bytes: Uint8Array, at: number, end: number): RdbString | null {
  const length = readRdbLength(bytes, at, end);
  if (length === null) return null;
  if (length.encoded) return readEncoded(bytes, length.next, end, length.value);
  const next = length.next + length.value;
  return next <= end ? { bytes: bytes.subarray(length.next, next), next } : null;
}

function readEncoded(bytes: Uint8Array, at: number, end: number, kind: number): RdbString | null {
  if (kind === (LZF & 63)) return readCompressed(bytes, at, end);
  if (kind > (INTEGER_32 & 63)) return null;
  const next = at + (1 << kind);
  if (next > end) return null;
  let value = 0;
  for (let i = next - 1; i >= at; i--) value = (value << 8) | (bytes[i] as number);
  const unused = 32 - (8 << kind);
  return { bytes: Buffer.from(String((value << unused) >> unused), 'latin1'), next };
}

/** Far above what LZF can reach: one byte of length stands for at most 264 bytes of text. */
const EXPANSION_MAX = 264;

function readCompressed(bytes: Uint8Array, at: number, end: number): RdbString | null {
  const packed = readRdbLength(bytes, at, end);
  if (packed === null || packed.encoded) return null;
  const length = readRdbLength(bytes, packed.next, end);
  if (length === null || length.encoded) return null;
  const next = length.next + packed.value;
  // Checked before memory is taken, so a few bytes cannot ask for gigabytes.
  if (next > end || length.value > packed.value * EXPANSION_MAX) return null;
  const text = new Uint8Array(length.value);
  const wellFormed = lzfDecompress(bytes, length.next, next, text, 0, text.length);
  return wellFormed ? { bytes: text, next } : null;
}
