/**
 * Sorted sets in RDB files and DUMP payloads: a listpack as one string, or a count and then members with their
 * scores, the highest first. Scores are doubles of 8 bytes, little-endian; older files have them as text.
 */
import type { Keyspace } from '../datatypes/database.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import { Encoding, type EntryShape, Type } from '../datatypes/store/entry.js';
import { checkListpack, Listpack } from '../datatypes/store/listpack.js';
import type { LzfCompressor } from '../datatypes/store/lzf.js';
import { LargeSortedSet } from '../datatypes/zset-large.js';
import { PackedSortedSet } from '../datatypes/zset-packed.js';
import {
  copyToLarge,
  type LooseValue,
  looseValueOf,
  openSortedSet,
  type SortedSet,
} from '../datatypes/zset-value.js';
import { toLatin1 } from '../protocol/bytes.js';
import {
  rdbLengthSize,
  rdbStringSizeMax,
  readRdbLength,
  readRdbString,
  writeRdbLength,
  writeRdbString,
} from './rdb-string.js';
import type { EntryFacts, RdbValue, ValueReader } from './value-formats.js';
import { listpackOfZiplist } from './ziplist.js';

/** The type bytes of sorted sets: scores as text, as doubles, a ziplist, a listpack. */
export const RDB_ZSET = 3;
export const RDB_ZSET_2 = 5;
export const RDB_ZSET_ZIPLIST = 12;
export const RDB_ZSET_LISTPACK = 17;

const SCORE_BYTES = 8;
/** First bytes of scores as text that stand for the whole of it. */
const TEXT_NAN = 253;
const TEXT_INFINITE = 254;
const TEXT_MINUS_INFINITE = 255;

export function writeSortedSetValue(
  keyspace: Keyspace,
  ref: Ref,
  compressor: LzfCompressor | null,
): RdbValue {
  const set = openSortedSet(keyspace, ref, new PackedSortedSet(keyspace.arena));
  if (!(set instanceof PackedSortedSet)) return writeMembers(set, compressor);
  const { contents } = set;
  const body = new Uint8Array(rdbStringSizeMax(contents.length));
  const length = writeRdbString(contents, 0, contents.length, body, 0, compressor);
  return { type: RDB_ZSET_LISTPACK, body: body.subarray(0, length) };
}

function writeMembers(set: SortedSet, compressor: LzfCompressor | null): RdbValue {
  const { size } = set;
  let room = rdbLengthSize(size);
  set.walk(0, size, false, (_bytes, start, end) => {
    room += rdbStringSizeMax(end - start) + SCORE_BYTES;
  });
  const body = new Uint8Array(room);
  const view = new DataView(body.buffer);
  let at = writeRdbLength(size, body, 0);
  set.walk(0, size, true, (bytes, start, end, score) => {
    at = writeRdbString(bytes, start, end, body, at, compressor);
    view.setFloat64(at, score, true);
    at += SCORE_BYTES;
  });
  return { type: RDB_ZSET_2, body: body.subarray(0, at) };
}

/** An entry in no database with this value. */
function entryOf(keyspace: Keyspace, { encoding, value }: LooseValue, facts: EntryFacts): Ref {
  const { key, expireAtMs, access } = facts;
  const shape: EntryShape = { type: Type.zset, encoding, expireAtMs, access };
  return keyspace.entries.createApart(key, 0, key.length, shape, value, 0);
}

export function readListpackSortedSet(
  keyspace: Keyspace,
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: EntryFacts,
): Ref {
  const packed = readRdbString(bytes, start, end)?.bytes;
  if (packed === undefined || checkListpack(packed, 0, packed.length) < 0) return NONE;
  const { block } = new Listpack(keyspace.arena).load(packed, 0, packed.length);
  return entryOfPairs(keyspace, block, facts);
}

export function readZiplistSortedSet(
  keyspace: Keyspace,
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: EntryFacts,
): Ref {
  const packed = readRdbString(bytes, start, end)?.bytes;
  if (packed === undefined) return NONE;
  const block = listpackOfZiplist(keyspace.arena, packed);
  return block === NONE ? NONE : entryOfPairs(keyspace, block, facts);
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

/** A score as it was read, and the offset after it. NaN, or `next` of 0, is none. */
interface ReadScore {
  readonly score: number;
  readonly next: number;
}

type ScoreReader = (bytes: Uint8Array, at: number, end: number) => ReadScore;

const NO_SCORE: ReadScore = { score: NaN, next: 0 };

function readBinaryScore(bytes: Uint8Array, at: number, end: number): ReadScore {
  const next = at + SCORE_BYTES;
  if (next > end) return NO_SCORE;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { score: view.getFloat64(at, true), next };
}

/** The number at the start of a text, as C reads it. */
const LEADING_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i;

function readTextScore(bytes: Uint8Array, at: number, end: number): ReadScore {
  const length = bytes[at];
  if (at >= end || length === undefined || length === TEXT_NAN) return NO_SCORE;
  if (length === TEXT_INFINITE) return { score: Infinity, next: at + 1 };
  if (length === TEXT_MINUS_INFINITE) return { score: -Infinity, next: at + 1 };
  const next = at + 1 + length;
  if (next > end) return NO_SCORE;
  const number = LEADING_NUMBER.exec(toLatin1(bytes, at + 1, next));
  return number === null ? NO_SCORE : { score: Number(number[0]), next };
}

/** A reader of members with scores of one form. */
function memberReader(readScore: ScoreReader): ValueReader {
  return (keyspace, bytes, start, end, facts) => {
    const set = new LargeSortedSet(keyspace.arena, keyspace.hash);
    if (addMembers(set, bytes, start, end, readScore)) {
      return entryOf(keyspace, looseValueOf(keyspace, set), facts);
    }
    set.drop();
    return NONE;
  };
}

/** Adds what is read to an empty set; false when the bytes are no members, each there once, with scores. */
function addMembers(
  set: LargeSortedSet,
  bytes: Uint8Array,
  start: number,
  end: number,
  readScore: ScoreReader,
): boolean {
  const count = readRdbLength(bytes, start, end);
  if (count === null || count.encoded || count.value === 0) return false;
  let at = count.next;
  for (let i = 0; i < count.value; i++) {
    const member = readRdbString(bytes, at, end);
    if (member === null) return false;
    const { score, next } = readScore(bytes, member.next, end);
    const { length } = member.bytes;
    if (Number.isNaN(score) || !Number.isNaN(set.find(member.bytes, 0, length))) return false;
    set.insert(member.bytes, 0, length, score);
    at = next;
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
