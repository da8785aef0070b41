/** A server as it began, for the next test, without the cost of a new one. */
import type { Clock } from '../../datatypes/clock.js';
import { ManualClock } from '../../datatypes/clock.js';
import type { Client } from '../client.js';
import type { Settings } from '../config.js';
import type { Server } from '../server.js';
import { endTransaction } from '../transactions.js';
import { load } from './load.js';
import type { OwnClient } from './own-client.js';
import type { PlainData } from './plain-values.js';

/** What the server began with. */
export interface Beginning {
  readonly seed: number;
  readonly data: PlainData;
  readonly settings: Settings;
}

export interface ResetOptions {
  /**
   * Whether connections are closed. Default: they stay as their clients set them up (protocol, name, database,
   * subscriptions), but for transactions, watched keys and what they wait for.
   */
  readonly closeClients?: boolean;
}

/** What a server may hold besides its keys; each is sent where the server knows it. */
const FORGETTING = [
  ['script|flush', 'SCRIPT', 'FLUSH', 'SYNC'],
  ['function|flush', 'FUNCTION', 'FLUSH', 'SYNC'],
  ['acl|log', 'ACL', 'LOG', 'RESET'],
  ['commandlog|reset', 'COMMANDLOG', 'RESET', 'slow'],
  ['commandlog|reset', 'COMMANDLOG', 'RESET', 'large-request'],
  ['commandlog|reset', 'COMMANDLOG', 'RESET', 'large-reply'],
  ['latency|reset', 'LATENCY', 'RESET'],
] as const;

export function reset(
  server: Server,
  own: OwnClient,
  beginning: Beginning,
  options: ResetOptions = {},
): void {
  server.pauses.end();
  for (const client of [...server.clients.values()]) {
    if (options.closeClients) server.closeNow(client);
    else resetClient(server, own, client);
  }
  server.config.restore(beginning.settings);
  own.run('FLUSHALL', 'SYNC');
  for (const [name, ...request] of FORGETTING) {
    if (own.knows(name)) own.run(...request);
  }
  server.keyspace.lazyFree.drain();
  resetTime(server.clock);
  server.random.reseed(beginning.seed);
  load(own, beginning.data);
  server.resetStats();
  server.effects.dirty = 0;
}

function resetClient(server: Server, own: OwnClient, client: Client): void {
  endTransaction(server, client);
  if (client.waiting !== null) own.run('CLIENT', 'UNBLOCK', client.id);
}

function resetTime(clock: Clock): void {
  if (clock instanceof ManualClock) clock.reset();
}
