/** Hashes in RDB files and DUMP payloads: packed, as pairs, as pairs with the time of each field, and two old forms. */

import type { Keyspace } from '../datatypes/database.js';
import { HashLens } from '../datatypes/hash-value.js';
import { type Arena, NONE, type Ref } from '../datatypes/store/arena.js';
import { Encoding, NEVER, Type, ValueView } from '../datatypes/store/entry.js';
import { type FieldMoment, FieldTable } from '../datatypes/store/field-table.js';
import { checkListpack, Listpack } from '../datatypes/store/listpack.js';
import { Damage } from './damage.js';
import { FROZEN_FROM_ELEMENTS, frozenTable } from './frozen-value.js';
import { PackedLens } from './packed-lens.js';
import type { RdbReader } from './rdb-reader.js';
import type { RdbWriter } from './rdb-writer.js';
import type { EntryFacts, ValueReader, ValueWriter } from './value-formats.js';
import { listpackOfZiplist } from './ziplist.js';
import { readZipmap } from './zipmap.js';

/** The type bytes. */
const RDB_HASH = 4;
const RDB_HASH_ZIPMAP = 9;
const RDB_HASH_ZIPLIST = 13;
const RDB_HASH_LISTPACK = 16;
/** Each pair is followed by when the field expires: an int64, ms since 1970, or -1. */
const RDB_HASH_TIMED = 22;

export const HASH_WRITER: ValueWriter = {
  typeOf(keyspace, ref) {
    if (keyspace.entries.encoding(ref) === Encoding.listpack) return RDB_HASH_LISTPACK;
    return keyspace.large(ref, FieldTable).isVolatile ? RDB_HASH_TIMED : RDB_HASH;
  },
  write(keyspace, ref, out) {
    if (keyspace.entries.encoding(ref) === Encoding.listpack) {
      out.string(keyspace.own(PackedLens).contentsOf(keyspace, ref));
    } else writeTable(keyspace.large(ref, FieldTable), out);
  },
  freeze(keyspace, ref) {
    if (keyspace.entries.encoding(ref) === Encoding.listpack) return null;
    const table = keyspace.large(ref, FieldTable);
    if (table.size < FROZEN_FROM_ELEMENTS) return null;
    return frozenTable(table.freeze(), pairWriter(table, table.isVolatile));
  },
};

/** All fields, those that have expired included. */
function writeTable(table: FieldTable, out: RdbWriter): void {
  const writePair = pairWriter(table, table.isVolatile);
  out.length(table.size);
  table.fields.forEach((ref) => {
    writePair(ref, out);
  });
}

function pairWriter(table: FieldTable, timed: boolean): (ref: Ref, out: RdbWriter) => void {
  const view = new ValueView();
  return (ref, out) => {
    table.viewField(ref, view);
    out.stringOf(view.bytes, view.start, view.end);
    table.viewValue(ref, view);
    out.stringOf(view.bytes, view.start, view.end);
    if (timed) out.moment(table.momentOf(ref));
  };
}

/** An entry in no database whose value is the listpack in `block`. */
function packedEntry(keyspace: Keyspace, facts: EntryFacts, block: Ref): Ref {
  const { key, keyStart, keyEnd, expireAtMs, access } = facts;
  const shape = { type: Type.hash, encoding: Encoding.listpack, expireAtMs, access };
  return keyspace.entries.createApart(key, keyStart, keyEnd, shape, block, 0);
}

/** Makes an entry of pairs, one after the other. */
class HashBuilder {
  readonly hash: HashLens;
  private readonly keyspace: Keyspace;

  constructor(keyspace: Keyspace, facts: EntryFacts, block = NONE) {
    const value = block === NONE ? new Listpack(keyspace.arena).create().block : block;
    const ref = packedEntry(keyspace, facts, value);
    this.keyspace = keyspace;
    this.hash = keyspace.own(HashLens).open(keyspace, ref);
  }

  /** False when the field was there already. */
  add(field: Uint8Array, value: Uint8Array): boolean {
    return this.put(field, value, 0, value.length, NEVER);
  }

  /** As `add`, of the value `bytes[start, end)` and the field's time. */
  put(
    field: Uint8Array,
    bytes: Uint8Array,
    start: number,
    end: number,
    moment: FieldMoment,
  ): boolean {
    const isNew = this.hash.put(field, 0, field.length, bytes, start, end, moment);
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
  return (keyspace, reader, facts) => {
    const count = reader.length();
    if (reader.failed || count === 0) return reader.empty();
    const dropBeforeMs = facts.dropFieldsBeforeMs ?? 0;
    let dropped = 0;
    const builder = new HashBuilder(keyspace, facts);
    if (timed || count > keyspace.settings.hashMaxListpackEntries) builder.hash.unpack();
    for (let i = 0; i < count; i++) {
      const field = reader.string();
      reader.text();
      const { textBytes, textStart, textEnd } = reader;
      const moment = timed ? readFieldMoment(reader) : NEVER;
      if (reader.failed || field === null) return builder.finish(false);
      if (moment !== NEVER && moment < dropBeforeMs) {
        dropped++;
        continue;
      }
      if (!builder.put(field, textBytes, textStart, textEnd, moment)) {
        reader.refuse(timed ? Damage.duplicateTimedFields : Damage.duplicateFields);
        return builder.finish(false);
      }
    }
    reader.isExpiredValue = dropped === count;
    return builder.finish(true);
  };
}

/** -1 stands for never; other moments before 1970 are none. */
function readFieldMoment(reader: RdbReader): FieldMoment {
  const moment = reader.exactMoment();
  if (moment < -1n) reader.fail();
  if (moment < 0n) return NEVER;
  return moment <= Number.MAX_SAFE_INTEGER ? Number(moment) : moment;
}

function readPacked(keyspace: Keyspace, reader: RdbReader, facts: EntryFacts): Ref {
  if (!reader.text()) return NONE;
  const { textBytes, textStart, textEnd } = reader;
  const count = checkListpack(textBytes, textStart, textEnd);
  if (count === 0) return reader.empty();
  if (count < 2 || count % 2 !== 0) return NONE;
  const listpack = keyspace.own(PackedLens).of(keyspace).load(textBytes, textStart, textEnd);
  // A field that is there twice would be in a table twice: it is looked for before.
  const maySkip = count / 2 <= FEW_FIELDS && !keyspace.own(FieldMarks).areShared(listpack);
  const hasTwice = !maySkip && hasDoubles(listpack);
  const { block } = listpack;
  if (hasTwice) {
    keyspace.arena.release(block);
    return NONE;
  }
  if (count / 2 <= keyspace.settings.hashMaxListpackEntries) {
    return packedEntry(keyspace, facts, block);
  }
  const builder = new HashBuilder(keyspace, facts, block);
  builder.hash.unpack();
  return builder.finish(true);
}

/** Up to so many fields, to compare a mark of each with all before it is faster than to make a set of them. */
const FEW_FIELDS = 12;

/** Marks of the fields of one hash: different fields mostly have different ones, equal fields never. */
class FieldMarks {
  private readonly marks = new Int32Array(FEW_FIELDS);

  /** Whether two of up to `FEW_FIELDS` fields may be the same. */
  areShared(listpack: Listpack): boolean {
    const { marks } = this;
    let count = 0;
    for (let p = listpack.first(); p !== 0; p = listpack.next(listpack.next(p))) {
      listpack.readText(p);
      const { source, start, end } = listpack;
      const first = source[start] as number;
      const middle = source[(start + end) >>> 1] as number;
      const last = source[end - 1] as number;
      const mark = end === start ? 0 : ((end - start) << 24) ^ (first << 16) ^ (middle << 8) ^ last;
      for (let i = 0; i < count; i++) if (marks[i] === mark) return true;
      marks[count++] = mark;
    }
    return false;
  }
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
  return (keyspace, reader, facts) => {
    const blob = reader.string();
    const found = blob && elements(blob, keyspace.arena);
    if (!found || found.length % 2 !== 0) return NONE;
    if (found.length === 0) return reader.empty();
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
