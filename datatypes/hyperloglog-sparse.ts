/**
 * The sparse form of HyperLogLog registers: runs of equal ones, in the order of the registers.
 *
 *   00nnnnnn            n + 1 registers of 0
 *   01nnnnnn nnnnnnnn   n + 1 registers of 0, up to all of them
 *   1vvvvvnn            n + 1 registers of v + 1: at most four, of at most 32
 *
 * A register is raised by putting up to three runs where one stood; runs of the same value that thereby came
 * to be neighbours are joined, but only near that place. Which are joined decides what bytes there are, and those
 * are to be the real server's: hence the limits of `joinRuns`.
 */
import { REGISTERS } from './hyperloglog-hash.js';

/** The largest value a run can have: a higher register takes the dense form. */
export const SPARSE_VALUE_MAX = 32;
const VALUE_RUN_MAX = 4;
const SHORT_ZEROS_MAX = 64;
const LONG_ZEROS = 0x40;
const VALUE = 0x80;
const KIND = 0xc0;
const LOW_BITS = 0x3f;
/** Runs that are looked at after a change, from the one before it on. */
const RUNS_LOOKED_AT = 5;
/** What a run is replaced by at most: zeros, the register, zeros. */
const LONGEST_REPLACEMENT = 5;

/** Bytes of the run that starts with `byte`. */
export function runBytes(byte: number): number {
  return (byte & KIND) === LONG_ZEROS ? 2 : 1;
}

/** The value of all registers of the run that starts with `byte`. */
export function runValue(byte: number): number {
  return (byte & VALUE) === 0 ? 0 : ((byte >>> 2) & 0x1f) + 1;
}

/** How many registers the run at `at` has; one cut off by the `end` has less. */
export function runLength(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at] as number;
  if ((byte & VALUE) !== 0) return (byte & 3) + 1;
  if ((byte & KIND) !== LONG_ZEROS) return (byte & LOW_BITS) + 1;
  const low = at + 1 < end ? (bytes[at + 1] as number) : 0;
  return (((byte & LOW_BITS) << 8) | low) + 1;
}

/** Whether `byte` starts a run of zeros that has two bytes. */
export function isLongZeros(byte: number): boolean {
  return (byte & KIND) === LONG_ZEROS;
}

/**
 * Hands over all runs: the first register of each, how many there are, and their value.
 *
 * @returns False when they are not those of all registers, no more and no less.
 */
export function forEachRun(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (first: number, length: number, value: number) => void,
): boolean {
  let index = 0;
  for (let at = start; at < end; ) {
    const length = runLength(bytes, at, end);
    if (index + length > REGISTERS) return false;
    const byte = bytes[at] as number;
    visit(index, length, runValue(byte));
    index += length;
    at += runBytes(byte);
  }
  return index === REGISTERS;
}

function valueByte(value: number, length: number): number {
  return VALUE | ((value - 1) << 2) | (length - 1);
}

/**
 * Joins neighbouring runs of the same value, where one run can hold them, among the few from `from` on.
 *
 * @returns The new end.
 */
export function joinRuns(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  for (let looked = 0; looked < RUNS_LOOKED_AT && at < end; looked++) {
    const byte = bytes[at] as number;
    const next = at + 1 < end ? (bytes[at + 1] as number) : 0;
    const value = runValue(byte);
    const length = (byte & 3) + (next & 3) + 2;
    if (value !== 0 && runValue(next) === value && length <= VALUE_RUN_MAX) {
      bytes.copyWithin(at, at + 1, end--);
      bytes[at] = valueByte(value, length);
    } else {
      at += runBytes(byte);
    }
  }
  return end;
}

/** The run a register is in, and what is to stand in its place. One object serves all calls. */
export class SparseChange {
  /** Where the run starts, and the one before it: the same when there is none. */
  at = 0;
  previous = 0;
  /** Bytes of the run: of one that is cut off by the end too as many as it should have. */
  bytes = 0;
  /** Value of its registers. */
  value = 0;
  /** The bytes that replace it: `replacement[0, size)`. */
  readonly replacement = new Uint8Array(LONGEST_REPLACEMENT);
  size = 0;

  private first = 0;
  private length = 0;

  /** Finds the run of register `index` among those of `bytes[start, end)`. False when they end before it. */
  find(bytes: Uint8Array, start: number, end: number, index: number): boolean {
    let first = 0;
    let at = start;
    this.previous = start;
    while (at < end) {
      const length = runLength(bytes, at, end);
      const byte = bytes[at] as number;
      if (index < first + length) {
        this.at = at;
        this.first = first;
        this.length = length;
        this.bytes = runBytes(byte);
        this.value = runValue(byte);
        return true;
      }
      this.previous = at;
      first += length;
      at += runBytes(byte);
    }
    return false;
  }

  /** Makes the replacement: the run as it is but for register `index`, which becomes `count`. */
  compose(index: number, count: number): void {
    this.size = 0;
    this.add(index - this.first, this.value);
    this.add(1, count);
    this.add(this.first + this.length - 1 - index, this.value);
  }

  private add(length: number, value: number): void {
    const { replacement } = this;
    if (length === 0) return;
    if (value !== 0) {
      replacement[this.size++] = valueByte(value, length);
    } else if (length <= SHORT_ZEROS_MAX) {
      replacement[this.size++] = length - 1;
    } else {
      replacement[this.size++] = LONG_ZEROS | ((length - 1) >>> 8);
      replacement[this.size++] = length - 1;
    }
  }
}
