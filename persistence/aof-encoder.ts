/**
 * Writes data as the requests that make it: the base of an append-only file without an RDB part.
 *
 * Large collections take several requests, of 64 elements each.
 */
import type { Database, Keyspace } from '../datatypes/database.js';
import { HashLens } from '../datatypes/hash-value.js';
import { listsOf } from '../datatypes/list-values.js';
import { SetValue } from '../datatypes/set-value.js';
import type { Ref } from '../datatypes/store/arena.js';
import { Encoding, NEVER, Type, ValueView } from '../datatypes/store/entry.js';
import { FieldTable } from '../datatypes/store/field-table.js';
import { Stream } from '../datatypes/stream-value.js';
import { openSortedSet } from '../datatypes/zset-value.js';
import { latin1 } from '../protocol/bytes.js';
import { formatShortest } from '../protocol/doubles.js';
import { freezeAsRequests } from './aof-frozen.js';
import { AofRequests, Batch } from './aof-requests.js';
import { streamRequests } from './aof-stream.js';
import type { FrozenValue } from './frozen-value.js';
import type { FileFacts, SnapshotEncoder } from './rdb-encoder.js';
import type { RdbWriter } from './rdb-writer.js';

export class AofEncoder extends AofRequests implements SnapshotEncoder {
  private readonly keyspace: Keyspace;
  private readonly annotates: boolean;
  private database = -1;

  /** @param annotates - Whether to begin with when it was: `aof-timestamp-enabled`. */
  constructor(keyspace: Keyspace, out: RdbWriter, annotates: boolean) {
    super(out);
    this.keyspace = keyspace;
    this.annotates = annotates;
  }

  head(facts: FileFacts): void {
    if (this.annotates) this.out.raw(latin1(`#TS:${facts.createdAtSeconds}\r\n`));
    for (const library of facts.functionLibraries) this.request('FUNCTION', 'LOAD', library);
  }

  announce(): void {}

  forgetDatabase(): void {
    this.database = -1;
  }

  end(): void {}

  select(database: number): void {
    this.database = database;
    this.request('SELECT', String(database));
  }

  /** A key with its value. */
  entry(database: number, ref: Ref): void {
    if (database !== this.database) this.select(database);
    const { entries } = this.keyspace;
    const key = entries.key(ref);
    this.value(key, ref);
    const expiry = this.expiryOf(ref);
    if (expiry !== null) this.request('PEXPIREAT', key, expiry);
  }

  freeze(ref: Ref): FrozenValue | null {
    return freezeAsRequests(this.keyspace, this, ref, this.expiryOf(ref));
  }

  /** When a key expires, ms since 1970; null when it does not. */
  private expiryOf(ref: Ref): string | null {
    const { entries } = this.keyspace;
    if (!entries.hasExpiry(ref)) return null;
    const atMs = entries.expireAtMs(ref);
    return String(atMs <= Number.MAX_SAFE_INTEGER ? atMs : entries.exactExpireAtMs(ref));
  }

  private value(key: Uint8Array, ref: Ref): void {
    const { keyspace } = this;
    switch (keyspace.entries.type(ref)) {
      case Type.string:
        return this.string(key, ref);
      case Type.list:
        return this.list(key, ref);
      case Type.set:
        return this.set(key, ref);
      case Type.zset:
        return this.sortedSet(key, ref);
      case Type.hash:
        return this.hash(key, ref);
      default:
        return this.stream(key, keyspace.large(ref, Stream));
    }
  }

  private string(key: Uint8Array, ref: Ref): void {
    const { bytes, start, end } = (this.keyspace.databases[0] as Database).stringAt(ref);
    this.request('SET', key, bytes.subarray(start, end));
  }

  private list(key: Uint8Array, ref: Ref): void {
    const lists = listsOf(this.keyspace);
    const batch = new Batch(this, 'RPUSH', key, lists.length(ref), 1);
    const cursor = lists.open(ref);
    for (let at = cursor.moveTo(0); at; at = cursor.next()) {
      cursor.read();
      batch.next();
      this.word(cursor.source.subarray(cursor.start, cursor.end));
    }
    cursor.close();
  }

  private set(key: Uint8Array, ref: Ref): void {
    const set = new SetValue(this.keyspace).open(ref);
    const batch = new Batch(this, 'SADD', key, set.size, 1);
    set.forEach((bytes, start, end) => {
      batch.next();
      this.word(bytes.subarray(start, end));
    });
  }

  private sortedSet(key: Uint8Array, ref: Ref): void {
    const set = openSortedSet(this.keyspace, ref);
    const batch = new Batch(this, 'ZADD', key, set.size, 2);
    set.walk(0, set.size, false, (bytes, start, end, score) => {
      batch.next();
      this.word(formatShortest(score));
      this.word(bytes.subarray(start, end));
    });
  }

  private hash(key: Uint8Array, ref: Ref): void {
    const { keyspace } = this;
    const isPacked = keyspace.entries.encoding(ref) === Encoding.listpack;
    const table = isPacked ? null : keyspace.large(ref, FieldTable);
    if (table?.isVolatile) return this.timedHash(key, table);
    const lens = keyspace.own(HashLens).open(keyspace, ref);
    const batch = new Batch(this, 'HMSET', key, lens.size, 2);
    lens.forEach((field, value) => {
      batch.next();
      this.word(field.bytes.subarray(field.start, field.end));
      this.word(value.bytes.subarray(value.start, value.end));
    });
  }

  /** Fields that expire first, each by itself. */
  private timedHash(key: Uint8Array, table: FieldTable): void {
    const field = new ValueView();
    const value = new ValueView();
    const lasting: Ref[] = [];
    const bytesOf = ({ bytes, start, end }: ValueView) => bytes.subarray(start, end);
    const view = (ref: Ref) => {
      table.viewField(ref, field);
      table.viewValue(ref, value);
    };
    table.fields.forEach((ref) => {
      const moment = table.momentOf(ref);
      if (moment === NEVER) {
        lasting.push(ref);
        return;
      }
      view(ref);
      const words = [bytesOf(field), bytesOf(value)];
      this.request('HSETEX', key, 'PXAT', String(moment), 'FIELDS', '1', ...words);
    });
    const batch = new Batch(this, 'HMSET', key, lasting.length, 2);
    for (const ref of lasting) {
      view(ref);
      batch.next();
      this.word(bytesOf(field));
      this.word(bytesOf(value));
    }
  }

  private stream(key: Uint8Array, stream: Stream): void {
    const parts = streamRequests(this, key, stream);
    while (!parts.next().done);
  }
}
