/** Where a script that was left is: its calls in progress, and what their variables hold. */
import { describeCall, lineOf } from '../../../scripting/machine/describe.js';
import type { Machine } from '../../../scripting/machine/machine.js';
import { type Local, localsOf } from '../../../scripting/machine/stepper.js';

/** A call of one of the script's own functions. */
interface DebuggedCall {
  /** What it was called by; null for the script itself, and where nothing says it. */
  readonly name: string | null;
  readonly line: number;
  readonly locals: readonly Local[];
  /** Whether it is the innermost of all, those of the host counted. */
  readonly isInnermost: boolean;
}

/**
 * The calls, the innermost first. Of a coroutine that runs nothing is told, only of who resumed it: so does
 * the real server.
 *
 * @param line - That which is to run next.
 */
export function callsOf({ main }: Machine, chunk: string, line: number): DebuggedCall[] {
  const calls: DebuggedCall[] = [];
  for (let depth = main.depth; depth > 0; depth--) {
    const frame = main.frames[depth];
    if (frame?.closure?.code.chunk !== chunk) continue;
    const isInnermost = depth === main.depth;
    calls.push({
      name: describeCall(main, depth)?.name ?? null,
      line: isInnermost ? line : lineOf(frame),
      locals: localsOf(main, frame, isInnermost ? frame.pc : frame.pc - 1),
      isInnermost,
    });
  }
  return calls;
}
