/**
 * A large set: a Dict over its members, each an arena block of [references, length, bytes].
 *
 * A member's block never changes, so sets share it: a union, or a copy, of large sets holds the same blocks.
 * Where a hash is asked for, -1 stands for one that is not known yet.
 */
import { ByteViews, copyWords, LONG_COPY_BYTES } from '../../protocol/byte-views.js';
import type { Random } from '../random.js';
import { type Arena, NONE, type Ref } from './arena.js';
import { Dict, type KeyLayout } from './dict.js';
import type { FrozenDict } from './frozen-dict.js';
import type { HashFunction } from './hash-function.js';

const KEY_BYTE = 8;
const MEMBER_LAYOUT: KeyLayout = { keyOffset: KEY_BYTE, lengthWord: 1 };

/** The hash of a member that nobody worked out. */
export const UNKNOWN_HASH = -1;

/**
 * Is shown a member: `bytes[start, end)`, good until the visitor returns, and where it has them its block
 * (else NONE) and hash (else UNKNOWN_HASH).
 */
export type MemberVisitor = (
  bytes: Uint8Array,
  start: number,
  end: number,
  block: Ref,
  hash: number,
) => void;

export class MemberTable {
  private readonly dict: Dict;
  private readonly arena: Arena;
  private readonly hash: HashFunction;
  private readonly views = new ByteViews();
  /** How far `freeSome` came. */
  private freed = 0;

  constructor(arena: Arena, hash: HashFunction) {
    this.arena = arena;
    this.hash = hash;
    this.dict = new Dict(arena, MEMBER_LAYOUT);
  }

  get table(): Dict {
    return this.dict;
  }

  /** Members. */
  get size(): number {
    return this.dict.size;
  }

  /** Makes room for `count` members in a set that has none. */
  reserve(count: number): void {
    this.dict.reserve(count);
  }

  has(bytes: Uint8Array, start: number, end: number, hash = UNKNOWN_HASH): boolean {
    return this.dict.find(this.known(hash, bytes, start, end), bytes, start, end) !== NONE;
  }

  /** Adds a member. False when it was here. */
  add(bytes: Uint8Array, start: number, end: number, hash = UNKNOWN_HASH): boolean {
    const known = this.known(hash, bytes, start, end);
    if (this.dict.find(known, bytes, start, end) !== NONE) return false;
    this.dict.insert(known, this.newBlock(bytes, start, end));
    return true;
  }

  /** Adds the member in `block`, which this set will hold too. False when it was here. */
  share(block: Ref, hash: number): boolean {
    const bytes = this.bytesOf(block);
    const start = this.startOf(block);
    const end = start + this.lengthOf(block);
    const known = this.known(hash, bytes, start, end);
    if (this.dict.find(known, bytes, start, end) !== NONE) return false;
    this.arena.retain(block);
    this.dict.insert(known, block);
    return true;
  }

  /** Takes a member out. False when it was not here. */
  remove(bytes: Uint8Array, start: number, end: number, hash = UNKNOWN_HASH): boolean {
    const known = this.known(hash, bytes, start, end);
    const block = this.dict.find(known, bytes, start, end);
    if (block === NONE) return false;
    this.dict.remove(known, block);
    this.arena.release(block);
    return true;
  }

  /** A member's block, chosen at random, all equally likely; NONE when the set is empty. */
  random(random: Random): Ref {
    return this.dict.random(random);
  }

  /** Takes out the member in `block`. */
  removeBlock(block: Ref): void {
    const start = this.startOf(block);
    const hash = this.hash.hash(this.bytesOf(block), start, start + this.lengthOf(block));
    this.dict.remove(hash, block);
    this.arena.release(block);
  }

  /** Shows the member in `block`. */
  show(block: Ref, visit: MemberVisitor, hash = UNKNOWN_HASH): void {
    const start = this.startOf(block);
    visit(this.bytesOf(block), start, start + this.lengthOf(block), block, hash);
  }

  /** Shows every member, in no order that means anything. The visitor must not change the set. */
  forEach(visit: MemberVisitor): void {
    this.dict.forEach((block, hash) => {
      this.show(block, visit, hash);
    });
  }

  /** Shows about `count` members from `cursor` on: see `Dict.scan`. Returns the next cursor, 0 at the end. */
  scan(cursor: number, count: number, visit: MemberVisitor): number {
    return this.dict.scan(cursor, count, (block, hash) => this.show(block, visit, hash));
  }

  /** The members as they are now, whatever becomes of the set: blocks for `show`. */
  freeze(): FrozenDict {
    return this.dict.freeze((block) => this.arena.release(block));
  }

  /** See `LargeValue`. */
  freeSome(): boolean {
    this.freed = this.dict.takeSegment(this.freed, (block) => this.arena.release(block));
    return this.freed === 0;
  }

  /** See `LargeValue`. */
  duplicate(): MemberTable {
    const copy = new MemberTable(this.arena, this.hash);
    copy.reserve(this.size);
    this.dict.forEach((block, hash) => {
      this.arena.retain(block);
      copy.dict.insert(hash, block);
    });
    return copy;
  }

  /** See `LargeValue`. */
  bytes(samples: number): number {
    let seen = 0;
    let sum = 0;
    const count = samples === 0 ? this.size : samples;
    this.dict.scan(0, count, (block) => {
      seen++;
      sum += this.arena.capacity(block);
    });
    const members = seen === 0 ? 0 : Math.round((sum / seen) * this.size);
    return this.dict.overheadBytes + members;
  }

  /** Throws when an invariant does not hold. For tests. */
  check(): void {
    this.dict.check();
  }

  private known(hash: number, bytes: Uint8Array, start: number, end: number): number {
    return hash === UNKNOWN_HASH ? this.hash.hash(bytes, start, end) : hash;
  }

  private newBlock(bytes: Uint8Array, start: number, end: number): Ref {
    const length = end - start;
    const block = this.arena.allocate(KEY_BYTE + length);
    this.arena.words[block >>> 16]![((block & 0xffff) << 2) + 1] = length;
    const target = this.bytesOf(block);
    const at = this.startOf(block);
    if (length < LONG_COPY_BYTES) {
      copyWords(this.views.of(bytes), start, this.arena.views[block >>> 16]!, at, length);
    } else target.set(bytes.subarray(start, end), at);
    return block;
  }

  private bytesOf(block: Ref): Uint8Array {
    return this.arena.bytes[block >>> 16]!;
  }

  private startOf(block: Ref): number {
    return ((block & 0xffff) << 4) + KEY_BYTE;
  }

  private lengthOf(block: Ref): number {
    return this.arena.words[block >>> 16]![((block & 0xffff) << 2) + 1]!;
  }
}
