/** The library `cmsgpack`: what packs. Unpacking is in message-unpack.ts. */
import type { Machine } from '../machine/machine.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import type { LuaValue, NativeBody } from '../machine/values.js';
import { argumentError, register } from './arguments.js';
import { doubleBytes, floatBytes, longBytes, smallBytes } from './binary.js';
import { listExtent } from './list-extent.js';
import { unpack, unpackLimit, unpackOne } from './message-unpack.js';
import { TextBuilder } from './text-builder.js';

/** Tables within as many others become nil. */
const MAXIMUM_DEPTH = 16;
const NIL = '\xc0';
const TWO_63 = 2 ** 63;

/** A type's byte and the size of what it holds, where there is a form for small sizes. */
function header(small: number, limit: number, wide: readonly number[], count: number): string {
  if (count < limit) return String.fromCharCode(small | count);
  const [byte = 0, short = 0, long = 0] = wide;
  if (byte !== 0 && count <= 0xff) return String.fromCharCode(byte, count);
  if (count <= 0xffff) return String.fromCharCode(short) + smallBytes(count, 2);
  return String.fromCharCode(long) + smallBytes(count, 4);
}

const TEXT = [0xd9, 0xda, 0xdb];
const ARRAY = [0, 0xdc, 0xdd];
const MAP = [0, 0xde, 0xdf];

function packInteger(value: number): string {
  if (value >= 0) {
    if (value <= 0x7f) return String.fromCharCode(value);
    if (value <= 0xff) return String.fromCharCode(0xcc, value);
    if (value <= 0xffff) return `\xcd${smallBytes(value, 2)}`;
    if (value <= 0xffffffff) return `\xce${smallBytes(value, 4)}`;
    return `\xcf${longBytes(BigInt(value))}`;
  }
  if (value >= -32) return String.fromCharCode(value & 0xff);
  if (value >= -0x80) return String.fromCharCode(0xd0, value & 0xff);
  if (value >= -0x8000) return `\xd1${smallBytes(value, 2)}`;
  if (value >= -0x80000000) return `\xd2${smallBytes(value, 4)}`;
  return `\xd3${longBytes(BigInt(value))}`;
}

function packNumber(value: number): string {
  if (Number.isInteger(value) && value >= -TWO_63 && value < TWO_63) return packInteger(value);
  if (Math.fround(value) === value) return `\xca${floatBytes(value, false)}`;
  return `\xcb${doubleBytes(value, false)}`;
}

/** The length of a table whose keys are 1 to n and no others; -1 of any other. */
function listLength(table: Table): number {
  const extent = listExtent(table);
  return extent !== null && extent.largestIndex === extent.count ? extent.count : -1;
}

class Packer {
  readonly out: TextBuilder;

  constructor(thread: Thread) {
    this.out = new TextBuilder(thread.machine);
  }

  add(value: LuaValue, depth: number): void {
    if (typeof value === 'string') {
      this.out.add(header(0xa0, 32, TEXT, value.length) + value);
    } else if (typeof value === 'number') this.out.add(packNumber(value));
    else if (typeof value === 'boolean') this.out.add(value ? '\xc3' : '\xc2');
    else if (value instanceof Table && depth < MAXIMUM_DEPTH) this.table(value, depth + 1);
    else this.out.add(NIL);
  }

  private table(table: Table, depth: number): void {
    const length = listLength(table);
    if (length < 0) {
      this.map(table, depth);
      return;
    }
    this.out.add(header(0x90, 16, ARRAY, length));
    for (let i = 1; i <= length; i++) this.add(table.get(i), depth);
  }

  private map(table: Table, depth: number): void {
    const { array, keys, values } = table;
    const present = (value: LuaValue): boolean => value !== undefined;
    const count = array.filter(present).length + values.filter(present).length;
    this.out.add(header(0x80, 16, MAP, count));
    for (let i = 1; i < array.length; i++) {
      if (array[i] === undefined) continue;
      this.out.add(packNumber(i));
      this.add(array[i], depth);
    }
    for (let node = 0; node < keys.length; node++) {
      if (values[node] === undefined) continue;
      this.add(keys[node], depth);
      this.add(values[node], depth);
    }
  }
}

const pack: NativeBody = (thread) => {
  const { argc } = thread;
  if (argc === 0) throw argumentError(thread, 0, 'MessagePack pack needs input.');
  const packer = new Packer(thread);
  for (let i = 1; i <= argc; i++) packer.add(thread.arg(i), 0);
  return thread.answer(packer.out.end());
};

/** Makes the table `cmsgpack`. */
export function openMessagePack(machine: Machine): void {
  const library = new Table();
  register(library, { pack, unpack, unpack_one: unpackOne, unpack_limit: unpackLimit });
  library.set('_NAME', 'cmsgpack');
  library.set('_VERSION', 'lua-cmsgpack 0.4.0');
  library.set('_COPYRIGHT', 'Copyright (C) 2012, Redis Ltd.');
  library.set('_DESCRIPTION', 'MessagePack C implementation for Lua');
  machine.globals.set('cmsgpack', library);
}
