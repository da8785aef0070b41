/**
 * The decimal digits of a double as the real server finds them.
 *
 * It uses Grisu2, whose 64-bit arithmetic narrows the interval that rounds to the value a little: of
 * 1000 values, about 999 get the shortest digits, as JavaScript prints them, and one gets a digit
 * more. Replies must agree to the byte, so the same arithmetic is done here: the interval's ends are
 * rounded as the paper says, and the rest is plain integer arithmetic on what that gives.
 *
 * Source: Florian Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers"
 * (2010), for the method, the range of exponents and the rule for the power of ten. That the powers
 * kept are every eighth from 10^-348, as in fpconv, is a fact about the real server: it decides
 * digits. How digits are cut and rounded here is our own.
 */

/** Powers of ten kept: 10^-348, 10^-340 and so on, as 64-bit fractions and binary exponents. */
const FIRST_POWER = -348;
const POWER_STEP = 8;
const POWER_COUNT = 87;
/** The least binary exponent of a value times its power; with steps of 8 the greatest is -34. */
const EXPONENT_MIN = -60;

interface Power {
  readonly fraction: bigint;
  readonly exponent: number;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

/** 10^decimal rounded to 64 bits. */
function powerOfTen(decimal: number): Power {
  const ten = 10n ** BigInt(Math.abs(decimal));
  // For negative powers 2^1400 is divided: more bits than any power kept here has.
  const exact = decimal >= 0 ? ten << 64n : (1n << 1400n) / ten;
  const surplus = bitLength(exact) - 64;
  const rounded = (exact + (1n << BigInt(surplus - 1))) >> BigInt(surplus);
  return { fraction: rounded, exponent: surplus - (decimal >= 0 ? 64 : 1400) };
}

const POWERS: readonly Power[] = Array.from({ length: POWER_COUNT }, (_, i) =>
  powerOfTen(FIRST_POWER + i * POWER_STEP),
);

/**
 * The place in `POWERS` of the least power that lifts a 64-bit fraction with this binary exponent to
 * `EXPONENT_MIN`. The product's 64 upper bits have an exponent one above the sum of logarithms.
 */
function powerIndexFor(exponent: number): number {
  const decimal = (EXPONENT_MIN - 1 - exponent) * Math.LOG10E * Math.LN2;
  return Math.ceil((decimal - FIRST_POWER) / POWER_STEP);
}

/** The upper 64 bits of a product, rounded. */
function multiply(a: bigint, b: bigint): bigint {
  return (a * b + (1n << 63n)) >> 64n;
}

/** Digits of a number: `value` = `digits` × 10^`exponent`. */
export interface Digits {
  readonly digits: string;
  readonly exponent: number;
}

/** Finds the digits of a positive finite double. */
export function grisuDigits(value: number): Digits {
  return shortDigits(value) ?? longDigits(value);
}

const SHORT_VALUE_END = 1e15;
const SHORT_DECIMALS_MAX = 15;
/** How much of the interval around a value Grisu2 surely keeps; it gives away under 4 of 1024 parts. */
const SAFE_PART = 0.99;

/**
 * The digits when they are at most 15, by a few operations on doubles; null when there are more, or
 * when Grisu2's narrower interval may miss them.
 *
 * A decimal of 15 digits or less is the only one of its length in the interval, so being shortest and
 * safely inside is all that Grisu2 needs to find the same.
 */
function shortDigits(value: number): Digits | null {
  if (value >= SHORT_VALUE_END) return null;
  for (let decimals = 1; decimals <= SHORT_DECIMALS_MAX; decimals++) {
    const scale = TENS[decimals] as number;
    const whole = Math.round(value * scale);
    if (whole >= SHORT_VALUE_END) return null;
    if (whole / scale !== value) continue;
    return isSafelyInside(value, scale, whole)
      ? { digits: String(whole), exponent: -decimals }
      : null;
  }
  return null;
}

const TENS = Array.from({ length: SHORT_DECIMALS_MAX + 1 }, (_, i) => 10 ** i);
/** Multiplied with this, a double splits into two halves of 26 bits (Veltkamp, Dekker). */
const SPLITTER = 2 ** 27 + 1;

/** Says whether `whole` / `scale` is well within half a last bit of `value`, by exact arithmetic. */
function isSafelyInside(value: number, scale: number, whole: number): boolean {
  const power = 2 ** binaryExponentOf(value);
  if (power === value) return false; // the interval below a power of two is narrower
  const product = value * scale;
  const valueHigh = value * SPLITTER - (value * SPLITTER - value);
  const scaleHigh = scale * SPLITTER - (scale * SPLITTER - scale);
  const valueLow = value - valueHigh;
  const scaleLow = scale - scaleHigh;
  const highs = valueHigh * scaleHigh - product;
  const rest = highs + valueHigh * scaleLow + valueLow * scaleHigh + valueLow * scaleLow;
  return Math.abs(whole - product - rest) < SAFE_PART * (power * 2 ** -53) * scale;
}

/** The exponent of the largest power of two that is not above a positive double. */
function binaryExponentOf(value: number): number {
  const exponent = Math.floor(Math.log2(value));
  // The logarithm of what lies just below a power of two is rounded up to a whole number.
  return 2 ** exponent > value ? exponent - 1 : exponent;
}

/** What rounds to a value, times a power of ten: integers in units of 2^-`point`. */
interface Interval {
  readonly low: bigint;
  readonly exact: bigint;
  readonly high: bigint;
  readonly point: number;
}

const FRACTION_BITS = 53;
const LEAST_EXPONENT = -1074;

function longDigits(value: number): Digits {
  const exponent = Math.max(binaryExponentOf(value) + 1 - FRACTION_BITS, LEAST_EXPONENT);
  const fraction = value / 2 ** exponent;
  // As many bits more as make the value 64 bits long.
  const added = 63 - binaryExponentOf(fraction);
  const index = powerIndexFor(exponent - added);
  const { fraction: power, exponent: powerExponent } = POWERS[index] as Power;

  const middle = BigInt(fraction * 2 ** added);
  const halfBit = BigInt(2 ** (added - 1));
  // The neighbour below a power of two is half as far; the real server thinks so of 2^-1022 too.
  const below = fraction === 2 ** (FRACTION_BITS - 1) ? halfBit / 2n : halfBit;
  const interval = {
    // The ends may be wrong by one through rounding: both go inwards.
    low: multiply(middle - below, power) + 1n,
    exact: multiply(middle, power),
    high: multiply(middle + halfBit, power) - 1n,
    point: -(exponent - added + powerExponent + 64),
  };
  return digitsWithin(interval, -(FIRST_POWER + index * POWER_STEP));
}

const BIG_TENS = Array.from({ length: 20 }, (_, i) => 10n ** BigInt(i));

function bigTen(decimals: number): bigint {
  return BIG_TENS[Math.max(decimals, 0)] as bigint;
}

/**
 * The shortest digits within an interval, as near to the exact value as digits so few can be.
 *
 * `high` cut off at a decimal place is within when what is cut off is no more than the width. That
 * part grows with the place, so from a place that is fine enough one goes up as long as it fits. A
 * part as large as the width fits at the places of whole numbers only.
 */
function digitsWithin({ low, exact, high, point }: Interval, decimal: number): Digits {
  const one = 1n << BigInt(point);
  const width = high - low;
  let rest = BigInt.asUintN(point, high);
  let place = 0;
  if (rest > width) {
    place = placeBelow(width, point);
    rest = BigInt.asUintN(point, high * bigTen(-place));
  }
  for (let next = place + 1; ; next++) {
    const factor = bigTen(-next);
    const cut = next < 0 ? BigInt.asUintN(point, high * factor) : high % (bigTen(next) * one);
    if (next < 0 ? cut >= width * factor : cut > width) break;
    rest = cut;
    place = next;
  }
  const factor = bigTen(-place);
  const unit = bigTen(place) * one;
  const whole = (high * factor - rest) / unit;
  const lowered = stepsDown(rest, (high - exact) * factor, width * factor, unit);
  return { digits: String(whole - lowered), exponent: decimal + place };
}

/** A decimal place below 0 whose unit is surely less than `width`, and not by more than a place. */
function placeBelow(width: bigint, point: number): number {
  return Math.floor(Math.log10(Number(width) / 2 ** point) - 1e-9);
}

/**
 * How many units below the cut the decimal nearest to the exact value is; all are distances from the
 * upper end. Halfway it is the upper one, and none below the interval is taken.
 */
function stepsDown(cut: bigint, exact: bigint, low: bigint, unit: bigint): bigint {
  const above = 2n * (exact - cut);
  if (above <= unit) return 0n;
  const nearest = (above + unit - 1n) / (2n * unit);
  const allowed = (low - cut) / unit;
  return nearest < allowed ? nearest : allowed;
}
