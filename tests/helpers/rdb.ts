/** RDB files in memory: written by a snapshot, loaded into a server. */
import type { Keyspace } from '../../datatypes/database.js';
import type { Ref } from '../../datatypes/store/arena.js';
import { Opcode } from '../../persistence/rdb-format.js';
import type { RdbLoader } from '../../persistence/rdb-load.js';
import { RdbWriter } from '../../persistence/rdb-writer.js';
import { Snapshot } from '../../persistence/snapshot.js';
import { valueWriterOf } from '../../persistence/value-formats.js';
import type { LoadRules } from '../../server/loading.js';
import type { Server } from '../../server/server.js';

/** Gathers what a snapshot writes. */
export class MemorySink {
  isFull = false;
  readonly chunks: Uint8Array[] = [];

  write(bytes: Uint8Array): void {
    this.chunks.push(bytes);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

/** Begins a snapshot of all data of a server. */
export function beginSnapshot(server: Server, sink: MemorySink, isInBackground = true): Snapshot {
  const parts = {
    keyspace: server.keyspace,
    sink,
    facts: server.saves.facts(false),
    checksum: true,
    keyDelayUsec: () => 0,
  };
  return new Snapshot(parts, isInBackground);
}

/** All data of a server as a file. */
export function savedBytes(server: Server): Buffer {
  const sink = new MemorySink();
  beginSnapshot(server, sink, false).finish();
  return sink.bytes;
}

/** How a file is loaded, unless a test says otherwise. */
const RULES: LoadRules = { empties: false, replaces: false, dropsExpired: false };

/** Loads a file in pieces of `pieceBytes` into a server, whose data stays. @throws {RdbFailure} */
export function loadBytes(
  { loading }: Server,
  bytes: Uint8Array,
  pieceBytes = bytes.length,
  rules = RULES,
): RdbLoader {
  loading.totalBytes = bytes.length;
  const loader = loading.makeLoader(rules);
  for (let at = 0; at < bytes.length && !loader.isDone; ) {
    const room = loader.room();
    const piece = bytes.subarray(at, at + Math.min(room.length, Math.max(1, pieceBytes)));
    room.set(piece);
    at += piece.length;
    loader.take(piece.length);
  }
  if (!loader.isDone) loader.finish();
  return loader;
}

/** A key with its value in a file made by hand. */
export interface FileKey {
  readonly key: string;
  /** Type byte and value, as `dumpedValues` gives them. */
  readonly value: Uint8Array;
  /** ms since 1970. */
  readonly expireAtMs?: number;
}

/**
 * A file made by hand, without checksum.
 *
 * @param head - Name and version, nine letters.
 * @param databases - The keys of databases 0, 1 and so on.
 */
export function fileOf(
  head: string,
  databases: readonly (readonly FileKey[])[],
  functionLibrary?: string,
): Buffer {
  const out = new RdbWriter(null);
  out.raw(Buffer.from(head));
  out.byte(Opcode.aux);
  out.string(Buffer.from('used-mem'));
  out.string(Buffer.from('1048576'));
  if (functionLibrary !== undefined) {
    out.byte(Opcode.function2);
    out.string(Buffer.from(functionLibrary));
  }
  for (const [id, keys] of databases.entries()) {
    out.byte(Opcode.selectDatabase);
    out.length(id);
    out.byte(Opcode.resizeDatabase);
    out.length(keys.length);
    out.length(keys.filter(({ expireAtMs }) => expireAtMs !== undefined).length);
    for (const key of keys) writeKey(out, key);
  }
  out.byte(Opcode.end);
  out.raw(new Uint8Array(8));
  return Buffer.from(out.finish());
}

function writeKey(out: RdbWriter, { key, value, expireAtMs }: FileKey): void {
  if (expireAtMs !== undefined) {
    out.byte(Opcode.expireAtMs);
    out.moment(expireAtMs);
  }
  out.byte(value[0] as number);
  out.string(Buffer.from(key));
  out.raw(value.subarray(1));
}

/** Type byte and value of a key, as DUMP writes them. */
export function dumpedValue(keyspace: Keyspace, ref: Ref): Buffer {
  const out = new RdbWriter(null);
  const writer = valueWriterOf(keyspace, ref);
  out.byte(writer.typeOf(keyspace, ref));
  writer.write(keyspace, ref, out);
  return Buffer.from(out.finish());
}

/** The same of each key of the first database. */
export function dumpedValues({ keyspace }: Server): Buffer[] {
  const values: Buffer[] = [];
  keyspace.databases[0]?.keys.forEach((ref) => {
    values.push(dumpedValue(keyspace, ref));
  });
  return values;
}
