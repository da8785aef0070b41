/**
 * How values of each type stand in RDB files and DUMP payloads: the one list of what can be written and
 * read. A family adds its writer by type, and its readers by the type bytes it understands.
 */
import type { Keyspace } from '../datatypes/database.js';
import type { Ref } from '../datatypes/store/arena.js';
import { Type } from '../datatypes/store/entry.js';
import { LzfCompressor } from '../datatypes/store/lzf.js';
import type { FrozenValue } from './frozen-value.js';
import { HASH_READERS, HASH_WRITER } from './hash-format.js';
import { LIST_READERS, LIST_WRITER } from './list-format.js';
import type { RdbReader } from './rdb-reader.js';
import type { RdbWriter } from './rdb-writer.js';
import { SET_READERS, SET_WRITER } from './set-format.js';
import { STREAM_READERS, STREAM_WRITER } from './stream-format.js';
import { STRING_READERS, STRING_WRITER } from './string-format.js';
import { SORTED_SET_READERS, SORTED_SET_WRITER } from './zset-format.js';

/** What an entry is to be besides its value. */
export interface EntryFacts {
  /** The key is `key[keyStart, keyEnd)`. */
  readonly key: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  /** ms since 1970, or NEVER. */
  readonly expireAtMs: number;
  readonly access: number;
  /** Fields of hashes whose time came before this moment are passed over. */
  readonly dropFieldsBeforeMs?: number;
}

/** How values of a type are written. */
export interface ValueWriter {
  /** The byte that tells the form in which the value of `ref` is written. */
  typeOf(keyspace: Keyspace, ref: Ref): number;
  /** Writes the value of `ref`. */
  write(keyspace: Keyspace, ref: Ref, out: RdbWriter): void;
  /** Takes hold of a value too large to be written at once; null for one that is not. */
  freeze?(keyspace: Keyspace, ref: Ref): FrozenValue | null;
}

/** Reads a value into a new entry that is in no database; NONE when what is read is no such value. */
export type ValueReader = (keyspace: Keyspace, reader: RdbReader, facts: EntryFacts) => Ref;

export const VALUE_WRITERS: ReadonlyMap<Type, ValueWriter> = new Map<Type, ValueWriter>([
  [Type.string, STRING_WRITER],
  [Type.list, LIST_WRITER],
  [Type.set, SET_WRITER],
  [Type.zset, SORTED_SET_WRITER],
  [Type.hash, HASH_WRITER],
  [Type.stream, STREAM_WRITER],
]);

/** By type byte. */
export const VALUE_READERS: ReadonlyMap<number, ValueReader> = new Map<number, ValueReader>([
  ...STRING_READERS,
  ...LIST_READERS,
  ...SET_READERS,
  ...SORTED_SET_READERS,
  ...HASH_READERS,
  ...STREAM_READERS,
]);

/** The writer for the type of `ref`. @throws {Error} When values of its type cannot be written. */
export function valueWriterOf(keyspace: Keyspace, ref: Ref): ValueWriter {
  const type = keyspace.entries.type(ref);
  const writer = VALUE_WRITERS.get(type);
  if (writer === undefined) throw new Error(`Cannot write values of type ${type}`);
  return writer;
}

/** What compresses strings; null under `rdbcompression no`. */
export function compressorOf(keyspace: Keyspace): LzfCompressor | null {
  return keyspace.settings.rdbcompression ? keyspace.own(LzfCompressor) : null;
}
