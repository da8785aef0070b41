/**
 * A map from stream IDs to records of a few words, in the order of the IDs.
 *
 * The records stand sorted in chunks, each an arena block; a directory lists the chunks in order. A record is
 * found by two binary searches, over the chunks' first IDs and in one chunk. A full chunk is split in halves, but
 * one that is appended to is left full: streams grow at their end.
 *
 *   word 0  reference count (the arena's)      then each record:
 *   word 1  records in the chunk               4 words: the ID; `extra` words: what belongs to it
 *
 * Cost: find O(log n); insert and remove O(chunk), now and then O(chunks) of a fast native move.
 */
import { type Arena, NONE, type Ref } from './arena.js';
import type { StreamId } from './stream-id.js';

const ID_WORDS = 4;
const HEADER_WORDS = 2;
const CHUNK_BYTES = 2560;
const FIRST_RECORDS = 1;

/** Where a record stands. It holds until the index changes, but for `removeAt`. */
export class IdPlace {
  chunk = 0;
  slot = 0;
}

export class IdIndex {
  /** Records. */
  size = 0;
  private readonly arena: Arena;
  /** Words of a record. */
  private readonly width: number;
  /** Records that a chunk may have. */
  private readonly most: number;
  private chunks: Ref[] = [];

  /** @param extra - Words that belong to each ID. */
  constructor(arena: Arena, extra: number) {
    this.arena = arena;
    this.width = ID_WORDS + extra;
    this.most = Math.floor((CHUNK_BYTES / 4 - HEADER_WORDS) / this.width);
  }

  /** Finds the first record at or above `id`. True when it is `id`; `place` may be behind the last. */
  seek(id: StreamId, place: IdPlace): boolean {
    const { chunks } = this;
    let low = 0;
    let high = chunks.length - 1;
    // The last chunk whose first ID is at or below the one sought; streams are mostly asked for their end.
    if (high >= 0 && this.compareAt(chunks[high]!, 0, id) <= 0) low = high;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.compareAt(chunks[middle]!, 0, id) <= 0) low = middle;
      else high = middle - 1;
    }
    place.chunk = low;
    place.slot = 0;
    if (chunks.length === 0) return false;
    const chunk = chunks[low]!;
    const count = this.countOf(chunk);
    let from = 0;
    let to = count;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const order = this.compareAt(chunk, middle, id);
      if (order === 0) {
        place.slot = middle;
        return true;
      }
      if (order < 0) from = middle + 1;
      else to = middle;
    }
    place.slot = from;
    if (from === count) {
      place.chunk = low + 1;
      place.slot = 0;
    }
    return false;
  }

  /** Finds the last record at or below `id`. False when there is none. */
  seekBelow(id: StreamId, place: IdPlace): boolean {
    return this.seek(id, place) || this.previous(place);
  }

  toFirst(place: IdPlace): boolean {
    place.chunk = 0;
    place.slot = 0;
    return this.size > 0;
  }

  toLast(place: IdPlace): boolean {
    place.chunk = this.chunks.length;
    place.slot = 0;
    return this.previous(place);
  }

  /** Whether `place` is at a record, not behind the last. */
  isAt(place: IdPlace): boolean {
    return place.chunk < this.chunks.length;
  }

  /** Goes to the next record. False, and behind the last, when there is none. */
  next(place: IdPlace): boolean {
    if (++place.slot >= this.countOf(this.chunks[place.chunk]!)) {
      place.chunk++;
      place.slot = 0;
    }
    return place.chunk < this.chunks.length;
  }

  /** Goes to the record before. False, and nowhere, when there is none. */
  previous(place: IdPlace): boolean {
    if (place.slot > 0) {
      place.slot--;
      return true;
    }
    if (place.chunk === 0) return false;
    place.chunk--;
    place.slot = this.countOf(this.chunks[place.chunk]!) - 1;
    return true;
  }

  /** Copies the ID at `place` to `id`. */
  readId(place: IdPlace, id: StreamId): StreamId {
    const chunk = this.chunks[place.chunk]!;
    const words = this.arena.words[chunk >>> 16]!;
    const at = this.wordOf(chunk, place.slot);
    return id.set(
      words[at]! >>> 0,
      words[at + 1]! >>> 0,
      words[at + 2]! >>> 0,
      words[at + 3]! >>> 0,
    );
  }

  /** Word `i` of what belongs to the ID at `place`, unsigned. */
  word(place: IdPlace, i: number): number {
    const chunk = this.chunks[place.chunk]!;
    const words = this.arena.words[chunk >>> 16]!;
    return words[this.wordOf(chunk, place.slot) + ID_WORDS + i]! >>> 0;
  }

  setWord(place: IdPlace, i: number, value: number): void {
    const chunk = this.chunks[place.chunk]!;
    this.arena.words[chunk >>> 16]![this.wordOf(chunk, place.slot) + ID_WORDS + i] = value;
  }

  /** Adds an ID that is not there. `place` is where its record is, its further words undefined. */
  insert(id: StreamId, place: IdPlace): void {
    this.seek(id, place);
    if (place.slot === 0 && place.chunk > 0) {
      // Rather at the end of the chunk before, unless that is full and this one is not.
      place.chunk--;
      place.slot = this.countOf(this.chunks[place.chunk]!);
    }
    this.makeRoom(place);
    const chunk = this.chunks[place.chunk]!;
    const words = this.arena.words[chunk >>> 16]!;
    const base = (chunk & 0xffff) << 2;
    const at = this.wordOf(chunk, place.slot);
    const end = this.wordOf(chunk, words[base + 1]!);
    if (at < end) words.copyWithin(at + this.width, at, end);
    words[base + 1]!++;
    words[at] = id.msHigh;
    words[at + 1] = id.msLow;
    words[at + 2] = id.seqHigh;
    words[at + 3] = id.seqLow;
    this.size++;
  }

  /** Takes out the record at `place`, which then is at the next one. */
  removeAt(place: IdPlace): void {
    const chunk = this.chunks[place.chunk]!;
    const words = this.arena.words[chunk >>> 16]!;
    const base = (chunk & 0xffff) << 2;
    const count = words[base + 1]! - 1;
    this.size--;
    if (count === 0) {
      this.arena.release(chunk);
      if (place.chunk === 0) this.chunks.shift();
      else this.chunks.splice(place.chunk, 1);
      return;
    }
    const at = this.wordOf(chunk, place.slot);
    words.copyWithin(at, at + this.width, this.wordOf(chunk, count + 1));
    words[base + 1] = count;
    if (place.slot === count) {
      place.chunk++;
      place.slot = 0;
    }
  }

  /** A copy that changes on its own; what the records name gets no further owner. */
  duplicate(): IdIndex {
    const copy = new IdIndex(this.arena, this.width - ID_WORDS);
    copy.size = this.size;
    copy.chunks = this.chunks.map((chunk) => this.copyOf(chunk, this.countOf(chunk)));
    return copy;
  }

  /** Gives back the last chunk. True when none is left. */
  dropLastChunk(): boolean {
    const chunk = this.chunks.pop();
    if (chunk === undefined) return true;
    this.size -= this.countOf(chunk);
    this.arena.release(chunk);
    return this.chunks.length === 0;
  }

  /** Records in the last chunk. */
  get lastChunkSize(): number {
    return this.chunks.length === 0 ? 0 : this.countOf(this.chunks[this.chunks.length - 1]!);
  }

  clear(): void {
    while (!this.dropLastChunk());
  }

  /** Bytes of the arena that the chunks take. */
  get bytes(): number {
    let bytes = 0;
    for (const chunk of this.chunks) bytes += this.arena.capacity(chunk);
    return bytes;
  }

  private countOf(chunk: Ref): number {
    return this.arena.words[chunk >>> 16]![((chunk & 0xffff) << 2) + 1]!;
  }

  private wordOf(chunk: Ref, slot: number): number {
    return ((chunk & 0xffff) << 2) + HEADER_WORDS + slot * this.width;
  }

  private compareAt(chunk: Ref, slot: number, id: StreamId): number {
    const words = this.arena.words[chunk >>> 16]!;
    const at = this.wordOf(chunk, slot);
    return (
      (words[at]! >>> 0) - id.msHigh ||
      (words[at + 1]! >>> 0) - id.msLow ||
      (words[at + 2]! >>> 0) - id.seqHigh ||
      (words[at + 3]! >>> 0) - id.seqLow
    );
  }

  private allocate(records: number): Ref {
    const chunk = this.arena.allocate((HEADER_WORDS + records * this.width) * 4);
    this.arena.words[chunk >>> 16]![((chunk & 0xffff) << 2) + 1] = 0;
    return chunk;
  }

  /** A chunk with room for `records`, holding what `chunk` holds. */
  private copyOf(chunk: Ref, records: number): Ref {
    const next = this.allocate(records);
    this.copyRecords(chunk, 0, this.countOf(chunk), next);
    return next;
  }

  private copyRecords(from: Ref, start: number, end: number, to: Ref): void {
    const source = this.arena.words[from >>> 16]!;
    const target = this.arena.words[to >>> 16]!;
    target.set(
      source.subarray(this.wordOf(from, start), this.wordOf(from, end)),
      this.wordOf(to, 0),
    );
    target[((to & 0xffff) << 2) + 1] = end - start;
  }

  /** Makes sure that the chunk at `place` has room for one more; `place` may go to another chunk. */
  private makeRoom(place: IdPlace): void {
    const { chunks, arena } = this;
    const chunk = chunks[place.chunk] ?? NONE;
    if (chunk === NONE) {
      chunks.push(this.allocate(FIRST_RECORDS));
      return;
    }
    const count = this.countOf(chunk);
    const room = Math.floor((arena.capacity(chunk) / 4 - HEADER_WORDS) / this.width);
    if (count < Math.min(room, this.most)) return;
    if (count < this.most) {
      chunks[place.chunk] = this.copyOf(chunk, Math.min(count * 2, this.most));
      arena.release(chunk);
    } else if (place.chunk === chunks.length - 1 && place.slot === count) {
      chunks.push(this.allocate(FIRST_RECORDS));
      place.chunk++;
      place.slot = 0;
    } else this.split(place, chunk, count);
  }

  private split(place: IdPlace, chunk: Ref, count: number): void {
    const half = count >>> 1;
    const upper = this.allocate(this.most);
    this.copyRecords(chunk, half, count, upper);
    this.arena.words[chunk >>> 16]![((chunk & 0xffff) << 2) + 1] = half;
    this.chunks.splice(place.chunk + 1, 0, upper);
    if (place.slot > half) {
      place.chunk++;
      place.slot -= half;
    }
  }
}
