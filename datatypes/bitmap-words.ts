/**
 * Bits of a bitmap: counted and found. Bit 0 of a byte is its highest one, so bits stand in the order of their
 * numbers. Few bytes are looked at one by one; of many, the `BitMachine` sees those that count as a whole.
 * Source of the counting: Warren, "Hacker's Delight", 5-1.
 */
import type { BitMachine } from './store/bit-machine.js';

const HALVES = 0x55;
const PAIRS = 0x33;
const NIBBLES = 0x0f;
/** Up to so many bytes a loop is faster than the way to the machine. */
const FEW_BYTES = 64;

/** How many of the bits of a byte are set. */
function onesOf(byte: number): number {
  const pairs = byte - ((byte >>> 1) & HALVES);
  const nibbles = (pairs & PAIRS) + ((pairs >>> 2) & PAIRS);
  return (nibbles + (nibbles >>> 4)) & NIBBLES;
}

function countOnes(machine: BitMachine, bytes: Uint8Array, start: number, end: number): number {
  if (end - start > FEW_BYTES) return machine.countOnes(bytes, start, end);
  let count = 0;
  for (let at = start; at < end; at++) count += onesOf(bytes[at] as number);
  return count;
}

/** How many bits are set from bit `first` to bit `last`, both included, of a value that starts at `bytes[start]`. */
export function countBits(
  machine: BitMachine,
  bytes: Uint8Array,
  start: number,
  first: number,
  last: number,
): number {
  const firstByte = start + Math.floor(first / 8);
  const lastByte = start + Math.floor(last / 8);
  const before = (bytes[firstByte] as number) & ~(0xff >>> (first % 8));
  const after = (bytes[lastByte] as number) & (0xff >>> ((last % 8) + 1));
  return countOnes(machine, bytes, firstByte, lastByte + 1) - onesOf(before) - onesOf(after);
}

/**
 * The first bit that is `bit` among those from `first` to `last`, both included, of a value that starts at
 * `bytes[start]`; -1 when there is none.
 */
export function findBit(
  machine: BitMachine,
  bytes: Uint8Array,
  start: number,
  first: number,
  last: number,
  bit: 0 | 1,
): number {
  const flip = bit === 1 ? 0 : 0xff;
  const lastByte = start + Math.floor(last / 8);
  let at = start + Math.floor(first / 8);
  let byte = ((bytes[at] as number) ^ flip) & (0xff >>> (first % 8));
  if (byte === 0 && at < lastByte) {
    at = firstOther(machine, bytes, at + 1, lastByte, flip);
    byte = (bytes[at] as number) ^ flip;
  }
  if (at === lastByte) byte &= 0xff00 >>> ((last % 8) + 1);
  return byte === 0 ? -1 : (at - start) * 8 + Math.clz32(byte) - 24;
}

/** Where in `bytes[start, end]` the first byte is that is not `uniform` (0 or 255); `end` if all before it are. */
function firstOther(
  machine: BitMachine,
  bytes: Uint8Array,
  start: number,
  end: number,
  uniform: number,
): number {
  const near = Math.min(end, start + FEW_BYTES);
  for (let at = start; at < near; at++) if (bytes[at] !== uniform) return at;
  return machine.findOther(bytes, near, end, uniform);
}
