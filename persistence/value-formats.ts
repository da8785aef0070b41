/**
 * How values of each type stand in RDB files and DUMP payloads: the one list of what can be written and
 * read. A family adds its writer by type, and its readers by the type bytes it understands.
 */
import type { Keyspace } from '../datatypes/database.js';
import type { Ref } from '../datatypes/store/arena.js';
import { Type } from '../datatypes/store/entry.js';
import type { LzfCompressor } from './lzf.js';
import {
  RDB_STREAM,
  RDB_STREAM_2,
  RDB_STREAM_3,
  streamReader,
  writeStreamValue,
} from './stream-format.js';
import { RDB_STRING, readStringValue, writeStringValue } from './string-format.js';

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

export const VALUE_WRITERS: ReadonlyMap<Type, ValueWriter> = new Map([
  [Type.string, writeStringValue],
  [Type.stream, writeStreamValue],
]);

/** By type byte. */
export const VALUE_READERS: ReadonlyMap<number, ValueReader> = new Map([
  [RDB_STRING, readStringValue],
  [RDB_STREAM, streamReader(RDB_STREAM)],
  [RDB_STREAM_2, streamReader(RDB_STREAM_2)],
  [RDB_STREAM_3, streamReader(RDB_STREAM_3)],
]);
