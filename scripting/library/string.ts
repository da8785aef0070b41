/** The library `string`: what needs no pattern. */
import type { Machine } from '../machine/machine.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import { Closure, type NativeBody } from '../machine/values.js';
import {
  argumentError,
  checkFunction,
  checkInt,
  checkInteger,
  checkString,
  fail,
  MAXIMUM_STACK,
  optionalInteger,
  register,
} from './arguments.js';
import { format } from './string-format.js';
import { patternFunctions } from './string-search.js';
import { replaceEach } from './text-builder.js';

const BEYOND_ASCII = /[\x80-\xff]/;

/** Letters A to Z change, and no others, whatever characters the bytes might be. */
function mapLetters(text: string, letters: RegExp, change: (letters: string) => string): string {
  return BEYOND_ASCII.test(text) ? replaceEach(text, letters, change) : change(text);
}

/** A position as scripts give it, from 1, or from -1 backwards; 0 when it lies before the start. */
export function positionFrom(position: number, length: number): number {
  if (position < 0) position += length + 1;
  return Math.max(position, 0);
}

const len: NativeBody = (thread) => thread.answer(checkString(thread, 1).length);

const sub: NativeBody = (thread) => {
  const text = checkString(thread, 1);
  const from = positionFrom(checkInteger(thread, 2), text.length);
  const to = positionFrom(optionalInteger(thread, 3, -1), text.length);
  return thread.answer(from <= to ? text.slice(from < 1 ? 0 : from - 1, to) : '');
};

/** The string that is the first argument, all of which is to be made anew. */
function wholeString(thread: Thread): string {
  const text = checkString(thread, 1);
  thread.machine.charge(text.length);
  return text;
}

const upper: NativeBody = (thread) =>
  thread.answer(mapLetters(wholeString(thread), /[a-z]+/g, (text) => text.toUpperCase()));

const lower: NativeBody = (thread) =>
  thread.answer(mapLetters(wholeString(thread), /[A-Z]+/g, (text) => text.toLowerCase()));

const reverse: NativeBody = (thread) => {
  const text = wholeString(thread);
  return thread.answer(Buffer.from(text, 'latin1').reverse().toString('latin1'));
};

const rep: NativeBody = (thread) => {
  const text = checkString(thread, 1);
  const count = Math.max(checkInt(thread, 2), 0);
  thread.machine.charge(text.length * count);
  return thread.answer(text.repeat(count));
};

const byte: NativeBody = (thread) => {
  const text = checkString(thread, 1);
  const given = optionalInteger(thread, 2, 1);
  const start = positionFrom(given, text.length);
  const end = positionFrom(optionalInteger(thread, 3, start), text.length);
  const from = Math.max(start, 1);
  const to = Math.min(end, text.length);
  const count = to - from + 1;
  if (count <= 0) return 0;
  if (thread.argc + count > MAXIMUM_STACK) {
    throw fail(thread, 'stack overflow (string slice too long)');
  }
  thread.reserve(count);
  for (let at = from - 1; at < to; at++) thread.push(text.charCodeAt(at));
  return count;
};

const char: NativeBody = (thread) => {
  const { argc } = thread;
  let text = '';
  for (let i = 1; i <= argc; i++) {
    const code = checkInt(thread, i);
    if (code < 0 || code > 255) throw argumentError(thread, i, 'invalid value');
    text += String.fromCharCode(code);
  }
  return thread.answer(text);
};

/** There is no bytecode here, and none could be loaded: a function is dumped as what bytecode begins with. */
const dump: NativeBody = (thread) => {
  const dumped = checkFunction(thread, 1);
  if (dumped instanceof Closure) return thread.answer(BYTECODE_HEADER);
  throw fail(thread, 'unable to dump given function');
};

/** Lua 5.1, little-endian, integers of 4 bytes, sizes, instructions and numbers of 8, 4 and 8. */
const BYTECODE_HEADER = '\x1bLuaQ\0\x01\x04\x08\x04\x08\0';

/** Makes the table `string`, which strings are also indexed by. */
export function openString(machine: Machine): void {
  const library = new Table();
  const { find, gmatch, gsub, match } = patternFunctions();
  const searching = { find, gfind: gmatch, gmatch, gsub, match };
  register(library, {
    ...{ byte, char, dump, format, len, lower, rep, reverse, sub, upper },
    ...searching,
  });
  machine.globals.set('string', library);
  machine.stringMetatable = new Table();
  machine.stringMetatable.set('__index', library);
}
