/**
 * The event loop as it was when this module was loaded: fake timers that a test runner puts in place later do
 * not stop a server that runs beside them.
 */
import timers from 'node:timers';

const { setImmediate } = timers;

/** Runs `task` once this round of the event loop is over. */
export function nextTurn(task: () => void): void {
  setImmediate(task);
}

/** Resolves once so many rounds of the event loop are over. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>(nextTurn);
}
