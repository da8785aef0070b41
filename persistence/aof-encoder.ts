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
import { IdPlace } from '../datatypes/store/id-index.js';
import { StreamId } from '../datatypes/store/stream-id.js';
import { StreamCursor } from '../datatypes/stream-cursor.js';
import type { Consumer, Group } from '../datatypes/stream-group-value.js';
import { Stream } from '../datatypes/stream-value.js';
import { openSortedSet } from '../datatypes/zset-value.js';
import { latin1 } from '../protocol/bytes.js';
import { formatShortest } from '../protocol/doubles.js';
import type { FileFacts, SnapshotEncoder } from './rdb-encoder.js';
import type { RdbWriter } from './rdb-writer.js';

const ELEMENTS_AT_ONCE = 64;
const STAR = 0x2a;
const DOLLAR = 0x24;
const LINE_END = latin1('\r\n');

type Word = string | Uint8Array;

export class AofEncoder implements SnapshotEncoder {
  readonly out: RdbWriter;
  private readonly keyspace: Keyspace;
  private readonly annotates: boolean;
  private database = -1;

  /** @param annotates - Whether to begin with when it was: `aof-timestamp-enabled`. */
  constructor(keyspace: Keyspace, out: RdbWriter, annotates: boolean) {
    this.keyspace = keyspace;
    this.out = out;
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
    if (!entries.hasExpiry(ref)) return;
    const atMs = entries.expireAtMs(ref);
    const exact = atMs <= Number.MAX_SAFE_INTEGER ? atMs : entries.exactExpireAtMs(ref);
    this.request('PEXPIREAT', key, String(exact));
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
    this.streamEntries(key, stream);
    // A stream without entries comes to be by an entry that is cut off at once.
    if (stream.length === 0) this.request('XADD', key, 'MAXLEN', '0', '0-1', 'x', 'y');
    const { lastId, maxDeletedId, entriesAdded } = stream;
    const added = ['ENTRIESADDED', String(entriesAdded), 'MAXDELETEDID', maxDeletedId.toString()];
    this.request('XSETID', key, lastId.toString(), ...added);
    for (const group of stream.groups) this.group(key, group);
  }

  private streamEntries(key: Uint8Array, stream: Stream): void {
    const cursor = new StreamCursor(this.keyspace.arena);
    cursor.begin(stream, new StreamId(), new StreamId().toMax(), false);
    while (cursor.next()) {
      const { node } = cursor;
      const words: Uint8Array[] = [];
      node.startFields();
      while (node.nextField()) {
        node.showField();
        words.push(node.pack.source.slice(node.pack.start, node.pack.end));
        node.showValue();
        words.push(node.pack.source.slice(node.pack.start, node.pack.end));
      }
      this.request('XADD', key, node.id.toString(), ...words);
    }
  }

  private group(key: Uint8Array, group: Group): void {
    const { name, lastId, entriesRead, consumers } = group;
    const read = ['ENTRIESREAD', String(entriesRead)];
    this.request('XGROUP', 'CREATE', key, name, lastId.toString(), ...read);
    for (const consumer of consumers) {
      if (consumer.pending.size > 0) this.pending(key, group, consumer);
      else this.request('XGROUP', 'CREATECONSUMER', key, name, consumer.name);
    }
  }

  private pending(key: Uint8Array, group: Group, consumer: Consumer): void {
    const [mine, place, id] = [new IdPlace(), new IdPlace(), new StreamId()];
    for (let more = consumer.pending.toFirst(mine); more; more = consumer.pending.next(mine)) {
      consumer.pending.readId(mine, id);
      if (!group.seek(id, place)) continue;
      const time = ['TIME', String(group.exactDeliveredAtMs(place))];
      const deliveries = ['RETRYCOUNT', String(group.deliveries(place)), 'JUSTID', 'FORCE'];
      const head = ['XCLAIM', key, group.name, consumer.name, '0', id.toString()];
      this.request(...head, ...time, ...deliveries);
    }
  }

  /** A whole request; texts are Latin-1. */
  request(...words: readonly Word[]): void {
    this.begin(words.length);
    for (const word of words) this.word(word);
  }

  /** Begins a request of `count` words. */
  begin(count: number): void {
    this.line(STAR, count);
  }

  /** One word of a request. */
  word(word: Word): void {
    this.line(DOLLAR, word.length);
    this.out.raw(typeof word === 'string' ? latin1(word) : word);
    this.out.raw(LINE_END);
  }

  private line(mark: number, count: number): void {
    this.out.byte(mark);
    this.out.raw(latin1(String(count)));
    this.out.raw(LINE_END);
  }
}

/** Parts a collection into requests. */
class Batch {
  private readonly encoder: AofEncoder;
  private readonly command: string;
  private readonly key: Uint8Array;
  private readonly wordsPerElement: number;
  /** Elements to come, and those of them that the request begun takes. */
  private left: number;
  private open = 0;

  constructor(
    encoder: AofEncoder,
    command: string,
    key: Uint8Array,
    elements: number,
    wordsPerElement: number,
  ) {
    this.encoder = encoder;
    this.command = command;
    this.key = key;
    this.left = elements;
    this.wordsPerElement = wordsPerElement;
  }

  /** To be called before the words of each element. */
  next(): void {
    if (this.open === 0) {
      this.open = Math.min(this.left, ELEMENTS_AT_ONCE);
      this.encoder.begin(2 + this.open * this.wordsPerElement);
      this.encoder.word(this.command);
      this.encoder.word(this.key);
    }
    this.open--;
    this.left--;
  }
}
