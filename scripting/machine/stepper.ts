/**
 * Line events, for a debugger: the first instruction of each line is exchanged for one that calls.
 *
 * What runs without a debugger pays nothing for it. When a line is reached its own instruction is
 * put back, so that the script can go on; it is armed again when the next line is reached. A loop
 * that stands on one line is therefore told of once.
 */
import { type Code, type Instruction, Op } from './code.js';
import { lineOf } from './describe.js';
import type { Frame, Thread } from './thread.js';
import type { LuaValue } from './values.js';

/** Told of each line before it runs. @returns Whether to leave the script there. */
export type LineListener = (thread: Thread, line: number) => boolean;

export class LineStepper {
  private readonly operations = new Map<Instruction, number>();
  private readonly listener: LineListener;
  private passing: Instruction | null = null;

  /** Arms a chunk and all functions in it. */
  constructor(code: Code, listener: LineListener) {
    this.listener = listener;
    this.arm(code);
  }

  /** Called by the loop at an armed instruction, to which `pc` points. */
  reached(instruction: Instruction, thread: Thread): boolean {
    if (this.passing !== null) this.passing.op = Op.lineStart;
    instruction.op = this.operations.get(instruction) ?? Op.none;
    this.passing = instruction;
    return this.listener(thread, lineAt(thread.frame));
  }

  /** Puts all instructions back. */
  release(): void {
    for (const [instruction, op] of this.operations) instruction.op = op;
    this.operations.clear();
    this.passing = null;
  }

  private arm(code: Code): void {
    let last = -1;
    code.instructions.forEach((instruction, at) => {
      const line = code.lines[at] ?? 0;
      if (line !== last && instruction.op !== Op.none) {
        this.operations.set(instruction, instruction.op);
        instruction.op = Op.lineStart;
      }
      last = line;
    });
    for (const child of code.children) this.arm(child);
  }
}

/** The line of the instruction that `pc` points to; `lineOf` tells that of the one before it. */
function lineAt(frame: Frame): number {
  return frame.closure?.code.lines[frame.pc] ?? lineOf(frame);
}

/** The variables that a Lua function's call has now, in the order of their declaration. */
export function localsOf(thread: Thread, frame: Frame): { name: string; value: LuaValue }[] {
  const code = frame.closure?.code;
  if (code === undefined) return [];
  const active = code.locals.filter(({ start, end }) => start <= frame.pc && frame.pc < end);
  return active.map(({ name }, i) => ({ name, value: thread.stack[frame.base + i] }));
}
