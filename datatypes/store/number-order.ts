/**
 * The order of many numbers, worked out at once.
 *
 * They are sorted by their bits, eleven at a time from the lowest, which takes a few passes whatever their
 * number; those that all numbers share, as whole ones do most, are passed over. A few are compared instead.
 * Source: LSD radix sort, D. Knuth, "The Art of Computer Programming", volume 3, 5.2.5.
 */

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const SIGN = 0x8000_0000;
/** Fewer numbers are not worth the passes. */
const WORTH_PASSES = 256;

/** Compares what stands at two indexes: below, at or above 0. */
export type IndexComparer = (one: number, other: number) => number;

/**
 * The indexes of `numbers`, of which none is NaN, from the least on.
 *
 * @param compareEqual - Decides where two numbers are equal.
 */
export function orderOf(numbers: Float64Array, compareEqual: IndexComparer): Uint32Array {
  if (numbers.length < WORTH_PASSES) {
    return Uint32Array.from(numbers.keys()).sort((one, other) => {
      const [a, b] = [numbers[one]!, numbers[other]!];
      return a < b ? -1 : a > b ? 1 : compareEqual(one, other);
    });
  }
  const order = orderByBits(keysOf(numbers));
  for (let i = 0; i < order.length; ) {
    const number = numbers[order[i]!]!;
    let end = i + 1;
    while (end < order.length && numbers[order[end]!] === number) end++;
    if (end > i + 1) order.subarray(i, end).sort(compareEqual);
    i = end;
  }
  return order;
}

function orderByBits(keys: Uint32Array): Uint32Array {
  let order = Uint32Array.from({ length: keys.length / 2 }, (_, i) => i);
  let next = new Uint32Array(order.length);
  const counts = new Uint32Array(DIGITS);
  for (let bit = 0; bit < 64; bit += DIGIT_BITS) {
    if (!countDigits(keys, bit, counts)) continue;
    for (let i = 0; i < order.length; i++) {
      const digit = digitOf(keys, order[i]!, bit);
      next[counts[digit]!++] = order[i]!;
    }
    [order, next] = [next, order];
  }
  return order;
}

/** For each number two words, low and high, that sort as it does; -0 and 0 are equal. */
function keysOf(numbers: Float64Array): Uint32Array {
  const keys = new Uint32Array(numbers.map((number) => number + 0).buffer);
  for (let i = 0; i < keys.length; i += 2) {
    const isNegative = keys[i + 1]! >= SIGN;
    keys[i] = isNegative ? ~keys[i]! : keys[i]!;
    keys[i + 1] = isNegative ? ~keys[i + 1]! : keys[i + 1]! ^ SIGN;
  }
  return keys;
}

function digitOf(keys: Uint32Array, index: number, bit: number): number {
  const low = keys[index * 2]!;
  const high = keys[index * 2 + 1]!;
  if (bit >= 32) return (high >>> (bit - 32)) & (DIGITS - 1);
  const upper = bit + DIGIT_BITS > 32 ? high << (32 - bit) : 0;
  return ((low >>> bit) | upper) & (DIGITS - 1);
}

/** Works out where the first of each digit goes. False when all have the same digit. */
function countDigits(keys: Uint32Array, bit: number, counts: Uint32Array): boolean {
  counts.fill(0);
  const total = keys.length / 2;
  for (let i = 0; i < total; i++) counts[digitOf(keys, i, bit)]!++;
  if (counts[digitOf(keys, 0, bit)] === total) return false;
  let sum = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = counts[digit]!;
    counts[digit] = sum;
    sum += count;
  }
  return true;
}
