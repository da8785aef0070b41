/**
 * A snapshot: all data as they were at one moment, written in slices while commands change them.
 *
 * A walk goes through the databases' tables in the order of hashes, some keys at a time, and writes what it
 * meets. Whoever is about to change a key, its value or its expiry, or to take it away, tells the snapshot
 * first (`SnapshotGuard`): a key that the walk has yet to meet is then written at once, out of turn. A stamp in
 * the entry, the number of the snapshot, tells that it was written, or is younger than the snapshot; so each key
 * is written once, and nothing is remembered of those that are done. Where no snapshot is taken, all this costs
 * a comparison with null.
 *
 * Values too large to be written at once are frozen (`FrozenValue`) when the walk meets them or a command is
 * about to change them, and written part by part. What must be written meanwhile waits aside: values in a file
 * cannot be interleaved. Tables that FLUSHALL or FLUSHDB empties are taken over, and freed when they are written.
 *
 * Stamps are five bits. A snapshot that ends leaves its stamp on every entry; one that is given up does not, so
 * after thirty of those in a row all entries are stamped anew.
 */
import type { Database, Keyspace } from '../datatypes/database.js';
import type { SnapshotGuard } from '../datatypes/snapshot-guard.js';
import type { Ref } from '../datatypes/store/arena.js';
import type { Dict } from '../datatypes/store/dict.js';
import { STAMPS } from '../datatypes/store/entry.js';
import { Crc64 } from './crc64.js';
import type { FrozenValue } from './frozen-value.js';
import { type FileFacts, RdbEncoder, type SnapshotEncoder } from './rdb-encoder.js';
import { RdbWriter } from './rdb-writer.js';
import { compressorOf, valueWriterOf } from './value-formats.js';

/** Where a snapshot's bytes go. */
export interface SnapshotSink {
  /** Takes bytes over: nobody else touches them from now on. */
  write(bytes: Uint8Array): void;
  /** Whether it has enough to do: the walk then waits, but not what must be written out of turn. */
  readonly isFull: boolean;
  /** Memory that it is done with, to be written to again: V8 collects garbage for the sake of what is new. */
  takeSpare?(): Uint8Array | undefined;
}

export interface SnapshotParts {
  readonly keyspace: Keyspace;
  readonly sink: SnapshotSink;
  readonly facts: FileFacts;
  /** Whether the file ends with the checksum of its contents, or with zeros. */
  readonly checksum: boolean;
  /** Makes what writes another form than RDB. Such files have no checksum. */
  readonly encoder?: (keyspace: Keyspace, out: RdbWriter) => SnapshotEncoder;
  /** A pause after each key, in µs: for tests that want a snapshot to take long. */
  readonly keyDelayUsec: () => number;
}

const CHUNK_BYTES = 256 * 1024;
/** Room behind a full chunk for the entry that fills it. */
const CHUNK_SLACK_BYTES = 64 * 1024;
const KEYS_AT_ONCE = 16;
const CHECKSUM_BYTES = 8;
const NOTHING = new Uint8Array(0);
/** A pause that is due is made when it is worth a timer, in ms. */
const SHORTEST_REST_MS = 1;

/** A database as it was. */
interface Part {
  readonly database: number;
  readonly keys: Dict;
  readonly size: number;
  readonly expires: number;
  cursor: number;
  begun: boolean;
  /** The database gave the table up: it is to be freed. */
  isOwned: boolean;
}

/** A large value that waits to be written. */
interface Waiting {
  readonly database: number;
  /** All that stands before the value. */
  readonly head: Uint8Array;
  readonly value: FrozenValue;
}

/** How many snapshots were given up since one was completed. */
class GivenUp {
  count = 0;
}

export class Snapshot implements SnapshotGuard {
  readonly keysTotal: number;
  /** Keys written, or frozen. */
  keysDone = 0;
  /** Bytes of what was written out of turn, as the arena counts them. */
  earlyBytes = 0;
  /** How long the walk shall rest before its next step, in ms. */
  restMs = 0;

  private readonly keyspace: Keyspace;
  private readonly sink: SnapshotSink;
  private readonly parts: Part[];
  private readonly keyDelayUsec: () => number;
  private readonly crc: Crc64 | null;
  private readonly encoder: SnapshotEncoder;
  private readonly isRdb: boolean;
  private readonly out: RdbWriter;
  /** What comes while a large value is being written. */
  private readonly aside: SnapshotEncoder;
  private readonly head: RdbEncoder;
  private readonly waiting: Waiting[] = [];
  private current: Waiting | null = null;
  private part = 0;
  private stamp = 0;
  private readonly isInBackground: boolean;
  private done = false;

  /** @param isInBackground - Whether commands run before all is written: else `finish` must be called at once. */
  constructor(parts: SnapshotParts, isInBackground: boolean) {
    const { keyspace, sink, facts, checksum } = parts;
    this.keyspace = keyspace;
    this.sink = sink;
    this.keyDelayUsec = parts.keyDelayUsec;
    this.isInBackground = isInBackground;
    this.isRdb = parts.encoder === undefined;
    this.crc = checksum && this.isRdb ? new Crc64() : null;
    const compressor = compressorOf(keyspace);
    this.out = new RdbWriter(compressor, CHUNK_BYTES + CHUNK_SLACK_BYTES);
    this.encoder =
      parts.encoder?.(keyspace, this.out) ?? new RdbEncoder(keyspace, this.out, facts.access);
    const aside = new RdbWriter(compressor);
    this.aside = parts.encoder?.(keyspace, aside) ?? new RdbEncoder(keyspace, aside, facts.access);
    this.head = new RdbEncoder(keyspace, new RdbWriter(compressor), facts.access);
    this.keysTotal = keyspace.size;
    this.parts = keyspace.databases
      .filter(({ keys }) => keys.size > 0)
      .map(({ id, keys, expires }) => ({
        database: id,
        keys,
        size: keys.size,
        expires: expires.size,
        cursor: 0,
        begun: false,
        isOwned: false,
      }));
    this.encoder.head(facts);
    if (isInBackground) this.stand();
  }

  /** Stands guard from now on. */
  private stand(): void {
    const { keyspace } = this;
    const { entries } = keyspace;
    if (keyspace.snapshot !== null) throw new Error('Cannot begin a snapshot: one is in progress');
    if (keyspace.own(GivenUp).count >= STAMPS - 2) this.stampAll(entries.newStamp);
    this.stamp = (entries.newStamp + 1) % STAMPS;
    entries.newStamp = this.stamp;
    keyspace.snapshot = this;
  }

  private stampAll(stamp: number): void {
    const { entries } = this.keyspace;
    for (const { keys } of this.parts) {
      keys.forEach((ref) => {
        entries.setStamp(ref, stamp);
      });
    }
    this.keyspace.own(GivenUp).count = 0;
  }

  /** Whether it is to take long: the pauses that were asked for are still wanted. */
  get isSlowed(): boolean {
    return this.keyDelayUsec() > 0;
  }

  /** Share of the keys that are done, in percent. */
  get percent(): number {
    return this.keysTotal === 0 ? 0 : (this.keysDone / this.keysTotal) * 100;
  }

  /** Writes all of it now. */
  finish(): void {
    while (!this.step(() => false));
  }

  /**
   * Writes on until `isOver` says so or the sink is full.
   *
   * @returns True when all is written and handed to the sink.
   */
  step(isOver: () => boolean): boolean {
    this.restMs = 0;
    while (!this.done) {
      if (this.isInBackground && this.sink.isFull) return false;
      if (this.current !== null) this.writePart(this.current);
      else if (this.waiting.length > 0) this.begin(this.waiting.shift() as Waiting);
      else if (this.part < this.parts.length) this.walk(this.parts[this.part] as Part);
      else this.end();
      if (this.out.size >= CHUNK_BYTES) this.handOver();
      if (isOver() || this.restMs >= SHORTEST_REST_MS) return this.done;
    }
    return true;
  }

  /** Gives it up: what was written is of no use. */
  abandon(): void {
    if (this.done) return;
    this.keyspace.own(GivenUp).count++;
    this.leave();
  }

  beforeChange(database: Database, ref: Ref): void {
    const { entries } = this.keyspace;
    if (entries.stamp(ref) === this.stamp) return;
    entries.setStamp(ref, this.stamp);
    const part = this.parts.find(({ keys }) => keys === database.keys);
    if (part === undefined) return;
    this.earlyBytes += this.keyspace.entryBytes(ref, 1);
    this.write(part.database, ref);
    if (this.current === null && this.out.size >= CHUNK_BYTES) this.handOver();
  }

  takesTable(keys: Dict): boolean {
    const part = this.parts.find((candidate) => candidate.keys === keys);
    if (part === undefined || this.parts.indexOf(part) < this.part) return false;
    part.isOwned = true;
    return true;
  }

  /** Writes a key with its value, or has it wait when it is large. */
  private write(database: number, ref: Ref): void {
    this.keysDone++;
    const waiting = this.isInBackground ? this.hold(database, ref) : null;
    if (waiting !== null) this.waiting.push(waiting);
    else (this.current === null ? this.encoder : this.aside).entry(database, ref);
  }

  /** Takes hold of a key with a large value; null for another. */
  private hold(database: number, ref: Ref): Waiting | null {
    const { keyspace, head } = this;
    if (!this.isRdb) {
      const value = this.encoder.freeze?.(ref) ?? null;
      return value && { database, head: NOTHING, value };
    }
    const writer = valueWriterOf(keyspace, ref);
    const value = writer.freeze?.(keyspace, ref) ?? null;
    if (value === null) return null;
    head.out.rewind();
    head.keyAlone(ref, writer);
    return { database, head: head.out.finish().slice(), value };
  }

  private walk(part: Part): void {
    const { keyspace, isInBackground, stamp } = this;
    const { entries } = keyspace;
    if (!part.begun) {
      part.begun = true;
      this.encoder.announce(part.database, part.size, part.expires);
    }
    const delayUsec = this.keyDelayUsec();
    const count = delayUsec > 0 ? 1 : KEYS_AT_ONCE;
    const before = this.keysDone;
    part.cursor = part.keys.scan(part.cursor, count, (ref) => {
      if (isInBackground) {
        if (entries.stamp(ref) === stamp) return;
        entries.setStamp(ref, stamp);
      }
      this.write(part.database, ref);
    });
    if (delayUsec > 0) this.restMs += ((this.keysDone - before) * delayUsec) / 1000;
    if (part.cursor !== 0) return;
    this.part++;
    if (part.isOwned) keyspace.freeLater(part.keys);
  }

  private begin(waiting: Waiting): void {
    this.encoder.select(waiting.database);
    this.out.raw(waiting.head);
    this.current = waiting;
  }

  private writePart(current: Waiting): void {
    if (!current.value.writeSome(this.out)) return;
    current.value.release();
    this.current = null;
    const { aside } = this;
    if (aside.out.size === 0) return;
    this.out.raw(aside.out.finish());
    aside.out.rewind();
    aside.forgetDatabase();
    this.encoder.forgetDatabase();
  }

  private end(): void {
    this.encoder.end();
    this.handOver();
    if (this.isRdb) this.writeChecksum();
    this.keyspace.own(GivenUp).count = 0;
    this.leave();
  }

  private writeChecksum(): void {
    const footer = new Uint8Array(CHECKSUM_BYTES);
    this.crc?.writeTo(footer, 0);
    this.sink.write(footer);
  }

  private handOver(): void {
    const spare = this.sink.takeSpare?.();
    const bytes = this.out.takeAll(
      spare ?? Buffer.allocUnsafeSlow(CHUNK_BYTES + CHUNK_SLACK_BYTES),
    );
    this.crc?.update(bytes);
    this.sink.write(bytes);
  }

  private leave(): void {
    const { keyspace } = this;
    this.done = true;
    if (keyspace.snapshot === this) keyspace.snapshot = null;
    this.current?.value.release();
    for (const { value } of this.waiting.splice(0)) value.release();
    for (const part of this.parts.slice(this.part)) {
      if (part.isOwned) keyspace.freeLater(part.keys);
    }
    this.part = this.parts.length;
  }
}
