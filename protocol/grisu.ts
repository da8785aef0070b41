/**
 * The decimal digits of a double as the real server finds them.
 *
 * It uses Grisu2, whose 64-bit arithmetic narrows the interval that rounds to the value a little: of
 * 1000 values, about 999 get the shortest digits, as JavaScript prints them, and one gets a digit
 * more. Replies must agree to the byte, so the same arithmetic is done here.
 * Source: Florian Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers".
 */

/** Powers of ten kept: 10^-348, 10^-340 and so on, as 64-bit fractions and binary exponents. */
const FIRST_POWER = -348;
const POWER_STEP = 8;
const POWER_COUNT = 87;
/** The binary exponent of the product must be in this range, so its whole part has 32 bits. */
const EXPONENT_MIN = -60;
const EXPONENT_MAX = -32;
const LOG10_OF_2 = 0.30102999566398114;

const MASK_64 = (1n << 64n) - 1n;

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

/** The place in `POWERS` of the power that brings a binary exponent into range. */
function powerIndexFor(exponent: number): number {
  const decimal = Math.trunc(-(exponent + POWER_COUNT) * LOG10_OF_2);
  let index = Math.trunc((decimal - FIRST_POWER) / POWER_STEP);
  for (;;) {
    const product = exponent + (POWERS[index] as Power).exponent + 64;
    if (product < EXPONENT_MIN) index++;
    else if (product > EXPONENT_MAX) index--;
    else return index;
  }
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
  let power = 2 ** Math.floor(Math.log2(value));
  if (power > value) power /= 2; // the logarithm was rounded up to the next whole number
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

function longDigits(value: number): Digits {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0] as bigint;
  const biased = Number(bits >> 52n);
  const stored = bits & ((1n << 52n) - 1n);
  const fraction = biased === 0 ? stored : stored | (1n << 52n);
  const exponent = (biased === 0 ? 1 : biased) - 1075;

  // The value and the middles between it and its neighbours, all with the same exponent.
  const shift = 64 - bitLength(2n * fraction + 1n);
  const scaled = exponent - 1 - shift;
  const atPower = fraction === 1n << 52n; // the neighbour below is then only half as far
  const middleAbove = (2n * fraction + 1n) << BigInt(shift);
  const middleBelow = atPower
    ? (4n * fraction - 1n) << BigInt(shift - 1)
    : (2n * fraction - 1n) << BigInt(shift);

  const index = powerIndexFor(scaled);
  const power = POWERS[index] as Power;
  const upper = multiply(middleAbove, power.fraction) - 1n;
  const lower = multiply(middleBelow, power.fraction) + 1n;
  const exact = multiply((2n * fraction) << BigInt(shift), power.fraction);
  const point = -(scaled + power.exponent + 64);
  return generate(exact, lower, upper, point, -(FIRST_POWER + index * POWER_STEP));
}

/** Writes digits of `upper` until what is left away still lies between `lower` and `upper`. */
function generate(
  exact: bigint,
  lower: bigint,
  upper: bigint,
  point: number,
  decimal: number,
): Digits {
  const shift = BigInt(point);
  const one = 1n << shift;
  let delta = upper - lower;
  let distance = upper - exact;
  const whole = Number(upper >> shift);
  let rest = upper & (one - 1n);

  const wholeText = String(whole);
  for (let taken = 1; taken <= wholeText.length && whole > 0; taken++) {
    const left = wholeText.length - taken;
    const remainder = (BigInt(whole % 10 ** left) << shift) + rest;
    if (remainder <= delta) {
      const unit = BigInt(10 ** left) << shift;
      const digits = roundLast(wholeText.slice(0, taken), delta, remainder, unit, distance);
      return { digits, exponent: decimal + left };
    }
  }
  let digits = whole > 0 ? wholeText : '';
  for (let places = 1; ; places++) {
    rest *= 10n;
    delta = (delta * 10n) & MASK_64;
    distance = (distance * 10n) & MASK_64;
    const digit = Number(rest >> shift);
    if (digit !== 0 || digits !== '') digits += digit;
    rest &= one - 1n;
    if (rest < delta) {
      digits = roundLast(digits, delta, rest, one, distance);
      return { digits, exponent: decimal - places };
    }
  }
}

/** Lowers the last digit as long as that comes closer to the exact value. */
function roundLast(
  digits: string,
  delta: bigint,
  remainder: bigint,
  unit: bigint,
  distance: bigint,
): string {
  let left = remainder;
  let lowered = 0;
  while (
    left < distance &&
    delta - left >= unit &&
    (left + unit < distance || distance - left > left + unit - distance)
  ) {
    lowered++;
    left += unit;
  }
  if (lowered === 0) return digits;
  return digits.slice(0, -1) + (Number(digits.slice(-1)) - lowered);
}
