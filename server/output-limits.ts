/** What becomes of clients that do not fetch their replies: `client-output-buffer-limit`. */
import type { Client } from './client.js';
import type { OutputBufferLimit, OutputBufferLimits } from './config-table/special.js';
import type { Server } from './server.js';

/** What a client that never said who it is may have waiting: nothing beyond its reply buffer. */
const STRANGER_LIMIT: OutputBufferLimit = { hardBytes: 1024, softBytes: 0, softSeconds: 0 };
/** Replies beyond the buffer come in blocks of this many bytes, */
const LISTED_BLOCK_BYTES = 16 * 1024;
/** each of which counts for so many. */
const LISTED_BLOCK_COST = 20_504;

/**
 * Closes a client with too many bytes on their way to it: at once beyond the hard limit, and when it
 * was beyond the soft one for that limit's seconds without a break.
 *
 * @param isCron - Whether nothing was written just now: the log words that differently.
 */
export function checkOutputLimits(server: Server, client: Client, isCron = false): void {
  const limit = limitFor(server.config.values.clientOutputBufferLimit, client);
  if (limit === null) {
    client.softLimitSinceMs = 0;
    return;
  }
  const bytes = waitingOutput(server, client).listedBytes;
  const hard = limit.hardBytes > 0 && bytes >= limit.hardBytes;
  if (!hard && !softLimitReached(server, client, limit, bytes)) return;
  server.stats.outputBufferLimitDisconnections++;
  const fate = isCron ? 'closed' : 'scheduled to be closed ASAP';
  server.log.warning(
    `Client ${server.describe(client)} ${fate} for overcoming of output buffer limits.`,
  );
  server.closeNow(client);
}

/** What waits to be sent to a client, as CLIENT LIST shows it. */
export interface WaitingOutput {
  /** Bytes in the reply buffer. */
  readonly bufferedBytes: number;
  readonly listedBlocks: number;
  readonly listedBytes: number;
}

/**
 * Replies in the client's reply buffer and beyond it: only these count. They are counted as the real server
 * counts them, in whole blocks, so that a limit is met by the same replies. Values that are sent from where
 * they are stored count once the network does not take them.
 */
export function waitingOutput(server: Server, client: Client): WaitingOutput {
  const waiting = client.unsentBytes + server.writtenBytesFor(client);
  const bufferedBytes = Math.min(waiting, server.replyBuffers.roomFor(client));
  const listedBlocks = Math.ceil((waiting - bufferedBytes) / LISTED_BLOCK_BYTES);
  return { bufferedBytes, listedBlocks, listedBytes: listedBlocks * LISTED_BLOCK_COST };
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
  // Whole seconds of the clock, as the real server counts them.
  const since = Math.floor(client.softLimitSinceMs / 1000);
  return Math.floor(nowMs / 1000) - since > limit.softSeconds;
}

/** Null for none. A primary's replies are its own replication stream: they have no limit. */
function limitFor(limits: OutputBufferLimits, client: Client): OutputBufferLimit | null {
  if (!client.limits.authenticated && !client.everAuthenticated) return STRANGER_LIMIT;
  const { kind } = client;
  if (kind === 'primary') return null;
  const limit = limits[kind];
  return limit.hardBytes === 0 && limit.softBytes === 0 ? null : limit;
}
