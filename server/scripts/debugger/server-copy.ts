/**
 * A server with the same data, on which a script is debugged while the original goes on.
 *
 * The real server forks for that. Here a second `Server` is made in the same process and given all data as an
 * RDB file would bring them: so the original stands still, and memory is needed, for as long as a save of all
 * data and a load would take. What the script writes goes with the copy.
 *
 * The client's connection stays the original's; what it sends is handed to a client of the copy, and what that
 * one is sent goes out by the connection.
 */
import { RdbLoader } from '../../../persistence/rdb-load.js';
import { Snapshot } from '../../../persistence/snapshot.js';
import type { Request } from '../../../protocol/request.js';
import type { Client, TakenOver } from '../../client.js';
import { Config } from '../../config.js';
import { ProcessTransport } from '../../process-transport.js';
import type { Server, ServerParts } from '../../server.js';

export type MakeServer = (parts: ServerParts) => Server;

export class ServerCopy implements TakenOver {
  private readonly copy: Server;
  private readonly inside: Client;
  private readonly onEnd: () => void;
  private closing: Promise<void> | null = null;

  /**
   * @param copy - See `copyOf`.
   * @param onEnd - Called when the copy is gone.
   */
  constructor(original: Server, client: Client, copy: Server, onEnd: () => void) {
    this.onEnd = onEnd;
    this.copy = copy;
    this.inside = this.copy.connect(new Passage(original, client, () => void this.close()));
    takeAfter(this.inside, client, this.copy);
    this.inside.debugMode = 'sync';
  }

  /** Runs the request that brought this about. */
  run(request: Request): void {
    const { copy, inside } = this;
    copy.turnOf(inside, () => copy.execute(inside, request.copy()));
  }

  receive(bytes: Uint8Array, end: number): void {
    this.copy.receive(this.inside, bytes, end);
  }

  left(): void {
    void this.close();
  }

  /** Ends the session, if it goes on, and throws the copy away. */
  close(): Promise<void> {
    this.closing ??= this.copy.close().finally(this.onEnd);
    return this.closing;
  }
}

/** A server that holds what `original` holds now. Nobody can connect to it, and it writes no files. */
export function copyOf(original: Server, make: MakeServer): Server {
  const config = new Config();
  config.restore(original.config.settings());
  config.override('appendonly', 'no');
  config.override('save', '');
  const { clock, log } = original;
  const seed = original.random.uint32();
  const commands = original.commands.copy();
  const copy = make({ config, clock, log, seed, commands });
  copy.scripts.mayCallAll = original.scripts.mayCallAll;
  copy.appendOnly.start();
  fill(copy, original);
  return copy;
}

function fill(copy: Server, { config, keyspace, saves }: Server): void {
  const chunks: Uint8Array[] = [];
  const snapshot = new Snapshot(
    {
      keyspace,
      sink: { write: (bytes) => chunks.push(bytes), isFull: false },
      facts: saves.facts(false),
      checksum: false,
      keyDelayUsec: () => 0,
    },
    false,
  );
  snapshot.finish();
  const loader = new RdbLoader({
    keyspace: copy.keyspace,
    listener: {
      started() {},
      fact() {},
      functionLibrary: (code) => copy.scripts.functions.loadFromFile(code, false),
      emptyKey() {},
      noChecksum() {},
    },
    relaxed: config.values.rdbVersionCheck === 'relaxed',
    verifiesChecksum: false,
    dropsExpired: false,
    replaces: false,
    namesKeys: false,
  });
  loader.bytesLeft = chunks.reduce((sum, { length }) => sum + length, 0);
  for (const chunk of chunks) take(loader, chunk);
}

function take(loader: RdbLoader, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) {
    const room = loader.room();
    const part = chunk.subarray(at, at + room.length);
    room.set(part);
    loader.take(part.length);
    at += part.length;
  }
}

/** Makes a client of the copy what the original's client is. */
function takeAfter(inside: Client, client: Client, copy: Server): void {
  copy.authentication.admit(inside, client.user);
  inside.db = copy.keyspace.databases[client.db.id] ?? inside.db;
  inside.resp = client.resp;
  inside.name = client.name;
  inside.noTouch = client.noTouch;
  inside.isImportSource = client.isImportSource;
}

/** The way out for what the copy sends: the connection of the original's client. */
class Passage extends ProcessTransport {
  override readonly isUnixSocket: boolean;
  override readonly remoteAddress: string;
  override readonly localAddress: string;
  override readonly remoteIp: string;
  override readonly socketPath: string;
  private readonly original: Server;
  private readonly client: Client;
  private readonly onEnd: () => void;

  constructor(original: Server, client: Client, onEnd: () => void) {
    super();
    const { transport } = client;
    this.original = original;
    this.client = client;
    this.onEnd = onEnd;
    this.isUnixSocket = transport?.isUnixSocket ?? false;
    this.remoteAddress = transport?.remoteAddress ?? '';
    this.localAddress = transport?.localAddress ?? '';
    this.remoteIp = transport?.remoteIp ?? '';
    this.socketPath = transport?.socketPath ?? '';
  }

  send(bytes: Uint8Array, start?: number, end?: number): boolean {
    if (!this.client.closed) this.original.outputOf(this.client).raw(bytes.subarray(start, end));
    return true;
  }

  /** The session is over. */
  end(): void {
    this.onEnd();
    if (!this.client.closed) this.original.closeAfterReply(this.client);
  }

  destroy(): void {
    if (!this.client.closed) this.original.closeAfterReply(this.client);
  }
}
