/**
 * One Lua world: its globals, its threads, and the rules of calling, returning and failing.
 *
 * The loop (loop.ts) runs Lua instructions; what it needs beyond a plain instruction is here and in
 * operators.ts. Functions of the host are run by `call`, and gone on with by `goOn` when they have
 * called into Lua. `run` is the only place where a JavaScript exception ends: it becomes a Lua error
 * that the innermost `rescue` gets, or leaves through `run` when there is none.
 */
import { describeOperand, lineOf, typeName } from './describe.js';
import { type ErrorPlace, LuaError, OUT_OF_MEMORY } from './error.js';
import { execute } from './loop.js';
import { concatenate, findMetamethod, takeTest } from './operators.js';
import type { LineStepper } from './stepper.js';
import { Table } from './table.js';
import {
  Finish,
  type Frame,
  HOST_ROOM,
  MAXIMUM_CALLS,
  MAXIMUM_HOST_CALLS,
  PENDING,
  Thread,
} from './thread.js';
import { Closure, isTrue, type LuaValue, NativeFunction } from './values.js';

/** Loop turns and calls between two looks at the world outside. */
const TICKS = 100_000;
/** Bytes that scripts take between two looks at the memory. */
const LOOK_BYTES = 8 * 1024 * 1024;
/** As many bytes take about as long as a loop turn, as a power of two. */
const BYTES_PER_TICK_BITS = 6;
/** Longer strings than this, in bytes, scripts cannot make. */
const MAXIMUM_STRING = 2 ** 28;

/** What the tick asks: see `ScriptHost.tick` in engine.ts. */
export type Tick = () => boolean;

export class Machine {
  readonly globals = new Table();
  /** What strings are indexed by; other basic types have no metatable. */
  stringMetatable: Table | null = null;
  readonly main: Thread;
  /** The thread that is running. */
  thread: Thread;
  /** Counts down at each loop turn and call; below zero the outside is asked. */
  budget = TICKS;
  /** How many turns and calls lie between two looks: at least one, or nothing gets done. */
  interval = TICKS;
  tick: Tick = () => false;
  /** What an error becomes that comes up while `load` reads: the real server makes it an object. */
  errorObject: (value: LuaValue) => LuaValue = (value) => value;
  /** A debugger's, see stepper.ts. */
  stepper: LineStepper | null = null;
  /** Raises an error when memory is short, or would be with so many bytes more. */
  checkMemory: (bytes: number) => void = () => undefined;
  /** How `memoryInUse` knows. */
  measure: () => number = () => 0;
  /** The frame at which the innermost run ends. */
  private stop: Frame | null = null;
  private addresses = 0;
  private charged = 0;
  private readonly known = new WeakMap<object, number>();

  constructor() {
    this.main = new Thread(this);
    this.thread = this.main;
  }

  nextAddress(): number {
    this.addresses += 0x40;
    return 0x7f0000000000 + this.addresses;
  }

  /** A number for an object that carries none itself, the same each time. */
  addressOf(object: object): number {
    const known = this.known.get(object);
    if (known !== undefined) return known;
    const made = this.nextAddress();
    this.known.set(object, made);
    return made;
  }

  /** What this world takes up in memory, in bytes: for `collectgarbage('count')`. */
  memoryInUse(): number {
    return this.measure();
  }

  /** The metatable of a value of any type. */
  metatableOf(value: LuaValue): Table | null {
    if (typeof value === 'string') return this.stringMetatable;
    if (typeof value === 'object' && 'metatable' in value) return value.metatable;
    return null;
  }

  /**
   * Calls what lies at `func`, with the arguments behind it up to `thread.top`.
   *
   * A Lua function is only entered: the loop runs it. A function of the host is run.
   *
   * @returns Whether the thread or its frame is another one now.
   */
  call(thread: Thread, func: number, wanted: number, finish = 0, finishAt = 0): boolean {
    let callee = thread.stack[func];
    if (!(callee instanceof Closure) && !(callee instanceof NativeFunction)) {
      callee = this.callHandler(thread, func);
    }
    const hostCall = finish !== Finish.none || thread.frame.code === null;
    const frame = thread.pushFrame(hostCall);
    frame.func = func;
    frame.wanted = wanted;
    frame.finish = finish;
    frame.finishAt = finishAt;
    if (callee instanceof Closure) {
      this.enter(thread, frame, callee);
      return true;
    }
    return this.runNative(thread, frame, callee);
  }

  /** Sets a frame up for a Lua function whose arguments lie behind it. */
  enter(thread: Thread, frame: Frame, closure: Closure): void {
    const { code } = closure;
    const { stack } = thread;
    const first = frame.func + 1;
    const { parameters } = code;
    let base = first;
    const end = thread.top + code.registers + HOST_ROOM;
    if (end > thread.claimed) thread.claim(end);
    if (code.isVararg) {
      base = Math.max(first, thread.top);
      for (let i = 0; i < parameters; i++) {
        const at = first + i;
        stack[base + i] = at < base ? stack[at] : undefined;
        if (at < base) stack[at] = undefined;
      }
      if (code.needsArg) stack[base + parameters] = argTable(stack, first + parameters, base);
    } else {
      for (let at = thread.top; at < first + parameters; at++) stack[at] = undefined;
    }
    frame.closure = closure;
    frame.native = null;
    frame.code = code.instructions;
    frame.pc = 0;
    frame.base = base;
    frame.top = base + code.registers;
    frame.after = null;
    frame.rescue = null;
  }

  /**
   * Raises an error from a function of the host, which then returns what this returns. It is
   * `throw` for errors that a script makes on purpose: nothing is thrown when a `rescue` of the
   * same run waits for it, and throwing is what costs.
   */
  raise(thread: Thread, error: LuaError): number {
    if (error.fatal || thread !== this.thread) throw error;
    for (let depth = thread.depth - 1; depth >= 0; depth--) {
      const frame = thread.frames[depth];
      if (frame === undefined || frame === this.stop) break;
      if (frame.rescue === null) continue;
      this.rescue(thread, depth, frame, error);
      return PENDING;
    }
    throw error;
  }

  /** Runs a function of the host, whose arguments lie behind it up to `thread.top`. As `call`. */
  runNative(thread: Thread, frame: Frame, callee: NativeFunction): boolean {
    frame.closure = null;
    frame.code = null;
    frame.native = callee;
    frame.base = frame.func + 1;
    frame.after = null;
    frame.rescue = null;
    thread.base = frame.base;
    const end = thread.top + HOST_ROOM;
    if (end > thread.claimed) thread.claim(end);
    const count = callee.run(thread);
    return count === PENDING || this.leave(thread, thread.top - count, count);
  }

  /** Puts the `__call` of a value in its place, the value itself before the arguments. */
  callHandler(thread: Thread, func: number): Closure | NativeFunction {
    const { stack } = thread;
    const handler = findMetamethod(this, stack[func], '__call');
    if (!(handler instanceof Closure) && !(handler instanceof NativeFunction)) {
      throw this.callError(thread, func);
    }
    for (let i = thread.top; i > func; i--) stack[i] = stack[i - 1];
    thread.top++;
    stack[func] = handler;
    return handler;
  }

  private callError(thread: Thread, func: number): LuaError {
    const { frame } = thread;
    const register = frame.code === null ? -1 : func - frame.base;
    return this.typeError(thread, 'call', thread.stack[func], register);
  }

  /**
   * Returns from the running call with `count` results that lie at `first`.
   *
   * @returns Whether the frame is another one than the caller's: a metamethod went on with a call.
   */
  leave(thread: Thread, first: number, count: number): boolean {
    const { frame, stack } = thread;
    const { func, wanted } = frame;
    thread.popFrame();
    if (wanted === 1) {
      stack[func] = count > 0 ? stack[first] : undefined;
    } else if (wanted < 0) {
      for (let i = 0; i < count; i++) stack[func + i] = stack[first + i];
      thread.top = func + count;
    } else {
      for (let i = 0; i < wanted; i++) stack[func + i] = i < count ? stack[first + i] : undefined;
    }
    if (frame.finish !== Finish.none)
      return this.finish(thread, frame.finish, frame.finishAt, func);
    if (thread.frame.code === null && wanted >= 0) thread.top = func + wanted;
    return false;
  }

  /** Hands a metamethod's result to the instruction that asked for it. */
  private finish(thread: Thread, finish: number, at: number, func: number): boolean {
    const { frame, stack } = thread;
    const value = stack[func];
    switch (finish) {
      case Finish.store:
        stack[frame.base + at] = value;
        break;
      case Finish.test:
        takeTest(thread, frame, isTrue(value));
        break;
      case Finish.testNot:
        takeTest(thread, frame, !isTrue(value));
        break;
      case Finish.concat:
        stack[frame.base + at] = value;
        return concatenate(this, thread, at);
    }
    return false;
  }

  /** Goes on with a function of the host, on top, whose call has returned. */
  goOn(thread: Thread): void {
    const { frame } = thread;
    const { after } = frame;
    if (after === null) throw new Error('Cannot go on: the function waits for nothing');
    frame.after = null;
    frame.rescue = null;
    thread.base = frame.base;
    const count = after(thread);
    if (count !== PENDING) this.leave(thread, thread.top - count, count);
  }

  /**
   * Runs until the frame `stop` is on top again.
   *
   * @param starts - Calls what was pushed onto `main` first.
   *
   * @returns False when the script was left in the middle: `run` again to go on.
   * @throws {LuaError} When nothing above `stop` catches it; the calls above `stop` are gone then.
   */
  run(stop: Frame, starts = false): boolean {
    const outer = this.stop;
    this.stop = stop;
    try {
      for (;;) {
        try {
          if (starts) {
            starts = false;
            this.call(this.thread, 1, -1);
          }
          return execute(this, stop);
        } catch (thrown) {
          this.unwind(this.errorOf(thrown), stop);
        }
      }
    } finally {
      this.stop = outer;
    }
  }

  /** Made ready for a new script: its function is to be pushed as the first value of `main`. */
  begin(): void {
    this.thread = this.main;
    this.main.status = 'running';
    this.budget = this.interval;
    this.charged = 0;
  }

  /**
   * Notes that a string of so many bytes is being made, which takes time as well as memory.
   *
   * @throws {LuaError} When it would be too long, or memory is short.
   */
  charge(bytes: number): void {
    if (bytes > MAXIMUM_STRING) throw this.failure(this.thread, OUT_OF_MEMORY);
    this.budget -= bytes >> BYTES_PER_TICK_BITS;
    this.allocate(bytes);
  }

  /**
   * Notes that a script takes so many bytes, about. In a few ticks it could fill the memory: the limit is looked
   * at after each 8 MB.
   *
   * @throws {LuaError} When memory is short.
   */
  allocate(bytes: number): void {
    this.charged += bytes;
    if (this.charged >= LOOK_BYTES) this.look(bytes);
  }

  private look(bytes: number): void {
    this.charged = 0;
    this.checkMemory(bytes);
  }

  /** Asks the outside, once in many ticks, whether to go on. @returns Whether to leave the script. */
  ask(): boolean {
    this.budget = this.interval;
    return this.tick();
  }

  /** Makes an error of whatever was thrown: JavaScript's own limits are limits of scripts. */
  private errorOf(thrown: unknown): LuaError {
    if (thrown instanceof LuaError) return thrown;
    if (thrown instanceof RangeError) {
      const deep = /call stack/.test(thrown.message);
      return this.failure(this.thread, deep ? 'stack overflow' : OUT_OF_MEMORY);
    }
    throw thrown;
  }

  /** Leaves calls until one that catches the error, which gets it. */
  private unwind(error: LuaError, stop: Frame): void {
    error.place ??= this.innermostPlace();
    for (;;) {
      const { thread } = this;
      for (let depth = thread.depth; depth >= 0; depth--) {
        const frame = thread.frames[depth];
        if (frame === undefined) break;
        if (frame === stop) {
          thread.closeUpvalues(frame.base);
          thread.cutTo(depth);
          throw error;
        }
        if (frame.rescue !== null && !error.fatal) {
          this.rescue(thread, depth, frame, error);
          return;
        }
      }
      const { resumer } = thread;
      if (resumer === null) throw error;
      thread.status = 'dead';
      thread.closeUpvalues(0);
      thread.cutTo(0);
      thread.resumer = null;
      resumer.status = 'running';
      this.thread = resumer;
    }
  }

  /** Makes the loop go on with a call's `rescue`, the error standing where results would. */
  private rescue(thread: Thread, depth: number, frame: Frame, error: LuaError): void {
    thread.closeUpvalues(frame.base);
    thread.cutTo(depth);
    thread.stack[frame.callee] = error.value;
    thread.top = frame.callee + 1;
    frame.after = frame.rescue;
    frame.rescue = null;
  }

  /** Where the innermost Lua function of the running threads is. */
  private innermostPlace(): ErrorPlace | null {
    for (let thread: Thread | null = this.thread; thread !== null; thread = thread.resumer) {
      for (let depth = thread.depth; depth > 0; depth--) {
        const frame = thread.frames[depth];
        if (frame?.closure) return { chunk: frame.closure.code.chunk, line: lineOf(frame) };
      }
    }
    return null;
  }

  /** `chunk:line: ` of the call at `level` (0 the running one), or nothing for the host's. */
  where(thread: Thread, level: number): string {
    const frame = thread.frames[thread.depth - level];
    if (!frame?.closure) return '';
    return `${frame.closure.code.chunk}:${lineOf(frame)}: `;
  }

  /** An error of the running call: a Lua function's has its place before it. */
  failure(thread: Thread, message: string): LuaError {
    return new LuaError(`${this.where(thread, 0)}${message}`);
  }

  /** An error for using a value as what it is not. @param from - See `operators.ts`. */
  typeError(thread: Thread, action: string, value: LuaValue, from: number): LuaError {
    const source = describeOperand(thread.frame, from);
    const type = typeName(value);
    const what = source === null ? `a ${type} value` : `${source} (a ${type} value)`;
    return this.failure(thread, `attempt to ${action} ${what}`);
  }

  /** Too many calls in progress: an error, and while that is being handled a plainer one. */
  tooDeep(thread: Thread): void {
    if (thread.depth === MAXIMUM_CALLS) {
      thread.popFrame();
      throw this.failure(thread, 'stack overflow');
    }
    if (thread.depth > MAXIMUM_CALLS + 1000) throw new LuaError('error in error handling');
  }

  tooDeepInHost(thread: Thread): void {
    const { hostCalls } = thread.frame;
    if (hostCalls === MAXIMUM_HOST_CALLS) {
      thread.popFrame();
      throw this.failure(thread, 'C stack overflow');
    }
    if (hostCalls >= MAXIMUM_HOST_CALLS + (MAXIMUM_HOST_CALLS >> 3)) {
      thread.popFrame();
      throw new LuaError('error in error handling');
    }
  }
}

/** The table `arg` of old: the further arguments and their number. */
function argTable(stack: LuaValue[], from: number, to: number): Table {
  const count = Math.max(to - from, 0);
  const table = new Table(count, 1);
  for (let i = 0; i < count; i++) table.setInteger(i + 1, stack[from + i]);
  table.set('n', count);
  return table;
}
