/**
 * JSON as values: a little more than JSON proper, just what the real server reads.
 *
 * Tables within tables are kept on a list of our own, not on JavaScript's stack.
 *
 * The text ends at its first NUL byte; bytes above 127 are taken as they are.
 */
import type { LuaError } from '../machine/error.js';
import { Bytes } from '../machine/heap.js';
import { readDouble } from '../machine/numbers.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import type { LuaValue } from '../machine/values.js';
import { fail, MAXIMUM_STACK } from './arguments.js';
import type { JsonSettings } from './json-settings.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const ZERO = 0x30;
const LETTER_U = 0x75;

/** Longer numbers are not read with care for their hexadecimal digits. */
const LONGEST_NUMBER = 512;

const DECIMAL = /[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '"': '"', '\\': '\\', '/': '/' },
  ...{ b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' },
};

/** A code point in UTF-8, one character per byte. */
function utf8(code: number): string {
  if (code < 0x80) return String.fromCharCode(code);
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
  const last = 0x80 | (code & 0x3f);
  const third = 0x80 | ((code >> 6) & 0x3f);
  if (code < 0x10000) return String.fromCharCode(0xe0 | (code >> 12), third, last);
  return String.fromCharCode(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), third, last);
}

/** A table that is being filled, and the one it stands in. */
interface Filling {
  readonly table: Table;
  readonly isList: boolean;
  /** The key of the value to come. */
  key: string;
  readonly outer: Filling | null;
}

export class JsonDecoder {
  private readonly thread: Thread;
  private readonly settings: JsonSettings;
  private readonly null: LuaValue;
  private readonly text: string;
  private at = 0;
  private filling: Filling | null = null;
  private depth = 0;
  /** How much of the real server's stack would be in use: its limit is one of depth, too. */
  private used = 1;

  /** @param nothing - What `null` becomes. */
  constructor(thread: Thread, text: string, settings: JsonSettings, nothing: LuaValue) {
    this.thread = thread;
    this.text = text;
    this.settings = settings;
    this.null = nothing;
  }

  /** @throws {LuaError} */
  decode(): LuaValue {
    const { text } = this;
    if (text.length >= 2 && (text.charCodeAt(0) === 0 || text.charCodeAt(1) === 0)) {
      throw fail(this.thread, 'JSON parser does not support UTF-16 or UTF-32');
    }
    this.skipSpace();
    let value = this.value();
    while (this.filling !== null) value = this.fill(this.filling, value);
    if (this.skipSpace() !== 0) throw this.unexpected('the end');
    return value;
  }

  /**
   * Puts a value into the table that is being filled and reads the next one; or a table that has
   * just been opened, its first.
   *
   * @returns What was read: when it ended the table, that table, for the one around it.
   */
  private fill(filling: Filling, value: LuaValue): LuaValue {
    const { table, isList } = filling;
    if (value === table) {
      this.at++;
      if (this.skipSpace() === (isList ? CLOSE_ARRAY : CLOSE_OBJECT)) return this.close(filling);
    } else {
      this.thread.machine.allocate(isList ? Bytes.slot : Bytes.key);
      if (isList) table.append(value);
      else table.set(filling.key, value);
      const code = this.skipSpace();
      if (code === (isList ? CLOSE_ARRAY : CLOSE_OBJECT)) return this.close(filling);
      if (code !== COMMA) throw this.unexpected(`comma or ${isList ? 'array' : 'object'} end`);
      this.at++;
      this.skipSpace();
    }
    if (!isList) filling.key = this.key();
    return this.value();
  }

  /** Ends a table; it is the value of the one around it now. */
  private close(filling: Filling): Table {
    this.at++;
    this.depth--;
    this.used -= filling.isList ? 1 : 2;
    if (filling.isList) filling.table.endList();
    this.filling = filling.outer;
    return filling.table;
  }

  /** Starts a table: its contents are read by `fill`. */
  private open(isList: boolean): Table {
    const slots = isList ? 2 : 3;
    this.depth++;
    if (this.depth > this.settings.decodeMaxDepth || this.used + slots > MAXIMUM_STACK) {
      const where = `(${this.depth}) at character ${this.at + 1}`;
      throw fail(this.thread, `Found too many nested data structures ${where}`);
    }
    this.used += slots - 1;
    this.thread.machine.allocate(Bytes.table);
    const table = new Table();
    this.filling = { table, isList, key: '', outer: this.filling };
    return table;
  }

  /** Reads a key and the colon behind it. */
  private key(): string {
    if (this.text.charCodeAt(this.at) !== QUOTE) throw this.unexpected('object key string');
    const key = this.string('object key string');
    if (this.skipSpace() !== COLON) throw this.unexpected('colon');
    this.at++;
    this.skipSpace();
    return key;
  }

  /** Moves on to the next byte that is no white space; 0 stands for the end. */
  private skipSpace(): number {
    const { text } = this;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code || 0;
      this.at++;
    }
  }

  private error(expected: string, found: string, at: number): LuaError {
    return fail(this.thread, `Expected ${expected} but found ${found} at character ${at + 1}`);
  }

  /** What stands here is not what was expected. A broken string or number is told as such. */
  private unexpected(expected: string): LuaError {
    const { at } = this;
    return this.error(expected, this.tokenName(expected), at);
  }

  private tokenName(expected: string): string {
    const code = this.text.charCodeAt(this.at) || 0;
    switch (code) {
      case 0:
        return 'T_END';
      case QUOTE:
        this.string(expected);
        return 'T_STRING';
      case COMMA:
        return 'T_COMMA';
      case COLON:
        return 'T_COLON';
      case OPEN_ARRAY:
        return 'T_ARR_BEGIN';
      case CLOSE_ARRAY:
        return 'T_ARR_END';
      case OPEN_OBJECT:
        return 'T_OBJ_BEGIN';
      case CLOSE_OBJECT:
        return 'T_OBJ_END';
      default:
        return this.wordName(code, expected);
    }
  }

  private wordName(code: number, expected: string): string {
    if (this.text.startsWith('null', this.at)) return 'T_NULL';
    if (this.text.startsWith('true', this.at) || this.text.startsWith('false', this.at)) {
      return 'T_BOOLEAN';
    }
    return this.startsNumber(code) && this.number(expected) !== undefined
      ? 'T_NUMBER'
      : 'invalid token';
  }

  /** Reads the value that starts here; of a table only the beginning. */
  private value(): LuaValue {
    const { text, at } = this;
    const code = text.charCodeAt(at);
    if (code === QUOTE) return this.string('value');
    if (code === OPEN_OBJECT) return this.open(false);
    if (code === OPEN_ARRAY) return this.open(true);
    if (this.startsNumber(code)) {
      const number = this.number('value');
      if (number !== undefined) return number;
    }
    if (text.startsWith('null', at)) return this.word(4, this.null);
    if (text.startsWith('true', at)) return this.word(4, true);
    if (text.startsWith('false', at)) return this.word(5, false);
    throw this.unexpected('value');
  }

  private word(length: number, value: LuaValue): LuaValue {
    this.at += length;
    return value;
  }

  private startsNumber(code: number): boolean {
    if ((code >= ZERO && code <= 0x39) || code === MINUS) return true;
    if (!this.settings.decodeInvalidNumbers) return false;
    const letter = code | 32;
    return code === PLUS || letter === 0x69 || letter === 0x6e;
  }

  /** Reads a number; `undefined` for a word that starts like `inf` or `nan` and is neither. */
  private number(expected: string): number | undefined {
    const { text, at } = this;
    const code = text.charCodeAt(at);
    if (code > 0x39 && !/^(?:inf|nan)/i.test(text.slice(at, at + 3))) return undefined;
    if (!this.settings.decodeInvalidNumbers && this.isInvalid()) {
      throw this.error(expected, 'invalid number', at);
    }
    DECIMAL.lastIndex = at;
    const decimal = DECIMAL.exec(text);
    if (decimal !== null) {
      const end = at + decimal[0].length;
      if ((text.charCodeAt(end) | 32) !== 0x78) {
        this.at = end;
        return Number(decimal[0]);
      }
    }
    const read = readDouble(text.slice(at, at + LONGEST_NUMBER));
    if (read === null) throw this.error(expected, 'invalid number', at);
    this.at = at + read.length;
    return read.value;
  }

  /** Whether a number is written in a way that JSON does not know, as far as that is looked at. */
  private isInvalid(): boolean {
    const from = this.text.charCodeAt(this.at) === MINUS ? this.at + 1 : this.at;
    return /^(?:0[0-9xX]|[iI][nN][fF]|[nN][aA][nN])/.test(this.text.slice(from, from + 3));
  }

  /** Reads the string whose quote is here. */
  private string(expected: string): string {
    const { text } = this;
    let from = this.at + 1;
    let out = '';
    for (let at = from; ; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.at = at + 1;
        return out === '' ? text.slice(from, at) : out + text.slice(from, at);
      }
      if (code === BACKSLASH) {
        out += text.slice(from, at);
        out += this.escape(at, expected);
        from = this.at;
        at = from - 1;
      } else if (!(code > 0)) throw this.error(expected, 'unexpected end of string', at);
    }
  }

  /** Reads the escape at `at` and moves behind it. */
  private escape(at: number, expected: string): string {
    const { text } = this;
    const letter = text.charAt(at + 1);
    if (letter !== 'u') {
      const character = ESCAPES[letter];
      if (character === undefined) throw this.error(expected, 'invalid escape code', at);
      this.at = at + 2;
      return character;
    }
    const problem = 'invalid unicode escape code';
    let code = this.hexadecimal(at);
    this.at = at + 6;
    if (code < 0 || (code & 0xfc00) === 0xdc00) throw this.error(expected, problem, at);
    if ((code & 0xfc00) === 0xd800) {
      const low = this.hexadecimal(at + 6);
      if ((low & 0xfc00) !== 0xdc00 || low < 0) throw this.error(expected, problem, at);
      code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
      this.at = at + 12;
    }
    return utf8(code);
  }

  /** The four digits of a `\u` at `at`, -1 when there is no such thing. */
  private hexadecimal(at: number): number {
    const { text } = this;
    if (text.charCodeAt(at) !== BACKSLASH || text.charCodeAt(at + 1) !== LETTER_U) return -1;
    const digits = text.slice(at + 2, at + 6);
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
  }
}
