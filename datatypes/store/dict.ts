/**
 * Dict: an unordered table of arena blocks, found by the bytes of their key.
 *
 * It is an extendible hash: a directory, indexed by the top bits of the hash, of segments. A segment is an
 * arena block of (hash, ref) slots kept in the order of the hash, with gaps: an element stands at, or a
 * little after, the slot its hash points to, and nothing ever wraps round. So
 * - a lookup walks a few neighbouring slots and stops at the first larger hash;
 * - growth is local: a small segment doubles, a full one of 8 KiB splits in two, which takes some ten
 *   microseconds. No operation ever pays for the size of the whole table;
 * - the elements have one fixed order, that of their hashes, whatever the table's size. A SCAN cursor is a
 *   place in that order: what was there throughout is returned exactly once, however the table changes.
 *
 * Invariants (`check`): slots are in order of hash; each element's hash has its segment's prefix; no element
 * stands before its home slot, and there is no gap between the two; counts are exact.
 *
 * The Dict knows of its elements only where their key is: a fixed byte offset, and the word that holds its
 * length. It neither retains nor releases them, but for segments that a `FrozenDict` shares: see there.
 * Source: Fagin, Nievergelt, Pippenger, Strong, "Extendible Hashing" (1979); Amble and Knuth, "Ordered hash
 * tables" (1974).
 */

import { ByteViews } from '../../protocol/byte-views.js';
import type { Random } from '../random.js';
import { type Arena, NONE, type Ref } from './arena.js';
import { FrozenDict } from './frozen-dict.js';

/** Where an element keeps its key. */
export interface KeyLayout {
  /** Byte offset of the key from the start of the block. */
  readonly keyOffset: number;
  /** Which 32-bit word of the block holds the key's length in bytes. */
  readonly lengthWord: number;
}

// A segment: [references, count, depth, slots], then (hash, ref) pairs.
const COUNT = 1;
const DEPTH = 2;
const SLOTS = 3;
const FIRST_SLOT = 4;
const SEGMENT_HEADER_BYTES = 16;
const SMALLEST_SEGMENT_BYTES = 64;
const SPLIT_SEGMENT_BYTES = 8192;
const DEEPEST = 26;

const CACHE_LINE_WORDS = 16;

const slotsIn = (bytes: number) => (bytes - SEGMENT_HEADER_BYTES) >>> 3;
const SPLIT_SLOTS = slotsIn(SPLIT_SEGMENT_BYTES);

/** Slots that hashes point to; the few after them take what is pushed beyond the end. */
const homesOf = (slots: number) => slots - ((slots + 24) >>> 5) - 1;

/** How many words from the first slot on the one is that `hash` points to, in a segment of this depth. */
const homeOf = (hash: number, depth: number, slots: number) =>
  ((((hash << depth) >>> 16) * homesOf(slots)) >>> 16) << 1;

/** What part of a table's slots has an element at most when room is reserved. */
const MOST_FILLED = 0.75;

const tooFull = (count: number, slots: number) => count * 6 >= slots * 5;

/** A directory's bytes, with the depths. */
const countedBytes = ({ length }: Int32Array) => (length > 1 ? length * 5 : 0);

/** What `Dict.warm` works on. */
export class ReadAhead {
  readonly hashes: Uint32Array;
  /** For each hash the element that has it, if any does; else another, or NONE. */
  readonly refs: Uint32Array;
  /** The table's `departures` when it was asked. */
  departures = 0;

  /** Where the search for each hash begins, and the end of the segment there. */
  readonly slots: Places;
  readonly ends: Int32Array;
  /** The cache lines of the elements. */
  readonly lines: Places;
  /** Of what was read, as nothing is read that nobody wants. */
  sum = 0;

  /** @param depth - How many elements at a time: a multiple of four. */
  constructor(depth: number) {
    this.hashes = new Uint32Array(depth);
    this.refs = new Uint32Array(depth);
    this.slots = new Places(depth);
    this.ends = new Int32Array(depth);
    this.lines = new Places(depth * 2);
  }
}

/** Words to be read, each in a page. */
class Places {
  readonly pages: Int32Array[];
  readonly words: Int32Array;

  constructor(count: number) {
    this.pages = new Array(count).fill(new Int32Array(1));
    this.words = new Int32Array(count);
  }
}

/**
 * Reads the first `count` places. The fewer instructions between two reads, the more of them the processor has under
 * way: so places are worked out before, and read one after the other.
 */
function read(places: Places, count: number): number {
  const { pages, words } = places;
  let sum = 0;
  // Beyond the last there are places of an earlier time, which may be read as well.
  for (let i = 0; i < count; i += 4) sum ^= readFour(pages, words, i);
  return sum;
}

function readFour(pages: readonly Int32Array[], words: Int32Array, i: number): number {
  const page0 = pages[i]!;
  const page1 = pages[i + 1]!;
  const page2 = pages[i + 2]!;
  const page3 = pages[i + 3]!;
  const word0 = words[i]!;
  const word1 = words[i + 1]!;
  const word2 = words[i + 2]!;
  const word3 = words[i + 3]!;
  return page0[word0]! ^ page1[word1]! ^ page2[word2]! ^ page3[word3]!;
}

/** The element of the first slot in `words[at, stop)` whose hash is not smaller; NONE when a gap comes first. */
function refNear(hash: number, words: Int32Array, home: number, stop: number): Ref {
  for (let at = home; at < stop; at += 2) {
    const ref = words[at + 1]!;
    if (ref === NONE || words[at]! >>> 0 >= hash) return ref >>> 0;
  }
  return NONE;
}

export class Dict {
  size = 0;
  private directory = new Int32Array(1);
  /** The depth of each entry's segment. A segment of a depth above 0 and below `DEEPEST` has `SPLIT_SLOTS`. */
  private depths = new Uint8Array(1);
  /** The directory has 2^depth entries; a segment of lower depth stands in several. */
  private depth = 0;
  /** How many segments have each depth: tells when the directory may halve. */
  private readonly segmentsAtDepth = new Int32Array(DEEPEST + 1);
  private segmentBytes = 0;
  private slots = 0;
  /** How many `FrozenDict`s live that may share segments. */
  private frozen = 0;
  /** Counts the elements that have gone: whatever was found before may be something else's memory since. */
  departures = 0;
  /** What `find` is going to find for a hash, maybe. */
  private expectedHash = 0;
  private expected: Ref = NONE;

  private readonly arena: Arena;
  private readonly keyOffset: number;
  private readonly lengthWord: number;
  private readonly views = new ByteViews();

  constructor(arena: Arena, layout: KeyLayout) {
    this.arena = arena;
    this.keyOffset = layout.keyOffset;
    this.lengthWord = layout.lengthWord;
  }

  /** Bytes taken by the table itself: segments and directory, not the elements. */
  get overheadBytes(): number {
    return countedBytes(this.directory) + this.segmentBytes;
  }

  /** Takes over a new directory. A table of one segment counts for none: most tables are small. */
  private setDirectory(directory: Int32Array<ArrayBuffer>, depths: Uint8Array<ArrayBuffer>): void {
    this.arena.outsideBytes += countedBytes(directory) - countedBytes(this.directory);
    this.directory = directory;
    this.depths = depths;
  }

  /** Slots in all segments: what `size` elements are spread over. */
  get slotCount(): number {
    return this.slots;
  }

  /** The element whose key is `bytes[start, end)`, or NONE. `hash` is the key's. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): Ref {
    const { expected } = this;
    if (expected !== NONE && hash === this.expectedHash) {
      if (this.hasKey(expected, bytes, start, end)) return expected;
    }
    const index = this.indexOf(hash);
    const segment = this.directory[index]!;
    if (segment === NONE) return NONE;
    const words = this.arena.words[segment >>> 16]!;
    const first = ((segment & 0xffff) << 2) + FIRST_SLOT;
    const slots = this.slotsIn(index, words, first);
    const stop = first + (slots << 1);
    // Known to be 32 bits wide, or it would be compared in floating point.
    const wanted = hash >>> 0;
    for (let at = first + homeOf(hash, this.depths[index]!, slots); at < stop; at += 2) {
      const ref = words[at + 1]!;
      if (ref === NONE) return NONE;
      const slotHash = words[at]! >>> 0;
      if (slotHash < wanted) continue;
      if (slotHash > wanted) return NONE;
      if (this.hasKey(ref >>> 0, bytes, start, end)) return ref >>> 0;
    }
    return NONE;
  }

  /** Has `find` look at an element of the table first, for a hash. Nothing may have departed since it was found. */
  expect(hash: number, ref: Ref): void {
    this.expectedHash = hash;
    this.expected = ref;
  }

  /** To be called when an element goes. */
  private departed(): void {
    this.departures++;
    this.expected = NONE;
  }

  /**
   * Reads what `find` is going to read for the first `count` hashes of `ahead`, and notes the elements there.
   * Places are worked out first and read then, in loops so short that the processor has many of them under
   * way while it waits for the first: the waits for memory overlap.
   */
  warm(ahead: ReadAhead, count: number): void {
    const { directory, arena } = this;
    const { hashes, refs, ends, slots, lines } = ahead;
    ahead.departures = this.departures;
    for (let i = 0; i < count; i++) {
      const index = this.indexOf(hashes[i]!);
      const segment = directory[index]!;
      const words = arena.words[segment >>> 16]!;
      const first = ((segment & 0xffff) << 2) + FIRST_SLOT;
      const slotCount = this.slotsIn(index, words, first);
      slots.pages[i] = words;
      slots.words[i] = first + homeOf(hashes[i]!, this.depths[index]!, slotCount);
      ends[i] = first + (slotCount << 1);
    }
    let sum = read(slots, count);
    let found = 0;
    for (let i = 0; i < count; i++) {
      const ref = refNear(hashes[i]!, slots.pages[i]!, slots.words[i]!, ends[i]!);
      refs[i] = ref;
      if (ref === NONE) continue;
      const words = arena.words[ref >>> 16]!;
      const word = (ref & 0xffff) << 2;
      lines.pages[found] = words;
      lines.words[found++] = word;
      // An element's key and value may go on in the next cache line.
      const next = (word | (CACHE_LINE_WORDS - 1)) + 1;
      if (word + (arena.capacity(ref) >>> 2) <= next) continue;
      lines.pages[found] = words;
      lines.words[found++] = next;
    }
    sum ^= read(lines, found);
    ahead.sum = sum;
  }

  private hasKey(ref: Ref, bytes: Uint8Array, start: number, end: number): boolean {
    const page = ref >>> 16;
    const granule = ref & 0xffff;
    const length = end - start;
    if (this.arena.words[page]![(granule << 2) + this.lengthWord] !== length) return false;
    const own = this.arena.views[page]!;
    const from = (granule << 4) + this.keyOffset;
    const given = this.views.of(bytes);
    let i = 0;
    for (const whole = length - 3; i < whole; i += 4) {
      if (own.getInt32(from + i, true) !== given.getInt32(start + i, true)) return false;
    }
    for (; i < length; i++) {
      if (own.getUint8(from + i) !== given.getUint8(start + i)) return false;
    }
    return true;
  }

  /**
   * What the table holds now, whatever becomes of it.
   *
   * @param releaseElement - Gives up a hold on an element.
   */
  freeze(releaseElement: (ref: Ref) => void): FrozenDict {
    const segments: Ref[] = [];
    this.eachSegment((segment) => segments.push(segment));
    this.frozen++;
    const layout = { slots: SLOTS, firstSlot: FIRST_SLOT };
    return new FrozenDict(this.arena, layout, segments, this.size, releaseElement, () => {
      this.frozen--;
    });
  }

  /**
   * To be called before an element with this hash is changed where it stands: one that a `FrozenDict` holds has
   * more than one owner from then on, and must not be.
   */
  detach(hash: number): void {
    if (this.frozen !== 0) this.own(this.indexOf(hash));
  }

  /** Gives the table a segment of its own at `index`, where it shares one. */
  private own(index: number): void {
    const segment = this.directory[index]! >>> 0;
    const { arena } = this;
    if (segment === NONE || arena.references(segment) === 1) return;
    const words = arena.words[segment >>> 16]!;
    const base = (segment & 0xffff) << 2;
    const copy = arena.allocate(SEGMENT_HEADER_BYTES + words[base + SLOTS]! * 8);
    const copyBase = (copy & 0xffff) << 2;
    const stop = base + FIRST_SLOT + (words[base + SLOTS]! << 1);
    arena.words[copy >>> 16]!.set(words.subarray(base + 1, stop), copyBase + 1);
    this.holdElements(segment);
    const depth = words[base + DEPTH]!;
    this.point(index >>> (this.depth - depth), depth, copy);
    arena.release(segment);
  }

  /** Adds an owner to each element of a shared segment: one that is about to hold them apart from it. */
  private holdElements(segment: Ref): void {
    const { arena } = this;
    if (this.frozen === 0 || arena.references(segment) === 1) return;
    const words = arena.words[segment >>> 16]!;
    const first = ((segment & 0xffff) << 2) + FIRST_SLOT;
    const stop = first + (words[first - FIRST_SLOT + SLOTS]! << 1);
    for (let at = first; at < stop; at += 2) {
      if (words[at + 1] !== NONE) arena.retain(words[at + 1]! >>> 0);
    }
  }

  /** Adds an element whose key is not in the table. */
  insert(hash: number, ref: Ref): void {
    if (this.frozen !== 0) this.own(this.indexOf(hash));
    for (;;) {
      const index = this.indexOf(hash);
      let segment = this.directory[index]! >>> 0;
      if (segment === NONE) {
        segment = this.newSegment(SMALLEST_SEGMENT_BYTES, 0);
        this.directory[0] = segment;
      }
      const words = this.arena.words[segment >>> 16]!;
      const base = (segment & 0xffff) << 2;
      const count = words[base + COUNT]! + 1;
      if (!tooFull(count, words[base + SLOTS]!) && this.place(words, base, hash, ref)) {
        words[base + COUNT] = count;
        this.size++;
        return;
      }
      this.growSegment(index, segment, words, base);
    }
  }

  /**
   * Makes room for `count` elements in a table that has none yet. Those who copy a table, whose elements come in
   * the order of their hashes, need it: without, each part would be filled in one corner before it grew.
   */
  reserve(count: number): void {
    if (this.size > 0 || this.directory[0] !== NONE) return;
    let depth = 0;
    while (count > SPLIT_SLOTS * MOST_FILLED * 2 ** depth) depth++;
    if (depth === 0) {
      let bytes = SMALLEST_SEGMENT_BYTES;
      while (bytes < SPLIT_SEGMENT_BYTES && count > slotsIn(bytes) * MOST_FILLED) bytes *= 2;
      this.directory[0] = this.newSegment(bytes, 0);
      return;
    }
    this.setDirectory(new Int32Array(2 ** depth), new Uint8Array(2 ** depth).fill(depth));
    this.depth = depth;
    for (let i = 0; i < this.directory.length; i++) {
      this.directory[i] = this.newSegment(SPLIT_SEGMENT_BYTES, depth);
    }
  }

  /** Whether the element `ref` is in the table under `hash`: true for no other element, even a later one at its place. */
  has(hash: number, ref: Ref): boolean {
    const segment = this.directory[this.indexOf(hash)]!;
    if (segment === NONE) return false;
    const words = this.arena.words[segment >>> 16]!;
    const at = this.slotOf(words, (segment & 0xffff) << 2, hash, ref);
    return at >= 0 && words[at]! >>> 0 === hash;
  }

  /** Puts `next` where the element `previous` of the same key stands. */
  replace(hash: number, previous: Ref, next: Ref): void {
    if (this.frozen !== 0) this.own(this.indexOf(hash));
    const segment = this.directory[this.indexOf(hash)]!;
    const words = this.arena.words[segment >>> 16]!;
    const at = this.slotOf(words, (segment & 0xffff) << 2, hash, previous);
    if (at < 0) throw new Error('Cannot replace an element: it is not in the table');
    this.departed();
    words[at + 1] = next;
  }

  /** Takes an element out. False when it was not there. */
  remove(hash: number, ref: Ref): boolean {
    const index = this.indexOf(hash);
    if (this.frozen !== 0) this.own(index);
    const segment = this.directory[index]! >>> 0;
    if (segment === NONE) return false;
    const words = this.arena.words[segment >>> 16]!;
    const base = (segment & 0xffff) << 2;
    const at = this.slotOf(words, base, hash, ref);
    if (at < 0) return false;
    this.departed();
    this.closeGap(words, base, at);
    this.size--;
    const count = --words[base + COUNT]!;
    if (count * 8 < words[base + SLOTS]!) this.shrinkSegment(index, segment, words, base);
    return true;
  }

  /**
   * Visits elements in order of hash from `cursor` on until `count` were seen, and those of equal hash.
   * The visitor must not change the table. Returns the cursor to go on from; 0 when all were seen.
   */
  scan(cursor: number, count: number, visit: (ref: Ref, hash: number) => void): number {
    let seen = 0;
    let last = -1;
    for (let from = cursor; from <= 0xffff_ffff; ) {
      const index = this.indexOf(from);
      const segment = this.directory[index]! >>> 0;
      if (segment === NONE) return 0;
      const words = this.arena.words[segment >>> 16]!;
      const base = (segment & 0xffff) << 2;
      const stop = base + FIRST_SLOT + (words[base + SLOTS]! << 1);
      for (let at = this.home(words, base, from); at < stop; at += 2) {
        const ref = words[at + 1]! >>> 0;
        const hash = words[at]! >>> 0;
        if (ref === NONE || hash < from) continue;
        if (seen >= count && hash !== last) return hash;
        visit(ref, hash);
        seen++;
        last = hash;
      }
      // The first hash of the next segment; beyond 32 bits after the last one.
      const span = 2 ** (32 - words[base + DEPTH]!);
      from = (Math.floor(from / span) + 1) * span;
    }
    return 0;
  }

  /** Visits every element in order of hash. The visitor may not change the table. */
  forEach(visit: (ref: Ref, hash: number) => void): void {
    this.eachSegment((_segment, words, base) => {
      const stop = base + FIRST_SLOT + (words[base + SLOTS]! << 1);
      for (let at = base + FIRST_SLOT; at < stop; at += 2) {
        if (words[at + 1] !== NONE) visit(words[at + 1]! >>> 0, words[at]! >>> 0);
      }
    });
  }

  /** An element chosen at random, all equally likely; NONE when there is none. */
  random(random: Random): Ref {
    if (this.size === 0) return NONE;
    for (;;) {
      const index = this.indexOf(random.uint32());
      const segment = this.directory[index]!;
      const words = this.arena.words[segment >>> 16]!;
      const base = (segment & 0xffff) << 2;
      // A segment is met as often as the directory names it: that is evened out here.
      const excess = this.depth - words[base + DEPTH]!;
      if (excess > 0 && random.uint32() >>> (32 - excess) !== 0) continue;
      const ref = words[base + FIRST_SLOT + (random.below(words[base + SLOTS]!) << 1) + 1]!;
      if (ref !== NONE) return ref >>> 0;
    }
  }

  /** Gives all segments back. The elements are the owner's to release, before this. */
  clear(): void {
    this.departed();
    this.eachSegment((segment) => this.arena.release(segment));
    this.setDirectory(new Int32Array(1), new Uint8Array(1));
    this.depth = 0;
    this.size = 0;
    this.segmentBytes = 0;
    this.slots = 0;
    this.segmentsAtDepth.fill(0);
  }

  /**
   * Visits the elements of the segment at `place` (0 at first) and gives it back: how a table that nobody
   * uses any more goes piece by piece. Nothing else but this and `size` may be asked of it from then on.
   * Returns the place of the next segment; 0 when that was the last, and the table is empty and usable again.
   */
  takeSegment(place: number, visit: (ref: Ref, hash: number) => void): number {
    this.departed();
    const segment = this.directory[place]! >>> 0;
    let next = this.directory.length;
    if (segment !== NONE) {
      this.holdElements(segment);
      const words = this.arena.words[segment >>> 16]!;
      const base = (segment & 0xffff) << 2;
      const stop = base + FIRST_SLOT + (words[base + SLOTS]! << 1);
      for (let at = base + FIRST_SLOT; at < stop; at += 2) {
        if (words[at + 1] !== NONE) visit(words[at + 1]! >>> 0, words[at]! >>> 0);
      }
      this.size -= words[base + COUNT]!;
      next = place + (1 << (this.depth - words[base + DEPTH]!));
      this.directory.fill(NONE, place, next);
      this.freeSegment(segment, words[base + DEPTH]!);
    }
    if (next < this.directory.length) return next;
    this.setDirectory(new Int32Array(1), new Uint8Array(1));
    this.depth = 0;
    return 0;
  }

  private newSegment(bytes: number, depth: number): Ref {
    const segment = this.arena.allocate(bytes);
    const words = this.arena.words[segment >>> 16]!;
    const base = (segment & 0xffff) << 2;
    words.fill(0, base + 1, base + (bytes >>> 2));
    words[base + DEPTH] = depth;
    words[base + SLOTS] = slotsIn(bytes);
    this.segmentsAtDepth[depth]!++;
    this.segmentBytes += this.arena.capacity(segment);
    this.slots += slotsIn(bytes);
    return segment;
  }

  private freeSegment(segment: Ref, depth: number): void {
    this.segmentsAtDepth[depth]!--;
    const words = this.arena.words[segment >>> 16]!;
    this.segmentBytes -= this.arena.capacity(segment);
    this.slots -= words[((segment & 0xffff) << 2) + SLOTS]!;
    this.arena.release(segment);
  }

  /** The directory's entry for a hash. */
  private indexOf(hash: number): number {
    return this.depth === 0 ? 0 : hash >>> (32 - this.depth);
  }

  /** The word index of the slot that `hash` points to in the segment at `base`. */
  private home(words: Int32Array, base: number, hash: number): number {
    return base + FIRST_SLOT + homeOf(hash, words[base + DEPTH]!, words[base + SLOTS]!);
  }

  /** Slots of the segment at `index`, of which `first` is the first. Its header is seldom needed for that. */
  private slotsIn(index: number, words: Int32Array, first: number): number {
    const depth = this.depths[index]!;
    return depth > 0 && depth < DEEPEST ? SPLIT_SLOTS : words[first - FIRST_SLOT + SLOTS]!;
  }

  private slotOf(words: Int32Array, base: number, hash: number, ref: Ref): number {
    const stop = base + FIRST_SLOT + (words[base + SLOTS]! << 1);
    for (let at = this.home(words, base, hash); at < stop; at += 2) {
      const slotRef = words[at + 1]! >>> 0;
      if (slotRef === ref) return at;
      if (slotRef === NONE || words[at]! >>> 0 > hash) return -1;
    }
    return -1;
  }

  /** Puts an element in its place, moving larger ones up. False when that would run over the end. */
  private place(words: Int32Array, base: number, hash: number, ref: Ref): boolean {
    const stop = base + FIRST_SLOT + (words[base + SLOTS]! << 1);
    let at = this.home(words, base, hash);
    while (at < stop && words[at + 1] !== NONE && words[at]! >>> 0 <= hash) at += 2;
    let gap = at;
    while (gap < stop && words[gap + 1] !== NONE) gap += 2;
    if (gap >= stop) return false;
    // They are few: a loop is faster than a native copy.
    for (let i = gap - 1; i >= at; i--) words[i + 2] = words[i]!;
    words[at] = hash;
    words[at + 1] = ref;
    return true;
  }

  /** Empties the slot at `hole`, letting those pushed beyond it move back towards home. */
  private closeGap(words: Int32Array, base: number, hole: number): void {
    const stop = base + FIRST_SLOT + (words[base + SLOTS]! << 1);
    let end = hole + 2;
    while (
      end < stop &&
      words[end + 1] !== NONE &&
      this.home(words, base, words[end]! >>> 0) < end
    ) {
      end += 2;
    }
    for (let i = hole + 2; i < end; i++) words[i - 2] = words[i]!;
    words[end - 2] = 0;
    words[end - 1] = NONE;
  }

  private growSegment(index: number, segment: Ref, words: Int32Array, base: number): void {
    const depth = words[base + DEPTH]!;
    const slots = words[base + SLOTS]!;
    if (slots < SPLIT_SLOTS || depth === DEEPEST) {
      const bytes = (SEGMENT_HEADER_BYTES + slots * 8) * 2;
      this.rebuild(index, depth, bytes, [segment]);
      return;
    }
    if (depth === this.depth) this.doubleDirectory();
    this.split(segment, words, base, depth);
  }

  private split(segment: Ref, words: Int32Array, base: number, depth: number): void {
    const low = this.newSegment(SPLIT_SEGMENT_BYTES, depth + 1);
    const high = this.newSegment(SPLIT_SEGMENT_BYTES, depth + 1);
    const bit = 0x8000_0000 >>> depth;
    const first = FIRST_SLOT + base;
    const stop = first + (words[base + SLOTS]! << 1);
    let anyHash = 0;
    for (let at = first; at < stop; at += 2) {
      const ref = words[at + 1]!;
      if (ref === NONE) continue;
      const hash = words[at]! >>> 0;
      anyHash = hash;
      this.append((hash & bit) === 0 ? low : high, hash, ref);
    }
    const prefix = depth === 0 ? 0 : anyHash >>> (32 - depth);
    this.point(prefix * 2, depth + 1, low);
    this.point(prefix * 2 + 1, depth + 1, high);
    this.freeSegment(segment, depth);
  }

  /** Adds to a segment being built, in which there is room by construction or `place` would have failed. */
  private append(segment: Ref, hash: number, ref: Ref): void {
    const words = this.arena.words[segment >>> 16]!;
    const base = (segment & 0xffff) << 2;
    if (!this.place(words, base, hash, ref))
      throw new Error('A new segment has no room for an element');
    words[base + COUNT]!++;
  }

  /** Makes every directory entry under `prefix` (of `depth` bits) name `segment`. */
  private point(prefix: number, depth: number, segment: Ref): void {
    const width = 1 << (this.depth - depth);
    this.directory.fill(segment, prefix * width, (prefix + 1) * width);
    this.depths.fill(depth, prefix * width, (prefix + 1) * width);
  }

  private doubleDirectory(): void {
    const wider = new Int32Array(this.directory.length * 2);
    const depths = new Uint8Array(wider.length);
    for (let i = 0; i < wider.length; i++) {
      wider[i] = this.directory[i >>> 1]!;
      depths[i] = this.depths[i >>> 1]!;
    }
    this.setDirectory(wider, depths);
    this.depth++;
  }

  private shrinkSegment(index: number, segment: Ref, words: Int32Array, base: number): void {
    const depth = words[base + DEPTH]!;
    const slots = words[base + SLOTS]!;
    if (this.size === 0) {
      this.clear();
    } else if (depth > 0) {
      this.mergeWithBuddy(index, segment, words, base);
    } else if (slots > slotsIn(SMALLEST_SEGMENT_BYTES)) {
      const bytes = (SEGMENT_HEADER_BYTES + slots * 8) >>> 1;
      if (this.fits(slotsIn(bytes), depth, [segment])) this.rebuild(index, depth, bytes, [segment]);
    }
  }

  private mergeWithBuddy(index: number, segment: Ref, words: Int32Array, base: number): void {
    const depth = words[base + DEPTH]!;
    const prefix = index >>> (this.depth - depth);
    const buddy = this.directory[(prefix ^ 1) << (this.depth - depth)]! >>> 0;
    const buddyWords = this.arena.words[buddy >>> 16]!;
    const buddyBase = (buddy & 0xffff) << 2;
    if (buddyWords[buddyBase + DEPTH] !== depth) return;
    if (words[base + SLOTS] !== SPLIT_SLOTS || buddyWords[buddyBase + SLOTS] !== SPLIT_SLOTS)
      return;
    if ((words[base + COUNT]! + buddyWords[buddyBase + COUNT]!) * 5 > SPLIT_SLOTS * 2) return;
    const pair = (prefix & 1) === 0 ? [segment, buddy] : [buddy, segment];
    if (!this.fits(SPLIT_SLOTS, depth - 1, pair)) return;
    this.rebuild(index, depth - 1, SPLIT_SEGMENT_BYTES, pair);
    while (this.depth > 0 && this.segmentsAtDepth[this.depth] === 0) this.halveDirectory();
  }

  /** Whether a segment of `slots` slots has a place for each element of `sources`: many at its end might not. */
  private fits(slots: number, depth: number, sources: readonly Ref[]): boolean {
    const homes = homesOf(slots);
    let next = 0;
    for (const source of sources) {
      const words = this.arena.words[source >>> 16]!;
      const first = ((source & 0xffff) << 2) + FIRST_SLOT;
      const stop = first + (words[first - FIRST_SLOT + SLOTS]! << 1);
      for (let at = first; at < stop; at += 2) {
        if (words[at + 1] === NONE) continue;
        const home = (((words[at]! << depth) >>> 16) * homes) >>> 16;
        next = Math.max(home, next) + 1;
      }
    }
    return next <= slots;
  }

  /** Moves the elements of `sources`, in order of hash, to a new segment of `bytes` that takes their place. */
  private rebuild(index: number, depth: number, bytes: number, sources: readonly Ref[]): void {
    const next = this.newSegment(bytes, depth);
    for (const source of sources) {
      const words = this.arena.words[source >>> 16]!;
      const base = (source & 0xffff) << 2;
      const stop = base + FIRST_SLOT + (words[base + SLOTS]! << 1);
      for (let at = base + FIRST_SLOT; at < stop; at += 2) {
        if (words[at + 1] !== NONE) this.append(next, words[at]! >>> 0, words[at + 1]!);
      }
      this.holdElements(source);
      this.freeSegment(source, words[base + DEPTH]!);
    }
    this.point(index >>> (this.depth - depth), depth, next);
  }

  private halveDirectory(): void {
    const half = new Int32Array(this.directory.length / 2);
    const depths = new Uint8Array(half.length);
    for (let i = 0; i < half.length; i++) {
      half[i] = this.directory[2 * i]!;
      depths[i] = this.depths[2 * i]!;
    }
    this.setDirectory(half, depths);
    this.depth--;
  }

  private eachSegment(visit: (segment: Ref, words: Int32Array, base: number) => void): void {
    for (let index = 0; index < this.directory.length; ) {
      const segment = this.directory[index]! >>> 0;
      if (segment === NONE) return;
      const words = this.arena.words[segment >>> 16]!;
      const base = (segment & 0xffff) << 2;
      const depth = words[base + DEPTH]!;
      visit(segment, words, base);
      index += 1 << (this.depth - depth);
    }
  }

  /** Throws when an invariant does not hold. For tests. */
  check(): void {
    let total = 0;
    this.eachSegment((_segment, words, base) => {
      total += this.checkSegment(words, base);
    });
    if (total !== this.size)
      throw new Error(`size is ${this.size}, but ${total} elements are there`);
  }

  private checkSegment(words: Int32Array, base: number): number {
    const first = base + FIRST_SLOT;
    const slots = words[base + SLOTS]!;
    let count = 0;
    let previous = -1;
    for (let at = first; at < first + slots * 2; at += 2) {
      if (words[at + 1] === NONE) continue;
      const hash = words[at]! >>> 0;
      const home = this.home(words, base, hash);
      if (hash < previous) throw new Error('hashes out of order');
      if (home > at) throw new Error('an element stands before its home');
      for (let i = home; i < at; i += 2) {
        if (words[i + 1] === NONE) throw new Error('a gap between an element and its home');
      }
      previous = hash;
      count++;
    }
    if (count !== words[base + COUNT]) throw new Error('a segment miscounts');
    return count;
  }
}
