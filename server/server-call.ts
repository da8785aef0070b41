/** A call as the server's own commands see it: with the server and the client behind it. */
import type { KeyWait } from '../datatypes/blocking.js';
import { Call, type Effects } from '../datatypes/call.js';
import type { Database, Keyspace } from '../datatypes/database.js';
import type { ReplyWriter } from '../protocol/reply.js';
import type { Request } from '../protocol/request.js';
import type { Waiting } from './blocked-clients.js';
import type { Client } from './client.js';
import type { CommandEntry } from './command-table.js';
import type { Server } from './server.js';

export class ServerCall extends Call {
  readonly server: Server;
  readonly keyspace: Keyspace;
  readonly effects: Effects;
  client: Client;
  db: Database;
  reply: ReplyWriter;
  /** What is being run. */
  entry: CommandEntry | null = null;
  /** The waiting that this run may end; null for a first run. */
  waited: Waiting | null = null;

  constructor(server: Server, client: Client) {
    super();
    this.server = server;
    this.keyspace = server.keyspace;
    this.effects = server.effects;
    this.client = client;
    this.db = client.db;
    this.reply = server.reply;
  }

  /** The request as the client sent it. */
  get asSent(): Request {
    return this.waited?.asSent ?? this.request;
  }

  override waitForKeys(wait: KeyWait): void {
    this.server.blockedClients.block(this, wait);
  }
}
