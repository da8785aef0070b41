/** What is looked after about clients from time to time: idle ones, soft output limits, buffers that grew. */
import type { Client } from './client.js';
import { shrinkPending } from './connection.js';
import { checkOutputLimits } from './output-limits.js';
import type { Server } from './server.js';

/** Fewer are not worth a tick of their own. */
const FEWEST_PER_TICK = 5;
const IDLE_BEFORE_SHRINK_MS = 2000;

export class ClientCron {
  private readonly server: Server;
  private walk: IterableIterator<Client>;

  constructor(server: Server) {
    this.server = server;
    this.walk = server.clients.values();
  }

  /** Looks at so many clients that each comes up once a second, when called `hz` times a second. */
  checkSome(hz: number): void {
    const { clients } = this.server;
    const count = Math.max(Math.min(FEWEST_PER_TICK, clients.size), Math.ceil(clients.size / hz));
    for (let i = 0; i < count; i++) {
      const client = this.next();
      if (client !== null) this.check(client);
    }
  }

  private next(): Client | null {
    let { value, done } = this.walk.next();
    if (done) {
      this.walk = this.server.clients.values();
      ({ value, done } = this.walk.next());
    }
    return value ?? null;
  }

  private check(client: Client): void {
    const nowMs = this.server.clock.now();
    if (client.transport === null || this.closeIfIdle(client, nowMs)) return;
    if (client.softLimitSinceMs > 0) checkOutputLimits(this.server, client, true);
    const idleMs = nowMs - client.lastInteractionAtMs;
    if (client.pending.length > 0) shrinkPending(client, idleMs > IDLE_BEFORE_SHRINK_MS);
    client.releasePushes();
    this.server.replyBuffers.adapt(client, nowMs);
  }

  private closeIfIdle(client: Client, nowMs: number): boolean {
    const { server } = this;
    const { timeout } = server.config.values;
    if (timeout === 0 || !client.transport?.isSocket) return false;
    if (client.kind !== 'normal' || client.isMonitor) return false;
    if (client.blocked || client.paused) return false;
    if (nowMs - client.lastInteractionAtMs <= timeout * 1000) return false;
    server.log.verbose('Closing idle client');
    server.closeNow(client);
    return true;
  }
}
