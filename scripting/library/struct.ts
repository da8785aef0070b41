/**
 * The library `struct`: values as C lays them out, by a format.
 *
 * Options: `b B h H i I l L T` integers (`i` and `I` with a size), `f d` floats, `s` a string up to
 * its NUL, `c` with a size a string of that size, `x` a byte of padding, `< >` the order of bytes,
 * `!` with a number the alignment.
 */
import type { LuaError } from '../machine/error.js';
import type { Machine } from '../machine/machine.js';
import { parseNumber } from '../machine/numbers.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import type { LuaValue, NativeBody } from '../machine/values.js';
import {
  argumentError,
  checkInteger,
  checkNumber,
  checkString,
  fail,
  isNoneOrNil,
  MAXIMUM_STACK,
  register,
} from './arguments.js';
import { doubleBytes, floatBytes, readDoubleAt, readFloatAt } from './binary.js';
import { toUnsigned } from './number-format.js';

const MAXIMUM_SIZE = 32;
const MAXIMUM_NUMBER = 2 ** 31 - 1;
/** The alignment that `!` alone stands for. */
const NATIVE_ALIGNMENT = 8;

/** Sizes of options that have no number, in bytes. */
const SIZES: Readonly<Record<string, number>> = {
  ...{ b: 1, B: 1, h: 2, H: 2, l: 8, L: 8, T: 8, f: 4, d: 8, x: 1 },
};

/** A walk along a format: its options one by one, the byte order and alignment so far. */
class Format {
  little = true;
  /** The option at hand and its size in bytes. */
  option = '';
  size = 0;
  private alignment = 1;
  private at = 0;
  private readonly thread: Thread;
  private readonly text: string;

  constructor(thread: Thread) {
    this.thread = thread;
    const text = checkString(thread, 1);
    const nul = text.indexOf('\0');
    this.text = nul < 0 ? text : text.slice(0, nul);
  }

  /** Moves on to the next option. @returns False at the end. */
  next(): boolean {
    if (this.at >= this.text.length) return false;
    this.option = this.text.charAt(this.at++);
    this.size = this.readSize();
    return true;
  }

  private readSize(): number {
    const { option } = this;
    if (option === 'c') return this.number(1);
    if (option !== 'i' && option !== 'I') return SIZES[option] ?? 0;
    const size = this.number(4);
    if (size > MAXIMUM_SIZE) {
      const problem = `integral size ${size} is larger than limit of ${MAXIMUM_SIZE}`;
      throw fail(this.thread, problem);
    }
    return size;
  }

  /** The number that stands here, or `otherwise` when there is none. */
  private number(otherwise: number): number {
    const { text } = this;
    let value = -1;
    for (let code = text.charCodeAt(this.at); code >= 0x30 && code <= 0x39; ) {
      value = Math.max(value, 0) * 10 + code - 0x30;
      if (value > MAXIMUM_NUMBER) throw fail(this.thread, 'integral size overflow');
      code = text.charCodeAt(++this.at);
    }
    return value < 0 ? otherwise : value;
  }

  /** Bytes of padding before the option at hand when `position` bytes are before it. */
  padding(position: number): number {
    const size = Math.min(this.size, this.alignment);
    if (this.size === 0 || this.option === 'c' || size <= 1) return 0;
    return (size - (position & (size - 1))) & (size - 1);
  }

  /** Takes an option that is not for a value. */
  control(): void {
    switch (this.option) {
      case ' ':
        return;
      case '<':
        this.little = true;
        return;
      case '>':
        this.little = false;
        return;
      case '!':
        this.alignment = this.number(NATIVE_ALIGNMENT);
        if (this.alignment === 0 || (this.alignment & (this.alignment - 1)) !== 0) {
          throw fail(this.thread, `alignment ${this.alignment} is not a power of 2`);
        }
        return;
      default:
        throw argumentError(this.thread, 1, `invalid format option '${this.option}'`);
    }
  }
}

/** The low `size` bytes of a double cut to 64 bits; zeros beyond those. */
function integerBytes(value: number, size: number, little: boolean): string {
  let bits = BigInt(toUnsigned(value));
  let text = '';
  for (let i = 0; i < size; i++) {
    const byte = String.fromCharCode(Number(bits & 0xffn));
    text = little ? text + byte : byte + text;
    bits >>= 8n;
  }
  return text;
}

/** The same for what fits 32 bits, without big integers. */
function smallIntegerBytes(value: number, size: number, little: boolean): string {
  let text = '';
  for (let i = 0; i < size; i++) {
    const byte = String.fromCharCode((i < 4 ? value >> (8 * i) : value >> 31) & 0xff);
    text = little ? text + byte : byte + text;
  }
  return text;
}

/** An argument that must be there: the real server finds a nil of its own behind the last. */
function checkPresent(thread: Thread, i: number, expected: string): void {
  if (i > thread.argc) {
    throw argumentError(thread, i, `${expected} expected, got nil`);
  }
}

function packString(thread: Thread, i: number, format: Format): string {
  checkPresent(thread, i, 'string');
  const text = checkString(thread, i);
  if (format.option === 's') return `${text}\0`;
  if (format.size === 0) return text;
  if (text.length < format.size) throw argumentError(thread, i + 1, 'string too short');
  return text.slice(0, format.size);
}

function packNumber(thread: Thread, i: number, format: Format): string {
  checkPresent(thread, i, 'number');
  const value = checkNumber(thread, i);
  const { option, size, little } = format;
  if (option === 'f') return floatBytes(value, little);
  if (option === 'd') return doubleBytes(value, little);
  const small = size <= 8 && Math.abs(value) < 2 ** 31;
  if (small) return smallIntegerBytes(Math.trunc(value), size, little);
  return integerBytes(value, size, little);
}

const NUMBERS = 'bBhHlLTiIfd';

const pack: NativeBody = (thread) => {
  const format = new Format(thread);
  let out = '';
  let i = 1;
  while (format.next()) {
    const padding = format.padding(out.length);
    if (padding > 0) out += '\0'.repeat(padding);
    const { option } = format;
    if (option === 'x') out += '\0';
    else if (option === 's' || option === 'c') out += packString(thread, ++i, format);
    else if (NUMBERS.includes(option)) out += packNumber(thread, ++i, format);
    else format.control();
  }
  thread.machine.charge(out.length);
  return thread.answer(out);
};

/** An integer of any size: 64 bits of it count, and the sign is looked for as x86 shifts. */
function readInteger(text: string, at: number, { size, little, option }: Format): number {
  let bits = 0n;
  for (let i = 0; i < Math.min(size, 8); i++) {
    const byte = text.charCodeAt(little ? at + i : at + size - 1 - i);
    bits |= BigInt(byte) << BigInt(8 * i);
  }
  if (option !== option.toLowerCase()) return Number(bits);
  const mask = BigInt.asUintN(64, -1n << BigInt((size * 8 - 1) & 63));
  if ((bits & mask) !== 0n) bits |= mask;
  return Number(BigInt.asIntN(64, bits));
}

/** The same for up to four bytes, without big integers. */
function readSmallInteger(text: string, at: number, { size, little, option }: Format): number {
  let value = 0;
  for (let i = 0; i < size; i++) {
    value = value * 256 + text.charCodeAt(little ? at + size - 1 - i : at + i);
  }
  const isSigned = option === option.toLowerCase();
  return isSigned && value >= 2 ** (size * 8 - 1) ? value - 2 ** (size * 8) : value;
}

/** Unpacking: where it is, and what has come. */
class Reading {
  readonly values: LuaValue[] = [];
  position: number;
  private readonly thread: Thread;
  private readonly text: string;

  constructor(thread: Thread, text: string, position: number) {
    this.thread = thread;
    this.text = text;
    this.position = position;
  }

  private tooShort(): LuaError {
    return argumentError(this.thread, 2, 'data string too short');
  }

  private need(size: number): void {
    if (size > this.text.length || this.position < 0 || this.position > this.text.length - size) {
      throw this.tooShort();
    }
  }

  /** Reads what one option stands for. */
  read(format: Format): void {
    const { option } = format;
    this.position += format.padding(this.position);
    this.need(format.size);
    if (this.thread.argc + this.values.length + 2 > MAXIMUM_STACK) {
      throw fail(this.thread, 'stack overflow (too many results)');
    }
    if (option === 's') this.readText();
    else if (option === 'c') this.readSized(format);
    else if (NUMBERS.includes(option)) this.values.push(this.number(format));
    else if (option !== 'x') format.control();
    this.position += format.size;
  }

  private number(format: Format): number {
    const { option, size, little } = format;
    if (option === 'f') return readFloatAt(this.text, this.position, little);
    if (option === 'd') return readDoubleAt(this.text, this.position, little);
    const read = size >= 1 && size <= 4 ? readSmallInteger : readInteger;
    return read(this.text, this.position, format);
  }

  private readText(): void {
    const end = this.text.indexOf('\0', this.position);
    if (end < 0) throw fail(this.thread, 'unfinished string in data');
    this.values.push(this.text.slice(this.position, end));
    this.position = end + 1;
  }

  /** `c`: a size of 0 means that the value before is the size, and is none itself. */
  private readSized(format: Format): void {
    if (format.size === 0) {
      const last = this.values.at(-1);
      const size = typeof last === 'string' ? parseNumber(last) : last;
      if (typeof size !== 'number') {
        throw fail(this.thread, "format 'c0' needs a previous size");
      }
      this.values.pop();
      // A negative size is a huge one in C.
      format.size = size <= -1 ? Infinity : Math.trunc(size);
      this.need(format.size);
    }
    this.values.push(this.text.slice(this.position, this.position + format.size));
  }
}

const unpack: NativeBody = (thread) => {
  const format = new Format(thread);
  const text = checkString(thread, 2);
  const offset = isNoneOrNil(thread, 3) ? 1 : checkInteger(thread, 3);
  if (offset === 0) throw argumentError(thread, 3, 'offset must be 1 or greater');
  const reading = new Reading(thread, text, offset - 1);
  while (format.next()) reading.read(format);
  thread.reserve(reading.values.length + 1);
  for (const value of reading.values) thread.push(value);
  thread.push(reading.position + 1);
  return reading.values.length + 1;
};

const size: NativeBody = (thread) => {
  const format = new Format(thread);
  let total = 0;
  while (format.next()) {
    total += format.padding(total) + format.size;
    const { option } = format;
    if (option === 's') throw argumentError(thread, 1, "option 's' has no fixed size");
    if (option === 'c' && format.size === 0) {
      throw argumentError(thread, 1, "option 'c0' has no fixed size");
    }
    if (!/[a-zA-Z0-9]/.test(option)) format.control();
  }
  return thread.answer(total);
};

/** Makes the table `struct`. */
export function openStruct(machine: Machine): void {
  const library = new Table();
  register(library, { pack, unpack, size });
  machine.globals.set('struct', library);
}
