/**
 * The order of many numbers, worked out at once.
 *
 * They are sorted by their bits, eleven at a time from the lowest, which takes a few passes whatever their
 * number; those that all numbers share, as whole ones do most, are passed over. A few numbers, or the few least of
 * many, are found by a heap instead.
 * Source: LSD radix sort and heapsort, D. Knuth, "The Art of Computer Programming", volume 3, 5.2.5 and 5.2.3.
 */

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const SIGN = 0x8000_0000;
/** Fewer numbers are not worth the passes. */
const WORTH_PASSES = 256;
/** Of so many times more numbers, the least are found by a heap. */
const WORTH_HEAP = 8;

/** Compares what stands at two indexes: below, at or above 0. */
export type IndexComparer = (one: number, other: number) => number;

/**
 * The indexes of the `count` least of `numbers`, of which none is NaN, from the least on.
 *
 * @param compareEqual - Decides where two numbers are equal; what it calls equal stays as it was.
 */
export function orderOf(
  numbers: Float64Array,
  compareEqual: IndexComparer,
  count = numbers.length,
): Uint32Array {
  if (numbers.length < WORTH_PASSES || count * WORTH_HEAP < numbers.length) {
    return leastByHeap(numbers.length, count, (one, other) => {
      const a = numbers[one]!;
      const b = numbers[other]!;
      if (a !== b) return a < b;
      const difference = compareEqual(one, other);
      return difference === 0 ? one < other : difference < 0;
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
  return order.subarray(0, count);
}

/** Whether what stands at one index comes before what stands at another: never both ways. */
type IsBefore = (one: number, other: number) => boolean;

/** The `count` first of the indexes below `total`: a heap holds the first so far, the last of them on top. */
function leastByHeap(total: number, count: number, isBefore: IsBefore): Uint32Array {
  const heap = new Uint32Array(count);
  for (let i = 0; i < count; i++) heap[i] = i;
  for (let i = (count >>> 1) - 1; i >= 0; i--) sink(heap, count, i, heap[i]!, isBefore);
  for (let i = count; i < total && count > 0; i++) {
    if (isBefore(i, heap[0]!)) sink(heap, count, 0, i, isBefore);
  }
  for (let size = count - 1; size > 0; size--) {
    const last = heap[size]!;
    heap[size] = heap[0]!;
    sink(heap, size, 0, last, isBefore);
  }
  return heap;
}

/** Puts `index` at `from` of a heap of `size`, or below where others are to stand above it. */
function sink(
  heap: Uint32Array,
  size: number,
  from: number,
  index: number,
  isBefore: IsBefore,
): void {
  let place = from;
  for (let child = 2 * place + 1; child < size; child = 2 * place + 1) {
    if (child + 1 < size && isBefore(heap[child]!, heap[child + 1]!)) child++;
    if (!isBefore(index, heap[child]!)) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = index;
}

function orderByBits(keys: Uint32Array): Uint32Array {
  let order = new Uint32Array(keys.length / 2);
  for (let i = 0; i < order.length; i++) order[i] = i;
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
