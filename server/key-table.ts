/**
 * Keys that somebody is interested in, by database and name: found by the key's hash, without a string.
 *
 * The keys need not exist. What is kept about each is the item itself, which is a link of its chain.
 */
import type { Database } from '../datatypes/database.js';
import { equalBytes } from '../protocol/bytes.js';

/** What is kept about one key; `key` is a copy of the item's own. */
export class TableKey {
  readonly database: Database;
  readonly key: Uint8Array;
  /** As the keyspace hashes it. */
  readonly hash: number;
  /** The next item of the same place in the table. */
  next: this | null = null;

  constructor(database: Database, key: Uint8Array, hash: number) {
    this.database = database;
    this.key = key;
    this.hash = hash;
  }
}

export class KeyTable<T extends TableKey> {
  /** Keys in the table. */
  size = 0;
  private readonly chains = new Map<number, T>();

  /** What is kept about the key `bytes[start, end)` of that hash. */
  find(
    database: Database,
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): T | undefined {
    let item: T | null = this.chains.get(placeOf(database, hash)) ?? null;
    for (; item !== null; item = item.next) {
      const { key } = item;
      if (item.database === database && equalBytes(key, 0, key.length, bytes, start, end))
        return item;
    }
    return undefined;
  }

  /** Adds an item whose key is not in the table. */
  add(item: T): void {
    const place = placeOf(item.database, item.hash);
    item.next = this.chains.get(place) ?? null;
    this.chains.set(place, item);
    this.size++;
  }

  /** Takes an item of this table out of it. */
  remove(item: T): void {
    const place = placeOf(item.database, item.hash);
    const first = this.chains.get(place);
    if (first === undefined) return;
    if (first === item) {
      if (item.next === null) this.chains.delete(place);
      else this.chains.set(place, item.next);
    } else {
      let before: T = first;
      while (before.next !== null && before.next !== item) before = before.next;
      before.next = item.next;
    }
    item.next = null;
    this.size--;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const first of this.chains.values()) {
      for (let item: T | null = first; item !== null; item = item.next) yield item;
    }
  }

  /** All keys of one database, as they are now. */
  of(database: Database): T[] {
    return [...this].filter((item) => item.database === database);
  }
}

/** A small integer: the map's own hash of it costs nothing. */
function placeOf(database: Database, hash: number): number {
  return (hash ^ Math.imul(database.id, 0x9e3779b1)) | 0;
}
