/**
 * Puts many elements of sorted sets in order at once, by score, then member: how a tree is made of a result.
 *
 * Scores are sorted by their bits, eleven at a time from the lowest, which takes a few passes whatever the
 * number of elements; those that all scores share, as whole numbers do most, are passed over. Members are
 * compared only where scores are equal.
 * Source: LSD radix sort, D. Knuth, "The Art of Computer Programming", volume 3, 5.2.5.
 */
import { compareBytes } from '../../protocol/bytes.js';
import type { Ref } from './arena.js';
import type { ScoredElements } from './scored-elements.js';

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const SIGN = 0x8000_0000;

/** The elements in order. */
export function orderByScore(elements: ScoredElements, refs: Uint32Array): Uint32Array {
  const keys = keysOf(elements, refs);
  let order = Uint32Array.from(refs.keys());
  let next = new Uint32Array(refs.length);
  const counts = new Uint32Array(DIGITS);
  for (let bit = 0; bit < 64; bit += DIGIT_BITS) {
    if (!countDigits(keys, bit, counts)) continue;
    for (let i = 0; i < order.length; i++) {
      const digit = digitOf(keys, order[i]!, bit);
      next[counts[digit]!++] = order[i]!;
    }
    [order, next] = [next, order];
  }
  const sorted = order.map((index) => refs[index]!);
  orderEqual(elements, sorted);
  return sorted;
}

/** For each element two words, low and high, that sort as its score does; -0 and 0 are equal. */
function keysOf(elements: ScoredElements, refs: Uint32Array): Uint32Array {
  const scores = new Float64Array(refs.length);
  for (let i = 0; i < refs.length; i++) scores[i] = elements.score(refs[i]!) + 0;
  const keys = new Uint32Array(scores.buffer);
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

/** Orders by member where scores are equal. */
function orderEqual(elements: ScoredElements, sorted: Uint32Array): void {
  const byMember = (one: Ref, other: Ref) =>
    compareBytes(
      elements.page(one),
      elements.start(one),
      elements.end(one),
      elements.page(other),
      elements.start(other),
      elements.end(other),
    );
  for (let i = 0; i < sorted.length; ) {
    const score = elements.score(sorted[i]!);
    let end = i + 1;
    while (end < sorted.length && elements.score(sorted[end]!) === score) end++;
    if (end > i + 1) sorted.subarray(i, end).sort(byMember);
    i = end;
  }
}
