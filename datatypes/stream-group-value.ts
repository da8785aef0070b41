/**
 * Groups of consumers: what was delivered last, and what is delivered and not yet acknowledged.
 *
 * Each pending entry has one record in the group's index, with its consumer and delivery, and its ID stands in
 * that consumer's index. Both always agree: only `assign` and `drop` change them.
 */
import type { Arena } from './store/arena.js';
import { IdIndex, IdPlace } from './store/id-index.js';
import { StreamId } from './store/stream-id.js';
import { type Count, countOf } from './stream-counts.js';
import { find, insertNamed } from './stream-names.js';

/** It is not known how many entries a group has read. */
export const UNKNOWN_READ = -1;
/** A consumer that never got an entry. */
export const NEVER_ACTIVE = -1;

/** Words of a pending entry's record. */
const Word = { consumer: 0, timeHigh: 1, timeLow: 2, countHigh: 3, countLow: 4 } as const;
const PENDING_WORDS = 5;
const TWO_32 = 2 ** 32;
/** With a smaller upper half, a number is exact. */
const SAFE_HIGH = 2 ** 21;

export interface Consumer {
  readonly name: Uint8Array;
  /** By which its group's records name it. */
  readonly number: number;
  /** When it last asked for something, ms since 1970. */
  seenAtMs: number;
  /** When it last got something, ms since 1970, or NEVER_ACTIVE. */
  activeAtMs: number;
  /** The IDs of its pending entries. */
  pending: IdIndex;
}

export class Group {
  readonly name: Uint8Array;
  /** The last entry delivered. */
  readonly lastId = new StreamId();
  entriesRead: Count = UNKNOWN_READ;
  pending: IdIndex;
  /** In the order of their names. */
  consumers: Consumer[] = [];

  private readonly arena: Arena;
  private byNumber: (Consumer | null)[] = [];
  private readonly place = new IdPlace();

  constructor(arena: Arena, name: Uint8Array) {
    this.arena = arena;
    this.name = name;
    this.pending = new IdIndex(arena, PENDING_WORDS);
  }

  consumer(bytes: Uint8Array, start: number, end: number): Consumer | undefined {
    return find(this.consumers, bytes, start, end);
  }

  addConsumer(name: Uint8Array, seenAtMs: number): Consumer {
    const free = this.byNumber.indexOf(null);
    const number = free < 0 ? this.byNumber.length : free;
    const pending = new IdIndex(this.arena, 0);
    const consumer = { name, number, seenAtMs, activeAtMs: NEVER_ACTIVE, pending };
    this.byNumber[number] = consumer;
    insertNamed(this.consumers, consumer);
    return consumer;
  }

  /** Takes out a consumer, and all that is pending for it. */
  removeConsumer(consumer: Consumer): void {
    const id = new StreamId();
    const place = new IdPlace();
    for (let more = consumer.pending.toFirst(place); more; more = consumer.pending.next(place)) {
      consumer.pending.readId(place, id);
      if (this.pending.seek(id, this.place)) this.pending.removeAt(this.place);
    }
    consumer.pending.clear();
    this.byNumber[consumer.number] = null;
    this.consumers.splice(this.consumers.indexOf(consumer), 1);
  }

  /** Finds a pending entry. False, `place` at the next one, when `id` is not pending. */
  seek(id: StreamId, place: IdPlace): boolean {
    return this.pending.seek(id, place);
  }

  /** Makes an entry pending that is not, for a consumer. `place` is at it; its delivery is not written yet. */
  add(id: StreamId, consumer: Consumer, place: IdPlace): void {
    this.pending.insert(id, place);
    this.pending.setWord(place, Word.consumer, consumer.number);
    consumer.pending.insert(id, this.place);
  }

  /** Gives the pending entry at `place`, whose ID is `id`, to a consumer. */
  assign(place: IdPlace, id: StreamId, consumer: Consumer): void {
    const owner = this.ownerAt(place);
    if (owner === consumer) return;
    if (owner.pending.seek(id, this.place)) owner.pending.removeAt(this.place);
    consumer.pending.insert(id, this.place);
    this.pending.setWord(place, Word.consumer, consumer.number);
  }

  /** The pending entry at `place`, whose ID is `id`, is so no longer. `place` is at the next one. */
  drop(place: IdPlace, id: StreamId): void {
    const owner = this.ownerAt(place);
    if (owner.pending.seek(id, this.place)) owner.pending.removeAt(this.place);
    this.pending.removeAt(place);
  }

  /** Whose the pending entry at `place` is. */
  ownerAt(place: IdPlace): Consumer {
    return this.byNumber[this.pending.word(place, Word.consumer)] as Consumer;
  }

  /** When the entry at `place` was delivered, ms since 1970. */
  deliveredAtMs(place: IdPlace): number {
    const high = this.pending.word(place, Word.timeHigh) | 0;
    return high * TWO_32 + this.pending.word(place, Word.timeLow);
  }

  /** As `deliveredAtMs`, to the last digit: a payload may hold any moment of 64 bits. */
  exactDeliveredAtMs(place: IdPlace): Count {
    return this.signed(place, Word.timeHigh, Word.timeLow);
  }

  setDeliveredAtMs(place: IdPlace, atMs: number): void {
    this.setTime(place, Math.floor(atMs / TWO_32), atMs % TWO_32);
  }

  /** As `setDeliveredAtMs`, in halves. */
  setTime(place: IdPlace, high: number, low: number): void {
    this.pending.setWord(place, Word.timeHigh, high);
    this.pending.setWord(place, Word.timeLow, low);
  }

  /** The halves of the moment of delivery, for what writes it as it is. */
  timeHigh(place: IdPlace): number {
    return this.pending.word(place, Word.timeHigh);
  }

  timeLow(place: IdPlace): number {
    return this.pending.word(place, Word.timeLow);
  }

  /** How often the entry at `place` was delivered. */
  deliveries(place: IdPlace): Count {
    return this.signed(place, Word.countHigh, Word.countLow);
  }

  /** The signed number of 64 bits whose halves stand in these words. */
  private signed(place: IdPlace, highWord: number, lowWord: number): Count {
    const high = this.pending.word(place, highWord);
    const low = this.pending.word(place, lowWord);
    if (high < SAFE_HIGH) return high * TWO_32 + low;
    return countOf(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)));
  }

  setDeliveries(place: IdPlace, count: Count): void {
    if (typeof count === 'number' && count >= 0) {
      this.pending.setWord(place, Word.countHigh, Math.floor(count / TWO_32));
      this.pending.setWord(place, Word.countLow, count % TWO_32);
      return;
    }
    const exact = BigInt.asUintN(64, BigInt(count));
    this.pending.setWord(place, Word.countHigh, Number(exact >> 32n));
    this.pending.setWord(place, Word.countLow, Number(exact & 0xffff_ffffn));
  }

  /** Gives back up to `chunks` chunks; true when nothing is left. */
  freeSome(chunks: number): boolean {
    let left = chunks;
    for (; left > 0 && this.pending.size > 0; left--) this.pending.dropLastChunk();
    while (left > 0) {
      const consumer = this.consumers[this.consumers.length - 1];
      if (consumer === undefined) break;
      left--;
      if (consumer.pending.dropLastChunk()) this.consumers.pop();
    }
    return this.pending.size === 0 && this.consumers.length === 0;
  }

  free(): void {
    while (!this.freeSome(1000));
  }

  duplicate(): Group {
    const copy = new Group(this.arena, this.name);
    copy.lastId.copy(this.lastId);
    copy.entriesRead = this.entriesRead;
    copy.pending = this.pending.duplicate();
    copy.consumers = this.consumers.map((one) => ({ ...one, pending: one.pending.duplicate() }));
    copy.byNumber = this.byNumber.map(() => null);
    for (const consumer of copy.consumers) copy.byNumber[consumer.number] = consumer;
    return copy;
  }

  /** Bytes of the arena that it takes. */
  get bytes(): number {
    return this.consumers.reduce((sum, one) => sum + one.pending.bytes, this.pending.bytes);
  }
}
