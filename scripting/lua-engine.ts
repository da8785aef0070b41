/** The engine of Lua 5.1 behind `ScriptEngine`: see engine.ts. */
import { Compiler } from './compiler/compiler.js';
import type { ScriptEngine, ScriptHost } from './engine.js';
import { openBase } from './library/base.js';
import { openCoroutine } from './library/coroutine.js';
import { type LuaError, OUT_OF_MEMORY } from './machine/error.js';
import { heapBytes, heapHasRoom } from './machine/heap.js';
import { Machine } from './machine/machine.js';
import { Table } from './machine/table.js';
import { Closure, type LuaValue, type NativeFunction } from './machine/values.js';

export interface LuaEngineOptions {
  readonly host: ScriptHost;
  /** `lua-enable-insecure-api`. */
  readonly insecure: boolean;
  /** Shared by engines of one server: loading the parser takes 15 ms. */
  readonly compiler?: Compiler;
}

export class LuaEngine implements ScriptEngine {
  readonly machine = new Machine();
  readonly globals: Table;
  result: LuaValue = undefined;
  paused = false;
  /** Where in the globals KEYS and ARGV were last. */
  private keysNode = 0;
  private argsNode = 0;
  private readonly compiler: Compiler;
  private readonly host: ScriptHost;
  private killedBy: LuaError | null = null;

  constructor({ host, insecure, compiler = new Compiler() }: LuaEngineOptions) {
    this.host = host;
    this.compiler = compiler;
    this.globals = this.machine.globals;
    this.machine.tick = () => this.tick();
    this.machine.checkMemory = (bytes) => this.checkMemory(bytes);
    this.machine.measure = () => this.memoryInUse();
    openBase(this.machine, { compiler, insecure });
    openCoroutine(this.machine);
  }

  compile(source: string, chunk: string): Closure {
    return new Closure(this.compiler.compile(source, chunk), this.globals, []);
  }

  setArguments(keys: Table, args: Table): void {
    this.keysNode = this.globals.setAt(this.keysNode, 'KEYS', keys);
    this.argsNode = this.globals.setAt(this.argsNode, 'ARGV', args);
  }

  start(script: Closure | NativeFunction, args: readonly LuaValue[]): boolean {
    const { main } = this.machine;
    if (this.paused) throw new Error('Cannot start a script: another one was left in the middle');
    this.killedBy = null;
    this.result = undefined;
    this.machine.begin();
    main.push(script);
    main.reserve(args.length);
    for (const arg of args) main.push(arg);
    return this.run(true);
  }

  resume(): boolean {
    return this.run(false);
  }

  kill(error: LuaError): void {
    this.killedBy = error;
    this.machine.budget = 0;
  }

  memoryInUse(): number {
    return heapBytes();
  }

  private run(first: boolean): boolean {
    const { machine } = this;
    const { main } = machine;
    const [stop] = main.frames;
    if (stop === undefined) throw new Error('Cannot run: the main thread has no frame');
    this.paused = false;
    try {
      this.paused = !machine.run(stop, first);
      if (!this.paused && main.top > 1) this.result = main.stack[1];
    } finally {
      // What the script held must not stay alive with the stack.
      if (!this.paused) main.reset();
    }
    return !this.paused;
  }

  private tick(): boolean {
    const { killedBy } = this;
    if (killedBy !== null) {
      if (!killedBy.fatal) this.killedBy = null;
      throw killedBy;
    }
    this.checkMemory(0);
    return this.host.tick();
  }

  private checkMemory(bytes: number): void {
    if (!heapHasRoom(bytes)) throw this.machine.failure(this.machine.thread, OUT_OF_MEMORY);
  }
}

/** A list as a table: KEYS and ARGV. */
export function listOf(values: readonly LuaValue[]): Table {
  const table = new Table(values.length);
  for (let i = 0; i < values.length; i++) table.setInteger(i + 1, values[i]);
  return table;
}
