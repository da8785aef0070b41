/** What scripts find when they ask for a global that is not there, and that they may set none. */
import type { Machine } from '../machine/machine.js';
import { formatNumber } from '../machine/numbers.js';
import { Table } from '../machine/table.js';
import { type LuaValue, NativeFunction } from '../machine/values.js';
import { fail } from './arguments.js';

/** Makes a table, and all that hang on it, unchangeable for scripts. */
export function protect(table: Table): void {
  if (table.readonly) return;
  table.readonly = true;
  if (table.metatable !== null) protect(table.metatable);
  const isTable = (value: LuaValue): value is Table => value instanceof Table;
  for (const value of [...table.array, ...table.values]) if (isTable(value)) protect(value);
}

/** The metatable of a table in which looking up what is not there is an error. */
export function globalsMetatable(): Table {
  const metatable = new Table();
  const missing = new NativeFunction('missing', (thread): never => {
    const key = thread.arg(2);
    if (typeof key !== 'string' && typeof key !== 'number') throw fail(thread, NO_NAME);
    const name = typeof key === 'number' ? formatNumber(key) : key;
    const [shown] = name.split('\0');
    throw fail(thread, `Script attempted to access nonexistent global variable '${shown}'`);
  });
  metatable.set('__index', missing);
  return metatable;
}

/**
 * The last step of making a world for scripts, when all libraries are in place: globals that are
 * not there raise an error when read, and nothing that hangs on the globals can be changed.
 */
export function protectGlobals(machine: Machine): void {
  machine.globals.metatable = globalsMetatable();
  protect(machine.globals);
  if (machine.stringMetatable !== null) protect(machine.stringMetatable);
}

const NO_NAME = 'Second argument to luaProtectedTableError must be a string or number';
