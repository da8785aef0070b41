/** A client in one line, as CLIENT LIST, CLIENT INFO and the log show it. */
import { untilZero } from '../protocol/bytes.js';
import type { Client } from './client.js';
import { waitingOutput } from './output-limits.js';
import { countOf } from './pubsub.js';
import type { Server } from './server.js';

/** Bits of `Client.capabilities`: what CLIENT CAPA was told. */
export const CAPABILITY_REDIRECT = 1;

const REDACTED = '*redacted*';

/**
 * The letters of a client's state, in the real server's order; `N` when there is nothing to say.
 * Blocked covers both waiting for keys and being held by CLIENT PAUSE.
 */
export function clientFlags(client: Client): string {
  let flags = '';
  if (client.isMonitor) flags += 'O';
  if (client.kind === 'pubsub') flags += 'P';
  if (client.transaction?.isOpen) flags += 'x';
  if (client.blocked || client.paused) flags += 'b';
  if (client.tracking !== null) flags += 't';
  if (client.tracking?.isBroken) flags += 'R';
  if (client.tracking?.broadcasts) flags += 'B';
  if (client.transaction?.isBroken) flags += 'd';
  if (client.closing) flags += 'c';
  if (client.transport?.isUnixSocket) flags += 'U';
  if (client.readonlyMode) flags += 'r';
  if (client.noEvict) flags += 'e';
  if (client.noTouch) flags += 'T';
  if (client.isImportSource) flags += 'I';
  return flags === '' ? 'N' : flags;
}

/** The letters of what a client says it can do. */
export function clientCapabilities(client: Client): string {
  return client.capabilities & CAPABILITY_REDIRECT ? 'r' : '';
}

/** Whole seconds of the wall clock that passed since `atMs`: seconds are cut before they are subtracted. */
export function wallSecondsSince(server: Server, atMs: number): number {
  return Math.floor(server.clock.now() / 1000) - Math.floor(atMs / 1000);
}

/**
 * The line of a client, without a line feed; Latin-1.
 *
 * @param redacted - Leaves out names, for the log, as `hide-user-data-from-log` wants it.
 */
export function describeClient(server: Server, client: Client, redacted = false): string {
  const argumentBytes = server.executor.argumentBytesOf(client);
  const unsent = client.unsentBytes;
  const output = waitingOutput(server, client);
  return [
    connectionPart(client),
    `name=${redacted ? REDACTED : untilZero(client.name)}`,
    `age=${wallSecondsSince(server, client.createdAtMs)}`,
    `idle=${wallSecondsSince(server, client.lastInteractionAtMs)}`,
    `flags=${clientFlags(client)}`,
    `capa=${clientCapabilities(client)}`,
    `db=${client.db.id}`,
    `sub=${countOf(client, 'channel')} psub=${countOf(client, 'pattern')}`,
    `ssub=${countOf(client, 'shardChannel')}`,
    `multi=${client.transaction?.queue.length ?? -1} watch=${client.transaction?.watched.length ?? 0}`,
    `qbuf=${client.unreadBytes}`,
    `qbuf-free=${client.pending.length - client.pendingEnd}`,
    `argv-mem=${argumentBytes || (client.partial?.argumentBytes ?? 0)}`,
    `multi-mem=${client.transaction?.queueBytes ?? 0}`,
    `rbs=${client.replyBufferBytes}`,
    `rbp=${client.replyPeakBytes}`,
    `obl=${output.bufferedBytes}`,
    `oll=${output.listedBlocks}`,
    `omem=${output.listedBytes}`,
    `tot-mem=${client.memoryBytes + argumentBytes}`,
    `events=${unsent > 0 ? 'rw' : 'r'}`,
    `cmd=${client.lastCommand?.spec.name ?? 'NULL'}`,
    `user=${redacted ? REDACTED : client.user}`,
    `redir=${client.tracking?.redirection ?? -1}`,
    `resp=${client.resp}`,
    libraryPart(client),
    `tot-net-in=${client.netInputBytes}`,
    `tot-net-out=${client.netOutputBytes}`,
    `tot-cmds=${client.commandsProcessed}`,
  ].join(' ');
}

function connectionPart({ id, transport }: Client): string {
  const remote = transport?.remoteAddress ?? '';
  const local = transport?.localAddress ?? '';
  return `id=${id} addr=${remote} laddr=${local} fd=${transport?.fileDescriptor ?? -1}`;
}

/** The part of a client's line that says who it is. `redacted` as in `describeClient`. */
export function identifyClient(client: Client, redacted: boolean): string {
  const name = redacted ? REDACTED : untilZero(client.name);
  const user = redacted ? REDACTED : client.user;
  return `${connectionPart(client)} name=${name} user=${user} ${libraryPart(client)}`;
}

function libraryPart({ libraryName, libraryVersion }: Client): string {
  return `lib-name=${untilZero(libraryName)} lib-ver=${untilZero(libraryVersion)}`;
}

/** Whether a name breaks no line of CLIENT LIST, which ends it at a zero byte: no blanks, nothing beyond ASCII. */
export function isFitForLine(name: string): boolean {
  return /^[!-~]*$/.test(untilZero(name));
}
