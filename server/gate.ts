/** The gate: whether a request may run now. One place, in the order of the real server. */
import {
  NOAUTH,
  type Refusal,
  refusal,
  unknownSubcommand,
  wrongArity,
} from '../protocol/refusals.js';
import type { Request } from '../protocol/request.js';
import type { Client } from './client.js';
import type { CommandEntry } from './command-table.js';
import type { Server } from './server.js';

const LONGEST_SHOWN = 128;

/** Why the request must not run, or null when it may. */
export function refuse(
  server: Server,
  client: Client,
  entry: CommandEntry | undefined,
  request: Request,
): Refusal | null {
  if (entry === undefined) return unknownCommand(request);
  if (entry.subcommands !== null && request.argc > 1) return unknownSubcommandOf(entry, request);
  if (!entry.arityFits(request.argc)) return wrongArity(entry.fullName);
  if (!client.authenticated && !entry.needsNoAuth) return NOAUTH;
  return server.memory.refuse(entry);
}

function unknownSubcommandOf(entry: CommandEntry, request: Request): Refusal {
  const given = shown(request, 1);
  return unknownSubcommand(given, entry.fullName.toUpperCase());
}

/** Names the command and the first of its arguments, at most 128 bytes of each and of all. */
function unknownCommand(request: Request): Refusal {
  let args = '';
  for (let i = 1; i < request.argc && args.length < LONGEST_SHOWN; i++) {
    args += `'${shown(request, i, LONGEST_SHOWN - args.length)}' `;
  }
  return refusal(
    'ERR',
    `unknown command '${shown(request, 0)}', with args beginning with: ${args}`,
  );
}

function shown(request: Request, i: number, limit = LONGEST_SHOWN): string {
  return Buffer.from(request.argument(i).subarray(0, limit)).toString('latin1');
}
