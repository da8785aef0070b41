/** Strings in RDB files and DUMP payloads. */
import type { Keyspace } from '../datatypes/database.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import { NEVER, Type, ValueView } from '../datatypes/store/entry.js';
import type { LzfCompressor } from '../datatypes/store/lzf.js';
import { stringEncoding } from '../datatypes/string-encoding.js';
import { rdbStringSizeMax, readRdbString, writeRdbString } from './rdb-string.js';
import type { EntryFacts, RdbValue } from './value-formats.js';

/** The type byte of strings. */
export const RDB_STRING = 0;

export function writeStringValue(
  keyspace: Keyspace,
  ref: Ref,
  compressor: LzfCompressor | null,
): RdbValue {
  const { bytes, start, end } = keyspace.entries.view(ref, new ValueView());
  const body = new Uint8Array(rdbStringSizeMax(end - start));
  const length = writeRdbString(bytes, start, end, body, 0, compressor);
  return { type: RDB_STRING, body: body.subarray(0, length) };
}

export function readStringValue(
  keyspace: Keyspace,
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: EntryFacts,
): Ref {
  const { entries } = keyspace;
  const value = readRdbString(bytes, start, end)?.bytes;
  if (value === undefined) return NONE;
  const { key, expireAtMs, access } = facts;
  const expires = expireAtMs !== NEVER;
  const encoding = stringEncoding(value, 0, value.length, key.length, expires);
  const length = value.length;
  const { string } = Type;
  const ref = entries.create(key, 0, key.length, string, encoding, expireAtMs, access, length);
  const view = entries.view(ref, new ValueView());
  view.bytes.set(value, view.start);
  return ref;
}
