/**
 * Doubles as text: what the real server reads as one (ZADD, GEOADD) and how it prints one (ZSCORE).
 */
import { toLatin1 } from './bytes.js';
import { type Digits, grisuDigits } from './grisu.js';

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(inity)?$/i;
/** A digit other than 0 before any exponent: such text is not zero, whatever it rounds to. */
const NOT_ZERO = /^[^e]*[1-9]/i;

/** Powers of ten that are exact doubles. */
const EXACT_POWERS = Array.from({ length: 16 }, (_, i) => 10 ** i);

/**
 * Reads a double: decimal text with an optional exponent, or an infinity in any case.
 *
 * @returns NaN when it is no such text (`nan` and hexadecimal are not), and when a finite text is
 *   too large, or too small to differ from zero.
 */
export function parseDouble(bytes: Uint8Array, start: number, end: number): number {
  const short = parseShortDecimal(bytes, start, end);
  if (!Number.isNaN(short)) return short;
  const text = toLatin1(bytes, start, end);
  if (!DECIMAL.test(text)) {
    if (!INFINITE.test(text)) return NaN;
    return bytes[start] === 0x2d ? -Infinity : Infinity;
  }
  const value = Number(text);
  if (!Number.isFinite(value) || (value === 0 && NOT_ZERO.test(text))) return NaN;
  return value;
}

/** What C reads as a number at the start of a text. */
const LEADING = /^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)/i;

/**
 * Reads the double that a text begins with, as C does, whatever follows it; too large a number is infinite.
 *
 * @returns 0 when it begins with none, NaN when it begins with `nan`.
 */
export function parseLeadingDouble(bytes: Uint8Array, start: number, end: number): number {
  const found = LEADING.exec(toLatin1(bytes, start, end))?.[0].toLowerCase() ?? '0';
  if (found.endsWith('n')) return NaN;
  return Number(found.replace(/inf(inity)?/, 'Infinity'));
}

/**
 * Reads up to 15 digits with at most one point; NaN for anything else. Whole numbers below 2^53 and
 * powers of ten to 10^15 are exact, so one division rounds as it should.
 */
export function parseShortDecimal(bytes: Uint8Array, start: number, end: number): number {
  const negative = start < end && bytes[start] === 0x2d;
  const first = negative ? start + 1 : start;
  const size = end - first;
  if (size < 1 || size > 15) return NaN;
  let whole = 0;
  let pointAt = -1;
  for (let i = first; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x30 && byte <= 0x39) whole = whole * 10 + (byte - 0x30);
    else if (byte === 0x2e && pointAt === -1) pointAt = i;
    else return NaN;
  }
  if (pointAt !== -1) {
    if (size === 1) return NaN;
    whole /= EXACT_POWERS[end - pointAt - 1] as number;
  }
  return negative ? -whole : whole;
}

/** Whole numbers up to this are printed exactly, larger ones by their shortest digits. */
const EXACT_INTEGER_MAX = 2 ** 62;

/** Prints a double as the real server does in both protocol versions: 0.1, -0, inf, 2.5e-9, 1e+19. */
export function formatDouble(value: number): string {
  if (Number.isInteger(value)) {
    if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value);
    if (Math.abs(value) <= EXACT_INTEGER_MAX) return String(BigInt(value));
  }
  return formatShortest(value);
}

/** As `formatDouble`, but whole numbers beyond 2^53 too are told by their shortest digits: DEBUG DIGEST hashes that. */
export function formatShortest(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value);
  return formatScientific(value);
}

/** As `formatShortest`, but integers with many zeros at their end have an exponent too: 5e+9. */
export function formatScientific(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (Number.isNaN(value)) return 'nan';
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  return sign + (size === Infinity ? 'inf' : layOut(shortestDigits(size)));
}

/** Integers are their own digits, but for the zeros at their end. */
function shortestDigits(size: number): Digits {
  if (!Number.isSafeInteger(size)) return grisuDigits(size);
  const whole = String(size);
  const digits = whole.replace(/0+$/, '');
  return { digits, exponent: whole.length - digits.length };
}

/**
 * Lays digits out with a point or an exponent. There is no exponent when the last digit stands at
 * 10^-6 to 10^7, or when the point is after at most 4 digits or before at most 2 zeros. The bounds
 * are those of fpconv, which the real server uses; its replies agree.
 */
function layOut({ digits, exponent }: Digits): string {
  const point = digits.length + exponent;
  const plain = (exponent >= -6 && exponent <= 7) || (point >= -2 && point <= 4);
  if (!plain) {
    const decimals = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${digits.charAt(0)}${decimals}e${point > 0 ? '+' : ''}${point - 1}`;
  }
  if (exponent >= 0) return digits.padEnd(point, '0');
  const whole = point > 0 ? digits.slice(0, point) : '0';
  return `${whole}.${digits.slice(Math.max(point, 0)).padStart(-exponent, '0')}`;
}

/** Below this, and from 10^17 on, numbers of 17 digits have an exponent. */
const LEAST_PLAIN = 1e-4;
const LEAST_LARGE = 1e17;
/** Multiples of 2^-10 have ten decimals at most, and below this five digits before them. */
const FRACTION_SCALE = 2 ** 10;
const SHORT_FRACTIONS_END = 1e5;

/** Prints a double with 17 digits, zeros at their end left out: 0.10000000000000001, 1e+17, 2.5e-09. */
export function formatSeventeen(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const size = Math.abs(value);
  if (Number.isSafeInteger(value)) return String(value);
  // With at most fifteen digits, those it is written with are all it has.
  if (size < SHORT_FRACTIONS_END && Number.isInteger(value * FRACTION_SCALE)) return String(value);
  if (size >= LEAST_PLAIN && size < LEAST_LARGE) return withoutEndZeros(value.toPrecision(17));
  const [digits = '', exponent = ''] = value.toExponential(16).split('e');
  return `${withoutEndZeros(digits)}e${exponent.charAt(0)}${exponent.slice(1).padStart(2, '0')}`;
}

function withoutEndZeros(text: string): string {
  if (!text.includes('.')) return text;
  let end = text.length;
  while (text.charAt(end - 1) === '0') end--;
  if (text.charAt(end - 1) === '.') end--;
  return text.slice(0, end);
}

/** From here on `toFixed` writes an exponent. */
const WITH_EXPONENT = 1e21;

/** Prints a double with so many decimals as C does: what lies in the middle goes to the even digit. */
export function formatFixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Math.abs(value) >= WITH_EXPONENT) return `${BigInt(value)}.${'0'.repeat(decimals)}`;
  const scale = 2 ** (decimals + 1);
  // No other number can lie in the middle.
  if (!Number.isInteger(value * scale)) return value.toFixed(decimals);
  const negative = value < 0 || Object.is(value, -0);
  const exact = BigInt(Math.abs(value) * scale) * 10n ** BigInt(decimals);
  const digits = String(halfToEven(exact, BigInt(scale))).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function halfToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

/** Prints a double with up to 17 decimals and without an exponent: GEOPOS. */
export function formatDecimals(value: number): string {
  const text = withoutEndZeros(formatFixed(value, 17));
  return text === '-0' ? '0' : text;
}
