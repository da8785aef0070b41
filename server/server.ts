/** What one server owns. Nothing of it is shared with another server in the same process. */
import type { Clock, Timer } from '../datatypes/clock.js';
import { Keyspace } from '../datatypes/database.js';
import { Random } from '../datatypes/random.js';
import { Arena } from '../datatypes/store/arena.js';
import { HashFunction } from '../datatypes/store/hash-function.js';
import { untilZero } from '../protocol/bytes.js';
import type { Refusal } from '../protocol/refusals.js';
import { ReplyWriter } from '../protocol/reply.js';
import type { Request } from '../protocol/request.js';
import { RequestCopies } from '../protocol/request-copies.js';
import { Acknowledgements } from './acknowledgements.js';
import { AppendOnly } from './append-only.js';
import { Authentication } from './authentication.js';
import { BlockedClients, type Waiting } from './blocked-clients.js';
import { Client, ReplyMode, type Transport } from './client.js';
import { ClientCron } from './client-cron.js';
import { ClientEviction } from './client-eviction.js';
import { describeClient, identifyClient } from './client-info.js';
import { CommandLog, type LoggedCall } from './command-log.js';
import { type CommandEntry, CommandTable } from './command-table.js';
import { COMMANDS } from './commands/index.js';
import type { Config } from './config.js';
import { receive, runPending, runRequest } from './connection.js';
import type { Crash } from './crash-report.js';
import { Cron } from './cron.js';
import { ServerEffects } from './effects.js';
import { Executor } from './execute.js';
import { ExpiryRule } from './expiry-rule.js';
import { Garbage } from './garbage.js';
import type { Interceptor } from './interceptor.js';
import { watchKeyspace } from './keyspace-events.js';
import { LatencyMonitor } from './latency.js';
import { Listener } from './listener.js';
import { Loading } from './loading.js';
import { Lookahead } from './lookahead.js';
import { Memory } from './memory.js';
import { Monitors } from './monitors.js';
import { Notifications } from './notifications.js';
import { Outbox } from './outbox.js';
import { checkOutputLimits } from './output-limits.js';
import { Pauses } from './pauses.js';
import { Pubsub } from './pubsub.js';
import { Pushes } from './pushes.js';
import { Rates } from './rates.js';
import { RdbSaves } from './rdb-saves.js';
import { followBind } from './rebind.js';
import { secretArguments } from './redaction.js';
import { ReplyBuffers } from './reply-buffers.js';
import { Debugging } from './scripts/debugger/debugging.js';
import { Scripts } from './scripts/scripts.js';
import type { ServerCall } from './server-call.js';
import { Shutdown } from './shutdown.js';
import { limitClients } from './startup-checks.js';
import { Stats } from './stats.js';
import { Tracking } from './tracking.js';
import { WatchedKeys } from './watched-keys.js';

/** Where the server's words go; each by its level. */
export interface Log {
  debug(message: string): void;
  verbose(message: string): void;
  notice(message: string): void;
  warning(message: string): void;
}

export interface ServerParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Seeds everything random. */
  readonly seed: number;
  /** Its commands, some perhaps renamed. Default: all, by their own names. */
  readonly commands?: CommandTable;
}

export class Server {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly arena = new Arena();
  readonly keyspace: Keyspace;
  readonly stats = new Stats();
  readonly rates = new Rates();
  readonly latency: LatencyMonitor;
  readonly commandLog: CommandLog;
  readonly effects = new ServerEffects();
  readonly memory: Memory;
  readonly commands: CommandTable;
  readonly reply: ReplyWriter;
  readonly lookahead: Lookahead;
  readonly watchedKeys: WatchedKeys;
  readonly blockedClients: BlockedClients;
  readonly acknowledgements = new Acknowledgements(this);
  readonly clients = new Map<number, Client>();
  readonly listener: Listener;
  readonly executor: Executor;
  readonly scripts: Scripts;
  readonly debugging: Debugging;
  readonly shutdown: Shutdown;
  readonly authentication: Authentication;
  readonly pauses: Pauses;
  readonly expiryRule: ExpiryRule;
  readonly replyBuffers = new ReplyBuffers();
  readonly requestCopies = new RequestCopies();
  readonly monitors: Monitors;
  readonly pubsub: Pubsub;
  readonly tracking: Tracking;
  readonly pushes = new Pushes(this);
  readonly cron: Cron;
  readonly garbage: Garbage;
  readonly clientEviction: ClientEviction;
  readonly saves: RdbSaves;
  readonly loading: Loading;
  readonly appendOnly: AppendOnly;
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string;
  readonly startedAtMs: number;
  /** Names the history of changes this server's data comes from: 40 hexadecimal digits. */
  replicationId: string;
  /** When the data was last saved; at the start, when the server started. */
  lastSavedAtMs: number;

  /** When the log last told of a browser's requests. ms. */
  attackLoggedAtMs = -Infinity;

  /** Reports a crash, and ends the process by the signal; null in a process that is not the server's own. */
  crash: ((crash: Crash, signal: NodeJS.Signals) => void) | null = null;

  /** Who stands between clients and commands; null when nobody does. */
  interceptor: Interceptor | null = null;

  /** The server's own client takes 2: the first to connect is 3, as on the real server. */
  private nextClientId = 2;
  /** Clients inside the process with replies that came while they were not being served. */
  private readonly toFlush = new Set<Client>();
  /** What waits to be written to sockets. */
  readonly outbox = new Outbox(this);
  private serving: Client | null = null;
  /** Clients whose requests may run again, once the turn is over. */
  private readonly toResume: Client[] = [];
  private resuming = false;
  private inBackground = false;

  constructor(parts: ServerParts) {
    this.config = parts.config;
    this.clock = parts.clock;
    this.log = parts.log;
    this.random = new Random(parts.seed);
    this.clock.refresh();
    this.startedAtMs = this.clock.now();
    this.lastSavedAtMs = this.startedAtMs;
    this.runId = this.random.hex(40);
    this.replicationId = this.random.hex(40);
    this.keyspace = new Keyspace({
      arena: this.arena,
      hash: makeHash(this.config.values.hashSeed, this.random),
      clock: this.clock,
      random: this.random,
      databaseCount: this.config.values.databases,
      activeExpireEffort: () => this.config.values.activeExpireEffort,
      settings: this.config.values,
    });
    this.latency = new LatencyMonitor(this.config.values, () => this.clock.now());
    this.commandLog = new CommandLog(this.config.values);
    this.keyspace.maxStringBytes = () => this.config.values.protoMaxBulkLen;
    watchKeyspace(this);
    this.memory = new Memory(this);
    this.commands = parts.commands ?? new CommandTable(COMMANDS);
    // Clients are told of what they changed before those who wait are served.
    this.tracking = new Tracking(this);
    this.watchedKeys = new WatchedKeys(this);
    this.blockedClients = new BlockedClients(this);
    this.lookahead = new Lookahead(this.keyspace, this.commands);
    this.reply = new ReplyWriter(this.arena);
    this.reply.onLong = () => this.limitReply();
    this.executor = new Executor(this, this.makeClient(null));
    this.scripts = new Scripts(this);
    this.debugging = new Debugging(this, (parts) => new Server(parts));
    this.listener = new Listener(this);
    this.shutdown = new Shutdown(this);
    this.authentication = new Authentication(this);
    this.pauses = new Pauses(this);
    this.loading = new Loading(this);
    this.expiryRule = new ExpiryRule(this);
    this.monitors = new Monitors(this);
    this.pubsub = new Pubsub(this);
    new Notifications(this);
    followBind(this);
    limitClients(this.config);
    this.config.onChange('proto-max-bulk-len', () => this.bulkLimitChanged());
    this.config.onChange('min-string-size-avoid-copy-reply', () => this.copyLimitChanged());
    this.copyLimitChanged();
    this.cron = new Cron(this);
    this.garbage = new Garbage(this);
    this.keyspace.onDamage = (message) => this.log.verbose(message);
    this.saves = new RdbSaves(this);
    this.appendOnly = new AppendOnly(this);
    this.clientEviction = new ClientEviction(this);
    const clientCron = new ClientCron(this);
    this.cron.every('tracking', () => this.tracking.limit());
    this.cron.every('clients', () => clientCron.checkSome(this.cron.hz));
    this.keyspace.schedule = (delayMs, task) => this.later(delayMs, task);
    this.cron.start();
    this.keepFunctions();
  }

  /** Function libraries are part of the data. */
  private keepFunctions(): void {
    const { functions } = this.scripts;
    this.saves.functionLibraries = () => functions.sources;
    this.loading.loadFunctionLibrary = (code, replaces) => functions.loadFromFile(code, replaces);
    this.loading.flushFunctions = () => functions.flush();
  }

  /** A client that nobody has heard of yet: not in `clients`. */
  makeClient(transport: Transport | null): Client {
    const { values } = this.config;
    return new Client({
      id: this.nextClientId++,
      transport,
      db: this.keyspace.databases[0] as (typeof this.keyspace.databases)[0],
      nowMs: this.clock.now(),
      authenticated: transport === null || values.requirepass === '',
      maxBulkBytes: values.protoMaxBulkLen,
      holder: this.arena,
    });
  }

  /** Takes in a new connection. */
  connect(transport: Transport): Client {
    const client = this.makeClient(transport);
    this.clients.set(client.id, client);
    this.stats.connectionsReceived++;
    this.interceptor?.connected(client);
    return client;
  }

  /** Bytes came from a client: runs what is whole in them, and sends the replies. */
  receive(client: Client, bytes: Uint8Array, end: number): void {
    this.beginTurn(client);
    receive(this, client, bytes, end);
    this.endTurn(client);
  }

  /** Whether a request of the client would run at once: nothing is being served, nothing holds it back. */
  isReadyFor(client: Client): boolean {
    if (this.serving !== null || this.inBackground || this.resuming) return false;
    if (this.interceptor !== null || this.pauses.scope !== null) return false;
    if (this.debugging.inProgress || client.takenOver !== null) return false;
    return !client.isHeldUp;
  }

  /** Runs a request in a turn of its own; the client must be ready. */
  run(client: Client, request: Request, entry = this.commands.resolve(request)): void {
    this.beginTurn(client);
    runRequest(this, client, request, entry);
    this.endTurn(client);
  }

  /** As `run`, of a client inside the process: the reply, as `read` reads it, goes nowhere else; undefined if none. */
  ask<T>(
    client: Client,
    request: Request,
    entry: CommandEntry,
    read: (bytes: Buffer, start: number, end: number) => T,
  ): T | undefined {
    this.beginTurn(client);
    runRequest(this, client, request, entry);
    const reply = this.consumeReply(client, read);
    this.endTurn(client);
    return reply;
  }

  private consumeReply<T>(
    client: Client,
    read: (bytes: Buffer, start: number, end: number) => T,
  ): T | undefined {
    const bytes = this.reply.pendingBytes;
    if (bytes === 0 || client.closed || !this.appendOnly.flush()) return undefined;
    this.noteOutput(client, bytes);
    this.stats.writesProcessed++;
    return this.reply.consume(read);
  }

  /** Goes on with requests that waited. */
  resume(client: Client): void {
    if (client.closed || (client.pendingEnd === 0 && client.postponed === null)) return;
    this.beginTurn(client);
    if (client.postponed !== null) this.runPostponed(client, client.postponed);
    runPending(this, client);
    this.endTurn(client);
  }

  /** Runs a request again that waited for keys, and then for the end of a pause. */
  private runPostponed(client: Client, waiting: Waiting): void {
    client.postponed = null;
    this.executor.runAgain(waiting);
  }

  /** Goes on with requests that waited, in this order, as soon as no other client is being served. */
  resumeSoon(clients: readonly Client[]): void {
    this.toResume.push(...clients);
    if (this.serving === null && !this.inBackground) this.resumeWaiting();
  }

  private resumeWaiting(): void {
    if (this.resuming) return;
    this.resuming = true;
    for (let client = this.toResume.shift(); client; client = this.toResume.shift()) {
      this.resume(client);
    }
    this.resuming = false;
  }

  /** @param entry - The command that the request names, where that is known. */
  execute(client: Client, request: Request, entry = this.commands.resolve(request)): void {
    if (this.interceptor === null) this.executor.execute(client, request, entry);
    else this.interceptor.execute(client, request, entry);
  }

  /** Whether a request is being run. */
  get isServing(): boolean {
    return this.serving !== null;
  }

  /** What one event from the outside brings about stands between this and `endTurn`, which sends the replies. */
  private beginTurn(client: Client): void {
    if (this.outbox.isFull) this.outbox.flush();
    this.flushPushesOf(client);
    this.effects.settleOutside();
    this.executor.beginTurn(this.refreshClock());
    this.serving = client;
  }

  private endTurn(client: Client): void {
    this.serving = null;
    this.keyspace.known.forget();
    this.executor.endTurn();
    if (client.closed) this.reply.discard();
    else if (client.transport) this.sendReplies(client, client.transport);
    const evictsClients = this.clientEviction.isOn;
    if (evictsClients || this.config.values.maxmemory !== 0) this.memory.noteClient(client);
    if (this.toFlush.size > 0) this.flushPushes();
    if (evictsClients) this.clientEviction.check();
    if (this.toResume.length > 0) this.resumeWaiting();
  }

  /** A turn in which something goes on for a client that has sent nothing new. */
  turnOf(client: Client, work: () => void): void {
    this.beginTurn(client);
    this.reply.resp = client.resp;
    work();
    this.endTurn(client);
  }

  /** Time stands still for a script that was left in the middle. Returns `Clock.elapsedMs`. */
  private refreshClock(): number {
    return this.scripts.isBusy ? this.clock.elapsedMs() : this.clock.refresh();
  }

  /** Runs what a timer brings about, as a turn in which nobody is served. */
  background(work: () => void): void {
    if (this.interceptor?.defers(work)) return;
    this.refreshClock();
    this.inBackground = true;
    work();
    this.effects.settleOutside();
    this.inBackground = false;
    if (this.toFlush.size > 0) this.flushPushes();
    if (this.toResume.length > 0) this.resumeWaiting();
  }

  /**
   * Has `work` write replies for a client that is not being served: a turn of its own between two requests, or
   * two turns, of others.
   */
  beside(client: Client, work: () => void): void {
    const outer = this.serving;
    // Replies that nobody wants are taken back later, from where they stand: they cannot go out before.
    if (outer === client || (outer !== null && outer.replyMode !== ReplyMode.on)) return work();
    if (outer?.transport && !outer.closed) this.handOver(outer, outer.transport);
    this.flushPushesOf(client);
    const { resp } = this.reply;
    this.serving = client;
    work();
    this.serving = outer;
    if (client.closed) this.reply.discard();
    else if (client.transport) this.sendReplies(client, client.transport);
    this.reply.resp = resp;
    this.memory.noteClient(client);
  }

  /** What was written for a client while it was not served goes out before its replies. */
  private flushPushesOf(client: Client): void {
    if (this.outbox.hasPushes(client)) this.outbox.flush();
    if (this.toFlush.size > 0 && this.toFlush.has(client)) this.flushPushes();
  }

  /** Has `work` run in the background, `delayMs` from now. */
  later(delayMs: number, work: () => void): Timer {
    return this.clock.after(delayMs, () => this.background(work));
  }

  private sendReplies(client: Client, transport: Transport): void {
    const sent = this.handOver(client, transport);
    if (!client.closing || !sent) return;
    this.outbox.flush();
    transport.end();
  }

  /** Hands the replies written so far over to be sent. @returns Whether there were any. */
  private handOver(client: Client, transport: Transport): boolean {
    const bytes = this.reply.pendingBytes;
    if (bytes > 0) {
      this.noteOutput(client, bytes);
      if (!transport.isSocket || !this.outbox.take(client, this.reply)) {
        this.writeReplies(client, transport);
      }
    }
    return bytes > 0;
  }

  private noteOutput(client: Client, bytes: number): void {
    client.netOutputBytes += bytes;
    this.stats.netOutputBytes += bytes;
    if (bytes > client.replyPeakBytes) {
      client.replyPeakBytes = Math.min(bytes, client.replyBufferBytes);
    }
  }

  /** A reply has become long while its command runs: the client may not have so much waiting. */
  private limitReply(): void {
    const { serving } = this;
    if (serving === null) return;
    checkOutputLimits(this, serving);
    this.reply.isAbandoned = serving.closed;
  }

  /** Writes at once what does not stand in one piece. */
  private writeReplies(client: Client, transport: Transport): void {
    if (transport.isSocket) this.outbox.flush();
    if (!this.appendOnly.flush()) return;
    this.stats.writesProcessed++;
    this.reply.flush(transport);
    if (transport.unsentBytes > 0) checkOutputLimits(this, client);
  }

  /** Where to write a reply or push for any client, at any time. */
  outputOf(client: Client): ReplyWriter {
    if (client === this.serving) return this.reply;
    if (client.transport?.isSocket) this.outbox.notePushes(client);
    else this.toFlush.add(client);
    return client.pushes;
  }

  /** Bytes written for the client that is being served, and copied: those sent from where they stand do not count. */
  writtenBytesFor(client: Client): number {
    return client === this.serving ? this.reply.pendingBytes - this.reply.heldBytes : 0;
  }

  /** Sends what was written by `outputOf` to clients inside the process. */
  private flushPushes(): void {
    if (!this.appendOnly.flush()) return;
    for (const client of this.toFlush) {
      const { transport } = client;
      if (client.closed || transport === null) continue;
      const bytes = client.pushes.pendingBytes;
      client.netOutputBytes += bytes;
      this.stats.netOutputBytes += bytes;
      client.pushes.flush(transport);
      if (transport.unsentBytes > 0) checkOutputLimits(this, client);
    }
    this.toFlush.clear();
  }

  /** Sends everything now: the event loop may not come to its end. */
  flush(): void {
    this.outbox.flush();
    this.flushPushes();
  }

  replyError(client: Client, error: Refusal): void {
    this.outputOf(client).error(error);
    this.countError(error);
  }

  countError(error: Refusal): void {
    this.stats.countError(error.code, error.isMade);
  }

  /** The connection is to close when the replies of this turn are sent: not when it wants none. */
  closeAfterReply(client: Client): void {
    client.closing = true;
    if (client === this.serving || client.transport === null) return;
    this.flush();
    client.transport.end();
  }

  /** Closes a connection now, whatever is still to be sent. */
  closeNow(client: Client): void {
    if (client.closed) return;
    this.forget(client);
    client.transport?.destroy();
  }

  /** The connection is gone: drops all that was kept for it. */
  forget(client: Client): void {
    if (client.closed) return;
    client.closed = true;
    client.discard();
    this.memory.forgetClient(client);
    this.clients.delete(client.id);
    this.toFlush.delete(client);
    this.outbox.forget(client);
    this.pauses.forget(client);
    this.blockedClients.forget(client);
    this.debugging.forget(client);
    this.watchedKeys.unwatchAll(client);
    this.monitors.remove(client);
    this.pubsub.forget(client);
    this.tracking.disable(client);
    this.interceptor?.left(client);
  }

  /** A client as the log shows it. */
  describe(client: Client): string {
    return describeClient(this, client, this.config.values.hideUserDataFromLog);
  }

  /** Who a client is, as the log says it: the lasting part of `describe`. */
  identify(client: Client): string {
    return identifyClient(client, this.config.values.hideUserDataFromLog);
  }

  /** Whether anybody reads what is logged at level verbose: such lines are long to make. */
  get logsVerbose(): boolean {
    const { loglevel } = this.config.values;
    return loglevel === 'verbose' || loglevel === 'debug';
  }

  private bulkLimitChanged(): undefined {
    const maxBulkBytes = this.config.values.protoMaxBulkLen;
    for (const client of this.clients.values()) client.limits.maxBulkBytes = maxBulkBytes;
  }

  /** Values of so many bytes are not copied into replies; with 0, all are. */
  private copyLimitChanged(): undefined {
    this.reply.heldFromBytes = this.config.values.minStringSizeAvoidCopyReply || Infinity;
  }

  /** The books of one command, after it ran for `usec` microseconds and wrote `replyBytes`. */
  afterCommand(call: ServerCall, entry: CommandEntry, usec: number, replyBytes: number): void {
    const { values } = this.config;
    if (values.latencyTracking) entry.recordLatency(usec);
    const threshold = values.latencyMonitorThreshold;
    if (threshold > 0 && usec >= threshold * 1000) {
      this.latency.note(entry.isFast ? 'fast-command' : 'command', usec / 1000);
    }
    if (!entry.isLogged) return;
    const requestBytes = this.loggedRequestBytes(call);
    if (this.commandLog.wants(usec, requestBytes, replyBytes)) {
      this.logCommand(call, entry, usec, replyBytes);
    }
  }

  /** The size of a request that may be large enough for the command log; 0 when it is not. */
  private loggedRequestBytes({ isFromScript, asSent }: ServerCall): number {
    // What scripts request came over no connection.
    if (isFromScript) return 0;
    const threshold = this.config.values.commandlogRequestLargerThan;
    return threshold < 0 || asSent.mostWireBytes < threshold ? 0 : asSent.wireBytes;
  }

  private logCommand(
    call: ServerCall,
    entry: CommandEntry,
    usec: number,
    replyBytes: number,
  ): void {
    const { asSent, client } = call;
    const logged: LoggedCall = {
      request: asSent,
      redacted: secretArguments(entry, asSent),
      address: client.origin.transport?.remoteAddress ?? '',
      clientName: untilZero(client.origin.name),
      atMs: this.clock.now(),
    };
    this.commandLog.add(logged, usec, this.loggedRequestBytes(call), replyBytes);
  }

  /** Sets back what CONFIG RESETSTAT sets back. */
  resetStats(): void {
    this.stats.reset();
    this.memory.resetStats();
    this.keyspace.activeExpiry.resetStats();
    this.rates.reset();
    this.replyBuffers.resetStats();
    this.scripts.cache.evicted = 0;
    for (const entry of this.commands.all) entry.resetStats();
    const { keyspace } = this;
    keyspace.stats.hits = 0;
    keyspace.stats.misses = 0;
    keyspace.stats.expired = 0;
    keyspace.stats.expiredFields = 0;
  }

  async close(): Promise<void> {
    this.scripts.stop();
    await this.debugging.stop();
    this.appendOnly.stop();
    this.saves.stop();
    this.pauses.stop();
    this.blockedClients.stop();
    this.cron.stop();
    this.memory.stop();
    this.keyspace.stop();
    await this.listener.close();
    for (const client of [...this.clients.values()]) this.closeNow(client);
  }
}

/** The hash of keys: by chance, or the same at each start when `seed`, the `hash-seed`, is given. */
function makeHash(seed: string, random: Random): HashFunction {
  if (seed === '') return new HashFunction(random.uint32(), random.uint32());
  const bytes = Buffer.from(seed, 'latin1');
  const half = (key: number) => new HashFunction(key, key).hash(bytes, 0, bytes.length);
  return new HashFunction(half(0), half(1));
}
