/** Runs one request: through the gate, then the command, then what is to be counted and told of it. */
import type { Command } from '../datatypes/command.js';
import { INTERNAL_ERROR, Refusal } from '../protocol/refusals.js';
import type { Request } from '../protocol/request.js';
import { type Client, ReplyMode } from './client.js';
import type { CommandEntry } from './command-table.js';
import { refuse } from './gate.js';
import type { Server } from './server.js';
import { ServerCall } from './server-call.js';

export class Executor {
  private readonly server: Server;
  private readonly call: ServerCall;
  /** The command that runs now; null between commands. */
  running: CommandEntry | null = null;
  /** When the last command ended: the next one of the same turn starts there. */
  private lastEndMs = 0;
  /** Error replies up to here are somebody's: those of a transaction's commands are not EXEC's failure too. */
  private attributedErrors = 0;

  constructor(server: Server, client: Client) {
    this.server = server;
    this.call = new ServerCall(server, client);
  }

  /** How long this turn has taken up to the end of its last command. ms. */
  turnMs(startMs: number): number {
    return this.lastEndMs - startMs;
  }

  /** Called before the first request of a turn. Answers when that is, as `elapsedMs` does. */
  beginTurn(): number {
    this.lastEndMs = this.server.clock.elapsedMs();
    return this.lastEndMs;
  }

  execute(client: Client, request: Request): void {
    const { server, call } = this;
    const { reply } = server;
    reply.resp = client.resp;
    const mark = client.replyMode === ReplyMode.on ? null : reply.defer();
    const entry = server.commands.resolve(request);
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
    this.attributedErrors = reply.errors;
    const startMs = this.lastEndMs;
    const replyStart = reply.pendingBytes;
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
    const endMs = server.clock.elapsedMs();
    const usec = Math.floor((endMs - startMs) * 1000);
    this.lastEndMs = endMs;
    entry.calls++;
    entry.usec += usec;
    client.commandsProcessed++;
    server.stats.commandsProcessed++;
    if (reply.errors !== this.attributedErrors) {
      this.attributedErrors = reply.errors;
      entry.failedCalls++;
      if (reply.lastError) server.countError(reply.lastError);
    }
    server.afterCommand(call, entry, usec, reply.pendingBytes - replyStart);
    if (server.monitors.count > 0 && !entry.isHiddenFromMonitors) server.monitors.feed(call, entry);
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

/** The command that a refused request was for, when it named one. */
function named(entry: CommandEntry | undefined, request: Request): Command | null {
  if (entry === undefined || (entry.subcommands !== null && request.argc > 1)) return null;
  return entry.command;
}
