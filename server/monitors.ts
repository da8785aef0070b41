/** MONITOR: clients that see every request that runs. */
import type { Request } from '../protocol/request.js';
import { type Client, ReplyMode } from './client.js';
import type { CommandEntry } from './command-table.js';
import { secretArguments } from './redaction.js';
import type { Server } from './server.js';
import type { ServerCall } from './server-call.js';

const REDACTED = '"(redacted)"';
const ESCAPES = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);

export class Monitors {
  private readonly server: Server;
  private readonly clients = new Set<Client>();

  constructor(server: Server) {
    this.server = server;
  }

  get count(): number {
    return this.clients.size;
  }

  add(client: Client): void {
    client.isMonitor = true;
    this.clients.add(client);
  }

  remove(client: Client): void {
    if (!client.isMonitor) return;
    client.isMonitor = false;
    this.clients.delete(client);
  }

  /**
   * Shows a request that ran to all who watch.
   */
  feed(call: ServerCall, entry: CommandEntry): void {
    const micros = this.server.clock.nowMicros();
    const seconds = Math.floor(micros / 1_000_000);
    const fraction = `${micros % 1_000_000}`.padStart(6, '0');
    const words = quotedArguments(call.request, secretArguments(entry, call.request));
    const line = `${seconds}.${fraction} [${call.client.db.id} ${sourceOf(call.client)}] ${words}`;
    for (const client of this.clients) {
      if (client.replyMode === ReplyMode.on) this.server.outputOf(client).simple(line);
    }
  }
}

function sourceOf(client: Client): string {
  if (client.origin !== client) return 'lua';
  const { transport } = client;
  if (transport?.isUnixSocket) return `unix:${transport.socketPath}`;
  return transport?.remoteAddress ?? '';
}

function quotedArguments(request: Request, secret: ReadonlySet<number> | null): string {
  const words: string[] = [];
  for (let i = 0; i < request.argc; i++) {
    words.push(secret?.has(i) ? REDACTED : quotedBytes(request.argument(i)));
  }
  return words.join(' ');
}

/** Bytes between double quotes, those that do not print as escapes. */
export function quotedBytes(bytes: Uint8Array): string {
  let text = '"';
  for (const byte of bytes) {
    const known = ESCAPES.get(byte);
    if (known !== undefined) text += known;
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `${text}"`;
}
