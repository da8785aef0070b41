/** Values as JSON. */
import { typeName } from '../machine/describe.js';
import type { LuaError } from '../machine/error.js';
import { formatGeneral, formatNumber } from '../machine/numbers.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import { type LuaValue, Userdata } from '../machine/values.js';
import { fail } from './arguments.js';
import { InvalidNumbers, type JsonSettings, MAXIMUM_STACK } from './json-settings.js';

/** The largest index of an array. */
const MAXIMUM_INDEX = 2 ** 31 - 1;
/** The default digits: those of `tostring`. */
const USUAL_PRECISION = 14;
/** Text is charged for in pieces of this size, in bytes. */
const PIECE = 1_000_000;

const SPECIAL = /[\0-\x1f"\\/\x7f]/;
const SHORT: Readonly<Record<string, string>> = {
  ...{ '"': '\\"', '\\': '\\\\', '/': '\\/' },
  ...{ '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' },
};

function escape(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0');
  return SHORT[character] ?? `\\u${code}`;
}

function quote(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`;
  return `"${text.replace(/[\0-\x1f"\\/\x7f]/g, escape)}"`;
}

export class JsonEncoder {
  private readonly thread: Thread;
  private readonly settings: JsonSettings;
  private out = '';
  private charged = 0;

  constructor(thread: Thread, settings: JsonSettings) {
    this.thread = thread;
    this.settings = settings;
  }

  /** @throws {LuaError} */
  encode(value: LuaValue): string {
    this.add(value, 1, 1);
    this.thread.machine.charge(this.out.length - this.charged);
    return this.out;
  }

  /**
   * @param depth - That of a table that comes here.
   * @param used - How much of the real server's stack is in use: its limit is one of depth, too.
   */
  private add(value: LuaValue, depth: number, used: number): void {
    if (typeof value === 'string') this.out += quote(value);
    else if (typeof value === 'number') this.out += this.number(value);
    else if (value instanceof Table) this.table(value, depth, used);
    else if (typeof value === 'boolean') this.out += value ? 'true' : 'false';
    else if (value === undefined || (value instanceof Userdata && isNull(value))) {
      this.out += 'null';
    } else throw this.refusal(value, 'type not supported');
  }

  private refusal(value: LuaValue, reason: string): LuaError {
    return fail(this.thread, `Cannot serialise ${typeName(value)}: ${reason}`);
  }

  private number(value: number): string {
    const { encodeInvalidNumbers, numberPrecision } = this.settings;
    if (!Number.isFinite(value)) {
      if (encodeInvalidNumbers === InvalidNumbers.null) return 'null';
      if (encodeInvalidNumbers === InvalidNumbers.refused) {
        throw this.refusal(value, 'must not be NaN or Inf');
      }
      return Number.isNaN(value) ? 'nan' : formatNumber(value);
    }
    if (numberPrecision === USUAL_PRECISION) return formatNumber(value);
    return formatGeneral(value, numberPrecision);
  }

  private table(table: Table, depth: number, used: number): void {
    if (depth > this.settings.encodeMaxDepth || used + 3 > MAXIMUM_STACK) {
      throw fail(this.thread, `Cannot serialise, excessive nesting (${depth})`);
    }
    if (this.out.length - this.charged > PIECE) {
      // Tables that hold others many times over make much of little.
      this.thread.machine.charge(this.out.length - this.charged);
      this.charged = this.out.length;
    }
    const length = this.arrayLength(table);
    if (length > 0) this.array(table, length, depth, used);
    else this.object(table, depth, used);
  }

  /** The largest index of a table that is an array, 0 when it is none. */
  private arrayLength(table: Table): number {
    let largest = 0;
    let count = 0;
    const { array, keys, values } = table;
    for (let i = 1; i < array.length; i++) {
      if (array[i] === undefined) continue;
      count++;
      largest = i;
    }
    for (let node = 0; node < keys.length; node++) {
      if (values[node] === undefined) continue;
      const key = keys[node];
      if (typeof key !== 'number' || key < 1 || key > MAXIMUM_INDEX || !Number.isInteger(key)) {
        return 0;
      }
      count++;
      if (key > largest) largest = key;
    }
    const { convertSparse, sparseRatio, sparseSafe } = this.settings;
    if (sparseRatio === 0 || largest <= count * sparseRatio || largest <= sparseSafe) {
      return largest;
    }
    if (!convertSparse) throw this.refusal(table, 'excessively sparse array');
    return 0;
  }

  private array(table: Table, length: number, depth: number, used: number): void {
    this.out += '[';
    for (let i = 1; i <= length; i++) {
      if (i > 1) this.out += ',';
      this.add(table.get(i), depth + 1, used + 1);
    }
    this.out += ']';
  }

  private object(table: Table, depth: number, used: number): void {
    const { array, keys, values } = table;
    let separator = '{';
    for (let i = 1; i < array.length; i++) {
      const value = array[i];
      if (value === undefined) continue;
      this.out += `${separator}"${i}":`;
      this.add(value, depth + 1, used + 2);
      separator = ',';
    }
    for (let node = 0; node < keys.length; node++) {
      const value = values[node];
      if (value === undefined) continue;
      this.out += separator;
      this.key(keys[node]);
      this.add(value, depth + 1, used + 2);
      separator = ',';
    }
    this.out += separator === '{' ? '{}' : '}';
  }

  private key(key: LuaValue): void {
    if (typeof key === 'string') this.out += `${quote(key)}:`;
    else if (typeof key === 'number') this.out += `"${this.number(key)}":`;
    else throw this.refusal(key, 'table key must be a number or string');
  }
}

/** Whether a userdata is `cjson.null`. */
function isNull(value: Userdata): boolean {
  return value.light && value.address === 0;
}
