/**
 * A client's way from bytes to replies: requests are parsed out of each read and run one by one, and
 * their replies go out together at the end of the turn.
 *
 * Whole requests are run straight from the read buffer. Only the rest of one that is not whole, or one that
 * has to wait, is copied to the client's own buffer.
 */
import { Parsed } from '../protocol/parser.js';
import type { Request } from '../protocol/request.js';
import { type Client, ReplyMode } from './client.js';
import type { CommandEntry } from './command-table.js';
import { checkOutputLimits } from './output-limits.js';
import type { Server } from './server.js';

const SMALLEST_PENDING_BYTES = 16 * 1024;
/** Beyond this a buffer grows no further than the request announces. */
const LARGE_REQUEST_BYTES = 1024 * 1024;
/** Up to this a client keeps its buffer while it is not idle. */
const LARGEST_KEPT_BYTES = 32 * 1024;

/** Takes in bytes that a client sent: `bytes[0, end)`, which may be reused after the call. */
export function receive(server: Server, client: Client, bytes: Uint8Array, end: number): void {
  client.netInputBytes += end;
  server.stats.netInputBytes += end;
  server.stats.readsProcessed++;
  client.lastInteractionAtMs = server.clock.now();
  if (client.closing || client.closed) return;
  if (client.takenOver !== null) return client.takenOver.receive(bytes, end);
  if (client.pendingEnd > 0) {
    append(client, bytes, end);
    if (overLimit(server, client)) return;
    runPending(server, client);
    return;
  }
  client.parser.at = 0;
  if (!runRequests(server, client, bytes, end)) {
    keepRest(client, bytes, end);
    overLimit(server, client);
  }
}

/** Runs a request that never was bytes of a connection, for a client that nothing keeps waiting. */
export function runRequest(
  server: Server,
  client: Client,
  request: Request,
  entry: CommandEntry | undefined,
): void {
  const bytes = request.wireBytes;
  client.netInputBytes += bytes;
  server.stats.netInputBytes += bytes;
  server.stats.readsProcessed++;
  client.lastInteractionAtMs = server.clock.now();
  server.execute(client, request, entry);
  if (server.reply.pendingBytes > server.replyBuffers.roomFor(client)) {
    checkOutputLimits(server, client);
  }
}

/** Goes on with requests that were left waiting in the client's own buffer. */
export function runPending(server: Server, client: Client): void {
  const { pending, pendingEnd } = client;
  if (runRequests(server, client, pending, pendingEnd)) {
    client.pendingEnd = 0;
    client.parser.at = 0;
    if (client.pending.length > LARGE_REQUEST_BYTES) client.pending = NO_BYTES;
    return;
  }
  const from = client.parser.requestStart;
  if (from === 0) return;
  client.pending.copyWithin(0, from, pendingEnd);
  client.pendingEnd = pendingEnd - from;
  client.parser.moved(0, client.partial);
}

/** Runs all whole requests in `bytes[parser.at, end)`. False when bytes are left over. */
function runRequests(server: Server, client: Client, bytes: Uint8Array, end: number): boolean {
  const { lookahead } = server;
  const { parser } = client;
  const roomBytes = server.replyBuffers.roomFor(client);
  while (!client.blocked && !client.paused) {
    lookahead.parse(client, bytes, end);
    for (let i = 0; i < lookahead.count; i++) {
      lookahead.focus(i);
      server.execute(client, lookahead.request(i), lookahead.entry(i));
      if (server.reply.pendingBytes > roomBytes) checkOutputLimits(server, client);
      if (client.closing || client.closed || client.takenOver !== null) return true;
      // What was refused for now is parsed anew when the pause is over, and so is what follows.
      if (client.paused) return leaveFrom(client, lookahead.startOf(i), end);
      if (client.blocked) return leaveFrom(client, lookahead.endOf(i), end);
    }
    if (lookahead.outcome === Parsed.complete) continue;
    if (lookahead.outcome === Parsed.invalid) {
      refuseBytes(server, client, bytes.subarray(parser.requestStart, end));
      return true;
    }
    if (parser.midRequest) lookahead.leaveUnfinished(client);
    return parser.at >= end && !parser.midRequest;
  }
  return leaveFrom(client, parser.at, end);
}

/** Leaves the bytes from `start` on for later. True when there are none. */
function leaveFrom(client: Client, start: number, end: number): boolean {
  client.parser.rewind(start);
  return start >= end;
}

function refuseBytes(server: Server, client: Client, bytes: Uint8Array): void {
  const { error } = client.parser;
  // Who wants no replies gets none, and stays connected.
  if (error && client.replyMode === ReplyMode.on) server.replyError(client, error);
  if (server.logsVerbose) {
    const { hideUserDataFromLog } = server.config.values;
    const seen = hideUserDataFromLog ? '*redacted*' : shownBytes(bytes);
    server.log.verbose(
      `Protocol error (${client.parser.errorKind}) from client: ${server.describe(client)}. Query buffer: ${seen}`,
    );
  }
  server.closeAfterReply(client);
}

/** Keeps what was not run: from the unfinished request on. */
function keepRest(client: Client, bytes: Uint8Array, end: number): void {
  const { parser } = client;
  const from = parser.requestStart;
  makeRoom(client, end - from);
  client.pending.set(bytes.subarray(from, end), 0);
  client.pendingEnd = end - from;
  if (client.pendingEnd > client.pendingPeak) client.pendingPeak = client.pendingEnd;
  parser.moved(0, client.partial);
}

function append(client: Client, bytes: Uint8Array, end: number): void {
  makeRoom(client, client.pendingEnd + end);
  client.pending.set(bytes.subarray(0, end), client.pendingEnd);
  client.pendingEnd += end;
  if (client.pendingEnd > client.pendingPeak) client.pendingPeak = client.pendingEnd;
}

function makeRoom(client: Client, bytes: number): void {
  if (client.pending.length >= bytes) return;
  const wanted = client.parser.wantedBytes;
  const announced = announcedBytes(client);
  let length = Math.max(bytes * 2, SMALLEST_PENDING_BYTES);
  if (announced > bytes) length = Math.max(announced, SMALLEST_PENDING_BYTES);
  else if (wanted >= bytes) length = Math.min(length, wanted);
  const wider = Buffer.allocUnsafeSlow(length);
  wider.set(client.pending.subarray(0, client.pendingEnd));
  client.pending = wider;
}

/**
 * What the request that is being read will take, when room for all of it is to be there at once: for a very
 * long one that is made as it comes. 0 when nothing is known.
 */
function announcedBytes(client: Client): number {
  const { wantedBytes } = client.parser;
  return wantedBytes < LARGE_REQUEST_BYTES ? wantedBytes : 0;
}

function overLimit(server: Server, client: Client): boolean {
  if (client.pendingEnd <= server.config.values.clientQueryBufferLimit) return false;
  server.stats.queryBufferLimitDisconnections++;
  server.log.warning(
    `Closing client that reached max query buffer length: ${server.describe(client)}`,
  );
  server.closeNow(client);
  return true;
}

/**
 * Gives back room of the request buffer that is not needed: all that is free when the client is `idle`, else
 * what is much more than the last requests took.
 */
export function shrinkPending(client: Client, idle: boolean): void {
  const { pending, pendingEnd } = client;
  const peak = Math.max(client.pendingPeak, pendingEnd, announcedBytes(client));
  client.pendingPeak = pendingEnd;
  const excessive = pending.length > LARGEST_KEPT_BYTES && pending.length > peak * 2;
  if (!idle && !excessive) return;
  if (idle && pendingEnd === 0) {
    client.pending = NO_BYTES;
    return;
  }
  const length = idle ? pendingEnd : Math.max(peak, SMALLEST_PENDING_BYTES);
  if (length === pending.length) return;
  const narrower = Buffer.allocUnsafeSlow(length);
  narrower.set(pending.subarray(0, pendingEnd));
  client.pending = narrower;
}

const LONGEST_SHOWN_BYTES = 128;

/** The beginning and end of what could not be parsed, as the log shows it. */
function shownBytes(bytes: Uint8Array): string {
  const printable = (part: Uint8Array) =>
    Buffer.from(part)
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, '.');
  if (bytes.length <= LONGEST_SHOWN_BYTES) return `'${printable(bytes)}'`;
  const half = LONGEST_SHOWN_BYTES / 2;
  const left = bytes.length - LONGEST_SHOWN_BYTES;
  return `'${printable(bytes.subarray(0, half))}' (... more ${left} bytes ...) '${printable(bytes.subarray(-half))}'`;
}

const NO_BYTES = new Uint8Array(0);
