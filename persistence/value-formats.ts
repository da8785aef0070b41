/**
 * How values of each type stand in RDB files and DUMP payloads: the one list of what can be written and
 * read. A family adds its writer by type, and its readers by the type bytes it understands.
 */
import type { Keyspace } from '../datatypes/database.js';
import type { Ref } from '../datatypes/store/arena.js';
import { Type } from '../datatypes/store/entry.js';
import type { LzfCompressor } from '../datatypes/store/lzf.js';
import { HASH_READERS, writeHashValue } from './hash-format.js';
import {
  RDB_LIST,
  RDB_LIST_QUICKLIST,
  RDB_LIST_QUICKLIST_2,
  RDB_LIST_ZIPLIST,
  readNodesList,
  readStringsList,
  readZiplistList,
  readZiplistsList,
  writeListValue,
} from './list-format.js';
import {
  RDB_SET,
  RDB_SET_INTSET,
  RDB_SET_LISTPACK,
  readIntsetValue,
  readPackedSetValue,
  readSetValue,
  writeSetValue,
} from './set-format.js';
import {
  RDB_STREAM,
  RDB_STREAM_2,
  RDB_STREAM_3,
  streamReader,
  writeStreamValue,
} from './stream-format.js';
import { RDB_STRING, readStringValue, writeStringValue } from './string-format.js';
import { SORTED_SET_READERS, writeSortedSetValue } from './zset-format.js';

/** A value as RDB has it. */
export interface RdbValue {
  /** The byte that tells its form. */
  readonly type: number;
  readonly body: Uint8Array;
}

/** What an entry is to be besides its value. */
export interface EntryFacts {
  readonly key: Uint8Array;
  /** ms since 1970, or NEVER. */
  readonly expireAtMs: number;
  readonly access: number;
}

/** Writes the value of `ref`; `compressor` is null when strings stay as they are. */
export type ValueWriter = (
  keyspace: Keyspace,
  ref: Ref,
  compressor: LzfCompressor | null,
) => RdbValue;

/**
 * Reads a value from `bytes[start, end)`, which may go on beyond it, into a new entry that is in no
 * database; NONE when the bytes are no such value.
 */
export type ValueReader = (
  keyspace: Keyspace,
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: EntryFacts,
) => Ref;

export const VALUE_WRITERS: ReadonlyMap<Type, ValueWriter> = new Map<Type, ValueWriter>([
  [Type.string, writeStringValue],
  [Type.list, writeListValue],
  [Type.set, writeSetValue],
  [Type.zset, writeSortedSetValue],
  [Type.hash, writeHashValue],
  [Type.stream, writeStreamValue],
]);

/** By type byte. */
export const VALUE_READERS: ReadonlyMap<number, ValueReader> = new Map<number, ValueReader>([
  [RDB_STRING, readStringValue],
  [RDB_LIST, readStringsList],
  [RDB_LIST_ZIPLIST, readZiplistList],
  [RDB_LIST_QUICKLIST, readZiplistsList],
  [RDB_LIST_QUICKLIST_2, readNodesList],
  [RDB_SET, readSetValue],
  [RDB_SET_INTSET, readIntsetValue],
  [RDB_SET_LISTPACK, readPackedSetValue],
  ...SORTED_SET_READERS,
  ...HASH_READERS,
  [RDB_STREAM, streamReader(RDB_STREAM)],
  [RDB_STREAM_2, streamReader(RDB_STREAM_2)],
  [RDB_STREAM_3, streamReader(RDB_STREAM_3)],
]);
