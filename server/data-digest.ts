/**
 * The digest of all data, equal for equal data whatever the order of keys: DEBUG DIGEST.
 *
 * Parts whose order matters are mixed in (the digest is hashed with what it was); parts whose order does
 * not are combined by exclusive or. The outcome is the real server's to the bit, so that the data of the
 * two can be compared.
 */
import { createHash } from 'node:crypto';
import type { Database, Keyspace } from '../datatypes/database.js';
import { HashLens } from '../datatypes/hash-value.js';
import { listsOf } from '../datatypes/list-values.js';
import { SetValue } from '../datatypes/set-value.js';
import type { Ref } from '../datatypes/store/arena.js';
import { Type } from '../datatypes/store/entry.js';
import { StreamId } from '../datatypes/store/stream-id.js';
import { StreamCursor } from '../datatypes/stream-cursor.js';
import { Stream } from '../datatypes/stream-value.js';
import { openSortedSet } from '../datatypes/zset-value.js';
import { latin1 } from '../protocol/bytes.js';
import { formatScientific } from '../protocol/doubles.js';

const DIGEST_BYTES = 20;
const EXPIRES = Buffer.from('!!expire!!');

/** Adds the value of an entry to a digest. */
export type ValueDigester = (database: Database, ref: Ref, digest: Digest) => void;

/** How values are added, by type. */
export type ValueDigesters = ReadonlyMap<Type, ValueDigester>;

export class Digest {
  private readonly bytes = new Uint8Array(DIGEST_BYTES);

  /** Adds a part whose place does not matter. */
  combine(part: Uint8Array): void {
    const hash = createHash('sha1').update(part).digest();
    for (let i = 0; i < DIGEST_BYTES; i++) {
      this.bytes[i] = (this.bytes[i] as number) ^ (hash[i] as number);
    }
  }

  /** Adds a part whose place matters. */
  mix(part: Uint8Array): void {
    this.combine(part);
    this.bytes.set(createHash('sha1').update(this.bytes).digest());
  }

  /** Adds another digest, whose place does not matter. */
  combineDigest(other: Digest): void {
    this.combine(other.bytes);
  }

  get hex(): string {
    return Buffer.from(this.bytes).toString('hex');
  }
}

function mixNumber(digest: Digest, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  digest.mix(bytes);
}

function addString(database: Database, ref: Ref, digest: Digest): void {
  const { bytes, start, end } = database.stringAt(ref);
  digest.mix(bytes.subarray(start, end));
}

function addList(database: Database, ref: Ref, digest: Digest): void {
  const cursor = listsOf(database.keyspace).open(ref);
  for (let at = cursor.moveTo(0); at; at = cursor.next()) digest.mix(cursor.copy());
  cursor.close();
}

function addSet(database: Database, ref: Ref, digest: Digest): void {
  new SetValue(database.keyspace).open(ref).forEach((bytes, start, end) => {
    digest.combine(bytes.subarray(start, end));
  });
}

/** Each member with its score, whatever their order. */
function addSortedSet(database: Database, ref: Ref, digest: Digest): void {
  const set = openSortedSet(database.keyspace, ref);
  set.walk(0, set.size, false, (bytes, start, end, score) => {
    const pair = new Digest();
    pair.mix(bytes.subarray(start, end));
    pair.mix(latin1(formatScientific(score)));
    digest.combineDigest(pair);
  });
}

function addHash(database: Database, ref: Ref, digest: Digest): void {
  const { keyspace } = database;
  keyspace
    .own(HashLens)
    .open(keyspace, ref)
    .forEach((field, value) => {
      const pair = new Digest();
      pair.mix(field.bytes.subarray(field.start, field.end));
      pair.mix(value.bytes.subarray(value.start, value.end));
      digest.combineDigest(pair);
    });
}

function addStream(database: Database, ref: Ref, digest: Digest): void {
  const { keyspace } = database;
  const stream = keyspace.large(ref, Stream);
  const cursor = new StreamCursor(keyspace.arena);
  cursor.begin(stream, new StreamId(), new StreamId().toMax(), false);
  while (cursor.next()) {
    const { node } = cursor;
    digest.mix(Buffer.from(node.id.toString().replace('-', '.')));
    node.startFields();
    while (node.nextField()) {
      node.showField();
      digest.mix(node.pack.source.subarray(node.pack.start, node.pack.end));
      node.showValue();
      digest.mix(node.pack.source.subarray(node.pack.start, node.pack.end));
    }
  }
}

/** How values of each type are added. A type that is not here has no digest. */
export const VALUE_DIGESTERS: ValueDigesters = new Map([
  [Type.string, addString],
  [Type.list, addList],
  [Type.set, addSet],
  [Type.zset, addSortedSet],
  [Type.hash, addHash],
  [Type.stream, addStream],
]);

/** Adds an entry's type, value and whether it expires. @throws {Error} On a type without a digester. */
export function addValue(database: Database, ref: Ref, digest: Digest): void {
  const { entries } = database.keyspace;
  const type = entries.type(ref);
  const digester = VALUE_DIGESTERS.get(type);
  if (!digester) throw new Error(`Cannot tell the digest of a value: no digester of type ${type}`);
  mixNumber(digest, type);
  digester(database, ref, digest);
  if (entries.hasExpiry(ref)) digest.combine(EXPIRES);
}

/** The digest of all databases. */
export function dataDigest(keyspace: Keyspace): Digest {
  const all = new Digest();
  for (const database of keyspace.databases) {
    if (database.keys.size === 0) continue;
    mixNumber(all, database.id);
    database.keys.forEach((ref) => {
      const one = new Digest();
      one.mix(keyspace.entries.key(ref));
      addValue(database, ref, one);
      all.combineDigest(one);
    });
  }
  return all;
}
