/**
 * Which register of a HyperLogLog an element belongs to, and what it would make of it.
 *
 * The hash is MurmurHash64A with a fixed seed, in 32-bit halves: products of 64 bits are put together from
 * products of 16 by 16 bits, so all of it is exact and no BigInt is made. Its lowest 14 bits are the number of
 * the register; the register keeps the longest run of zeros seen in the other 50, plus one.
 * Source: A. Appleby, MurmurHash2, 64-bit version (public domain).
 */

/** Bits of the hash that choose the register. */
export const INDEX_BITS = 14;
export const REGISTERS = 1 << INDEX_BITS;
/** Bits of the hash whose zeros are counted: no register is more than one above. */
export const RUN_BITS = 64 - INDEX_BITS;

const MULTIPLIER_HIGH = 0xc6a4_a793 | 0;
const MULTIPLIER_LOW = 0x5bd1_e995;
const MULTIPLIER_LOW_LOWER = MULTIPLIER_LOW & 0xffff;
const MULTIPLIER_LOW_UPPER = MULTIPLIER_LOW >>> 16;
const SEED = 0xadc8_3b19 | 0;
/** The mixing shift of 47 bits leaves of the higher half so many bits less than 32 in the lower. */
const MIX_SHIFT = 47 - 32;

/** The higher half of the 64-bit product of `high:low` and the multiplier. */
function productHigh(high: number, low: number): number {
  const lower = low & 0xffff;
  const upper = low >>> 16;
  const first = Math.imul(lower, MULTIPLIER_LOW_LOWER) >>> 16;
  const second = (Math.imul(upper, MULTIPLIER_LOW_LOWER) + first) >>> 0;
  const third = (Math.imul(lower, MULTIPLIER_LOW_UPPER) + (second & 0xffff)) >>> 16;
  const carried = Math.imul(upper, MULTIPLIER_LOW_UPPER) + (second >>> 16) + third;
  return (carried + Math.imul(low, MULTIPLIER_HIGH) + Math.imul(high, MULTIPLIER_LOW)) | 0;
}

/** The lower half of the product of anything with lower half `low` and the multiplier. */
const productLow = (low: number): number => Math.imul(low, MULTIPLIER_LOW);

/** The four bytes from `at` on, of which those from `end` on are zero, as a word. */
function wordAt(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = Math.min(end - at, 4) - 1; i >= 0; i--)
    word = (word << 8) | (bytes[at + i] as number);
  return word;
}

/** Where an element goes: `register | count << 14`, of element `bytes[start, end)`. */
export function elementPlace(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let low = SEED ^ productLow(length);
  let high = productHigh(0, length);
  let at = start;
  for (const whole = end - (length & 7); at < whole; at += 8) {
    const low1 = wordAt(bytes, at, end);
    const high1 = wordAt(bytes, at + 4, end);
    let high2 = productHigh(high1, low1);
    const low2 = productLow(low1) ^ (high2 >>> MIX_SHIFT);
    high2 = productHigh(high2, low2);
    high ^= high2;
    low ^= productLow(low2);
    high = productHigh(high, low);
    low = productLow(low);
  }
  if (at < end) {
    low ^= wordAt(bytes, at, end);
    if (end - at > 4) high ^= wordAt(bytes, at + 4, end);
    high = productHigh(high, low);
    low = productLow(low);
  }
  low ^= high >>> MIX_SHIFT;
  high = productHigh(high, low);
  low = productLow(low);
  low ^= high >>> MIX_SHIFT;
  return (low & (REGISTERS - 1)) | (runOf(high, low >>> INDEX_BITS) << INDEX_BITS);
}

/** The zeros at the low end of `high`, followed by 18 bits `low`, plus one. */
function runOf(high: number, low: number): number {
  if (low !== 0) return 32 - Math.clz32(low & -low);
  if (high !== 0) return 18 + 32 - Math.clz32(high & -high);
  return RUN_BITS + 1;
}
