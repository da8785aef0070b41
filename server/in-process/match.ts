/** Which requests are meant: by command, by key, by client. What is left out fits all. */
import { globMatch } from '../../protocol/bytes.js';
import { Request } from '../../protocol/request.js';
import { Client } from '../client.js';
import type { CommandEntry } from '../command-table.js';
import { findKeys } from '../key-finder.js';
import type { Server } from '../server.js';
import { ServerCall } from '../server-call.js';

export interface CommandMatch {
  /** A command's name, or several, in any case. A container's (`client`) fits all of its subcommands (`client|list`). */
  readonly command?: string | readonly string[];
  /** A key, or a glob as KEYS takes it: fits a request that names at least one such key. */
  readonly key?: string;
  /** A client's number, as CLIENT ID tells it, or its name. */
  readonly client?: number | string;
}

/** What a request is, as far as it is matched. */
export interface Sent {
  /** As COMMAND tells it: `get`, `client|list`; of no command, its first word. In lower case. */
  readonly name: string;
  readonly keys: readonly Uint8Array[];
  readonly clientId: number;
  readonly clientName: string;
}

export function matches(match: CommandMatch, sent: Sent): boolean {
  return (
    commandMatches(match.command, sent.name) &&
    keyMatches(match.key, sent.keys) &&
    clientMatches(match.client, sent)
  );
}

function commandMatches(wanted: CommandMatch['command'], name: string): boolean {
  if (wanted === undefined) return true;
  const names = typeof wanted === 'string' ? [wanted] : wanted;
  const [container] = name.split('|');
  return names.some((one) => {
    const lower = one.toLowerCase().replace(' ', '|');
    return lower === name || lower === container;
  });
}

function keyMatches(wanted: string | undefined, keys: readonly Uint8Array[]): boolean {
  if (wanted === undefined) return true;
  const glob = Buffer.from(wanted);
  return keys.some((key) => globMatch(glob, 0, glob.length, key, 0, key.length, false));
}

function clientMatches(wanted: CommandMatch['client'], sent: Sent): boolean {
  if (wanted === undefined) return true;
  return wanted === (typeof wanted === 'number' ? sent.clientId : sent.clientName);
}

/** Takes requests apart as far as they are matched. */
export class RequestReader {
  private readonly call: ServerCall;

  constructor(server: Server) {
    const { arena, clock, config, keyspace } = server;
    const client = new Client({
      id: 0,
      transport: null,
      db: keyspace.databases[0] as (typeof keyspace.databases)[0],
      nowMs: clock.now(),
      authenticated: true,
      maxBulkBytes: config.values.protoMaxBulkLen,
      holder: arena,
    });
    this.call = new ServerCall(server, client);
  }

  /** The keys are copies. */
  read(client: Client, request: Request, entry: CommandEntry | undefined): Sent {
    return {
      name: entry?.fullName ?? textOf(request, 0).toLowerCase(),
      keys: this.keysOf(request, entry),
      clientId: client.id,
      clientName: client.name,
    };
  }

  private keysOf(request: Request, entry: CommandEntry | undefined): Uint8Array[] {
    if (entry === undefined || !entry.arityFits(request.argc)) return [];
    this.call.request = request;
    const keys = findKeys(entry.command, this.call) ?? [];
    this.call.request = NO_REQUEST;
    return keys.map(({ index }) => Uint8Array.from(request.argument(index)));
  }
}

/** An argument as text, in UTF-8. */
export function textOf(request: Request, i: number): string {
  return Buffer.from(request.argument(i)).toString();
}

const NO_REQUEST = new Request(1);
