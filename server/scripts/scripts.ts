/**
 * Running scripts and functions: EVAL, FCALL and their relatives.
 *
 * A script runs to its end within the command that called it, as a transaction does. One that takes longer than
 * `busy-reply-threshold` is left in the middle: the event loop goes on, everybody else is told BUSY, and every
 * now and then the script goes on for a short while. What it did so far is not told to anybody before it ends
 * (its unit of effects stays open), time stands still for keys, and its caller waits. See `Executor.suspend`.
 */
import type { Timer } from '../../datatypes/clock.js';
import {
  BUSY_WITH_FUNCTION,
  BUSY_WITH_SCRIPT,
  NOT_BUSY,
  type Refusal,
  SCRIPT_MAY_WRITE,
  scriptDoesNotCompile,
  UNKILLABLE,
} from '../../protocol/refusals.js';
import type { ReplyWriter } from '../../protocol/reply.js';
import type { Request } from '../../protocol/request.js';
import { RequestWriter } from '../../protocol/request-writer.js';
import { Compiler } from '../../scripting/compiler/compiler.js';
import { LuaError, type ScriptHost, ScriptSyntaxError } from '../../scripting/engine.js';
import { ScriptRandom } from '../../scripting/library/script-random.js';
import type { LuaEngine } from '../../scripting/lua-engine.js';
import type { Closure, LuaValue, NativeFunction } from '../../scripting/machine/values.js';
import { ArgumentReader } from '../../scripting/values/argument-list.js';
import { ReplyValues } from '../../scripting/values/reply-values.js';
import type { Client } from '../client.js';
import type { CommandEntry } from '../command-table.js';
import type { Server } from '../server.js';
import type { ServerCall } from '../server-call.js';
import type { LibraryFunction } from './function-library.js';
import { Functions } from './functions.js';
import { InnerCalls } from './inner-calls.js';
import { makeScript, type Script, ScriptCache } from './script-cache.js';
import { scriptFailure } from './script-errors.js';
import { needsMemory, ScriptFlag } from './script-flags.js';
import { type ScriptKind, ScriptRun, type ScriptWatcher } from './script-run.js';
import { flagsOfScript, readScript } from './shebang.js';
import { FunctionWorld, openEvalEngine, WORLD_BYTES, type WorldParts } from './worlds.js';

/** How long a script that others wait for goes on at a time. ms. */
const SLICE_MS = 20;
const INSECURE_SETTING = 'lua-enable-insecure-api';
/** The reply of CONFIG GET for it: `no`, or `yes`. */
const SETTING_REPLY_BYTES = [42, 43] as const;

/** What is to be run, and how. */
export interface Runnable {
  readonly kind: ScriptKind;
  /** A SHA-1, or a function's name. */
  readonly name: string;
  readonly callee: Closure | NativeFunction;
  readonly args: readonly LuaValue[];
  readonly flags: number | null;
  readonly watcher?: ScriptWatcher;
}

export class Scripts implements ScriptHost {
  readonly cache = new ScriptCache();
  readonly args = new ArgumentReader();
  readonly functions: Functions;

  /** Whether scripts may call even what must not be called from scripts: DEBUG SET-DISABLE-DENY-SCRIPTS. */
  mayCallAll = false;

  private readonly server: Server;
  private readonly random = new ScriptRandom();
  private inner: InnerCalls | null = null;
  private compiler: Compiler | null = null;
  private evalWorld: LuaEngine | null = null;
  private run: ScriptRun | null = null;
  /** When the script is to give way next. On the scale of `Clock.elapsedMs`. */
  private sliceEndsAtMs = 0;
  private timer: Timer | null = null;

  constructor(server: Server) {
    this.server = server;
    this.functions = new Functions(() => new FunctionWorld(this.worldParts()));
    server.memory.parts.scripts = () => this.cache.memoryBytes;
    server.memory.parts.functions = () => this.functions.memoryBytes;
    server.config.onChange(INSECURE_SETTING, () => this.flushScripts());
  }

  /** The script that runs, or was left in the middle. */
  get running(): ScriptRun | null {
    return this.run;
  }

  /** Whether a script was left in the middle. */
  get isBusy(): boolean {
    return this.run?.isBusy === true;
  }

  /** What everybody is told while that is so. */
  get busyRefusal(): Refusal {
    return this.run?.kind === 'function' ? BUSY_WITH_FUNCTION : BUSY_WITH_SCRIPT;
  }

  /** What the Lua world of EVAL takes up, in bytes, about; 0 before there is one. */
  get evalWorldBytes(): number {
    return this.evalWorld === null ? 0 : WORLD_BYTES + this.cache.memoryBytes;
  }

  /** The script of this text. @param stays - Whether it is to stay: SCRIPT LOAD. */
  scriptOf(body: string, stays: boolean): Script {
    const known = this.cache.findByBody(body);
    if (known !== undefined) {
      if (stays) this.cache.keep(known);
      return known;
    }
    const { code, flags } = readScript(body);
    const script = makeScript(body, this.compile(code), flags, stays);
    this.cache.add(script);
    return script;
  }

  flushScripts(): undefined {
    this.cache.clear();
    this.evalWorld = null;
    this.countSettingRead();
  }

  flushFunctions(): void {
    this.functions.flush();
    this.countSettingRead();
  }

  /** A Lua world of the real server that begins anew asks for its setting by a command, which statistics show. */
  private countSettingRead(): void {
    const { clock, commandLog, commands, config, stats } = this.server;
    const entry = commands.named('config|get');
    if (entry === undefined) return;
    entry.calls++;
    stats.commandsProcessed++;
    if (config.values.latencyTracking) entry.recordLatency(0);
    const request = new RequestWriter().write(['CONFIG', 'GET', INSECURE_SETTING]);
    const logged = { request, redacted: null, address: '', clientName: '', atMs: clock.now() };
    commandLog.add(logged, 0, 0, SETTING_REPLY_BYTES[config.values.luaEnableInsecureApi ? 1 : 0]);
  }

  /** Whether a request for a script must not run while memory is short. */
  needMemory(entry: CommandEntry, request: Request): boolean {
    const flags = this.flagsOf(entry, request);
    return flags !== null && needsMemory(flags);
  }

  /** Whether a request for a script may change data. */
  mayWrite(entry: CommandEntry, request: Request): boolean {
    if (!entry.mayReplicate) return false;
    const flags = this.flagsOf(entry, request);
    return flags === null || (flags & ScriptFlag.noWrites) === 0;
  }

  /** Runs a script of EVAL, and replies. */
  runScript(call: ServerCall, script: Script, keyCount: number, isReadOnly: boolean): void {
    const { sha: name, closure: callee, flags } = script;
    const runnable = { kind: 'eval', name, callee, args: [], flags } as const;
    this.runEval(call, runnable, keyCount, isReadOnly);
  }

  /** As `runScript`, step by step: `begin` gets the world and the script, compiled for this run alone. */
  debugScript(
    call: ServerCall,
    { sha: name, body, flags }: Script,
    keyCount: number,
    isReadOnly: boolean,
    begin: (engine: LuaEngine, script: Closure) => ScriptWatcher,
  ): void {
    const callee = this.compile(readScript(body).code);
    const watcher = begin(this.evalEngine, callee);
    const runnable = { kind: 'eval', name, callee, args: [], flags, watcher } as const;
    this.runEval(call, runnable, keyCount, isReadOnly);
  }

  /** Has a script that is debugged go on, in a turn of its client's. */
  goOnDebugging(client: Client): void {
    const { run, server } = this;
    if (run === null) return;
    server.executor.resumeSuspended(client, () => this.resume(run));
  }

  private runEval(call: ServerCall, what: Runnable, keyCount: number, isReadOnly: boolean): void {
    const engine = this.evalEngine;
    const keysEnd = 3 + keyCount;
    engine.setArguments(
      this.args.list(call.request, 3, keysEnd),
      this.args.list(call.request, keysEnd, call.argc),
    );
    this.start(call, engine, what, isReadOnly);
  }

  /** Runs a function, and replies. */
  runFunction(
    call: ServerCall,
    found: LibraryFunction,
    keyCount: number,
    isReadOnly: boolean,
  ): void {
    const keysEnd = 3 + keyCount;
    const { callback: callee, flags } = found;
    const args = [
      this.args.list(call.request, 3, keysEnd),
      this.args.list(call.request, keysEnd, call.argc),
    ];
    const runnable = { kind: 'function', name: found.name, callee, args, flags } as const;
    this.start(call, this.functions.world.engine, runnable, isReadOnly);
  }

  /** Ends a script that was left in the middle. @throws {Refusal} When it must not be ended. */
  kill(kind: ScriptKind): void {
    const { run } = this;
    if (run === null) throw NOT_BUSY;
    if (run.hasWritten) throw UNKILLABLE;
    if (run.kind !== kind) throw this.busyRefusal;
    const command = run.kind === 'eval' ? 'SCRIPT' : 'FUNCTION';
    run.engine.kill(new LuaError(`Script killed by user with ${command} KILL.`, true));
  }

  /** The server closes: no script goes on. */
  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  tick(): boolean {
    const { run } = this;
    if (run === null || this.server.loading.isUninterrupted) return false;
    const { clock, config } = this.server;
    const nowMs = clock.elapsedMs();
    if (run.isBusy) return nowMs >= this.sliceEndsAtMs;
    const threshold = config.values.busyReplyThreshold;
    if (threshold <= 0 || nowMs - run.startMs < threshold) return false;
    this.becomeBusy(run, nowMs);
    return true;
  }

  private get calls(): InnerCalls {
    this.inner ??= new InnerCalls(this.server);
    return this.inner;
  }

  private get evalEngine(): LuaEngine {
    this.evalWorld ??= openEvalEngine(this.worldParts());
    return this.evalWorld;
  }

  private worldParts(): WorldParts {
    const { clock, config, log } = this.server;
    this.compiler ??= new Compiler();
    return {
      api: { calls: this.calls, log, run: () => this.current },
      host: this,
      compiler: this.compiler,
      random: this.random,
      insecure: config.values.luaEnableInsecureApi,
      elapsedMs: () => clock.elapsedMs(),
    };
  }

  private get current(): ScriptRun {
    if (this.run === null) throw new Error('Cannot ask about the script that runs: none does');
    return this.run;
  }

  private compile(code: string): Closure {
    try {
      return this.evalEngine.compile(code, 'user_script');
    } catch (thrown) {
      if (thrown instanceof ScriptSyntaxError) throw scriptDoesNotCompile(thrown.text);
      throw thrown;
    }
  }

  /** What the script that a request is for says of itself; null when it says nothing, or is not known. */
  private flagsOf(entry: CommandEntry, request: Request): number | null {
    const text = this.args.text(request, 1);
    if (entry.fullName.startsWith('fcall')) return this.functions.find(text)?.flags ?? null;
    if (entry.fullName.startsWith('evalsha')) {
      return this.cache.peek(text.toLowerCase())?.flags ?? null;
    }
    try {
      return flagsOfScript(text);
    } catch {
      // The command itself will say what is wrong with it.
      return null;
    }
  }

  private start(call: ServerCall, engine: LuaEngine, what: Runnable, readOnlyCall: boolean): void {
    const { flags } = what;
    const neverWrites = flags !== null && (flags & ScriptFlag.noWrites) !== 0;
    if (readOnlyCall && flags !== null && !neverWrites) throw SCRIPT_MAY_WRITE;
    const run = new ScriptRun({
      clock: this.server.clock,
      kind: what.kind,
      name: what.name,
      engine,
      client: call.client,
      request: call.request,
      flags,
      startMs: this.server.executor.startedAtMs,
      isReadOnly: readOnlyCall || neverWrites,
      watcher: what.watcher ?? null,
      loadingReply: call.mustObey ? call.reply : null,
    });
    this.run = run;
    this.calls.begin(run);
    this.proceed(run, () => engine.start(what.callee, what.args));
    // Its commands told what is to be sent.
    if (this.run === null) call.effects.propagateNothing();
    else if (run.loadingReply === null) this.server.executor.suspend();
  }

  /** Has the script go on, and replies when it ended. @returns Whether it ended. */
  private proceed(run: ScriptRun, step: () => boolean): boolean {
    try {
      if (!step()) {
        if (run.watcher?.isStopped) {
          if (!run.isBusy) this.leaveOpen(run);
        } else if (run.loadingReply === null) this.goOnSoon();
        return false;
      }
    } catch (thrown) {
      this.end(run);
      if (!(thrown instanceof LuaError)) throw thrown;
      this.answer(run, (reply) => writeFailure(reply, thrown));
      return true;
    }
    const hasBooleans = run.resp === 3;
    const { result } = run.engine;
    this.end(run);
    this.answer(run, (reply) => {
      const values = new ReplyValues(reply, hasBooleans);
      values.write(result);
      // The last one is counted as the failure of the command.
      for (let i = 0; i < values.errors.length - 1; i++) {
        this.server.countError(values.errors[i] as Refusal);
      }
      return values.errorsCountedBefore;
    });
    return true;
  }

  /** @param write - Writes the reply, and says how many errors in it are already on others' account. */
  private answer(run: ScriptRun, write: (reply: ReplyWriter) => number): void {
    const { running } = this.server.executor;
    const reply = run.loadingReply ?? this.server.outputOf(run.client);
    const countedBefore = write(reply);
    if (running !== null) running.failedCalls += countedBefore;
  }

  private end(run: ScriptRun): void {
    this.run = null;
    this.inner?.end();
    run.watcher?.ended();
    if (run.isBusy) this.server.expiryRule.refresh();
  }

  private becomeBusy(run: ScriptRun, nowMs: number): void {
    const command = run.kind === 'eval' ? 'SCRIPT KILL' : 'FUNCTION KILL';
    const ms = Math.floor(nowMs - run.startMs);
    this.server.log.warning(
      `Slow script detected: still in execution after ${ms} milliseconds. You can try killing the script using the ${command} command. Script name is: ${run.name}.`,
    );
    this.leaveOpen(run);
  }

  /** The script stays in the middle while the event loop goes on. */
  private leaveOpen(run: ScriptRun): void {
    run.isBusy = true;
    run.request = run.request.copy();
    this.server.expiryRule.refresh();
  }

  private goOnSoon(): void {
    this.timer = this.server.clock.after(0, () => this.goOn());
  }

  /** Has a script that is loaded, and was left in the middle, go on for a while. */
  goOnLoading(): void {
    if (this.run !== null) this.resume(this.run);
  }

  /** Has the script that was left go on, in a turn of its own. */
  goOn(): void {
    const { run, server } = this;
    if (run === null) return;
    server.turnOf(run.client, () => {
      server.executor.resumeSuspended(run.client, () => this.resume(run));
    });
  }

  /** Has a script go on, for a while. @returns Whether it ended. */
  private resume(run: ScriptRun): boolean {
    this.sliceEndsAtMs = this.server.clock.elapsedMs() + SLICE_MS;
    return this.proceed(run, () => run.engine.resume());
  }
}

function writeFailure(reply: ReplyWriter, error: LuaError): number {
  const { refusal, isCounted } = scriptFailure(error);
  if (isCounted) reply.raw(refusal.bytes);
  else reply.error(refusal);
  return isCounted ? 1 : 0;
}
