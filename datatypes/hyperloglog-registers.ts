/**
 * The 16,384 registers of a HyperLogLog: six bits each in the dense form, one byte each while several are
 * merged, and what they tell of how many elements there were.
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

/** The four dense registers that stand in the three bytes from `at` on. */
function fourAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
  );
}

/** The top bit of each byte of a word. */
const TOP_BITS = 0x8080_8080 | 0;

/** The greater of two words, byte by byte; no byte is above 127. */
function greater(one: number, other: number): number {
  // The top bits left by the subtraction tell where `one` is no less: nothing is borrowed across bytes.
  const isOne = ((one | TOP_BITS) - other) & TOP_BITS;
  const mask = Math.imul(isOne >>> 7, 0xff);
  return (one & mask) | (other & ~mask);
}

/** Raises `registers`, a byte each from the start of their memory, to what the dense ones are. */
export function raiseToDense(registers: Uint8Array, bytes: Uint8Array, start: number): void {
  const words = new Int32Array(registers.buffer, registers.byteOffset, REGISTERS / 4);
  for (let i = 0, at = start; i < words.length; i++, at += 3) {
    const four = fourAt(bytes, at);
    if (four === 0) continue;
    const spread =
      (four & REGISTER_MAX) |
      ((four << 2) & (REGISTER_MAX << 8)) |
      ((four << 4) & (REGISTER_MAX << 16)) |
      ((four << 6) & (REGISTER_MAX << 24));
    words[i] = greater(words[i] as number, spread);
  }
}

/** Gives all dense registers the values of `registers`, a byte each. */
export function writeAllDense(bytes: Uint8Array, start: number, registers: Uint8Array): void {
  for (let index = 0, at = start; index < REGISTERS; index += 4, at += 3) {
    const lower = (registers[index] as number) | ((registers[index + 1] as number) << 6);
    const upper = (registers[index + 2] as number) | ((registers[index + 3] as number) << 6);
    bytes[at] = lower;
    bytes[at + 1] = (lower >>> 8) | (upper << 4);
    bytes[at + 2] = upper >>> 4;
  }
}

const SECOND = VALUES;
const THIRD = 2 * VALUES;
const FOURTH = 3 * VALUES;

function bump(counts: Int32Array, i: number): void {
  counts[i] = (counts[i] as number) + 1;
}

/** How many registers have each value. */
export class Histogram {
  readonly counts = new Int32Array(VALUES);
  /** Registers are counted in four places by turns: one that is counted need not wait for the one before. */
  private readonly lanes = new Int32Array(4 * VALUES);

  clear(): void {
    this.counts.fill(0);
  }

  /** `registers` more have the value `count`. */
  add(count: number, registers = 1): void {
    this.counts[count] = (this.counts[count] as number) + registers;
  }

  /** Counts all dense registers. */
  addDense(bytes: Uint8Array, start: number): void {
    const { lanes } = this;
    for (let at = start; at < start + DENSE_BYTES; at += 3) {
      const four = fourAt(bytes, at);
      bump(lanes, four & REGISTER_MAX);
      bump(lanes, SECOND | ((four >>> REGISTER_BITS) & REGISTER_MAX));
      bump(lanes, THIRD | ((four >>> (2 * REGISTER_BITS)) & REGISTER_MAX));
      bump(lanes, FOURTH | (four >>> (3 * REGISTER_BITS)));
    }
    this.addLanes();
  }

  /** Counts registers of a byte each, a multiple of four of them. */
  addAll(registers: Uint8Array): void {
    const { lanes } = this;
    for (let i = 0; i < registers.length; i += 4) {
      bump(lanes, registers[i] as number);
      bump(lanes, SECOND | (registers[i + 1] as number));
      bump(lanes, THIRD | (registers[i + 2] as number));
      bump(lanes, FOURTH | (registers[i + 3] as number));
    }
    this.addLanes();
  }

  private addLanes(): void {
    for (let i = 0; i < this.lanes.length; i++) this.add(i & REGISTER_MAX, this.lanes[i]);
    this.lanes.fill(0);
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
