/**
 * `cmsgpack.unpack`, `unpack_one` and `unpack_limit`.
 *
 * Tables within tables are kept on a stack of our own: a message may nest thousands of them. The
 * limits are those of the real server's Lua stack, counted in the values it would hold.
 */
import type { LuaError } from '../machine/error.js';
import { Bytes } from '../machine/heap.js';
import { checkKey } from '../machine/operators.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import type { LuaValue, NativeBody } from '../machine/values.js';
import { checkInteger, checkString, fail, MAXIMUM_STACK, optionalInteger } from './arguments.js';
import { readDoubleAt, readFloatAt, readLongAt, readSmallAt } from './binary.js';

const TOO_MANY =
  'stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)';
const TOO_DEEP = 'stack overflow (in function mp_decode_to_lua_array)';

/** A table that is being filled. */
interface Filling {
  readonly table: Table;
  /** Elements, or pairs, still to come. */
  left: number;
  readonly isList: boolean;
  /** Of a map: whether the key is there and the value is to come. */
  hasKey: boolean;
  /** The key of a map's value. Of a list with nils the index of the last element, else nil. */
  key: LuaValue;
}

/** Adds an element to a list. From the first nil on the table has to find its own form. */
function putElement(top: Filling, value: LuaValue): void {
  const { table } = top;
  if (top.key === undefined) {
    if (value !== undefined) {
      table.append(value);
      if (top.left === 0) table.endList();
      return;
    }
    top.key = table.array.length - 1;
    table.endList();
  }
  top.key = (top.key as number) + 1;
  table.set(top.key, value);
}

class Unpacker {
  at: number;
  private readonly thread: Thread;
  private readonly text: string;
  private readonly filling: Filling[] = [];
  /** Values on the real server's stack: a list has its next index there, a map its key. */
  private used: number;

  constructor(thread: Thread, text: string, at: number, used: number) {
    this.thread = thread;
    this.text = text;
    this.at = at;
    this.used = used;
  }

  /** The next value. @throws {LuaError} */
  next(): LuaValue {
    if (this.used + 1 > MAXIMUM_STACK) throw fail(this.thread, TOO_MANY);
    for (;;) {
      let value = this.value();
      if (value instanceof Table && this.opens(value)) continue;
      for (;;) {
        const top = this.filling.at(-1);
        if (top === undefined) {
          this.used++;
          return value;
        }
        this.put(top, value);
        if (top.left > 0) break;
        this.filling.pop();
        this.used -= top.isList ? 2 : 1;
        value = top.table;
      }
    }
  }

  /** Whether a table that has just been made has contents to be read. */
  private opens(table: Table): boolean {
    return this.filling.at(-1)?.table === table;
  }

  private put(top: Filling, value: LuaValue): void {
    this.thread.machine.allocate(top.isList ? Bytes.slot : Bytes.key);
    if (top.isList) {
      top.left--;
      putElement(top, value);
      return;
    }
    if (!top.hasKey) {
      top.key = value;
      top.hasKey = true;
      this.used++;
      return;
    }
    checkKey(this.thread.machine, this.thread, top.key);
    top.table.set(top.key, value);
    top.hasKey = false;
    this.used--;
    top.left--;
  }

  private need(count: number): void {
    if (this.text.length - this.at < count) throw this.missing();
  }

  private missing(): LuaError {
    return fail(this.thread, 'Missing bytes in input.');
  }

  /** An unsigned integer of `size` bytes behind the type's byte; moves behind both. */
  private small(size: number): number {
    this.need(1 + size);
    const value = readSmallAt(this.text, this.at + 1, size);
    this.at += 1 + size;
    return value;
  }

  private take(length: number): string {
    this.need(length);
    const from = this.at;
    this.at = from + length;
    return this.text.slice(from, this.at);
  }

  /** Starts a table; tables with contents are put on the stack. */
  private open(count: number, isList: boolean): Table {
    this.thread.machine.allocate(Bytes.table);
    const table = new Table();
    if (this.used + 2 > MAXIMUM_STACK) {
      throw fail(this.thread, isList ? TOO_DEEP : TOO_MANY);
    }
    if (count > 0) {
      this.filling.push({ table, left: count, isList, hasKey: false, key: undefined });
      this.used += isList ? 2 : 1;
    }
    return table;
  }

  /** Reads one value; of a table only the beginning. */
  private value(): LuaValue {
    this.need(1);
    const type = this.text.charCodeAt(this.at);
    if (type < 0x80) return this.taken(type);
    if (type >= 0xe0) return this.taken(type - 0x100);
    if (type < 0x90) return this.started(type & 0xf, false);
    if (type < 0xa0) return this.started(type & 0xf, true);
    if (type < 0xc0) {
      this.at++;
      return this.take(type & 0x1f);
    }
    return this.wide(type);
  }

  private taken(value: LuaValue): LuaValue {
    this.at++;
    return value;
  }

  private started(count: number, isList: boolean): Table {
    this.at++;
    return this.open(count, isList);
  }

  /** A value whose type's byte is 0xc0 or above. */
  private wide(type: number): LuaValue {
    switch (type) {
      case 0xc0:
        return this.taken(undefined);
      case 0xc2:
        return this.taken(false);
      case 0xc3:
        return this.taken(true);
      case 0xca:
        this.need(5);
        this.at += 5;
        return readFloatAt(this.text, this.at - 4, false);
      case 0xcb:
        this.need(9);
        this.at += 9;
        return readDoubleAt(this.text, this.at - 8, false);
      case 0xcc:
        return this.small(1);
      case 0xcd:
        return this.small(2);
      case 0xce:
        return this.small(4);
      case 0xcf:
      case 0xd3:
        // The real server keeps both in a signed integer.
        this.need(9);
        this.at += 9;
        return Number(readLongAt(this.text, this.at - 8));
      case 0xd0:
        return (this.small(1) << 24) >> 24;
      case 0xd1:
        return (this.small(2) << 16) >> 16;
      case 0xd2:
        return this.small(4) | 0;
      case 0xd9:
        return this.take(this.small(1));
      case 0xda:
        return this.take(this.small(2));
      case 0xdb:
        return this.take(this.small(4));
      case 0xdc:
        return this.open(this.small(2), true);
      case 0xdd:
        return this.open(this.small(4), true);
      case 0xde:
        return this.open(this.small(2), false);
      case 0xdf:
        return this.open(this.small(4), false);
      default:
        throw fail(this.thread, 'Bad data format in input.');
    }
  }
}

/** Unpacks `limit` values, or all when there is none; limited ones come behind the next offset. */
function unpackFrom(thread: Thread, limit: number, offset: number): number {
  const text = checkString(thread, 1);
  const { length } = text;
  if (offset < 0 || limit < 0) {
    const asked = `offset of ${offset | 0} and limit of ${length}`;
    throw fail(thread, `Invalid request to unpack with ${asked}.`);
  }
  if (offset > length) {
    const start = BigInt.asIntN(32, BigInt(offset));
    throw fail(thread, `Start offset ${start} greater than input length ${length}.`);
  }
  const isLimited = limit !== 0 || offset !== 0;
  const first = thread.top;
  const unpacker = new Unpacker(thread, text, offset, thread.argc);
  const values: LuaValue[] = [];
  while (unpacker.at < length && (!isLimited || values.length < limit))
    values.push(unpacker.next());
  thread.top = first;
  thread.reserve(values.length + 1);
  if (isLimited) thread.push(unpacker.at === length ? -1 : unpacker.at);
  for (const value of values) thread.push(value);
  return thread.top - first;
}

export const unpack: NativeBody = (thread) => unpackFrom(thread, 0, 0);

export const unpackOne: NativeBody = (thread) =>
  unpackFrom(thread, 1, optionalInteger(thread, 2, 0));

export const unpackLimit: NativeBody = (thread) => {
  const limit = checkInteger(thread, 2);
  return unpackFrom(thread, limit, optionalInteger(thread, 3, 0));
};
