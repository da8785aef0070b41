/**
 * `maxmemory-clients`: the clients with the largest buffers are dropped when those of all clients together
 * take too much.
 *
 * What counts is noted as it changes, at the end of each turn; before anybody is dropped all is counted anew.
 * Clients that asked for CLIENT NO-EVICT count but stay: when only they are left, the cron looks again.
 */
import type { Client } from './client.js';
import type { Server } from './server.js';

/** A limit below this would keep everybody out. */
const LEAST_LIMIT_BYTES = 128 * 1024;

export class ClientEviction {
  private readonly server: Server;
  /** The last look found the limit exceeded and nobody to drop. */
  private helpless = false;
  /** Nothing was noted while there was no limit. */
  private mustCount = true;

  constructor(server: Server) {
    this.server = server;
    server.config.onChange('maxmemory-clients', () => {
      this.mustCount = true;
      return undefined;
    });
  }

  /** Whether there is a limit to look after. */
  get isOn(): boolean {
    return this.server.config.values.maxmemoryClients.amount !== 0;
  }

  /** Drops clients when what was noted of them exceeds the limit. */
  check(): void {
    const isExceeded = !this.helpless && this.server.memory.notedClientBytes >= this.limitBytes;
    if (this.mustCount || isExceeded) this.checkAll();
  }

  /** Drops clients, the largest first, until all of them are within the limit. */
  checkAll(): void {
    const { log, memory } = this.server;
    const { limitBytes } = this;
    this.helpless = false;
    this.mustCount = false;
    if (memory.clientsBytes < limitBytes) return;
    for (const client of this.largestFirst()) {
      this.evict(client);
      if (memory.notedClientBytes < limitBytes) return;
    }
    this.helpless = true;
    log.warning('Over client maxmemory after evicting all evictable clients');
  }

  /** Infinite without a limit: also when it is a share of a `maxmemory` that is not set. */
  private get limitBytes(): number {
    const { maxmemory, maxmemoryClients } = this.server.config.values;
    const { amount, unit } = maxmemoryClients;
    const bytes = unit === 'percent' ? Math.floor((maxmemory * amount) / 100) : amount;
    return bytes === 0 ? Number.POSITIVE_INFINITY : Math.max(bytes, LEAST_LIMIT_BYTES);
  }

  private largestFirst(): Client[] {
    const clients = [...this.server.clients.values()];
    return clients.filter(mayGo).sort((one, other) => other.notedBytes - one.notedBytes);
  }

  private evict(client: Client): void {
    const { log, stats } = this.server;
    log.notice(`Evicting client: ${this.server.describe(client)}`);
    stats.evictedClients++;
    this.server.closeNow(client);
  }
}

/** Replicas and primaries stay, and so does whoever is inside this process or asked to. */
function mayGo({ kind, noEvict, transport }: Client): boolean {
  return !noEvict && transport?.isSocket === true && (kind === 'normal' || kind === 'pubsub');
}
