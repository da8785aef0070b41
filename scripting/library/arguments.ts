/**
 * Reading the arguments of functions of the host, with the errors of Lua 5.1.
 *
 * A library function is `(thread) => number of results`. It reads its arguments with these
 * functions, pushes results (`thread.push`) and returns how many:
 *
 * ```ts
 * const rep = (thread: Thread): number => {
 *   const text = checkString(thread, 1);
 *   const count = checkInteger(thread, 2);
 *   return thread.answer(text.repeat(Math.max(count, 0)));
 * };
 * ```
 *
 * Errors are thrown: `throw argumentError(thread, 1, 'value expected')` or `throw fail(thread, ...)`.
 * A function that calls Lua (a comparator, a callback) pushes the function and its arguments and
 * returns `thread.callThen(func, wanted, after)`, see there; what it must remember meanwhile goes
 * into a closure or an object behind `after`. Functions and tables are registered with `register`.
 */
import { describeCall, typeName } from '../machine/describe.js';
import { LuaError } from '../machine/error.js';
import { formatNumber, parseNumber, toInteger } from '../machine/numbers.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import { Closure, type LuaValue, type NativeBody, NativeFunction } from '../machine/values.js';

/** Values that a function of the real server's libraries may have on its stack. */
export const MAXIMUM_STACK = 8000;

const TWO_63 = 2 ** 63;

/** An error with the place of the Lua function that called the running one before it. */
export function fail(thread: Thread, message: string): LuaError {
  return new LuaError(`${thread.machine.where(thread, 1)}${message}`);
}

/** `bad argument #1 to 'x' (...)`, the function named by how it was called. */
export function argumentError(thread: Thread, i: number, problem: string): LuaError {
  const called = describeCall(thread, thread.depth);
  const name = called?.name ?? '?';
  if (called?.kind === 'method') {
    if (i === 1) return fail(thread, `calling '${name}' on bad self (${problem})`);
    i--;
  }
  return fail(thread, `bad argument #${i} to '${name}' (${problem})`);
}

/** The type of an argument as errors say it: `no value` where there is none. */
function argumentType(thread: Thread, i: number): string {
  return i > thread.argc ? 'no value' : typeName(thread.arg(i));
}

/** `bad argument #1 to 'x' (number expected, got nil)`. */
export function typeError(thread: Thread, i: number, expected: string): LuaError {
  return argumentError(thread, i, `${expected} expected, got ${argumentType(thread, i)}`);
}

/** Whether an argument is missing or nil. */
export function isNoneOrNil(thread: Thread, i: number): boolean {
  return thread.arg(i) === undefined;
}

/** Any value, nil too, but not none. */
export function checkAny(thread: Thread, i: number): LuaValue {
  if (i > thread.argc) throw argumentError(thread, i, 'value expected');
  return thread.arg(i);
}

/** A number, or a string that is one. */
export function checkNumber(thread: Thread, i: number): number {
  const value = thread.arg(i);
  if (typeof value === 'number') return value;
  const read = typeof value === 'string' ? parseNumber(value) : undefined;
  if (read === undefined) throw typeError(thread, i, 'number');
  return read;
}

/** A number cut to an integer as C casts it; exact to 2^53, -2^63 for NaN. */
export function checkInteger(thread: Thread, i: number): number {
  return toInteger(checkNumber(thread, i));
}

/** A string, one character per byte; numbers are converted. */
export function checkString(thread: Thread, i: number): string {
  const value = thread.arg(i);
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value);
  throw typeError(thread, i, 'string');
}

export function checkTable(thread: Thread, i: number): Table {
  const value = thread.arg(i);
  if (value instanceof Table) return value;
  throw typeError(thread, i, 'table');
}

export function checkFunction(thread: Thread, i: number): Closure | NativeFunction {
  const value = thread.arg(i);
  if (value instanceof Closure || value instanceof NativeFunction) return value;
  throw typeError(thread, i, 'function');
}

/** `checkInteger`, or `otherwise` when the argument is missing or nil. */
export function optionalInteger(thread: Thread, i: number, otherwise: number): number {
  return isNoneOrNil(thread, i) ? otherwise : checkInteger(thread, i);
}

/** `checkString`, or `otherwise` when the argument is missing or nil. */
export function optionalString(thread: Thread, i: number, otherwise: string): string {
  return isNoneOrNil(thread, i) ? otherwise : checkString(thread, i);
}

/** A number cut to a C `int`: the low 32 bits of the integer it is cut to. */
export function checkInt(thread: Thread, i: number): number {
  const value = checkNumber(thread, i);
  return value >= -TWO_63 && value < TWO_63 ? value | 0 : 0;
}

/** `checkInt`, or `otherwise` when the argument is missing or nil. */
export function optionalInt(thread: Thread, i: number, otherwise: number): number {
  return isNoneOrNil(thread, i) ? otherwise : checkInt(thread, i);
}

/**
 * The table if scripts may change it.
 *
 * @throws {LuaError} When it is read-only; it is the table that complains, so no place is told.
 */
export function writable(thread: Thread, table: Table): Table {
  if (table.readonly) throw thread.machine.failure(thread, 'Attempt to modify a readonly table');
  return table;
}

/** Puts functions of the host into a table, under their names. */
export function register(table: Table, functions: Readonly<Record<string, NativeBody>>): void {
  for (const [name, run] of Object.entries(functions)) {
    table.set(name, new NativeFunction(name, run));
  }
}
