/** The library `os`, of which scripts have only the clock. */
import type { Machine } from '../machine/machine.js';
import { Table } from '../machine/table.js';
import { register } from './arguments.js';

/** Makes the table `os`. @param cpuSeconds - The processor time used so far, in seconds. */
export function openOs(machine: Machine, cpuSeconds: () => number): void {
  const library = new Table();
  register(library, { clock: (thread) => thread.answer(cpuSeconds()) });
  machine.globals.set('os', library);
}
