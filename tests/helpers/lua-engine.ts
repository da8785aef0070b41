/** An engine as the server sets it up, without commands. */
import { LuaError } from '../../scripting/engine.js';
import { protectGlobals } from '../../scripting/library/globals.js';
import { openLibraries } from '../../scripting/library/libraries.js';
import { ScriptRandom } from '../../scripting/library/script-random.js';
import { LuaEngine } from '../../scripting/lua-engine.js';
import { Table } from '../../scripting/machine/table.js';

export type { LuaEngine };

/** An engine whose scripts end with an error after so many ticks (of 100,000 turns each). */
export function protectedEngine(ticks = 500, insecure = false): LuaEngine {
  let left = ticks;
  const tick = (): boolean => {
    left--;
    if (left < 0) throw new LuaError('too many ticks', true);
    return false;
  };
  const engine = new LuaEngine({ host: { tick }, insecure });
  engine.machine.errorObject = (value) => {
    const object = new Table();
    object.set('err', `ERR ${typeof value === 'string' ? value : 'unknown error'}`);
    return object;
  };
  openLibraries(engine.machine, { random: new ScriptRandom(), cpuSeconds: () => 1 });
  protectGlobals(engine.machine);
  return engine;
}
