/**
 * Lengths and strings as RDB files and DUMP payloads hold them: how they are written. `RdbReader` reads them.
 *
 * The two high bits of a first byte tell the form: a length of 6 bits, of 14 bits, of 32 or 64 bits
 * (0x80, 0x81, big-endian), or an encoded string: an integer of 1, 2 or 4 bytes, or LZF.
 */

import type { LzfCompressor } from '../datatypes/store/lzf.js';
import { parseSafeInteger } from '../protocol/numbers.js';

const FORM_14_BITS = 1;
/** Begins a length of four bytes, big-endian. */
export const LENGTH_32_BITS = 0x80;
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
