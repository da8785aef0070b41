/**
 * Replies on their way to sockets: all that one round of the event loop brought goes out at its end.
 *
 * A client is woken by its reply. While the server goes on to the next request, one that is awake meets the
 * other replies without being woken for each; so it costs less to answer all who asked before the first
 * write. Replies wait in the writer's buffer, where they were made, in order; pushes in their client's own.
 */
import { nextTurn } from '../datatypes/event-loop.js';
import type { ReplyKeeper, ReplyWriter } from '../protocol/reply.js';
import type { Client } from './client.js';
import { checkOutputLimits } from './output-limits.js';
import type { Server } from './server.js';

/** So much may wait: beyond it, everything is written before the next request runs. */
const ENOUGH_BYTES = 48 * 1024;

export class Outbox implements ReplyKeeper {
  private readonly server: Server;
  /** Whose the replies in `waiting` are. */
  private readonly clients: Client[] = [];
  /** Where replies stand: from `starts` to `ends`. */
  private readonly waiting: Uint8Array[] = [];
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private waitingBytes = 0;
  /** Clients with something in their own buffer. */
  private readonly pushed = new Set<Client>();
  private scheduled = false;

  constructor(server: Server) {
    this.server = server;
  }

  /** Whether all that waits should be written now. */
  get isFull(): boolean {
    return this.waitingBytes >= ENOUGH_BYTES;
  }

  /**
   * Takes what was written for a client in its turn: it stays where it is until the next flush. False, and nothing is
   * done, when it does not stand in one piece.
   */
  take(client: Client, replies: ReplyWriter): boolean {
    if (!replies.hand(this)) return false;
    this.clients.push(client);
    this.schedule();
    return true;
  }

  keep(bytes: Uint8Array, start: number, end: number): void {
    this.waiting.push(bytes);
    this.starts.push(start);
    this.ends.push(end);
    this.waitingBytes += end - start;
  }

  /** Notes that there is something in the client's own buffer. */
  notePushes(client: Client): void {
    this.pushed.add(client);
    this.schedule();
  }

  /** Whether any client has something in its own buffer. */
  get holdsPushes(): boolean {
    return this.pushed.size > 0;
  }

  hasPushes(client: Client): boolean {
    return this.pushed.size > 0 && this.pushed.has(client);
  }

  /** Drops what waits for a client that is gone. */
  forget(client: Client): void {
    this.pushed.delete(client);
  }

  /** Writes all that waits: to each client its replies, then its pushes, which came later. */
  flush(): void {
    // What clients are told must be as safe as they were promised.
    if (!this.server.appendOnly.flush()) return;
    if (this.server.tracking.broadcast.isPending) this.server.tracking.tellOfPrefixes();
    if (this.waiting.length > 0) this.writeReplies();
    if (this.pushed.size > 0) this.writePushes();
    if (this.server.clientEviction.isOn) this.server.clientEviction.check();
  }

  /** Has everything written at the end of this round of the event loop. */
  schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    nextTurn(() => {
      this.scheduled = false;
      this.server.flush();
    });
  }

  private writeReplies(): void {
    const { clients, waiting, starts, ends, server } = this;
    let kept = false;
    for (let i = 0; i < waiting.length; i++) {
      const client = clients[i] as Client;
      const { transport } = client;
      if (client.closed || transport === null) continue;
      server.stats.writesProcessed++;
      if (!transport.send(waiting[i] as Uint8Array, starts[i], ends[i])) {
        kept = true;
        this.noteUnsent(client);
      }
    }
    clients.length = 0;
    waiting.length = 0;
    starts.length = 0;
    ends.length = 0;
    this.waitingBytes = 0;
    server.reply.written(kept);
  }

  private writePushes(): void {
    const { server } = this;
    const { maxmemory } = server.config.values;
    for (const client of this.pushed) {
      const { transport } = client;
      if (client.closed || transport === null) continue;
      const bytes = client.pushes.pendingBytes;
      if (bytes === 0) continue;
      client.netOutputBytes += bytes;
      server.stats.netOutputBytes += bytes;
      server.stats.writesProcessed++;
      client.pushes.flush(transport);
      if (transport.unsentBytes > 0) this.noteUnsent(client);
      if (maxmemory === 0) continue;
      // Else what clients were told of evicted keys would have more of them evicted.
      client.releasePushes();
      server.memory.noteClient(client);
    }
    this.pushed.clear();
  }

  /** The network did not take at once all that a client was sent. */
  private noteUnsent(client: Client): void {
    const { clientEviction, memory } = this.server;
    if (clientEviction.isOn) memory.noteClient(client);
    checkOutputLimits(this.server, client);
  }
}
