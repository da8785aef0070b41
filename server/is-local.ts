/** Whether a client is on this machine: some settings let only such clients do a thing. */
import type { Client } from './client.js';

/** True of a client on a loopback address, behind a Unix socket, or inside this process. */
export function isLocal({ transport }: Client): boolean {
  if (transport === null || transport.isUnixSocket) return true;
  return /^(?:127\.|::1$|::ffff:127\.)/.test(transport.remoteIp);
}
