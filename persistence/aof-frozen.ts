/**
 * Large values as requests, written part by part while commands change them: see frozen-value.ts.
 *
 * Elements of tables come in no order; sorted sets and hashes do not mind.
 */
import type { Keyspace } from '../datatypes/database.js';
import { listsOf } from '../datatypes/list-values.js';
import type { Ref } from '../datatypes/store/arena.js';
import { Encoding, NEVER, Type, ValueView } from '../datatypes/store/entry.js';
import { FieldTable } from '../datatypes/store/field-table.js';
import type { FrozenDict } from '../datatypes/store/frozen-dict.js';
import { ListCursor } from '../datatypes/store/list-cursor.js';
import { MemberTable } from '../datatypes/store/member-table.js';
import { Stream } from '../datatypes/stream-value.js';
import { LargeSortedSet } from '../datatypes/zset-large.js';
import { formatShortest } from '../protocol/doubles.js';
import { type AofRequests, Batch } from './aof-requests.js';
import { type RequestParts, streamRequests } from './aof-stream.js';
import { FROZEN_FROM_BYTES, FROZEN_FROM_ELEMENTS, type FrozenValue } from './frozen-value.js';
import { FROZEN_FROM_NODES } from './list-format.js';
import { FROZEN_FROM_SIZE } from './stream-format.js';

/** What is held of a value, and how it is written. */
interface Held {
  readonly parts: RequestParts;
  release(): void;
}

const BYTES_AT_ONCE = 256 * 1024;
const ELEMENTS_A_PART = 512;

/**
 * Takes hold of a value too large to be written at once; null for one that is not.
 *
 * @param expiry - When its key expires, ms since 1970; null when it does not.
 */
export function freezeAsRequests(
  keyspace: Keyspace,
  writer: AofRequests,
  ref: Ref,
  expiry: string | null,
): FrozenValue | null {
  // Buffers have a `slice` that copies nothing.
  const key = Uint8Array.prototype.slice.call(keyspace.entries.key(ref));
  const held = hold(keyspace, writer, key, ref);
  if (held === null) return null;
  const { parts, release } = held;
  return {
    writeSome() {
      if (!parts.next().done) return false;
      if (expiry !== null) writer.request('PEXPIREAT', key, expiry);
      return true;
    },
    release,
  };
}

function hold(keyspace: Keyspace, writer: AofRequests, key: Uint8Array, ref: Ref): Held | null {
  const { entries } = keyspace;
  const isTable = entries.encoding(ref) === Encoding.hashtable;
  switch (entries.type(ref)) {
    case Type.string:
      return holdString(keyspace, writer, key, ref);
    case Type.list:
      return holdList(keyspace, writer, key, ref);
    case Type.set:
      return isTable ? holdSet(writer, key, keyspace.large(ref, MemberTable)) : null;
    case Type.zset:
      if (entries.encoding(ref) !== Encoding.skiplist) return null;
      return holdSortedSet(writer, key, keyspace.large(ref, LargeSortedSet));
    case Type.hash:
      return isTable ? holdHash(writer, key, keyspace.large(ref, FieldTable)) : null;
    default:
      return holdStream(writer, key, keyspace.large(ref, Stream));
  }
}

function holdString(
  { arena, entries }: Keyspace,
  writer: AofRequests,
  key: Uint8Array,
  ref: Ref,
): Held | null {
  const { bytes, start, length, block } = entries.view(ref, new ValueView());
  if (length < FROZEN_FROM_BYTES) return null;
  arena.retain(block);
  function* parts(): RequestParts {
    writer.begin(3);
    writer.word('SET');
    writer.word(key);
    writer.beginWord(length);
    for (let at = 0; at < length; at += BYTES_AT_ONCE) {
      writer.out.raw(bytes.subarray(start + at, start + Math.min(length, at + BYTES_AT_ONCE)));
      yield;
    }
    writer.endWord();
  }
  return { parts: parts(), release: () => arena.release(block) };
}

function holdList(keyspace: Keyspace, writer: AofRequests, key: Uint8Array, ref: Ref): Held | null {
  const lists = listsOf(keyspace);
  const list = lists.large(ref);
  if (list === null || list.nodes.length < FROZEN_FROM_NODES) return null;
  const copy = list.duplicate();
  function* parts(): RequestParts {
    const batch = new Batch(writer, 'RPUSH', key, copy.length, 1);
    for (let from = 0; from < copy.length; from += ELEMENTS_A_PART) {
      const cursor = new ListCursor(lists.nodes).openQuicklist(copy);
      let more = cursor.moveTo(from);
      for (let i = 0; more && i < ELEMENTS_A_PART; i++, more = cursor.next()) {
        cursor.read();
        batch.next();
        writer.word(cursor.source.subarray(cursor.start, cursor.end));
      }
      cursor.close();
      yield;
    }
  }
  return {
    parts: parts(),
    release() {
      while (!copy.freeSome());
    },
  };
}

/** A table whose elements `write` writes. */
function holdTable(table: FrozenDict, write: (element: Ref) => void): Held {
  function* parts(): RequestParts {
    while (!table.takeSome(write)) yield;
  }
  return { parts: parts(), release: () => table.release() };
}

function holdSet(writer: AofRequests, key: Uint8Array, set: MemberTable): Held | null {
  if (set.size < FROZEN_FROM_ELEMENTS) return null;
  const batch = new Batch(writer, 'SADD', key, set.size, 1);
  return holdTable(set.freeze(), (member) =>
    set.show(member, (bytes, start, end) => {
      batch.next();
      writer.word(bytes.subarray(start, end));
    }),
  );
}

function holdSortedSet(writer: AofRequests, key: Uint8Array, set: LargeSortedSet): Held | null {
  if (set.size < FROZEN_FROM_ELEMENTS) return null;
  const batch = new Batch(writer, 'ZADD', key, set.size, 2);
  return holdTable(set.freeze(), (element) =>
    set.show(element, (bytes, start, end, score) => {
      batch.next();
      writer.word(formatShortest(score));
      writer.word(bytes.subarray(start, end));
    }),
  );
}

/** Where fields expire each is a request of its own: nobody knows before how many do. */
function holdHash(writer: AofRequests, key: Uint8Array, table: FieldTable): Held | null {
  if (table.size < FROZEN_FROM_ELEMENTS) return null;
  const [field, value] = [new ValueView(), new ValueView()];
  const bytesOf = ({ bytes, start, end }: ValueView) => bytes.subarray(start, end);
  const batch = table.isVolatile ? null : new Batch(writer, 'HMSET', key, table.size, 2);
  return holdTable(table.freeze(), (element) => {
    table.viewField(element, field);
    table.viewValue(element, value);
    const words = [bytesOf(field), bytesOf(value)] as const;
    const moment = batch === null ? table.momentOf(element) : NEVER;
    if (moment !== NEVER) {
      writer.request('HSETEX', key, 'PXAT', String(moment), 'FIELDS', '1', ...words);
    } else if (batch === null) {
      writer.request('HMSET', key, ...words);
    } else {
      batch.next();
      for (const word of words) writer.word(word);
    }
  });
}

function holdStream(writer: AofRequests, key: Uint8Array, stream: Stream): Held | null {
  if (stream.size < FROZEN_FROM_SIZE) return null;
  const copy = stream.duplicate();
  return {
    parts: streamRequests(writer, key, copy),
    release() {
      while (!copy.freeSome());
    },
  };
}
