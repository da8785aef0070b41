/**
 * The two Lua worlds of a server: one for EVAL, one for functions. No value of one gets into the other.
 *
 * Functions do not see the globals themselves but an empty table that looks things up in them. While a library
 * is loaded the table looks elsewhere: there it finds `register_function`, and nothing that calls commands.
 */
import type { Compiler } from '../../scripting/compiler/compiler.js';
import { LuaError, type ScriptHost } from '../../scripting/engine.js';
import { register } from '../../scripting/library/arguments.js';
import { globalsMetatable, protect, protectGlobals } from '../../scripting/library/globals.js';
import { openLibraries } from '../../scripting/library/libraries.js';
import type { ScriptRandom } from '../../scripting/library/script-random.js';
import { LuaEngine } from '../../scripting/lua-engine.js';
import { Table } from '../../scripting/machine/table.js';
import type { Closure, LuaValue } from '../../scripting/machine/values.js';
import type { LibraryFunction } from './function-library.js';
import { errorTable } from './inner-calls.js';
import { registering } from './registration.js';
import { type ApiParts, logging, openServerApi, registerConstants } from './server-api.js';

/**
 * What a world with all its libraries takes up before a script runs, in bytes, as was measured. What its values
 * take up later cannot be told from the rest of the process.
 */
export const WORLD_BYTES = 64 * 1024;

/** How long a library may take to load. */
const LOAD_LIMIT_MS = 500;

export interface WorldParts {
  readonly api: ApiParts;
  readonly host: ScriptHost;
  readonly compiler: Compiler;
  readonly random: ScriptRandom;
  /** `lua-enable-insecure-api`. */
  readonly insecure: boolean;
  readonly elapsedMs: () => number;
}

function openEngine(parts: WorldParts, isEval: boolean, host: ScriptHost): LuaEngine {
  const { api, compiler, insecure, random } = parts;
  const engine = new LuaEngine({ host, insecure, compiler });
  const { machine } = engine;
  machine.errorObject = (value) => (typeof value === 'string' ? errorTable(`ERR ${value}`) : value);
  openLibraries(machine, { random, cpuSeconds: () => process.cpuUsage().user / 1e6 });
  openServerApi(machine, isEval, api);
  if (isEval) engine.setArguments(new Table(), new Table());
  protectGlobals(machine);
  return engine;
}

/** The world of EVAL. */
export function openEvalEngine(parts: WorldParts): LuaEngine {
  return openEngine(parts, true, parts.host);
}

/** The world of functions. */
export class FunctionWorld {
  readonly engine: LuaEngine;
  private readonly surface = new Table();
  private readonly lookup = new Table();
  private readonly libraryApi = new Table();
  private readonly elapsedMs: () => number;
  /** What the library that is being loaded has registered. */
  private registered: LibraryFunction[] | null = null;
  private loadEndsAtMs = 0;

  constructor(parts: WorldParts) {
    this.elapsedMs = parts.elapsedMs;
    const tick = (): boolean => {
      if (this.registered === null) return parts.host.tick();
      this.checkLoadTime();
      return false;
    };
    this.engine = openEngine(parts, false, { tick });
    const library = new Table();
    registerConstants(library);
    register(library, {
      log: logging(parts.api.log),
      register_function: registering((made) => this.take(made)),
    });
    const missing = globalsMetatable();
    library.metatable = missing;
    this.libraryApi.metatable = missing;
    this.libraryApi.set('redis', library);
    this.libraryApi.set('server', library);
    protect(this.libraryApi);
    this.lookUpIn(this.engine.globals);
    this.surface.metatable = this.lookup;
    protect(this.surface);
  }

  /**
   * Compiles a library and runs it.
   *
   * @returns What it registered.
   * @throws {ScriptSyntaxError}
   * @throws {LuaError} What it did not catch, or that it took too long.
   */
  load(code: string): readonly LibraryFunction[] {
    const closure = this.compile(code);
    const registered: LibraryFunction[] = [];
    this.registered = registered;
    this.loadEndsAtMs = this.elapsedMs() + LOAD_LIMIT_MS;
    this.lookUpIn(this.libraryApi);
    try {
      this.engine.start(closure, []);
    } finally {
      this.registered = null;
      this.lookUpIn(this.engine.globals);
    }
    return registered;
  }

  private compile(code: string): Closure {
    const closure = this.engine.compile(code, 'user_function');
    closure.environment = this.surface;
    return closure;
  }

  private take(made: LibraryFunction): boolean {
    this.registered?.push(made);
    return this.registered !== null;
  }

  private lookUpIn(table: Table): void {
    const found: LuaValue = table;
    this.lookup.set('__index', found);
  }

  private checkLoadTime(): void {
    if (this.elapsedMs() < this.loadEndsAtMs) return;
    throw new LuaError(errorTable('ERR FUNCTION LOAD timeout'), true);
  }
}
