/**
 * A place in a list, packed or not: goes from element to element in both directions and shows each.
 *
 * It holds until the list changes. `close` must be called in the end, as a compressed node is expanded for
 * the cursor alone.
 */
import { equalBytes } from '../../protocol/bytes.js';
import { parseSafeInteger } from '../../protocol/numbers.js';
import { NONE, type Ref } from './arena.js';
import { ListNode, type ListNodes, offsetOf } from './list-node.js';
import { Listpack } from './listpack.js';
import type { Quicklist } from './quicklist.js';

const NO_BYTES = new Uint8Array(0);

export class ListCursor {
  /** Elements of the list. */
  length = 0;
  /** The node, and the element in it. */
  place = 0;
  offset = 0;
  /** The element's position in a listpack. */
  position = 0;

  /** What `read` found: `source[start, end)`, in arena block `block`, or in none. Good until the next call. */
  source: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  block: Ref = NONE;

  private readonly nodes: ListNodes;
  private readonly lens: Listpack;
  private list: Quicklist | null = null;
  /** The node of a packed list. */
  private readonly single = new ListNode();
  private node: ListNode = this.single;
  /** The node as it can be read. */
  private readable: Ref = NONE;

  private wanted: Uint8Array = NO_BYTES;
  private wantedStart = 0;
  private wantedEnd = 0;
  private wantedInteger = Number.NaN;

  constructor(nodes: ListNodes) {
    this.nodes = nodes;
    this.lens = new Listpack(nodes.arena);
  }

  openListpack(block: Ref): this {
    this.list = null;
    this.single.block = block;
    this.single.count = this.lens.open(block).count;
    this.length = this.single.count;
    return this;
  }

  openQuicklist(list: Quicklist): this {
    this.list = list;
    this.length = list.length;
    return this;
  }

  close(): void {
    if (this.readable !== NONE && this.readable !== this.node.block) {
      this.nodes.arena.release(this.readable);
    }
    this.readable = NONE;
  }

  /** Goes to element `index`; false when there is none. */
  moveTo(index: number): boolean {
    if (index < 0 || index >= this.length) return false;
    if (this.list === null) this.enter(0, this.single, index);
    else {
      const { place, offset } = this.list.locate(index);
      this.enter(place, this.list.node(place), offset);
    }
    return true;
  }

  /** Goes one element on, or back; false when there is none. */
  step(back: boolean): boolean {
    return back ? this.previous() : this.next();
  }

  next(): boolean {
    if (this.offset + 1 < this.node.count) {
      this.offset++;
      this.position = this.lens.next(this.position);
      return true;
    }
    if (this.list === null || this.place + 1 >= this.list.nodes.length) return false;
    this.enter(this.place + 1, this.list.node(this.place + 1), 0);
    return true;
  }

  previous(): boolean {
    if (this.offset > 0) {
      this.offset--;
      this.position = this.lens.previous(this.position);
      return true;
    }
    if (this.list === null || this.place === 0) return false;
    const node = this.list.node(this.place - 1);
    this.enter(this.place - 1, node, node.count - 1);
    return true;
  }

  private enter(place: number, node: ListNode, offset: number): void {
    this.close();
    this.place = place;
    this.node = node;
    this.offset = offset;
    this.readable = node.packedBytes > 0 ? this.nodes.expanded(node) : node.block;
    if (!node.isPlain) this.position = this.lens.open(this.readable).seek(offset);
  }

  read(): void {
    const { node, lens } = this;
    if (node.isPlain) {
      this.block = this.readable;
      this.source = this.nodes.arena.bytes[this.block >>> 16]!;
      this.start = offsetOf(this.block);
      this.end = this.start + node.bytes;
      return;
    }
    lens.readText(this.position);
    this.source = lens.source;
    this.start = lens.start;
    this.end = lens.end;
    this.block = lens.isInteger ? NONE : this.readable;
  }

  /** The element as bytes of its own. */
  copy(): Uint8Array {
    this.read();
    return Uint8Array.prototype.slice.call(this.source, this.start, this.end);
  }

  /** Says what `matches` is to look for. */
  want(bytes: Uint8Array, start: number, end: number): void {
    this.wanted = bytes;
    this.wantedStart = start;
    this.wantedEnd = end;
    this.wantedInteger = parseSafeInteger(bytes, start, end);
  }

  /** Whether the element is what `want` was told. */
  matches(): boolean {
    const { wanted, wantedStart, wantedEnd, lens } = this;
    if (!this.node.isPlain) {
      lens.read(this.position);
      if (lens.isInteger) {
        if (lens.integer === this.wantedInteger) return true;
        if (Number.isSafeInteger(lens.integer)) return false;
        return lens.equals(this.position, wanted, wantedStart, wantedEnd);
      }
      const { source, start, end } = lens;
      return equalBytes(source, start, end, wanted, wantedStart, wantedEnd);
    }
    this.read();
    return equalBytes(this.source, this.start, this.end, wanted, wantedStart, wantedEnd);
  }
}
