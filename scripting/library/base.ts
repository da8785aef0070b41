/** The functions of Lua 5.1 that are there without a prefix: `assert`, `pairs`, `pcall`, ... */
import type { Compiler } from '../compiler/compiler.js';
import { ScriptSyntaxError } from '../compiler/syntax-error.js';
import { typeName } from '../machine/describe.js';
import { LuaError } from '../machine/error.js';
import type { Machine } from '../machine/machine.js';
import { formatNumber, parseInBase, parseNumber } from '../machine/numbers.js';
import { checkKey, findMetamethod } from '../machine/operators.js';
import { Table } from '../machine/table.js';
import { Thread } from '../machine/thread.js';
import {
  Closure,
  isTrue,
  type LuaValue,
  type NativeBody,
  NativeFunction,
  Userdata,
} from '../machine/values.js';
import {
  argumentError,
  checkAny,
  checkFunction,
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
    return thread.answer(typeof value === 'string' ? parseNumber(value) : undefined);
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

/** The most bytes of a chunk's name in messages, with C's NUL behind it. */
const NAME_SIZE = 80;

/** How messages name a chunk: its name as `load` takes it, or its source. */
export function chunkName(given: string): string {
  const [name = ''] = given.split('\0');
  if (name.startsWith('=')) return name.slice(1, NAME_SIZE);
  if (name.startsWith('@')) {
    const room = NAME_SIZE - ' "..." '.length - 1;
    const path = name.slice(1);
    return path.length > room ? `...${path.slice(-room)}` : path;
  }
  const room = NAME_SIZE - ' [string "..."] '.length - 1;
  const newline = name.search(/[\r\n]/);
  const shown = name.slice(0, newline < 0 ? room : Math.min(newline, room));
  return `[string "${shown}${shown.length < name.length ? '...' : ''}"]`;
}

/** Functions that make code of text; they need a compiler. */
function loaders(compiler: Compiler): Record<string, NativeBody> {
  const load = (thread: Thread, source: string, name: string): number => {
    try {
      const code = compiler.compile(source, chunkName(name));
      return thread.answer(new Closure(code, thread.machine.globals, []));
    } catch (thrown) {
      if (!(thrown instanceof ScriptSyntaxError)) throw thrown;
      thread.push(undefined);
      thread.push(thrown.text);
      return 2;
    }
  };
  return {
    loadstring: (thread) => {
      const source = checkString(thread, 1);
      return load(thread, source, optionalString(thread, 2, source));
    },
    load: (thread) => {
      const reader = checkFunction(thread, 1);
      const name = optionalString(thread, 2, '=(load)');
      const pieces: string[] = [];
      const ask = (): number => {
        const func = thread.top;
        thread.push(reader);
        return thread.callThen(func, 1, takePiece, failed);
      };
      const takePiece = (): number => {
        const piece = thread.result(0);
        thread.top = thread.frame.callee;
        if (piece === undefined || piece === '') return load(thread, pieces.join(''), name);
        if (typeof piece !== 'string' && typeof piece !== 'number') {
          const { machine } = thread;
          const problem = `${machine.where(thread, 1)}reader function must return a string`;
          thread.push(undefined);
          thread.push(machine.errorObject(problem));
          return 2;
        }
        pieces.push(typeof piece === 'number' ? formatNumber(piece) : piece);
        return ask();
      };
      const failed = (): number => {
        const problem = thread.machine.errorObject(thread.result(0));
        thread.push(undefined);
        thread.push(problem);
        return 2;
      };
      return ask();
    },
  };
}

const COLLECTOR_OPTIONS = [
  ...['stop', 'restart', 'collect', 'count', 'step', 'setpause', 'setstepmul'],
];

/** There is a collector, but not ours to steer: the answers are those of one that has little to do. */
const collectgarbage: NativeBody = (thread) => {
  const option = optionalString(thread, 1, 'collect');
  if (!COLLECTOR_OPTIONS.includes(option)) {
    throw argumentError(thread, 1, `invalid option '${option}'`);
  }
  optionalInt(thread, 2, 0);
  if (option === 'count') return thread.answer(thread.machine.memoryInUse() / 1024);
  if (option === 'step') return thread.answer(false);
  if (option === 'setpause' || option === 'setstepmul') return thread.answer(200);
  return thread.answer(0);
};

const gcinfo: NativeBody = (thread) =>
  thread.answer(Math.floor(thread.machine.memoryInUse() / 1024));

/** The function that `getfenv` and `setfenv` are asked about: itself, or the one at a level. */
function functionAt(thread: Thread, optional: boolean): Closure | NativeFunction | null {
  const value = thread.arg(1);
  if (value instanceof Closure || value instanceof NativeFunction) return value;
  const level = optional ? optionalInt(thread, 1, 1) : checkInt(thread, 1);
  if (level < 0) throw argumentError(thread, 1, 'level must be non-negative');
  if (level === 0) return null;
  const frame = thread.frames[thread.depth - level];
  if (level >= thread.depth + 0 || frame === undefined) {
    throw argumentError(thread, 1, 'invalid level');
  }
  return frame.closure ?? frame.native;
}

/** Functions of the real server's `lua-enable-insecure-api`. */
const INSECURE: Record<string, NativeBody> = {
  getfenv: (thread) => {
    const found = functionAt(thread, true);
    const { globals } = thread.machine;
    if (found instanceof Closure) return thread.answer(found.environment);
    return thread.answer(found?.environment ?? globals);
  },
  setfenv: (thread) => {
    const table = checkTable(thread, 2);
    const value = thread.arg(1);
    const found = functionAt(thread, false);
    if (value === 0 || value === '0') return 0;
    if (!(found instanceof Closure)) {
      throw fail(thread, "'setfenv' cannot change environment of given object");
    }
    found.environment = table;
    return thread.answer(found);
  },
  newproxy: (thread) => {
    const like = thread.arg(1);
    const made = new Userdata();
    if (like === true) made.metatable = new Table();
    else if (like instanceof Userdata && like.metatable !== null) made.metatable = like.metatable;
    else if (like !== undefined && like !== false) {
      throw argumentError(thread, 1, 'boolean or proxy expected');
    }
    return thread.answer(made);
  },
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
