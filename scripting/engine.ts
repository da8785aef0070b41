/**
 * What runs scripts, as the rest of the server sees it.
 *
 * EVAL and FUNCTION use nothing of the engine but this interface, so that another engine can be
 * tried behind it. The engine there is (lua-engine.ts) is a register machine for Lua 5.1: `fengari`
 * parses a chunk (compiler/), our loop runs it (machine/), and functions of the host are
 * `(thread) => number of results` (library/arguments.ts tells how to write one).
 *
 * How a script is run:
 *
 * ```ts
 * const engine = new LuaEngine({ host, insecure: false });
 * openMyLibrary(engine.machine);               // register(...) into engine.globals
 * protectGlobals(engine.machine);              // library/globals.ts: scripts can change nothing now
 * const script = engine.compile(source, 'user_script');   // throws ScriptSyntaxError
 * engine.setArguments(listOf(keys), listOf(args));
 * let done = engine.start(script, []);         // throws LuaError: see `value` and `place`
 * while (!done) done = engine.resume();        // in a later turn: it was left, see `ScriptHost`
 * reply(engine.result);
 * ```
 *
 * Values are plain JavaScript values where there is one (machine/values.ts): nil is `undefined`, a
 * string is a JavaScript string with one character per byte.
 *
 * One engine runs one script at a time. The server has two: one for EVAL, one for functions.
 */
import type { LuaError } from './machine/error.js';
import type { Table } from './machine/table.js';
import type { Closure, LuaValue, NativeFunction } from './machine/values.js';

export { ScriptSyntaxError } from './compiler/syntax-error.js';
export { LuaError } from './machine/error.js';

/** What the engine asks of the server while a script runs. */
export interface ScriptHost {
  /**
   * Called every 100,000 loop turns and calls: about once in a millisecond.
   *
   * @returns Whether to leave the script: `start` or `resume` then returns false.
   * @throws {LuaError} With `fatal`, to kill the script; see `ScriptEngine.kill` for a paused one.
   */
  tick(): boolean;
}

export interface ScriptEngine {
  readonly globals: Table;
  /** What the script returned (its first result), after `start` or `resume` gave true. */
  readonly result: LuaValue;

  /**
   * Compiles a chunk; what comes back can be started any number of times.
   *
   * @param source - One character per byte.
   * @param chunk - How messages name it: `user_script`.
   * @throws {ScriptSyntaxError} With the message, its place included.
   */
  compile(source: string, chunk: string): Closure;

  /** Sets the globals KEYS and ARGV, also where globals are protected. */
  setArguments(keys: Table, args: Table): void;

  /**
   * Runs a script or function from its start.
   *
   * @returns False when it was left in the middle.
   * @throws {LuaError} What the script did not catch.
   */
  start(script: Closure | NativeFunction, args: readonly LuaValue[]): boolean;

  /** Goes on with a script that was left. As `start`. */
  resume(): boolean;

  /** Whether a script was left in the middle. */
  readonly paused: boolean;

  /** Makes the next `resume` raise this error: a fatal one the script cannot catch. */
  kill(error: LuaError): void;

  /** Bytes of memory that this engine's scripts hold, as far as that can be told. */
  memoryInUse(): number;
}
