/**
 * CLIENT PAUSE: for some time, requests of all kinds or only those that may write are left waiting.
 *
 * A client whose request must wait keeps that request unread in its buffer, so nothing overtakes it; when
 * the pause is over the clients go on in the order in which they began to wait. Meanwhile no key goes by
 * itself: those whose time has come are hidden, not deleted, and nothing is evicted.
 */
import type { Timer } from '../datatypes/clock.js';
import type { Request } from '../protocol/request.js';
import type { Client } from './client.js';
import type { CommandEntry } from './command-table.js';
import type { Server } from './server.js';

export type PauseScope = 'write' | 'all';

export class Pauses {
  /** What waits; null while there is no pause. */
  scope: PauseScope | null = null;
  /** Clients with a request that waits, in the order they began to. */
  readonly waiting = new Set<Client>();

  private readonly server: Server;
  private endsAtMs = 0;
  private timer: Timer | null = null;

  constructor(server: Server) {
    this.server = server;
  }

  /** Milliseconds until the pause is over; 0 without one. */
  get remainingMs(): number {
    return this.scope === null ? 0 : Math.max(0, this.endsAtMs - this.server.clock.now());
  }

  /** Begins a pause, or widens the one there is: the later end and the wider scope count. */
  begin(scope: PauseScope, endsAtMs: number): void {
    const { clock } = this.server;
    if (this.scope !== 'all') this.scope = scope;
    this.endsAtMs = Math.max(this.endsAtMs, endsAtMs);
    this.server.expiryRule.refresh();
    this.timer?.cancel();
    const delayMs = Math.min(this.endsAtMs - clock.now(), LONGEST_TIMER_MS);
    this.timer = clock.after(delayMs, () => this.checkEnd());
  }

  /** Ends the pause, if there is one: whoever waits goes on. */
  end(): void {
    this.timer?.cancel();
    this.timer = null;
    this.endsAtMs = 0;
    if (this.scope === null) return;
    this.scope = null;
    this.server.expiryRule.refresh();
    const clients = [...this.waiting];
    this.waiting.clear();
    for (const client of clients) client.paused = false;
    this.server.resumeSoon(clients);
  }

  /** The server closes: nobody goes on. */
  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  /** Whether the client's request has to wait. Its bytes are then parsed anew when the pause is over. */
  holds(client: Client, entry: CommandEntry, request: Request): boolean {
    // The server's own.
    if (client.id === 0) return false;
    if (this.scope === 'write' && !this.mayReplicate(client, entry, request)) return false;
    client.paused = true;
    client.lastCommand = entry.command;
    this.waiting.add(client);
    return true;
  }

  private mayReplicate(client: Client, entry: CommandEntry, request: Request): boolean {
    if (entry.isExec) return client.transaction?.mayReplicate === true;
    if (entry.runsScript) return this.server.scripts.mayWrite(entry, request);
    return entry.mayReplicate;
  }

  /** The client is gone. */
  forget(client: Client): void {
    this.waiting.delete(client);
  }

  /** The pause's timer rang. */
  private checkEnd(): void {
    this.server.clock.refresh();
    if (this.remainingMs > 0 && this.scope !== null) this.begin(this.scope, this.endsAtMs);
    else this.end();
  }
}

/** Timers take 31 bits of milliseconds: a longer pause winds its own up again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
