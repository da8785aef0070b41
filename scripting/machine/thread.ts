/**
 * A thread of Lua: a coroutine, or the main program. A stack of values and the calls in progress.
 *
 * Everything a running script knows is here and in the machine, nothing on JavaScript's own stack:
 * so a script can be left in the middle of any instruction and gone on with later.
 *
 * This class is also what functions of the host work with (see library/arguments.ts for reading
 * arguments): `push` results and return their number. A function that calls into Lua ends with
 * `return thread.callThen(...)`: the rest of its work is another function, which is run when
 * the results are there.
 */
import type { Instruction } from './code.js';
import type { Machine } from './machine.js';
import {
  type Closure,
  type LuaValue,
  type NativeBody,
  type NativeFunction,
  Upvalue,
} from './values.js';

/** What becomes of a metamethod's result in the function that caused its call. */
export const Finish = {
  /** An ordinary call: its results lie where the callee was. */
  none: 0,
  /** Into a register. */
  store: 1,
  /** Nowhere. */
  drop: 2,
  /** It decides the test at hand. */
  test: 3,
  /** The same, turned around: `a <= b` by way of `b < a`. */
  testNot: 4,
  /** It takes the place of two operands of a concatenation, which goes on. */
  concat: 5,
  /** The call that a generic \`for\` makes: ordinary, but Lua makes it by way of the host. */
  iterate: 6,
} as const;

/** Returned by functions of the host instead of a number of results. */
export const PENDING = -1;

/** Slots that a function of the host finds above its arguments: those it may push to, and some that the caller needs. */
export const HOST_ROOM = 40;
/** Slots that are kept for a next script. */
const LARGEST_KEPT_STACK = 512;

/** The most calls in progress in a thread. */
export const MAXIMUM_CALLS = 20_000;
/** The most calls from the host into Lua in each other: what is C's stack in the real server. */
export const MAXIMUM_HOST_CALLS = 200;

/** A call in progress. Objects are used again for later calls of the same depth. */
export class Frame {
  /** Null for functions of the host. */
  closure: Closure | null = null;
  native: NativeFunction | null = null;
  /** The closure's instructions; null for functions of the host. */
  code: Instruction[] | null = null;
  /** The next instruction. */
  pc = 0;
  /** The first register, or the first argument. */
  base = 0;
  /** Where the function lies, and where its results go. */
  func = 0;
  /** Behind the last register. */
  top = 0;
  /** Results wanted; -1 for all. */
  wanted = 0;
  /** A `Finish`, and the register or number it needs. */
  finish = 0;
  finishAt = 0;
  /** Calls from the host into Lua among this one and those below it. */
  hostCalls = 0;
  /** For functions of the host: what to run when the call they made returns; where its results lie. */
  after: NativeBody | null = null;
  callee = 0;
  /** For functions of the host: run instead of `after`, with the error as result, when that fails. */
  rescue: NativeBody | null = null;
  /** Whether the function that called it is gone: a tail call. */
  tail = false;
}

export type ThreadStatus = 'suspended' | 'running' | 'normal' | 'dead';

export class Thread {
  readonly machine: Machine;
  /** Registers and arguments of all calls. */
  readonly stack: LuaValue[] = [];
  /** The slots from here on are nil: nothing was written there since the last `reset`. */
  claimed = 0;
  readonly frames: Frame[];
  /** The call that is running. */
  frame: Frame;
  depth = 0;
  /** The first argument of the function of the host that is running, and the end of them. */
  base = 0;
  top = 1;
  status: ThreadStatus = 'suspended';
  /** Who resumed this coroutine and waits for it. */
  resumer: Thread | null = null;
  private readonly open: Upvalue[] = [];
  private ownAddress = 0;

  constructor(machine: Machine) {
    this.machine = machine;
    this.grow(64);
    this.frame = new Frame();
    this.frames = [this.frame];
  }

  /** A number unlike any other object's, shown by `tostring`. */
  get address(): number {
    if (this.ownAddress === 0) this.ownAddress = this.machine.nextAddress();
    return this.ownAddress;
  }

  /** The number of arguments of the function of the host that is running. */
  get argc(): number {
    return this.top - this.base;
  }

  /** Argument `i`, from 1; nil when there are not so many. */
  arg(i: number): LuaValue {
    const at = this.base + i - 1;
    return at < this.top ? this.stack[at] : undefined;
  }

  push(value: LuaValue): void {
    this.stack[this.top++] = value;
  }

  /** Pushes one result and returns 1: the last line of most functions. */
  answer(value: LuaValue): 1 {
    this.stack[this.top++] = value;
    return 1;
  }

  /** Makes room for `count` values to be pushed; functions of the host have room for 32. */
  reserve(count: number): void {
    const end = this.top + count + HOST_ROOM;
    if (end > this.claimed) this.claim(end);
  }

  /** Makes the slots up to `end` part of those that may be written. To be asked for when they are more than `claimed`. */
  claim(end: number): void {
    if (end > this.stack.length) this.grow(end);
    this.claimed = end;
  }

  /** Fills the stack up: it must never have holes, nor be written far behind its end. */
  private grow(size: number): void {
    const wanted = Math.max(size, Math.min(this.stack.length * 2, this.stack.length + 65_536));
    while (this.stack.length < wanted) this.stack.push(undefined);
  }

  /**
   * For functions of the host: calls a function, then runs `after` instead of returning.
   *
   * The function and its arguments must have been pushed, the function at `func`. `after` is run
   * as part of the same call: `base` is the same, the results are `stack[frame.callee]` up to `top`.
   * It returns results, or calls again. Nothing must be kept in `thread` but arguments and results.
   *
   * @param wanted - How many results; -1 for all.
   * @param rescue - Run instead of `after` when the call fails, with the error as the only result;
   *   without it the error goes on to the next call that has one.
   */
  callThen(
    func: number,
    wanted: number,
    after: NativeBody,
    rescue: NativeBody | null = null,
  ): number {
    const { frame } = this;
    frame.after = after;
    frame.callee = func;
    frame.rescue = rescue;
    this.machine.call(this, func, wanted);
    return PENDING;
  }

  /**
   * For functions of the host with much to do: gives way, so that the outside may look in, and goes
   * on with `after` then. `return` what this returns, when `machine.budget` is used up.
   */
  later(after: NativeBody): number {
    const { frame } = this;
    frame.after = after;
    frame.callee = this.top;
    frame.rescue = null;
    return PENDING;
  }

  /** Results of the call made with `callThen`, from 0; nil when there are not so many. */
  result(i: number): LuaValue {
    const at = this.frame.callee + i;
    return at < this.top ? this.stack[at] : undefined;
  }

  /** The frame of a new call, on top. The caller fills it in. */
  pushFrame(hostCall: boolean): Frame {
    const { hostCalls } = this.frame;
    const depth = ++this.depth;
    if (depth >= MAXIMUM_CALLS) this.machine.tooDeep(this);
    let frame = this.frames[depth];
    if (frame === undefined) {
      frame = new Frame();
      this.frames.push(frame);
    }
    frame.hostCalls = hostCall ? hostCalls + 1 : hostCalls;
    frame.tail = false;
    this.frame = frame;
    if (hostCall && frame.hostCalls >= MAXIMUM_HOST_CALLS) this.machine.tooDeepInHost(this);
    return frame;
  }

  /** `pushFrame` for a call that an instruction of a Lua function makes. */
  pushLuaFrame(): Frame {
    const caller = this.frame;
    const depth = ++this.depth;
    const frame = this.frames[depth];
    if (frame === undefined || depth >= MAXIMUM_CALLS) {
      this.depth--;
      const made = this.pushFrame(false);
      made.finish = Finish.none;
      return made;
    }
    frame.hostCalls = caller.hostCalls;
    frame.tail = false;
    frame.finish = Finish.none;
    this.frame = frame;
    return frame;
  }

  popFrame(): void {
    this.depth--;
    this.frame = this.frames[this.depth] ?? this.frame;
  }

  /** Leaves all calls above the one at `depth`. */
  cutTo(depth: number): void {
    this.depth = depth;
    const frame = this.frames[depth];
    if (frame === undefined) return;
    this.frame = frame;
    this.base = frame.base;
  }

  /** The upvalue for a register, shared by all closures that use it. */
  findUpvalue(index: number): Upvalue {
    const { open } = this;
    let at = open.length - 1;
    for (; at >= 0; at--) {
      const each = open[at];
      if (each === undefined || each.index < index) break;
      if (each.index === index) return each;
    }
    const made = new Upvalue(this.stack, index);
    open.splice(at + 1, 0, made);
    return made;
  }

  /** Parts closures from the registers at `level` and above. */
  closeUpvalues(level: number): void {
    const { open } = this;
    for (let last = open.at(-1); last !== undefined && last.index >= level; last = open.at(-1)) {
      last.close();
      open.pop();
    }
  }

  /** Forgets everything, for a next script; keeps the memory unless it is much. */
  reset(): void {
    this.closeUpvalues(0);
    const { stack } = this;
    if (stack.length > LARGEST_KEPT_STACK) stack.length = LARGEST_KEPT_STACK;
    // For so few a loop is faster than `fill`.
    const end = Math.min(this.claimed, stack.length);
    for (let i = 0; i < end; i++) stack[i] = undefined;
    this.claimed = 0;
    if (this.frames.length > 256) this.frames.length = 256;
    this.cutTo(0);
    this.top = 1;
    this.base = 0;
    this.status = 'suspended';
    this.resumer = null;
  }
}
