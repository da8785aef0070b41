/**
 * The arena: every stored byte lives here, off the JavaScript heap, in reference-counted blocks.
 *
 * A block is named by a 32-bit reference: 16 bits of page, 16 bits of 16-byte granule within the page,
 * so 64 GiB are reachable and 0 is free to mean "none". A page is a buffer of up to 1 MiB that
 * holds blocks of a single size class; a block larger than the largest class has a page of its own.
 *
 * Size classes are 16 bytes apart up to 256, then four to a doubling up to 256 KiB: at most a fifth of a
 * block is slack. Each page keeps its own free list and count of live blocks, so a page whose last block
 * goes returns whole, and may serve another class next: memory is not lost to a class that fell out of use.
 *
 * Pages of small blocks, of which there are most, are shared memory. V8 counts the bytes of an ordinary buffer
 * and collects garbage, in pauses of milliseconds, for each 64 MiB more of them; those of shared memory it does
 * not count. It also copies long runs from and to shared memory slowly, so other pages are ordinary. Shared pages
 * begin where a cache line does: no block of 64 bytes stands in two. Empty ones are kept, to be used again, until
 * their owner finds them idle.
 *
 * The first word of every block is its reference count. `allocate` returns it at one; `retain` and
 * `release` count owners (the keyspace, a reply being written, a snapshot); the block is free at zero.
 * A block may be changed in place only while it has one owner.
 *
 * Cost: allocate and release are O(1), without allocation on the JavaScript heap but for a new page.
 * Source: per-page free lists, Leijen, Zorn, de Moura, "Mimalloc: Free List Sharding in Action" (2019).
 */

import type { ViewedBytes } from '../../protocol/byte-views.js';

/** A block's name: page << 16 | granule. 0 is no block. */
export type Ref = number;

export const NONE: Ref = 0;

/** Bytes at the start of each block that hold its reference count. */
export const BLOCK_HEADER_BYTES = 4;

const GRANULE_SHIFT = 4;
const EXACT_CLASSES = 16;
const LARGEST_EXACT_BYTES = 256;
const LARGEST_CLASS_BYTES = 256 * 1024;
const CLASS_COUNT = 56;
const SMALLEST_PAGE_BYTES = 64 * 1024;
const LARGEST_PAGE_BYTES = 1024 * 1024;
const BIG_ROUNDING_BYTES = 4096;
const PAGE_LIMIT = 65_536;
const SPARE_PAGES = 16;
/** Blocks up to this size stand in shared memory. */
const LARGEST_SHARED_BYTES = 128;

const BIG = 255;
const NO_FREE_BLOCK = -1;

/** Open: its class allocates from it. Partial: listed, has free blocks. Full: in no list. */
const PageState = { open: 0, partial: 1, full: 2 } as const;

/** The class whose blocks are the smallest that hold `bytes`. */
function classOf(bytes: number): number {
  if (bytes <= LARGEST_EXACT_BYTES) return bytes <= 16 ? 0 : ((bytes + 15) >>> GRANULE_SHIFT) - 1;
  const last = bytes - 1;
  const shift = 31 - Math.clz32(last);
  return EXACT_CLASSES + ((shift - 8) << 2) + ((last >>> (shift - 2)) & 3);
}

function classBytes(sizeClass: number): number {
  if (sizeClass < EXACT_CLASSES) return (sizeClass + 1) << GRANULE_SHIFT;
  const step = sizeClass - EXACT_CLASSES;
  return (5 + (step & 3)) << (6 + (step >>> 2));
}

/** Memory for a page, not cleared. */
const newPage = (length: number): ArrayBufferLike => Buffer.allocUnsafeSlow(length).buffer;

/**
 * The same in shared memory, all zero. What may grow begins with a page of the system's memory, even if it never does;
 * another buffer would begin anywhere.
 */
const newSharedPage = (length: number) => new SharedArrayBuffer(length, { maxByteLength: length });

function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(length);
  wider.set(array);
  return wider;
}

/** What an arena holds of one size class. */
export interface ArenaClass {
  readonly blockBytes: number;
  pages: number;
  liveBlocks: number;
  reservedBytes: number;
}

export class Arena {
  /** Each page as bytes; a block's first byte is at `(ref & 0xffff) << 4`. */
  readonly bytes: Uint8Array[] = [new Uint8Array(0)];
  /** Each page for unaligned reads and writes of words. */
  readonly views: DataView[] = [new DataView(new ArrayBuffer(0))];
  /** Each page as 32-bit words; a block's first word is at `(ref & 0xffff) << 2`. */
  readonly words: Int32Array[] = [new Int32Array(0)];

  /** Bytes in live blocks, slack of their size class included. */
  usedBytes = 0;
  liveBlocks = 0;
  /** Bytes of what belongs to stored data but cannot stand in a block; kept by those who hold it. */
  outsideBytes = 0;
  /** Bytes of all pages held, used or not. */
  reservedBytes = 0;

  private pageClass = new Int32Array(64);
  private pageFree = new Int32Array(64);
  private pageBump = new Int32Array(64);
  private pageEnd = new Int32Array(64);
  private pageLive = new Int32Array(64);
  private pageState = new Int32Array(64);
  private pageNext = new Int32Array(64);
  private pagePrevious = new Int32Array(64);

  private readonly openPage = new Int32Array(CLASS_COUNT);
  private readonly partialPages = new Int32Array(CLASS_COUNT);
  private readonly pagesOfClass = new Int32Array(CLASS_COUNT);
  private readonly classGranules = new Int32Array(CLASS_COUNT);
  private readonly freePageNumbers: number[] = [];
  private readonly sparePages: ArrayBufferLike[] = [];
  private readonly spareShared: SharedArrayBuffer[] = [];
  /** The fewest spare shared pages there were since `releaseIdle` was called. */
  private leastSpareShared = 0;

  constructor() {
    for (let i = 0; i < CLASS_COUNT; i++) this.classGranules[i] = classBytes(i) >>> GRANULE_SHIFT;
  }

  /**
   * A new block of at least `bytes` bytes, its reference count one, the rest of it undefined.
   *
   * @throws {RangeError} When the address space of 64 GiB, or the machine's memory, is used up.
   */
  allocate(bytes: number): Ref {
    if (bytes > LARGEST_CLASS_BYTES) return this.allocateBig(bytes);
    const sizeClass = classOf(bytes);
    let page = this.openPage[sizeClass]!;
    if (page === 0) page = this.openAnother(sizeClass);
    const granules = this.classGranules[sizeClass]!;
    const words = this.words[page]!;
    let granule = this.pageFree[page]!;
    if (granule !== NO_FREE_BLOCK) {
      this.pageFree[page] = words[granule << 2]!;
    } else {
      granule = this.pageBump[page]!;
      this.pageBump[page] = granule + granules;
    }
    if (this.pageFree[page] === NO_FREE_BLOCK && this.pageBump[page] === this.pageEnd[page]) {
      this.pageState[page] = PageState.full;
      this.openPage[sizeClass] = 0;
    }
    this.pageLive[page]!++;
    this.usedBytes += granules << GRANULE_SHIFT;
    this.liveBlocks++;
    words[granule << 2] = 1;
    return ((page << 16) | granule) >>> 0;
  }

  /** How many bytes the block holds, its header included. */
  capacity(ref: Ref): number {
    const page = ref >>> 16;
    const sizeClass = this.pageClass[page]!;
    if (sizeClass === BIG) return this.bytes[page]!.length;
    return this.classGranules[sizeClass]! << GRANULE_SHIFT;
  }

  /** What `allocate(bytes)` would take from the arena. */
  static sizeFor(bytes: number): number {
    if (bytes <= LARGEST_CLASS_BYTES) return classBytes(classOf(bytes));
    return Math.ceil(bytes / BIG_ROUNDING_BYTES) * BIG_ROUNDING_BYTES;
  }

  references(ref: Ref): number {
    return this.words[ref >>> 16]![(ref & 0xffff) << 2]!;
  }

  retain(ref: Ref): void {
    this.words[ref >>> 16]![(ref & 0xffff) << 2]!++;
  }

  /** Gives up one reference; at zero the block is free. True when it is. */
  release(ref: Ref): boolean {
    const page = ref >>> 16;
    const word = (ref & 0xffff) << 2;
    const words = this.words[page]!;
    const references = words[word]! - 1;
    if (references > 0) {
      words[word] = references;
      return false;
    }
    this.free(page, ref & 0xffff, words);
    return true;
  }

  /** Bytes of empty pages kept for the next need. */
  get spareBytes(): number {
    return (this.sparePages.length + this.spareShared.length) * LARGEST_PAGE_BYTES;
  }

  /**
   * Lets go of pages in which no block is live. Returns how many bytes of it are shared memory: those go
   * when V8 collects garbage, which it does not do for their sake.
   */
  trim(): number {
    for (let sizeClass = 0; sizeClass < CLASS_COUNT; sizeClass++) {
      const page = this.openPage[sizeClass]!;
      if (page === 0 || this.pageLive[page] !== 0) continue;
      this.openPage[sizeClass] = 0;
      this.pagesOfClass[sizeClass]!--;
      this.dropPage(page);
    }
    this.sparePages.length = 0;
    return this.releaseShared(this.spareShared.length);
  }

  /** As `trim`, but only of shared pages that nobody has needed since the last call, and not of the last few. */
  releaseIdle(): number {
    const idle = this.leastSpareShared;
    this.leastSpareShared = this.spareShared.length;
    return this.releaseShared(Math.max(0, idle - SPARE_PAGES));
  }

  private releaseShared(count: number): number {
    this.spareShared.length -= count;
    this.leastSpareShared = Math.min(this.leastSpareShared, this.spareShared.length);
    return count * LARGEST_PAGE_BYTES;
  }

  /** What is held, by size class; the last row, of class size 0, is of blocks with a page of their own. */
  classes(): ArenaClass[] {
    const rows: ArenaClass[] = [];
    for (let i = 0; i <= CLASS_COUNT; i++) {
      const blockBytes = i < CLASS_COUNT ? classBytes(i) : 0;
      rows.push({ blockBytes, pages: 0, liveBlocks: 0, reservedBytes: 0 });
    }
    for (let page = 1; page < this.bytes.length; page++) {
      const reserved = this.bytes[page]!.length;
      if (reserved === 0) continue;
      const isBig = this.pageClass[page] === BIG;
      const row = rows[isBig ? CLASS_COUNT : this.pageClass[page]!]!;
      row.pages++;
      row.liveBlocks += isBig ? 1 : this.pageLive[page]!;
      row.reservedBytes += reserved;
    }
    return rows;
  }

  private free(page: number, granule: number, words: Int32Array): void {
    const sizeClass = this.pageClass[page]!;
    this.liveBlocks--;
    if (sizeClass === BIG) {
      this.usedBytes -= this.bytes[page]!.length;
      this.dropPage(page);
      return;
    }
    this.usedBytes -= this.classGranules[sizeClass]! << GRANULE_SHIFT;
    words[granule << 2] = this.pageFree[page]!;
    this.pageFree[page] = granule;
    const live = --this.pageLive[page]!;
    const state = this.pageState[page];
    if (state === PageState.full) this.addPartial(sizeClass, page);
    if (live === 0 && this.pageState[page] === PageState.partial) {
      this.removePartial(sizeClass, page);
      this.pagesOfClass[sizeClass]!--;
      this.dropPage(page);
    }
  }

  private allocateBig(bytes: number): Ref {
    const length = Arena.sizeFor(bytes);
    const page = this.takePageNumber();
    this.hold(page, newPage(length));
    this.pageClass[page] = BIG;
    this.usedBytes += length;
    this.liveBlocks++;
    this.words[page]![0] = 1;
    return (page << 16) >>> 0;
  }

  private openAnother(sizeClass: number): number {
    let page = this.partialPages[sizeClass]!;
    if (page !== 0) this.removePartial(sizeClass, page);
    else page = this.addPage(sizeClass);
    this.pageState[page] = PageState.open;
    this.openPage[sizeClass] = page;
    return page;
  }

  private addPage(sizeClass: number): number {
    const size = classBytes(sizeClass);
    // The first pages of a class are small, so that a server with little in it is little.
    const wanted = Math.max(
      SMALLEST_PAGE_BYTES << Math.min(this.pagesOfClass[sizeClass]!, 4),
      size * 4,
    );
    const length = Math.min(wanted, LARGEST_PAGE_BYTES);
    const page = this.takePageNumber();
    this.hold(page, this.takePage(length, size));
    this.pagesOfClass[sizeClass]!++;
    this.pageClass[page] = sizeClass;
    this.pageFree[page] = NO_FREE_BLOCK;
    this.pageBump[page] = 0;
    this.pageEnd[page] = Math.floor(length / size) * (size >>> GRANULE_SHIFT);
    this.pageLive[page] = 0;
    return page;
  }

  private takePage(length: number, blockBytes: number): ArrayBufferLike {
    if (length < LARGEST_PAGE_BYTES) return newPage(length);
    if (blockBytes > LARGEST_SHARED_BYTES) return this.sparePages.pop() ?? newPage(length);
    const spare = this.spareShared.pop();
    this.leastSpareShared = Math.min(this.leastSpareShared, this.spareShared.length);
    return spare ?? newSharedPage(length);
  }

  private hold(page: number, buffer: ArrayBufferLike): void {
    // Views of a length of their own are fast, and others of what may grow are not.
    const { byteLength } = buffer;
    const bytes: ViewedBytes = Buffer.from(buffer, 0, byteLength);
    const view = new DataView(buffer, 0, byteLength);
    bytes.view = view;
    this.bytes[page] = bytes;
    this.words[page] = new Int32Array(buffer, 0, byteLength >>> 2);
    this.views[page] = view;
    this.reservedBytes += byteLength;
  }

  private dropPage(page: number): void {
    const { buffer } = this.bytes[page]!;
    this.reservedBytes -= buffer.byteLength;
    if (buffer instanceof SharedArrayBuffer) this.spareShared.push(buffer);
    else if (buffer.byteLength === LARGEST_PAGE_BYTES && this.sparePages.length < SPARE_PAGES) {
      this.sparePages.push(buffer);
    }
    this.bytes[page] = this.bytes[0]!;
    this.words[page] = this.words[0]!;
    this.views[page] = this.views[0]!;
    this.freePageNumbers.push(page);
  }

  private takePageNumber(): number {
    const free = this.freePageNumbers.pop();
    if (free !== undefined) return free;
    const page = this.bytes.length;
    if (page === PAGE_LIMIT)
      throw new RangeError('Cannot allocate: all 64 GiB of the arena are used');
    if (page === this.pageClass.length) this.widen(page * 2);
    // A place in each array now, so that they stay packed.
    this.bytes.push(this.bytes[0]!);
    this.words.push(this.words[0]!);
    this.views.push(this.views[0]!);
    return page;
  }

  private widen(length: number): void {
    this.pageClass = grown(this.pageClass, length);
    this.pageFree = grown(this.pageFree, length);
    this.pageBump = grown(this.pageBump, length);
    this.pageEnd = grown(this.pageEnd, length);
    this.pageLive = grown(this.pageLive, length);
    this.pageState = grown(this.pageState, length);
    this.pageNext = grown(this.pageNext, length);
    this.pagePrevious = grown(this.pagePrevious, length);
  }

  private addPartial(sizeClass: number, page: number): void {
    const next = this.partialPages[sizeClass]!;
    this.pageNext[page] = next;
    this.pagePrevious[page] = 0;
    if (next !== 0) this.pagePrevious[next] = page;
    this.partialPages[sizeClass] = page;
    this.pageState[page] = PageState.partial;
  }

  private removePartial(sizeClass: number, page: number): void {
    const next = this.pageNext[page]!;
    const previous = this.pagePrevious[page]!;
    if (next !== 0) this.pagePrevious[next] = previous;
    if (previous !== 0) this.pageNext[previous] = next;
    else this.partialPages[sizeClass] = next;
  }
}
