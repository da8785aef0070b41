/** What only `lua-enable-insecure-api` gives to scripts: environments of functions, and proxies. */
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import { Closure, type NativeBody, NativeFunction, Userdata } from '../machine/values.js';
import { argumentError, checkInt, checkTable, fail, optionalInt } from './arguments.js';

/** The function that `getfenv` and `setfenv` are asked about: itself, or the one at a level. */
function functionAt(thread: Thread, optional: boolean): Closure | NativeFunction | null {
  const value = thread.arg(1);
  if (value instanceof Closure || value instanceof NativeFunction) return value;
  const level = optional ? optionalInt(thread, 1, 1) : checkInt(thread, 1);
  if (level < 0) throw argumentError(thread, 1, 'level must be non-negative');
  if (level === 0) return null;
  const frame = thread.frames[thread.depth - level];
  if (level >= thread.depth || frame === undefined) {
    throw argumentError(thread, 1, 'invalid level');
  }
  return frame.closure ?? frame.native;
}

/** By name. */
export const INSECURE: Record<string, NativeBody> = {
  getfenv: (thread) => {
    const found = functionAt(thread, true);
    const { globals } = thread.machine;
    if (found instanceof Closure) return thread.answer(found.environment);
    return thread.answer(found?.environment ?? globals);
  },
  setfenv: (thread) => {
    const table = checkTable(thread, 2);
    const value = thread.arg(1);
    const found = functionAt(thread, false);
    if (value === 0 || value === '0') return 0;
    if (!(found instanceof Closure)) {
      throw fail(thread, "'setfenv' cannot change environment of given object");
    }
    found.environment = table;
    return thread.answer(found);
  },
  newproxy: (thread) => {
    const like = thread.arg(1);
    const made = new Userdata();
    if (like === true) made.metatable = new Table();
    else if (like instanceof Userdata && like.metatable !== null) made.metatable = like.metatable;
    else if (like !== undefined && like !== false) {
      throw argumentError(thread, 1, 'boolean or proxy expected');
    }
    return thread.answer(made);
  },
};
