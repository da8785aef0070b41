/** A small sorted set: a listpack of members, each followed by its score, in order. A lens, as `Listpack` is. */
import { compareBytes, latin1 } from '../protocol/bytes.js';
import { formatDouble, parseDouble, parseLeadingDouble } from '../protocol/doubles.js';
import { type Arena, NONE, type Ref } from './store/arena.js';
import { Listpack } from './store/listpack.js';
import type { MemberTest, MemberVisitor, ScoreTest, SortedSet } from './zset-value.js';

export class PackedSortedSet implements SortedSet {
  private readonly listpack: Listpack;
  /** Where `find` found the member. */
  private found = 0;

  constructor(arena: Arena) {
    this.listpack = new Listpack(arena);
  }

  /** See `Listpack.create`. */
  create(room = 0): this {
    this.listpack.create(room);
    return this;
  }

  /** See `Listpack.trim`. */
  trim(): void {
    this.listpack.trim();
  }

  /** A new block with the listpack `bytes[start, end)`, which must be one of pairs. */
  load(bytes: Uint8Array, start: number, end: number): this {
    this.listpack.load(bytes, start, end);
    return this;
  }

  open(block: Ref): this {
    this.listpack.open(block);
    return this;
  }

  /** Where the contents are: changes put them elsewhere. */
  get block(): Ref {
    return this.listpack.block;
  }

  get byteLength(): number {
    return this.listpack.byteLength;
  }

  /** All of it as it is written in DUMP payloads: good until the next change. */
  get contents(): Uint8Array {
    return this.listpack.contents;
  }

  /** Whether all elements are in pairs, and no score says that it is none. For listpacks from outside. */
  isWellFormed(): boolean {
    const { listpack } = this;
    if (listpack.count % 2 !== 0) return false;
    for (let p = listpack.first(); p !== 0; p = this.pairAfter(p)) {
      if (Number.isNaN(this.scoreAt(listpack.next(p)))) return false;
    }
    return true;
  }

  get size(): number {
    return this.listpack.count >>> 1;
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    const { listpack } = this;
    this.found = listpack.find(listpack.first(), bytes, start, end, 1);
    return this.found === 0 ? NaN : this.scoreAt(listpack.next(this.found));
  }

  insert(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.put(this.placeOf(bytes, start, end, score), bytes, start, end, score);
  }

  /** Adds a member that comes after all others. */
  append(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.put(this.listpack.endPosition, bytes, start, end, score);
  }

  rescore(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.removeFound();
    this.insert(bytes, start, end, score);
  }

  removeFound(): void {
    this.listpack.remove(this.found, 2);
  }

  rankOfFound(): number {
    const { listpack, found } = this;
    let rank = 0;
    for (let p = listpack.first(); p !== found; p = listpack.next(listpack.next(p))) rank++;
    return rank;
  }

  walk(rank: number, count: number, backwards: boolean, visit: MemberVisitor): void {
    const { listpack } = this;
    if (rank >= this.size) return;
    let p = listpack.seek(backwards ? -2 - 2 * rank : 2 * rank);
    for (let left = count; left > 0 && p !== 0; left--) {
      const score = this.scoreAt(listpack.next(p));
      listpack.readText(p);
      const block = listpack.isInteger ? NONE : listpack.block;
      visit(listpack.source, listpack.start, listpack.end, score, block);
      p = backwards ? this.pairBefore(p) : this.pairAfter(p);
    }
  }

  walkWanted(rank: number, count: number, wants: ScoreTest, visit: MemberVisitor): void {
    this.walk(rank, count, false, (bytes, start, end, score, block) => {
      if (wants(score)) visit(bytes, start, end, score, block);
    });
  }

  countWhile(from: number, test: MemberTest): number {
    const { listpack } = this;
    let p = from < this.size ? listpack.seek(2 * from) : 0;
    let count = 0;
    for (; p !== 0 && this.fits(p, test); p = this.pairAfter(p)) count++;
    return count;
  }

  countWhileBack(from: number, test: MemberTest): number {
    const { listpack } = this;
    let p = from < this.size ? listpack.seek(-2 - 2 * from) : 0;
    let count = 0;
    for (; p !== 0 && this.fits(p, test); p = this.pairBefore(p)) count++;
    return count;
  }

  removeRange(rank: number, count: number): void {
    if (count > 0) this.listpack.remove(this.listpack.seek(2 * rank), 2 * count);
  }

  private fits(p: number, test: MemberTest): boolean {
    const { listpack } = this;
    const score = this.scoreAt(listpack.next(p));
    listpack.readText(p);
    return test(listpack.source, listpack.start, listpack.end, score);
  }

  private pairAfter(p: number): number {
    return this.listpack.next(this.listpack.next(p));
  }

  private pairBefore(p: number): number {
    const score = this.listpack.previous(p);
    return score === 0 ? 0 : this.listpack.previous(score);
  }

  /** Where a new pair belongs: the first one after it, or the end. */
  private placeOf(bytes: Uint8Array, start: number, end: number, score: number): number {
    const { listpack } = this;
    for (let p = listpack.first(); p !== 0; p = this.pairAfter(p)) {
      const own = this.scoreAt(listpack.next(p));
      if (own < score) continue;
      if (own > score) return p;
      listpack.readText(p);
      if (compareBytes(listpack.source, listpack.start, listpack.end, bytes, start, end) > 0) {
        return p;
      }
    }
    return listpack.endPosition;
  }

  private put(p: number, bytes: Uint8Array, start: number, end: number, score: number): void {
    const { listpack } = this;
    listpack.insert(p, bytes, start, end);
    const next = listpack.next(p);
    const place = next === 0 ? listpack.endPosition : next;
    if (Number.isSafeInteger(score)) {
      listpack.insertInteger(place, score);
    } else {
      const text = latin1(formatDouble(score));
      listpack.insert(place, text, 0, text.length);
    }
  }

  /** The score at `p`; of a text from outside that is none, what the real server reads of it. */
  private scoreAt(p: number): number {
    const { listpack } = this;
    listpack.read(p);
    if (listpack.isInteger) return listpack.integer;
    const { source, start, end } = listpack;
    const score = parseDouble(source, start, end);
    return Number.isNaN(score) ? parseLeadingDouble(source, start, end) : score;
  }
}
