/**
 * Sorted sets in RDB files and DUMP payloads: a listpack as one string, or a count and then members with their
 * scores, the highest first. Scores are doubles of 8 bytes, little-endian; older files have them as text.
 */

import type { Keyspace } from '../datatypes/database.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import { Encoding, type EntryShape, Type } from '../datatypes/store/entry.js';
import { checkListpack, Listpack } from '../datatypes/store/listpack.js';
import { LargeSortedSet } from '../datatypes/zset-large.js';
import { PackedSortedSet } from '../datatypes/zset-packed.js';
import { copyToLarge, type LooseValue, looseValueOf } from '../datatypes/zset-value.js';
import { toLatin1 } from '../protocol/bytes.js';
import { Damage } from './damage.js';
import { FROZEN_FROM_ELEMENTS, frozenTable } from './frozen-value.js';
import { PackedLens } from './packed-lens.js';
import type { RdbReader } from './rdb-reader.js';
import type { EntryFacts, ValueReader, ValueWriter } from './value-formats.js';
import { listpackOfZiplist } from './ziplist.js';

/** The type bytes of sorted sets: scores as text, as doubles, a ziplist, a listpack. */
export const RDB_ZSET = 3;
export const RDB_ZSET_2 = 5;
export const RDB_ZSET_ZIPLIST = 12;
export const RDB_ZSET_LISTPACK = 17;

const EMPTY_LISTPACK_BYTES = 7;
const EMPTY_ZIPLIST_BYTES = 11;
/** First bytes of scores as text that stand for the whole of it. */
const TEXT_NAN = 253;
const TEXT_INFINITE = 254;
const TEXT_MINUS_INFINITE = 255;

export const SORTED_SET_WRITER: ValueWriter = {
  typeOf(keyspace, ref) {
    const isLarge = keyspace.entries.encoding(ref) === Encoding.skiplist;
    return isLarge ? RDB_ZSET_2 : RDB_ZSET_LISTPACK;
  },
  write(keyspace, ref, out) {
    if (keyspace.entries.encoding(ref) === Encoding.listpack) {
      return out.string(keyspace.own(PackedLens).contentsOf(keyspace, ref));
    }
    const set = keyspace.large(ref, LargeSortedSet);
    const { size } = set;
    out.length(size);
    set.walk(0, size, true, (bytes, start, end, score) => {
      out.stringOf(bytes, start, end);
      out.double(score);
    });
  },
  freeze(keyspace, ref) {
    if (keyspace.entries.encoding(ref) !== Encoding.skiplist) return null;
    const set = keyspace.large(ref, LargeSortedSet);
    if (set.size < FROZEN_FROM_ELEMENTS) return null;
    return frozenTable(set.freeze(), (element, out) => {
      set.show(element, (bytes, start, end, score) => {
        out.stringOf(bytes, start, end);
        out.double(score);
      });
    });
  },
};

/** An entry in no database with this value. */
function entryOf(keyspace: Keyspace, { encoding, value }: LooseValue, facts: EntryFacts): Ref {
  const { key, keyStart, keyEnd, expireAtMs, access } = facts;
  const shape: EntryShape = { type: Type.zset, encoding, expireAtMs, access };
  return keyspace.entries.createApart(key, keyStart, keyEnd, shape, value, 0);
}

function readListpackSortedSet(keyspace: Keyspace, reader: RdbReader, facts: EntryFacts): Ref {
  const packed = reader.string();
  if (packed === null || checkListpack(packed, 0, packed.length) < 0) return NONE;
  if (packed.length === EMPTY_LISTPACK_BYTES) return reader.empty();
  const { block } = new Listpack(keyspace.arena).load(packed, 0, packed.length);
  return entryOfPairs(keyspace, block, facts);
}

function readZiplistSortedSet(keyspace: Keyspace, reader: RdbReader, facts: EntryFacts): Ref {
  const packed = reader.string();
  if (packed === null) return NONE;
  const block = listpackOfZiplist(keyspace.arena, packed);
  if (block === NONE) return NONE;
  const ref = entryOfPairs(keyspace, block, facts);
  return ref === NONE && packed.length === EMPTY_ZIPLIST_BYTES ? reader.empty() : ref;
}

/** An entry of the listpack in `block`, which is given back when it holds no pairs of different members. */
function entryOfPairs(keyspace: Keyspace, block: Ref, facts: EntryFacts): Ref {
  const { arena, settings } = keyspace;
  const packed = new PackedSortedSet(arena).open(block);
  const { size } = packed;
  const large = packed.isWellFormed() ? copyToLarge(keyspace, packed) : null;
  const staysPacked = large?.size === size && size <= settings.zsetMaxListpackEntries;
  const isValid = large !== null && size > 0 && large.size === size;
  if (!isValid || staysPacked) large?.drop();
  if (isValid && staysPacked) {
    return entryOf(keyspace, { encoding: Encoding.listpack, value: block }, facts);
  }
  arena.release(block);
  if (!isValid) return NONE;
  const value = keyspace.largeValues.add(large);
  return entryOf(keyspace, { encoding: Encoding.skiplist, value }, facts);
}

/** Reads a score; NaN is none. */
type ScoreReader = (reader: RdbReader) => number;

function readBinaryScore(reader: RdbReader): number {
  const at = reader.take(8);
  return reader.failed ? NaN : reader.view.getFloat64(at, true);
}

/** The number at the start of a text, as C reads it. */
const LEADING_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i;

function readTextScore(reader: RdbReader): number {
  const length = reader.byte();
  if (reader.failed || length === TEXT_NAN) return NaN;
  if (length === TEXT_INFINITE) return Infinity;
  if (length === TEXT_MINUS_INFINITE) return -Infinity;
  const at = reader.take(length);
  if (reader.failed) return NaN;
  const number = LEADING_NUMBER.exec(toLatin1(reader.bytes, at, at + length));
  return number === null ? NaN : Number(number[0]);
}

/** A reader of members with scores of one form. */
function memberReader(readScore: ScoreReader): ValueReader {
  return (keyspace, reader, facts) => {
    const count = reader.length();
    if (reader.failed || count === 0) return reader.empty();
    const set = new LargeSortedSet(keyspace.arena, keyspace.hash);
    if (addMembers(set, count, reader, readScore)) {
      return entryOf(keyspace, looseValueOf(keyspace, set), facts);
    }
    set.drop();
    return NONE;
  };
}

/** Adds what is read to an empty set; false when it is no members, each there once, with scores. */
function addMembers(
  set: LargeSortedSet,
  count: number,
  reader: RdbReader,
  readScore: ScoreReader,
): boolean {
  for (let i = 0; i < count; i++) {
    if (!reader.text()) return false;
    const { textBytes, textStart, textEnd } = reader;
    const score = readScore(reader);
    if (reader.failed) return false;
    const isNumber = !Number.isNaN(score);
    if (!isNumber || !Number.isNaN(set.find(textBytes, textStart, textEnd))) {
      reader.refuse(isNumber ? Damage.duplicateScores : Damage.notANumber);
      return false;
    }
    set.insert(textBytes, textStart, textEnd, score);
  }
  return true;
}

/** The readers by type byte. */
export const SORTED_SET_READERS: readonly (readonly [type: number, reader: ValueReader])[] = [
  [RDB_ZSET, memberReader(readTextScore)],
  [RDB_ZSET_2, memberReader(readBinaryScore)],
  [RDB_ZSET_ZIPLIST, readZiplistSortedSet],
  [RDB_ZSET_LISTPACK, readListpackSortedSet],
];
