/** Sets in RDB files and DUMP payloads: an intset or listpack as one string, or a count and the members. */
import type { Keyspace } from '../datatypes/database.js';
import { SetValue } from '../datatypes/set-value.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import { Encoding, type EntryShape, Type } from '../datatypes/store/entry.js';
import { checkIntset } from '../datatypes/store/intset.js';
import { checkListpack } from '../datatypes/store/listpack.js';
import type { LzfCompressor } from '../datatypes/store/lzf.js';
import {
  rdbLengthSize,
  rdbStringSizeMax,
  readRdbLength,
  readRdbString,
  writeRdbLength,
  writeRdbString,
} from './rdb-string.js';
import type { EntryFacts, RdbValue } from './value-formats.js';

/** Type bytes. */
export const RDB_SET = 2;
export const RDB_SET_INTSET = 11;
export const RDB_SET_LISTPACK = 20;

export function writeSetValue(
  keyspace: Keyspace,
  ref: Ref,
  compressor: LzfCompressor | null,
): RdbValue {
  const set = new SetValue(keyspace).open(ref);
  if (set.encoding === Encoding.hashtable) return writeMembers(set, compressor);
  const { packed } = set;
  const body = new Uint8Array(rdbStringSizeMax(packed.length));
  const length = writeRdbString(packed, 0, packed.length, body, 0, compressor);
  const type = set.encoding === Encoding.intset ? RDB_SET_INTSET : RDB_SET_LISTPACK;
  return { type, body: body.subarray(0, length) };
}

function writeMembers(set: SetValue, compressor: LzfCompressor | null): RdbValue {
  let room = rdbLengthSize(set.size);
  set.forEach((_bytes, start, end) => {
    room += rdbStringSizeMax(end - start);
  });
  const body = new Uint8Array(room);
  let at = writeRdbLength(set.size, body, 0);
  set.forEach((bytes, start, end) => {
    at = writeRdbString(bytes, start, end, body, at, compressor);
  });
  return { type: RDB_SET, body: body.subarray(0, at) };
}

/** An entry in no database with this set for its value. */
function entryOf(keyspace: Keyspace, set: SetValue, facts: EntryFacts): Ref {
  const { key, expireAtMs, access } = facts;
  const shape: EntryShape = { type: Type.set, encoding: set.encoding, expireAtMs, access };
  return keyspace.entries.createApart(key, 0, key.length, shape, set.value, 0);
}

export function readIntsetValue(
  keyspace: Keyspace,
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: EntryFacts,
): Ref {
  const packed = readRdbString(bytes, start, end)?.bytes;
  if (packed === undefined) return NONE;
  const count = checkIntset(packed, 0, packed.length);
  if (count < 1) return NONE;
  const set = new SetValue(keyspace).load(Encoding.intset, packed);
  set.prepareFor(count);
  return entryOf(keyspace, set, facts);
}

export function readPackedSetValue(
  keyspace: Keyspace,
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: EntryFacts,
): Ref {
  const packed = readRdbString(bytes, start, end)?.bytes;
  if (packed === undefined) return NONE;
  const count = checkListpack(packed, 0, packed.length);
  if (count < 1) return NONE;
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

export function readSetValue(
  keyspace: Keyspace,
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: EntryFacts,
): Ref {
  const length = readRdbLength(bytes, start, end);
  if (length === null || length.encoded || length.value === 0) return NONE;
  const packs = length.value <= keyspace.settings.setMaxIntsetEntries;
  const set = new SetValue(keyspace).begin(packs ? Encoding.intset : Encoding.hashtable);
  let at = length.next;
  for (let i = 0; i < length.value; i++) {
    const member = readRdbString(bytes, at, end);
    if (member === null || !set.add(member.bytes, 0, member.bytes.length)) {
      set.drop();
      return NONE;
    }
    at = member.next;
  }
  return entryOf(keyspace, set, facts);
}
