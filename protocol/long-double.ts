/**
 * Sums as INCRBYFLOAT and HINCRBYFLOAT make them: in the 80-bit floating point of x86.
 *
 * Such a number is a whole mantissa of up to 64 bits times a power of two. Text is read to the nearest
 * one (ties to even), the sum of two is rounded the same way, and the result is printed with 17
 * decimals, less the zeros at the end. BigInt does it exactly; a shortcut covers common numbers.
 */
import { toLatin1 } from './bytes.js';

const MANTISSA_BITS = 64;
/** The exponent of the last mantissa bit: of the smallest numbers, and past that of the largest. */
const EXPONENT_MIN = -16445;
const EXPONENT_END = 16384 - MANTISSA_BITS + 1;
/** Decimal exponents beyond these overflow or vanish, unless the digits make up for it. */
const DECIMAL_EXPONENT_MAX = 5000;

/** A finite number is `mantissa` × 2^`exponent`; an infinite one has a mantissa of 1 or -1. */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly infinite: boolean;
}

/** Longer texts are refused, in bytes; this also bounds what one number may cost. */
const TEXT_MAX = 5119;

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i;
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

function bitLength(value: bigint): number {
  const hex = value.toString(16);
  return hex.length * 4 - Math.clz32(Number.parseInt(hex.charAt(0), 16)) + 28;
}

/** `numerator` / `denominator`, to the nearest whole number, ties to even. Both are positive. */
function divideToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator - quotient * denominator) * 2n;
  if (twice < denominator || (twice === denominator && (quotient & 1n) === 0n)) return quotient;
  return quotient + 1n;
}

function makeInfinite(negative: boolean): LongDouble {
  return { mantissa: negative ? -1n : 1n, exponent: 0, infinite: true };
}

/** Rounds the fraction `numerator` / `denominator` × 2^`power` to a long double. */
function round(
  negative: boolean,
  numerator: bigint,
  denominator: bigint,
  power: number,
): LongDouble {
  if (numerator === 0n) return { mantissa: 0n, exponent: 0, infinite: false };
  // The estimate may be one too low, which gives 65 bits; never too high.
  let shift = bitLength(numerator) - bitLength(denominator) - MANTISSA_BITS;
  if (
    denominator << BigInt(MANTISSA_BITS + Math.max(shift, 0)) <=
    numerator << BigInt(Math.max(-shift, 0))
  ) {
    shift++;
  }
  shift = Math.max(shift, EXPONENT_MIN - power);
  let mantissa =
    shift >= 0
      ? divideToEven(numerator, denominator << BigInt(shift))
      : divideToEven(numerator << BigInt(-shift), denominator);
  let exponent = shift + power;
  if (mantissa >> 64n !== 0n) {
    mantissa >>= 1n; // rounding up made it 2^64, so the bit lost is 0
    exponent++;
  }
  if (exponent >= EXPONENT_END) return makeInfinite(negative);
  return { mantissa: negative ? -mantissa : mantissa, exponent, infinite: false };
}

/**
 * Reads a long double: decimal or hexadecimal text with an optional exponent, or an infinity.
 *
 * @returns null when it is no such text (`nan` is not), and when a finite text is too large, or too
 *   small to differ from zero.
 */
export function parseLongDouble(bytes: Uint8Array, start: number, end: number): LongDouble | null {
  if (end - start > TEXT_MAX) return null;
  const text = toLatin1(bytes, start, end);
  const infinite = INFINITE.exec(text);
  if (infinite) return makeInfinite(infinite[1] === '-');
  const decimal = DECIMAL.exec(text);
  const found = decimal ?? HEXADECIMAL.exec(text);
  if (!found) return null;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = found;
  if (whole === '' && fraction === '') return null;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return { mantissa: 0n, exponent: 0, infinite: false };
  const negative = sign === '-';
  const value = decimal
    ? fromDecimal(negative, digits, Number(exponentText) - fraction.length)
    : fromHexadecimal(negative, digits, Number(exponentText) - 4 * fraction.length);
  return value === null || value.infinite || value.mantissa === 0n ? null : value;
}

function fromDecimal(negative: boolean, digits: string, exponent: number): LongDouble | null {
  if (Math.abs(exponent + digits.length) > DECIMAL_EXPONENT_MAX) return null;
  const numerator = BigInt(digits);
  if (exponent >= 0) return round(negative, numerator * 10n ** BigInt(exponent), 1n, 0);
  return round(negative, numerator, 10n ** BigInt(-exponent), 0);
}

function fromHexadecimal(negative: boolean, digits: string, exponent: number): LongDouble | null {
  if (Math.abs(exponent + 4 * digits.length) > 4 * DECIMAL_EXPONENT_MAX) return null;
  return round(negative, BigInt(`0x${digits}`), 1n, exponent);
}

/** The rounded sum; null when it is no finite number. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | null {
  if (a.infinite || b.infinite) return null;
  const power = Math.min(a.exponent, b.exponent);
  const exact =
    (a.mantissa << BigInt(a.exponent - power)) + (b.mantissa << BigInt(b.exponent - power));
  const sum = round(exact < 0n, exact < 0n ? -exact : exact, 1n, power);
  return sum.infinite ? null : sum;
}

const DECIMALS = 17;

/** Prints a finite long double: rounded to 17 decimals (ties to even), without zeros at the end. */
export function formatLongDouble(value: LongDouble): string {
  const negative = value.mantissa < 0n;
  const size = negative ? -value.mantissa : value.mantissa;
  if (value.exponent >= 0) return `${negative ? '-' : ''}${size << BigInt(value.exponent)}`;
  const scaled = divideToEven(size * 10n ** BigInt(DECIMALS), 1n << BigInt(-value.exponent));
  return placePoint(negative, String(scaled), DECIMALS);
}

/** Writes `digits` / 10^`decimals`, without zeros at the end. */
function placePoint(negative: boolean, digits: string, decimals: number): string {
  const padded = digits.padStart(decimals + 1, '0');
  const point = padded.length - decimals;
  const fraction = padded.slice(point).replace(/0+$/, '');
  const text = fraction === '' ? padded.slice(0, point) : `${padded.slice(0, point)}.${fraction}`;
  return negative && text !== '0' ? `-${text}` : text;
}

/** The value as a double, for timeouts; rounded a second time, which may be off by one last bit. */
export function longDoubleToNumber(value: LongDouble): number {
  if (value.infinite) return value.mantissa < 0n ? -Infinity : Infinity;
  const half = Math.trunc(value.exponent / 2);
  return Number(value.mantissa) * 2 ** half * 2 ** (value.exponent - half);
}

const SHORT_SIZE_MAX = 15;
const SHORT_DECIMALS_MAX = 13;
/** Below this the errors of both numbers and of their sum are under half of the 17th decimal. */
const SHORT_VALUE_END = 32;

const SHORT = /^-?\d+(?:\.(\d+))?$/;

/**
 * Adds short decimals by whole numbers, or gives null when that may differ from the long way.
 *
 * Whole numbers of 15 digits are exact either way. With decimals, numbers below 2^5 are each off by at
 * most 2^-60 and the sum by 2^-59 more: 2^-58 together, less than 0.5e-17. So the sum of the texts
 * is what 17 decimals show.
 */
function addShort(a: string, b: string): string | null {
  if (a.length > SHORT_SIZE_MAX || b.length > SHORT_SIZE_MAX) return null;
  const [shortA, shortB] = [SHORT.exec(a), SHORT.exec(b)];
  if (!shortA || !shortB) return null;
  const decimals = Math.max(shortA[1]?.length ?? 0, shortB[1]?.length ?? 0);
  if (decimals === 0) return String(Number(a) + Number(b));
  if (decimals > SHORT_DECIMALS_MAX) return null;
  const [valueA, valueB] = [Number(a), Number(b)];
  if (Math.abs(valueA) >= SHORT_VALUE_END || Math.abs(valueB) >= SHORT_VALUE_END) return null;
  // The products are below 2^49, so rounding finds the whole numbers meant.
  const scale = 10 ** decimals;
  const sum = Math.round(valueA * scale) + Math.round(valueB * scale);
  return placePoint(sum < 0, String(Math.abs(sum)), decimals);
}

/**
 * The sum of two texts as INCRBYFLOAT prints it.
 *
 * @returns null when a text is no long double (`parseLongDouble` tells which) or the sum is infinite
 *   or not a number.
 */
export function addLongDoubleTexts(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): string | null {
  if (aEnd - aStart <= SHORT_SIZE_MAX && bEnd - bStart <= SHORT_SIZE_MAX) {
    const short = addShort(toLatin1(a, aStart, aEnd), toLatin1(b, bStart, bEnd));
    if (short !== null) return short;
  }
  const left = parseLongDouble(a, aStart, aEnd);
  const right = left && parseLongDouble(b, bStart, bEnd);
  const sum = left && right && addLongDoubles(left, right);
  return sum && formatLongDouble(sum);
}
