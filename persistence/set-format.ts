/** Sets in RDB files and DUMP payloads: an intset or listpack as one string, or a count and the members. */

import type { Keyspace } from '../datatypes/database.js';
import { SetValue } from '../datatypes/set-value.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import { Encoding, type EntryShape, Type } from '../datatypes/store/entry.js';
import { checkIntset } from '../datatypes/store/intset.js';
import { checkListpack } from '../datatypes/store/listpack.js';
import { MemberTable } from '../datatypes/store/member-table.js';
import { Damage } from './damage.js';
import { FROZEN_FROM_ELEMENTS, frozenTable } from './frozen-value.js';
import type { RdbReader } from './rdb-reader.js';
import type { EntryFacts, ValueReader, ValueWriter } from './value-formats.js';

/** Type bytes. */
export const RDB_SET = 2;
export const RDB_SET_INTSET = 11;
export const RDB_SET_LISTPACK = 20;

export const SET_WRITER: ValueWriter = {
  typeOf(keyspace, ref) {
    const encoding = keyspace.entries.encoding(ref);
    if (encoding === Encoding.hashtable) return RDB_SET;
    return encoding === Encoding.intset ? RDB_SET_INTSET : RDB_SET_LISTPACK;
  },
  write(keyspace, ref, out) {
    const set = new SetValue(keyspace).open(ref);
    if (set.encoding !== Encoding.hashtable) return out.string(set.packed);
    out.length(set.size);
    set.forEach((bytes, start, end) => {
      out.stringOf(bytes, start, end);
    });
  },
  freeze(keyspace, ref) {
    if (keyspace.entries.encoding(ref) !== Encoding.hashtable) return null;
    const table = keyspace.large(ref, MemberTable);
    if (table.size < FROZEN_FROM_ELEMENTS) return null;
    return frozenTable(table.freeze(), (member, out) => {
      table.show(member, (bytes, start, end) => out.stringOf(bytes, start, end));
    });
  },
};

/** An entry in no database with this set for its value. */
function entryOf(keyspace: Keyspace, set: SetValue, facts: EntryFacts): Ref {
  const { key, keyStart, keyEnd, expireAtMs, access } = facts;
  const shape: EntryShape = { type: Type.set, encoding: set.encoding, expireAtMs, access };
  return keyspace.entries.createApart(key, keyStart, keyEnd, shape, set.value, 0);
}

function readIntsetValue(keyspace: Keyspace, reader: RdbReader, facts: EntryFacts): Ref {
  const packed = reader.string();
  if (packed === null) return NONE;
  const count = checkIntset(packed, 0, packed.length);
  if (count === 0) return reader.empty();
  if (count < 0) return NONE;
  const set = new SetValue(keyspace).load(Encoding.intset, packed);
  set.prepareFor(count);
  return entryOf(keyspace, set, facts);
}

function readPackedSetValue(keyspace: Keyspace, reader: RdbReader, facts: EntryFacts): Ref {
  const packed = reader.string();
  if (packed === null) return NONE;
  const count = checkListpack(packed, 0, packed.length);
  if (count === 0) return reader.empty();
  if (count < 0) return NONE;
  const set = new SetValue(keyspace).load(Encoding.listpack, packed);
  if (!isDistinct(keyspace, set, count)) {
    set.drop();
    return NONE;
  }
  set.prepareFor(count);
  return entryOf(keyspace, set, facts);
}

/** Whether the `count` members of a listpack are all different. */
function isDistinct(keyspace: Keyspace, set: SetValue, count: number): boolean {
  const table = new SetValue(keyspace).begin(Encoding.hashtable);
  set.forEach((bytes, start, end) => {
    table.add(bytes, start, end);
  });
  const distinct = table.size === count;
  table.drop();
  return distinct;
}

function readSetValue(keyspace: Keyspace, reader: RdbReader, facts: EntryFacts): Ref {
  const count = reader.length();
  if (reader.failed || count === 0) return reader.empty();
  const packs = count <= keyspace.settings.setMaxIntsetEntries;
  const set = new SetValue(keyspace).begin(packs ? Encoding.intset : Encoding.hashtable);
  for (let i = 0; i < count; i++) {
    if (!reader.text() || !set.add(reader.textBytes, reader.textStart, reader.textEnd)) {
      set.drop();
      return reader.failed ? NONE : reader.refuse(Damage.duplicateMembers);
    }
  }
  return entryOf(keyspace, set, facts);
}

export const SET_READERS: readonly (readonly [number, ValueReader])[] = [
  [RDB_SET, readSetValue],
  [RDB_SET_INTSET, readIntsetValue],
  [RDB_SET_LISTPACK, readPackedSetValue],
];
