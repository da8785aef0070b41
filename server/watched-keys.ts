/**
 * WATCH: clients whose transaction is to fail when a key changes before EXEC.
 *
 * A key whose time had come before it was watched counts as absent: that it goes changes nothing. One whose
 * time comes later has changed, and since nobody may meet it in between, EXEC looks for that itself.
 *
 * While no key is watched nothing is listened to; a change then finds its watchers by the hash of the key.
 */
import type { Database } from '../datatypes/database.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import type { Client } from './client.js';
import type { KeyListener } from './effects.js';
import { KeyTable, TableKey } from './key-table.js';
import type { Server } from './server.js';
import { Transaction } from './transactions.js';

/** A key, and who watches it: whether its time had come already when it was watched, or when it came to be so. */
export class WatchedKey extends TableKey {
  readonly watchers = new Map<Client, boolean>();
}

export class WatchedKeys implements KeyListener {
  private readonly server: Server;
  private readonly table = new KeyTable<WatchedKey>();
  /** Clients that watch something. */
  private clients = 0;

  constructor(server: Server) {
    this.server = server;
  }

  get clientCount(): number {
    return this.clients;
  }

  /** Different keys that are watched. */
  get keyCount(): number {
    return this.table.size;
  }

  /** Has `client` watch a key of its database; nothing when it does already. */
  watch(client: Client, key: Uint8Array): void {
    const { db } = client;
    client.transaction ??= new Transaction(this.server.requestCopies);
    const { transaction } = client;
    if (transaction.isBroken) return;
    const hash = this.server.keyspace.hash.hash(key, 0, key.length);
    let item = this.table.find(db, hash, key, 0, key.length);
    if (item === undefined) {
      item = new WatchedKey(db, Uint8Array.prototype.slice.call(key), hash);
      this.table.add(item);
      if (this.table.size === 1) this.server.effects.listen(this);
    }
    if (item.watchers.has(client)) return;
    item.watchers.set(client, this.hasExpired(item));
    if (transaction.watched.push(item) === 1) this.clients++;
  }

  /** Has `client` watch nothing any more. */
  unwatchAll(client: Client): void {
    const watched = client.transaction?.watched;
    if (watched === undefined || watched.length === 0) return;
    for (const item of watched) {
      item.watchers.delete(client);
      if (item.watchers.size === 0) this.table.remove(item);
    }
    watched.length = 0;
    this.clients--;
    if (this.table.size === 0) this.server.effects.unlisten(this);
  }

  /** Whether the time of a key has come since `client` watched it. */
  hasExpiredSince(client: Client): boolean {
    const watched = client.transaction?.watched ?? [];
    return watched.some((item) => !item.watchers.get(client) && this.hasExpired(item));
  }

  keyChanged(database: Database, key: Uint8Array): void {
    const hash = this.server.keyspace.keyHash(key, 0, key.length);
    const item = this.table.find(database, hash, key, 0, key.length);
    if (item === undefined) return;
    const isAbsent = this.entryOf(item) === NONE || this.hasExpired(item);
    for (const [client, wasExpired] of item.watchers) {
      if (wasExpired && isAbsent) item.watchers.set(client, false);
      else this.break(client);
    }
  }

  flushed(databases: readonly Database[]): void {
    for (const database of databases) {
      for (const item of this.table.of(database)) {
        if (this.entryOf(item) === NONE) continue;
        for (const [client, wasExpired] of item.watchers) {
          if (wasExpired) item.watchers.set(client, false);
          else spoil(client);
        }
      }
    }
  }

  swapped(one: Database, other: Database): void {
    for (const item of this.table.of(one)) this.exchanged(item, other);
    for (const item of this.table.of(other)) this.exchanged(item, one);
  }

  /** A key's database got the contents of another; `former` has what it had. */
  private exchanged(item: WatchedKey, former: Database): void {
    const wasThere = this.entryOf(item, former) !== NONE;
    const isThere = this.entryOf(item) !== NONE;
    if (!wasThere && !isThere) return;
    const isExpired = this.hasExpired(item);
    for (const [client, wasExpired] of item.watchers) {
      const wasAbsent = wasExpired || !wasThere;
      if (wasAbsent && (isExpired || !isThere)) item.watchers.set(client, isExpired);
      else spoil(client);
    }
  }

  /** A key changed: the client's transaction will fail, and what it watches matters no more. */
  private break(client: Client): void {
    spoil(client);
    this.unwatchAll(client);
  }

  private hasExpired(item: WatchedKey): boolean {
    const ref = this.entryOf(item);
    return ref !== NONE && item.database.hasExpired(ref);
  }

  private entryOf({ hash, key, database }: WatchedKey, among = database): Ref {
    return among.keys.find(hash, key, 0, key.length);
  }
}

/** The client's transaction will fail. When all keys of a database go, it still shows what it watched. */
function spoil({ transaction }: Client): void {
  if (transaction !== null) transaction.isBroken = true;
}
