/** `redis.register_function`, which libraries call while they are loaded. */

import { formatNumber } from '../../scripting/machine/numbers.js';
import type { Table as LuaTable } from '../../scripting/machine/table.js';
import { Table } from '../../scripting/machine/table.js';
import type { Thread } from '../../scripting/machine/thread.js';
import {
  Closure,
  type LuaValue,
  type NativeBody,
  NativeFunction,
} from '../../scripting/machine/values.js';
import type { LibraryFunction } from './function-library.js';
import { scriptFlag } from './script-flags.js';
import { apiError } from './server-api.js';

/** A problem with the arguments: what the error says. */
class Problem {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Makes the function.
 *
 * @param add - Takes a function in; false when no library is being loaded.
 */
export function registering(add: (made: LibraryFunction) => boolean): NativeBody {
  return (thread) => {
    try {
      if (!add(readFunction(thread))) {
        return apiError(
          thread,
          'server.register_function can only be called on FUNCTION LOAD command',
        );
      }
      return 0;
    } catch (thrown) {
      if (thrown instanceof Problem) return apiError(thread, thrown.text);
      throw thrown;
    }
  };
}

function readFunction(thread: Thread): LibraryFunction {
  const { argc } = thread;
  if (argc < 1 || argc > 2) {
    throw new Problem('wrong number of arguments to server.register_function');
  }
  const first = thread.arg(1);
  if (argc === 1) {
    if (first instanceof Table) return readNamed(first);
    throw new Problem(
      'calling server.register_function with a single argument is only applicable to Lua table (representing named arguments).',
    );
  }
  const name = textOf(first, 'first argument to server.register_function must be a string');
  const callback = thread.arg(2);
  if (!isFunction(callback)) {
    throw new Problem('second argument to server.register_function must be a function');
  }
  return { name, callback, flags: 0, description: null };
}

/** `{function_name=, callback=, flags=, description=}`. */
function readNamed(table: LuaTable): LibraryFunction {
  let name: string | null = null;
  let callback: Closure | NativeFunction | null = null;
  let description: string | null = null;
  let flags = 0;
  for (let at = table.positionAfter(undefined); at >= 0; ) {
    const key = table.keyAt(at);
    const value = table.valueAt(at);
    const word = textOf(
      key,
      'named argument key given to server.register_function is not a string',
    );
    switch (word) {
      case 'function_name':
        name = textOf(value, namedProblem('function_name'));
        break;
      case 'description':
        description = textOf(value, namedProblem('description'));
        break;
      case 'callback':
        callback = callbackOf(value);
        break;
      case 'flags':
        flags = flagsOf(value);
        break;
      default:
        throw new Problem('unknown argument given to server.register_function');
    }
    at = table.positionAfter(key);
  }
  if (name === null) {
    throw new Problem('server.register_function must get a function name argument');
  }
  if (callback === null) {
    throw new Problem('server.register_function must get a callback argument');
  }
  return { name, callback, flags, description };
}

function namedProblem(argument: string): string {
  return `${argument} argument given to server.register_function must be a string`;
}

function callbackOf(value: LuaValue): Closure | NativeFunction {
  if (isFunction(value)) return value;
  throw new Problem('callback argument given to server.register_function must be a function');
}

function flagsOf(value: LuaValue): number {
  if (!(value instanceof Table)) {
    throw new Problem(
      'flags argument to server.register_function must be a table representing function flags',
    );
  }
  let flags = 0;
  for (let i = 1; value.get(i) !== undefined; i++) {
    const name = value.get(i);
    const flag = typeof name === 'string' ? scriptFlag(name) : 0;
    if (flag === 0) throw new Problem('unknown flag given');
    flags |= flag;
  }
  return flags;
}

function isFunction(value: LuaValue): value is Closure | NativeFunction {
  return value instanceof Closure || value instanceof NativeFunction;
}

function textOf(value: LuaValue, problem: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value);
  throw new Problem(problem);
}
