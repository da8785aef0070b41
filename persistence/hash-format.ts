/** Hashes in RDB files and DUMP payloads: packed, as pairs, as pairs with the time of each field, and two old forms. */
import type { Keyspace } from '../datatypes/database.js';
import { HashLens } from '../datatypes/hash-value.js';
import { type Arena, NONE, type Ref } from '../datatypes/store/arena.js';
import { Encoding, NEVER, Type, ValueView } from '../datatypes/store/entry.js';
import type { FieldMoment, FieldTable } from '../datatypes/store/field-table.js';
import { checkListpack, Listpack } from '../datatypes/store/listpack.js';
import type { LzfCompressor } from '../datatypes/store/lzf.js';
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
import { readZipmap } from './zipmap.js';

/** The type bytes. */
const RDB_HASH = 4;
const RDB_HASH_ZIPMAP = 9;
const RDB_HASH_ZIPLIST = 13;
const RDB_HASH_LISTPACK = 16;
/** Each pair is followed by when the field expires: an int64, ms since 1970, or -1. */
const RDB_HASH_TIMED = 22;
const MOMENT_BYTES = 8;

export function writeHashValue(
  keyspace: Keyspace,
  ref: Ref,
  compressor: LzfCompressor | null,
): RdbValue {
  const hash = keyspace.own(HashLens).open(keyspace, ref);
  if (hash.table !== null) return writeTable(hash.table, compressor);
  const { packed } = hash;
  const body = new Uint8Array(rdbStringSizeMax(packed.length));
  const length = writeRdbString(packed, 0, packed.length, body, 0, compressor);
  return { type: RDB_HASH_LISTPACK, body: body.subarray(0, length) };
}

/** All fields, those that have expired included. */
function writeTable(table: FieldTable, compressor: LzfCompressor | null): RdbValue {
  const view = new ValueView();
  const timed = table.isVolatile;
  let most = rdbLengthSize(table.size);
  table.fields.forEach((ref) => {
    most += rdbStringSizeMax(table.fieldLength(ref)) + (timed ? MOMENT_BYTES : 0);
    most += rdbStringSizeMax(table.viewValue(ref, view).length);
  });
  const body = new Uint8Array(most);
  const moments = new DataView(body.buffer);
  let at = writeRdbLength(table.size, body, 0);
  table.fields.forEach((ref) => {
    const { bytes, start, end } = table.viewField(ref, view);
    at = writeRdbString(bytes, start, end, body, at, compressor);
    table.viewValue(ref, view);
    at = writeRdbString(view.bytes, view.start, view.end, body, at, compressor);
    if (!timed) return;
    moments.setBigInt64(at, BigInt(table.momentOf(ref)), true);
    at += MOMENT_BYTES;
  });
  return { type: timed ? RDB_HASH_TIMED : RDB_HASH, body: body.subarray(0, at) };
}

/** Makes an entry of pairs, one after the other. */
class HashBuilder {
  readonly hash: HashLens;
  private readonly keyspace: Keyspace;

  constructor(keyspace: Keyspace, facts: EntryFacts, block = NONE) {
    const { key, expireAtMs, access } = facts;
    const shape = { type: Type.hash, encoding: Encoding.listpack, expireAtMs, access };
    const value = block === NONE ? new Listpack(keyspace.arena).create().block : block;
    const ref = keyspace.entries.createApart(key, 0, key.length, shape, value, 0);
    this.keyspace = keyspace;
    this.hash = keyspace.own(HashLens).open(keyspace, ref);
  }

  /** False when the field was there already. */
  add(field: Uint8Array, value: Uint8Array, moment: FieldMoment = NEVER): boolean {
    const isNew = this.hash.put(field, 0, field.length, value, 0, value.length, moment);
    return isNew && this.hash.overwrittenExpired === 0;
  }

  /** The entry; NONE, with nothing left of it, when it is not `valid` or has no fields. */
  finish(valid: boolean): Ref {
    const { ref } = this.hash;
    this.hash.store();
    if (valid && this.hash.size > 0) return ref;
    this.keyspace.releaseEntry(ref);
    return NONE;
  }
}

/** Reads pairs, each followed by its time if `timed`. */
function pairsReader(timed: boolean): ValueReader {
  return (keyspace, bytes, start, end, facts) => {
    const length = readRdbLength(bytes, start, end);
    if (length === null || length.encoded || length.value === 0) return NONE;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const builder = new HashBuilder(keyspace, facts);
    if (timed || length.value > keyspace.settings.hashMaxListpackEntries) builder.hash.unpack();
    let at = length.next;
    for (let i = 0; i < length.value; i++) {
      const field = readRdbString(bytes, at, end);
      const value = field && readRdbString(bytes, field.next, end);
      if (!field || !value || (timed && value.next + MOMENT_BYTES > end)) {
        return builder.finish(false);
      }
      const moment = timed ? readMoment(view, value.next) : NEVER;
      at = value.next + (timed ? MOMENT_BYTES : 0);
      if (!builder.add(field.bytes, value.bytes, moment)) return builder.finish(false);
    }
    return builder.finish(true);
  };
}

/** What is before 1970 is no time. */
function readMoment(view: DataView, at: number): FieldMoment {
  const moment = view.getBigInt64(at, true);
  if (moment < 0n) return NEVER;
  return moment <= Number.MAX_SAFE_INTEGER ? Number(moment) : moment;
}

function readPacked(
  keyspace: Keyspace,
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: EntryFacts,
): Ref {
  const packed = readRdbString(bytes, start, end)?.bytes;
  if (packed === undefined) return NONE;
  const count = checkListpack(packed, 0, packed.length);
  if (count < 2 || count % 2 !== 0) return NONE;
  const listpack = new Listpack(keyspace.arena).load(packed, 0, packed.length);
  const builder = new HashBuilder(keyspace, facts, listpack.block);
  if (count / 2 > keyspace.settings.hashMaxListpackEntries) {
    // A field that is there twice would be in the table twice: it is looked for before.
    if (hasDoubles(listpack)) return builder.finish(false);
    builder.hash.unpack();
    return builder.finish(true);
  }
  return builder.finish(!hasDoubles(listpack));
}

function hasDoubles(listpack: Listpack): boolean {
  const fields = new Set<string>();
  for (let p = listpack.first(); p !== 0; p = listpack.next(listpack.next(p))) {
    const field = Buffer.from(listpack.copyOf(p)).toString('latin1');
    if (fields.has(field)) return true;
    fields.add(field);
  }
  return false;
}

/** Reads an old form, of which `elements` makes keys and values in turn. */
function oldReader(
  elements: (bytes: Uint8Array, arena: Arena) => Uint8Array[] | null,
): ValueReader {
  return (keyspace, bytes, start, end, facts) => {
    const blob = readRdbString(bytes, start, end)?.bytes;
    const found = blob && elements(blob, keyspace.arena);
    if (!found || found.length % 2 !== 0) return NONE;
    const builder = new HashBuilder(keyspace, facts);
    for (let i = 0; i < found.length; i += 2) {
      if (!builder.add(found[i] as Uint8Array, found[i + 1] as Uint8Array)) {
        return builder.finish(false);
      }
    }
    return builder.finish(true);
  };
}

function ziplistElements(bytes: Uint8Array, arena: Arena): Uint8Array[] | null {
  const block = listpackOfZiplist(arena, bytes);
  if (block === NONE) return null;
  const listpack = new Listpack(arena).open(block);
  const elements: Uint8Array[] = [];
  for (let p = listpack.first(); p !== 0; p = listpack.next(p)) elements.push(listpack.copyOf(p));
  arena.release(block);
  return elements;
}

export const HASH_READERS: readonly (readonly [number, ValueReader])[] = [
  [RDB_HASH, pairsReader(false)],
  [RDB_HASH_TIMED, pairsReader(true)],
  [RDB_HASH_LISTPACK, readPacked],
  [RDB_HASH_ZIPMAP, oldReader(readZipmap)],
  [RDB_HASH_ZIPLIST, oldReader(ziplistElements)],
];
