/** Runs one request: through the gate, then the command, then what is to be counted and told of it. */
import type { Command } from '../datatypes/command.js';
import { INTERNAL_ERROR, Refusal, transactionRefused } from '../protocol/refusals.js';
import type { Deferred, ReplyWriter } from '../protocol/reply.js';
import type { Request } from '../protocol/request.js';
import type { Waiting } from './blocked-clients.js';
import { type Client, ReplyMode } from './client.js';
import type { CommandEntry } from './command-table.js';
import { isWideOpen, refuse } from './gate.js';
import type { Server } from './server.js';
import { ServerCall } from './server-call.js';
import { endTransaction, type QueuedRequest, type Transaction } from './transactions.js';

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
 * counts an equal part. Of turns that have only one, every 16th is timed, and the others count as much as
 * the last. Where single calls are watched (`exact`), each is timed by itself.
 */
export class Executor {
  private readonly server: Server;
  /** What was left in the middle with a script, the innermost first: the script's command, the EXEC around it. */
  private suspended: SuspendedCommand[] = [];
  /** The commands around a script are being left. */
  private isSuspending = false;
  /** Where the replies of the client began that waits for the script; null when it gets them. */
  private suspendedMark: Deferred | null = null;
  /** Of a request that just came, of one that had to wait, of one of a transaction. */
  private readonly call: ServerCall;
  private readonly again: ServerCall;
  private readonly queued: ServerCall;
  /** The command that runs now; null between commands. */
  running: CommandEntry | null = null;
  /** Whose request is being run, with all it brings about; what that tells this client comes after the reply. */
  unitClient: Client | null = null;
  /** Whose plain commands may run in this turn, as far as is known; null when it has to be found out. */
  private openFor: Client | null = null;
  /** Whether a setting asks for what single short calls take. */
  private exact = false;
  /** When the last command that was timed ended: the next one of the same turn starts there. */
  private lastEndMs = 0;
  /** When the turn began, and how many commands had run before it. */
  private turnStartMs = 0;
  private countBefore = 0;
  /** Those that ran since. */
  private readonly untimed: (CommandEntry | null)[] = new Array(MOST_UNTIMED).fill(null);
  private untimedCount = 0;
  /** Turns of a single short command since one was timed. */
  private guesses = 0;
  /** Error replies up to here are somebody's: those of a transaction's commands are not EXEC's failure too. */
  private attributedErrors = 0;

  constructor(server: Server, client: Client) {
    this.server = server;
    this.call = new ServerCall(server, client);
    this.again = new ServerCall(server, client);
    this.queued = new ServerCall(server, client);
    this.call.mayWait = true;
    this.again.mayWait = true;
    const { config } = server;
    config.onChange(WATCHES_OF_CALLS, () => this.thresholdsChanged());
    this.thresholdsChanged();
  }

  /** When the command that runs began, if it is one that is timed by itself. On the scale of `Clock.elapsedMs`. */
  get startedAtMs(): number {
    return this.lastEndMs;
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

  /** Called before the first request of a turn. @param atMs - On the scale of `Clock.elapsedMs`. */
  beginTurn(atMs: number): void {
    this.lastEndMs = atMs;
    this.turnStartMs = atMs;
    this.countBefore = this.server.stats.commandsProcessed;
  }

  /** Called after the last request of a turn. */
  endTurn(): void {
    const { stats } = this.server;
    this.openFor = null;
    if (this.untimedCount === 1 && this.lastEndMs === this.turnStartMs) this.settleOne();
    else this.settle();
    const usec = (this.lastEndMs - this.turnStartMs) * 1000;
    stats.countTurn(usec, stats.commandsProcessed - this.countBefore);
  }

  /** Ends a turn of a single short command: timed now and then, and else taken to be as long as the last time. */
  private settleOne(): void {
    const { usualUsec } = this.untimed[0] as CommandEntry;
    if (usualUsec < 0 || ++this.guesses === MOST_UNTIMED) {
      this.guesses = 0;
      this.settle();
    } else this.attribute(usualUsec, this.turnStartMs + usualUsec / 1000);
  }

  /** Times the commands that ran since the clock was last looked at. */
  private settle(): void {
    const count = this.untimedCount;
    if (count === 0) return;
    const endMs = this.server.clock.elapsedMs();
    this.attribute(((endMs - this.lastEndMs) * 1000) / count, endMs);
  }

  /** Has each of the commands that are not timed yet have taken `usec`. */
  private attribute(usec: number, endMs: number): void {
    const { config, stats } = this.server;
    const count = this.untimedCount;
    this.lastEndMs = endMs;
    this.untimedCount = 0;
    stats.commandsUsec += usec * count;
    const whole = Math.floor(usec);
    const { latencyTracking } = config.values;
    for (let i = 0; i < count; i++) {
      const entry = this.untimed[i] as CommandEntry;
      entry.usec += usec;
      entry.usualUsec = usec;
      if (latencyTracking) entry.recordLatency(whole);
    }
  }

  /** @param refused - Why it is not even to be tried; null when it is. */
  execute(
    client: Client,
    request: Request,
    entry: CommandEntry | undefined,
    refused: Refusal | null = null,
  ): void {
    const { call } = this;
    call.reply = this.server.reply;
    if (entry?.isPlain && refused === null && this.isUnhindered(client, request, entry)) {
      this.runPlain(call, client, request, entry);
      return;
    }
    this.admit(call, client, request, entry, refused);
    this.openFor = null;
  }

  /** Whether a plain command may run without a further question. */
  private isUnhindered(client: Client, request: Request, entry: CommandEntry): boolean {
    if (!entry.arityFits(request.argc) || request.mostWireBytes >= SHORT_REQUEST_BYTES)
      return false;
    if (this.openFor === client) return true;
    if (this.exact || !isWideOpen(this.server, client)) return false;
    this.openFor = client;
    return true;
  }

  /** As `admit` and `run`, of what is left of them where nothing stands in the way and nobody watches. */
  private runPlain(call: ServerCall, client: Client, request: Request, entry: CommandEntry): void {
    const { server } = this;
    const { effects, pushes } = server;
    const { reply } = call;
    const replyStart = reply.pendingBytes;
    const dirtyBefore = effects.dirty;
    reply.resp = client.resp;
    this.point(call, client, request, entry);
    this.unitClient = client;
    this.attributedErrors = reply.errors;
    effects.begin(call.db.id);
    server.keyspace.touching = !client.noTouch;
    this.perform(call, entry, null);
    this.count(client, entry);
    if (reply.errors !== this.attributedErrors) this.countFailure(reply, entry);
    this.timeLater(entry, reply.pendingBytes - replyStart);
    effects.end(call, dirtyBefore);
    this.unitClient = null;
    if (pushes.waiting) pushes.release(client);
  }

  /** Runs a request again that had to wait, and so has been told of and let in before. */
  runAgain(waiting: Waiting): void {
    const { again, server } = this;
    const { client } = waiting;
    this.settle();
    this.lastEndMs = server.clock.elapsedMs();
    again.reply = server.outputOf(client);
    again.waited = waiting;
    this.admit(again, client, waiting.request, waiting.entry, null);
    if (client.paused) client.postponed = waiting;
  }

  /** Ends a request that had to wait with a reply, and does its books. */
  finish(waiting: Waiting, answer: (reply: ReplyWriter) => void): void {
    const { again, server } = this;
    const { client, entry, request } = waiting;
    const reply = server.outputOf(client);
    reply.resp = client.resp;
    if (client.replyMode === ReplyMode.on) answer(reply);
    this.endRequest(client, entry);
    again.client = client;
    again.request = request;
    again.waited = waiting;
    this.count(client, entry);
    server.afterCommand(again, entry, 0, 0);
  }

  /** Runs requests of a transaction, within its EXEC. */
  runQueue({ client, reply }: ServerCall, queue: readonly QueuedRequest[]): void {
    const { queued } = this;
    queued.client = client;
    queued.reply = reply;
    for (const [i, { request, entry }] of queue.entries()) {
      queued.request = request;
      queued.entry = entry;
      queued.db = client.db;
      this.run(queued, entry);
      const script = this.suspended[0];
      if (!this.isSuspending || script === undefined) continue;
      script.rest = queue.slice(i + 1);
      return;
    }
  }

  /** Runs a command that a script calls. Its reply goes to a writer of the script's. */
  runInner(call: ServerCall, entry: CommandEntry): void {
    const { attributedErrors } = this;
    this.run(call, entry);
    this.attributedErrors = attributedErrors;
  }

  /**
   * The script of the command that runs is left in the middle: the command, and the EXEC around it, stay
   * unfinished. Their books stay open, and so does the unit of their effects.
   */
  suspend(): void {
    this.isSuspending = true;
  }

  /**
   * Has a script go on that was left in the middle, in a turn of its client's.
   *
   * @param goOn - Says whether the script has ended, and replied.
   */
  resumeSuspended(client: Client, goOn: () => boolean): void {
    const outer = this.unitClient;
    this.unitClient = client;
    this.running = this.suspended[0]?.entry ?? null;
    this.attributedErrors = this.server.reply.errors;
    if (goOn()) this.finishSuspended(client);
    this.running = null;
    this.unitClient = outer;
    if (!client.blocked && this.server.pushes.waiting) this.server.pushes.release(client);
  }

  /** Ends what was left with a script, and has its client go on. */
  private finishSuspended(client: Client): void {
    const { server } = this;
    let entry: CommandEntry | undefined;
    for (let left = this.suspended.shift(); left; left = this.suspended.shift()) {
      // What it ran told what is to be sent.
      server.effects.propagateNothing();
      this.close(left.call, left.entry, left);
      this.running = left.outer;
      entry = left.entry;
      if (left.rest === null) continue;
      const around = this.suspended;
      this.suspended = [];
      this.runQueue(left.call, left.rest);
      this.suspended.push(...around);
      if (!this.isSuspending) continue;
      this.isSuspending = false;
      return;
    }
    const mark = this.suspendedMark;
    if (mark !== null && client.replyMode !== ReplyMode.on) server.reply.rewind(mark);
    this.suspendedMark = null;
    this.endRequest(client, entry);
    client.blocked = false;
    server.resumeSoon([client]);
  }

  /** Lets a request through the gate: it runs, is queued or is held, or else refused. */
  private admit(
    call: ServerCall,
    client: Client,
    request: Request,
    entry: CommandEntry | undefined,
    faulty: Refusal | null,
  ): void {
    const { server } = this;
    const { reply } = call;
    reply.resp = client.resp;
    const mark = client.replyMode === ReplyMode.on ? null : reply.defer();
    if (server.debugging.holds(client)) return;
    const refused = faulty ?? refuse(server, client, entry, request);
    if (refused !== null) this.refuse(client, request, entry, refused);
    else if (
      server.pauses.scope !== null &&
      server.pauses.holds(client, entry as CommandEntry, request)
    )
      return;
    else if (client.transaction?.isOpen && !(entry as CommandEntry).runsInMulti) {
      this.enqueue(client.transaction, call, request, entry as CommandEntry);
    } else {
      this.point(call, client, request, entry as CommandEntry);
      const outer = this.unitClient;
      this.unitClient = client;
      this.run(call, entry as CommandEntry);
      this.unitClient = outer;
      if (this.isSuspending) {
        this.isSuspending = false;
        this.suspendedMark = mark;
        client.blocked = true;
        return;
      }
      if (client.waiting !== null) return server.pushes.release(client);
    }
    if (mark !== null && client.replyMode !== ReplyMode.on) reply.rewind(mark);
    this.endRequest(client, entry);
    if (server.pushes.waiting) server.pushes.release(client);
  }

  /** Has `call` stand for a request that a client sent. */
  private point(call: ServerCall, client: Client, request: Request, entry: CommandEntry): void {
    call.request = request;
    call.client = client;
    call.db = client.db;
    call.entry = entry;
    client.lastCommand = entry.command;
  }

  private enqueue(
    transaction: Transaction,
    { client, reply }: ServerCall,
    request: Request,
    entry: CommandEntry,
  ): void {
    client.lastCommand = entry.command;
    const isDenyOom =
      entry.isDenyOom || (entry.runsScript && this.server.scripts.needMemory(entry, request));
    transaction.add(request, entry, isDenyOom);
    reply.queued();
  }

  private refuse(
    client: Client,
    request: Request,
    entry: CommandEntry | undefined,
    refused: Refusal,
  ): void {
    const { server } = this;
    const { transaction } = client;
    client.lastCommand = named(entry, request);
    if (entry && client.lastCommand !== null) entry.rejectedCalls++;
    if (transaction?.isOpen) transaction.abort();
    if (!entry?.isExec) return server.replyError(client, refused);
    endTransaction(server, client);
    server.replyError(client, transactionRefused(refused));
  }

  /** A request of the client is done with: what CLIENT REPLY SKIP and CLIENT CACHING said of one request is over. */
  private endRequest(client: Client, entry: CommandEntry | undefined): void {
    if (client.replyMode === ReplyMode.skip) client.replyMode = ReplyMode.on;
    if (client.replyMode === ReplyMode.skipNext) client.replyMode = ReplyMode.skip;
    if (client.cachingChosen && !client.transaction?.isOpen) forgetChoice(client, entry);
  }

  /** Bytes of the arguments of what `client` is running now. */
  argumentBytesOf(client: Client): number {
    const { call } = this;
    const waiting = client.waiting ?? client.postponed;
    if (waiting !== null) return waiting.request.argumentBytes;
    return this.running === null || call.client !== client ? 0 : call.request.argumentBytes;
  }

  /** Runs a command that may run, and does the books. */
  private run(call: ServerCall, entry: CommandEntry): void {
    const { server } = this;
    const { client, reply } = call;
    const short =
      entry.isConstantTime && !this.exact && call.request.mostWireBytes < SHORT_REQUEST_BYTES;
    if (!short) this.settle();
    this.attributedErrors = reply.errors;
    const startMs = this.lastEndMs;
    const usecBefore = short ? 0 : server.stats.commandsUsec;
    const replyStart = reply.pendingBytes;
    const { effects } = server;
    const dirtyBefore = effects.dirty;
    effects.begin(call.db.id);
    server.keyspace.touching = !client.noTouch;
    if (server.expiryRule.varies) server.expiryRule.choose(client);
    const outer = this.running;
    this.perform(call, entry, outer);
    if (entry.isTracked && server.tracking.clientCount > 0) {
      server.tracking.remember(client.origin, call, entry);
    }
    const replyBytes = reply.pendingBytes - replyStart;
    if (this.isSuspending) {
      this.leave(call, entry, { startMs, usecBefore, replyBytes, dirtyBefore, outer });
      return;
    }
    // The books of a command that waits are done when it is over.
    if (client.waiting !== null) this.lastEndMs = server.clock.elapsedMs();
    else {
      this.count(client, entry);
      if (reply.errors !== this.attributedErrors) this.countFailure(reply, entry);
      if (!short) this.time(call, entry, startMs, usecBefore, replyBytes);
      else this.timeLater(entry, replyBytes);
    }
    if (server.monitors.count > 0 && !entry.isHiddenFromMonitors && call.waited === null) {
      server.monitors.feed(call, entry);
    }
    effects.end(call, dirtyBefore);
  }

  /** @param outer - The command around it. */
  private perform(call: ServerCall, entry: CommandEntry, outer: CommandEntry | null): void {
    this.running = entry;
    try {
      entry.command.run(call);
    } catch (error) {
      this.failed(call, entry, error);
    }
    this.running = outer;
  }

  /** Keeps what is needed to end a command later. */
  private leave(call: ServerCall, entry: CommandEntry, books: OpenBooks): void {
    const { server } = this;
    const kept = new ServerCall(server, call.client);
    kept.request = call.request.copy();
    kept.db = call.db;
    kept.entry = entry;
    this.suspended.push({ ...books, call: kept, entry, rest: null });
    this.lastEndMs = server.clock.elapsedMs();
  }

  /** Does the books of a command that was left in the middle, and ends its unit of effects. */
  private close(call: ServerCall, entry: CommandEntry, books: OpenBooks): void {
    const { server } = this;
    this.count(call.client, entry);
    if (server.reply.errors !== this.attributedErrors) this.countFailure(server.reply, entry);
    this.time(call, entry, books.startMs, books.usecBefore, books.replyBytes);
    server.effects.end(call, books.dirtyBefore);
  }

  private count(client: Client, entry: CommandEntry): void {
    entry.calls++;
    // A script's commands are its caller's.
    client.origin.commandsProcessed++;
    this.server.stats.commandsProcessed++;
  }

  /** Notes a command that is timed with others. */
  private timeLater(entry: CommandEntry, replyBytes: number): void {
    this.untimed[this.untimedCount++] = entry;
    if (replyBytes > SHORT_REPLY_BYTES || this.untimedCount === MOST_UNTIMED) this.settle();
  }

  private countFailure(reply: ReplyWriter, entry: CommandEntry): void {
    this.attributedErrors = reply.errors;
    entry.failedCalls++;
    if (reply.lastError) this.server.countError(reply.lastError);
  }

  /** The books of a command that is timed by itself, with all that it ran. */
  private time(
    call: ServerCall,
    entry: CommandEntry,
    startMs: number,
    usecBefore: number,
    replyBytes: number,
  ): void {
    const { server } = this;
    // Either looks at the clock.
    if (this.untimedCount > 0) this.settle();
    else this.lastEndMs = server.clock.elapsedMs();
    const usec = Math.floor((this.lastEndMs - startMs) * 1000);
    entry.usec += usec;
    server.stats.commandsUsec = usecBefore + usec;
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

/** The books of a command that has begun. */
interface OpenBooks {
  readonly startMs: number;
  readonly usecBefore: number;
  readonly replyBytes: number;
  readonly dirtyBefore: number;
  /** The command around it. */
  readonly outer: CommandEntry | null;
}

/** A command that was left in the middle, with a script that takes long. */
interface SuspendedCommand extends OpenBooks {
  readonly call: ServerCall;
  readonly entry: CommandEntry;
  /** Of a transaction, what is to run after it. */
  rest: readonly QueuedRequest[] | null;
}

const WATCHES_OF_CALLS = [
  'latency-monitor-threshold',
  'commandlog-execution-slower-than',
  'commandlog-request-larger-than',
  'commandlog-reply-larger-than',
] as const;

/** What CLIENT CACHING said holds for one command that is not CLIENT itself. */
function forgetChoice(client: Client, entry: CommandEntry | undefined): void {
  const isClient = entry?.fullName.split('|')[0] === 'client';
  if (!isClient) client.cachingChosen = false;
}

/** The command that a refused request was for, when it named one. */
function named(entry: CommandEntry | undefined, request: Request): Command | null {
  if (entry === undefined || (entry.subcommands !== null && request.argc > 1)) return null;
  return entry.command;
}
