/**
 * The order of a large sorted set: a B+-tree of its elements by score, then member, that counts them.
 *
 * A node is an arena block of 768 bytes. A leaf has up to 62 slots of (score, element); an inner node up to 37
 * of (first score, first element, child, elements below the child). Scores stand in the nodes, so a search
 * looks at an element's block only where scores are equal. The counts give an element's rank, and the element
 * of a rank, in one walk from the root: O(log n), as insertion and removal.
 *
 *   word 0   reference count (the arena's)     word 1   slots in use
 *   then, each as long as the node has slots: scores (8 bytes); elements; children; counts (4 bytes)
 *
 * A full node splits in two; the last one of its level is left full instead, so that what arrives in order is
 * packed. A node that became small is joined with a neighbour when both fit in three quarters of one.
 *
 * Invariants (`check`): slots are in order; each summary of a child is right; all leaves are equally deep; no
 * node is empty. The tree neither retains nor releases elements.
 * Source: order-statistics trees, Cormen et al., "Introduction to Algorithms"; Comer, "The Ubiquitous B-Tree"
 * (1979).
 */
import { compareBytes } from '../../protocol/bytes.js';
import { type Arena, NONE, type Ref } from './arena.js';
import { ScoredElements } from './scored-elements.js';

const NODE_BYTES = 768;
const COUNT_BYTE = 4;
const SCORES_BYTE = 16;
const LEAF_SLOTS = 62;
const INNER_SLOTS = 37;
/** A tree of 2^32 elements is less deep. */
const DEEPEST = 24;

/** Called with each element of a walk, in order. */
export type ElementVisitor = (element: Ref, score: number) => void;

/** Whether an element stands before what is looked for: true for some first elements, and false from there on. */
export type IsBefore = (element: Ref, score: number) => boolean;

const slotsAt = (level: number) => (level === 0 ? LEAF_SLOTS : INNER_SLOTS);
const elementsByte = (level: number) => SCORES_BYTE + slotsAt(level) * 8;
const CHILDREN_BYTE = SCORES_BYTE + INNER_SLOTS * 12;
const COUNTS_BYTE = SCORES_BYTE + INNER_SLOTS * 16;

const byteOf = (node: Ref) => (node & 0xffff) << 4;

export class ScoreTree {
  size = 0;
  private readonly arena: Arena;
  private readonly elements: ScoredElements;
  private root: Ref = NONE;
  /** Levels above the leaves. */
  private height = 0;
  private nodes = 0;
  /** The way from the root to a leaf, by level. */
  private readonly pathNodes = new Uint32Array(DEEPEST);
  private readonly pathSlots = new Int32Array(DEEPEST);

  constructor(arena: Arena) {
    this.arena = arena;
    this.elements = new ScoredElements(arena);
  }

  /** Bytes of the arena that the nodes take. */
  get bytes(): number {
    return this.nodes * NODE_BYTES;
  }

  /** Adds an element that is not in the tree. */
  insert(score: number, element: Ref): void {
    const { elements } = this;
    if (this.root === NONE) this.root = this.newNode();
    const start = elements.start(element);
    this.descend(score, elements.page(element), start, elements.end(element));
    this.insertAtPath(score, element);
  }

  /** As `insert`, of an element that comes behind all others. */
  append(score: number, element: Ref): void {
    if (this.root === NONE) this.root = this.newNode();
    let node = this.root;
    for (let level = this.height; ; level--) {
      const slots = this.slotCount(node);
      this.pathNodes[level] = node;
      this.pathSlots[level] = level === 0 ? slots : slots - 1;
      if (level === 0) break;
      node = this.childAt(node, slots - 1);
    }
    this.insertAtPath(score, element);
  }

  private insertAtPath(score: number, element: Ref): void {
    this.size++;
    let isFirst = this.pathSlots[0] === 0;
    let split = this.insertAt(0, score, element, NONE);
    for (let level = 1; level <= this.height; level++) {
      const node = this.pathNodes[level]!;
      const slot = this.pathSlots[level]!;
      if (split === NONE) {
        this.addToCount(node, slot, 1);
        if (isFirst) this.summarizeFirst(level, node, slot, this.pathNodes[level - 1]!);
      } else {
        this.summarize(level, node, slot, this.pathNodes[level - 1]!);
        this.pathSlots[level] = slot + 1;
        split = this.insertAt(level, 0, NONE, split);
      }
      isFirst &&= slot === 0;
    }
    if (split !== NONE) this.growRoot(split);
  }

  /** Takes out an element that is in the tree under `score`. */
  remove(score: number, element: Ref): void {
    const { elements } = this;
    const start = elements.start(element);
    this.descend(score, elements.page(element), start, elements.end(element));
    if (this.elementAt(this.pathNodes[0]!, this.pathSlots[0]!) !== element) {
      throw new Error('Cannot remove an element: it is not in the tree');
    }
    this.removeAtPath();
  }

  /**
   * Takes out `count` elements from `rank` on, or as many of them as stand in one leaf; all must be there. Shows
   * each. Returns how many.
   */
  removeSome(rank: number, count: number, visit: (element: Ref) => void): number {
    let node = this.root;
    let left = rank;
    for (let level = this.height; level > 0; level--) {
      let slot = 0;
      for (let count = this.countAt(node, 0); left >= count; count = this.countAt(node, slot)) {
        left -= count;
        slot++;
      }
      this.pathNodes[level] = node;
      this.pathSlots[level] = slot;
      node = this.childAt(node, slot);
    }
    this.pathNodes[0] = node;
    this.pathSlots[0] = left;
    const removed = Math.min(count, this.slotCount(node) - left);
    for (let i = 0; i < removed; i++) visit(this.elementAt(node, left + i));
    this.removeAtPath(removed);
    return removed;
  }

  /** Takes out the element that the path leads to, or `count` of them in its leaf from there on. */
  private removeAtPath(count = 1): void {
    this.size -= count;
    let isFirst = this.pathSlots[0] === 0;
    this.removeSlots(0, this.pathNodes[0]!, this.pathSlots[0]!, count);
    for (let level = 1; level <= this.height; level++) {
      const slot = this.pathSlots[level]!;
      this.settle(level, this.pathNodes[level]!, slot, count, isFirst);
      isFirst &&= slot === 0;
    }
    this.shrinkRoot();
  }

  /** Gives an element that is in the tree under `score` another score, in the tree and in its block. */
  rescore(score: number, element: Ref, next: number): void {
    const { elements } = this;
    const page = elements.page(element);
    const start = elements.start(element);
    const end = elements.end(element);
    this.descend(score, page, start, end);
    const leaf = this.pathNodes[0]!;
    const slot = this.pathSlots[0]!;
    const stays =
      slot > 0 &&
      slot + 1 < this.slotCount(leaf) &&
      this.compare(leaf, slot - 1, 0, next, page, start, end) < 0 &&
      this.compare(leaf, slot + 1, 0, next, page, start, end) > 0;
    if (stays) {
      this.writeElement(leaf, slot, next, element);
      elements.setScore(element, next);
      return;
    }
    this.removeAtPath();
    elements.setScore(element, next);
    this.insert(next, element);
  }

  /** How many elements stand before (score, `bytes[start, end)`), which need not be in the tree. */
  rank(score: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.root === NONE) return 0;
    this.descend(score, bytes, start, end);
    let rank = this.pathSlots[0]!;
    for (let level = 1; level <= this.height; level++) {
      const node = this.pathNodes[level]!;
      for (let i = this.pathSlots[level]! - 1; i >= 0; i--) rank += this.countAt(node, i);
    }
    return rank;
  }

  /** How many elements have a score below `score`, or with `inclusive` up to it. */
  countBelow(score: number, inclusive: boolean): number {
    let node = this.root;
    if (node === NONE) return 0;
    let rank = 0;
    for (let level = this.height; ; level--) {
      let low = 0;
      let high = this.slotCount(node);
      while (low < high) {
        const middle = (low + high) >>> 1;
        const own = this.scoreAt(node, middle);
        if (own < score || (inclusive && own === score)) low = middle + 1;
        else high = middle;
      }
      if (level === 0) return rank + low;
      if (low === 0) return rank;
      for (let i = 0; i < low - 1; i++) rank += this.countAt(node, i);
      node = this.childAt(node, low - 1);
    }
  }

  /** How many first elements `isBefore` holds for. */
  countWhile(isBefore: IsBefore): number {
    let node = this.root;
    if (node === NONE) return 0;
    let rank = 0;
    for (let level = this.height; ; level--) {
      let low = 0;
      let high = this.slotCount(node);
      while (low < high) {
        const middle = (low + high) >>> 1;
        const element = this.elementAt(node, middle, level);
        if (isBefore(element, this.scoreAt(node, middle))) low = middle + 1;
        else high = middle;
      }
      if (level === 0) return rank + low;
      if (low === 0) return rank;
      for (let i = 0; i < low - 1; i++) rank += this.countAt(node, i);
      node = this.childAt(node, low - 1);
    }
  }

  /** The element of `rank`, from 0 on; NONE beyond the last. */
  at(rank: number): Ref {
    if (rank < 0 || rank >= this.size) return NONE;
    let node = this.root;
    let left = rank;
    for (let level = this.height; level > 0; level--) {
      let slot = 0;
      for (let count = this.countAt(node, 0); left >= count; count = this.countAt(node, slot)) {
        left -= count;
        slot++;
      }
      node = this.childAt(node, slot);
    }
    return this.elementAt(node, left);
  }

  /**
   * Visits `count` elements, or as many as there are, in order, from `rank` on. Backwards, ranks too are counted
   * from the end. The visitor must not change the tree.
   */
  walk(rank: number, count: number, backwards: boolean, visit: ElementVisitor): void {
    if (rank >= this.size || count <= 0) return;
    this.walkNode(this.root, this.height, rank, count, backwards, visit);
  }

  /** Visits elements of a node after the first `skip`; returns how many of `count` are left. */
  private walkNode(
    node: Ref,
    level: number,
    skip: number,
    count: number,
    backwards: boolean,
    visit: ElementVisitor,
  ): number {
    if (level === 0) return this.walkLeaf(node, skip, count, backwards, visit);
    const slots = this.slotCount(node);
    let toSkip = skip;
    let left = count;
    for (let i = 0; i < slots && left > 0; i++) {
      const slot = backwards ? slots - 1 - i : i;
      const below = this.countAt(node, slot);
      if (toSkip >= below) {
        toSkip -= below;
        continue;
      }
      left = this.walkNode(this.childAt(node, slot), level - 1, toSkip, left, backwards, visit);
      toSkip = 0;
    }
    return left;
  }

  private walkLeaf(
    leaf: Ref,
    skip: number,
    count: number,
    backwards: boolean,
    visit: ElementVisitor,
  ): number {
    const slots = this.slotCount(leaf);
    const stop = Math.min(slots, skip + count);
    for (let i = skip; i < stop; i++) {
      const slot = backwards ? slots - 1 - i : i;
      visit(this.elementAt(leaf, slot), this.scoreAt(leaf, slot));
    }
    return count - (stop - skip);
  }

  /** Gives up to `leaves` leaves back; true when nothing is left. Only this may be asked of the tree from then on. */
  freeSome(leaves: number): boolean {
    for (let i = 0; i < leaves && this.root !== NONE; i++) this.freeLastLeaf();
    return this.root === NONE;
  }

  private freeLastLeaf(): void {
    let node = this.root;
    for (let level = this.height; level > 0; level--) {
      this.pathNodes[level] = node;
      node = this.childAt(node, this.slotCount(node) - 1);
    }
    this.freeNode(node);
    for (let level = 1; level <= this.height; level++) {
      const parent = this.pathNodes[level]!;
      const slots = this.slotCount(parent) - 1;
      this.setSlotCount(parent, slots);
      if (slots > 0) return;
      this.freeNode(parent);
    }
    this.root = NONE;
    this.height = 0;
    this.size = 0;
  }

  /** Finds the way to where (score, member) stands or would stand: at the leaf, the first slot not before it. */
  private descend(score: number, bytes: Uint8Array, start: number, end: number): void {
    let node = this.root;
    for (let level = this.height; ; level--) {
      let low = 0;
      let high = this.slotCount(node);
      while (low < high) {
        const middle = (low + high) >>> 1;
        const order = this.compare(node, middle, level, score, bytes, start, end);
        // Above the leaves the child is wanted that begins at or before it.
        if (order < 0 || (order === 0 && level > 0)) low = middle + 1;
        else high = middle;
      }
      this.pathNodes[level] = node;
      if (level === 0) {
        this.pathSlots[0] = low;
        return;
      }
      const slot = low === 0 ? 0 : low - 1;
      this.pathSlots[level] = slot;
      node = this.childAt(node, slot);
    }
  }

  /** How the element of a slot compares to (score, member): below, at or above 0. */
  private compare(
    node: Ref,
    slot: number,
    level: number,
    score: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const own = this.scoreAt(node, slot);
    if (own !== score) return own < score ? -1 : 1;
    const { elements } = this;
    const element = this.elementAt(node, slot, level);
    const page = elements.page(element);
    return compareBytes(page, elements.start(element), elements.end(element), bytes, start, end);
  }

  /**
   * Puts an element (at level 0) or a child into the slot of the path. Returns the node that took the upper
   * part when the node was full, else NONE.
   */
  private insertAt(level: number, score: number, element: Ref, child: Ref): Ref {
    let node = this.pathNodes[level]!;
    let slot = this.pathSlots[level]!;
    let upper: Ref = NONE;
    if (this.slotCount(node) === slotsAt(level)) {
      upper = this.split(level, node, slot);
      const kept = this.slotCount(node);
      if (slot > kept || this.slotCount(upper) === 0) {
        slot -= kept;
        node = upper;
      }
    }
    this.moveSlots(level, node, slot, node, slot + 1, this.slotCount(node) - slot);
    this.setSlotCount(node, this.slotCount(node) + 1);
    if (level === 0) this.writeElement(node, slot, score, element);
    else this.summarize(level, node, slot, child);
    return upper;
  }

  /** Moves the upper part of a full node, into which `slot` is to be put, to a new node. */
  private split(level: number, node: Ref, slot: number): Ref {
    const upper = this.newNode();
    const slots = this.slotCount(node);
    const kept = slot === slots && this.isLastOfLevel(level) ? slots : slots >>> 1;
    this.moveSlots(level, node, kept, upper, 0, slots - kept);
    this.setSlotCount(upper, slots - kept);
    this.setSlotCount(node, kept);
    return upper;
  }

  /** Whether the path's node has none to its right. */
  private isLastOfLevel(level: number): boolean {
    for (let above = level + 1; above <= this.height; above++) {
      if (this.pathSlots[above] !== this.slotCount(this.pathNodes[above]!) - 1) return false;
    }
    return true;
  }

  private growRoot(upper: Ref): void {
    const lower = this.root;
    this.root = this.newNode();
    this.height++;
    this.setSlotCount(this.root, 2);
    this.summarize(this.height, this.root, 0, lower);
    this.summarize(this.height, this.root, 1, upper);
  }

  private shrinkRoot(): void {
    while (this.height > 0 && this.slotCount(this.root) === 1) {
      const child = this.childAt(this.root, 0);
      this.freeNode(this.root);
      this.root = child;
      this.height--;
    }
    if (this.slotCount(this.root) > 0) return;
    this.freeNode(this.root);
    this.root = NONE;
    this.height = 0;
  }

  /**
   * Brings a slot in line with its child, from which `count` elements were removed.
   *
   * @param wasFirst - Whether the child's first was among them.
   */
  private settle(level: number, node: Ref, slot: number, count: number, wasFirst: boolean): void {
    const child = this.childAt(node, slot);
    const slots = this.slotCount(child);
    if (slots === 0) {
      this.freeNode(child);
      this.removeSlots(level, node, slot, 1);
      return;
    }
    this.addToCount(node, slot, -count);
    if (wasFirst) this.summarizeFirst(level, node, slot, child);
    if (slots * 2 > slotsAt(level - 1)) return;
    if (slot + 1 < this.slotCount(node) && this.join(level, node, slot)) return;
    if (slot > 0) this.join(level, node, slot - 1);
  }

  /** Puts the children of `slot` and the one after it into one node, if they fit well. */
  private join(level: number, node: Ref, slot: number): boolean {
    const lower = this.childAt(node, slot);
    const upper = this.childAt(node, slot + 1);
    const kept = this.slotCount(lower);
    const moved = this.slotCount(upper);
    if ((kept + moved) * 4 > slotsAt(level - 1) * 3) return false;
    this.moveSlots(level - 1, upper, 0, lower, kept, moved);
    this.setSlotCount(lower, kept + moved);
    this.freeNode(upper);
    this.removeSlots(level, node, slot + 1, 1);
    this.summarize(level, node, slot, lower);
    return true;
  }

  private removeSlots(level: number, node: Ref, slot: number, count: number): void {
    const slots = this.slotCount(node) - count;
    this.moveSlots(level, node, slot + count, node, slot, slots - slot);
    this.setSlotCount(node, slots);
  }

  /** Copies slots, within a node or to another of the same level. */
  private moveSlots(
    level: number,
    from: Ref,
    fromSlot: number,
    to: Ref,
    toSlot: number,
    count: number,
  ): void {
    if (count <= 0) return;
    this.moveColumn(from, to, SCORES_BYTE, 8, fromSlot, toSlot, count);
    this.moveColumn(from, to, elementsByte(level), 4, fromSlot, toSlot, count);
    if (level === 0) return;
    this.moveColumn(from, to, CHILDREN_BYTE, 4, fromSlot, toSlot, count);
    this.moveColumn(from, to, COUNTS_BYTE, 4, fromSlot, toSlot, count);
  }

  private moveColumn(
    from: Ref,
    to: Ref,
    column: number,
    width: number,
    fromSlot: number,
    toSlot: number,
    count: number,
  ): void {
    // At most a few dozen words: loops are faster than native copies.
    const source = (byteOf(from) + column + fromSlot * width) >>> 2;
    const target = (byteOf(to) + column + toSlot * width) >>> 2;
    const own = this.arena.words[from >>> 16]!;
    const other = this.arena.words[to >>> 16]!;
    const words = (count * width) >>> 2;
    if (from === to && target > source) {
      for (let i = words - 1; i >= 0; i--) own[target + i] = own[source + i]!;
    } else for (let i = 0; i < words; i++) other[target + i] = own[source + i]!;
  }

  /** Writes what a slot tells of its child. */
  private summarize(level: number, node: Ref, slot: number, child: Ref): void {
    const view = this.arena.views[node >>> 16]!;
    const at = byteOf(node);
    const slots = this.slotCount(child);
    let count = slots;
    if (level > 1) {
      count = 0;
      for (let i = 0; i < slots; i++) count += this.countAt(child, i);
    }
    this.summarizeFirst(level, node, slot, child);
    view.setUint32(at + CHILDREN_BYTE + slot * 4, child, true);
    view.setUint32(at + COUNTS_BYTE + slot * 4, count, true);
  }

  /** Writes what a slot tells of its child's first element. */
  private summarizeFirst(level: number, node: Ref, slot: number, child: Ref): void {
    const view = this.arena.views[node >>> 16]!;
    const at = byteOf(node);
    view.setFloat64(at + SCORES_BYTE + slot * 8, this.scoreAt(child, 0), true);
    const first = this.elementAt(child, 0, level - 1);
    view.setUint32(at + elementsByte(level) + slot * 4, first, true);
  }

  private addToCount(node: Ref, slot: number, change: number): void {
    const at = byteOf(node) + COUNTS_BYTE + slot * 4;
    const view = this.arena.views[node >>> 16]!;
    view.setUint32(at, view.getUint32(at, true) + change, true);
  }

  private writeElement(leaf: Ref, slot: number, score: number, element: Ref): void {
    const view = this.arena.views[leaf >>> 16]!;
    const at = byteOf(leaf);
    view.setFloat64(at + SCORES_BYTE + slot * 8, score, true);
    view.setUint32(at + elementsByte(0) + slot * 4, element, true);
  }

  private newNode(): Ref {
    this.nodes++;
    const node = this.arena.allocate(NODE_BYTES);
    this.setSlotCount(node, 0);
    return node;
  }

  private freeNode(node: Ref): void {
    this.nodes--;
    this.arena.release(node);
  }

  private slotCount(node: Ref): number {
    return this.arena.views[node >>> 16]!.getInt32(byteOf(node) + COUNT_BYTE, true);
  }

  private setSlotCount(node: Ref, count: number): void {
    this.arena.views[node >>> 16]!.setInt32(byteOf(node) + COUNT_BYTE, count, true);
  }

  private scoreAt(node: Ref, slot: number): number {
    return this.arena.views[node >>> 16]!.getFloat64(byteOf(node) + SCORES_BYTE + slot * 8, true);
  }

  private elementAt(node: Ref, slot: number, level = 0): Ref {
    const at = byteOf(node) + elementsByte(level) + slot * 4;
    return this.arena.views[node >>> 16]!.getUint32(at, true);
  }

  private childAt(node: Ref, slot: number): Ref {
    return this.arena.views[node >>> 16]!.getUint32(byteOf(node) + CHILDREN_BYTE + slot * 4, true);
  }

  private countAt(node: Ref, slot: number): number {
    return this.arena.views[node >>> 16]!.getUint32(byteOf(node) + COUNTS_BYTE + slot * 4, true);
  }

  /** Throws when an invariant does not hold. For tests. */
  check(): void {
    const total = this.root === NONE ? 0 : this.checkNode(this.root, this.height);
    if (total !== this.size) throw new Error(`size is ${this.size}, but ${total} are there`);
    let previous: Ref = NONE;
    this.walk(0, total, false, (element, score) => {
      if (this.elements.score(element) !== score) throw new Error('a leaf has another score');
      if (previous !== NONE && !this.isOrdered(previous, element)) throw new Error('out of order');
      previous = element;
    });
  }

  private isOrdered(one: Ref, other: Ref): boolean {
    const { elements } = this;
    const difference = elements.score(one) - elements.score(other);
    if (elements.score(one) !== elements.score(other)) return difference < 0;
    const [a, b] = [elements.page(one), elements.page(other)];
    const [aStart, aEnd] = [elements.start(one), elements.end(one)];
    return compareBytes(a, aStart, aEnd, b, elements.start(other), elements.end(other)) < 0;
  }

  private checkNode(node: Ref, level: number): number {
    const slots = this.slotCount(node);
    if (slots === 0 || slots > slotsAt(level)) throw new Error(`a node has ${slots} slots`);
    if (level === 0) return slots;
    let total = 0;
    for (let i = 0; i < slots; i++) {
      const child = this.childAt(node, i);
      const count = this.checkNode(child, level - 1);
      if (count !== this.countAt(node, i)) throw new Error('a node miscounts');
      if (this.elementAt(child, 0, level - 1) !== this.elementAt(node, i, level)) {
        throw new Error('a node has another first element than its child');
      }
      total += count;
    }
    return total;
  }
}
