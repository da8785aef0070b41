/**
 * Intset: distinct int64 in ascending order in one arena block, in Valkey's own layout.
 *
 *   4 bytes  width of each integer: 2, 4 or 8 bytes      4 bytes  number of integers
 *   integers, little-endian, all of the width that the largest one ever added needed
 *
 * An `Intset` is a lens: `open` points it at a block, and changes may move the contents to another block, so
 * `block` must be put back where it came from. A block with other owners is copied before it changes.
 *
 * What is looked for, added or removed is first read by `parse`, into two halves of 32 bits: exact, and no BigInt
 * is made on the way. Cost: lookups O(log n), changes O(bytes behind them).
 * Source: values of the real server seen through DUMP.
 */
import { scratchBytes } from '../../protocol/byte-views.js';
import { parseBigInt64, parseSafeInteger, writeInteger } from '../../protocol/numbers.js';
import { type Arena, BLOCK_HEADER_BYTES, NONE, type Ref } from './arena.js';

const HEADER_BYTES = 8;
const TWO_32 = 2 ** 32;
const LONGEST_INTEGER = 20;
const NO_BYTES = new Uint8Array(0);

function widthOf(value: number): number {
  if (value >= -0x8000 && value <= 0x7fff) return 2;
  return value >= -0x8000_0000 && value <= 0x7fff_ffff ? 4 : 8;
}

export class Intset {
  /** Where the contents are: changes put them elsewhere. */
  block: Ref = NONE;

  /** The digits that `readText` wrote: `source[start, end)`. */
  readonly source = scratchBytes(LONGEST_INTEGER);
  readonly start = 0;
  end = 0;

  private readonly arena: Arena;
  private view: DataView = new DataView(NO_BYTES.buffer);
  private base = 0;
  /** What `parse` read: `high` * 2^32 + `low`, and the width it needs. */
  private high = 0;
  private low = 0;
  private needed = 0;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** A new block with an empty intset. */
  create(): this {
    this.open(this.arena.allocate(BLOCK_HEADER_BYTES + HEADER_BYTES));
    this.view.setUint32(this.base, 2, true);
    this.view.setUint32(this.base + 4, 0, true);
    return this;
  }

  /** A new block with the intset `bytes[start, end)`, which must be valid. */
  load(bytes: Uint8Array, start: number, end: number): this {
    this.open(this.arena.allocate(BLOCK_HEADER_BYTES + end - start));
    this.pageBytes.set(bytes.subarray(start, end), this.base);
    return this;
  }

  open(block: Ref): this {
    this.block = block;
    this.view = this.arena.views[block >>> 16]!;
    this.base = ((block & 0xffff) << 4) + BLOCK_HEADER_BYTES;
    return this;
  }

  private get pageBytes(): Uint8Array {
    return this.arena.bytes[this.block >>> 16]!;
  }

  /** Bytes of each integer. */
  get width(): number {
    return this.view.getUint32(this.base, true);
  }

  /** Integers. */
  get count(): number {
    return this.view.getUint32(this.base + 4, true);
  }

  get byteLength(): number {
    return HEADER_BYTES + this.count * this.width;
  }

  /** All of it as it stands: good until the next change. */
  get contents(): Uint8Array {
    return this.pageBytes.subarray(this.base, this.base + this.byteLength);
  }

  /** Reads canonical digits of an int64: what `find`, `add` and `remove` then work on. False for other text. */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    const value = parseSafeInteger(bytes, start, end);
    if (!Number.isNaN(value)) {
      this.high = Math.floor(value / TWO_32);
      this.low = value - this.high * TWO_32;
      this.needed = widthOf(value);
      return true;
    }
    const big = end - start > 15 ? parseBigInt64(bytes, start, end) : null;
    if (big === null) return false;
    this.high = Number(big >> 32n);
    this.low = Number(BigInt.asUintN(32, big));
    this.needed = 8;
    return true;
  }

  /** Takes what stands at `index` of another intset for what was parsed. */
  take(from: Intset, index: number): void {
    const { view, width } = from;
    const at = from.base + HEADER_BYTES + index * width;
    if (width === 8) {
      this.high = view.getInt32(at + 4, true);
      this.low = view.getUint32(at, true);
      this.needed = widthOf(this.high * TWO_32 + this.low);
      return;
    }
    const value = width === 2 ? view.getInt16(at, true) : view.getInt32(at, true);
    this.high = value < 0 ? -1 : 0;
    this.low = value >>> 0;
    this.needed = widthOf(value);
  }

  /** Whether what was parsed is here. */
  has(): boolean {
    return this.search() >= 0;
  }

  /** Adds what was parsed. False when it was here. */
  add(): boolean {
    if (this.needed > this.width) {
      this.widen();
      return true;
    }
    const found = this.search();
    if (found >= 0) return false;
    this.insert(~found);
    return true;
  }

  /** Takes out what was parsed. False when it was not here. */
  remove(): boolean {
    const found = this.search();
    if (found >= 0) this.removeAt(found);
    return found >= 0;
  }

  /** Takes out the integer at `index`. */
  removeAt(index: number): void {
    const { count, width } = this;
    const length = HEADER_BYTES + (count - 1) * width;
    const room = this.arena.capacity(this.block) - BLOCK_HEADER_BYTES;
    if (this.arena.references(this.block) > 1) this.move(HEADER_BYTES + count * width);
    const at = this.base + HEADER_BYTES + index * width;
    this.pageBytes.copyWithin(at, at + width, this.base + HEADER_BYTES + count * width);
    this.view.setUint32(this.base + 4, count - 1, true);
    // A block this much larger than its contents is better given back.
    if (room > 64 && room > length * 2) this.move(length);
  }

  /** Leaves the integer at `index` as digits in `source[start, end)`: good until the next call. */
  readText(index: number): void {
    const { view, width } = this;
    const at = this.base + HEADER_BYTES + index * width;
    let value: number;
    if (width === 2) value = view.getInt16(at, true);
    else if (width === 4) value = view.getInt32(at, true);
    else value = view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true);
    if (Number.isSafeInteger(value)) {
      this.end = writeInteger(value, this.source, 0);
      return;
    }
    const text = view.getBigInt64(at, true).toString();
    for (let i = 0; i < text.length; i++) this.source[i] = text.charCodeAt(i);
    this.end = text.length;
  }

  /** The index of what was parsed, or -1 - index of where it would stand. */
  private search(): number {
    const { count, width, high, low, view } = this;
    if (this.needed > width) return high < 0 ? -1 : ~count;
    const first = this.base + HEADER_BYTES;
    const value = high * TWO_32 + low;
    let from = 0;
    let to = count - 1;
    while (from <= to) {
      const middle = (from + to) >>> 1;
      const at = first + middle * width;
      let order: number;
      if (width === 2) order = view.getInt16(at, true) - value;
      else if (width === 4) order = view.getInt32(at, true) - value;
      else order = view.getInt32(at + 4, true) - high || view.getUint32(at, true) - low;
      if (order === 0) return middle;
      if (order < 0) from = middle + 1;
      else to = middle - 1;
    }
    return ~from;
  }

  private insert(index: number): void {
    const { count, width } = this;
    const length = HEADER_BYTES + count * width;
    const room = this.arena.capacity(this.block) - BLOCK_HEADER_BYTES;
    if (length + width > room || this.arena.references(this.block) > 1) this.move(length + width);
    const at = this.base + HEADER_BYTES + index * width;
    if (index < count) this.pageBytes.copyWithin(at + width, at, this.base + length);
    this.write(at, width);
    this.view.setUint32(this.base + 4, count + 1, true);
  }

  private write(at: number, width: number): void {
    const { view, high, low } = this;
    if (width === 2) {
      view.setInt16(at, low, true);
      return;
    }
    view.setInt32(at, low, true);
    if (width === 8) view.setInt32(at + 4, high, true);
  }

  /** Makes all integers as wide as what was parsed needs, and adds that: it is the least or the greatest. */
  private widen(): void {
    const { block, base, view, count, width, needed } = this;
    this.open(this.arena.allocate(BLOCK_HEADER_BYTES + HEADER_BYTES + (count + 1) * needed));
    this.view.setUint32(this.base, needed, true);
    this.view.setUint32(this.base + 4, count + 1, true);
    const shift = this.high < 0 ? 1 : 0;
    for (let i = 0; i < count; i++) {
      const from = base + HEADER_BYTES + i * width;
      const value = width === 2 ? view.getInt16(from, true) : view.getInt32(from, true);
      const to = this.base + HEADER_BYTES + (i + shift) * needed;
      this.view.setInt32(to, value, true);
      if (needed === 8) this.view.setInt32(to + 4, value < 0 ? -1 : 0, true);
    }
    this.write(this.base + HEADER_BYTES + (shift === 1 ? 0 : count) * needed, needed);
    this.arena.release(block);
  }

  /** Moves the contents to a block for `length` bytes. */
  private move(length: number): void {
    const { block, base, pageBytes } = this;
    const kept = Math.min(length, this.byteLength);
    this.open(this.arena.allocate(BLOCK_HEADER_BYTES + length));
    this.pageBytes.set(pageBytes.subarray(base, base + kept), this.base);
    this.arena.release(block);
  }
}

/**
 * Checks an intset from outside.
 *
 * @returns How many integers it has, or -1 when the bytes are no intset, or an empty one.
 */
export function checkIntset(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < HEADER_BYTES || end > bytes.length) return -1;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  const width = view.getUint32(0, true);
  const count = view.getUint32(4, true);
  if (width !== 2 && width !== 4 && width !== 8) return -1;
  if (count === 0 || HEADER_BYTES + count * width !== end - start) return -1;
  for (let i = 1; i < count; i++) {
    if (!isAscending(view, HEADER_BYTES + i * width, width)) return -1;
  }
  return count;
}

/** Whether the integer at `at` is greater than the one before it. */
function isAscending(view: DataView, at: number, width: number): boolean {
  if (width === 2) return view.getInt16(at, true) > view.getInt16(at - 2, true);
  if (width === 4) return view.getInt32(at, true) > view.getInt32(at - 4, true);
  return view.getBigInt64(at, true) > view.getBigInt64(at - 8, true);
}
