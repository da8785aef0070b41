/**
 * Large sorted sets: a Dict from member to score beside a tree ordered by score, then member.
 *
 * The Dict answers ZSCORE in O(1), the tree ranges and ranks in O(log n). Both always hold the same elements,
 * but while a result is gathered: then the Dict is filled first, and `arrange` makes the tree of it.
 */

import type { LargeValue } from './large-values.js';
import { type Arena, NONE, type Ref } from './store/arena.js';
import { Dict } from './store/dict.js';
import type { FrozenDict } from './store/frozen-dict.js';
import type { HashFunction } from './store/hash-function.js';
import { orderByScore } from './store/score-order.js';
import { ScoreTree } from './store/score-tree.js';
import { SCORED_ELEMENT_LAYOUT, ScoredElements } from './store/scored-elements.js';
import type { MemberTest, MemberVisitor, ScoreTest, SortedSet } from './zset-value.js';

/** Leaves of the tree that `freeSome` gives back at a time: about a thousand elements. */
const FREED_LEAVES = 20;

export class LargeSortedSet implements SortedSet, LargeValue {
  private readonly arena: Arena;
  private readonly hash: HashFunction;
  private readonly elements: ScoredElements;
  private readonly dict: Dict;
  private readonly tree: ScoreTree;
  /** Bytes of the arena that the elements take. */
  elementBytes = 0;
  /** What `find` looked for, and found. */
  private foundHash = 0;
  private found: Ref = NONE;
  /** Where the Dict is being given back; -1 when that is done. */
  private freedTo = 0;

  constructor(arena: Arena, hash: HashFunction) {
    this.arena = arena;
    this.hash = hash;
    this.elements = new ScoredElements(arena);
    this.dict = new Dict(arena, SCORED_ELEMENT_LAYOUT);
    this.tree = new ScoreTree(arena);
  }

  get table(): Dict {
    return this.dict;
  }

  get size(): number {
    return this.dict.size;
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    this.foundHash = this.hash.hash(bytes, start, end);
    this.found = this.dict.find(this.foundHash, bytes, start, end);
    return this.found === NONE ? NaN : this.elements.score(this.found);
  }

  insert(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.gather(bytes, start, end, score);
    this.tree.insert(score, this.found);
  }

  rescore(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.dict.detach(this.foundHash);
    if (this.arena.references(this.found) === 1) {
      this.tree.rescore(this.elements.score(this.found), this.found, score);
      return;
    }
    // A snapshot holds the element: it stays as it is, and another takes its place.
    const { found, foundHash } = this;
    this.tree.remove(this.elements.score(found), found);
    this.found = this.elements.create(bytes, start, end, score);
    this.elementBytes += this.elements.capacity(this.found);
    this.dict.replace(foundHash, found, this.found);
    this.release(found);
    this.tree.insert(score, this.found);
  }

  /** As `insert`, leaving the tree for `arrange`. */
  gather(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.found = this.elements.create(bytes, start, end, score);
    this.elementBytes += this.elements.capacity(this.found);
    this.dict.insert(this.foundHash, this.found);
  }

  /** As `rescore`, leaving the tree for `arrange`. */
  regather(score: number): void {
    this.elements.setScore(this.found, score);
  }

  /** As `removeFound`, leaving the tree for `arrange`. */
  ungather(): void {
    this.dict.remove(this.foundHash, this.found);
    this.release(this.found);
  }

  /** Makes room for `count` members in a set that has none. */
  reserve(count: number): this {
    this.dict.reserve(count);
    return this;
  }

  /** Orders what was gathered. */
  arrange(): this {
    const { elements, tree } = this;
    const refs = new Uint32Array(this.size);
    let i = 0;
    this.dict.forEach((element) => {
      refs[i++] = element;
    });
    for (const element of orderByScore(elements, refs)) {
      tree.append(elements.score(element), element);
    }
    return this;
  }

  removeFound(): void {
    this.tree.remove(this.elements.score(this.found), this.found);
    this.ungather();
  }

  rankOfFound(): number {
    const { elements, found } = this;
    const score = elements.score(found);
    return this.tree.rank(score, elements.page(found), elements.start(found), elements.end(found));
  }

  walk(rank: number, count: number, backwards: boolean, visit: MemberVisitor): void {
    const { elements } = this;
    this.tree.walk(rank, count, backwards, (element, score) => {
      const start = elements.start(element);
      visit(elements.page(element), start, elements.end(element), score, element);
    });
  }

  walkWanted(rank: number, count: number, wants: ScoreTest, visit: MemberVisitor): void {
    this.tree.walk(rank, count, false, (element, score) => {
      if (wants(score)) this.show(element, visit);
    });
  }

  /** How many members have a score below `score`, or with `inclusive` up to it: O(log n). */
  countBelow(score: number, inclusive: boolean): number {
    return this.tree.countBelow(score, inclusive);
  }

  countWhile(from: number, test: MemberTest): number {
    const { elements } = this;
    const count = this.tree.countWhile((element, score) =>
      test(elements.page(element), elements.start(element), elements.end(element), score),
    );
    return Math.max(0, count - from);
  }

  countWhileBack(from: number, test: MemberTest): number {
    const { elements } = this;
    const before = this.tree.countWhile(
      (element, score) =>
        !test(elements.page(element), elements.start(element), elements.end(element), score),
    );
    return Math.max(0, this.size - before - from);
  }

  removeRange(rank: number, count: number): void {
    const { elements } = this;
    const forget = (element: Ref): void => {
      const page = elements.page(element);
      this.found = element;
      this.foundHash = this.hash.hash(page, elements.start(element), elements.end(element));
      this.ungather();
    };
    for (let left = count; left > 0; ) left -= this.tree.removeSome(rank, left, forget);
  }

  /** As `Dict.scan`, of members. */
  scan(cursor: number, count: number, visit: MemberVisitor): number {
    const { elements } = this;
    return this.dict.scan(cursor, count, (element) => {
      const page = elements.page(element);
      const start = elements.start(element);
      visit(page, start, elements.end(element), elements.score(element), element);
    });
  }

  /** Bytes of the longest member. */
  longest(): number {
    let longest = 0;
    this.dict.forEach((element) => {
      longest = Math.max(longest, this.elements.length(element));
    });
    return longest;
  }

  /** The elements as they are now, whatever becomes of the set: blocks for `show`. */
  freeze(): FrozenDict {
    return this.dict.freeze((element) => this.arena.release(element));
  }

  /** Shows an element by its block. */
  show(element: Ref, visit: MemberVisitor): void {
    const { elements } = this;
    const page = elements.page(element);
    const score = elements.score(element);
    visit(page, elements.start(element), elements.end(element), score, element);
  }

  freeSome(): boolean {
    if (this.freedTo >= 0) {
      const next = this.dict.takeSegment(this.freedTo, (element) => this.release(element));
      this.freedTo = next === 0 ? -1 : next;
      return false;
    }
    return this.tree.freeSome(FREED_LEAVES);
  }

  /** Gives all of it back. */
  drop(): void {
    while (!this.freeSome());
  }

  duplicate(): LargeSortedSet {
    const copy = new LargeSortedSet(this.arena, this.hash).reserve(this.size);
    this.walk(0, this.size, false, (bytes, start, end, score) => {
      copy.foundHash = copy.hash.hash(bytes, start, end);
      copy.gather(bytes, start, end, score);
      copy.tree.append(score, copy.found);
    });
    return copy;
  }

  /** Exact without a look at any element, so the number of samples does not matter. */
  bytes(): number {
    return this.dict.overheadBytes + this.tree.bytes + this.elementBytes;
  }

  private release(element: Ref): void {
    this.elementBytes -= this.elements.capacity(element);
    this.arena.release(element);
  }

  /** Throws when an invariant does not hold. For tests. */
  check(): void {
    this.dict.check();
    this.tree.check();
    if (this.dict.size !== this.tree.size) throw new Error('the Dict and the tree differ in size');
    this.dict.forEach((element, hash) => {
      const { elements } = this;
      const page = elements.page(element);
      if (this.hash.hash(page, elements.start(element), elements.end(element)) !== hash) {
        throw new Error('an element stands under another hash than its own');
      }
    });
  }
}
