/** Runs one request: through the gate, then the command, then what is to be counted and told of it. */
import type { Command } from '../datatypes/command.js';
import { INTERNAL_ERROR, Refusal } from '../protocol/refusals.js';
import type { Request } from '../protocol/request.js';
import { type Client, ReplyMode } from './client.js';
import type { CommandEntry } from './command-table.js';
import { refuse } from './gate.js';
import type { Server } from './server.js';
import { ServerCall } from './server-call.js';

/** Calls of commands of constant time that are timed together at most. */
const MOST_UNTIMED = 16;
/** Bytes that such a call may take in, and leave. */
const SHORT_REQUEST_BYTES = 4096;
const SHORT_REPLY_BYTES = 16 * 1024;
/** A threshold below this may be reached by such calls. µs. */
const NEVER_TAKEN_USEC = 1000;

/**
 * Runs requests that were parsed, and keeps the time.
 *
 * Looking at the clock costs as much as a good part of a GET. So commands whose work is bounded, by their
 * complexity and by the bytes they took and gave, are timed together, up to 16 of them in one turn: each
 * counts an equal part. Where single calls are watched (`exact`), each is timed by itself.
 */
export class Executor {
  private readonly server: Server;
  private readonly call: ServerCall;
  /** The command that runs now; null between commands. */
  running: CommandEntry | null = null;
  /** Whether a setting asks for what single short calls take. */
  private exact = false;
  /** When the last command that was timed ended: the next one of the same turn starts there. */
  private lastEndMs = 0;
  /** Those that ran since. */
  private readonly untimed: (CommandEntry | null)[] = new Array(MOST_UNTIMED).fill(null);
  private untimedCount = 0;
  /** Error replies up to here are somebody's: those of a transaction's commands are not EXEC's failure too. */
  private attributedErrors = 0;

  constructor(server: Server, client: Client) {
    this.server = server;
    this.call = new ServerCall(server, client);
    const { config } = server;
    config.onChange(WATCHES_OF_CALLS, () => this.thresholdsChanged());
    this.thresholdsChanged();
  }

  private thresholdsChanged(): undefined {
    const { values } = this.server.config;
    const reachable = (threshold: number, most: number) => threshold >= 0 && threshold < most;
    this.exact =
      values.latencyMonitorThreshold > 0 ||
      reachable(values.commandlogExecutionSlowerThan, NEVER_TAKEN_USEC) ||
      reachable(values.commandlogRequestLargerThan, SHORT_REQUEST_BYTES) ||
      reachable(values.commandlogReplyLargerThan, SHORT_REPLY_BYTES);
  }

  /** Called before the first request of a turn. Answers when that is, as `elapsedMs` does. */
  beginTurn(): number {
    this.lastEndMs = this.server.clock.elapsedMs();
    return this.lastEndMs;
  }

  /** Called after the last request of a turn that began at `startMs`. Answers how long its commands took, in ms. */
  endTurn(startMs: number): number {
    this.settle();
    return this.lastEndMs - startMs;
  }

  /** Times the commands that ran since the clock was last looked at. */
  private settle(): void {
    const count = this.untimedCount;
    if (count === 0) return;
    const { clock, config, stats } = this.server;
    const endMs = clock.elapsedMs();
    const usec = ((endMs - this.lastEndMs) * 1000) / count;
    this.lastEndMs = endMs;
    this.untimedCount = 0;
    stats.commandsUsec += usec * count;
    const whole = Math.floor(usec);
    const { latencyTracking } = config.values;
    for (let i = 0; i < count; i++) {
      const entry = this.untimed[i] as CommandEntry;
      entry.usec += usec;
      if (latencyTracking) entry.recordLatency(whole);
    }
  }

  execute(client: Client, request: Request, entry: CommandEntry | undefined): void {
    const { server, call } = this;
    const { reply } = server;
    reply.resp = client.resp;
    const mark = client.replyMode === ReplyMode.on ? null : reply.defer();
    const refused = refuse(server, client, entry, request);
    if (refused === null) {
      if (server.pauses.scope !== null && server.pauses.holds(client, entry as CommandEntry))
        return;
      call.request = request;
      call.client = client;
      call.db = client.db;
      call.entry = entry as CommandEntry;
      this.run(call, call.entry);
    } else {
      client.lastCommand = named(entry, request);
      if (entry && client.lastCommand !== null) entry.rejectedCalls++;
      server.replyError(client, refused);
    }
    if (mark !== null && client.replyMode !== ReplyMode.on) {
      reply.rewind(mark);
      if (client.replyMode === ReplyMode.skip) client.replyMode = ReplyMode.on;
    }
    if (client.replyMode === ReplyMode.skipNext) client.replyMode = ReplyMode.skip;
  }

  /** Bytes of the arguments of what `client` is running now. */
  argumentBytesOf(client: Client): number {
    const { call } = this;
    if (this.running === null || call.client !== client) return 0;
    let bytes = 0;
    for (let i = 0; i < call.argc; i++) bytes += call.length(i);
    return bytes;
  }

  /** Runs a command that may run, and does the books. */
  private run(call: ServerCall, entry: CommandEntry): void {
    const { server } = this;
    const { client, reply } = call;
    const short =
      entry.isConstantTime && !this.exact && call.request.mostWireBytes < SHORT_REQUEST_BYTES;
    if (!short) this.settle();
    this.attributedErrors = reply.errors;
    const replyStart = reply.pendingBytes;
    const { effects } = server;
    const dirtyBefore = effects.dirty;
    effects.begin(call.db.id);
    server.keyspace.touching = !client.noTouch;
    if (server.expiryRule.varies) server.expiryRule.choose(client);
    client.lastCommand = entry.command;
    this.running = entry;
    try {
      entry.command.run(call);
    } catch (error) {
      this.failed(call, entry, error);
    }
    this.running = null;
    entry.calls++;
    client.commandsProcessed++;
    server.stats.commandsProcessed++;
    if (reply.errors !== this.attributedErrors) {
      this.attributedErrors = reply.errors;
      entry.failedCalls++;
      if (reply.lastError) server.countError(reply.lastError);
    }
    if (short) {
      this.untimed[this.untimedCount++] = entry;
      const long = reply.pendingBytes - replyStart > SHORT_REPLY_BYTES;
      if (long || this.untimedCount === MOST_UNTIMED) this.settle();
    } else {
      this.time(call, entry, reply.pendingBytes - replyStart);
    }
    if (server.monitors.count > 0 && !entry.isHiddenFromMonitors) server.monitors.feed(call, entry);
    effects.end(call, dirtyBefore);
  }

  /** The books of a command that is timed by itself. */
  private time(call: ServerCall, entry: CommandEntry, replyBytes: number): void {
    const { server } = this;
    const endMs = server.clock.elapsedMs();
    const usec = Math.floor((endMs - this.lastEndMs) * 1000);
    this.lastEndMs = endMs;
    entry.usec += usec;
    server.afterCommand(call, entry, usec, replyBytes);
  }

  private failed(call: ServerCall, entry: CommandEntry, error: unknown): void {
    if (error instanceof Refusal) {
      call.reply.error(error);
      return;
    }
    const { server } = this;
    server.stats.unexpectedErrors++;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    server.log.warning(`Unexpected error in command '${entry.fullName}': ${text}`);
    call.reply.error(INTERNAL_ERROR);
  }
}

const WATCHES_OF_CALLS = [
  'latency-monitor-threshold',
  'commandlog-execution-slower-than',
  'commandlog-request-larger-than',
  'commandlog-reply-larger-than',
] as const;

/** The command that a refused request was for, when it named one. */
function named(entry: CommandEntry | undefined, request: Request): Command | null {
  if (entry === undefined || (entry.subcommands !== null && request.argc > 1)) return null;
  return entry.command;
}
