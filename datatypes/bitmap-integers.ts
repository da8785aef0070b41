/**
 * Integers of 1 to 64 bits that start at any bit of a string: read, written, added to.
 *
 * Bits are in the order of their numbers, so the highest of an integer is the first. Up to 41 bits an
 * integer stands in at most six bytes, which a JavaScript number holds exactly; longer ones are read and written
 * as two parts, and are BigInts in between.
 */

import { INT64_MAX } from '../protocol/numbers.js';

/** Integers of so many bits are worked with as plain numbers. */
const NARROW_BITS = 41;
const LOW_BITS = 32;

/** As the words of BITFIELD: `i8`, `u63`. */
export interface IntegerType {
  readonly signed: boolean;
  readonly bits: number;
}

/** What becomes of a value that its type cannot hold. */
export const Overflow = { wrap: 0, saturate: 1, fail: 2 } as const;
export type Overflow = (typeof Overflow)[keyof typeof Overflow];

/** A bit string as both forms of integers take it: bytes `[start, end)`, behind which all bits are zero. */
export interface BitString {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** `bits` (at most 41) bits from bit `offset` on, as an unsigned number. */
function readNarrow({ bytes, start, end }: BitString, offset: number, bits: number): number {
  const first = start + Math.floor(offset / 8);
  const lastBit = (offset % 8) + bits - 1;
  const last = first + (lastBit >>> 3);
  let value = 0;
  for (let at = first; at <= last; at++)
    value = value * 256 + (at < end ? (bytes[at] as number) : 0);
  return Math.floor(value / 2 ** (7 - (lastBit & 7))) % 2 ** bits;
}

/** Writes the lowest `bits` (at most 41) bits of an unsigned number from bit `offset` on. */
function writeNarrow(string: BitString, offset: number, bits: number, value: number): void {
  const { bytes, start } = string;
  let rest = value;
  let left = bits;
  let end = offset + bits;
  while (left > 0) {
    const at = start + Math.floor((end - 1) / 8);
    const below = (8 - (end % 8)) % 8;
    const taken = Math.min(left, 8 - below);
    const mask = ((1 << taken) - 1) << below;
    bytes[at] = ((bytes[at] as number) & ~mask) | (((rest % 256) << below) & mask);
    rest = Math.floor(rest / 2 ** taken);
    left -= taken;
    end -= taken;
  }
}

/** The integer at bit `offset`: a number for types of up to 41 bits. */
export function readInteger(string: BitString, offset: number, type: IntegerType): number | bigint {
  const { signed, bits } = type;
  if (bits <= NARROW_BITS) {
    const value = readNarrow(string, offset, bits);
    return signed && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }
  const high = readNarrow(string, offset, bits - LOW_BITS);
  const low = readNarrow(string, offset + bits - LOW_BITS, LOW_BITS);
  const value = (BigInt(high) << 32n) | BigInt(low);
  return signed ? BigInt.asIntN(bits, value) : value;
}

/** Writes an integer that its type can hold; the string reaches that far. */
export function writeInteger(
  string: BitString,
  offset: number,
  { bits }: IntegerType,
  value: number | bigint,
): void {
  if (bits <= NARROW_BITS) {
    const number = Number(value);
    return writeNarrow(string, offset, bits, number < 0 ? number + 2 ** bits : number);
  }
  const pattern = BigInt.asUintN(bits, BigInt(value));
  writeNarrow(string, offset, bits - LOW_BITS, Number(pattern >> 32n));
  writeNarrow(string, offset + bits - LOW_BITS, LOW_BITS, Number(pattern & 0xffff_ffffn));
}

/**
 * The sum as the type holds it; null when it cannot and `overflow` is `fail`.
 *
 * @param value - What the type holds, in the form `readInteger` gives.
 * @param increment - An int64.
 */
export function sumOf(
  type: IntegerType,
  value: number | bigint,
  increment: number | bigint,
  overflow: Overflow,
): number | bigint | null {
  if (typeof value === 'number' && typeof increment === 'number') {
    const sum = value + increment;
    if (holds(type, sum)) return sum;
  }
  return fitted(type, BigInt(value) + BigInt(increment), overflow);
}

/**
 * A given value as the type holds it; null when it cannot and `overflow` is `fail`. A negative one is, for an
 * unsigned type, too large rather than too small; so is, for a signed one, what is farther below its largest
 * integer than an int64 can tell.
 *
 * @param value - An int64.
 */
export function settable(
  type: IntegerType,
  value: number | bigint,
  overflow: Overflow,
): number | bigint | null {
  if (typeof value === 'number' && holds(type, value)) return value;
  const exact = BigInt(value);
  if (!type.signed) return fitted(type, BigInt.asUintN(64, exact), overflow);
  const largest = (1n << BigInt(type.bits - 1)) - 1n;
  if (overflow === Overflow.saturate && type.bits < 64 && largest - exact > INT64_MAX)
    return largest;
  return fitted(type, exact, overflow);
}

/** Whether a whole number is in the range of a narrow type. */
function holds({ signed, bits }: IntegerType, value: number): boolean {
  if (bits > NARROW_BITS) return false;
  const limit = 2 ** (signed ? bits - 1 : bits);
  return value < limit && value >= (signed ? -limit : 0);
}

function fitted({ signed, bits }: IntegerType, value: bigint, overflow: Overflow): bigint | null {
  const wrapped = signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  if (wrapped === value || overflow === Overflow.wrap) return wrapped;
  if (overflow === Overflow.fail) return null;
  const limit = 1n << BigInt(signed ? bits - 1 : bits);
  if (value >= limit) return limit - 1n;
  return signed ? -limit : 0n;
}
