/**
 * What a compiled function is: instructions decoded once, so that the loop need not take them apart.
 *
 * The register machine and its instructions are those of Lua 5.3 as the parser of `fengari` emits
 * them, one of ours for one of its, with the constants they name put into them and the jump that
 * follows every test folded in.
 */
import type { LuaValue } from './values.js';

/** Operations. Those ending in K take a constant as their right operand. */
export const Op = {
  move: 0,
  loadConstant: 1,
  loadBoolean: 2,
  loadNil: 3,
  getUpvalue: 4,
  setUpvalue: 5,
  getGlobal: 6,
  setGlobal: 7,
  getUpvalueIndex: 8,
  setUpvalueIndex: 9,
  getField: 10,
  getIndex: 11,
  setField: 12,
  setIndex: 13,
  newTable: 14,
  self: 15,
  add: 16,
  addK: 17,
  subtract: 18,
  subtractK: 19,
  multiply: 20,
  divide: 21,
  modulo: 22,
  power: 23,
  negate: 24,
  not: 25,
  length: 26,
  concat: 27,
  jump: 28,
  jumpBack: 29,
  equal: 30,
  equalK: 31,
  less: 32,
  lessOrEqual: 33,
  test: 34,
  testSet: 35,
  call: 36,
  tailCall: 37,
  return: 38,
  forLoop: 39,
  forPrepare: 40,
  genericForCall: 41,
  genericForLoop: 42,
  setList: 43,
  closure: 44,
  varargs: 45,
  none: 46,
  /** Stands in for the first instruction of a line while a debugger is there: stepper.ts. */
  lineStart: 47,
} as const;

/** The highest register number; an operand from here on names a constant. */
export const CONSTANT = 256;

/**
 * One instruction. Operands `b` and `c` that name registers are >= 0; -1 says that the operand is
 * the constant `kb` or `kc`.
 */
export class Instruction {
  /** Where a test or a jump goes: an index of `Code.instructions`. */
  target = 0;
  /** For jumps: variables from this register on are closed, -1 for none. */
  closes = -1;
  /** The constant of operand b (or the only one). */
  kb: LuaValue = undefined;
  /** The constant of operand c. */
  kc: LuaValue = undefined;
  /** The node in which the last table asked by this instruction had the constant key. */
  node = 0;

  op: number;
  a: number;
  b: number;
  c: number;

  constructor(op: number, a: number, b: number, c: number) {
    this.op = op;
    this.a = a;
    this.b = b;
    this.c = c;
  }
}

/** A variable's name, valid for the instructions from `start` until before `end`. */
export interface LocalName {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Where a closure finds a variable of its surroundings when it is made. */
export interface UpvalueSource {
  readonly name: string;
  /** Whether it is a register of the enclosing function, and not one of its own upvalues. */
  readonly inStack: boolean;
  readonly index: number;
}

/** An instruction as the parser emitted it: messages find the names of values in these. */
export interface RawInstruction {
  readonly opcode: number;
  readonly A: number;
  readonly B: number;
  readonly C: number;
  readonly Bx: number;
  readonly sBx: number;
}

/** A compiled function. */
export interface Code {
  readonly instructions: Instruction[];
  readonly raw: readonly RawInstruction[];
  readonly constants: readonly LuaValue[];
  readonly children: readonly Code[];
  readonly upvalues: readonly UpvalueSource[];
  /** The index of the upvalue that stands for the globals, -1 when they are not used. */
  readonly environmentIndex: number;
  /** Line by instruction. */
  readonly lines: readonly number[];
  readonly locals: readonly LocalName[];
  readonly parameters: number;
  readonly isVararg: boolean;
  /** Whether calls fill a local `arg` with the further arguments, as 5.1 did for its elders. */
  readonly needsArg: boolean;
  readonly registers: number;
  /** How messages name the chunk: `user_script`, or `[string "..."]`. */
  readonly chunk: string;
  /** The line of its first word; 0 for a whole chunk. */
  readonly line: number;
  readonly lastLine: number;
}
