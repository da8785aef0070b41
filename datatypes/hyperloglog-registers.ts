/**
 * The 16,384 registers of a HyperLogLog: six bits each in the dense form, and what they tell of how many
 * elements there were. All of them at once are the `BitMachine`'s.
 *
 * The estimate needs only how many registers have each value. It is the improved raw estimator, which
 * needs no correction for few or many elements.
 * Source: O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6.
 */
import { INT64_MIN } from '../protocol/numbers.js';
import { REGISTERS, RUN_BITS } from './hyperloglog-hash.js';

const REGISTER_BITS = 6;
const REGISTER_MAX = (1 << REGISTER_BITS) - 1;
/** Bytes of the registers in the dense form. */
export const DENSE_BYTES = (REGISTERS * REGISTER_BITS) / 8;
/** Values a register of six bits may have. */
const VALUES = REGISTER_MAX + 1;
/** The limit that the bias correction tends to: 1 / (2 ln 2). */
const ALPHA = 0.7213475204444817;

/** Register `index` of the dense registers from `start` on. */
export function denseRegister(bytes: Uint8Array, start: number, index: number): number {
  const bit = index * REGISTER_BITS;
  const at = start + (bit >>> 3);
  // The last register ends with its byte, so what stands behind it does not matter.
  return (((bytes[at] as number) | ((bytes[at + 1] as number) << 8)) >>> (bit & 7)) & REGISTER_MAX;
}

/** Raises dense register `index` to `count`. False when it is no lower already. */
export function raiseDense(
  bytes: Uint8Array,
  start: number,
  index: number,
  count: number,
): boolean {
  if (denseRegister(bytes, start, index) >= count) return false;
  writeDense(bytes, start, index, count);
  return true;
}

/** Gives dense register `index` the value `count`. */
export function writeDense(bytes: Uint8Array, start: number, index: number, count: number): void {
  const bit = index * REGISTER_BITS;
  const at = start + (bit >>> 3);
  const shift = bit & 7;
  bytes[at] = ((bytes[at] as number) & ~(REGISTER_MAX << shift)) | (count << shift);
  if (shift <= 8 - REGISTER_BITS) return;
  const kept = (bytes[at + 1] as number) & ~(REGISTER_MAX >>> (8 - shift));
  bytes[at + 1] = kept | (count >>> (8 - shift));
}

/** How many registers have each value. */
export class Histogram {
  readonly counts = new Int32Array(VALUES);

  clear(): void {
    this.counts.fill(0);
  }

  /** `registers` more have the value `count`. */
  add(count: number, registers = 1): void {
    this.counts[count] = (this.counts[count] as number) + registers;
  }

  /** About how many different elements made the registers what they are: an int64. */
  estimate(): number | bigint {
    const { counts } = this;
    const of = (value: number): number => counts[value] as number;
    let sum = REGISTERS * tau((REGISTERS - of(RUN_BITS + 1)) / REGISTERS);
    for (let value = RUN_BITS; value >= 1; value--) sum = (sum + of(value)) * 0.5;
    sum += REGISTERS * sigma(of(0) / REGISTERS);
    const estimate = Math.round((ALPHA * REGISTERS * REGISTERS) / sum);
    if (estimate <= Number.MAX_SAFE_INTEGER) return estimate;
    // Registers nobody filled with elements: what the real server's processor makes of too large a number.
    return estimate < 2 ** 63 ? BigInt(estimate) : INT64_MIN;
  }
}

/** What the registers that are still zero add: the sum of 2^(k-1) x^(2^k). */
function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let power = share;
  let weight = 1;
  let sum = share;
  for (let previous = Number.NaN; previous !== sum; weight += weight) {
    power *= power;
    previous = sum;
    sum += power * weight;
  }
  return sum;
}

/** What the registers at their highest value add. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let root = share;
  let weight = 1;
  let sum = 1 - share;
  for (let previous = Number.NaN; previous !== sum; ) {
    root = Math.sqrt(root);
    previous = sum;
    weight *= 0.5;
    sum -= (1 - root) * (1 - root) * weight;
  }
  return sum / 3;
}
