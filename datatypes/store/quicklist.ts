/**
 * Quicklist: a long list as a row of nodes, each a listpack of some kilobytes or one huge element.
 *
 * How elements are spread over nodes shows in DUMP, so it is a fact to keep: which neighbour takes an
 * element that its node has no room for, where a node is split, and which neighbours are joined after
 * that. Popping and deleting join nothing. Limits are those of the time when the list was made.
 *
 * Inner nodes are compressed: those with at least `depth` nodes before and behind. `settle` sees to that
 * after each change. A copy shares the blocks of its original until one of the two changes.
 *
 * Cost: ends O(1), finding a place O(nodes on the way from the nearer end), changes O(bytes of a node), and
 * O(nodes to the nearer end) when a node comes or goes in the middle.
 * Source: Sanfilippo and Stancliff's quicklist, as seen through DUMP.
 */
import Denque from 'denque';
import type { LargeValue } from '../large-values.js';
import { exceedsLimit, isHuge, takesOneMore } from './list-limits.js';
import type { ListNode, ListNodes } from './list-node.js';

/** The limits as a list keeps them. */
const LARGEST_COUNT_LIMIT = 0x7fff;
const SMALLEST_LIMIT = -5;
const LARGEST_DEPTH = 0xffff;
/** Bytes that two listpacks have in common when they are joined: a header and an end. */
const SHARED_BYTES = 7;
/** Elements that one step of freeing gives back, at least. */
const FREED_AT_ONCE = 1000;

export class Quicklist implements LargeValue {
  /** Elements. */
  length = 0;
  readonly nodes = new Denque<ListNode>();
  /** As `list-max-listpack-size` was when the list was made. */
  readonly limit: number;
  /** As `list-compress-depth` was when the list was made. */
  readonly depth: number;
  private readonly maker: ListNodes;

  constructor(maker: ListNodes, limit: number, depth: number) {
    this.maker = maker;
    this.limit = Math.max(Math.min(limit, LARGEST_COUNT_LIMIT), SMALLEST_LIMIT);
    this.depth = Math.min(depth, LARGEST_DEPTH);
  }

  /** Nodes: they are what is freed and copied. */
  get size(): number {
    return this.nodes.length;
  }

  freeSome(): boolean {
    let freed = 0;
    while (freed < FREED_AT_ONCE) {
      const node = this.nodes.pop();
      if (node === undefined) return true;
      freed += node.count;
      this.maker.release(node);
    }
    return this.nodes.length === 0;
  }

  duplicate(): Quicklist {
    const copy = new Quicklist(this.maker, this.limit, this.depth);
    for (let i = 0; i < this.nodes.length; i++) copy.nodes.push(this.maker.copy(this.node(i)));
    copy.length = this.length;
    return copy;
  }

  /** Told from as many nodes as hold `samples` elements. */
  bytes(samples: number): number {
    let bytes = 0;
    let looked = 0;
    for (let elements = 0; looked < this.nodes.length; looked++) {
      if (samples > 0 && elements >= samples) break;
      const node = this.node(looked);
      bytes += this.maker.bytesOf(node);
      elements += node.count;
    }
    return looked === 0 ? 0 : Math.round((bytes / looked) * this.nodes.length);
  }

  /** Node `i`, which must be there. */
  node(i: number): ListNode {
    return this.nodes.peekAt(i)!;
  }

  /** Adds a finished node behind the last. */
  append(node: ListNode): void {
    this.length += node.count;
    this.insertNode(this.nodes.length, node);
  }

  push(atHead: boolean, bytes: Uint8Array, start: number, end: number): void {
    const place = atHead ? 0 : this.nodes.length - 1;
    if (this.takes(place, end - start)) {
      this.addTo(place, atHead, bytes, start, end);
    } else {
      const node = this.nodeFor(bytes, start, end);
      this.insertNode(atHead ? 0 : this.nodes.length, node);
    }
    this.length++;
  }

  /** Puts an element before or behind element `offset` of node `place`. */
  insert(
    place: number,
    offset: number,
    after: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.length++;
    const node = this.node(place);
    if (this.takes(place, end - start)) {
      const lens = this.maker.open(node);
      const at = lens.seek(after ? offset + 1 : offset);
      lens.insert(at === 0 ? lens.endPosition : at, bytes, start, end);
      this.maker.changed(node, 1);
      this.settle(place, place);
      return;
    }
    if (offset === (after ? node.count - 1 : 0)) {
      this.insertBeside(place, after, bytes, start, end);
      return;
    }
    this.insertNode(place + 1, this.maker.split(node, after ? offset + 1 : offset));
    if (this.isHuge(end - start)) {
      this.insertNode(place + 1, this.maker.plain(bytes, start, end));
      return;
    }
    // The part that the element stood in stays in the middle; the new one goes with the other.
    if (after) this.addTo(place + 1, true, bytes, start, end);
    else this.addTo(place, false, bytes, start, end);
    this.joinAround(after ? place : place + 1);
  }

  /** Puts an element between node `place`, which is full, and the next or the one before. */
  private insertBeside(
    place: number,
    after: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const neighbour = after ? place + 1 : place - 1;
    if (this.takes(neighbour, end - start)) this.addTo(neighbour, after, bytes, start, end);
    else this.insertNode(after ? place + 1 : place, this.nodeFor(bytes, start, end));
  }

  /** Puts another element in place of element `offset` of node `place`. */
  replace(place: number, offset: number, bytes: Uint8Array, start: number, end: number): void {
    const node = this.node(place);
    const huge = this.isHuge(end - start);
    if (node.isPlain) {
      if (huge) {
        this.maker.replacePlain(node, bytes, start, end);
        this.settle(place, place);
        return;
      }
      this.length++;
      this.insertBeside(place, true, bytes, start, end);
      this.length--;
      this.dropNode(place);
      return;
    }
    if (!huge) {
      const lens = this.maker.open(node);
      lens.replace(lens.seek(offset), bytes, start, end);
      this.maker.changed(node, 0);
      this.settle(place, place);
      return;
    }
    this.replaceByPlain(place, offset, this.maker.plain(bytes, start, end));
  }

  private replaceByPlain(place: number, offset: number, plain: ListNode): void {
    const node = this.node(place);
    if (offset < node.count - 1) {
      this.insertNode(place + 1, this.maker.split(node, offset + 1));
    }
    this.insertNode(place + 1, plain);
    if (node.count === 1) {
      this.dropNode(place);
      return;
    }
    this.cut(place, node.count - 1, 1);
    this.joinAround(place + 1);
  }

  /** Deletes `count` elements from element `first` on, all of which must be there. */
  removeRange(first: number, count: number): void {
    this.length -= count;
    const { place, offset } = this.locate(first, this.length + count);
    let left = count;
    let next = place;
    if (offset > 0) left -= this.cut(next++, offset, left);
    let whole = 0;
    for (; left > 0 && this.node(next + whole).count <= left; whole++) {
      left -= this.node(next + whole).count;
    }
    if (whole > 0) for (const node of this.nodes.remove(next, whole)) this.maker.release(node);
    if (left > 0) this.cut(next, 0, left);
    this.settle(place, next);
  }

  /** Where element `index` stands, which must be there. */
  locate(index: number, length = this.length): { place: number; offset: number } {
    if (index < length / 2) {
      let place = 0;
      let offset = index;
      for (; offset >= this.node(place).count; place++) offset -= this.node(place).count;
      return { place, offset };
    }
    let place = this.nodes.length - 1;
    let behind = length - index;
    for (; behind > this.node(place).count; place--) behind -= this.node(place).count;
    return { place, offset: this.node(place).count - behind };
  }

  /**
   * Deletes up to `most` elements that `matches` picks, going from one end. Returns how many.
   *
   * @param pick - Deletes up to `most` elements of an expanded node, going from the same end, and says how
   *   many.
   */
  removeWhere(
    fromTail: boolean,
    most: number,
    pick: (node: ListNode, most: number) => number,
  ): number {
    let removed = 0;
    let walked = 0;
    const kept: ListNode[] = [];
    while (removed < most && walked < this.nodes.length) {
      const node = this.node(fromTail ? this.nodes.length - 1 - walked : walked);
      this.maker.expand(node);
      removed += pick(node, most - removed);
      if (node.count > 0) kept.push(node);
      walked++;
    }
    if (kept.length < walked) this.replaceEnd(fromTail, walked, kept);
    this.length -= removed;
    const first = fromTail ? this.nodes.length - kept.length : 0;
    this.settle(first, first + kept.length - 1);
    return removed;
  }

  /** Leaves `kept` of the `walked` nodes at one end; `kept` begins with that end's. */
  private replaceEnd(atTail: boolean, walked: number, kept: readonly ListNode[]): void {
    for (let i = 0; i < walked; i++) {
      const node = (atTail ? this.nodes.pop() : this.nodes.shift()) as ListNode;
      if (node.count === 0) this.maker.release(node);
    }
    for (let i = kept.length - 1; i >= 0; i--) {
      if (atTail) this.nodes.push(kept[i]!);
      else this.nodes.unshift(kept[i]!);
    }
  }

  /** Gives up the only node, whose listpack is now the caller's. */
  takeListpack(): ListNode {
    const node = this.nodes.pop() as ListNode;
    this.maker.expand(node);
    this.maker.arena.retain(node.block);
    this.maker.release(node);
    this.length = 0;
    return node;
  }

  private isHuge(length: number): boolean {
    const { plainFrom } = this.maker;
    return plainFrom > 0 ? length >= plainFrom : isHuge(this.limit, length);
  }

  /** Whether there is a node `place`, and it has room for an element of so many bytes. */
  private takes(place: number, length: number): boolean {
    const node = place < 0 ? undefined : this.nodes.peekAt(place);
    if (node === undefined || node.isPlain || this.isHuge(length)) return false;
    return takesOneMore(this.limit, node.bytes, node.count, length);
  }

  private nodeFor(bytes: Uint8Array, start: number, end: number): ListNode {
    if (this.isHuge(end - start)) return this.maker.plain(bytes, start, end);
    return this.maker.packed(bytes, start, end);
  }

  /** Adds an element at one end of a packed node. */
  private addTo(
    place: number,
    atHead: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const node = this.node(place);
    const lens = this.maker.open(node);
    if (atHead) lens.prepend(bytes, start, end);
    else lens.append(bytes, start, end);
    this.maker.changed(node, 1);
    if (this.depth > 0) this.settle(place, place);
  }

  /** Deletes up to `most` elements of a packed node, but not all. Returns how many. */
  private cut(place: number, offset: number, most: number): number {
    const node = this.node(place);
    const count = Math.min(most, node.count - offset);
    const lens = this.maker.open(node);
    lens.remove(lens.seek(offset), count);
    this.maker.changed(node, -count);
    return count;
  }

  private insertNode(place: number, node: ListNode): void {
    if (place === 0) this.nodes.unshift(node);
    else if (place === this.nodes.length) this.nodes.push(node);
    else this.nodes.splice(place, 0, node);
    if (this.depth > 0) this.settle(place - 1, place + 1);
  }

  private removeNode(place: number): void {
    const node = this.nodes.removeOne(place) as ListNode;
    this.maker.release(node);
  }

  private dropNode(place: number): void {
    this.removeNode(place);
    this.settle(place, place);
  }

  /** Joins small neighbours of node `place`, then these with it. */
  private joinAround(place: number): void {
    let center = place;
    if (this.join(center - 2)) center--;
    this.join(center + 1);
    if (this.join(center - 1)) center--;
    this.join(center);
    this.settle(center - 2, center + 2);
  }

  /** Joins node `place` with the next when one node can hold both. */
  private join(place: number): boolean {
    if (place < 0 || place + 1 >= this.nodes.length) return false;
    const first = this.node(place);
    const second = this.node(place + 1);
    if (first.isPlain || second.isPlain) return false;
    const bytes = first.bytes + second.bytes - SHARED_BYTES;
    if (exceedsLimit(this.limit, bytes, first.count + second.count)) return false;
    this.nodes.removeOne(place + 1);
    this.maker.join(first, second);
    return true;
  }

  /** Compresses and expands as each node's place demands: nodes `from` to `to`, and those about `depth`. */
  private settle(from: number, to: number): void {
    const { depth } = this;
    if (depth === 0) return;
    const last = this.nodes.length - 1;
    for (let i = 0; i <= depth && i <= last; i++) {
      this.settleNode(i);
      this.settleNode(last - i);
    }
    for (let i = Math.max(from, 0); i <= to && i <= last; i++) this.settleNode(i);
  }

  private settleNode(place: number): void {
    const isInner = place >= this.depth && place < this.nodes.length - this.depth;
    if (isInner) this.maker.compress(this.node(place));
    else this.maker.expand(this.node(place));
  }
}
