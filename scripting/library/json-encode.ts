/** Values as JSON. Tables within tables are kept on a list of our own, not on JavaScript's stack. */
import { typeName } from '../machine/describe.js';
import type { LuaError } from '../machine/error.js';
import { formatGeneral, formatNumber } from '../machine/numbers.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import { type LuaValue, Userdata } from '../machine/values.js';
import { fail, MAXIMUM_STACK } from './arguments.js';
import { InvalidNumbers, type JsonSettings } from './json-settings.js';
import { listExtent } from './list-extent.js';
import { replaceEach, TextBuilder } from './text-builder.js';

/** The default digits: those of `tostring`. */
const USUAL_PRECISION = 14;

/** What cannot stand for itself: control characters, quotes, both slashes. */
const SPECIAL = /[^ !#-.0-[\]-~\x80-\xff]/;
const ALL_SPECIAL = new RegExp(SPECIAL.source, 'g');
const SHORT: Readonly<Record<string, string>> = {
  ...{ '"': '\\"', '\\': '\\\\', '/': '\\/' },
  ...{ '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' },
};

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0');
  return SHORT[character] ?? `\\u${code}`;
}

function quote(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`;
  return `"${replaceEach(text, ALL_SPECIAL, escaped)}"`;
}

/** A table that is being written, and the one it stands in. */
interface Level {
  readonly table: Table;
  /** The number of elements of an array, 0 for an object. */
  readonly length: number;
  /** Elements, or slots and nodes, that are done with. */
  at: number;
  isEmpty: boolean;
  readonly depth: number;
  /** How much of the real server's stack would be in use: its limit is one of depth, too. */
  readonly used: number;
  readonly outer: Level | null;
}

export class JsonEncoder {
  private readonly thread: Thread;
  private readonly settings: JsonSettings;
  private readonly out: TextBuilder;
  private level: Level | null = null;

  constructor(thread: Thread, settings: JsonSettings) {
    this.thread = thread;
    this.settings = settings;
    this.out = new TextBuilder(thread.machine);
  }

  /** Answers with a value as JSON, in as many turns as it takes. @throws {LuaError} */
  encode(value: LuaValue): number {
    this.add(value);
    return this.goOn(this.thread);
  }

  private goOn(thread: Thread): number {
    for (let level = this.level; level !== null; level = this.level) {
      if (--thread.machine.budget < 0) return thread.later((later) => this.goOn(later));
      if (!(level.length > 0 ? this.elements(level) : this.pairs(level))) continue;
      this.out.add(level.length > 0 ? ']' : '}');
      this.level = level.outer;
    }
    return thread.answer(this.out.end());
  }

  /** Adds a value; of a table only the beginning. */
  private add(value: LuaValue): void {
    if (typeof value === 'string') this.out.add(quote(value));
    else if (typeof value === 'number') this.out.add(this.number(value));
    else if (value instanceof Table) this.open(value);
    else if (typeof value === 'boolean') this.out.add(value ? 'true' : 'false');
    else if (value === undefined || (value instanceof Userdata && isNull(value))) {
      this.out.add('null');
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

  private open(table: Table): void {
    const outer = this.level;
    const depth = outer === null ? 1 : outer.depth + 1;
    const used = outer === null ? 1 : outer.used + (outer.length > 0 ? 1 : 2);
    if (depth > this.settings.encodeMaxDepth || used + 3 > MAXIMUM_STACK) {
      throw fail(this.thread, `Cannot serialise, excessive nesting (${depth})`);
    }
    const length = this.arrayLength(table);
    this.level = { table, length, at: 0, isEmpty: true, depth, used, outer };
    this.out.add(length > 0 ? '[' : '{');
  }

  /** The largest index of a table that is an array, 0 when it is none. */
  private arrayLength(table: Table): number {
    const extent = listExtent(table);
    if (extent === null) return 0;
    const { largestIndex: largest, count } = extent;
    const { convertSparse, sparseRatio, sparseSafe } = this.settings;
    if (sparseRatio === 0 || largest <= count * sparseRatio || largest <= sparseSafe) {
      return largest;
    }
    if (!convertSparse) throw this.refusal(table, 'excessively sparse array');
    return 0;
  }

  /** Adds elements up to the next table. @returns Whether all have been added. */
  private elements(level: Level): boolean {
    const { machine } = this.thread;
    const { table, length } = level;
    while (level.at < length) {
      if (level.at++ > 0) this.out.add(',');
      this.add(table.get(level.at));
      if (this.level !== level || --machine.budget < 0) return false;
    }
    return true;
  }

  /** The same for pairs: `at` counts slots of the array part, then nodes. */
  private pairs(level: Level): boolean {
    const { array, keys, values } = level.table;
    const slots = array.length - 1;
    const { machine } = this.thread;
    while (level.at < slots + values.length) {
      const at = level.at++;
      const value = at < slots ? array[at + 1] : values[at - slots];
      if (value === undefined) continue;
      if (!level.isEmpty) this.out.add(',');
      level.isEmpty = false;
      this.key(at < slots ? at + 1 : keys[at - slots]);
      this.add(value);
      if (this.level !== level || --machine.budget < 0) return false;
    }
    return true;
  }

  private key(key: LuaValue): void {
    if (typeof key === 'string') this.out.add(`${quote(key)}:`);
    else if (typeof key === 'number') this.out.add(`"${this.number(key)}":`);
    else throw this.refusal(key, 'table key must be a number or string');
  }
}

/** Whether a userdata is `cjson.null`. */
function isNull(value: Userdata): boolean {
  return value.light && value.address === 0;
}
