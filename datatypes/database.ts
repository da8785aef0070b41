/**
 * The keyspace of one server: its databases, and what they share.
 *
 * A database is Dicts over the same entries: all keys, those that expire, and those with elements that do. Everything that looks
 * up, makes, replaces or deletes a key goes through it, so that expiry, access bookkeeping and the second
 * Dict are right by construction. It tells nobody: events are the command layer's, but for a key that goes
 * because its time has come, of which `onExpired` is told.
 */
import { integerLength, writeInteger } from '../protocol/numbers.js';
import { AccessClock } from './access.js';
import type { Clock } from './clock.js';
import { ActiveExpiry } from './expiry.js';
import { isLarge, type LargeValue, LargeValues } from './large-values.js';
import { type FreeStep, LazyFree, type Schedule } from './lazy-free.js';
import { OnExpiry } from './on-expiry.js';
import type { Random } from './random.js';
import { isLazy, Removal } from './removal.js';
import { type KeyspaceSettings, STANDARD_SETTINGS } from './settings.js';
import type { SnapshotGuard } from './snapshot-guard.js';
import { type Arena, NONE, type Ref } from './store/arena.js';
import { Dict } from './store/dict.js';
import {
  ENTRY_KEY_LAYOUT,
  Encoding,
  Entries,
  type EntryShape,
  NEVER,
  Type,
  ValueView,
} from './store/entry.js';
import type { HashFunction } from './store/hash-function.js';
import { embeddedOrRaw, stringEncoding } from './string-encoding.js';

export { OnExpiry } from './on-expiry.js';

/** The hash of a key that somebody worked out already: of `bytes[start, end)`. */
export class KnownHash {
  bytes: Uint8Array = NO_BYTES;
  start = -1;
  end = -1;
  hash = 0;

  forget(): void {
    this.start = -1;
  }
}

const NO_BYTES = new Uint8Array(0);
/** Elements of a value that is freed by the command that lets it go. */
const FREED_AT_ONCE = 64;

/** Whoever waits for keys: what becomes of keys is told to it. */
export interface KeyWaiters {
  /** A key has a new entry, in place of `previous` if it had one. */
  placed(database: Database, previous: Ref, next: Ref): void;
  /** A key goes. */
  removed(database: Database, ref: Ref): void;
  /** A key that was there already has something new for those who wait: a stream got an entry, or lost a group. */
  renewed(database: Database, key: Uint8Array): void;
}

export interface KeyspaceStats {
  hits: number;
  misses: number;
  expired: number;
  /** Elements of values that went because their time had come. */
  expiredFields: number;
}

export interface KeyspaceParts {
  readonly arena: Arena;
  readonly hash: HashFunction;
  readonly clock: Clock;
  readonly random: Random;
  readonly databaseCount: number;
  /** How eagerly expired keys are looked for, 1 (when not given) to 10. */
  readonly activeExpireEffort?: () => number;
  readonly settings?: KeyspaceSettings;
}

export class Keyspace {
  readonly arena: Arena;
  readonly entries: Entries;
  readonly hash: HashFunction;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: KeyspaceSettings;
  readonly accessClock: AccessClock;
  readonly databases: readonly Database[];
  readonly stats: KeyspaceStats = { hits: 0, misses: 0, expired: 0, expiredFields: 0 };
  /** Values that are no single block. */
  readonly largeValues = new LargeValues();

  /** The snapshot that is being taken, if any. */
  snapshot: SnapshotGuard | null = null;

  /** What the server hashed ahead: the key of the command that runs. */
  readonly known = new KnownHash();

  onExpiry: OnExpiry = OnExpiry.remove;
  /** Whether serialized values are taken with any checksum. Set by DEBUG SET-SKIP-CHECKSUM-VALIDATION. */
  skipsChecksums = false;
  /** Whether a string of digits that is set is kept as a number: not when a script sets it. */
  readsIntegers = true;
  /** Whether lookups note the access: off for clients that asked for CLIENT NO-TOUCH. */
  touching = true;
  /** The longest string that may be made, in bytes: `proto-max-bulk-len`. */
  maxStringBytes: () => number = () => 512 * 1024 * 1024;
  /** Told before an expired key goes. */
  onExpired: (database: Database, ref: Ref) => void = () => {};
  /** Told after elements of a value went because their time had come. */
  onElementsExpired: (database: Database, ref: Ref, elements: readonly Uint8Array[]) => void =
    () => {};
  /** Told before a key goes whose last element's time had come. */
  onEmptied: (database: Database, ref: Ref) => void = () => {};
  /** Told of a key that was not there and is now; its value need not be written yet. */
  onCreated: (database: Database, ref: Ref) => void = () => {};
  /** Told after FLUSHALL emptied all databases. */
  onFlushedAll: () => void = () => {};
  /** Told what is wrong with a value that was handed in, in words for the log. */
  onDamage: (message: string) => void = () => {};
  /** Told what becomes of keys; null while nobody waits for any. */
  waiters: KeyWaiters | null = null;
  /** Told of a read that finds no key: `bytes[start, end)`. */
  onMissed: (database: Database, bytes: Uint8Array, start: number, end: number) => void = () => {};

  /** Told how long a large value took that was freed at once. */
  onFreed: (removal: Removal, ms: number) => void = () => {};

  /** Frees in slices what is too large to be freed at once. */
  readonly lazyFree: LazyFree;
  /** Deletes expired keys that nobody asks for. */
  readonly activeExpiry: ActiveExpiry;
  /** How work is put off. */
  schedule: Schedule;

  private readonly owned = new Map<new () => object, object>();

  constructor(parts: KeyspaceParts) {
    this.arena = parts.arena;
    this.entries = new Entries(parts.arena);
    this.hash = parts.hash;
    this.clock = parts.clock;
    this.random = parts.random;
    this.settings = parts.settings ?? STANDARD_SETTINGS;
    this.accessClock = new AccessClock(parts.clock, parts.random);
    this.databases = Array.from({ length: parts.databaseCount }, (_, id) => new Database(this, id));
    this.schedule = (delayMs, task) => parts.clock.after(delayMs, task);
    this.lazyFree = new LazyFree(
      parts.clock,
      (delayMs, task) => this.schedule(delayMs, task),
      (ref) => this.releaseEntry(ref),
    );
    this.activeExpiry = new ActiveExpiry(this, parts.activeExpireEffort ?? (() => 1));
  }

  /** Ends work in the background, and frees what waits to be freed. */
  stop(): void {
    this.activeExpiry.stop();
    this.lazyFree.drain();
  }

  /** Releases, when it suits, all entries of a Dict that a database gave up by `detachAll`. */
  freeLater(dict: Dict): void {
    this.lazyFree.addDict(dict);
  }

  /** The database of this number, which is in use from now on; undefined when there is none. */
  use(index: number): Database | undefined {
    const database = this.databases[index];
    if (database !== undefined) database.wasUsed = true;
    return database;
  }

  /** Keys in all databases. */
  get size(): number {
    return this.databases.reduce((sum, database) => sum + database.keys.size, 0);
  }

  /** This keyspace's one instance of a class, made at first need: scratch memory of the layers above. */
  own<T extends object>(maker: new () => T): T {
    let instance = this.owned.get(maker);
    if (instance === undefined) {
      instance = new maker();
      this.owned.set(maker, instance);
    }
    return instance as T;
  }

  /** The hash of key `bytes[start, end)`. */
  keyHash(bytes: Uint8Array, start: number, end: number): number {
    const { known } = this;
    if (start === known.start && end === known.end && bytes === known.bytes) return known.hash;
    return this.hash.hash(bytes, start, end);
  }

  /** The access word of an entry made now. */
  initialAccess(): number {
    return this.accessClock.initial();
  }

  /** The access word of an entry that is met now and had `previous`. */
  nextAccess(previous: number): number {
    return this.accessClock.next(previous);
  }

  /** Releases all entries of a Dict, and its own memory. */
  releaseAll(dict: Dict): void {
    dict.forEach((ref) => {
      this.releaseEntry(ref);
    });
    dict.clear();
  }

  /** Gives up one hold on an entry; the last one frees it and its value. */
  releaseEntry(ref: Ref, removal: Removal = Removal.replaced): void {
    const { arena, entries } = this;
    if (arena.references(ref) === 1 && entries.isApart(ref)) {
      const value = entries.value(ref);
      if (isLarge(entries.encoding(ref))) this.releaseLarge(value, removal);
      else arena.release(value);
    }
    arena.release(ref);
  }

  private releaseLarge(handle: Ref, removal: Removal): void {
    const value = this.largeValues.release(handle);
    if (value === null) return;
    this.free(value.size, () => value.freeSome(), removal);
  }

  /**
   * Frees what has so many elements, step by step: at once when they are few, or the settings will have it so,
   * else between the turns of clients.
   */
  free(elements: number, step: FreeStep, removal: Removal = Removal.replaced): void {
    const { clock } = this;
    if (elements <= FREED_AT_ONCE) while (!step());
    else if (isLazy(removal, this.settings)) this.lazyFree.addValue(step);
    else {
      const startMs = clock.elapsedMs();
      while (!step());
      this.onFreed(removal, clock.elapsedMs() - startMs);
    }
  }

  /**
   * The large value of an entry.
   *
   * @param kind - The class that values of the entry's type and encoding have.
   */
  large<T extends LargeValue>(ref: Ref, kind: abstract new (...parts: never[]) => T): T {
    const value = this.largeValues.get(this.entries.value(ref));
    if (!(value instanceof kind)) throw new TypeError(`The value is no ${kind.name}`);
    return value;
  }

  /**
   * Bytes of the arena that an entry and its value take: exact for single blocks, and what a large value makes
   * of `samples` elements (0: all). The tables that name the entry are not counted.
   */
  entryBytes(ref: Ref, samples: number): number {
    const { arena, entries } = this;
    const own = arena.capacity(ref);
    if (!entries.isApart(ref)) return own;
    const value = entries.value(ref);
    if (isLarge(entries.encoding(ref))) return own + this.largeValues.get(value).bytes(samples);
    return own + arena.capacity(value);
  }

  /** Adds a hold on the value of `ref`, for a second entry. */
  retainValue(ref: Ref): void {
    const value = this.entries.value(ref);
    if (isLarge(this.entries.encoding(ref))) this.largeValues.retain(value);
    else this.arena.retain(value);
  }
}

export class Database {
  /** Its number, as SELECT takes it. */
  readonly id: number;
  /** All keys. */
  keys: Dict;
  /** Those of `keys` that have an expiry: the same entries. */
  expires: Dict;
  /** Those of `keys` whose value has elements that expire. */
  volatile: Dict;
  readonly keyspace: Keyspace;
  /** Whether a request or a file ever named it: MEMORY STATS tells of those. */
  wasUsed: boolean;

  private readonly entries: Entries;
  private readonly value = new ValueView();

  constructor(keyspace: Keyspace, id: number) {
    this.id = id;
    this.wasUsed = id === 0;
    this.keyspace = keyspace;
    this.entries = keyspace.entries;
    this.keys = new Dict(keyspace.arena, ENTRY_KEY_LAYOUT);
    this.expires = new Dict(keyspace.arena, ENTRY_KEY_LAYOUT);
    this.volatile = new Dict(keyspace.arena, ENTRY_KEY_LAYOUT);
  }

  /** The key's hash, for the calls below that want it. */
  hashOf(ref: Ref): number {
    const { entries } = this;
    const start = entries.keyStart(ref);
    const page = this.keyspace.arena.bytes[ref >>> 16] as Uint8Array;
    return this.keyspace.keyHash(page, start, start + entries.keyLength(ref));
  }

  /** The entry of key `bytes[start, end)`, or NONE: counted as a hit or a miss, its access noted. */
  findForRead(bytes: Uint8Array, start: number, end: number): Ref {
    const ref = this.peek(bytes, start, end);
    if (ref === NONE) {
      this.keyspace.stats.misses++;
      this.keyspace.onMissed(this, bytes, start, end);
      return NONE;
    }
    this.keyspace.stats.hits++;
    this.touch(ref);
    return ref;
  }

  /** As `findForRead`, but the access is not noted: TTL, TYPE, EXISTS. */
  inspect(bytes: Uint8Array, start: number, end: number): Ref {
    const { keyspace } = this;
    const { touching } = keyspace;
    keyspace.touching = false;
    const ref = this.findForRead(bytes, start, end);
    keyspace.touching = touching;
    return ref;
  }

  /**
   * As `findForRead`, for a command that is going to write: counts neither hit nor miss, and deletes
   * an expired entry even where reads only hide it.
   */
  findForWrite(bytes: Uint8Array, start: number, end: number): Ref {
    const hash = this.keyspace.keyHash(bytes, start, end);
    const ref = this.keys.find(hash, bytes, start, end);
    if (ref === NONE) return NONE;
    if (this.isGone(ref)) {
      this.expire(hash, ref);
      return NONE;
    }
    if (this.keyspace.snapshot !== null) this.keyspace.snapshot.beforeChange(this, ref);
    this.touch(ref);
    return ref;
  }

  /** To be called before the value of an entry changes that was not looked up by `findForWrite`. */
  beforeChange(ref: Ref): void {
    this.keyspace.snapshot?.beforeChange(this, ref);
  }

  /** The entry without any trace of the look, but that an expired one goes. */
  peek(bytes: Uint8Array, start: number, end: number): Ref {
    const hash = this.keyspace.keyHash(bytes, start, end);
    return this.alive(hash, this.keys.find(hash, bytes, start, end));
  }

  /** Whether the entry's time has come. */
  hasExpired(ref: Ref): boolean {
    const atMs = this.entries.expireAtMs(ref);
    return atMs !== NEVER && this.keyspace.clock.now() > atMs;
  }

  /** Whether the entry's time has come, and that matters to whoever runs now. */
  isGone(ref: Ref): boolean {
    if (!this.entries.hasExpiry(ref) || !this.hasExpired(ref)) return false;
    return this.keyspace.onExpiry !== OnExpiry.ignore;
  }

  /** NONE for an entry whose time has come (which may thereby go), else the entry. */
  private alive(hash: number, ref: Ref): Ref {
    if (ref === NONE || !this.isGone(ref)) return ref;
    if (this.keyspace.onExpiry === OnExpiry.remove) this.expire(hash, ref);
    return NONE;
  }

  /** Deletes an entry because its time has come. */
  expire(hash: number, ref: Ref): void {
    this.keyspace.stats.expired++;
    this.keyspace.onExpired(this, ref);
    this.removeEntry(hash, ref, Removal.expired);
  }

  private touch(ref: Ref): void {
    const { keyspace } = this;
    if (keyspace.touching)
      this.entries.setAccess(ref, keyspace.nextAccess(this.entries.access(ref)));
  }

  /** Points the shared view at a string entry's bytes: good until the next call. */
  stringAt(ref: Ref): ValueView {
    return this.entries.view(ref, this.value);
  }

  /**
   * Sets key `key[keyStart, keyEnd)` to a string, whatever it was before.
   *
   * @param expireAtMs - ms since 1970, or NEVER.
   * @param encoding - As OBJECT ENCODING shall tell it; by default what the real server would choose.
   */
  setString(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    expireAtMs: number,
    encoding?: Encoding,
  ): void {
    const length = end - start;
    const { keyspace, entries, value } = this;
    const hash = keyspace.keyHash(key, keyStart, keyEnd);
    const previous = this.findToReplace(hash, key, keyStart, keyEnd);
    // The real server makes the new value before it takes the old one's expiry away.
    const expires = expireAtMs !== NEVER || (previous !== NONE && entries.hasExpiry(previous));
    const kind =
      encoding ??
      (keyspace.readsIntegers
        ? stringEncoding(bytes, start, end, keyEnd - keyStart, expires)
        : embeddedOrRaw(length, keyEnd - keyStart, expires));
    const access = keyspace.initialAccess();
    if (previous !== NONE && expireAtMs === NEVER) {
      if (entries.overwrite(previous, bytes, start, length, kind, access)) return;
    }
    const ref = entries.create(
      key,
      keyStart,
      keyEnd,
      Type.string,
      kind,
      expireAtMs,
      access,
      length,
    );
    entries.view(ref, value);
    entries.write(value.block, value.start, bytes, start, length);
    if (previous !== NONE) this.copyFarExpiry(previous, ref, expireAtMs);
    this.putEntry(hash, previous, ref);
  }

  /**
   * Sets key `key[keyStart, keyEnd)` to the digits of a safe integer.
   *
   * @param ref - The string that the key holds now, whose expiry stays, or NONE.
   */
  setInteger(key: Uint8Array, keyStart: number, keyEnd: number, ref: Ref, integer: number): void {
    const { entries, value } = this;
    const length = integerLength(integer);
    if (ref !== NONE && length <= entries.room(ref) && entries.isSole(ref)) {
      entries.setLength(ref, length);
      entries.setEncoding(ref, Encoding.int);
      entries.view(ref, value);
      writeInteger(integer, value.bytes, value.start);
      return;
    }
    const { keyspace } = this;
    const next = entries.create(
      key,
      keyStart,
      keyEnd,
      Type.string,
      Encoding.int,
      ref === NONE ? NEVER : entries.expireAtMs(ref),
      keyspace.initialAccess(),
      length,
    );
    entries.view(next, value);
    writeInteger(integer, value.bytes, value.start);
    if (ref !== NONE) this.copyFarExpiry(ref, next, entries.expireAtMs(ref));
    this.putEntry(keyspace.keyHash(key, keyStart, keyEnd), ref, next);
  }

  /** The entry that a new value of the key takes the place of, or NONE. One whose time has come goes as such. */
  private findToReplace(hash: number, key: Uint8Array, keyStart: number, keyEnd: number): Ref {
    const ref = this.keys.find(hash, key, keyStart, keyEnd);
    if (ref === NONE) return NONE;
    if (this.keyspace.snapshot !== null) this.keyspace.snapshot.beforeChange(this, ref);
    if (!this.entries.hasExpiry(ref) || !this.hasExpired(ref)) return ref;
    if (this.keyspace.onExpiry !== OnExpiry.remove) return ref;
    this.expire(hash, ref);
    return NONE;
  }

  /**
   * Puts a new entry where `previous`, an entry of the same key or NONE, stands, and releases that.
   * The new one's expiry decides whether the key is among those that expire.
   */
  putEntry(hash: number, previous: Ref, next: Ref): void {
    const expires = this.entries.hasExpiry(next);
    if (previous === NONE) {
      this.keys.insert(hash, next);
      if (expires) this.expires.insert(hash, next);
      if (this.entries.isVolatile(next)) this.volatile.insert(hash, next);
      this.keyspace.onCreated(this, next);
      this.keyspace.waiters?.placed(this, NONE, next);
      return;
    }
    this.beforeChange(previous);
    this.keyspace.waiters?.placed(this, previous, next);
    this.keys.replace(hash, previous, next);
    const expired = this.entries.hasExpiry(previous);
    if (expires && expired) this.expires.replace(hash, previous, next);
    else if (expires) this.expires.insert(hash, next);
    else if (expired) this.expires.remove(hash, previous);
    if (this.entries.isVolatile(previous)) this.volatile.remove(hash, previous);
    if (this.entries.isVolatile(next)) this.volatile.insert(hash, next);
    this.keyspace.releaseEntry(previous);
  }

  /** Notes whether the value of an entry of this database has elements that expire. */
  setVolatile(ref: Ref, isVolatile: boolean): void {
    if (this.entries.isVolatile(ref) === isVolatile) return;
    this.entries.setVolatile(ref, isVolatile);
    if (isVolatile) this.volatile.insert(this.hashOf(ref), ref);
    else this.volatile.remove(this.hashOf(ref), ref);
  }

  /** Adds an entry made for this database whose key is not in it. */
  addEntry(ref: Ref): void {
    this.putEntry(this.hashOf(ref), NONE, ref);
  }

  /**
   * Lets a string's value grow (or shrink) to `length` bytes, keeping what it has up to that; bytes beyond
   * the old length are undefined. Returns the entry, which may have moved. The shared view shows the value.
   */
  resizeString(ref: Ref, length: number): Ref {
    const { entries } = this;
    if (length <= entries.room(ref) && entries.isSole(ref)) {
      entries.setLength(ref, length);
      entries.setEncoding(ref, Encoding.raw);
      entries.view(ref, this.value);
      return ref;
    }
    const old = entries.view(ref, new ValueView());
    // A value that grew once is likely to grow again: long ones get a quarter more than they need.
    const spare = length > old.length ? Math.min(length >>> 2, 1024 * 1024) : 0;
    const key = entries.key(ref);
    const next = entries.create(
      key,
      0,
      key.length,
      Type.string,
      Encoding.raw,
      entries.expireAtMs(ref),
      entries.access(ref),
      length,
      spare,
    );
    entries.view(next, this.value);
    const kept = Math.min(length, old.length);
    this.value.bytes.set(old.bytes.subarray(old.start, old.start + kept), this.value.start);
    this.copyFarExpiry(ref, next, entries.expireAtMs(ref));
    this.putEntry(this.hashOf(ref), ref, next);
    return next;
  }

  /** Gives the entry an expiry (ms since 1970), or with NEVER takes it away. Returns the entry, which may have moved. */
  setExpiry(ref: Ref, expireAtMs: number): Ref {
    const { entries } = this;
    this.beforeChange(ref);
    if (expireAtMs !== NEVER && entries.hasExpiry(ref)) {
      entries.setExpireAtMs(ref, expireAtMs);
      return ref;
    }
    if (expireAtMs === NEVER && !entries.hasExpiry(ref)) return ref;
    const next = this.withKey(entries.key(ref), ref, expireAtMs);
    // The room an expiry takes counts: it can be what makes a string too long to be embedded.
    if (entries.encoding(next) === Encoding.embstr && expireAtMs !== NEVER) {
      const { length } = entries.view(next, this.value);
      entries.setEncoding(next, embeddedOrRaw(length, entries.keyLength(next), true));
    }
    this.putEntry(this.hashOf(ref), ref, next);
    return next;
  }

  /** When the entry expires: ms since 1970 (a BigInt beyond 2^53), or NEVER. */
  expiryOf(ref: Ref): number | bigint {
    const atMs = this.entries.expireAtMs(ref);
    return atMs <= Number.MAX_SAFE_INTEGER ? atMs : this.entries.exactExpireAtMs(ref);
  }

  /** As `setExpiry`, for any moment: those before 1970 count as 1970, and those beyond 2^53 stay exact. */
  setExactExpiry(ref: Ref, expireAtMs: number | bigint): Ref {
    const next = this.setExpiry(ref, Math.max(0, Number(expireAtMs)));
    if (expireAtMs > Number.MAX_SAFE_INTEGER) {
      this.entries.setExactExpireAtMs(next, BigInt(expireAtMs));
    }
    return next;
  }

  /**
   * A new entry under `key` that shares the value of `ref` where it stands apart, or copies it where it
   * stands inside. It is in no Dict yet.
   */
  withKey(key: Uint8Array, ref: Ref, expireAtMs: number): Ref {
    const { entries, keyspace } = this;
    const type = entries.type(ref);
    const access = entries.access(ref);
    let encoding = entries.encoding(ref);
    if (entries.isApart(ref)) {
      keyspace.retainValue(ref);
      const shape: EntryShape = { type, encoding, expireAtMs, access };
      const length = type === Type.string ? entries.view(ref, this.value).length : 0;
      const next = entries.createApart(key, 0, key.length, shape, entries.value(ref), length);
      entries.setVolatile(next, entries.isVolatile(ref));
      this.copyFarExpiry(ref, next, expireAtMs);
      return next;
    }
    const old = entries.view(ref, new ValueView());
    // A longer key, or an expiry, may push out what the real server had embedded.
    if (encoding === Encoding.embstr) {
      encoding = embeddedOrRaw(old.length, key.length, expireAtMs !== NEVER);
    }
    const next = entries.create(key, 0, key.length, type, encoding, expireAtMs, access, old.length);
    const { bytes, start } = entries.view(next, this.value);
    bytes.set(old.bytes.subarray(old.start, old.end), start);
    this.copyFarExpiry(ref, next, expireAtMs);
    return next;
  }

  /** As `withKey`, but neither entry sees what becomes of the other: COPY. */
  copyWithKey(key: Uint8Array, ref: Ref, expireAtMs: number): Ref {
    const { entries, keyspace } = this;
    const next = this.withKey(key, ref, expireAtMs);
    if (isLarge(entries.encoding(ref))) {
      const { largeValues } = keyspace;
      const handle = entries.value(ref);
      const copy = largeValues.get(handle).duplicate();
      entries.setValue(next, largeValues.add(copy), 0);
      entries.setVolatile(next, copy.isVolatile === true);
      largeValues.release(handle);
    }
    return next;
  }

  /**
   * Adds the key `key[start, end)` with a collection for its value: `value` is a listpack's or intset's block,
   * or the handle of a large value. `previous` is the entry that the key has, which goes, or NONE.
   */
  addCollection(
    key: Uint8Array,
    start: number,
    end: number,
    type: Type,
    encoding: Encoding,
    value: Ref,
    previous: Ref = NONE,
  ): Ref {
    const { entries, keyspace } = this;
    const access = keyspace.initialAccess();
    const shape: EntryShape = { type, encoding, expireAtMs: NEVER, access };
    const ref = entries.createApart(key, start, end, shape, value, 0);
    this.putEntry(keyspace.keyHash(key, start, end), previous, ref);
    return ref;
  }

  /** Gives `next` what its copied expiry lost as a number: moments beyond 2^53 are exact in entries only. */
  private copyFarExpiry(ref: Ref, next: Ref, expireAtMs: number): void {
    const { entries } = this;
    if (expireAtMs <= Number.MAX_SAFE_INTEGER || expireAtMs !== entries.expireAtMs(ref)) return;
    entries.setExactExpireAtMs(next, entries.exactExpireAtMs(ref));
  }

  /**
   * Deletes the key `bytes[start, end)`. False when it is not there, or its time has come; but one that
   * is only hidden for that counts as there.
   */
  delete(
    bytes: Uint8Array,
    start: number,
    end: number,
    removal: Removal = Removal.replaced,
  ): boolean {
    const hash = this.keyspace.keyHash(bytes, start, end);
    const ref = this.keys.find(hash, bytes, start, end);
    if (ref === NONE) return false;
    if (this.keyspace.onExpiry === OnExpiry.remove && this.isGone(ref)) {
      this.expire(hash, ref);
      return false;
    }
    this.removeEntry(hash, ref, removal);
    return true;
  }

  /** Deletes the key to make way for another value: whether its time has come makes no difference. */
  discard(bytes: Uint8Array, start: number, end: number): boolean {
    const hash = this.keyspace.keyHash(bytes, start, end);
    const ref = this.keys.find(hash, bytes, start, end);
    if (ref === NONE) return false;
    this.removeEntry(hash, ref);
    return true;
  }

  /** Takes an entry out of the database and releases it. */
  removeEntry(hash: number, ref: Ref, removal: Removal = Removal.replaced): void {
    this.detachEntry(hash, ref);
    this.keyspace.releaseEntry(ref, removal);
  }

  /** Takes an entry out of the database; its hold is now the caller's. */
  detachEntry(hash: number, ref: Ref): void {
    this.beforeChange(ref);
    this.keyspace.waiters?.removed(this, ref);
    if (this.entries.hasExpiry(ref)) this.expires.remove(hash, ref);
    if (this.entries.isVolatile(ref)) this.volatile.remove(hash, ref);
    this.keys.remove(hash, ref);
  }

  /** Deletes everything at once. Returns how many keys there were. */
  clear(): number {
    const { size } = this.keys;
    const { keyspace } = this;
    const keys = this.detachAll();
    if (!keyspace.snapshot?.takesTable(keys)) keyspace.releaseAll(keys);
    return size;
  }

  /** Empties the database in an instant: its entries are released in the background. */
  clearLater(): void {
    const { keyspace } = this;
    const keys = this.detachAll();
    if (!keyspace.snapshot?.takesTable(keys)) keyspace.freeLater(keys);
  }

  /** Empties the database in an instant: what it held is in the returned Dict, for the caller to release. */
  detachAll(): Dict {
    const { keys } = this;
    this.expires.clear();
    this.volatile.clear();
    this.keys = new Dict(this.keyspace.arena, ENTRY_KEY_LAYOUT);
    return keys;
  }

  /** Exchanges all contents with another database. */
  swapWith(other: Database): void {
    [this.keys, other.keys] = [other.keys, this.keys];
    [this.expires, other.expires] = [other.expires, this.expires];
    [this.volatile, other.volatile] = [other.volatile, this.volatile];
  }
}
