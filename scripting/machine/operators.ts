/**
 * What an instruction does when its operands are not of the plain kind: metamethods, conversions,
 * errors. All take the running thread, whose frame is a Lua function's with `pc` saved.
 *
 * Functions that may call a metamethod return whether the loop must look at the thread anew: when
 * the metamethod is a Lua function it has only been entered, and its result comes later, see
 * `Finish`. An operand is named by where it came from (`from`): a register from 0, -1 for none that
 * can be named, upvalue `n` as -2 - n.
 */
import { type Instruction, Op } from './code.js';
import { typeName } from './describe.js';
import type { LuaError } from './error.js';
import { Bytes } from './heap.js';
import type { Machine } from './machine.js';
import { formatNumber, parseNumber } from './numbers.js';
import { Table } from './table.js';
import { Finish, type Frame, type Thread } from './thread.js';
import { Closure, type LuaValue, NativeFunction, Userdata } from './values.js';

/** The longest chain of `__index` or `__newindex`. */
const MAXIMUM_CHAIN = 100;
/** From here on joined strings are charged for. */
const LONG = 1_000_000;

/** A value's metamethod, nil when it has none. */
export function findMetamethod(machine: Machine, value: LuaValue, event: string): LuaValue {
  return machine.metatableOf(value)?.getString(event);
}

function isFunction(value: LuaValue): value is Closure | NativeFunction {
  return value instanceof Closure || value instanceof NativeFunction;
}

/** Calls a metamethod above the frame's registers. */
function callMetamethod(
  machine: Machine,
  thread: Thread,
  finish: number,
  at: number,
  ...values: LuaValue[]
): boolean {
  const func = thread.frame.top;
  for (let i = 0; i < values.length; i++) thread.stack[func + i] = values[i];
  thread.top = func + values.length;
  return machine.call(thread, func, 1, finish, at);
}

/** `object[key]` into register `a`. */
export function index(
  machine: Machine,
  thread: Thread,
  object: LuaValue,
  key: LuaValue,
  a: number,
  from: number,
): boolean {
  const { frame, stack } = thread;
  let value = object;
  for (let loop = 0; loop < MAXIMUM_CHAIN; loop++) {
    let handler: LuaValue;
    if (value instanceof Table) {
      const found = value.get(key);
      handler = found === undefined ? value.metatable?.getString('__index') : undefined;
      if (handler === undefined) {
        stack[frame.base + a] = found;
        return false;
      }
    } else {
      handler = findMetamethod(machine, value, '__index');
      if (handler === undefined) {
        throw machine.typeError(thread, 'index', value, loop === 0 ? from : -1);
      }
    }
    if (isFunction(handler)) {
      return callMetamethod(machine, thread, Finish.store, a, handler, value, key);
    }
    value = handler;
  }
  throw machine.failure(thread, 'loop in gettable');
}

/** Refuses keys that no table can have. */
export function checkKey(machine: Machine, thread: Thread, key: LuaValue): void {
  if (key === undefined) throw machine.failure(thread, 'table index is nil');
  if (Number.isNaN(key)) throw machine.failure(thread, 'table index is NaN');
}

/** `object[key] = given`. */
export function setIndex(
  machine: Machine,
  thread: Thread,
  object: LuaValue,
  key: LuaValue,
  given: LuaValue,
  from: number,
): boolean {
  let value = object;
  for (let loop = 0; loop < MAXIMUM_CHAIN; loop++) {
    let handler: LuaValue;
    if (value instanceof Table) {
      if (value.readonly) throw machine.failure(thread, 'Attempt to modify a readonly table');
      checkKey(machine, thread, key);
      const meta = value.metatable;
      handler =
        meta !== null && value.get(key) === undefined ? meta.getString('__newindex') : undefined;
      if (handler === undefined) {
        machine.allocate(Bytes.key);
        value.set(key, given);
        return false;
      }
    } else {
      handler = findMetamethod(machine, value, '__newindex');
      if (handler === undefined) {
        throw machine.typeError(thread, 'index', value, loop === 0 ? from : -1);
      }
    }
    if (isFunction(handler)) {
      return callMetamethod(machine, thread, Finish.drop, 0, handler, value, key, given);
    }
    value = handler;
  }
  throw machine.failure(thread, 'loop in settable');
}

/** A number, or a string that is one, as a number. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? parseNumber(value) : undefined;
}

const EVENTS: ReadonlyMap<number, string> = new Map([
  [Op.add, '__add'],
  [Op.subtract, '__sub'],
  [Op.multiply, '__mul'],
  [Op.divide, '__div'],
  [Op.modulo, '__mod'],
  [Op.power, '__pow'],
  [Op.negate, '__unm'],
] as [number, string][]);

export function modulo(x: number, y: number): number {
  return x - Math.floor(x / y) * y;
}

function compute(op: number, x: number, y: number): number {
  switch (op) {
    case Op.add:
      return x + y;
    case Op.subtract:
      return x - y;
    case Op.multiply:
      return x * y;
    case Op.divide:
      return x / y;
    case Op.modulo:
      return modulo(x, y);
    case Op.power:
      return x ** y;
    default:
      return -x;
  }
}

/** Arithmetic on anything: `op` is the plain operation, the operands those of the instruction. */
export function arithmetic(
  machine: Machine,
  thread: Thread,
  op: number,
  instruction: Instruction,
  x: LuaValue,
  y: LuaValue,
): boolean {
  const { a } = instruction;
  const left = toNumber(x);
  const right = left === undefined ? undefined : toNumber(y);
  if (left !== undefined && right !== undefined) {
    thread.stack[thread.frame.base + a] = compute(op, left, right);
    return false;
  }
  const event = EVENTS.get(op) ?? '';
  const handler = findMetamethod(machine, x, event) ?? findMetamethod(machine, y, event);
  if (handler !== undefined) {
    return callMetamethod(machine, thread, Finish.store, a, handler, x, y);
  }
  const [culprit, from] = left === undefined ? [x, instruction.b] : [y, instruction.c];
  throw machine.typeError(thread, 'perform arithmetic on', culprit, from);
}

/** `#value` into register `a`, for what is neither table nor string. */
export function length(
  machine: Machine,
  thread: Thread,
  value: LuaValue,
  instruction: Instruction,
): boolean {
  const handler = findMetamethod(machine, value, '__len');
  if (handler === undefined) {
    throw machine.typeError(thread, 'get length of', value, instruction.b);
  }
  return callMetamethod(machine, thread, Finish.store, instruction.a, handler, value, undefined);
}

/** Jumps, or not, as the test that the frame is at says. */
export function takeTest(thread: Thread, frame: Frame, holds: boolean): void {
  const test = frame.code?.[frame.pc - 1];
  if (test === undefined) return;
  if (holds !== (test.a !== 0)) {
    frame.pc++;
    return;
  }
  if (test.closes >= 0) thread.closeUpvalues(frame.base + test.closes);
  frame.pc = test.target;
}

/** The `__eq` that two different objects share, nil when they have none in common. */
function sharedHandler(x: Table | null, y: Table | null, event: string): LuaValue {
  if (x === null || y === null) return undefined;
  const handler = x.getString(event);
  if (handler === undefined || x === y) return handler;
  return y.getString(event) === handler ? handler : undefined;
}

/** Decides `x == y` for two values that are not the same one. */
export function equal(machine: Machine, thread: Thread, x: LuaValue, y: LuaValue): boolean {
  const tables = x instanceof Table && y instanceof Table;
  if (tables || (x instanceof Userdata && y instanceof Userdata)) {
    const handler = sharedHandler(x.metatable, y.metatable, '__eq');
    if (handler !== undefined) {
      return callMetamethod(machine, thread, Finish.test, 0, handler, x, y);
    }
  }
  takeTest(thread, thread.frame, false);
  return false;
}

/** Decides `x < y` (or `x <= y`) for what is neither two numbers nor two strings. */
export function compare(
  machine: Machine,
  thread: Thread,
  orEqual: boolean,
  x: LuaValue,
  y: LuaValue,
): boolean {
  if (typeName(x) !== typeName(y)) throw compareError(machine, thread, x, y);
  const [left, right] = [machine.metatableOf(x), machine.metatableOf(y)];
  const handler = sharedHandler(left, right, orEqual ? '__le' : '__lt');
  if (handler !== undefined) {
    return callMetamethod(machine, thread, Finish.test, 0, handler, x, y);
  }
  const reverse = orEqual ? sharedHandler(right, left, '__lt') : undefined;
  if (reverse === undefined) throw compareError(machine, thread, x, y);
  return callMetamethod(machine, thread, Finish.testNot, 0, reverse, y, x);
}

/** An error for comparing what has no order. */
export function compareError(machine: Machine, thread: Thread, x: LuaValue, y: LuaValue): LuaError {
  const [left, right] = [typeName(x), typeName(y)];
  const what = left === right ? `two ${left} values` : `${left} with ${right}`;
  return machine.failure(thread, `attempt to compare ${what}`);
}

const canJoin = (value: LuaValue): value is string | number =>
  typeof value === 'string' || typeof value === 'number';

/**
 * Concatenates the operands of the instruction that the frame is at, from register `last` down.
 *
 * Registers above `last` are done with. The operands are joined from the right, as many at once as
 * are strings or numbers; a metamethod's result takes the place of the two it was given.
 */
export function concatenate(machine: Machine, thread: Thread, last: number): boolean {
  const { frame, stack } = thread;
  const instruction = frame.code?.[frame.pc - 1];
  if (instruction === undefined) return false;
  const first = frame.base + instruction.b;
  let at = frame.base + last;
  while (at > first) {
    const right = stack[at];
    const left = stack[at - 1];
    if (!canJoin(left) || !canJoin(right)) {
      const handler =
        findMetamethod(machine, left, '__concat') ?? findMetamethod(machine, right, '__concat');
      if (handler === undefined) {
        const [culprit, register] = canJoin(left) ? [right, at] : [left, at - 1];
        throw machine.typeError(thread, 'concatenate', culprit, register - frame.base);
      }
      const register = at - 1 - frame.base;
      return callMetamethod(machine, thread, Finish.concat, register, handler, left, right);
    }
    at = join(machine, thread, first, at);
  }
  stack[frame.base + instruction.a] = stack[first];
  return false;
}

/** Joins strings and numbers from `last` down, as far as they go; returns where the result lies. */
function join(machine: Machine, thread: Thread, first: number, last: number): number {
  const { stack } = thread;
  let from = last;
  while (from > first && canJoin(stack[from - 1])) from--;
  let text = '';
  for (let i = from; i <= last; i++) {
    const piece = stack[i];
    text += typeof piece === 'number' ? formatNumber(piece) : String(piece);
  }
  machine.charge(text.length);
  if (text.length >= LONG) {
    // The engine joins strings only when it must; asking for a character makes it do so now, while
    // the memory is being watched.
    text.charCodeAt(0);
  }
  stack[from] = text;
  return from;
}
