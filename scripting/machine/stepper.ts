/**
 * Line events, for a debugger: instructions are exchanged for ones that call.
 *
 * What runs without a debugger pays nothing for it. When an instruction is reached its own operation is
 * put back, so that the script can go on; it is armed again when the next one is reached. An event is
 * what Lua 5.1 calls one: a line begins when a function is entered, when the line is another one than
 * that of the instruction before in the same call, and when the program jumps back, even to the same line.
 */
import { type Code, type Instruction, Op } from './code.js';
import type { Frame, Thread } from './thread.js';
import type { LuaValue } from './values.js';

/** Told of each line before it runs. @returns Whether to leave the script there. */
export type LineListener = (thread: Thread, line: number) => boolean;

export class LineStepper {
  /** Whether nobody is told of anything. */
  isMuted = false;

  private readonly operations = new Map<Instruction, number>();
  private readonly listener: LineListener;
  private passing: Instruction | null = null;
  /** The last instruction reached in each call. */
  private readonly last = new WeakMap<Frame, number>();

  /** Arms a chunk and all functions in it. */
  constructor(code: Code, listener: LineListener) {
    this.listener = listener;
    this.arm(code);
  }

  /** Called by the loop at an armed instruction, to which `pc` points. */
  reached(instruction: Instruction, thread: Thread): boolean {
    if (this.passing !== null) this.passing.op = Op.lineStart;
    this.passing = null;
    const { frame } = thread;
    const { pc } = frame;
    const begins = this.beginsLine(frame, pc);
    this.last.set(frame, pc);
    const operation = this.operations.get(instruction) ?? Op.none;
    // A jump to itself stays armed: nothing else would ever be reached.
    const isEndless = instruction.target === pc && isJump(operation);
    if (!isEndless) {
      instruction.op = operation;
      this.passing = instruction;
    }
    return begins && !this.isMuted && this.listener(thread, lineAt(frame));
  }

  /** Puts all instructions back. */
  release(): void {
    for (const [instruction, op] of this.operations) instruction.op = op;
    this.operations.clear();
    this.passing = null;
  }

  private arm(code: Code): void {
    for (const instruction of code.instructions) {
      if (instruction.op === Op.none) continue;
      this.operations.set(instruction, instruction.op);
      instruction.op = Op.lineStart;
    }
    for (const child of code.children) this.arm(child);
  }

  private beginsLine(frame: Frame, pc: number): boolean {
    const code = frame.closure?.code;
    if (code === undefined) return false;
    const first = this.firstOf(code);
    if (pc <= first) return pc === first;
    const last = this.last.get(frame) ?? first;
    return pc <= last || code.lines[pc] !== code.lines[last];
  }

  /** The first instruction that counts: Lua 5.1 makes none where variables without values begin a function. */
  private firstOf({ instructions: [first] }: Code): number {
    return first !== undefined && this.operations.get(first) === Op.loadNil ? 1 : 0;
  }
}

function isJump(operation: number): boolean {
  return operation === Op.jump || operation === Op.jumpBack;
}

/** The line of the instruction that `pc` points to; `lineOf` tells that of the one before it. */
function lineAt(frame: Frame): number {
  return frame.closure?.code.lines[frame.pc] ?? 0;
}

/** A variable of a call. */
export interface Local {
  readonly name: string;
  readonly value: LuaValue;
}

/**
 * The variables that a Lua function's call has now, in the order of their declaration.
 *
 * @param pc - Where the call is: the instruction that runs, or is to run next.
 */
export function localsOf(thread: Thread, frame: Frame, pc = frame.pc): Local[] {
  const code = frame.closure?.code;
  if (code === undefined) return [];
  const active = code.locals.filter(({ start, end }) => start <= pc && pc < end);
  return active.map(({ name }, i) => ({ name, value: thread.stack[frame.base + i] }));
}
