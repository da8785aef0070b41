/**
 * What messages call things: types, and the variable or field a value came from.
 *
 * A value has no name; the instruction that used it has a register, and the instructions before
 * tell what was last put there. The walk is the one Lua itself makes for its messages.
 */
import { CONSTANT, type Code, type RawInstruction } from './code.js';
import { Table } from './table.js';
import { type Frame, Thread } from './thread.js';
import { Closure, type LuaValue, NativeFunction } from './values.js';

/** The name of a value's type, as `type` gives it. */
export function typeName(value: LuaValue): string {
  if (value === undefined) return 'nil';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  if (value instanceof Table) return 'table';
  if (value instanceof Closure || value instanceof NativeFunction) return 'function';
  return value instanceof Thread ? 'thread' : 'userdata';
}

/** Operations of the parser by number: only those that say where a value came from. */
const Raw = {
  move: 0,
  loadNil: 4,
  getUpvalue: 5,
  getUpvalueIndex: 6,
  getIndex: 7,
  self: 12,
  jump: 30,
  test: 34,
  call: 36,
  tailCall: 37,
  return: 38,
  numericForBegin: 40,
  genericForCall: 41,
} as const;

/** Operations that set register A. */
const SETS_A = new Set([
  ...[
    0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
  ],
  ...[29, 35, 39, 40, 42, 44, 45],
]);

/** Whether an instruction puts something into register A, be it a call's result. */
export function setsOperandA({ opcode }: RawInstruction): boolean {
  return opcode === Raw.call || SETS_A.has(opcode);
}

/** The local variable that a register holds at an instruction. */
function localAt(code: Code, register: number, pc: number): string | null {
  let number = register + 1;
  for (const { name, start, end } of code.locals) {
    if (start > pc) break;
    if (pc < end && --number === 0) return name;
  }
  return null;
}

/**
 * The instruction that last set a register before `lastPc`; -1 for none. Of what was jumped over the walk of 5.1 knows
 * nothing, be it what ran: it takes each jump forward that does not lead beyond `lastPc`.
 */
function setterOf(code: Code, lastPc: number, register: number): number {
  let setter = -1;
  for (let pc = 0; pc < lastPc; pc++) {
    const raw = code.raw[pc];
    if (raw === undefined) break;
    if (setsRegister(raw, register)) setter = pc;
    if (raw.opcode !== Raw.jump && raw.opcode !== Raw.numericForBegin) continue;
    const target = pc + 1 + raw.sBx;
    if (pc < target && target <= lastPc) pc = target - 1;
  }
  return setter;
}

function setsRegister({ opcode, A, B }: RawInstruction, register: number): boolean {
  switch (opcode) {
    case Raw.loadNil:
      return A <= register && register <= A + B;
    case Raw.genericForCall:
      return register >= A + 2;
    case Raw.call:
    case Raw.tailCall:
      return register >= A;
    default:
      // What a test jumps over may have set what it tested.
      return (opcode === Raw.test || SETS_A.has(opcode)) && A === register;
  }
}

/** The string constant an operand is, or `?`. */
function constantName(code: Code, operand: number): string {
  const constant = operand >= CONSTANT ? code.constants[operand - CONSTANT] : undefined;
  return typeof constant === 'string' ? constant : '?';
}

/** What a register holds: `local 'x'`, `field 'y'`. Null when there is nothing to say. */
export function describeRegister(
  code: Code,
  register: number,
  pc: number,
): { kind: string; name: string } | null {
  const local = localAt(code, register, pc);
  if (local !== null) return { kind: 'local', name: local };
  const setter = setterOf(code, pc, register);
  const raw = code.raw[setter];
  if (raw === undefined) return null;
  switch (raw.opcode) {
    case Raw.move:
      return raw.B < raw.A ? describeRegister(code, raw.B, setter) : null;
    case Raw.getUpvalueIndex: {
      const kind = raw.B === code.environmentIndex ? 'global' : 'field';
      return { kind, name: constantName(code, raw.C) };
    }
    case Raw.getIndex:
      return { kind: 'field', name: constantName(code, raw.C) };
    case Raw.getUpvalue:
      return { kind: 'upvalue', name: code.upvalues[raw.B]?.name ?? '?' };
    case Raw.self:
      return { kind: 'method', name: constantName(code, raw.C) };
    default:
      return null;
  }
}

/** How the function at `depth` was called: the name of what held it. Null when that is unknown. */
export function describeCall(thread: Thread, depth: number): { kind: string; name: string } | null {
  const frame = thread.frames[depth];
  const caller = thread.frames[depth - 1];
  const closure = caller?.closure;
  if (!frame || frame.tail || !caller || !closure) return null;
  const pc = caller.pc - 1;
  const raw = closure.code.raw[pc];
  if (raw === undefined) return null;
  // A metamethod was called by an operator: nothing holds its name.
  if (raw.opcode !== Raw.call && raw.opcode !== Raw.tailCall && raw.opcode !== Raw.genericForCall) {
    return null;
  }
  return describeRegister(closure.code, raw.A, pc);
}

/** The line a Lua function is at. */
export function lineOf(frame: Frame): number {
  return frame.closure?.code.lines[Math.max(frame.pc - 1, 0)] ?? 0;
}

/** What an operand is, as messages say it; `from` as in operators.ts. Null when it has no name. */
export function describeOperand({ closure, pc }: Frame, from: number): string | null {
  if (closure === null || from === -1) return null;
  if (from < -1) return `upvalue '${closure.code.upvalues[-2 - from]?.name ?? '?'}'`;
  const found = describeRegister(closure.code, from, pc - 1);
  return found && `${found.kind} '${found.name}'`;
}
