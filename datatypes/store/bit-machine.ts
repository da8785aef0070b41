/**
 * Long runs of bits and of HyperLogLog registers: counted, searched and combined 64 or 128 bits at a time.
 *
 * It has a memory of its own, with two places: `FIRST` holds a run, or registers of a byte each, `SECOND` what the
 * first is combined with. Runs pass through in pieces that stay in the processor's cache meanwhile. A keyspace owns
 * one machine, made when it is first needed.
 */
import {
  assemble,
  bits128,
  type Code,
  constant,
  get,
  int32,
  int64,
  Local,
  leave,
  loop,
  type MachineFunction,
  set,
  step,
  tee,
  when,
} from './assembler.js';

/** Bytes of a run that are worked on at once; as many as there are registers. */
export const PIECE_BYTES = 16_384;
const FIRST = 0;
const SECOND = PIECE_BYTES;
/** Four tables of counts by value. Values are counted in them by turns: none waits for the one before. */
const COUNTS = 3 * PIECE_BYTES;
const COUNT_TABLES = 4;
const COUNTED_VALUES = 64;
const TABLE_BYTES = COUNTED_VALUES * 4;
const PAGES = 1;
/** Four registers of the dense form, of six bits each. */
const FOUR_DENSE_BYTES = 3;

/** Parameters and variables of the programs. */
const [A, B, C, D] = [0, 1, 2, 3];

/** ones(bytes): how many bits are set in so many bytes of FIRST, a multiple of 16. */
const ones: MachineFunction = {
  name: 'ones',
  parameters: 1,
  locals: [Local.int32, Local.int64],
  returns: true,
  body: [
    loop(
      ...[get(C), get(B), int64.load(FIRST), int64.ones, int64.add],
      ...[get(B), int64.load(FIRST + 8), int64.ones, int64.add, set(C)],
      step(B, 16, A),
    ),
    ...[get(C), int32.ofInt64],
  ],
};

/** firstOther(bytes, uniform): where in FIRST the first eight bytes stand that differ from `uniform`, 0 or -1; else `bytes`. */
const firstOther: MachineFunction = {
  name: 'firstOther',
  parameters: 2,
  locals: [Local.int32],
  returns: true,
  body: [
    loop(
      ...[get(C), int64.load(FIRST), get(B), int64.ofInt32, int64.differs],
      when(get(C), leave),
      step(C, 8, A),
    ),
    get(A),
  ],
};

/** A program that combines so many bytes of FIRST, a multiple of 16, with those of SECOND. */
const combining = (name: string, operation: Code): MachineFunction => ({
  name,
  parameters: 1,
  locals: [Local.int32],
  returns: false,
  body: [
    loop(
      ...[get(B), get(B), bits128.load(FIRST), get(B), bits128.load(SECOND)],
      ...[operation, bits128.store(FIRST)],
      step(B, 16, A),
    ),
  ],
});

/** not(bytes): turns each of the bits of so many bytes of FIRST, a multiple of 16. */
const not: MachineFunction = {
  name: 'not',
  parameters: 1,
  locals: [Local.int32],
  returns: false,
  body: [
    loop(
      ...[get(B), get(B), bits128.load(FIRST), bits128.not, bits128.store(FIRST)],
      step(B, 16, A),
    ),
  ],
};

/** The 32-bit words of the vector in local `from`, shifted, but for the bits of `mask`. */
const shifted = (from: number, shift: Code, by: number, mask: number): Code =>
  [get(from), constant(by), shift, constant(mask), bits128.ofInt32, bits128.and].flat();

/** Three bytes for each four of registers, and the other way round; what is 16 is not needed. */
const SPREAD = [0, 1, 2, 16, 3, 4, 5, 16, 6, 7, 8, 16, 9, 10, 11, 16];
const TOGETHER = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 16, 16, 16];

/** raise(bytes): raises so many registers in FIRST to those of the dense form in SECOND. */
const raise: MachineFunction = {
  name: 'raise',
  parameters: 1,
  locals: [Local.int32, Local.int32, Local.vector],
  returns: false,
  body: [
    loop(
      ...[get(C), bits128.load(SECOND), get(C), bits128.load(SECOND)],
      ...[bits128.shuffle(SPREAD), set(D), get(B), get(B), bits128.load(FIRST)],
      shifted(D, bits128.shiftLeftInt32, 0, 0x3f),
      ...[shifted(D, bits128.shiftLeftInt32, 2, 0x3f00), bits128.or],
      ...[shifted(D, bits128.shiftLeftInt32, 4, 0x3f_0000), bits128.or],
      ...[shifted(D, bits128.shiftLeftInt32, 6, 0x3f00_0000), bits128.or],
      ...[bits128.greaterBytes, bits128.store(FIRST)],
      ...[get(C), constant(4 * FOUR_DENSE_BYTES), int32.add, set(C)],
      step(B, 16, A),
    ),
  ],
};

/** pack(bytes): writes so many registers of FIRST to SECOND, in the dense form. */
const pack: MachineFunction = {
  name: 'pack',
  parameters: 1,
  locals: [Local.int32, Local.int32, Local.vector],
  returns: false,
  body: [
    loop(
      ...[get(B), bits128.load(FIRST), set(D), get(C)],
      shifted(D, bits128.shiftRightInt32, 0, 0x3f),
      ...[shifted(D, bits128.shiftRightInt32, 2, 0xfc0), bits128.or],
      ...[shifted(D, bits128.shiftRightInt32, 4, 0x3_f000), bits128.or],
      ...[shifted(D, bits128.shiftRightInt32, 6, 0xfc_0000), bits128.or],
      ...[tee(D), get(D), bits128.shuffle(TOGETHER), bits128.store(SECOND)],
      ...[get(C), constant(4 * FOUR_DENSE_BYTES), int32.add, set(C)],
      step(B, 16, A),
    ),
  ],
};

/** Counts register `i` of the four at local B. */
const countRegister = (i: number): readonly Code[] => [
  ...[get(B), int32.loadByte(FIRST + i), constant(2), int32.shiftLeft, tee(C)],
  ...[get(C), int32.load(COUNTS + i * TABLE_BYTES), constant(1), int32.add],
  int32.store(COUNTS + i * TABLE_BYTES),
];

/** count(bytes): adds to COUNTS how many of so many registers in FIRST have each value. */
const count: MachineFunction = {
  name: 'count',
  parameters: 1,
  locals: [Local.int32, Local.int32],
  returns: false,
  body: [loop(...[0, 1, 2, 3].flatMap(countRegister), step(B, 4, A))],
};

/** The programs as they are called. */
interface Programs {
  readonly memory: { readonly buffer: ArrayBuffer };
  ones(bytes: number): number;
  firstOther(bytes: number, uniform: number): number;
  and(bytes: number): void;
  or(bytes: number): void;
  xor(bytes: number): void;
  not(bytes: number): void;
  raise(bytes: number): void;
  pack(bytes: number): void;
  count(bytes: number): void;
}

/** What bits can be combined by. */
export type BitOperation = 'and' | 'or' | 'xor';

const PROGRAMS: readonly MachineFunction[] = [
  ...[ones, firstOther, not, raise, pack, count],
  combining('and', bits128.and),
  combining('or', bits128.or),
  combining('xor', bits128.xor),
];

/** `bytes`, or the next multiple of 16. */
const whole = (bytes: number) => (bytes + 15) & ~15;

export class BitMachine {
  private readonly programs = assemble(PROGRAMS, PAGES) as unknown as Programs;
  private readonly memory = new Uint8Array(this.programs.memory.buffer);
  private readonly counts = new Int32Array(
    this.programs.memory.buffer,
    COUNTS,
    COUNT_TABLES * COUNTED_VALUES,
  );
  /** The registers that `raiseToDense` raises, a byte each. */
  readonly registers = this.memory.subarray(FIRST, FIRST + PIECE_BYTES);

  /** How many bits are set in `bytes[start, end)`. */
  countOnes(bytes: Uint8Array, start: number, end: number): number {
    let sum = 0;
    for (let at = start; at < end; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, end - at);
      this.load(FIRST, bytes, at, at + length, length);
      sum += this.programs.ones(whole(length));
    }
    return sum;
  }

  /** Where in `bytes[start, end)` the first byte is that is not `uniform`, 0 or 255; `end` if all are. */
  findOther(bytes: Uint8Array, start: number, end: number, uniform: number): number {
    for (let at = start; at < end; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, end - at);
      this.load(FIRST, bytes, at, at + length, length);
      let found = this.programs.firstOther(length, -(uniform & 1));
      while (found < length && this.memory[FIRST + found] === uniform) found++;
      if (found < length) return at + found;
    }
    return end;
  }

  /** Holds `bytes[start, end)` and as many zeros as it lacks of `length`, a piece at most, to be combined with others. */
  begin(bytes: Uint8Array, start: number, end: number, length: number): void {
    this.load(FIRST, bytes, start, end, length);
  }

  /** Combines the first `length` bytes that are held with `bytes[start, end)` and as many zeros as it lacks. */
  combine(
    operation: BitOperation,
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
  ): void {
    this.load(SECOND, bytes, start, end, length);
    this.programs[operation](whole(length));
  }

  /** Turns the first `length` bytes that are held. */
  invert(length: number): void {
    this.programs.not(whole(length));
  }

  /** Copies the first `length` bytes that are held to `bytes`. */
  finish(bytes: Uint8Array, at: number, length: number): void {
    bytes.set(this.memory.subarray(FIRST, FIRST + length), at);
  }

  /** All registers, zero, to be raised. */
  clearRegisters(): Uint8Array {
    return this.registers.fill(0);
  }

  /** Raises `registers` to those of the dense form, `bytes[start, end)`. */
  raiseToDense(bytes: Uint8Array, start: number, end: number): void {
    this.memory.set(bytes.subarray(start, end), SECOND);
    this.programs.raise(PIECE_BYTES);
  }

  /** Writes `registers` in the dense form to `bytes[start, end)`. */
  writeDense(bytes: Uint8Array, start: number, end: number): void {
    this.programs.pack(PIECE_BYTES);
    bytes.set(this.memory.subarray(SECOND, SECOND + end - start), start);
  }

  /** Adds to `counts` how many of `registers` have each value. */
  countRegisters(counts: Int32Array): void {
    this.counts.fill(0);
    this.programs.count(PIECE_BYTES);
    for (let i = 0; i < this.counts.length; i++) {
      counts[i % COUNTED_VALUES]! += this.counts[i]!;
    }
  }

  /** Puts `bytes[start, end)` in a place, and zeros behind it up to `length`, which is rounded up. */
  private load(place: number, bytes: Uint8Array, start: number, end: number, length: number): void {
    const { memory } = this;
    const given = Math.max(0, end - start);
    if (given > 0) memory.set(bytes.subarray(start, end), place);
    if (given < whole(length)) memory.fill(0, place + given, place + whole(length));
  }
}
