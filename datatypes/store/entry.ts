/**
 * A key of the keyspace with its value: one arena block, or two when the value is long or a collection.
 *
 *   word 0   reference count (the arena's)
 *   word 1   bits 0-3 type, 4-7 encoding, 8 has an expiry, 9 value stands apart,
 *            10 a hash has fields that expire; 11-15 stamp: the last snapshot it is in, or is younger than;
 *            16-31 length of a value inside
 *   word 2   bits 0-23 last access (LRU clock) or LFU counter and its minute
 *   word 3   length of the key
 *   byte 16  the key; then, aligned to a word and only when needed:
 *            two words: expiry, ms since 1970, low and high half
 *            two words: where the value stands, and its length
 *            or, directly: the value's bytes
 *
 * Values of strings are always their bytes: `int` is a note that they are the digits of an int64.
 * A short value shares the block, so that a lookup meets its key and its value in neighbouring cache lines.
 */

import { ByteViews, copyWords, LONG_COPY_BYTES } from '../../protocol/byte-views.js';
import { type Arena, NONE, type Ref } from './arena.js';
import type { KeyLayout } from './dict.js';

export const Type = { string: 0, list: 1, set: 2, zset: 3, hash: 4, module: 5, stream: 6 } as const;
export type Type = (typeof Type)[keyof typeof Type];

export const Encoding = {
  raw: 0,
  int: 1,
  embstr: 2,
  listpack: 3,
  intset: 4,
  quicklist: 5,
  hashtable: 6,
  skiplist: 7,
  stream: 8,
} as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

/** As TYPE names them, by `Type`. */
export const TYPE_NAMES = ['string', 'list', 'set', 'zset', 'hash', 'module', 'stream'] as const;
/** As OBJECT ENCODING names them, by `Encoding`. */
export const ENCODING_NAMES = [
  'raw',
  'int',
  'embstr',
  'listpack',
  'intset',
  'quicklist',
  'hashtable',
  'skiplist',
  'stream',
] as const;

export const ENTRY_KEY_LAYOUT: KeyLayout = { keyOffset: 16, lengthWord: 3 };

/** No expiry. */
export const NEVER = -1;

const KEY_BYTE = 16;
const EXPIRES = 0x100;
const APART = 0x200;
const VOLATILE = 0x400;
const STAMP = 0xf800;
const STAMP_SHIFT = 11;
/** Stamps there are. */
export const STAMPS = 32;
const TYPE = 0xf;
/** A block that would waste this much more than its value's length is better given back. */
const WORTHWHILE_BYTES = 32;
/** Values up to this length stand in the entry's own block. */
const LONGEST_INSIDE = 4096;

const TWO_32 = 0x1_0000_0000;

/** What a new entry is to hold. */
export interface EntryShape {
  readonly type: Type;
  readonly encoding: Encoding;
  /** ms since 1970, or NEVER. */
  readonly expireAtMs: number;
  readonly access: number;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The bytes of a value where they stand: `bytes[start, end)`, in arena block `block`. */
export class ValueView {
  bytes = NO_BYTES;
  start = 0;
  end = 0;
  block: Ref = NONE;

  get length(): number {
    return this.end - this.start;
  }
}

export class Entries {
  readonly arena: Arena;
  private readonly views = new ByteViews();
  private readonly keyViews = new ByteViews();
  /** The stamp of new entries, where it stands in word 1. */
  private stampBits = 0;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /**
   * A new entry for the key `bytes[start, end)` with room for a value of `valueLength` bytes, not yet
   * written: `view` then says where it goes.
   */
  create(
    bytes: Uint8Array,
    start: number,
    end: number,
    type: Type,
    encoding: Encoding,
    expireAtMs: number,
    access: number,
    valueLength: number,
    spare = 0,
  ): Ref {
    const keyLength = end - start;
    const apart = valueLength + spare > LONGEST_INSIDE;
    const expires = expireAtMs !== NEVER;
    const extras = expires || apart;
    let size = KEY_BYTE + keyLength;
    if (extras) size = ((size + 3) & ~3) + (expires ? 8 : 0) + (apart ? 8 : 0);
    const { arena } = this;
    const ref = arena.allocate(apart ? size : size + valueLength);
    const words = arena.words[ref >>> 16]!;
    const word = (ref & 0xffff) << 2;
    words[word + 1] =
      type |
      (encoding << 4) |
      this.stampBits |
      (expires ? EXPIRES : 0) |
      (apart ? APART : valueLength << 16);
    words[word + 2] = access;
    words[word + 3] = keyLength;
    this.writeKey(ref, bytes, start, keyLength);
    if (extras) {
      let extra = word + ((KEY_BYTE + keyLength + 3) >>> 2);
      if (expires) {
        writeMs(words, extra, expireAtMs);
        extra += 2;
      }
      if (apart) {
        words[extra] = arena.allocate(4 + valueLength + spare);
        words[extra + 1] = valueLength;
      }
    }
    return ref;
  }

  /** An entry of `type` whose value is not bytes inside it but block or handle `value`. */
  createApart(
    bytes: Uint8Array,
    start: number,
    end: number,
    shape: EntryShape,
    value: Ref,
    length: number,
  ): Ref {
    const expires = shape.expireAtMs !== NEVER;
    const keyLength = end - start;
    const { arena } = this;
    const ref = arena.allocate(((KEY_BYTE + keyLength + 3) & ~3) + (expires ? 16 : 8));
    const words = arena.words[ref >>> 16]!;
    const word = (ref & 0xffff) << 2;
    words[word + 1] =
      shape.type | (shape.encoding << 4) | this.stampBits | (expires ? EXPIRES : 0) | APART;
    words[word + 2] = shape.access;
    words[word + 3] = keyLength;
    this.writeKey(ref, bytes, start, keyLength);
    let extra = word + ((KEY_BYTE + keyLength + 3) >>> 2);
    if (expires) {
      writeMs(words, extra, shape.expireAtMs);
      extra += 2;
    }
    words[extra] = value;
    words[extra + 1] = length;
    return ref;
  }

  private writeKey(ref: Ref, from: Uint8Array, start: number, length: number): void {
    const page = ref >>> 16;
    const at = ((ref & 0xffff) << 4) + KEY_BYTE;
    if (length < LONG_COPY_BYTES) {
      copyWords(this.keyViews.of(from), start, this.arena.views[page]!, at, length);
    } else {
      this.arena.bytes[page]!.set(from.subarray(start, start + length), at);
    }
  }

  /** Writes `length` bytes from `from[start]` on into the page of `ref` at offset `at`. */
  write(ref: Ref, at: number, from: Uint8Array, start: number, length: number): void {
    const page = ref >>> 16;
    if (length < LONG_COPY_BYTES) {
      copyWords(this.views.of(from), start, this.arena.views[page]!, at, length);
    } else {
      this.arena.bytes[page]!.set(from.subarray(start, start + length), at);
    }
  }

  /**
   * Puts a new string where a short one without expiry stands. False, with nothing done, when the entry is
   * no such string, is held by others too, or the new value does not fit its block well.
   */
  overwrite(
    ref: Ref,
    from: Uint8Array,
    start: number,
    length: number,
    encoding: Encoding,
    access: number,
  ): boolean {
    const words = this.arena.words[ref >>> 16]!;
    const word = (ref & 0xffff) << 2;
    // One look at both words: a single owner, type 0 (string), no flag.
    if (words[word] !== 1 || (words[word + 1]! & (TYPE | EXPIRES | APART)) !== 0) return false;
    const offset = KEY_BYTE + words[word + 3]!;
    const spare = this.arena.capacity(ref) - offset - length;
    if (spare < 0 || spare > length + WORTHWHILE_BYTES) return false;
    words[word + 1] = (encoding << 4) | this.stampBits | (length << 16);
    words[word + 2] = access;
    this.write(ref, ((ref & 0xffff) << 4) + offset, from, start, length);
    return true;
  }

  /** The stamp of entries made from now on. */
  get newStamp(): number {
    return this.stampBits >>> STAMP_SHIFT;
  }

  set newStamp(stamp: number) {
    this.stampBits = stamp << STAMP_SHIFT;
  }

  stamp(ref: Ref): number {
    return (this.kind(ref) & STAMP) >>> STAMP_SHIFT;
  }

  setStamp(ref: Ref, stamp: number): void {
    const words = this.arena.words[ref >>> 16]!;
    const word = ((ref & 0xffff) << 2) + 1;
    words[word] = (words[word]! & ~STAMP) | (stamp << STAMP_SHIFT);
  }

  type(ref: Ref): Type {
    return (this.kind(ref) & 0xf) as Type;
  }

  encoding(ref: Ref): Encoding {
    return ((this.kind(ref) >>> 4) & 0xf) as Encoding;
  }

  setEncoding(ref: Ref, encoding: Encoding): void {
    const words = this.arena.words[ref >>> 16]!;
    const word = ((ref & 0xffff) << 2) + 1;
    words[word] = (words[word]! & ~0xf0) | (encoding << 4);
  }

  /** LRU clock or LFU state: 24 bits. */
  access(ref: Ref): number {
    return this.arena.words[ref >>> 16]![((ref & 0xffff) << 2) + 2]! & 0xff_ffff;
  }

  setAccess(ref: Ref, access: number): void {
    this.arena.words[ref >>> 16]![((ref & 0xffff) << 2) + 2] = access;
  }

  keyLength(ref: Ref): number {
    return this.arena.words[ref >>> 16]![((ref & 0xffff) << 2) + 3]!;
  }

  /** Offset of the key in its page, `arena.bytes[ref >>> 16]`. */
  keyStart(ref: Ref): number {
    return ((ref & 0xffff) << 4) + KEY_BYTE;
  }

  /** The key as a view of the arena: gone stale when the entry is released. */
  key(ref: Ref): Uint8Array {
    const start = this.keyStart(ref);
    return this.arena.bytes[ref >>> 16]!.subarray(start, start + this.keyLength(ref));
  }

  /** ms since 1970, or NEVER. */
  expireAtMs(ref: Ref): number {
    const words = this.arena.words[ref >>> 16]!;
    const word = (ref & 0xffff) << 2;
    if ((words[word + 1]! & EXPIRES) === 0) return NEVER;
    const at = word + ((KEY_BYTE + words[word + 3]! + 3) >>> 2);
    return words[at + 1]! * TWO_32 + (words[at]! >>> 0);
  }

  /** Changes the expiry of an entry that has one already. */
  setExpireAtMs(ref: Ref, expireAtMs: number): void {
    const words = this.arena.words[ref >>> 16]!;
    const word = (ref & 0xffff) << 2;
    writeMs(words, word + ((KEY_BYTE + words[word + 3]! + 3) >>> 2), expireAtMs);
  }

  /** As `expireAtMs`, of an entry that has one: exact beyond 2^53 too. */
  exactExpireAtMs(ref: Ref): bigint {
    const words = this.arena.words[ref >>> 16]!;
    const at = this.expiryWord(ref);
    return (BigInt(words[at + 1]!) << 32n) | BigInt(words[at]! >>> 0);
  }

  /** As `setExpireAtMs`, for moments beyond 2^53. */
  setExactExpireAtMs(ref: Ref, expireAtMs: bigint): void {
    const words = this.arena.words[ref >>> 16]!;
    const at = this.expiryWord(ref);
    words[at] = Number(BigInt.asIntN(32, expireAtMs));
    words[at + 1] = Number(expireAtMs >> 32n);
  }

  hasExpiry(ref: Ref): boolean {
    return (this.kind(ref) & EXPIRES) !== 0;
  }

  /** Whether the value has elements that expire. */
  isVolatile(ref: Ref): boolean {
    return (this.kind(ref) & VOLATILE) !== 0;
  }

  setVolatile(ref: Ref, isVolatile: boolean): void {
    const words = this.arena.words[ref >>> 16]!;
    const word = ((ref & 0xffff) << 2) + 1;
    words[word] = (words[word]! & ~VOLATILE) | (isVolatile ? VOLATILE : 0);
  }

  isApart(ref: Ref): boolean {
    return (this.kind(ref) & APART) !== 0;
  }

  /** Points `view` at a string's bytes. */
  view(ref: Ref, view: ValueView): ValueView {
    const page = ref >>> 16;
    const words = this.arena.words[page]!;
    const word = (ref & 0xffff) << 2;
    const kind = words[word + 1]!;
    const keyEnd = KEY_BYTE + words[word + 3]!;
    if ((kind & APART) === 0) {
      const offset = (kind & EXPIRES) === 0 ? keyEnd : ((keyEnd + 3) & ~3) + 8;
      view.bytes = this.arena.bytes[page]!;
      view.start = ((ref & 0xffff) << 4) + offset;
      view.end = view.start + (kind >>> 16);
      view.block = ref;
      return view;
    }
    const at = word + ((keyEnd + 3) >>> 2) + ((kind & EXPIRES) === 0 ? 0 : 2);
    const block = words[at]! >>> 0;
    view.bytes = this.arena.bytes[block >>> 16]!;
    view.start = ((block & 0xffff) << 4) + 4;
    view.end = view.start + words[at + 1]!;
    view.block = block;
    return view;
  }

  /** The block or handle of a value that stands apart. */
  value(ref: Ref): Ref {
    return this.arena.words[ref >>> 16]![this.valueWord(ref)]! >>> 0;
  }

  setValue(ref: Ref, value: Ref, length: number): void {
    const words = this.arena.words[ref >>> 16]!;
    const at = this.valueWord(ref);
    words[at] = value;
    words[at + 1] = length;
  }

  /** Bytes a string's value may grow to where it stands. */
  room(ref: Ref): number {
    if (this.isApart(ref)) return this.arena.capacity(this.value(ref)) - 4;
    const keyEnd = KEY_BYTE + this.keyLength(ref);
    const offset = this.hasExpiry(ref) ? ((keyEnd + 3) & ~3) + 8 : keyEnd;
    return Math.min(this.arena.capacity(ref) - offset, 0xffff);
  }

  /** Changes the length of a string in place; there must be room. */
  setLength(ref: Ref, length: number): void {
    const words = this.arena.words[ref >>> 16]!;
    if (this.isApart(ref)) {
      words[this.valueWord(ref) + 1] = length;
      return;
    }
    const word = ((ref & 0xffff) << 2) + 1;
    words[word] = (words[word]! & 0xffff) | (length << 16);
  }

  /** Whether the string's bytes may be changed in place: nobody else holds the block they stand in. */
  isSole(ref: Ref): boolean {
    if (this.arena.references(ref) !== 1) return false;
    return !this.isApart(ref) || this.arena.references(this.value(ref)) === 1;
  }

  private expiryWord(ref: Ref): number {
    const word = (ref & 0xffff) << 2;
    return word + ((KEY_BYTE + this.arena.words[ref >>> 16]![word + 3]! + 3) >>> 2);
  }

  private kind(ref: Ref): number {
    return this.arena.words[ref >>> 16]![((ref & 0xffff) << 2) + 1]!;
  }

  private valueWord(ref: Ref): number {
    const words = this.arena.words[ref >>> 16]!;
    const word = (ref & 0xffff) << 2;
    const extra = word + ((KEY_BYTE + words[word + 3]! + 3) >>> 2);
    return (words[word + 1]! & EXPIRES) === 0 ? extra : extra + 2;
  }
}

function writeMs(words: Int32Array, at: number, ms: number): void {
  words[at] = (ms % TWO_32) | 0;
  words[at + 1] = Math.min(Math.floor(ms / TWO_32), 0x7fff_ffff);
}
