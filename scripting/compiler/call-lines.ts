/**
 * Where calls are, as Lua 5.1 sees it: on the line where the arguments begin.
 *
 * The parser puts a call on the first line of the expression it is in. Arguments begin on the line where what is
 * called ends (anything else is ambiguous, and refused), so that is the line of the instruction that loads it.
 */
import type { RawInstruction } from '../machine/code.js';
import { setsOperandA } from '../machine/describe.js';

const CALL = 36;
const TAIL_CALL = 37;

/** The line of each instruction. */
export function linesOf(code: readonly RawInstruction[], lines: readonly number[]): number[] {
  const corrected = [...lines];
  code.forEach(({ opcode, A }, pc) => {
    if (opcode !== CALL && opcode !== TAIL_CALL) return;
    const loader = lastSetter(code, A, pc);
    if (loader >= 0) corrected[pc] = corrected[loader] ?? 0;
  });
  return corrected;
}

/** The last instruction before `pc` that sets a register; -1 for none. */
function lastSetter(code: readonly RawInstruction[], register: number, pc: number): number {
  for (let at = pc - 1; at >= 0; at--) {
    const raw = code[at];
    if (raw?.A === register && setsOperandA(raw)) return at;
  }
  return -1;
}
