/**
 * A HyperLogLog as the string it is stored as.
 *
 *   bytes 0-3    HYLL
 *   byte 4       the form of the registers: 0 dense, 1 sparse
 *   bytes 5-7    nothing
 *   bytes 8-15   the estimate when it was last asked for, lowest byte first; the highest bit says that
 *                registers have changed since
 *   then         the registers
 */
import { equalBytes } from '../protocol/bytes.js';
import { INVALID_HYPERLOGLOG, NOT_A_HYPERLOGLOG } from '../protocol/refusals.js';
import { widenString } from './bitmap-values.js';
import type { Call } from './call.js';
import { REGISTERS } from './hyperloglog-hash.js';
import {
  DENSE_BYTES,
  denseRegister,
  Histogram,
  raiseDense,
  writeDense,
} from './hyperloglog-registers.js';
import { forEachRun, joinRuns, SPARSE_VALUE_MAX, SparseChange } from './hyperloglog-sparse.js';
import { NONE, type Ref } from './store/arena.js';
import { BitMachine } from './store/bit-machine.js';
import { ValueView } from './store/entry.js';
import { asString } from './string-values.js';

const MAGIC = Buffer.from('HYLL');
const FORM_AT = 4;
const ESTIMATE_AT = 8;
/** The byte whose highest bit says that the estimate is of the past. */
const STALE_AT = 15;
const STALE = 0x80;
export const HEADER_BYTES = 16;
const DENSE_LENGTH = HEADER_BYTES + DENSE_BYTES;
/** The registers of an empty one in the sparse form: a single run. */
const ALL_ZEROS = [0x7f, 0xff] as const;

const Form = { dense: 0, sparse: 1 } as const;

/** Memory to work in. A keyspace owns one. */
class Scratch {
  /** A byte each, of a value that takes the dense form. */
  readonly registers = new Uint8Array(REGISTERS);
  readonly histogram = new Histogram();
  readonly change = new SparseChange();
}

/** An element makes the runs this much longer at most; a new value has room for a few. */
const BYTES_AN_ELEMENT = 3;
const MOST_RESERVED_BYTES = 48;

/** Passes on the entry of a HyperLogLog, or NONE. @throws {Refusal} WRONG_TYPE, NOT_A_HYPERLOGLOG */
export function asHyperLogLog(call: Call, ref: Ref): Ref {
  if (asString(call, ref) === NONE) return NONE;
  const { bytes, start, length } = call.db.stringAt(ref);
  if (length < HEADER_BYTES || !equalBytes(bytes, start, start + 4, MAGIC, 0, 4))
    throw NOT_A_HYPERLOGLOG;
  const form = bytes[start + FORM_AT] as number;
  if (form > Form.sparse) throw NOT_A_HYPERLOGLOG;
  if (form === Form.dense && length !== DENSE_LENGTH) throw NOT_A_HYPERLOGLOG;
  return ref;
}

/** One HyperLogLog, which a command looks at or changes. Good for the call it is made for. */
export class HyperLogLog {
  private readonly call: Call;
  private readonly scratch: Scratch;
  private readonly view = new ValueView();
  private ref: Ref;

  /** @param ref - What `asHyperLogLog` passed on, not NONE. */
  constructor(call: Call, ref: Ref) {
    this.call = call;
    this.ref = ref;
    this.scratch = call.keyspace.own(Scratch);
    this.look();
  }

  /** Sets key argument 1, which is not there, to an empty one that is to get `elements` soon. */
  static create(call: Call, elements: number): HyperLogLog {
    const length = HEADER_BYTES + ALL_ZEROS.length;
    const reserved = Math.min(elements * BYTES_AN_ELEMENT, MOST_RESERVED_BYTES);
    const { bytes, start } = widenString(call, NONE, length + reserved);
    for (let i = 0; i < MAGIC.length; i++) bytes[start + i] = MAGIC[i] as number;
    bytes[start + FORM_AT] = Form.sparse;
    bytes[start + HEADER_BYTES] = ALL_ZEROS[0];
    bytes[start + HEADER_BYTES + 1] = ALL_ZEROS[1];
    const value = new HyperLogLog(call, call.db.peek(call.buffer, call.start(1), call.end(1)));
    value.resize(length);
    return value;
  }

  get isDense(): boolean {
    return this.view.bytes[this.view.start + FORM_AT] === Form.dense;
  }

  /** The sparse form's runs: `bytes[runsStart, end)`. */
  get bytes(): Uint8Array {
    return this.view.bytes;
  }

  get end(): number {
    return this.view.end;
  }

  get registersStart(): number {
    return this.view.start + HEADER_BYTES;
  }

  /** The page it stands in, for reads and writes of words. */
  private get words(): DataView {
    return this.call.keyspace.arena.views[this.view.block >>> 16] as DataView;
  }

  private get machine(): BitMachine {
    return this.call.keyspace.own(BitMachine);
  }

  private look(): void {
    this.call.keyspace.entries.view(this.ref, this.view);
  }

  private resize(length: number): void {
    this.ref = this.call.db.resizeString(this.ref, length);
    this.look();
  }

  /** Makes it one that may be changed where it stands: to be called before any change. */
  own(): void {
    this.resize(this.view.length);
  }

  /**
   * Raises register `index` to `count`. False when it is no lower already.
   *
   * @throws {Refusal} INVALID_HYPERLOGLOG
   */
  raise(index: number, count: number): boolean {
    const { view } = this;
    if (this.isDense) return raiseDense(view.bytes, view.start + HEADER_BYTES, index, count);
    if (count > SPARSE_VALUE_MAX) return this.raiseAsDense(index, count);
    const { change } = this.scratch;
    if (!change.find(view.bytes, view.start + HEADER_BYTES, view.end, index))
      throw INVALID_HYPERLOGLOG;
    if (change.value >= count) return false;
    change.compose(index, count);
    const growth = change.size - change.bytes;
    const { hllSparseMaxBytes } = this.call.keyspace.settings;
    if (growth > 0 && view.length + growth > hllSparseMaxBytes)
      return this.raiseAsDense(index, count);
    this.applyChange(growth);
    return true;
  }

  private raiseAsDense(index: number, count: number): boolean {
    this.makeDense();
    return raiseDense(this.view.bytes, this.registersStart, index, count);
  }

  /** Puts the replacement in the place of its run, which takes `growth` bytes more. */
  private applyChange(growth: number): void {
    const { change } = this.scratch;
    const { view } = this;
    const { length } = view;
    const at = change.at - view.start;
    const previous = change.previous - view.start;
    if (growth > 0) this.resize(length + growth);
    const { bytes, start } = view;
    const tail = start + at + change.bytes;
    if (growth !== 0 && tail < start + length) {
      bytes.copyWithin(tail + growth, tail, start + length);
    }
    // What replaces a run that was cut off is cut off as well.
    const size = Math.min(change.size, length + growth - at);
    for (let i = 0; i < size; i++) bytes[start + at + i] = change.replacement[i] as number;
    const end = joinRuns(bytes, start + previous, start + length + growth);
    if (end !== view.end) this.resize(end - start);
  }

  /** Turns sparse registers into dense ones. @throws {Refusal} INVALID_HYPERLOGLOG */
  makeDense(): void {
    const registers = this.scratch.registers.fill(0);
    this.raiseToRuns(registers);
    this.resize(DENSE_LENGTH);
    const { bytes, start, end } = this.view;
    bytes[start + FORM_AT] = Form.dense;
    bytes.fill(0, start + HEADER_BYTES, end);
    registers.forEach((count, index) => {
      if (count > 0) writeDense(bytes, start + HEADER_BYTES, index, count);
    });
  }

  /** Gives all registers of the dense form the values of the machine's. */
  writeAll(): void {
    const { bytes, end } = this.view;
    this.machine.writeDense(bytes, this.registersStart, end);
  }

  /** Raises the machine's registers to what these are. @throws {Refusal} INVALID_HYPERLOGLOG */
  raiseAll(): void {
    const { bytes, end } = this.view;
    if (this.isDense) this.machine.raiseToDense(bytes, this.registersStart, end);
    else this.raiseToRuns(this.machine.registers);
  }

  private raiseToRuns(registers: Uint8Array): void {
    const { bytes, end } = this.view;
    const whole = forEachRun(bytes, this.registersStart, end, (first, length, value) => {
      if (value === 0) return;
      for (let i = first; i < first + length; i++)
        if (value > (registers[i] as number)) registers[i] = value;
    });
    if (!whole) throw INVALID_HYPERLOGLOG;
  }

  /** Register `index` of the dense form. */
  register(index: number): number {
    return denseRegister(this.view.bytes, this.registersStart, index);
  }

  /** The estimate that is kept; null when registers have changed since it was made. */
  get knownEstimate(): number | bigint | null {
    const { bytes, start } = this.view;
    if (((bytes[start + STALE_AT] as number) & STALE) !== 0) return null;
    const value = this.words.getBigUint64(start + ESTIMATE_AT, true);
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  /** Works the estimate out. @throws {Refusal} INVALID_HYPERLOGLOG */
  estimate(): number | bigint {
    const { histogram } = this.scratch;
    const { bytes, end } = this.view;
    histogram.clear();
    if (this.isDense) {
      this.machine.clearRegisters();
      this.machine.raiseToDense(bytes, this.registersStart, end);
      this.machine.countRegisters(histogram.counts);
    } else {
      const whole = forEachRun(bytes, this.registersStart, end, (_, length, value) =>
        histogram.add(value, length),
      );
      if (!whole) throw INVALID_HYPERLOGLOG;
    }
    return histogram.estimate();
  }

  /** Keeps an estimate. */
  keepEstimate(estimate: number | bigint): void {
    this.words.setBigInt64(this.view.start + ESTIMATE_AT, BigInt(estimate), true);
  }

  /** Says that the estimate which is kept is no longer that of the registers. */
  forgetEstimate(): void {
    const { bytes, start } = this.view;
    bytes[start + STALE_AT] = (bytes[start + STALE_AT] as number) | STALE;
  }
}

/** The machine's registers, a byte each, to merge others into: all zero, and good for one command. */
export function newRegisters(call: Call): Uint8Array {
  return call.keyspace.own(BitMachine).clearRegisters();
}

/** About how many elements the machine's registers tell of. */
export function estimateRegisters(call: Call): number | bigint {
  const { histogram } = call.keyspace.own(Scratch);
  histogram.clear();
  call.keyspace.own(BitMachine).countRegisters(histogram.counts);
  return histogram.estimate();
}
