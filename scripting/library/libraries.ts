/** All libraries of scripts but those that are part of the language itself. */
import type { Machine } from '../machine/machine.js';
import { openBit } from './bit.js';
import { openJson } from './json.js';
import { openMath } from './math.js';
import { openMessagePack } from './message-pack.js';
import { openOs } from './os.js';
import type { ScriptRandom } from './script-random.js';
import { openString } from './string.js';
import { openStruct } from './struct.js';
import { openTable } from './table.js';

/** What libraries need of the outside. */
export interface LibraryOptions {
  /** One for all engines of a server. */
  readonly random: ScriptRandom;
  /** The processor time the server has used so far, in seconds. */
  readonly cpuSeconds: () => number;
}

/** Puts the libraries into the globals. */
export function openLibraries(machine: Machine, { random, cpuSeconds }: LibraryOptions): void {
  openString(machine);
  openTable(machine);
  openMath(machine, random);
  openOs(machine, cpuSeconds);
  openBit(machine);
  openJson(machine);
  openMessagePack(machine);
  openStruct(machine);
}
