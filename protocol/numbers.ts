/**
 * Integers as the protocol writes them: strict, in bytes, without a string between.
 */

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;

/** Digits that always fit a safe integer. */
const SAFE_DIGITS = 15;

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;
export const UINT64_MAX = 2n ** 64n - 1n;

/**
 * Reads a canonical decimal integer: no plus sign, space or leading zero, and no `-0`.
 *
 * @returns NaN when it is no such text, and also when it is beyond ±(2^53-1): `parseBigInt64` then
 *   tells the two apart.
 */
export function parseSafeInteger(bytes: Uint8Array, start: number, end: number): number {
  const negative = start < end && bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  const length = end - first;
  if (length <= 0 || length > 16) return NaN;
  if (bytes[first] === ZERO) return length === 1 && !negative ? 0 : NaN;
  let value = 0;
  for (let i = first; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte < ZERO || byte > NINE) return NaN;
    value = value * 10 + (byte - ZERO);
  }
  if (length > SAFE_DIGITS && value > Number.MAX_SAFE_INTEGER) return NaN;
  return negative ? -value : value;
}

/** The digits of a canonical unsigned integer as a BigInt; null when it is none or longer than 20. */
function parseBigDigits(bytes: Uint8Array, start: number, end: number): bigint | null {
  const length = end - start;
  if (length <= 0 || length > 20) return null;
  if (bytes[start] === ZERO && length > 1) return null;
  let high = 0;
  let low = 0;
  const split = Math.max(start, end - SAFE_DIGITS);
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte < ZERO || byte > NINE) return null;
    if (i < split) high = high * 10 + (byte - ZERO);
    else low = low * 10 + (byte - ZERO);
  }
  return BigInt(high) * 1_000_000_000_000_000n + BigInt(low);
}

/** Reads a canonical decimal integer of the signed 64-bit range; null when it is none. */
export function parseBigInt64(bytes: Uint8Array, start: number, end: number): bigint | null {
  const negative = start < end && bytes[start] === MINUS;
  const digits = parseBigDigits(bytes, negative ? start + 1 : start, end);
  if (digits === null || (negative && digits === 0n)) return null;
  const value = negative ? -digits : digits;
  return value >= INT64_MIN && value <= INT64_MAX ? value : null;
}

/** Reads a canonical decimal integer of the unsigned 64-bit range; null when it is none. */
export function parseBigUint64(bytes: Uint8Array, start: number, end: number): bigint | null {
  const value = parseBigDigits(bytes, start, end);
  return value !== null && value <= UINT64_MAX ? value : null;
}

/**
 * Reads an unsigned 64-bit integer as stream IDs and cursors are read: canonical text first, else
 * as C's strtoull does, with leading white space, a sign and leading zeros. A minus sign then wraps
 * round, but only for text that is no signed 64-bit integer.
 */
export function parseLenientUint64(bytes: Uint8Array, start: number, end: number): bigint | null {
  const strict = parseBigInt64(bytes, start, end);
  if (strict !== null) return strict >= 0n ? strict : null;
  return parseLenient(bytes, start, untilZero(bytes, start, end));
}

/** Where a C string in `bytes[start, end)` ends. */
function untilZero(bytes: Uint8Array, start: number, end: number): number {
  const zero = bytes.indexOf(0, start);
  return zero === -1 || zero > end ? end : zero;
}

function parseLenient(bytes: Uint8Array, start: number, end: number): bigint | null {
  let at = start;
  while (at < end && isSpace(bytes[at] as number)) at++;
  const negative = bytes[at] === MINUS && at < end;
  if (at < end && (negative || bytes[at] === 0x2b)) at++;
  if (at === end) return null;
  while (at < end - 1 && bytes[at] === ZERO) at++;
  const value = parseBigUint64(bytes, at, end);
  if (value === null) return null;
  return negative ? BigInt.asUintN(64, -value) : value;
}

/** White space as C's isspace knows it. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

const BILLION = 1_000_000_000;

/** Digits of a whole number below 2^31. */
function digitsOf(value: number): number {
  if (value < 10_000) {
    if (value < 100) return value < 10 ? 1 : 2;
    return value < 1000 ? 3 : 4;
  }
  if (value < 1_000_000) return value < 100_000 ? 5 : 6;
  if (value < 100_000_000) return value < 10_000_000 ? 7 : 8;
  return value < BILLION ? 9 : 10;
}

/** How many bytes `writeInteger` needs for a safe integer. */
export function integerLength(value: number): number {
  if (value < 0) return 1 + integerLength(-value);
  return value < BILLION ? digitsOf(value) : 9 + digitsOf(Math.floor(value / BILLION));
}

/**
 * Writes a safe integer in decimal.
 *
 * @returns The offset after its last digit.
 */
export function writeInteger(value: number, into: Uint8Array, at: number): number {
  if (value < 0) {
    into[at] = MINUS;
    return writeInteger(-value, into, at + 1);
  }
  if (value < BILLION) {
    const end = at + digitsOf(value);
    writeDigits(value | 0, into, at, end);
    return end;
  }
  // Whole numbers of 31 bits divide several times faster, so it is cut in two of them.
  const upper = Math.floor(value / BILLION);
  const middle = at + digitsOf(upper);
  writeDigits(upper | 0, into, at, middle);
  writeDigits((value - upper * BILLION) | 0, into, middle, middle + 9);
  return middle + 9;
}

/** Fills `into[start, end)` with the last digits of a whole number of 31 bits. */
function writeDigits(value: number, into: Uint8Array, start: number, end: number): void {
  let rest = value;
  for (let i = end - 1; i >= start; i--) {
    const quotient = (rest / 10) | 0;
    into[i] = ZERO + (rest - quotient * 10);
    rest = quotient;
  }
}
