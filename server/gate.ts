/** The gate: whether a request may run now. One place, in the order of the real server. */
import { equalsIgnoreCase } from '../protocol/bytes.js';
import {
  appendOnlyErrors,
  commandNotAllowed,
  LOADING,
  NOAUTH,
  NOT_FOR_MONITORS,
  notInTransaction,
  notWhileSubscribed,
  type Refusal,
  saveFails,
  unknownCommand,
  unknownSubcommand,
  wrongArity,
} from '../protocol/refusals.js';
import type { Request } from '../protocol/request.js';
import { type Client, ReplyMode } from './client.js';
import type { CommandEntry } from './command-table.js';
import { isLocal } from './is-local.js';
import type { Server } from './server.js';
import { announcement } from './version.js';

const LONGEST_SHOWN = 128;
const ATTACK_LOG_PERIOD_MS = 60_000;

/** Why the request must not run, or null when it may. What it asks beyond the command, `isWideOpen` asks too. */
export function refuse(
  server: Server,
  client: Client,
  entry: CommandEntry | undefined,
  request: Request,
): Refusal | null {
  if (entry === undefined) return refuseUnknown(server, client, request);
  if (!client.limits.authenticated && !entry.needsNoAuth) return NOAUTH;
  if (entry.subcommands !== null && request.argc > 1) return unknownSubcommandOf(request);
  if (!entry.arityFits(request.argc)) return wrongArity(entry.fullName);
  if (entry.guard !== null && !isAllowed(server, client, entry.guard)) {
    return commandNotAllowed(entry.guard);
  }
  if (entry.isNoMulti && client.transaction?.isOpen) return notInTransaction(entry.fullName);
  const waitsForData = server.loading.inProgress && !entry.runsWhileLoading;
  if (server.scripts.isBusy && !entry.isAllowBusy) {
    return waitsForData ? LOADING : server.scripts.busyRefusal;
  }
  const refused = server.memory.refuse(client, entry, request);
  if (refused !== null) return refused;
  if (server.tracking.clientCount > 0) server.tracking.limit();
  if (server.saves.refusesWrites && needsDisk(client, entry)) {
    return saveFails(announcement(server.config.values).name === 'redis' ? 'Redis' : 'Valkey');
  }
  const diskError = server.appendOnly.diskError;
  if (diskError !== null && needsDisk(client, entry)) return appendOnlyErrors(diskError);
  if (client.subscriptions !== null && client.resp === 2 && !entry.isForSubscribers) {
    return notWhileSubscribed(entry.fullName);
  }
  if (waitsForData) return LOADING;
  return client.isMonitor && entry.touchesKeys ? NOT_FOR_MONITORS : null;
}

/**
 * Whether nothing stands between this client and a plain command (`CommandEntry.isPlain`) of the right arity, and
 * nobody wants to know of one. Plain commands leave that as it is.
 */
export function isWideOpen(server: Server, client: Client): boolean {
  if (!client.limits.authenticated || client.replyMode !== ReplyMode.on) return false;
  if (client.transaction?.isOpen || client.subscriptions !== null || client.isMonitor) return false;
  if (server.loading.inProgress || server.scripts.isBusy || server.debugging.inProgress)
    return false;
  if (server.saves.refusesWrites || server.appendOnly.diskError !== null) return false;
  if (server.pauses.scope !== null || server.expiryRule.varies) return false;
  if (server.monitors.count > 0 || server.tracking.clientCount > 0) return false;
  return server.config.values.maxmemory === 0;
}

/** Whether it must not run while the disk fails: PING too, so that monitors of the server notice. */
function needsDisk(client: Client, entry: CommandEntry): boolean {
  if (entry.isExec) return client.transaction?.hasWrites === true;
  return entry.isWrite || entry.fullName === 'ping';
}

/** A request that names no command: perhaps not even meant for this server. */
function refuseUnknown(server: Server, client: Client, request: Request): Refusal {
  if (isHttp(request)) dropAttacker(server, client);
  if (!client.limits.authenticated) return NOAUTH;
  return unknownCommandOf(request);
}

/** Whether the setting that guards a command lets this client run it. */
function isAllowed(server: Server, client: Client, guard: 'debug' | 'module'): boolean {
  const { enableDebugCommand, enableModuleCommand } = server.config.values;
  const setting = guard === 'debug' ? enableDebugCommand : enableModuleCommand;
  if (setting !== 'local') return setting === 'yes';
  return isLocal(client);
}

/** A web browser was made to talk to this server: no command begins like that. */
function isHttp(request: Request): boolean {
  const start = request.starts[0] as number;
  const end = request.ends[0] as number;
  return (
    equalsIgnoreCase(request.bytes, start, end, 'post') ||
    equalsIgnoreCase(request.bytes, start, end, 'host:')
  );
}

function dropAttacker(server: Server, client: Client): void {
  logAttack(server, client.transport?.remoteAddress ?? '');
  server.closeNow(client);
}

/** At most once in a minute: whoever can make many connections must not fill the log. */
function logAttack(server: Server, from: string): void {
  const nowMs = server.clock.now();
  if (nowMs - server.attackLoggedAtMs <= ATTACK_LOG_PERIOD_MS) return;
  server.attackLoggedAtMs = nowMs;
  server.log.warning(
    `Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Valkey. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Valkey instance. Connection from ${from} aborted.`,
  );
}

/** Names the container as the request does: it may have been renamed. */
export function unknownSubcommandOf(request: Request): Refusal {
  return unknownSubcommand(shown(request, 1), shown(request, 0).toUpperCase());
}

/** Names the command and the first of its arguments, at most 128 bytes of each and of all. */
export function unknownCommandOf(request: Request): Refusal {
  let args = '';
  for (let i = 1; i < request.argc && args.length < LONGEST_SHOWN; i++) {
    args += `'${shown(request, i, LONGEST_SHOWN - args.length)}' `;
  }
  return unknownCommand(shown(request, 0), args);
}

/** The beginning of an argument, up to a zero byte; Latin-1. */
function shown(request: Request, i: number, limit = LONGEST_SHOWN): string {
  const bytes = request.argument(i).subarray(0, limit);
  const zero = bytes.indexOf(0);
  return Buffer.from(zero === -1 ? bytes : bytes.subarray(0, zero)).toString('latin1');
}
