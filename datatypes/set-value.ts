/**
 * A set as commands see it, whichever way it is stored.
 *
 * A set of integers is an intset, a small one of anything else a listpack, a large one a table of members. The
 * rules by which one becomes the other are the real server's: DUMP and OBJECT ENCODING tell the outcome. A set
 * never becomes more compact again, but for results of STORE commands and what SPOP leaves of a set.
 *
 * A `SetValue` is a lens: `open` points it at an entry's value, and `putBack` notes in the entry what a change made
 * of it. Without an entry it is a set of its own (`begin`), to be stored by `addTo` or given back by `drop`.
 */
import type { Call } from './call.js';
import type { Keyspace } from './database.js';
import type { Random } from './random.js';
import { NONE, type Ref } from './store/arena.js';
import { Encoding, Type } from './store/entry.js';
import { Intset } from './store/intset.js';
import { Listpack } from './store/listpack.js';
import { MemberTable, type MemberVisitor, UNKNOWN_HASH } from './store/member-table.js';

/** What the encoding of a set can be. */
export type SetEncoding =
  | typeof Encoding.intset
  | typeof Encoding.listpack
  | typeof Encoding.hashtable;

/** An intset of more is not made, whatever the setting. */
const MOST_INTSET_ENTRIES = 2 ** 30;
/** A listpack may not become longer than this, in bytes. */
const LONGEST_LISTPACK = 2 ** 30;
/** Room for so many times the members is worth being taken back. */
const WORTH_FITTING = 3;

export class SetValue {
  encoding: SetEncoding = Encoding.intset;
  /** How many members are to come, if it becomes a table: it gets room for them. */
  private expected = 0;
  private readonly keyspace: Keyspace;
  private readonly intset: Intset;
  private readonly listpack: Listpack;
  private table: MemberTable | null = null;
  private handle: Ref = NONE;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.intset = new Intset(keyspace.arena);
    this.listpack = new Listpack(keyspace.arena);
  }

  /** Points at the set of an entry. */
  open(ref: Ref): this {
    const { entries } = this.keyspace;
    this.encoding = entries.encoding(ref) as SetEncoding;
    this.expected = 0;
    if (this.encoding === Encoding.intset) this.intset.open(entries.value(ref));
    else if (this.encoding === Encoding.listpack) this.listpack.open(entries.value(ref));
    else {
      this.table = this.keyspace.large(ref, MemberTable);
      this.handle = entries.value(ref);
    }
    return this;
  }

  /** Points at a new, empty set, which is to have about `expected` members. */
  begin(encoding: SetEncoding, expected = 0): this {
    this.encoding = encoding;
    this.expected = expected;
    if (encoding === Encoding.intset) this.intset.create();
    else if (encoding === Encoding.listpack) this.listpack.create();
    else this.beginTable();
    return this;
  }

  /** Points at a new, empty set that suits `expected` members of which `bytes[start, end)` is the first. */
  beginFor(expected: number, bytes: Uint8Array, start: number, end: number): this {
    const { settings } = this.keyspace;
    if (expected <= settings.setMaxIntsetEntries && this.intset.parse(bytes, start, end)) {
      return this.begin(Encoding.intset);
    }
    const packed = expected <= settings.setMaxListpackEntries;
    return this.begin(packed ? Encoding.listpack : Encoding.hashtable);
  }

  /** Points at a new set with the intset or listpack `bytes`, which must be valid. */
  load(encoding: SetEncoding, bytes: Uint8Array): this {
    this.encoding = encoding;
    if (encoding === Encoding.intset) this.intset.load(bytes, 0, bytes.length);
    else this.listpack.load(bytes, 0, bytes.length);
    return this;
  }

  /** Makes a table of the set when it could not stay packed with `expected` members more. */
  prepareFor(expected: number): void {
    const { settings } = this.keyspace;
    const { encoding } = this;
    const tooMany =
      (encoding === Encoding.intset && expected > settings.setMaxIntsetEntries) ||
      (encoding === Encoding.listpack && expected > settings.setMaxListpackEntries);
    if (!tooMany) return;
    this.expected = expected;
    this.convert(Encoding.hashtable);
  }

  /** The block or handle that stands for the set in an entry. */
  get value(): Ref {
    if (this.encoding === Encoding.intset) return this.intset.block;
    return this.encoding === Encoding.listpack ? this.listpack.block : this.handle;
  }

  /** Members. */
  get size(): number {
    if (this.encoding === Encoding.intset) return this.intset.count;
    return this.encoding === Encoding.listpack ? this.listpack.count : this.members.size;
  }

  /** Bytes of an intset or listpack: good until the next change. */
  get packed(): Uint8Array {
    return this.encoding === Encoding.intset ? this.intset.contents : this.listpack.contents;
  }

  private get members(): MemberTable {
    if (this.table === null) throw new Error('The set has no table');
    return this.table;
  }

  has(bytes: Uint8Array, start: number, end: number, hash = UNKNOWN_HASH): boolean {
    if (this.encoding === Encoding.hashtable) return this.members.has(bytes, start, end, hash);
    if (this.encoding === Encoding.intset) {
      return this.intset.parse(bytes, start, end) && this.intset.has();
    }
    const { listpack } = this;
    return listpack.find(listpack.first(), bytes, start, end, 0) !== 0;
  }

  /**
   * Adds a member. False when it was there.
   *
   * @param block - The block of another table in which it stands, if it does.
   */
  add(
    bytes: Uint8Array,
    start: number,
    end: number,
    block: Ref = NONE,
    hash = UNKNOWN_HASH,
  ): boolean {
    if (this.encoding === Encoding.intset) {
      if (this.intset.parse(bytes, start, end)) return this.addInteger();
      this.leaveIntset(end - start);
    } else if (this.encoding === Encoding.listpack) {
      const { listpack } = this;
      if (listpack.find(listpack.first(), bytes, start, end, 0) !== 0) return false;
      if (!this.fitsListpack(listpack.count, listpack.byteLength, end - start)) {
        this.convert(Encoding.hashtable);
      }
    }
    if (this.encoding === Encoding.listpack) {
      this.listpack.append(bytes, start, end);
      return true;
    }
    if (block !== NONE) return this.members.share(block, hash);
    return this.members.add(bytes, start, end, hash);
  }

  private addInteger(): boolean {
    if (!this.intset.add()) return false;
    const { setMaxIntsetEntries } = this.keyspace.settings;
    const most = Math.min(setMaxIntsetEntries, MOST_INTSET_ENTRIES);
    if (this.intset.count > most) this.convert(Encoding.hashtable);
    return true;
  }

  /** Whether a listpack of `count` members in `bytes` may take one of `length` bytes more. */
  private fitsListpack(count: number, bytes: number, length: number): boolean {
    const { setMaxListpackEntries, setMaxListpackValue } = this.keyspace.settings;
    if (count >= setMaxListpackEntries || length > setMaxListpackValue) return false;
    return bytes + length <= LONGEST_LISTPACK;
  }

  /** A member of `length` bytes that is no integer is to be added to an intset. */
  private leaveIntset(length: number): void {
    const { count } = this.intset;
    const longest = Math.max(length, this.longestInteger());
    const packs = this.fitsListpack(count, this.intset.byteLength * 2, longest);
    this.convert(packs ? Encoding.listpack : Encoding.hashtable);
  }

  /** Digits of the longest member of an intset. */
  longestInteger(): number {
    const { count } = this.intset;
    if (count === 0) return 0;
    this.intset.readText(0);
    const first = this.intset.end;
    this.intset.readText(count - 1);
    return Math.max(first, this.intset.end);
  }

  /** Takes a member out. False when it was not there. */
  remove(bytes: Uint8Array, start: number, end: number, hash = UNKNOWN_HASH): boolean {
    if (this.encoding === Encoding.hashtable) return this.members.remove(bytes, start, end, hash);
    if (this.encoding === Encoding.intset) {
      return this.intset.parse(bytes, start, end) && this.intset.remove();
    }
    const { listpack } = this;
    const found = listpack.find(listpack.first(), bytes, start, end, 0);
    if (found !== 0) listpack.remove(found);
    return found !== 0;
  }

  /** Shows every member. The visitor must not change the set. */
  forEach(visit: MemberVisitor): void {
    if (this.encoding === Encoding.hashtable) this.members.forEach(visit);
    else if (this.encoding === Encoding.intset) {
      const { intset } = this;
      for (let i = 0; i < intset.count; i++) this.showInteger(i, visit);
    } else {
      const { listpack } = this;
      for (let p = listpack.first(); p !== 0; p = listpack.next(p)) this.showElement(p, visit);
    }
  }

  /** Shows the members that all of `others` have too, or with `shared` false those that none of them has. */
  forEachCompared(others: readonly SetValue[], shared: boolean, visit: MemberVisitor): void {
    if (this.encoding !== Encoding.intset) {
      this.forEach((bytes, start, end, block, hash) => {
        for (const other of others) if (other.has(bytes, start, end, hash) !== shared) return;
        visit(bytes, start, end, block, hash);
      });
      return;
    }
    // Digits are made of those integers only that are shown.
    const { intset } = this;
    const { count } = intset;
    for (let i = 0; i < count; i++) {
      let fits = true;
      for (let n = 0; n < others.length && fits; n++) {
        fits = others[n]?.hasInteger(intset, i) === shared;
      }
      if (fits) this.showInteger(i, visit);
    }
  }

  /** Whether the integer at `index` of an intset is a member. */
  private hasInteger(from: Intset, index: number): boolean {
    if (this.encoding === Encoding.intset) {
      this.intset.take(from, index);
      return this.intset.has();
    }
    from.readText(index);
    return this.has(from.source, from.start, from.end);
  }

  /** Shows about `count` members from `cursor` on: of a packed set all. Returns the next cursor, 0 at the end. */
  scan(cursor: number, count: number, visit: MemberVisitor): number {
    if (this.encoding === Encoding.hashtable) return this.members.scan(cursor, count, visit);
    this.forEach(visit);
    return 0;
  }

  /** Shows a member chosen at random, all equally likely. The set must have one. */
  random(random: Random, visit: MemberVisitor): void {
    if (this.encoding === Encoding.hashtable) {
      this.members.show(this.members.random(random), visit);
    } else if (this.encoding === Encoding.intset) {
      this.showInteger(random.below(this.intset.count), visit);
    } else {
      this.showElement(this.listpack.seek(random.below(this.listpack.count)), visit);
    }
  }

  /** Shows a member chosen at random, then takes it out. */
  pop(random: Random, visit: MemberVisitor): void {
    if (this.encoding === Encoding.hashtable) {
      const block = this.members.random(random);
      this.members.show(block, visit);
      this.members.removeBlock(block);
    } else if (this.encoding === Encoding.intset) {
      const index = random.below(this.intset.count);
      this.showInteger(index, visit);
      this.intset.removeAt(index);
    } else {
      const p = this.listpack.seek(random.below(this.listpack.count));
      this.showElement(p, visit);
      this.listpack.remove(p);
    }
  }

  /** Whether all members are integers. */
  hasOnlyIntegers(): boolean {
    if (this.encoding === Encoding.intset) return true;
    let only = true;
    this.forEach((bytes, start, end) => {
      only &&= this.intset.parse(bytes, start, end);
    });
    return only;
  }

  private showInteger(index: number, visit: MemberVisitor): void {
    const { intset } = this;
    intset.readText(index);
    visit(intset.source, intset.start, intset.end, NONE, UNKNOWN_HASH);
  }

  private showElement(p: number, visit: MemberVisitor): void {
    const { listpack } = this;
    listpack.readText(p);
    visit(listpack.source, listpack.start, listpack.end, NONE, UNKNOWN_HASH);
  }

  /** Stores the set another way. */
  convert(encoding: SetEncoding): void {
    if (encoding === this.encoding) return;
    this.replaceBy(new SetValue(this.keyspace).begin(encoding, this.expected));
  }

  /** Takes back room for members that were expected and did not come. */
  fit(): void {
    const { encoding, size } = this;
    if (encoding !== Encoding.hashtable || size * WORTH_FITTING > this.expected) return;
    this.replaceBy(new SetValue(this.keyspace).begin(encoding, size));
  }

  /** Moves to `next`, which is empty. */
  private replaceBy(next: SetValue): void {
    // What is copied is there once each, and may be longer than a member that is added.
    this.forEach((bytes, start, end, block, hash) => {
      next.place(bytes, start, end, block, hash);
    });
    this.drop();
    this.adopt(next);
  }

  /** Stores the set anew, as compactly as if its members came one by one; an intset stays one. */
  rebuild(): void {
    const next = new SetValue(this.keyspace);
    next.begin(this.encoding === Encoding.intset ? Encoding.intset : Encoding.listpack);
    this.forEach((bytes, start, end, block, hash) => {
      next.add(bytes, start, end, block, hash);
    });
    this.drop();
    this.adopt(next);
  }

  /** Adds a member that is not there, without a look at the settings. */
  private place(bytes: Uint8Array, start: number, end: number, block: Ref, hash: number): void {
    if (this.encoding === Encoding.listpack) this.listpack.append(bytes, start, end);
    else if (this.encoding === Encoding.intset) {
      if (this.intset.parse(bytes, start, end)) this.intset.add();
    } else if (block !== NONE) this.members.share(block, hash);
    else this.members.add(bytes, start, end, hash);
  }

  /** Points at the set that `other`, not used from now on, points at. */
  adopt(other: SetValue): void {
    this.encoding = other.encoding;
    this.expected = other.expected;
    if (other.encoding === Encoding.intset) this.intset.open(other.intset.block);
    else if (other.encoding === Encoding.listpack) this.listpack.open(other.listpack.block);
    this.table = other.table;
    this.handle = other.handle;
  }

  private beginTable(): void {
    this.table = new MemberTable(this.keyspace.arena, this.keyspace.hash);
    if (this.expected > 0) this.table.reserve(this.expected);
    this.handle = this.keyspace.largeValues.add(this.table);
  }

  /** Notes in the entry of the set what changes made of it. */
  putBack(ref: Ref): void {
    const { entries } = this.keyspace;
    const { value } = this;
    if (entries.value(ref) !== value) entries.setValue(ref, value, 0);
    if (entries.encoding(ref) !== this.encoding) entries.setEncoding(ref, this.encoding);
  }

  /** Makes this set the value of the key in argument `i`, in place of its entry `previous`, if it has one. */
  addTo(call: Call, i: number, previous: Ref = NONE): Ref {
    const [start, end] = [call.start(i), call.end(i)];
    const { encoding, value } = this;
    return call.db.addCollection(call.buffer, start, end, Type.set, encoding, value, previous);
  }

  /** Gives the set back: it has no entry. */
  drop(): void {
    const { arena, largeValues } = this.keyspace;
    if (this.encoding !== Encoding.hashtable) {
      arena.release(this.value);
      return;
    }
    const value = largeValues.release(this.handle);
    if (value === null) return;
    this.keyspace.free(value.size, () => value.freeSome());
  }
}

/** The lenses of a keyspace, so that a command need not make any. */
export class SetLenses {
  private readonly lenses: SetValue[] = [];

  /** Lens `i`: whatever it pointed at before is forgotten. */
  at(keyspace: Keyspace, i: number): SetValue {
    let lens = this.lenses[i];
    if (lens === undefined) {
      lens = new SetValue(keyspace);
      if (i < MOST_KEPT) this.lenses[i] = lens;
    }
    return lens;
  }
}

const MOST_KEPT = 16;

/** A lens on the set of an entry: good until the next call. */
export function setAt(call: Call, ref: Ref): SetValue {
  return call.keyspace.own(SetLenses).at(call.keyspace, 0).open(ref);
}
