/** Strings in RDB files and DUMP payloads. */
import type { Keyspace } from '../datatypes/database.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import { NEVER, Type, ValueView } from '../datatypes/store/entry.js';
import { stringEncoding } from '../datatypes/string-encoding.js';
import { FROZEN_FROM_BYTES, frozenString } from './frozen-value.js';
import type { RdbReader } from './rdb-reader.js';
import type { EntryFacts, ValueReader, ValueWriter } from './value-formats.js';

/** The type byte of strings. */
export const RDB_STRING = 0;

export const STRING_WRITER: ValueWriter = {
  typeOf: () => RDB_STRING,
  write(keyspace, ref, out) {
    const { bytes, start, end } = keyspace.entries.view(ref, keyspace.own(ValueView));
    out.stringOf(bytes, start, end);
  },
  freeze(keyspace, ref) {
    const { bytes, start, length, block } = keyspace.entries.view(ref, keyspace.own(ValueView));
    if (length < FROZEN_FROM_BYTES) return null;
    return frozenString(keyspace.arena, block, bytes, start, length);
  },
};

export function readStringValue(keyspace: Keyspace, reader: RdbReader, facts: EntryFacts): Ref {
  const { entries } = keyspace;
  if (!reader.text()) return NONE;
  const { textBytes, textStart, textEnd } = reader;
  const { key, keyStart, keyEnd, expireAtMs, access } = facts;
  const expires = expireAtMs !== NEVER;
  const encoding = stringEncoding(textBytes, textStart, textEnd, keyEnd - keyStart, expires);
  const length = textEnd - textStart;
  const { string } = Type;
  const ref = entries.create(key, keyStart, keyEnd, string, encoding, expireAtMs, access, length);
  const view = entries.view(ref, keyspace.own(ValueView));
  entries.write(view.block, view.start, textBytes, textStart, length);
  return ref;
}

export const STRING_READERS: readonly (readonly [number, ValueReader])[] = [
  [RDB_STRING, readStringValue],
];
