/** Runs a function beside a script that was left in the middle: what a debugger is asked to evaluate. */
import type { Machine, Tick } from './machine.js';
import { Thread } from './thread.js';
import type { Closure, LuaValue, NativeFunction } from './values.js';

/**
 * Runs a function to its end, in a thread of its own.
 *
 * @param tick - Asked in place of the machine's own: the function cannot be left, only ended by an error.
 * @returns Its first result.
 * @throws {LuaError} What it does not catch.
 */
export function evaluate(
  machine: Machine,
  callee: Closure | NativeFunction,
  args: readonly LuaValue[],
  tick: Tick,
): LuaValue {
  const { thread: script, tick: ownTick, stepper } = machine;
  const thread = new Thread(machine);
  const [stop] = thread.frames;
  if (stop === undefined) throw new Error('Cannot evaluate: a thread has no frame');
  thread.status = 'running';
  thread.push(callee);
  thread.reserve(args.length);
  for (const arg of args) thread.push(arg);
  machine.thread = thread;
  machine.tick = tick;
  if (stepper !== null) stepper.isMuted = true;
  try {
    machine.run(stop, true);
    return thread.top > 1 ? thread.stack[1] : undefined;
  } finally {
    if (stepper !== null) stepper.isMuted = false;
    machine.tick = ownTick;
    machine.thread = script;
  }
}
