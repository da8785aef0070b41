/**
 * One command being run: its arguments, the data it may touch, where its reply goes, and how it tells
 * what it did. The same for a socket, a transaction, a script, a file being loaded or the in-process API.
 *
 * Arguments are read on demand from the request's buffer. `bytes` and `text` make an object or a string:
 * a hot path reads `buffer`, `start` and `end` instead, or hands them on.
 */
import { equalsIgnoreCase, toLatin1 } from '../protocol/bytes.js';
import { parseBigInt64, parseSafeInteger } from '../protocol/numbers.js';
import { NOT_AN_INTEGER, WRONG_TYPE } from '../protocol/refusals.js';
import type { ReplyWriter } from '../protocol/reply.js';
import { Request } from '../protocol/request.js';
import type { KeyWait } from './blocking.js';
import type { Clock } from './clock.js';
import type { Database, Keyspace } from './database.js';
import type { Random } from './random.js';
import { NONE, type Ref } from './store/arena.js';
import type { Type } from './store/entry.js';

/** Classes of keyspace events, one bit each, as `notify-keyspace-events` tells them apart. */
export const EventClass = {
  generic: 1 << 0,
  string: 1 << 1,
  list: 1 << 2,
  set: 1 << 3,
  hash: 1 << 4,
  zset: 1 << 5,
  expired: 1 << 6,
  evicted: 1 << 7,
  stream: 1 << 8,
  keyMiss: 1 << 9,
  module: 1 << 10,
  newKey: 1 << 11,
} as const;
export type EventClass = (typeof EventClass)[keyof typeof EventClass];

/** How a command tells what it did; others spread the news. */
export interface Effects {
  /** Changes since the last save. */
  dirty: number;
  /** Whether anybody wants to know which keys change; when not, only `dirty` counts them. */
  readonly attentive: boolean;
  /** Whether requests go anywhere: when not, nobody need make one for `propagateAs`. */
  readonly propagates: boolean;
  /** A key was changed, in `changes` places: WATCH, tracking, dirty count. */
  changed(database: Database, key: Uint8Array, changes: number): void;
  /** A keyspace event of `eventClass` about a key. */
  notify(database: Database, eventClass: EventClass, event: string, key: Uint8Array): void;
  /** Sends this to the append-only file and replicas in place of the request. May be called several times. */
  propagateAs(request: readonly (string | Uint8Array)[]): void;
  /** Sends this besides the request, and before it: a key that was met went because its time had come. */
  propagateBefore(database: Database, request: readonly (string | Uint8Array)[]): void;
  /** All keys of these databases are about to go, `changes` in number. */
  flushed(databases: readonly Database[], changes: number): void;
  /** Two databases exchanged their contents. */
  swapped(one: Database, other: Database): void;
  /** Sends nothing in place of the request. */
  propagateNothing(): void;
}

export abstract class Call {
  request: Request = new Request();
  /** Whether the request was accepted before, by this server or its primary: limits do not apply to it. */
  mustObey = false;
  /** Whether a command that finds nothing to do may wait: not in transactions and scripts. */
  mayWait = false;
  /** Whether a script calls the command. */
  isFromScript = false;
  /** The database the client has selected. */
  abstract db: Database;
  abstract reply: ReplyWriter;
  abstract readonly keyspace: Keyspace;
  abstract readonly effects: Effects;

  /** Has the client wait: the command runs again when there may be something. Only where `mayWait` says so. */
  waitForKeys(_wait: KeyWait): void {
    throw new TypeError('Cannot wait for keys: this call must not wait');
  }

  /**
   * Whether the request comes from the primary or a file being loaded: it was carried out before, so it is not judged
   * once more.
   */
  get isReplayed(): boolean {
    return false;
  }

  get argc(): number {
    return this.request.argc;
  }

  get clock(): Clock {
    return this.keyspace.clock;
  }

  get random(): Random {
    return this.keyspace.random;
  }

  /** The bytes in which all arguments stand. */
  get buffer(): Uint8Array {
    return this.request.bytes;
  }

  start(i: number): number {
    return this.request.starts[i] as number;
  }

  end(i: number): number {
    return this.request.ends[i] as number;
  }

  /** Length of argument `i` in bytes. */
  length(i: number): number {
    return this.end(i) - this.start(i);
  }

  /** Argument `i`, a view that holds for this call only. */
  bytes(i: number): Uint8Array {
    return this.request.argument(i);
  }

  /** Argument `i` as Latin-1: one character a byte, so nothing is lost. */
  text(i: number): string {
    return toLatin1(this.buffer, this.start(i), this.end(i));
  }

  /** Whether argument `i` is the option `word` (in lower case), in any case. */
  is(i: number, word: string): boolean {
    return equalsIgnoreCase(this.buffer, this.start(i), this.end(i), word);
  }

  /**
   * Argument `i` as an integer from -2^53 to 2^53.
   *
   * @throws {Refusal} NOT_AN_INTEGER, or `otherwise`.
   */
  int(i: number, otherwise = NOT_AN_INTEGER): number {
    const value = parseSafeInteger(this.buffer, this.start(i), this.end(i));
    if (Number.isNaN(value)) throw otherwise;
    return value;
  }

  /** Argument `i` as an int64. @throws {Refusal} NOT_AN_INTEGER, or `otherwise`. */
  bigint(i: number, otherwise = NOT_AN_INTEGER): bigint {
    const value = parseBigInt64(this.buffer, this.start(i), this.end(i));
    if (value === null) throw otherwise;
    return value;
  }

  /** The entry of the key in argument `i`, for reading; NONE when there is none. */
  read(i: number): Ref {
    return this.db.findForRead(this.buffer, this.start(i), this.end(i));
  }

  /** As `read`, but the access is not noted. */
  inspect(i: number): Ref {
    return this.db.inspect(this.buffer, this.start(i), this.end(i));
  }

  /** As `read`, by a command that looks like a reader but changes the value. */
  readToChange(i: number): Ref {
    const ref = this.read(i);
    if (ref !== NONE) this.db.beforeChange(ref);
    return ref;
  }

  /** The entry of the key in argument `i`, by a command that is going to write. */
  write(i: number): Ref {
    return this.db.findForWrite(this.buffer, this.start(i), this.end(i));
  }

  /** As `read`, of a key that may only hold this type. @throws {Refusal} WRONG_TYPE. */
  readAs(i: number, type: Type): Ref {
    return this.checked(this.read(i), type);
  }

  /** As `write`, of a key that may only hold this type. @throws {Refusal} WRONG_TYPE. */
  writeAs(i: number, type: Type): Ref {
    return this.checked(this.write(i), type);
  }

  private checked(ref: Ref, type: Type): Ref {
    if (ref !== NONE && this.keyspace.entries.type(ref) !== type) throw WRONG_TYPE;
    return ref;
  }

  /** The collection of the key in argument `i` has no element left: the key goes. To be called after `changed`. */
  removeEmptied(i: number): void {
    const { db, effects } = this;
    db.discard(this.buffer, this.start(i), this.end(i));
    if (effects.attentive) effects.notify(db, EventClass.generic, 'del', this.bytes(i));
  }

  /** The key in argument `i` changed: told to all who care, and the event `event` sent. */
  changed(i: number, eventClass: EventClass, event: string, changes = 1): void {
    const { effects } = this;
    if (!effects.attentive) {
      effects.dirty += changes;
      return;
    }
    const key = this.bytes(i);
    effects.changed(this.db, key, changes);
    effects.notify(this.db, eventClass, event, key);
  }

  /** As `changed`, for what the real server takes for no change of the key: WATCH and client caches are not told. */
  told(i: number, eventClass: EventClass, event: string, changes = 1): void {
    const { effects } = this;
    effects.dirty += changes;
    if (effects.attentive) effects.notify(this.db, eventClass, event, this.bytes(i));
  }
}
