/**
 * Ziplist: the packed sequence of older RDB files, read only.
 *
 *   4 bytes  length of all of it    4 bytes  where the last element is    2 bytes  elements; 65535: count them
 *   elements: length of the one before (1 byte, or 254 and 4 bytes), what it is and how long, its bytes
 *   1 byte   255
 */
import { type Arena, NONE, type Ref } from '../datatypes/store/arena.js';
import { Listpack } from '../datatypes/store/listpack.js';
import { latin1 } from '../protocol/bytes.js';

const HEADER_BYTES = 10;
const END = 0xff;
const LONG_PREVIOUS = 254;
const UNCOUNTED = 0xffff;

/** Bytes of integers, by the first byte. */
const INTEGER_BYTES: ReadonlyMap<number, number> = new Map([
  [0xc0, 2],
  [0xd0, 4],
  [0xe0, 8],
  [0xf0, 3],
  [0xfe, 1],
]);

/** An element: a string `bytes[start, end)`, or an integer. */
interface Element {
  readonly start: number;
  readonly end: number;
  readonly integer: bigint | null;
}

/**
 * Makes a listpack of the ziplist `bytes`.
 *
 * @returns Its block; NONE when the bytes are no ziplist.
 */
export function listpackOfZiplist(arena: Arena, bytes: Uint8Array): Ref {
  const listpack = new Listpack(arena).create();
  if (addElements(listpack, bytes)) return listpack.block;
  arena.release(listpack.block);
  return NONE;
}

function addElements(listpack: Listpack, bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES + 1) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const last = bytes.length - 1;
  if (view.getUint32(0, true) !== bytes.length || bytes[last] !== END) return false;
  let previousBytes = 0;
  let tail = HEADER_BYTES;
  let count = 0;
  for (let at = HEADER_BYTES; at < last; count++) {
    const first = elementStart(view, at, last, previousBytes);
    const element = first === 0 ? null : readElement(view, first, last);
    if (element === null) return false;
    add(listpack, bytes, element);
    previousBytes = element.end - at;
    tail = at;
    at = element.end;
  }
  const told = view.getUint16(8, true);
  return (told === UNCOUNTED || told === count) && view.getUint32(4, true) === tail;
}

/** Where an element goes on behind the length of the one before; 0 when that is wrong. */
function elementStart(view: DataView, at: number, last: number, previousBytes: number): number {
  const first = view.getUint8(at);
  if (first < LONG_PREVIOUS) return first === previousBytes ? at + 1 : 0;
  if (first !== LONG_PREVIOUS || at + 5 > last) return 0;
  return view.getUint32(at + 1, true) === previousBytes ? at + 5 : 0;
}

/** Reads what stands at `at`; null when it is no element, or does not end before `last`. */
function readElement(view: DataView, at: number, last: number): Element | null {
  if (at >= last) return null;
  const first = view.getUint8(at);
  const form = first >>> 6;
  if (form === 0) return stringOf(at + 1, first & 63, last);
  if (form === 1) {
    if (at + 2 > last) return null;
    return stringOf(at + 2, ((first & 63) << 8) | view.getUint8(at + 1), last);
  }
  if (form === 2) return at + 5 > last ? null : stringOf(at + 5, view.getUint32(at + 1), last);
  if (first > 0xf0 && first < 0xfe) {
    return { start: 0, end: at + 1, integer: BigInt((first & 15) - 1) };
  }
  const size = INTEGER_BYTES.get(first);
  if (size === undefined || at + 1 + size > last) return null;
  return { start: 0, end: at + 1 + size, integer: integerOf(view, at + 1, size) };
}

function stringOf(start: number, length: number, last: number): Element | null {
  return start + length > last ? null : { start, end: start + length, integer: null };
}

function integerOf(view: DataView, at: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
  return BigInt.asIntN(size * 8, value);
}

function add(listpack: Listpack, bytes: Uint8Array, { start, end, integer }: Element): void {
  if (integer === null) {
    listpack.append(bytes, start, end);
    return;
  }
  const digits = latin1(String(integer));
  listpack.append(digits, 0, digits.length);
}
