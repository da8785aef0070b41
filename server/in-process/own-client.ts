/**
 * The server's own hand: runs commands at once, within the call, and tells their replies as values. It is no
 * client that anybody sees, it waits for no pause, and no fault meets it.
 */
import type { Database } from '../../datatypes/database.js';
import { Decoder, type Push, ReplyError, type ReplyValue } from '../../protocol/decoder.js';
import { encodeRequest, type RequestArgument } from '../../protocol/request-writer.js';
import { DEFAULT_USER } from '../authentication.js';
import { Client } from '../client.js';
import { ProcessTransport } from '../process-transport.js';
import type { Server } from '../server.js';

export class OwnClient extends ProcessTransport {
  private readonly server: Server;
  private readonly client: Client;
  private readonly decoder = new Decoder({ buffers: true });
  private reply: ReplyValue | Push = null;

  constructor(server: Server) {
    super();
    this.server = server;
    this.client = new Client({
      id: OWN_ID,
      transport: this,
      db: databaseOf(server, 0),
      nowMs: server.clock.now(),
      authenticated: true,
      maxBulkBytes: server.config.values.protoMaxBulkLen,
      holder: server.arena,
    });
    server.authentication.admit(this.client, DEFAULT_USER);
  }

  /** Whether the server has a command of this name: `set`, `config|get`. */
  knows(name: string): boolean {
    return this.server.commands.named(name) !== undefined;
  }

  /** The database that the next commands work in. */
  select(db: number): void {
    this.client.db = databaseOf(this.server, db);
  }

  /**
   * Runs one command. Bulk strings of the reply come as bytes.
   *
   * @throws {ReplyError} When the reply is an error.
   * @throws {Error} When a command is being run: it is to end first.
   */
  run(...args: readonly RequestArgument[]): ReplyValue {
    if (this.server.isServing) {
      throw new Error('Cannot reach the data now: a command is being run');
    }
    const request = encodeRequest(args);
    this.server.receive(this.client, request, request.length);
    if (this.reply instanceof ReplyError) throw this.reply;
    return this.reply as ReplyValue;
  }

  /** As `run`, for replies that are text. */
  text(...args: readonly RequestArgument[]): string {
    const value = this.run(...args);
    return value instanceof Uint8Array ? Buffer.from(value).toString() : String(value);
  }

  /** As `run`, for replies that are lists of bytes. */
  list(...args: readonly RequestArgument[]): Uint8Array[] {
    return this.run(...args) as Uint8Array[];
  }

  send(bytes: Uint8Array, start?: number, end?: number): boolean {
    this.decoder.add(bytes, start, end);
    this.reply = this.decoder.next() ?? null;
    return true;
  }

  /** Nothing can close it. */
  destroy(): void {}

  end(): void {}
}

/** @param db - A number below that of databases. */
function databaseOf({ keyspace }: Server, db: number): Database {
  return keyspace.databases[db] as Database;
}

/** The number of clients that are the server's own. */
const OWN_ID = 0;
