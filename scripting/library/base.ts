/** The functions of Lua 5.1 that are there without a prefix: `assert`, `pairs`, `pcall`, ... */
import type { Compiler } from '../compiler/compiler.js';
import { typeName } from '../machine/describe.js';
import { LuaError } from '../machine/error.js';
import { Bytes } from '../machine/heap.js';
import type { Machine } from '../machine/machine.js';
import { formatNumber, parseInBase, parseNumber } from '../machine/numbers.js';
import { checkKey, findMetamethod } from '../machine/operators.js';
import { Table } from '../machine/table.js';
import { Thread } from '../machine/thread.js';
import {
  isTrue,
  type LuaValue,
  type NativeBody,
  NativeFunction,
  Userdata,
} from '../machine/values.js';
import {
  argumentError,
  checkAny,
  checkInt,
  checkString,
  checkTable,
  fail,
  isNoneOrNil,
  optionalInt,
  optionalString,
  register,
  writable,
} from './arguments.js';
import { INSECURE } from './insecure-api.js';
import { loaders } from './load.js';

/** Arguments and results of a call of `unpack` together: what C's stack holds in the real server. */
const MAXIMUM_UNPACKED = 8000;

function address(of: number): string {
  return `0x${of.toString(16).padStart(12, '0')}`;
}

/** A value as `tostring` shows it when it has no `__tostring`. */
export function showValue(machine: Machine, value: LuaValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value);
  if (value === undefined) return 'nil';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value instanceof Table) return `table: ${address(value.address(machine))}`;
  if (value instanceof Thread) return `thread: ${address(value.address)}`;
  if (value instanceof Userdata) {
    const shown = value.light && value.address === 0 ? '(nil)' : address(machine.addressOf(value));
    return `userdata: ${shown}`;
  }
  return `function: ${address(machine.addressOf(value))}`;
}

const tostring: NativeBody = (thread) => {
  const { machine, stack } = thread;
  const value = checkAny(thread, 1);
  const handler = findMetamethod(machine, value, '__tostring');
  if (handler === undefined) return thread.answer(showValue(machine, value));
  const func = thread.top;
  stack[func] = handler;
  stack[func + 1] = value;
  thread.top = func + 2;
  return thread.callThen(func, 1, oneResult);
};

const oneResult: NativeBody = (thread) => thread.answer(thread.result(0));

const tonumber: NativeBody = (thread) => {
  const base = optionalInt(thread, 2, 10);
  if (base === 10) {
    const value = checkAny(thread, 1);
    if (typeof value === 'number') return thread.answer(value);
    if (typeof value !== 'string') return thread.answer(undefined);
    thread.machine.charge(value.length);
    return thread.answer(parseNumber(value));
  }
  const text = checkString(thread, 1);
  if (base < 2 || base > 36) throw argumentError(thread, 2, 'base out of range');
  return thread.answer(parseInBase(text, base));
};

const type: NativeBody = (thread) => thread.answer(typeName(checkAny(thread, 1)));

const assert: NativeBody = (thread) => {
  if (!isTrue(checkAny(thread, 1))) {
    throw fail(thread, optionalString(thread, 2, 'assertion failed!'));
  }
  return thread.argc;
};

const error: NativeBody = (thread) => {
  const level = optionalInt(thread, 2, 1);
  const value = thread.arg(1);
  if (level <= 0 || (typeof value !== 'string' && typeof value !== 'number')) {
    return thread.machine.raise(thread, new LuaError(value));
  }
  const text = typeof value === 'number' ? formatNumber(value) : value;
  const placed = `${thread.machine.where(thread, level)}${text}`;
  return thread.machine.raise(thread, new LuaError(placed));
};

const pcallDone: NativeBody = (thread) => {
  const { frame, stack } = thread;
  stack[frame.func] = true;
  return thread.top - frame.func;
};

const pcallFailed: NativeBody = (thread) => {
  thread.push(false);
  thread.push(caught(thread.result(0)));
  return 2;
};

/** What `pcall` answers for an error: of error objects, as commands make them, the text. */
function caught(value: LuaValue): LuaValue {
  const text = value instanceof Table ? value.getString('err') : undefined;
  return text === undefined ? value : text;
}

const pcall: NativeBody = (thread) => {
  // As in the real server, where the status stands in for a function that was not given.
  if (thread.argc === 0) thread.push(true);
  // The function lies where its results, behind `true`, have to go.
  return thread.callThen(thread.base, -1, pcallDone, pcallFailed);
};

const xpcall: NativeBody = (thread) => {
  checkAny(thread, 2);
  const { base, stack } = thread;
  stack[base + 2] = stack[base];
  thread.top = base + 3;
  return thread.callThen(base + 2, -1, xpcallDone, xpcallFailed);
};

const xpcallDone: NativeBody = (thread) => {
  thread.stack[thread.base + 1] = true;
  return thread.top - thread.base - 1;
};

const xpcallFailed: NativeBody = (thread) => {
  const { base, stack } = thread;
  const value = thread.result(0);
  stack[base + 2] = stack[base + 1];
  stack[base + 3] = value;
  thread.top = base + 4;
  return thread.callThen(base + 2, 1, handled, handlerFailed);
};

const handled: NativeBody = (thread) => {
  const value = thread.result(0);
  thread.push(false);
  thread.push(value);
  return 2;
};

const handlerFailed: NativeBody = (thread) => {
  thread.push(false);
  thread.push('error in error handling');
  return 2;
};

const select: NativeBody = (thread) => {
  const { argc } = thread;
  const first = thread.arg(1);
  if (typeof first === 'string' && first.startsWith('#')) return thread.answer(argc - 1);
  let from = checkInt(thread, 1);
  if (from < 0) from = argc + from;
  else if (from > argc) from = argc;
  if (from < 1) throw argumentError(thread, 1, 'index out of range');
  return argc - from;
};

const unpack: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  const from = optionalInt(thread, 2, 1);
  const to = isNoneOrNil(thread, 3) ? table.border() : checkInt(thread, 3);
  if (from > to) return 0;
  const count = to - from + 1;
  if (count + thread.argc > MAXIMUM_UNPACKED) throw fail(thread, 'too many results to unpack');
  thread.reserve(count);
  for (let i = from; i <= to; i++) thread.push(table.get(i));
  return count;
};

const next: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  const position = table.positionAfter(thread.arg(2));
  if (position === -2) throw thread.machine.failure(thread, "invalid key to 'next'");
  if (position < 0) return thread.answer(undefined);
  thread.push(table.keyAt(position));
  thread.push(table.valueAt(position));
  return 2;
};

const ipairsStep: NativeBody = (thread) => {
  const i = checkInt(thread, 2) + 1;
  const value = checkTable(thread, 1).get(i);
  if (value === undefined) return 0;
  thread.push(i);
  thread.push(value);
  return 2;
};

/** `pairs` and `ipairs`: each answers a step function, the table and where to start. */
function iteration(step: NativeFunction, start: LuaValue): NativeBody {
  return (thread) => {
    const table = checkTable(thread, 1);
    thread.push(step);
    thread.push(table);
    thread.push(start);
    return 3;
  };
}

const rawget: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  return thread.answer(table.get(checkAny(thread, 2)));
};

const rawset: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  const key = checkAny(thread, 2);
  const value = checkAny(thread, 3);
  writable(thread, table);
  checkKey(thread.machine, thread, key);
  thread.machine.allocate(Bytes.key);
  table.set(key, value);
  return thread.answer(table);
};

const rawequal: NativeBody = (thread) => thread.answer(checkAny(thread, 1) === checkAny(thread, 2));

const getmetatable: NativeBody = (thread) => {
  const metatable = thread.machine.metatableOf(checkAny(thread, 1));
  if (metatable === null) return thread.answer(undefined);
  return thread.answer(metatable.getString('__metatable') ?? metatable);
};

const setmetatable: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  const metatable = thread.arg(2);
  const given = thread.argc >= 2 && metatable === undefined;
  if (!given && !(metatable instanceof Table)) {
    throw argumentError(thread, 2, 'nil or table expected');
  }
  if (table.metatable?.getString('__metatable') !== undefined) {
    throw fail(thread, 'cannot change a protected metatable');
  }
  writable(thread, table);
  table.metatable = metatable instanceof Table ? metatable : null;
  return thread.answer(table);
};

const COLLECTOR_OPTIONS = [
  ...['stop', 'restart', 'collect', 'count', 'step', 'setpause', 'setstepmul'],
];

/** There is a collector, but not ours to steer: the answers are those of one that has little to do. */
/** What asking for the memory in use takes, in loop turns. */
const COLLECTOR_TICKS = 100;

const collectgarbage: NativeBody = (thread) => {
  const option = optionalString(thread, 1, 'collect');
  if (!COLLECTOR_OPTIONS.includes(option)) {
    throw argumentError(thread, 1, `invalid option '${option}'`);
  }
  optionalInt(thread, 2, 0);
  thread.machine.budget -= COLLECTOR_TICKS;
  if (option === 'count') return thread.answer(thread.machine.memoryInUse() / 1024);
  if (option === 'step') return thread.answer(false);
  if (option === 'setpause' || option === 'setstepmul') return thread.answer(200);
  return thread.answer(0);
};

const gcinfo: NativeBody = (thread) => {
  thread.machine.budget -= COLLECTOR_TICKS;
  return thread.answer(Math.floor(thread.machine.memoryInUse() / 1024));
};

/** What `openBase` needs. */
export interface BaseOptions {
  readonly compiler: Compiler;
  /** `lua-enable-insecure-api`: adds `getfenv`, `setfenv` and `newproxy`. */
  readonly insecure: boolean;
}

/** Puts the functions into the globals. */
export function openBase(machine: Machine, { compiler, insecure }: BaseOptions): void {
  const { globals } = machine;
  globals.set('_G', globals);
  globals.set('_VERSION', 'Lua 5.1');
  const step = new NativeFunction('next', next);
  register(globals, {
    ...{ assert, collectgarbage, error, gcinfo, getmetatable, pcall, rawequal, rawget, rawset },
    ...{ select, setmetatable, tonumber, tostring, type, unpack, xpcall },
    ...loaders(compiler),
    pairs: iteration(step, undefined),
    ipairs: iteration(new NativeFunction('ipairs', ipairsStep), 0),
  });
  globals.set('next', step);
  if (insecure) register(globals, INSECURE);
}
