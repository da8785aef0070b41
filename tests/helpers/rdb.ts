/** RDB files in memory: written by a snapshot, loaded into a server. */
import { RdbLoader } from '../../persistence/rdb-load.js';
import { RdbWriter } from '../../persistence/rdb-writer.js';
import { Snapshot } from '../../persistence/snapshot.js';
import { valueWriterOf } from '../../persistence/value-formats.js';
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

/** Loads a file in pieces of `pieceBytes` into a server, whose data stays. @throws {RdbFailure} */
export function loadBytes(server: Server, bytes: Uint8Array, pieceBytes = bytes.length): RdbLoader {
  const loader = new RdbLoader({
    keyspace: server.keyspace,
    listener: {
      started() {},
      fact() {},
      functionLibrary: () => null,
      emptyKey() {},
      noChecksum() {},
    },
    relaxed: false,
    verifiesChecksum: true,
    dropsExpired: false,
    replaces: false,
    namesKeys: true,
  });
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

/** Type byte and value of each key of the first database, as DUMP writes them. */
export function dumpedValues({ keyspace }: Server): Buffer[] {
  const values: Buffer[] = [];
  keyspace.databases[0]?.keys.forEach((ref) => {
    const out = new RdbWriter(null);
    const writer = valueWriterOf(keyspace, ref);
    out.byte(writer.typeOf(keyspace, ref));
    writer.write(keyspace, ref, out);
    values.push(Buffer.from(out.finish()));
  });
  return values;
}
