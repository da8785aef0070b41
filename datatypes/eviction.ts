/**
 * Eviction: which key goes when memory is short.
 *
 * The policies `lru`, `lfu` and `ttl` want the key that is the least worth keeping of all, but to know it
 * would take a list of all keys in that order. Instead a few keys of each database are drawn at random, and
 * the worst of all that were ever drawn are kept in a pool of sixteen: the worst of the pool goes next. The
 * more samples, the closer to the exact order.
 *
 * The pool names entries by database, hash and reference. By the time one's turn comes it may be gone: then
 * its table does not know it under that hash, and it is passed over.
 */
import type { Database, Keyspace } from './database.js';
import { Removal } from './removal.js';
import { NONE, type Ref } from './store/arena.js';
import type { Dict } from './store/dict.js';

export interface EvictionSettings {
  /** `allkeys-` or `volatile-`, with `lru`, `lfu`, `random` or `ttl`; or `noeviction`. */
  readonly maxmemoryPolicy: string;
  /** Keys drawn from each database for one decision. */
  readonly maxmemorySamples: number;
}

const POOL_SIZE = 16;
const LARGEST_COUNT = 255;
/** Tables are tried again this often when all that was drawn is gone by now. */
const ATTEMPTS = 3;

/** What makes one key less worth keeping than another. */
const ORDERS = ['lru', 'lfu', 'ttl', 'random'] as const;
type Order = (typeof ORDERS)[number];

/** The worst keys of all that were drawn, the very worst last. */
class Pool {
  size = 0;
  private readonly scores = new Float64Array(POOL_SIZE);
  private readonly hashes = new Float64Array(POOL_SIZE);
  private readonly refs = new Float64Array(POOL_SIZE);
  private readonly ids = new Int32Array(POOL_SIZE);

  /** Whether an entry of this score would be taken in. */
  wants(score: number): boolean {
    return this.size < POOL_SIZE || score > (this.scores[0] as number);
  }

  /** Offers an entry of database `id`; the higher its score, the less it is worth keeping. */
  offer(id: number, hash: number, ref: Ref, score: number): void {
    const { scores, size } = this;
    if (!this.wants(score)) return;
    for (let i = 0; i < size; i++) if (this.refs[i] === ref) return;
    let place = size;
    while (place > 0 && (scores[place - 1] as number) > score) place--;
    if (size < POOL_SIZE) {
      this.move(place, place + 1, size - place);
      this.size++;
    } else {
      // The least bad one makes way.
      place--;
      this.move(1, 0, place);
    }
    scores[place] = score;
    this.hashes[place] = hash;
    this.refs[place] = ref;
    this.ids[place] = id;
  }

  /** Takes out the worst ones until `accept` takes one; false when there is none such. */
  take(accept: (id: number, hash: number, ref: Ref) => boolean): boolean {
    while (this.size > 0) {
      const i = --this.size;
      if (accept(this.ids[i] as number, this.hashes[i] as number, this.refs[i] as number)) {
        return true;
      }
    }
    return false;
  }

  private move(from: number, to: number, count: number): void {
    this.scores.copyWithin(to, from, from + count);
    this.hashes.copyWithin(to, from, from + count);
    this.refs.copyWithin(to, from, from + count);
    this.ids.copyWithin(to, from, from + count);
  }
}

export class Eviction {
  /** Told before a key goes. */
  onEvicted: (database: Database, ref: Ref) => void = () => {};

  private readonly keyspace: Keyspace;
  private readonly settings: EvictionSettings;
  private pool = new Pool();
  /** The policy the pool's scores are of, as `follow` took it apart. */
  private policy = '';
  private order: Order = 'random';
  private anyKey = false;
  /** Where the next random key comes from. */
  private nextDatabase = 0;
  private readonly evict = (id: number, hash: number, ref: Ref): boolean => {
    const database = this.keyspace.databases[id] as Database;
    if (!this.tableOf(database).has(hash, ref)) return false;
    this.remove(database, hash, ref);
    return true;
  };

  constructor(keyspace: Keyspace, settings: EvictionSettings) {
    this.keyspace = keyspace;
    this.settings = settings;
  }

  /** Deletes the key that the policy finds the least worth keeping. False when it finds none. */
  evictOne(): boolean {
    const { maxmemoryPolicy } = this.settings;
    if (maxmemoryPolicy === 'noeviction') return false;
    if (maxmemoryPolicy !== this.policy) this.follow(maxmemoryPolicy);
    if (this.order === 'random') return this.evictRandom();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (!this.sample()) return false;
      if (this.pool.take(this.evict)) return true;
    }
    return false;
  }

  private follow(policy: string): void {
    this.pool = new Pool();
    this.policy = policy;
    this.order = ORDERS.find((order) => policy.endsWith(order)) ?? 'random';
    this.anyKey = policy.startsWith('allkeys');
  }

  private remove(database: Database, hash: number, ref: Ref): void {
    this.onEvicted(database, ref);
    database.removeEntry(hash, ref, Removal.evicted);
  }

  private tableOf(database: Database): Dict {
    return this.anyKey ? database.keys : database.expires;
  }

  private evictRandom(): boolean {
    const { databases, random } = this.keyspace;
    for (let i = 0; i < databases.length; i++) {
      const database = databases[this.nextDatabase] as Database;
      this.nextDatabase = (this.nextDatabase + 1) % databases.length;
      const ref = this.tableOf(database).random(random);
      if (ref === NONE) continue;
      this.remove(database, database.hashOf(ref), ref);
      return true;
    }
    return false;
  }

  /** Draws from every database. False when there is nothing to draw from. */
  private sample(): boolean {
    let any = false;
    for (const database of this.keyspace.databases) {
      const table = this.tableOf(database);
      if (table.size === 0) continue;
      any = true;
      this.sampleFrom(database, table);
    }
    return any;
  }

  private sampleFrom(database: Database, table: Dict): void {
    const { maxmemorySamples } = this.settings;
    if (table.size <= maxmemorySamples) {
      table.forEach((ref, hash) => {
        this.pool.offer(database.id, hash, ref, this.score(ref));
      });
      return;
    }
    for (let i = 0; i < maxmemorySamples; i++) {
      const ref = table.random(this.keyspace.random);
      const score = this.score(ref);
      // Most are not wanted: their keys need not be hashed.
      if (this.pool.wants(score)) {
        this.pool.offer(database.id, database.hashOf(ref), ref, score);
      }
    }
  }

  private score(ref: Ref): number {
    const { accessClock, entries } = this.keyspace;
    if (this.order === 'ttl') return -entries.expireAtMs(ref);
    if (this.order === 'lfu') {
      return LARGEST_COUNT - accessClock.frequency(entries.access(ref));
    }
    return accessClock.idleSeconds(entries.access(ref));
  }
}
