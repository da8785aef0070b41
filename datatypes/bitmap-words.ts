/**
 * Runs of bits, 32 at a time: counting, searching, combining.
 *
 * A run is part of an arena page, which is given both as bytes and as words. Bit 0 of a byte is its highest
 * one, so bits stand in the order of their numbers. Word loops meet bytes in another order, which does not matter
 * where all bits of a word are alike, are counted, or are combined with those of the same places.
 * Source of the counting: Warren, "Hacker's Delight", 5-1.
 */
import type { Arena, Ref } from './store/arena.js';

const HALVES = 0x5555_5555;
const PAIRS = 0x3333_3333;
const NIBBLES = 0x0f0f_0f0f;
const ONE_A_BYTE = 0x0101_0101;

/** How many of the bits of a byte, or of any 32-bit number, are set. */
export function onesOf(word: number): number {
  const pairs = word - ((word >>> 1) & HALVES);
  const nibbles = (pairs & PAIRS) + ((pairs >>> 2) & PAIRS);
  return Math.imul((nibbles + (nibbles >>> 4)) & NIBBLES, ONE_A_BYTE) >>> 24;
}

/** Counts of ones in groups of four bits. */
function onesByNibble(word: number): number {
  const pairs = word - ((word >>> 1) & HALVES);
  return (pairs & PAIRS) + ((pairs >>> 2) & PAIRS);
}

/** How many bits are set in bytes `[start, end)` of the page that holds `block`. */
export function countOnes(arena: Arena, block: Ref, start: number, end: number): number {
  const bytes = arena.bytes[block >>> 16] as Uint8Array;
  const words = arena.words[block >>> 16] as Int32Array;
  let count = 0;
  let at = start;
  for (; at < end && (at & 3) !== 0; at++) count += onesOf(bytes[at] as number);
  let word = at >>> 2;
  const lastWord = end >>> 2;
  // Three words at once: a group of four bits holds the counts of three, and a byte those of two groups.
  for (const lastGroup = lastWord - 2; word < lastGroup; word += 3) {
    const nibbles =
      onesByNibble(words[word] as number) +
      onesByNibble(words[word + 1] as number) +
      onesByNibble(words[word + 2] as number);
    count += Math.imul((nibbles & NIBBLES) + ((nibbles >>> 4) & NIBBLES), ONE_A_BYTE) >>> 24;
  }
  for (; word < lastWord; word++) count += onesOf(words[word] as number);
  for (at = Math.max(at, lastWord << 2); at < end; at++) count += onesOf(bytes[at] as number);
  return count;
}

/** As `countOnes`, from bit `first` to bit `last`, both included, of a value that starts at byte `start`. */
export function countBits(
  arena: Arena,
  block: Ref,
  start: number,
  first: number,
  last: number,
): number {
  const bytes = arena.bytes[block >>> 16] as Uint8Array;
  const firstByte = start + Math.floor(first / 8);
  const lastByte = start + Math.floor(last / 8);
  const before = (bytes[firstByte] as number) & ~(0xff >>> (first % 8));
  const after = (bytes[lastByte] as number) & (0xff >>> ((last % 8) + 1));
  return countOnes(arena, block, firstByte, lastByte + 1) - onesOf(before) - onesOf(after);
}

/**
 * The first bit that is `bit` among those from `first` to `last`, both included, of a value that starts at
 * byte `start` of the page that holds `block`; -1 when there is none.
 */
export function findBit(
  arena: Arena,
  block: Ref,
  start: number,
  first: number,
  last: number,
  bit: 0 | 1,
): number {
  const bytes = arena.bytes[block >>> 16] as Uint8Array;
  const words = arena.words[block >>> 16] as Int32Array;
  const flip = bit === 1 ? 0 : 0xff;
  const lastByte = start + Math.floor(last / 8);
  let at = start + Math.floor(first / 8);
  let byte = ((bytes[at] as number) ^ flip) & (0xff >>> (first % 8));
  if (byte === 0 && at < lastByte) {
    at = firstOther(bytes, words, at + 1, lastByte, flip);
    byte = (bytes[at] as number) ^ flip;
  }
  if (at === lastByte) byte &= 0xff00 >>> ((last % 8) + 1);
  return byte === 0 ? -1 : (at - start) * 8 + Math.clz32(byte) - 24;
}

/** Where in `bytes[at, last]` the first byte is that is not `uniform` (0 or 255); `last` if all before it are. */
function firstOther(
  bytes: Uint8Array,
  words: Int32Array,
  at: number,
  last: number,
  uniform: number,
): number {
  while (at < last && (at & 3) !== 0) if (bytes[at++] !== uniform) return at - 1;
  const uniformWord = uniform === 0 ? 0 : -1;
  let word = at >>> 2;
  for (const lastWord = last >>> 2; word < lastWord; word++) if (words[word] !== uniformWord) break;
  at = Math.max(at, word << 2);
  while (at < last && bytes[at] === uniform) at++;
  return at;
}

/** The ways to combine two runs. */
export const BitOperation = { and: 0, or: 1, xor: 2 } as const;
export type BitOperation = (typeof BitOperation)[keyof typeof BitOperation];

/** Combines `length` bytes from `at` on with those of `from` from `fromAt` on, in place. */
export function combineBits(
  operation: BitOperation,
  into: DataView,
  at: number,
  from: DataView,
  fromAt: number,
  length: number,
): void {
  const whole = length - (length % 4);
  combineWords(operation, into, at, from, fromAt, whole);
  for (let i = whole; i < length; i++) {
    const [one, other] = [into.getUint8(at + i), from.getUint8(fromAt + i)];
    into.setUint8(at + i, combined(operation, one, other));
  }
}

function combined(operation: BitOperation, one: number, other: number): number {
  if (operation === BitOperation.and) return one & other;
  return operation === BitOperation.or ? one | other : one ^ other;
}

/** The words of `combineBits`: a loop for each operation, so that none asks which it is. */
function combineWords(
  operation: BitOperation,
  into: DataView,
  at: number,
  from: DataView,
  fromAt: number,
  length: number,
): void {
  if (operation === BitOperation.and) {
    for (let i = 0; i < length; i += 4) {
      into.setInt32(at + i, into.getInt32(at + i, true) & from.getInt32(fromAt + i, true), true);
    }
  } else if (operation === BitOperation.or) {
    for (let i = 0; i < length; i += 4) {
      into.setInt32(at + i, into.getInt32(at + i, true) | from.getInt32(fromAt + i, true), true);
    }
  } else {
    for (let i = 0; i < length; i += 4) {
      into.setInt32(at + i, into.getInt32(at + i, true) ^ from.getInt32(fromAt + i, true), true);
    }
  }
}

/** Turns each of the bits of `length` bytes from `at` on. */
export function invertBits(into: DataView, at: number, length: number): void {
  let i = 0;
  for (const whole = length - 3; i < whole; i += 4) {
    into.setInt32(at + i, ~into.getInt32(at + i, true), true);
  }
  for (; i < length; i++) into.setUint8(at + i, ~into.getUint8(at + i));
}
