/** The library `cjson`. */
import type { Machine } from '../machine/machine.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import { type LuaValue, type NativeBody, Userdata } from '../machine/values.js';
import { argumentError, checkInteger, checkString, isNoneOrNil, register } from './arguments.js';
import { JsonDecoder } from './json-decode.js';
import { JsonEncoder } from './json-encode.js';
import { InvalidNumbers, JsonSettings } from './json-settings.js';

const MAXIMUM = 2 ** 31 - 1;

function atMost(thread: Thread, count: number): void {
  if (thread.argc > count) throw argumentError(thread, count + 1, 'found too many arguments');
}

/** Argument `i` as a number of a setting, or what the setting was when it is missing. */
function range(thread: Thread, i: number, current: number, least: number, most: number): number {
  if (isNoneOrNil(thread, i)) return current;
  const value = checkInteger(thread, i);
  if (value >= least && value <= most) return value;
  throw argumentError(thread, 1, `expected integer between ${least} and ${most}`);
}

/** Argument `i` as the number of one of the words, of which the first two are booleans. */
function choice(thread: Thread, i: number, current: number, words: readonly string[]): number {
  if (isNoneOrNil(thread, i)) return current;
  const value = thread.arg(i);
  if (typeof value === 'boolean') return value ? 1 : 0;
  const word = checkString(thread, i);
  const found = words.indexOf(word);
  if (found < 0) throw argumentError(thread, i, `invalid option '${word}'`);
  return found;
}

const SWITCH = ['off', 'on'];
const INVALID_NUMBERS = ['off', 'on', 'null'];

/** The functions that read or change settings; each answers what now holds. */
function settingFunctions(settings: JsonSettings): Record<string, NativeBody> {
  return {
    encode_sparse_array: (thread) => {
      atMost(thread, 3);
      settings.convertSparse = choice(thread, 1, Number(settings.convertSparse), SWITCH) === 1;
      settings.sparseRatio = range(thread, 2, settings.sparseRatio, 0, MAXIMUM);
      settings.sparseSafe = range(thread, 3, settings.sparseSafe, 0, MAXIMUM);
      thread.push(settings.convertSparse);
      thread.push(settings.sparseRatio);
      thread.push(settings.sparseSafe);
      return 3;
    },
    encode_max_depth: (thread) => {
      atMost(thread, 1);
      settings.encodeMaxDepth = range(thread, 1, settings.encodeMaxDepth, 1, MAXIMUM);
      return thread.answer(settings.encodeMaxDepth);
    },
    decode_max_depth: (thread) => {
      atMost(thread, 1);
      settings.decodeMaxDepth = range(thread, 1, settings.decodeMaxDepth, 1, MAXIMUM);
      return thread.answer(settings.decodeMaxDepth);
    },
    encode_number_precision: (thread) => {
      atMost(thread, 1);
      settings.numberPrecision = range(thread, 1, settings.numberPrecision, 1, 14);
      return thread.answer(settings.numberPrecision);
    },
    encode_keep_buffer: (thread) => {
      atMost(thread, 1);
      settings.keepBuffer = choice(thread, 1, Number(settings.keepBuffer), SWITCH) === 1;
      return thread.answer(settings.keepBuffer);
    },
    encode_invalid_numbers: (thread) => {
      atMost(thread, 1);
      const chosen = choice(thread, 1, settings.encodeInvalidNumbers, INVALID_NUMBERS);
      settings.encodeInvalidNumbers = chosen;
      return thread.answer(chosen === InvalidNumbers.null ? 'null' : chosen === 1);
    },
    decode_invalid_numbers: (thread) => {
      atMost(thread, 1);
      const chosen = choice(thread, 1, Number(settings.decodeInvalidNumbers), SWITCH);
      settings.decodeInvalidNumbers = chosen === 1;
      return thread.answer(settings.decodeInvalidNumbers);
    },
  };
}

function exactlyOne(thread: Thread): void {
  if (thread.argc !== 1) throw argumentError(thread, 1, 'expected 1 argument');
}

/** A module with settings of its own. @param nothing - Its `null`. */
function createModule(nothing: LuaValue): Table {
  const module = new Table();
  const settings = new JsonSettings();
  register(module, {
    encode: (thread) => {
      exactlyOne(thread);
      return new JsonEncoder(thread, settings).encode(thread.arg(1));
    },
    decode: (thread) => {
      exactlyOne(thread);
      const text = checkString(thread, 1);
      return thread.answer(new JsonDecoder(thread, text, settings, nothing).decode());
    },
    ...settingFunctions(settings),
    new: (thread) => thread.answer(createModule(nothing)),
  });
  module.set('null', nothing);
  module.set('_NAME', 'cjson');
  module.set('_VERSION', '2.1.0');
  return module;
}

/** Makes the table `cjson`. */
export function openJson(machine: Machine): void {
  machine.globals.set('cjson', createModule(new Userdata(true, 0)));
}
