/**
 * Client-side caching: clients that keep what they read are told when it changes.
 *
 * A client that tracks is told of each key it read, once; or of all keys with a prefix (tracking-broadcast.ts).
 * Messages go to the client itself in version 3, or to the connection it names. What its own command changed
 * it is told after the reply.
 */
import type { Call } from '../datatypes/call.js';
import type { Database } from '../datatypes/database.js';
import { latin1, toLatin1 } from '../protocol/bytes.js';
import { PushMessage } from '../protocol/push.js';
import type { Client } from './client.js';
import type { CommandEntry } from './command-table.js';
import type { KeyListener, UnitListener } from './effects.js';
import { findKeys } from './key-finder.js';
import type { Server } from './server.js';
import { TrackingBroadcast } from './tracking-broadcast.js';
import { TrackingTable } from './tracking-table.js';

/** What a client asked for by CLIENT TRACKING ON. */
export interface TrackingOptions {
  readonly broadcasts: boolean;
  readonly optIn: boolean;
  readonly optOut: boolean;
  readonly noLoop: boolean;
  /** The number of the client that gets the messages; 0: the client itself. */
  readonly redirection: number;
}

export interface TrackingState extends TrackingOptions {
  /** Of keys that it is told of in any case; they stay when tracking is turned on again. */
  readonly prefixes: Uint8Array[];
  /** Whether the connection that should get the messages was not there for the last one. */
  isBroken: boolean;
}

interface PendingKey {
  readonly client: Client;
  readonly key: Uint8Array | null;
}

/** What a prefix takes, in bytes; about. */
export const PREFIX_BYTES = 24;

const INVALIDATE = latin1('invalidate');
const MESSAGE = latin1('message');
const CHANNEL = latin1('__redis__:invalidate');
const BROKEN = latin1('tracking-redir-broken');

/** Scripts that only read: what they read is their commands' to tell. */
const READ_ONLY_SCRIPTS: ReadonlySet<string> = new Set(['eval_ro', 'evalsha_ro', 'fcall_ro']);

/** Whether what a command reads is in its caller's cache from then on. */
export function isTracked({ spec }: { spec: CommandEntry['command']['spec'] }): boolean {
  if (!spec.flags.includes('readonly') || spec.flags.includes('pubsub')) return false;
  return !READ_ONLY_SCRIPTS.has(spec.name);
}

export class Tracking implements KeyListener, UnitListener {
  readonly table = new TrackingTable();
  readonly broadcast: TrackingBroadcast;

  private readonly server: Server;
  private readonly clients = new Set<Client>();
  private listening = false;
  /** Keys that clients are to be told of when their command is done; null: all. */
  private readonly pending: PendingKey[] = [];

  constructor(server: Server) {
    this.server = server;
    const { hash } = server.keyspace;
    this.broadcast = new TrackingBroadcast((bytes, start, end) => hash.hash(bytes, start, end));
    server.effects.atUnitEnd(this);
  }

  get clientCount(): number {
    return this.clients.size;
  }

  /** Has a client track, or track in another way. Prefixes add to those it has. */
  enable(client: Client, options: TrackingOptions, prefixes: readonly Uint8Array[]): void {
    const known = client.tracking?.prefixes ?? [];
    client.tracking = { ...options, prefixes: known, isBroken: false };
    this.clients.add(client);
    const wanted = prefixes.length > 0 || !options.broadcasts ? prefixes : [NO_BYTES];
    for (const prefix of wanted) if (this.broadcast.add(client, prefix)) known.push(prefix);
    if (this.listening) return;
    this.listening = true;
    this.server.effects.listen(this);
  }

  /** Has a client no longer track. */
  disable(client: Client): void {
    if (client.tracking === null) return;
    for (const prefix of client.tracking.prefixes) this.broadcast.remove(client, prefix);
    client.tracking = null;
    client.cachingChosen = false;
    this.clients.delete(client);
    this.rest();
  }

  /** The keys that a command of a client read are in its cache now. */
  remember(client: Client, call: Call, entry: CommandEntry): void {
    const { tracking, cachingChosen } = client;
    if (tracking === null || tracking.broadcasts) return;
    if (tracking.optIn ? !cachingChosen : tracking.optOut && cachingChosen) return;
    for (const { index } of findKeys(entry.command, call) ?? []) {
      this.table.add(call.text(index), client.id);
    }
  }

  keyChanged(_database: Database, key: Uint8Array, unasked: boolean): void {
    const text = toLatin1(key, 0, key.length);
    const current = this.server.executor.unitClient;
    if (this.broadcast.prefixCount > 0) {
      this.broadcast.note(key, text, unasked ? null : current);
      if (this.broadcast.isPending) this.server.outbox.schedule();
    }
    this.forget(key, text);
    if (this.clients.size === 0) this.rest();
  }

  /** Drops keys from the table when there are more than `tracking-table-max-keys`. */
  limit(): void {
    for (const key of this.table.excess(this.server.config.values.trackingTableMaxKeys)) {
      this.forget(latin1(key), key);
    }
  }

  flushed(): void {
    const current = this.server.executor.unitClient;
    for (const client of this.clients) {
      if (client === current) this.tellLater(client, null);
      else this.tell(client, null);
    }
    this.table.clear();
    this.rest();
  }

  /** What was read from one database may as well be cached from the other: nobody is told. */
  swapped(): void {}

  unitEnded(): void {
    if (this.pending.length === 0) return;
    for (const { client, key } of this.pending.splice(0)) {
      this.tell(client, key === null ? null : [key]);
    }
  }

  /** Tells all who want to know of prefixes what changed since the last time. */
  tellOfPrefixes(): void {
    this.broadcast.tellAll((client, keys) => this.tell(client, keys));
  }

  /** Takes a key from the table, and tells those who read it. */
  private forget(key: Uint8Array, text: string): void {
    const current = this.server.executor.unitClient;
    for (const id of this.table.take(text)) {
      const client = this.server.clients.get(id);
      const tracking = client?.tracking ?? null;
      if (client === undefined || tracking === null || tracking.broadcasts) continue;
      if (client !== current) this.tell(client, [key]);
      else if (!tracking.noLoop) this.tellLater(client, Uint8Array.prototype.slice.call(key));
    }
  }

  private tellLater(client: Client, key: Uint8Array | null): void {
    this.pending.push({ client, key });
    this.server.effects.wakeAtEnd();
  }

  /** Tells a client, or whom it redirects to, that keys changed; null: all of them. */
  private tell(client: Client, keys: readonly Uint8Array[] | null): void {
    const { pushes, clients } = this.server;
    const { tracking } = client;
    if (tracking === null) return;
    const { redirection } = tracking;
    const target = redirection === 0 ? client : clients.get(redirection);
    if (target === undefined) {
      tracking.isBroken = true;
      if (client.resp === 3) pushes.send(client, new PushMessage([BROKEN, redirection]));
      return;
    }
    // Nothing is said in the version of the client that is told, but in that of the one that tracks.
    const what = keys ?? { nilIn: client.resp };
    if (target.resp === 3) pushes.send(target, new PushMessage([INVALIDATE, what]));
    else if (redirection !== 0 && target.subscriptions !== null) {
      pushes.send(target, new PushMessage([MESSAGE, CHANNEL, what]));
    }
  }

  /** Stops listening when there is nothing to be told, and nobody to be told it. */
  private rest(): void {
    if (!this.listening || this.clients.size > 0 || this.table.keyCount > 0) return;
    this.listening = false;
    this.server.effects.unlisten(this);
  }
}

const NO_BYTES = new Uint8Array(0);
