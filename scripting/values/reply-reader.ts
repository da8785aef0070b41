/**
 * Replies of commands as Lua values.
 *
 * A command that a script calls writes its reply in RESP, as for any client; here it is read back:
 * strings become strings, integers numbers, arrays tables. What Lua has no type of its own for is a
 * table with one field that says what it is: `ok`, `err`, `double`, `map`, `set`, `big_number`,
 * `verbatim_string`. Nothing is false in version 2 of RESP, nil in version 3.
 */
import { toLatin1 } from '../../protocol/bytes.js';
import { Table } from '../machine/table.js';
import type { LuaValue } from '../machine/values.js';

const Mark = {
  simple: 43,
  error: 45,
  integer: 58,
  bulk: 36,
  array: 42,
  nothing: 95,
  boolean: 35,
  double: 44,
  bigNumber: 40,
  verbatim: 61,
  map: 37,
  set: 126,
  push: 62,
  attribute: 124,
} as const;

/** What a byte of an array takes as Lua values: most where it holds short ones. */
const MEMORY_FOR_BYTE = 6;
const CR = 13;
const MINUS = 45;
const LETTER_T = 116;
/** So many digits a number holds exactly. */
const EXACT_DIGITS = 15;
/** `txt:` and the like, before the text itself. */
const FORMAT_BYTES = 4;

/** A table with one field. */
export function tagged(tag: string, value: LuaValue): Table {
  const table = new Table();
  table.fillOne(tag, value);
  return table;
}

export class ReplyReader {
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;

  /** Whether the reply at `start` is an error. */
  static isError(bytes: Buffer, start: number): boolean {
    return bytes[start] === Mark.error;
  }

  /** What a reply that stands in `bytes[start, end)` takes as Lua values, about: more than it does there, in bytes. */
  static memoryOf(bytes: Buffer, start: number, end: number): number {
    return bytes[start] === Mark.bulk ? end - start : (end - start) * MEMORY_FOR_BYTE;
  }

  /** The text of an error reply, `bytes[start, end)`, its code included. */
  static errorOf(bytes: Buffer, start: number, end: number): string {
    return bytes.toString('latin1', start + 1, end - 2);
  }

  /** Reads the reply that begins at `start`, of which all bytes are there. */
  read(bytes: Buffer, start: number): LuaValue {
    this.bytes = bytes;
    this.at = start;
    return this.next();
  }

  private next(): LuaValue {
    const mark = this.bytes[this.at++];
    switch (mark) {
      case Mark.bulk:
        return this.bulk();
      case Mark.integer:
        return this.integer();
      case Mark.array:
      case Mark.push:
        return this.array();
      case Mark.simple:
        return tagged('ok', this.line());
      case Mark.error:
        return tagged('err', this.line());
      default:
        return this.newerShape(mark);
    }
  }

  /** Shapes of version 3. */
  private newerShape(mark: number | undefined): LuaValue {
    switch (mark) {
      case Mark.nothing:
        this.line();
        return undefined;
      case Mark.boolean:
        return this.line().charCodeAt(0) === LETTER_T;
      case Mark.double:
        return tagged('double', doubleOf(this.line()));
      case Mark.bigNumber:
        return tagged('big_number', this.line());
      case Mark.verbatim:
        return tagged('verbatim_string', this.verbatim());
      case Mark.map:
        return tagged('map', this.map());
      case Mark.set:
        return tagged('set', this.set());
      case Mark.attribute:
        this.map();
        return this.next();
      default:
        throw new Error(`Cannot read a reply: no shape begins with byte ${mark}`);
    }
  }

  private bulk(): LuaValue {
    const length = this.integer();
    if (length < 0) return false;
    const start = this.at;
    this.at = start + length + 2;
    return toLatin1(this.bytes, start, start + length);
  }

  private array(): LuaValue {
    const count = this.integer();
    if (count < 0) return false;
    const table = new Table(count);
    for (let i = 1; i <= count; i++) table.setInteger(i, this.next());
    return table;
  }

  private map(): Table {
    const pairs = this.integer();
    const table = new Table(0, pairs);
    for (let i = 0; i < pairs; i++) {
      const key = this.next();
      const value = this.next();
      if (key !== undefined) table.set(key, value);
    }
    return table;
  }

  private set(): Table {
    const count = this.integer();
    const table = new Table(0, count);
    for (let i = 0; i < count; i++) {
      const member = this.next();
      if (member !== undefined) table.set(member, true);
    }
    return table;
  }

  private verbatim(): Table {
    const length = this.integer();
    const { at } = this;
    this.at = at + length + 2;
    const table = new Table(0, 2);
    table.set('string', toLatin1(this.bytes, at + FORMAT_BYTES, at + length));
    table.set('format', toLatin1(this.bytes, at, at + FORMAT_BYTES - 1));
    return table;
  }

  /** A line of decimal digits: the number next to them. */
  private integer(): number {
    const { bytes } = this;
    const start = this.at;
    let at = start;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    let value = 0;
    for (let byte = bytes[at] as number; byte !== CR; byte = bytes[++at] as number) {
      value = value * 10 + (byte - 48);
    }
    this.at = at + 2;
    if (at - start > EXACT_DIGITS) return Number(toLatin1(bytes, start, at));
    return negative ? -value : value;
  }

  private line(): string {
    const { bytes, at } = this;
    let end = at;
    // Lines are short: to call native code takes longer.
    while (bytes[end] !== CR) end++;
    this.at = end + 2;
    return toLatin1(bytes, at, end);
  }
}

function doubleOf(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
