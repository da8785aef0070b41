/** An engine as the server sets it up, without commands. */
import { LuaError } from '../../scripting/engine.js';
import { protectGlobals } from '../../scripting/library/globals.js';
import { openLibraries } from '../../scripting/library/libraries.js';
import { ScriptRandom } from '../../scripting/library/script-random.js';
import { LuaEngine } from '../../scripting/lua-engine.js';
import { Table } from '../../scripting/machine/table.js';

export type { LuaEngine };

/** What a test may ask for. */
export interface EngineWishes {
  /** Looks at the outside after which a script is ended with an error. */
  readonly ticks?: number;
  /** Turns between two looks; each leaves the script in the middle, where that can be done. */
  readonly leaveEvery?: number;
  /** `lua-enable-insecure-api`. */
  readonly insecure?: boolean;
}

/** An engine as the server sets it up. */
export function protectedEngine(wishes: EngineWishes = {}): LuaEngine {
  const { ticks = 500, leaveEvery, insecure = false } = wishes;
  let left = ticks;
  const tick = (): boolean => {
    left--;
    if (left < 0) throw new LuaError('too many ticks', true);
    return leaveEvery !== undefined;
  };
  const engine = new LuaEngine({ host: { tick }, insecure });
  if (leaveEvery !== undefined) engine.machine.interval = leaveEvery;
  engine.machine.errorObject = (value) => {
    const object = new Table();
    object.set('err', `ERR ${typeof value === 'string' ? value : 'unknown error'}`);
    return object;
  };
  openLibraries(engine.machine, { random: new ScriptRandom(), cpuSeconds: () => 1 });
  protectGlobals(engine.machine);
  return engine;
}
