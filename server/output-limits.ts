/** What becomes of clients that do not fetch their replies: `client-output-buffer-limit`. */
import type { Client, ClientKind } from './client.js';
import type { OutputBufferLimit, OutputBufferLimits } from './config-table/special.js';
import type { Server } from './server.js';

/**
 * Closes a client with too many bytes on their way to it: at once beyond the hard limit, and when it
 * was beyond the soft one for that limit's seconds without a break.
 */
export function checkOutputLimits(server: Server, client: Client): void {
  const limit = limitFor(server.config.values.clientOutputBufferLimit, client.kind);
  if (limit === null) return;
  const bytes = client.unsentBytes;
  const hard = limit.hardBytes > 0 && bytes >= limit.hardBytes;
  if (!hard && !softLimitReached(server, client, limit, bytes)) return;
  server.stats.outputBufferLimitDisconnections++;
  server.log.warning(
    `Client ${server.describe(client)} closed for overcoming of output buffer limits.`,
  );
  server.closeNow(client);
}

function softLimitReached(
  server: Server,
  client: Client,
  limit: OutputBufferLimit,
  bytes: number,
): boolean {
  if (limit.softBytes === 0 || bytes < limit.softBytes) {
    client.softLimitSinceMs = 0;
    return false;
  }
  const nowMs = server.clock.now();
  if (client.softLimitSinceMs === 0) {
    client.softLimitSinceMs = nowMs;
    return false;
  }
  return nowMs - client.softLimitSinceMs > limit.softSeconds * 1000;
}

/** A primary's replies are its own replication stream: they have no limit. */
function limitFor(limits: OutputBufferLimits, kind: ClientKind): OutputBufferLimit | null {
  return kind === 'primary' ? null : limits[kind];
}
