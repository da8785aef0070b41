/**
 * A hash as its commands see it: the same questions to a small one, packed in a listpack, and to a large one.
 *
 * A `HashLens` is opened on a key's entry, asked and changed, and after changes settled: only then does the
 * entry know where the value is. One stands for each keyspace, so nothing is allocated for a call.
 *
 * Fields whose time has come are not there for readers, but take up room (and count for HLEN) until somebody
 * writes to them or active expiry takes them away.
 */
import { type Call, EventClass } from './call.js';
import type { Database, Keyspace } from './database.js';
import { OnExpiry } from './on-expiry.js';
import { NONE, type Ref } from './store/arena.js';
import { Encoding, NEVER, Type, ValueView } from './store/entry.js';
import { type FieldMoment, FieldTable } from './store/field-table.js';
import { Listpack } from './store/listpack.js';

/** For `put`: the field keeps the time it has. */
export const KEEP = -2;

/** Told of each field and its value, `bytes[start, end)` each, good until the call ends. */
export type PairVisitor = (field: ValueView, value: ValueView) => void;

export class HashLens {
  /** What `find` found. */
  readonly value = new ValueView();
  /** The entry; NONE while there is no hash. */
  ref: Ref = NONE;
  /** The value, if it is a large one. */
  table: FieldTable | null = null;
  /** Whether `find` found its field. */
  found = false;
  /** Fields whose time had come that `put` took the place of. */
  overwrittenExpired = 0;

  private keyspace!: Keyspace;
  private listpack!: Listpack;
  /** Fields with a time before this are gone. */
  private nowMs = 0;
  /** The last field looked up in a table. */
  private hash = 0;
  private at: Ref = NONE;
  private readonly field = new ValueView();

  open(keyspace: Keyspace, ref: Ref): this {
    if (this.keyspace !== keyspace) {
      this.keyspace = keyspace;
      this.listpack = new Listpack(keyspace.arena);
    }
    this.ref = ref;
    this.table = null;
    this.overwrittenExpired = 0;
    this.nowMs = keyspace.onExpiry === OnExpiry.ignore ? 0 : keyspace.clock.now();
    if (ref === NONE) return this;
    if (keyspace.entries.encoding(ref) === Encoding.hashtable) {
      this.table = keyspace.large(ref, FieldTable);
    } else {
      this.listpack.open(keyspace.entries.value(ref));
    }
    return this;
  }

  /** Makes the key in argument `i` an empty hash, if there is none. */
  create(call: Call, i: number): void {
    if (this.ref !== NONE) return;
    const { block } = this.listpack.create();
    const { hash } = Type;
    const { listpack } = Encoding;
    this.ref = call.db.addCollection(
      call.buffer,
      call.start(i),
      call.end(i),
      hash,
      listpack,
      block,
    );
  }

  /** Whether any field expires. */
  get isVolatile(): boolean {
    return this.table?.isVolatile ?? false;
  }

  /** Fields, those whose time has come included. */
  get size(): number {
    if (this.ref === NONE) return 0;
    return this.table === null ? this.listpack.count >>> 1 : this.table.size;
  }

  /** Fields whose time has not come. */
  get visibleSize(): number {
    const { table } = this;
    if (table === null || table.deadlines.size === 0) return this.size;
    return table.size - table.deadlines.countBefore(this.nowMs);
  }

  /** Looks a field up: its value is then in `value`. */
  find(bytes: Uint8Array, start: number, end: number): boolean {
    this.found = this.look(bytes, start, end);
    return this.found;
  }

  private look(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.ref === NONE) return false;
    if (this.table !== null) return this.findInTable(this.table, bytes, start, end);
    const { listpack } = this;
    const p = listpack.find(listpack.first(), bytes, start, end, 1);
    if (p === 0) return false;
    this.viewPacked(listpack.next(p), this.value);
    return true;
  }

  private findInTable(table: FieldTable, bytes: Uint8Array, start: number, end: number): boolean {
    this.hash = this.keyspace.hash.hash(bytes, start, end);
    this.at = table.find(this.hash, bytes, start, end);
    if (this.at === NONE || this.isGone(table, this.at)) return false;
    table.viewValue(this.at, this.value);
    return true;
  }

  private isGone(table: FieldTable, field: Ref): boolean {
    if (table.deadlines.size === 0) return false;
    const ms = table.expireAtMs(field);
    return ms !== NEVER && ms < this.nowMs;
  }

  private viewPacked(p: number, view: ValueView): void {
    const { listpack } = this;
    listpack.readText(p);
    view.bytes = listpack.source;
    view.start = listpack.start;
    view.end = listpack.end;
    view.block = NONE;
  }

  /** When the field that `find` found expires. */
  get foundMoment(): FieldMoment {
    return this.table === null ? NEVER : this.table.momentOf(this.at);
  }

  /** Gives the field that `find` found another time, or with NEVER none. */
  setFoundMoment(bytes: Uint8Array, start: number, end: number, moment: FieldMoment): void {
    if (this.table === null) {
      if (moment === NEVER) return;
      this.findInTable(this.unpack(), bytes, start, end);
    }
    this.table?.setMoment(this.hash, this.at, moment);
  }

  /**
   * Sets field `bytes[start, end)`. True when it was not there.
   *
   * @param moment - When it expires; NEVER, or KEEP.
   */
  put(
    bytes: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    moment: FieldMoment = NEVER,
  ): boolean {
    const longest = this.keyspace.settings.hashMaxListpackValue;
    const expires = moment !== NEVER && moment !== KEEP;
    const fits = end - start <= longest && valueEnd - valueStart <= longest;
    if (this.table === null && !expires && fits) {
      return this.putPacked(bytes, start, end, value, valueStart, valueEnd);
    }
    const table = this.table ?? this.unpack();
    const there = this.findInTable(table, bytes, start, end);
    if (this.at === NONE) {
      const atMs = moment === KEEP ? NEVER : moment;
      table.add(this.hash, bytes, start, end, value, valueStart, valueEnd, atMs);
      return true;
    }
    if (!there) this.overwrittenExpired++;
    const kept = there ? table.momentOf(this.at) : NEVER;
    const atMs = moment === KEEP ? kept : moment;
    table.change(this.hash, this.at, value, valueStart, valueEnd, atMs);
    return !there;
  }

  private putPacked(
    bytes: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const { listpack } = this;
    const p = listpack.find(listpack.first(), bytes, start, end, 1);
    if (p !== 0) {
      listpack.replace(listpack.next(p), value, valueStart, valueEnd);
      return false;
    }
    listpack.append(bytes, start, end);
    listpack.append(value, valueStart, valueEnd);
    if (listpack.count >>> 1 > this.keyspace.settings.hashMaxListpackEntries) this.unpack();
    return true;
  }

  /** Takes a field out. False when it was not there. */
  remove(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.ref === NONE) return false;
    const { table, listpack } = this;
    if (table !== null) {
      if (!this.findInTable(table, bytes, start, end)) return false;
      table.remove(this.hash, this.at);
      return true;
    }
    const p = listpack.find(listpack.first(), bytes, start, end, 1);
    if (p === 0) return false;
    listpack.remove(p, 2);
    return true;
  }

  /** As `remove`, of a field that may have expired too. */
  drop(bytes: Uint8Array, start: number, end: number): boolean {
    const { nowMs } = this;
    this.nowMs = 0;
    const removed = this.remove(bytes, start, end);
    this.nowMs = nowMs;
    return removed;
  }

  /** Makes it a large one unless so many pairs, and arguments this long, may be packed: HSET looks at all at once. */
  prepare(call: Call, from: number): void {
    if (this.table !== null) return;
    const { hashMaxListpackEntries, hashMaxListpackValue } = this.keyspace.settings;
    let fits = (call.argc - from) >>> 1 <= hashMaxListpackEntries;
    for (let i = from; i < call.argc && fits; i++) fits = call.length(i) <= hashMaxListpackValue;
    if (!fits) this.unpack();
  }

  /** Turns a packed hash into a large one. */
  unpack(): FieldTable {
    const { keyspace, listpack, ref } = this;
    const { arena, entries } = keyspace;
    const table = new FieldTable(arena, keyspace.clock);
    const { field, value } = this;
    for (let p = listpack.first(); p !== 0; ) {
      const hash = this.copyPackedField(p, field);
      p = listpack.next(p);
      this.viewPacked(p, value);
      const name = field.bytes;
      table.add(hash, name, 0, field.end, value.bytes, value.start, value.end, NEVER);
      p = listpack.next(p);
    }
    arena.release(listpack.block);
    entries.setValue(ref, keyspace.largeValues.add(table), 0);
    entries.setEncoding(ref, Encoding.hashtable);
    this.table = table;
    return table;
  }

  /** The field at `p` in bytes of its own, as reading its value may use the same ones. Returns its hash. */
  private copyPackedField(p: number, field: ValueView): number {
    this.viewPacked(p, field);
    const { length } = field;
    field.bytes = this.listpack.copyOf(p);
    field.start = 0;
    field.end = length;
    return this.keyspace.hash.hash(field.bytes, 0, length);
  }

  /** To be called after changes, before the key is used in any other way. */
  settle(db: Database): void {
    if (this.ref === NONE) return;
    if (this.table === null) this.store();
    else db.setVolatile(this.ref, this.table.isVolatile);
  }

  /** As `settle`, of an entry that is in no database yet. */
  store(): void {
    const { entries } = this.keyspace;
    if (this.table === null) entries.setValue(this.ref, this.listpack.block, 0);
    else entries.setVolatile(this.ref, this.table.isVolatile);
  }

  /** A packed hash as its bytes: good until the next change. */
  get packed(): Uint8Array {
    return this.listpack.contents;
  }

  /** Tells of the fields of the past that `put` took the place of. */
  tellOverwritten(call: Call, i: number): void {
    if (this.overwrittenExpired === 0) return;
    call.keyspace.stats.expiredFields += this.overwrittenExpired;
    call.effects.notify(call.db, EventClass.hash, 'hexpired', call.bytes(i));
  }

  /** Visits every field that is not gone. The visitor may not change the hash. */
  forEach(visit: PairVisitor): void {
    if (this.ref === NONE) return;
    const { table } = this;
    if (table !== null) {
      table.fields.forEach((ref) => {
        if (!this.isGone(table, ref)) this.visitField(table, ref, visit);
      });
      return;
    }
    const { listpack } = this;
    for (let p = listpack.first(); p !== 0; ) p = this.visitPacked(p, visit);
  }

  /** As `forEach`, of the next few from `cursor` on. Returns the next cursor; 0 when all were seen. */
  scan(cursor: number, count: number, visit: PairVisitor): number {
    const { table } = this;
    if (table === null) {
      this.forEach(visit);
      return 0;
    }
    return table.fields.scan(cursor, count, (ref) => {
      if (!this.isGone(table, ref)) this.visitField(table, ref, visit);
    });
  }

  /** Visits a field chosen at random; there must be one that is not gone. */
  visitRandom(visit: PairVisitor): void {
    const { table, listpack, keyspace } = this;
    if (table === null) {
      this.visitPacked(listpack.seek(keyspace.random.below(this.size) * 2), visit);
      return;
    }
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const ref = table.fields.random(keyspace.random);
      if (!this.isGone(table, ref)) return this.visitField(table, ref, visit);
    }
    // Nearly all are gone: one of the others is searched for.
    let left = keyspace.random.below(this.visibleSize);
    this.forEach((field, value) => {
      if (left-- === 0) visit(field, value);
    });
  }

  /** Visits `count` different fields chosen at random, of which there must be so many. */
  visitSample(count: number, visit: PairVisitor): void {
    let wanted = count;
    let left = this.visibleSize;
    const { random } = this.keyspace;
    // Each is taken with the chance that as many are taken as are wanted (Knuth, algorithm S).
    this.forEach((field, value) => {
      if (random.below(left--) >= wanted) return;
      wanted--;
      visit(field, value);
    });
  }

  /** As `visitSample`, for few of many. */
  visitFew(table: FieldTable, count: number, visit: PairVisitor): void {
    const taken = new Set<Ref>();
    while (taken.size < count) {
      const ref = table.fields.random(this.keyspace.random);
      if (taken.has(ref) || this.isGone(table, ref)) continue;
      taken.add(ref);
      this.visitField(table, ref, visit);
    }
  }

  private visitField(table: FieldTable, ref: Ref, visit: PairVisitor): void {
    visit(table.viewField(ref, this.field), table.viewValue(ref, this.value));
  }

  /** Visits the pair at `p` and returns the position of the next. */
  private visitPacked(p: number, visit: PairVisitor): number {
    const { listpack, field, value } = this;
    const at = listpack.next(p);
    listpack.read(p);
    if (listpack.isInteger) this.copyPackedField(p, field);
    else this.viewPacked(p, field);
    this.viewPacked(at, value);
    visit(field, value);
    return listpack.next(at);
  }
}

const RANDOM_TRIES = 100;

/** The keyspace's lens, on the hash of `ref`. */
export function hashAt(call: Call, ref: Ref): HashLens {
  return call.keyspace.own(HashLens).open(call.keyspace, ref);
}

/** The hash of the key in argument `i`, for reading. @throws {Refusal} WRONG_TYPE. */
export function readHash(call: Call, i: number): HashLens {
  return hashAt(call, call.readAs(i, Type.hash));
}

/** As `readHash`, for a command that is going to write. */
export function writeHash(call: Call, i: number): HashLens {
  return hashAt(call, call.writeAs(i, Type.hash));
}

/** Writes a field's name or value as a bulk string. */
export function replyView(call: Call, view: ValueView): void {
  if (view.block === NONE) call.reply.bulk(view.bytes, view.start, view.end);
  else call.reply.bulkFrom(view.block, view.bytes, view.start, view.end);
}

/** Writes the value of the field in argument `i`, or nil. */
export function replyValue(call: Call, hash: HashLens, i: number): void {
  if (hash.find(call.buffer, call.start(i), call.end(i))) replyView(call, hash.value);
  else call.reply.nil();
}
