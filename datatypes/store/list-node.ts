/** Nodes of a quicklist, and the work on a single one: making, opening, splitting, joining, compressing. */
import { equalBytes } from '../../protocol/bytes.js';
import { type Arena, BLOCK_HEADER_BYTES, NONE, type Ref } from './arena.js';
import { Listpack } from './listpack.js';
import { LzfCompressor, lzfDecompress } from './lzf.js';

/** Nodes below this size stay as they are, in bytes. */
const COMPRESS_FROM = 48;
/** Compression must save more than this, in bytes. */
const COMPRESS_SAVES = 8;
/** About what a node takes on the JavaScript heap, in bytes. */
const NODE_BYTES = 64;

export class ListNode {
  /** A listpack; one element's bytes when plain; either compressed when `packedBytes` is above 0. */
  block: Ref = NONE;
  /** Elements. */
  count = 0;
  /** Bytes of the listpack or the plain element, before compression. */
  bytes = 0;
  isPlain = false;
  /** Bytes after compression; 0 when it is not compressed. */
  packedBytes = 0;
}

/** Makes and changes nodes; one for all lists of a keyspace. */
export class ListNodes {
  /** Elements from this size on are never packed, in bytes; 0: as the limits say. For tests. */
  plainFrom = 0;
  readonly arena: Arena;
  private readonly lens: Listpack;
  private readonly otherLens: Listpack;
  private readonly compressor: () => LzfCompressor;
  private scratch: Uint8Array = new Uint8Array(0);

  /** @param compressor - Gives the compressor to be used: its table is large, and few lists need it. */
  constructor(arena: Arena, compressor: () => LzfCompressor = lazyCompressor()) {
    this.arena = arena;
    this.lens = new Listpack(arena);
    this.otherLens = new Listpack(arena);
    this.compressor = compressor;
  }

  /** A node of a listpack, whose block it takes over. */
  fromListpack(block: Ref): ListNode {
    const { bytes, count } = this.measured(block);
    return this.create(block, count, bytes, false);
  }

  private measured(block: Ref): { bytes: number; count: number } {
    const lens = this.lens.open(block);
    return { bytes: lens.byteLength, count: lens.count };
  }

  /** A node with one packed element. */
  packed(bytes: Uint8Array, start: number, end: number): ListNode {
    const lens = this.lens.create();
    lens.append(bytes, start, end);
    return this.create(lens.block, 1, lens.byteLength, false);
  }

  /** A node that is one element. */
  plain(bytes: Uint8Array, start: number, end: number): ListNode {
    return this.create(this.stored(bytes, start, end), 1, end - start, true);
  }

  /** A node that shares the contents of another: whichever changes gets contents of its own. */
  copy(node: ListNode): ListNode {
    this.arena.retain(node.block);
    const copy = this.create(node.block, node.count, node.bytes, node.isPlain);
    copy.packedBytes = node.packedBytes;
    return copy;
  }

  private create(block: Ref, count: number, bytes: number, isPlain: boolean): ListNode {
    const node = new ListNode();
    node.block = block;
    node.count = count;
    node.bytes = bytes;
    node.isPlain = isPlain;
    this.arena.outsideBytes += NODE_BYTES;
    return node;
  }

  release(node: ListNode): void {
    this.arena.release(node.block);
    this.arena.outsideBytes -= NODE_BYTES;
  }

  /** Bytes that a node takes. */
  bytesOf(node: ListNode): number {
    return this.arena.capacity(node.block) + NODE_BYTES;
  }

  /** The listpack of a packed node, to be changed: `changed` is to be called then. */
  open(node: ListNode): Listpack {
    this.expand(node);
    return this.lens.open(node.block);
  }

  /** What was opened by `open` now has `change` elements more. */
  changed(node: ListNode, change: number): void {
    node.block = this.lens.block;
    node.bytes = this.lens.byteLength;
    node.count += change;
  }

  /** Puts another element in place of a plain node's. */
  replacePlain(node: ListNode, bytes: Uint8Array, start: number, end: number): void {
    const block = this.stored(bytes, start, end);
    this.arena.release(node.block);
    node.block = block;
    node.bytes = end - start;
    node.packedBytes = 0;
  }

  /** Whether a plain node, which must be expanded, is the element `bytes[start, end)`. */
  isPlainEqual(node: ListNode, bytes: Uint8Array, start: number, end: number): boolean {
    const own = offsetOf(node.block);
    return equalBytes(this.pageOf(node.block), own, own + node.bytes, bytes, start, end);
  }

  /** Leaves the first `count` elements in a packed node. Returns a new one with the others. */
  split(node: ListNode, count: number): ListNode {
    const lens = this.open(node);
    const { contents } = lens;
    const others = this.otherLens.load(contents, 0, contents.length);
    others.remove(others.first(), count);
    const rest = this.create(others.block, node.count - count, others.byteLength, false);
    lens.remove(lens.seek(count), rest.count);
    this.changed(node, -rest.count);
    return rest;
  }

  /** Puts the elements of `second` behind those of `first`; `second` is released. */
  join(first: ListNode, second: ListNode): void {
    this.expand(second);
    const lens = this.open(first);
    lens.appendAll(this.otherLens.open(second.block));
    this.changed(first, second.count);
    this.release(second);
  }

  /** Compresses a node, if that pays. */
  compress(node: ListNode): void {
    if (node.packedBytes > 0 || node.bytes < COMPRESS_FROM) return;
    const { bytes } = node;
    if (this.scratch.length < bytes) this.scratch = new Uint8Array(bytes);
    const source = this.pageOf(node.block);
    const start = offsetOf(node.block);
    const packed = this.compressor().compress(source, start, start + bytes, this.scratch, 0, bytes);
    if (packed === 0 || packed + COMPRESS_SAVES >= bytes) return;
    const block = this.stored(this.scratch, 0, packed);
    this.arena.release(node.block);
    node.block = block;
    node.packedBytes = packed;
  }

  /** Undoes `compress`. */
  expand(node: ListNode): void {
    if (node.packedBytes === 0) return;
    const block = this.expanded(node);
    this.arena.release(node.block);
    node.block = block;
    node.packedBytes = 0;
  }

  /** A new block with the contents of a compressed node, which stays as it is. */
  expanded(node: ListNode): Ref {
    const block = this.arena.allocate(BLOCK_HEADER_BYTES + node.bytes);
    const start = offsetOf(node.block);
    const from = this.pageOf(node.block);
    const into = this.pageOf(block);
    const stop = start + node.packedBytes;
    if (!lzfDecompress(from, start, stop, into, offsetOf(block), node.bytes)) {
      throw new Error('Cannot read a node of a list: its compressed bytes are damaged');
    }
    return block;
  }

  /** What stands in the node's block: `bytes` or `packedBytes` bytes. Good until the next change. */
  contentsOf(node: ListNode): Uint8Array {
    const start = offsetOf(node.block);
    return this.pageOf(node.block).subarray(start, start + (node.packedBytes || node.bytes));
  }

  private stored(bytes: Uint8Array, start: number, end: number): Ref {
    const block = this.arena.allocate(BLOCK_HEADER_BYTES + end - start);
    this.pageOf(block).set(bytes.subarray(start, end), offsetOf(block));
    return block;
  }

  private pageOf(block: Ref): Uint8Array {
    return this.arena.bytes[block >>> 16]!;
  }
}

/** Where a block's contents start in its page. */
export function offsetOf(block: Ref): number {
  return ((block & 0xffff) << 4) + BLOCK_HEADER_BYTES;
}

function lazyCompressor(): () => LzfCompressor {
  let made: LzfCompressor | null = null;
  return () => {
    made ??= new LzfCompressor();
    return made;
  };
}
