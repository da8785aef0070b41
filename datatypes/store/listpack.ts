/**
 * Listpack: a sequence of strings and integers in one arena block, in Valkey's own layout.
 *
 *   4 bytes   length of all of it          2 bytes   number of elements; 65535: count them
 *   elements  each: what it is and how long, its bytes, then the length of both, to walk backwards
 *   1 byte    255
 *
 * A `Listpack` is a lens: `open` points it at a block, and whatever grows or shrinks the contents may move
 * them to another block, so `block` must be put back where it came from. A block with other owners is copied
 * before it changes. Positions are byte offsets from the start of the listpack; 0 is none, `end` is behind the
 * last element. They hold until the next change.
 *
 * An element written from digits of an int64 is kept as that integer, so it reads back as the same digits.
 * Cost: walking and searching O(n), changes O(bytes behind them). Nothing is allocated on the heap.
 * Source: the listpack specification, S. Sanfilippo (2017); values of the real server seen through DUMP.
 */
import { ByteViews, copyWords, LONG_COPY_BYTES, scratchBytes } from '../../protocol/byte-views.js';
import { parseBigInt64, parseSafeInteger, writeInteger } from '../../protocol/numbers.js';
import { Arena, BLOCK_HEADER_BYTES, NONE, type Ref } from './arena.js';

const HEADER_BYTES = 6;
const EMPTY_BYTES = 7;
/** From this length on `load` copies natively; the view that it takes then is garbage for each value. */
const LONG_LOAD_BYTES = 512;
const UNCOUNTED = 0xffff;
const END = 0xff;
const LONGEST_INTEGER = 20;

/** The first byte of a string below 64 bytes, but for its length. */
const STRING6 = 0x80;
/** First bytes of elements that are not told by their upper bits. */
const LONG_STRING = 0xf0;
const INT16 = 0xf1;
const INT24 = 0xf2;
const INT32 = 0xf3;
const INT64 = 0xf4;

const TWO_32 = 2 ** 32;

/** Bytes that tell how long an element of `size` bytes is, behind it. */
function backLengthBytes(size: number): number {
  if (size < 128) return 1;
  if (size < 16_384) return 2;
  if (size < 2_097_152) return 3;
  return size < 268_435_456 ? 4 : 5;
}

function writeBackLength(bytes: Uint8Array, at: number, size: number): void {
  const last = at + backLengthBytes(size) - 1;
  let rest = size;
  for (let i = last; i >= at; i--) {
    bytes[i] = (rest & 127) | (i === at ? 0 : 128);
    rest = Math.floor(rest / 128);
  }
}

/** Bytes of the element at `at` before its back length; 0 when its first byte says nothing. */
function sizeAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  if (first < 0xc0) return 1 + (first & 0x3f);
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 2 + (((first & 0xf) << 8) | bytes[at + 1]!);
  switch (first) {
    case LONG_STRING:
      return (
        5 +
        bytes[at + 1]! +
        bytes[at + 2]! * 0x100 +
        bytes[at + 3]! * 0x1_0000 +
        bytes[at + 4]! * 0x100_0000
      );
    case INT16:
      return 3;
    case INT24:
      return 4;
    case INT32:
      return 5;
    case INT64:
      return 9;
    default:
      return 0;
  }
}

/** Bytes, back length included, of an element whose first byte is below 0xc0: a digit or two, or a short string. */
const shortStep = (first: number) => (first < STRING6 ? 2 : 2 + (first & 0x3f));

/** Whether an element with this first byte is a string. */
const isText = (first: number) =>
  (first >= STRING6 && first < 0xc0) || (first >= 0xe0 && first <= LONG_STRING);

/** Whether two ranges are equal up to `length`, in words: the last one may reach beyond it. */
function sameWords(
  one: DataView,
  at: number,
  other: DataView,
  otherAt: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i += 4) {
    if (one.getInt32(at + i, true) !== other.getInt32(otherAt + i, true)) return false;
  }
  return true;
}

/** How an element is to be written. */
const Form = {
  int7: 0,
  int13: 1,
  int16: 2,
  int24: 3,
  int32: 4,
  int64: 5,
  string6: 6,
  string12: 7,
  string32: 8,
} as const;
type Form = (typeof Form)[keyof typeof Form];

function formOfInteger(value: number): Form {
  if (value >= 0 && value <= 127) return Form.int7;
  if (value >= -4096 && value <= 4095) return Form.int13;
  if (value >= -32_768 && value <= 32_767) return Form.int16;
  if (value >= -8_388_608 && value <= 8_388_607) return Form.int24;
  return value >= -2_147_483_648 && value <= 2_147_483_647 ? Form.int32 : Form.int64;
}

/** Bytes of a form before the back length, by form; for strings what comes before their bytes. */
const FORM_BYTES = [1, 2, 3, 4, 5, 9, 1, 2, 5] as const;

export class Listpack {
  /** Where the contents are: changes put them elsewhere. */
  block: Ref = NONE;

  /** What `read` found: an integer, or `source[start, end)`. */
  isInteger = false;
  /** The integer, rounded when it is beyond 2^53: then `bigInteger` tells it exactly. */
  integer = 0;
  source: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;

  private readonly arena: Arena;
  /** Of the bytes that `load` reads: files are loaded from one window. */
  private readonly loadViews = new ByteViews();
  private readonly givenViews = new ByteViews();
  private bytes: Uint8Array = NO_BYTES;
  private view: DataView = new DataView(NO_BYTES.buffer);
  private base = 0;
  private readonly digits = scratchBytes(LONGEST_INTEGER);
  /** What is to be written: see `weigh`. */
  private form: Form = Form.int7;
  private value = 0;
  private big = 0n;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** A new block with an empty listpack, which is to grow by about `room` bytes: `trim` gives back what is left. */
  create(room = 0): this {
    this.open(this.arena.allocate(BLOCK_HEADER_BYTES + EMPTY_BYTES + room));
    this.view.setUint32(this.base, EMPTY_BYTES, true);
    this.view.setUint16(this.base + 4, 0, true);
    this.bytes[this.base + HEADER_BYTES] = END;
    return this;
  }

  /** A new block with the listpack `bytes[start, end)`, which must be valid. */
  load(bytes: Uint8Array, start: number, end: number): this {
    const length = end - start;
    this.open(this.arena.allocate(BLOCK_HEADER_BYTES + length));
    if (length < LONG_LOAD_BYTES) {
      copyWords(this.loadViews.of(bytes), start, this.view, this.base, length);
    } else {
      this.bytes.set(bytes.subarray(start, end), this.base);
    }
    return this;
  }

  open(block: Ref): this {
    this.block = block;
    const page = block >>> 16;
    this.bytes = this.arena.bytes[page]!;
    this.view = this.arena.views[page]!;
    this.base = ((block & 0xffff) << 4) + BLOCK_HEADER_BYTES;
    return this;
  }

  /** Bytes of all of it. */
  get byteLength(): number {
    return this.view.getUint32(this.base, true);
  }

  /** All of it as it stands: good until the next change. */
  get contents(): Uint8Array {
    return this.bytes.subarray(this.base, this.base + this.byteLength);
  }

  /** Elements. */
  get count(): number {
    const count = this.view.getUint16(this.base + 4, true);
    if (count !== UNCOUNTED) return count;
    let walked = 0;
    for (let p = this.first(); p !== 0; p = this.next(p)) walked++;
    if (walked < UNCOUNTED) this.view.setUint16(this.base + 4, walked, true);
    return walked;
  }

  /** The position behind the last element. */
  get endPosition(): number {
    return this.byteLength - 1;
  }

  first(): number {
    return this.bytes[this.base + HEADER_BYTES] === END ? 0 : HEADER_BYTES;
  }

  last(): number {
    return this.previous(this.endPosition);
  }

  /** The position of the element after `p`; 0 when `p` is the last. */
  next(p: number): number {
    const first = this.bytes[this.base + p]!;
    const next = p + (first < 0xc0 ? shortStep(first) : this.sizeOf(p));
    return this.bytes[this.base + next] === END ? 0 : next;
  }

  /** The position of the element before `p`, which may be `endPosition`; 0 when `p` is the first. */
  previous(p: number): number {
    if (p <= HEADER_BYTES) return 0;
    let size = 0;
    let scale = 1;
    let at = this.base + p - 1;
    for (;;) {
      const byte = this.bytes[at]!;
      size += (byte & 127) * scale;
      if ((byte & 128) === 0) break;
      scale *= 128;
      at--;
    }
    return p - size - backLengthBytes(size);
  }

  /** The position of element `index`, counted from the end when negative (-1 is the last); 0 when there is none. */
  seek(index: number): number {
    const count = this.view.getUint16(this.base + 4, true);
    let steps = index;
    if (count !== UNCOUNTED) {
      if (index < 0) steps += count;
      if (steps < 0 || steps >= count) return 0;
      // From whichever end is nearer.
      if (steps > count / 2) steps -= count;
    }
    if (steps >= 0) {
      let p = this.first();
      for (; steps > 0 && p !== 0; steps--) p = this.next(p);
      return p;
    }
    let p = this.last();
    for (; steps < -1 && p !== 0; steps++) p = this.previous(p);
    return p;
  }

  /** Looks at the element at `p`: `isInteger`, then `integer`, or `source`, `start` and `end`. */
  read(p: number): void {
    const at = this.base + p;
    const { bytes, view } = this;
    const first = bytes[at]!;
    this.isInteger = true;
    if (first < 0x80) {
      this.integer = first;
    } else if (first < 0xc0) {
      this.string(at + 1, first & 0x3f);
    } else if (first < 0xe0) {
      this.integer = ((((first & 0x1f) << 8) | bytes[at + 1]!) << 19) >> 19;
    } else if (first < 0xf0) {
      this.string(at + 2, ((first & 0xf) << 8) | bytes[at + 1]!);
    } else if (first === LONG_STRING) {
      this.string(at + 5, view.getUint32(at + 1, true));
    } else if (first === INT16) {
      this.integer = view.getInt16(at + 1, true);
    } else if (first === INT24) {
      this.integer = view.getUint16(at + 1, true) | (view.getInt8(at + 3) << 16);
    } else if (first === INT32) {
      this.integer = view.getInt32(at + 1, true);
    } else {
      this.integer = view.getInt32(at + 5, true) * TWO_32 + view.getUint32(at + 1, true);
    }
  }

  private string(start: number, length: number): void {
    this.isInteger = false;
    this.source = this.bytes;
    this.start = start;
    this.end = start + length;
  }

  /** The integer at `p`, exactly. */
  bigInteger(p: number): bigint {
    this.read(p);
    if (Number.isSafeInteger(this.integer)) return BigInt(this.integer);
    return this.view.getBigInt64(this.base + p + 1, true);
  }

  /** As `read`, but an integer too is left as digits in `source[start, end)`: good until the next call. */
  readText(p: number): void {
    this.read(p);
    if (!this.isInteger) return;
    this.source = this.digits;
    this.start = 0;
    if (Number.isSafeInteger(this.integer)) {
      this.end = writeInteger(this.integer, this.digits, 0);
      return;
    }
    const text = this.bigInteger(p).toString();
    for (let i = 0; i < text.length; i++) this.digits[i] = text.charCodeAt(i);
    this.end = text.length;
  }

  /** The element at `p` as bytes of its own. */
  copyOf(p: number): Uint8Array {
    this.readText(p);
    return Uint8Array.prototype.slice.call(this.source, this.start, this.end);
  }

  /** Whether the element at `p` is the string `bytes[start, end)`. */
  equals(p: number, bytes: Uint8Array, start: number, end: number): boolean {
    this.readText(p);
    return this.isText(bytes, start, end);
  }

  private isText(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    const { source, start: own } = this;
    if (this.end - own !== length) return false;
    for (let i = 0; i < length; i++) if (source[own + i] !== bytes[start + i]) return false;
    return true;
  }

  /**
   * The first element from `p` on that is the string `bytes[start, end)`, looking at every (`skip` + 1)th;
   * 0 when there is none.
   */
  find(p: number, bytes: Uint8Array, start: number, end: number, skip: number): number {
    if (p === 0) return 0;
    this.weigh(bytes, start, end);
    if (this.form <= Form.int64) return this.findInteger(p, skip);
    if (this.form === Form.string6) return this.findShort(p, bytes, start, end, skip);
    return this.findLong(p, bytes, start, end, skip);
  }

  /** As `find`, of the integer that was weighed. */
  private findInteger(p: number, skip: number): number {
    const { value, big } = this;
    const exact = Number.isSafeInteger(value);
    let left = 0;
    for (let at = p; at !== 0; at = this.next(at)) {
      if (left-- > 0) continue;
      left = skip;
      if (isText(this.bytes[this.base + at]!)) continue;
      this.read(at);
      if (this.integer === value && (exact || this.bigInteger(at) === big)) return at;
    }
    return 0;
  }

  /**
   * As `find`, of a string below 64 bytes: such an element starts with a byte that tells its length. The last four
   * bytes are compared first, as what stands in one listpack often begins alike.
   */
  private findShort(
    p: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skip: number,
  ): number {
    const { bytes: own, view, base } = this;
    const given = this.givenViews.of(bytes);
    const length = end - start;
    const head = STRING6 | length;
    let tail = 0;
    for (let i = 1; i <= length && i <= 4; i++) tail |= bytes[end - i]! << (32 - 8 * i);
    // What stands before a string of less than four bytes does not count.
    const mask = length < 4 ? ~(0xffff_ffff >>> (8 * length)) : -1;
    let left = 0;
    let at = base + p;
    for (let first = own[at]!; first !== END; first = own[at]!) {
      if (left > 0) left--;
      else {
        left = skip;
        if (
          first === head &&
          ((view.getInt32(at + length - 3, true) ^ tail) & mask) === 0 &&
          sameWords(view, at + 1, given, start, length - 4)
        ) {
          return at - base;
        }
      }
      at += first < 0xc0 ? shortStep(first) : this.sizeOf(at - base);
    }
    return 0;
  }

  /** As `find`, of a string that is longer. */
  private findLong(p: number, bytes: Uint8Array, start: number, end: number, skip: number): number {
    let left = 0;
    for (let at = p; at !== 0; at = this.next(at)) {
      if (left-- > 0) continue;
      left = skip;
      this.read(at);
      if (!this.isInteger && this.isText(bytes, start, end)) return at;
    }
    return 0;
  }

  /** Puts the string `bytes[start, end)`, which must not stand in this listpack, before `p`. Returns its position. */
  insert(p: number, bytes: Uint8Array, start: number, end: number): number {
    this.weigh(bytes, start, end);
    return this.splice(p, 0, bytes, start, end);
  }

  append(bytes: Uint8Array, start: number, end: number): number {
    return this.insert(this.endPosition, bytes, start, end);
  }

  prepend(bytes: Uint8Array, start: number, end: number): number {
    return this.insert(HEADER_BYTES, bytes, start, end);
  }

  /** Puts the elements of another listpack behind the last. */
  appendAll(other: Listpack): void {
    const at = this.endPosition;
    const added = other.byteLength - EMPTY_BYTES;
    this.addCount(other.count);
    this.makeRoom(at, 0, added);
    const from = other.base + HEADER_BYTES;
    this.bytes.set(other.bytes.subarray(from, from + added), this.base + at);
  }

  /** Puts a safe integer before `p`. Returns its position. */
  insertInteger(p: number, value: number): number {
    this.form = formOfInteger(value);
    this.value = value;
    return this.splice(p, 0, NO_BYTES, 0, 0);
  }

  appendInteger(value: number): number {
    return this.insertInteger(this.endPosition, value);
  }

  /** Puts a string where the element at `p` stands. Returns its position. */
  replace(p: number, bytes: Uint8Array, start: number, end: number): number {
    this.weigh(bytes, start, end);
    return this.splice(p, this.sizeOf(p), bytes, start, end);
  }

  replaceInteger(p: number, value: number): number {
    this.form = formOfInteger(value);
    this.value = value;
    return this.splice(p, this.sizeOf(p), NO_BYTES, 0, 0);
  }

  /** Takes out `count` elements from `p` on, or as many as there are. Returns the position of what follows; 0 for nothing. */
  remove(p: number, count = 1): number {
    let stop = p;
    let removed = 0;
    while (removed < count && this.bytes[this.base + stop] !== END) {
      stop += this.sizeOf(stop);
      removed++;
    }
    this.addCount(-removed);
    this.makeRoom(p, stop - p, 0);
    return this.bytes[this.base + p] === END ? 0 : p;
  }

  /** Bytes of the element at `p`, back length included. */
  private sizeOf(p: number): number {
    const size = sizeAt(this.bytes, this.base + p);
    return size + backLengthBytes(size);
  }

  /** Works out how a string is to be written: `form`, and `value` and `big` for an integer. */
  private weigh(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > 0 && length <= LONGEST_INTEGER) {
      const value = parseSafeInteger(bytes, start, end);
      if (!Number.isNaN(value)) {
        this.value = value;
        this.form = formOfInteger(value);
        return;
      }
      const big = length > 15 ? parseBigInt64(bytes, start, end) : null;
      if (big !== null) {
        this.big = big;
        this.value = Number(big);
        this.form = Form.int64;
        return;
      }
    }
    if (length < 64) this.form = Form.string6;
    else this.form = length < 4096 ? Form.string12 : Form.string32;
  }

  /** Puts what was weighed in place of `removed` bytes at `p`. */
  private splice(
    p: number,
    removed: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const size = FORM_BYTES[this.form] + end - start;
    const isText = this.form >= Form.string6;
    const whole = isText ? size : FORM_BYTES[this.form];
    if (removed === 0) this.addCount(1);
    this.makeRoom(p, removed, whole + backLengthBytes(whole));
    this.writeAt(this.base + p, bytes, start, isText ? end - start : 0);
    writeBackLength(this.bytes, this.base + p + whole, whole);
    return p;
  }

  private writeAt(at: number, bytes: Uint8Array, start: number, length: number): void {
    const { view, value } = this;
    switch (this.form) {
      case Form.int7:
        view.setUint8(at, value);
        return;
      case Form.int13:
        view.setUint16(at, 0xc000 | (value & 0x1fff));
        return;
      case Form.int16:
        view.setUint8(at, INT16);
        view.setInt16(at + 1, value, true);
        return;
      case Form.int24:
        view.setUint8(at, INT24);
        view.setUint16(at + 1, value & 0xffff, true);
        view.setInt8(at + 3, value >> 16);
        return;
      case Form.int32:
        view.setUint8(at, INT32);
        view.setInt32(at + 1, value, true);
        return;
      case Form.int64:
        view.setUint8(at, INT64);
        view.setBigInt64(at + 1, Number.isSafeInteger(value) ? BigInt(value) : this.big, true);
        return;
      case Form.string6:
        view.setUint8(at, STRING6 | length);
        break;
      case Form.string12:
        view.setUint16(at, 0xe000 | length);
        break;
      default:
        view.setUint8(at, LONG_STRING);
        view.setUint32(at + 1, length, true);
    }
    const target = this.bytes;
    const from = at + FORM_BYTES[this.form];
    if (length < SHORT_BYTES) for (let i = 0; i < length; i++) target[from + i] = bytes[start + i]!;
    else target.set(bytes.subarray(start, start + length), from);
  }

  /** Notes that there are `change` elements more. */
  private addCount(change: number): void {
    this.own();
    const count = this.view.getUint16(this.base + 4, true);
    if (count === UNCOUNTED) return;
    this.view.setUint16(this.base + 4, Math.min(count + change, UNCOUNTED), true);
  }

  /** Makes sure that nobody else sees what changes. */
  private own(): void {
    if (this.arena.references(this.block) > 1) this.move(this.byteLength);
  }

  /** Gives back room for what did not come. */
  trim(): void {
    const { byteLength } = this;
    const needed = Arena.sizeFor(BLOCK_HEADER_BYTES + byteLength);
    if (needed < this.arena.capacity(this.block)) this.move(byteLength);
  }

  /** Moves the contents to a block for `length` bytes. */
  private move(length: number): void {
    const { bytes, view, base, block } = this;
    const kept = Math.min(length, this.byteLength);
    this.open(this.arena.allocate(BLOCK_HEADER_BYTES + length));
    if (kept < LONG_COPY_BYTES) copyWords(view, base, this.view, this.base, kept);
    else this.bytes.set(bytes.subarray(base, base + kept), this.base);
    this.arena.release(block);
  }

  /** Puts `added` bytes of room in place of `removed` bytes at `p`. */
  private makeRoom(p: number, removed: number, added: number): void {
    this.own();
    const length = this.byteLength;
    const next = length - removed + added;
    const room = this.arena.capacity(this.block) - BLOCK_HEADER_BYTES;
    if (next > room) this.move(next);
    if (removed !== added) {
      const { base } = this;
      // Mostly there is only the end behind it.
      if (p + removed === length - 1) this.bytes[base + p + added] = END;
      else this.bytes.copyWithin(base + p + added, base + p + removed, base + length);
      this.view.setUint32(base, next, true);
    }
    if (next < length && isWasteful(room, next)) this.move(next);
  }
}

/** A block this much larger than its contents is better given back. */
function isWasteful(room: number, length: number): boolean {
  return room > 64 && room > length * 2;
}

/** Up to this length a loop is faster than a native copy. */
const SHORT_BYTES = 32;
const NO_BYTES = new Uint8Array(0);

/**
 * Checks a listpack from outside.
 *
 * @returns How many elements it has, or -1 when the bytes are not one.
 */
export function checkListpack(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < EMPTY_BYTES || end > bytes.length) return -1;
  const pair = (at: number) => bytes[at]! | (bytes[at + 1]! << 8);
  if (pair(start) + pair(start + 2) * 65536 !== end - start || bytes[end - 1] !== END) return -1;
  let count = 0;
  let at = start + HEADER_BYTES;
  while (at < end - 1) {
    // The few bytes that tell the size are there, or those of the end are taken for them, and do not fit.
    const size = at + 5 <= end || bytes[at]! < 0xe0 ? sizeAt(bytes, at) : shortSize(bytes, at, end);
    if (size === 0) return -1;
    const behind = at + size;
    if (behind + backLengthBytes(size) > end - 1) return -1;
    if (!hasBackLength(bytes, behind, size)) return -1;
    at = behind + backLengthBytes(size);
    count++;
  }
  if (at !== end - 1) return -1;
  const told = pair(start + 4);
  return told === UNCOUNTED || told === count ? count : -1;
}

/** As `sizeAt`, near the end: 0 when the size itself is cut off. */
function shortSize(bytes: Uint8Array, at: number, end: number): number {
  const needed = bytes[at]! < 0xf0 ? 2 : 5;
  const isText = bytes[at]! < 0xf0 || bytes[at] === LONG_STRING;
  return isText && at + needed > end ? 0 : sizeAt(bytes, at);
}

function hasBackLength(bytes: Uint8Array, at: number, size: number): boolean {
  if (size < 128) return bytes[at] === size;
  const expected = new Uint8Array(5);
  writeBackLength(expected, 0, size);
  for (let i = 0; i < backLengthBytes(size); i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}
