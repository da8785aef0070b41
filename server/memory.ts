/**
 * How much memory the server uses, and what it does about `maxmemory`.
 *
 * What counts is exact: blocks of the arena, tables beside it, clients' buffers, and a fixed amount for the
 * server itself. Under a limit the sum is asked for before each command, so clients' buffers are not walked
 * then: each turn notes what its client holds, and the cron puts right what happened outside of turns.
 */
import os from 'node:os';
import { EventClass } from '../datatypes/call.js';
import type { Timer } from '../datatypes/clock.js';
import { Eviction } from '../datatypes/eviction.js';
import { OUT_OF_MEMORY, type Refusal } from '../protocol/refusals.js';
import type { Request } from '../protocol/request.js';
import type { Client } from './client.js';
import type { CommandEntry } from './command-table.js';
import { evictionTimeLimitMs, OverLimitClock } from './eviction-time.js';
import type { Server } from './server.js';

/** What a server with nothing in it takes: commands, settings, the buffers all clients share. About. */
const STARTUP_BYTES = 1024 * 1024;
/** The clock is looked at once for so many keys evicted. */
const KEYS_PER_LOOK = 16;

/** Memory of parts that are not data; each is asked for its bytes. */
export interface MemoryParts {
  replicationBacklog: () => number;
  /** Replies waiting for replicas: never a reason to evict. */
  replicaBuffers: () => number;
  replicas: () => number;
  clusterLinks: () => number;
  slotImport: () => number;
  slotExport: () => number;
  /** What waits to be written to the append-only file: never a reason to evict. */
  appendOnlyBuffer: () => number;
  scripts: () => number;
  functions: () => number;
}

const nothing = () => 0;

export class Memory {
  readonly startupBytes = STARTUP_BYTES;
  readonly parts: MemoryParts = {
    replicationBacklog: nothing,
    replicaBuffers: nothing,
    replicas: nothing,
    clusterLinks: nothing,
    slotImport: nothing,
    slotExport: nothing,
    appendOnlyBuffer: nothing,
    scripts: nothing,
    functions: nothing,
  };
  readonly eviction: Eviction;
  /** How long the limit was exceeded. */
  readonly overLimit = new OverLimitClock();
  /** Whether the last look found the limit exceeded, and nothing to be done about it. */
  outOfMemory = false;
  /** True while keys must stay whatever memory they take: loading, or a replica that leaves it to its primary. */
  suspended = false;
  /** Of the whole process, as of the last second. */
  rssBytes = 0;

  private readonly server: Server;
  private peak = 0;
  private peakMs: number;
  /** What clients' buffers were when last noted. */
  private noted = 0;
  private timer: Timer | null = null;

  constructor(server: Server) {
    this.server = server;
    this.peakMs = server.startedAtMs;
    this.eviction = new Eviction(server.keyspace, server.config.values);
    this.eviction.onEvicted = (database, ref) => {
      const { values } = server.config;
      const key = server.keyspace.entries.key(ref);
      server.stats.evictedKeys++;
      server.effects.propagateBefore(database, [
        values.lazyfreeLazyEviction ? 'UNLINK' : 'DEL',
        key,
      ]);
      server.effects.changedUnasked(database, key);
      server.effects.notify(database, EventClass.evicted, 'evicted', key);
    };
    server.config.onChange('maxmemory', () => this.limitChanged());
    this.sample();
  }

  /** Bytes in use: stored data, tables, clients' buffers, and the server itself. */
  get usedBytes(): number {
    this.noteAllClients();
    const bytes = this.countedBytes + this.partBytes;
    this.notePeak(bytes);
    return bytes;
  }

  get peakBytes(): number {
    this.notePeak(this.usedBytes);
    return this.peak;
  }

  /** When the most memory was in use. ms since 1970. */
  get peakAtMs(): number {
    return this.peakMs;
  }

  /** Bytes of buffers of all clients that are not replicas. */
  get clientsBytes(): number {
    this.noteAllClients();
    return this.noted;
  }

  /** The same as it was noted last: near the truth, and known at once. */
  get notedClientBytes(): number {
    return this.noted;
  }

  /** Bytes of all that is not the data itself: the server, its clients, and the tables that find keys. */
  get overheadBytes(): number {
    let bytes = this.startupBytes + this.clientsBytes + this.partBytes;
    for (const { keys, expires } of this.server.keyspace.databases) {
      bytes += keys.overheadBytes + expires.overheadBytes;
    }
    return bytes;
  }

  /** Bytes of keys and values. */
  get datasetBytes(): number {
    return Math.max(0, this.usedBytes - this.overheadBytes);
  }

  /** Bytes in use that are no reason to evict. */
  get notCountedBytes(): number {
    return this.parts.replicaBuffers() + this.parts.appendOnlyBuffer();
  }

  get totalSystemBytes(): number {
    return os.totalmem();
  }

  /** How long the limit was exceeded so far. ms. */
  get exceededMs(): number {
    return this.overLimit.totalMs + this.exceededNowMs;
  }

  /** How long the limit has been exceeded without a break. ms; 0 when it is not. */
  get exceededNowMs(): number {
    return this.overLimit.currentMs(this.server.clock.elapsedMs());
  }

  /** Looks at what changes unseen: clients' buffers, the process. Called by the cron about once a second. */
  sample(): void {
    this.rssBytes = process.memoryUsage.rss();
    this.notePeak(this.usedBytes);
  }

  /** Sets back what CONFIG RESETSTAT sets back. */
  resetStats(): void {
    this.overLimit.reset();
    this.server.keyspace.lazyFree.freedObjects = 0;
  }

  /** Notes what a client holds after its turn. */
  noteClient(client: Client): void {
    if (client.transport === null || client.closed) return;
    const bytes = client.memoryBytes;
    this.noted += bytes - client.notedBytes;
    client.notedBytes = bytes;
  }

  /** The client is gone, and its buffers with it. */
  forgetClient(client: Client): void {
    this.noted -= client.notedBytes;
    client.notedBytes = 0;
  }

  /** Makes room when the limit is exceeded; why the command must not run when that did not help. */
  refuse(client: Client, entry: CommandEntry, request: Request): Refusal | null {
    if (this.server.config.values.maxmemory === 0) return null;
    if (this.makeRoom() || !this.isNeededFor(client, entry, request)) return null;
    return OUT_OF_MEMORY;
  }

  /** Whether the limit was exceeded when the last request came, and nothing could be done about it. */
  get isShort(): boolean {
    return this.outOfMemory && this.server.config.values.maxmemory !== 0;
  }

  /** Whether a request must not run while memory is short. */
  private isNeededFor(client: Client, entry: CommandEntry, request: Request): boolean {
    if (entry.isExec) return client.transaction?.isDenyOom === true;
    return entry.isDenyOom || (entry.runsScript && this.server.scripts.needMemory(entry, request));
  }

  /**
   * Evicts keys until memory is within the limit, for as long as `maxmemory-eviction-tenacity` allows, and
   * goes on in the background when that was not enough. False when the limit is exceeded and no key can go.
   */
  makeRoom(): boolean {
    let exceeded = this.isExceeded();
    if (exceeded && this.server.outbox.holdsPushes) {
      // What clients were told of evicted keys must not have more of them evicted.
      this.server.flush();
      exceeded = this.isExceeded();
    }
    if (!exceeded && !this.overLimit.isExceeded) {
      this.outOfMemory = false;
      return true;
    }
    const made = !exceeded || this.suspended || this.evict();
    this.outOfMemory = !made;
    this.overLimit.note(exceeded && this.isExceeded(), this.server.clock.elapsedMs());
    return made;
  }

  /** Ends background work for good. */
  stop(): void {
    this.timer?.cancel();
    this.timer = null;
    this.suspended = true;
  }

  private get countedBytes(): number {
    const { arena } = this.server;
    return STARTUP_BYTES + arena.usedBytes + arena.outsideBytes + this.noted;
  }

  private get partBytes(): number {
    const { parts } = this;
    return (
      parts.replicationBacklog() +
      parts.replicaBuffers() +
      parts.replicas() +
      parts.clusterLinks() +
      parts.slotImport() +
      parts.slotExport() +
      parts.appendOnlyBuffer() +
      parts.scripts() +
      parts.functions()
    );
  }

  private isExceeded(): boolean {
    const { maxmemory } = this.server.config.values;
    if (maxmemory === 0) return false;
    return this.countedBytes + this.partBytes - this.notCountedBytes > maxmemory;
  }

  private notePeak(bytes: number): void {
    if (bytes <= this.peak) return;
    this.peak = bytes;
    this.peakMs = this.server.clock.now();
  }

  private noteAllClients(): void {
    for (const client of this.server.clients.values()) this.noteClient(client);
  }

  /** Evicts while there is time. False when nothing is left to evict, or nothing may be. */
  private evict(): boolean {
    const { clock, config, keyspace, latency } = this.server;
    const { values } = config;
    if (values.maxmemoryPolicy === 'noeviction' || values.importMode) return false;
    const startMs = clock.elapsedMs();
    const untilMs = startMs + evictionTimeLimitMs(values.maxmemoryEvictionTenacity);
    let keys = 0;
    let found = true;
    let late = false;
    while (this.isExceeded() && !late) {
      // What waits to be freed counts as used: it goes before another key has to.
      if (keyspace.lazyFree.pendingObjects > 0) keyspace.lazyFree.slice();
      else if (this.eviction.evictOne()) keys++;
      else {
        found = false;
        break;
      }
      late = keys % KEYS_PER_LOOK === 0 && clock.elapsedMs() >= untilMs;
    }
    latency.note('eviction-cycle', clock.elapsedMs() - startMs);
    if (late && this.isExceeded()) this.continueSoon();
    return found;
  }

  private continueSoon(): void {
    this.timer ??= this.server.later(0, () => {
      this.timer = null;
      this.makeRoom();
    });
  }

  private limitChanged(): undefined {
    const { config, log } = this.server;
    const { maxmemory } = config.values;
    if (maxmemory === 0) return;
    const used = this.usedBytes;
    if (maxmemory < used) {
      log.warning(
        `WARNING: the new maxmemory value set via CONFIG SET (${maxmemory}) is smaller than the current memory usage (${used}). This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.`,
      );
    }
    this.continueSoon();
  }
}
