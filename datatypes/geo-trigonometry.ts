/**
 * Sines, cosines and their inverses, rounded as they should be.
 *
 * Those of the engine are off by one last digit now and then, and so would be distances that are stored. Here numbers
 * are pairs of doubles whose sum is meant: about 32 digits, of which the first 17 are right. Ten times as slow as
 * `Math`, so only what is stored or in doubt is worked out this way. Sources: Dekker, "A Floating-Point Technique for
 * Extending the Available Precision" (1971); Shewchuk, "Adaptive Precision Floating-Point Arithmetic" (1997).
 */

/** What distances are worked out with: `Math`, or `PRECISE`. */
export type Trigonometry = Pick<Math, 'sin' | 'cos' | 'asin' | 'atan2'>;

/** A number as the sum of a double and a much smaller one. */
type Pair = readonly [number, number];

const ONE: Pair = [1, 0];
/** Half of pi, to 48 digits. */
const HALF_PI: readonly [number, number, number] = [
  1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33,
];
/** Twice as many factors in the series as this; the rest is below 10^-33 for angles up to an eighth of a turn. */
const TERMS = 14;
/** 2^27 + 1: splits a double into two of 26 digits. */
const SPLITTER = 134217729;

/** The sum of two doubles, without loss. */
function sum(a: number, b: number): Pair {
  const high = a + b;
  const part = high - a;
  return [high, a - (high - part) + (b - part)];
}

/** The product of two doubles, without loss. */
function product(a: number, b: number): Pair {
  const high = a * b;
  const aTop = SPLITTER * a - (SPLITTER * a - a);
  const bTop = SPLITTER * b - (SPLITTER * b - b);
  const [aRest, bRest] = [a - aTop, b - bTop];
  return [high, aTop * bTop - high + aTop * bRest + aRest * bTop + aRest * bRest];
}

function add(a: Pair, b: Pair): Pair {
  const [high, low] = sum(a[0], b[0]);
  return sum(high, low + (a[1] + b[1]));
}

function multiply(a: Pair, b: Pair): Pair {
  const [high, low] = product(a[0], b[0]);
  return sum(high, low + (a[0] * b[1] + a[1] * b[0]));
}

function divide(a: Pair, divisor: number): Pair {
  const quotient = a[0] / divisor;
  const [high, low] = product(quotient, divisor);
  return sum(quotient, (a[0] - high - low + a[1]) / divisor);
}

const negate = (a: Pair): Pair => [-a[0], -a[1]];

/** The sine (`first` 1) or the cosine (0) of a small angle: 1 - x²/2(1 - x²/12(1 - ...)), for the sine times x. */
function series(angle: Pair, first: 0 | 1): Pair {
  const square = multiply(angle, angle);
  let value = ONE;
  for (let n = TERMS; n > 0; n--) {
    const factor = (2 * n + first) * (2 * n + first - 1);
    value = add(ONE, negate(divide(multiply(square, value), factor)));
  }
  return first === 1 ? multiply(angle, value) : value;
}

/** Sine and cosine of an angle of at most a full turn. */
function sineAndCosine(angle: number): readonly [Pair, Pair] {
  const quarters = Math.round(angle / HALF_PI[0]);
  const [high, low] = sum(angle, -quarters * HALF_PI[0]);
  const middle = sum(low, -quarters * HALF_PI[1]);
  const rest = add([high, 0], [middle[0], middle[1] - quarters * HALF_PI[2]]);
  const sine = series(rest, 1);
  const cosine = series(rest, 0);
  switch (quarters & 3) {
    case 0:
      return [sine, cosine];
    case 1:
      return [cosine, negate(sine)];
    case 2:
      return [negate(sine), negate(cosine)];
    default:
      return [negate(cosine), sine];
  }
}

const sin = (angle: number): number => sineAndCosine(angle)[0][0];
const cos = (angle: number): number => sineAndCosine(angle)[1][0];

/** One step of Newton's method from what the engine answers. */
function asin(sine: number): number {
  const guess = Math.asin(sine);
  if (Math.abs(sine) === 1 || Number.isNaN(guess)) return guess;
  const [guessed, slope] = sineAndCosine(guess);
  return guess + add([sine, 0], negate(guessed))[0] / slope[0];
}

function atan2(y: number, x: number): number {
  const guess = Math.atan2(y, x);
  const [sine, cosine] = sineAndCosine(guess);
  const across = add(multiply(cosine, [y, 0]), negate(multiply(sine, [x, 0])));
  const along = Math.hypot(x, y);
  return along === 0 ? guess : guess + across[0] / along;
}

export const PRECISE: Trigonometry = { sin, cos, asin, atan2 };
