/**
 * What is looked after about clients from time to time: idle ones, soft output limits, buffers that grew.
 *
 * The timer runs only while there is something to look for, so a server at rest does nothing.
 */
import type { Timer } from '../datatypes/clock.js';
import type { Client } from './client.js';
import { shrinkPending } from './connection.js';
import { checkOutputLimits } from './output-limits.js';
import type { Server } from './server.js';

const PERIOD_MS = 1000;
const IDLE_BEFORE_SHRINK_MS = 2000;

export class ClientCron {
  private readonly server: Server;
  private timer: Timer | null = null;

  constructor(server: Server) {
    this.server = server;
    server.config.onChange('timeout', () => this.wake());
  }

  /** There is something to look for: the timer runs from now on. */
  wake(): undefined {
    this.timer ??= this.server.clock.after(PERIOD_MS, () => this.rang());
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  /** Looks at all clients once. */
  checkClients(): void {
    const nowMs = this.server.clock.now();
    for (const client of [...this.server.clients.values()]) {
      if (!this.closeIfIdle(client, nowMs)) this.checkBuffers(client, nowMs);
    }
  }

  private rang(): void {
    this.timer = null;
    this.server.clock.refresh();
    this.checkClients();
    if (this.isNeeded()) this.wake();
  }

  private isNeeded(): boolean {
    const { server } = this;
    if (server.clients.size === 0) return false;
    if (server.config.values.timeout > 0) return true;
    for (const client of server.clients.values()) {
      if (client.pending.length > 0 || client.softLimitSinceMs > 0) return true;
    }
    return false;
  }

  private closeIfIdle(client: Client, nowMs: number): boolean {
    const { server } = this;
    const { timeout } = server.config.values;
    if (timeout === 0 || !client.transport?.isSocket) return false;
    if (client.kind !== 'normal' || client.isMonitor || client.blocked || client.paused)
      return false;
    if (nowMs - client.lastInteractionAtMs <= timeout * 1000) return false;
    server.log.verbose('Closing idle client');
    server.closeNow(client);
    return true;
  }

  private checkBuffers(client: Client, nowMs: number): void {
    if (client.softLimitSinceMs > 0) checkOutputLimits(this.server, client);
    const idleMs = nowMs - client.lastInteractionAtMs;
    if (client.pending.length > 0) shrinkPending(client, idleMs > IDLE_BEFORE_SHRINK_MS);
    client.replyPeakBytes = 0;
  }
}
