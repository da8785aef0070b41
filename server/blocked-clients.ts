/**
 * Clients that wait: for keys (BLPOP, XREAD BLOCK ...), or until what they wrote is acknowledged (WAIT).
 *
 * Each key has its clients in a queue, in order of arrival. When something happens to the key, it is noted, and
 * at the end of the command or transaction that did it the keys are served in the order in which they were
 * noted: the first client's request is run again, as if it came now, then the next one's, for as long as the
 * key has what they wait for. A request that finds nothing again waits again, behind the others. What a served
 * client does may serve others: that goes on until nothing is left to do.
 *
 * Who waits costs nothing but memory: there is one timer for all, and a key that nobody waits for is passed by
 * with one look into a table, or with none while nobody waits at all. A client that leaves a queue before
 * its turn is only marked as gone, so that waking one client costs the same however many wait.
 */
import type { KeyWait } from '../datatypes/blocking.js';
import type { Database, KeyWaiters } from '../datatypes/database.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import type { Type } from '../datatypes/store/entry.js';
import { UNBLOCKED } from '../protocol/refusals.js';
import type { ReplyWriter } from '../protocol/reply.js';
import type { Request } from '../protocol/request.js';
import type { Client } from './client.js';
import type { CommandEntry } from './command-table.js';
import { Deadlines, type Due } from './deadlines.js';
import type { DatabaseListener, UnitListener } from './effects.js';
import { KeyTable } from './key-table.js';
import type { Server } from './server.js';
import type { ServerCall } from './server-call.js';
import { WaitingQueue } from './waiting-queue.js';

/** No type at all: of a client that does not wait for keys, of a key that is not there. */
const NO_TYPE = -1;

/** Writes a reply. */
type Answer = (reply: ReplyWriter) => void;

/** One client's waiting. */
export interface Waiting extends Due {
  readonly client: Client;
  readonly entry: CommandEntry;
  /** The request, to be run again: a copy. */
  readonly request: Request;
  /** As the client sent it: the command log shows that. */
  readonly asSent: Request;
  /** What a key must hold to be of use. */
  readonly type: Type | typeof NO_TYPE;
  /** Whether the request is to run again even for a key that holds nothing of use. */
  readonly evenWithout: boolean;
  /** Where it stands in line: a queue for each of its keys. */
  readonly queues: WaitingQueue[];
  /** Whether it is still waiting: queues drop those that are not when they come to them. */
  isLive: boolean;
  /** The reply when the time is up. */
  readonly timedOut: Answer;
  /** For acknowledgements: whether there are enough by now. */
  readonly isAcknowledged: (() => boolean) | null;
}

/** What a client waits for that does not wait for keys. */
export interface AcknowledgementWait {
  readonly timeoutMs: number;
  readonly isAcknowledged: () => boolean;
  /** The reply, whether there are enough acknowledgements or the time is up. */
  readonly reply: Answer;
}

export class BlockedClients implements KeyWaiters, UnitListener, DatabaseListener {
  /** Clients that wait. */
  count = 0;

  private readonly server: Server;
  private readonly table = new KeyTable<WaitingQueue>();
  private readonly deadlines: Deadlines<Waiting>;
  /** Keys that something happened to, in that order. */
  private ready: WaitingQueue[] = [];
  private isServing = false;
  /** Waitings that are over, and the replies they are to get. */
  private readonly answers: [Waiting, Answer][] = [];
  /** Of all waitings, those with `evenWithout`. */
  private evenWithout = 0;
  private readonly unacknowledged = new Set<Waiting>();

  constructor(server: Server) {
    this.server = server;
    this.deadlines = new Deadlines(server, (waiting) => this.timedOut(waiting));
    server.effects.atUnitEnd(this);
    server.effects.listenToDatabases(this);
  }

  /** Clients that wait with a limit of time. */
  get timedCount(): number {
    return this.deadlines.size;
  }

  /** Keys that somebody waits for. */
  get keyCount(): number {
    return this.table.size;
  }

  /** Of these, the ones somebody is to hear of even when they go. */
  get keyCountEvenWithout(): number {
    let count = 0;
    for (const queue of this.table) if (queue.evenWithout > 0) count++;
    return count;
  }

  /** The client of `call` waits for keys. One that ran again keeps the end of its time. */
  block(call: ServerCall, wait: KeyWait): void {
    const { waited } = call;
    const asSent = waited?.asSent ?? this.server.requestCopies.copy(call.request);
    const waiting = this.begin(call, {
      dueAtMs: waited?.dueAtMs ?? this.endOf(wait.timeoutMs),
      request: waited?.request ?? withReplaced(asSent, wait),
      asSent,
      type: wait.type,
      evenWithout: wait.evenWithout === true,
      timedOut: replyNilArray,
      isAcknowledged: null,
    });
    for (let i = wait.firstKeyAt; i < wait.endKeysAt; i++) this.lineUp(waiting, call, i);
    if (waiting.evenWithout) this.evenWithout++;
    this.server.keyspace.waiters = this;
  }

  /** The client of `call` waits for acknowledgements. */
  blockUntilAcknowledged(call: ServerCall, wait: AcknowledgementWait): void {
    const request = this.server.requestCopies.copy(call.request);
    const waiting = this.begin(call, {
      dueAtMs: this.endOf(wait.timeoutMs),
      request,
      asSent: request,
      type: NO_TYPE,
      evenWithout: false,
      timedOut: wait.reply,
      isAcknowledged: wait.isAcknowledged,
    });
    this.unacknowledged.add(waiting);
  }

  /** Somebody acknowledged something: those who waited for that go on. */
  acknowledged(): void {
    for (const waiting of this.unacknowledged) {
      if (waiting.isAcknowledged?.()) this.finish(waiting, waiting.timedOut);
    }
  }

  /** Ends a client's waiting, as CLIENT UNBLOCK asks: with an error, or as if its time were up. */
  unblock(client: Client, withError: boolean): boolean {
    const { waiting } = client;
    if (waiting === null) return false;
    if (!withError) {
      this.finish(waiting, waiting.timedOut);
      return true;
    }
    const { executor } = this.server;
    // The real server books the failure on the command that asks.
    if (executor.running !== null) executor.running.failedCalls++;
    waiting.entry.rejectedCalls++;
    this.server.countError(UNBLOCKED);
    this.finish(waiting, (reply) => reply.raw(UNBLOCKED.bytes));
    return true;
  }

  /** The client is gone. */
  forget(client: Client): void {
    if (client.waiting !== null) this.release(client.waiting);
    client.postponed = null;
  }

  stop(): void {
    this.deadlines.stop();
  }

  placed(database: Database, previous: Ref, next: Ref): void {
    const { entries } = this.server.keyspace;
    // A value in the place of another is, for the real server, no key that those who wait could have missed.
    const isNew = previous === NONE;
    if (isNew || (this.evenWithout > 0 && entries.type(previous) !== entries.type(next))) {
      this.happenedTo(database, next, !isNew);
    }
  }

  removed(database: Database, ref: Ref): void {
    if (this.evenWithout > 0) this.happenedTo(database, ref, true);
  }

  renewed(database: Database, key: Uint8Array): void {
    const { keyspace } = this.server;
    this.note(this.table.find(database, keyspace.keyHash(key, 0, key.length), key, 0, key.length));
  }

  flushed(databases: readonly Database[]): void {
    if (this.evenWithout === 0) return;
    for (const database of databases) {
      for (const queue of this.table.of(database)) {
        if (queue.evenWithout > 0 && this.typeOf(queue) !== NO_TYPE) this.note(queue);
      }
    }
  }

  swapped(one: Database, other: Database): void {
    for (const queue of [...this.table.of(one), ...this.table.of(other)]) {
      if (queue.evenWithout > 0 || this.typeOf(queue) !== NO_TYPE) this.note(queue);
    }
  }

  unitEnded(): void {
    if (this.isServing) return;
    this.isServing = true;
    for (const [waiting, answer] of this.answers.splice(0)) this.answer(waiting, answer);
    if (this.ready.length > 0) this.serveAll();
    this.isServing = false;
  }

  private serveAll(): void {
    // The transaction may have taken long: keys whose time came meanwhile serve nobody.
    this.server.clock.refresh();
    while (this.ready.length > 0) {
      const { ready } = this;
      this.ready = [];
      for (const queue of ready) {
        queue.isReady = false;
        this.serve(queue);
      }
    }
  }

  private begin(
    { client, entry }: ServerCall,
    parts: Omit<Waiting, 'client' | 'entry' | 'queues' | 'isLive' | 'heapAt'>,
  ): Waiting {
    const { dueAtMs, request, asSent, type, evenWithout, timedOut, isAcknowledged } = parts;
    const waiting: Waiting = {
      client,
      entry: entry as CommandEntry,
      request,
      asSent,
      type,
      evenWithout,
      queues: [],
      isLive: true,
      timedOut,
      isAcknowledged,
      dueAtMs,
      heapAt: -1,
    };
    client.waiting = waiting;
    client.blocked = true;
    this.count++;
    if (dueAtMs !== Number.POSITIVE_INFINITY) this.deadlines.add(waiting);
    return waiting;
  }

  private endOf(timeoutMs: number): number {
    return timeoutMs === 0 ? Number.POSITIVE_INFINITY : this.server.clock.now() + timeoutMs;
  }

  /** Puts a waiting at the end of the queue of the key in argument `i`, if it does not stand there already. */
  private lineUp(waiting: Waiting, call: ServerCall, i: number): void {
    const { buffer } = call;
    const { db } = call.client;
    const [start, end] = [call.start(i), call.end(i)];
    const hash = this.server.keyspace.hash.hash(buffer, start, end);
    let queue = this.table.find(db, hash, buffer, start, end);
    if (queue === undefined) {
      queue = new WaitingQueue(db, Uint8Array.prototype.slice.call(buffer, start, end), hash);
      this.table.add(queue);
    } else if (waiting.queues.includes(queue)) return;
    queue.add(waiting);
    waiting.queues.push(queue);
  }

  /** Ends a waiting: the client is free. */
  private release(waiting: Waiting): void {
    waiting.isLive = false;
    waiting.client.waiting = null;
    waiting.client.blocked = false;
    this.count--;
    this.deadlines.remove(waiting);
    this.unacknowledged.delete(waiting);
    if (waiting.evenWithout) this.evenWithout--;
    for (const queue of waiting.queues) {
      queue.leave(waiting);
      if (queue.live === 0) this.table.remove(queue);
    }
    if (this.table.size === 0) this.server.keyspace.waiters = null;
  }

  /** @param isGone - Whether only those want to hear of it who wait even without a key. */
  private happenedTo(database: Database, ref: Ref, isGone: boolean): void {
    const { arena, entries } = this.server.keyspace;
    const start = entries.keyStart(ref);
    const end = start + entries.keyLength(ref);
    const page = arena.bytes[ref >>> 16] as Uint8Array;
    const queue = this.table.find(database, database.hashOf(ref), page, start, end);
    if (!isGone || (queue !== undefined && queue.evenWithout > 0)) this.note(queue);
  }

  private note(queue: WaitingQueue | undefined): void {
    if (queue === undefined || queue.isReady) return;
    queue.isReady = true;
    this.ready.push(queue);
    this.server.effects.wakeAtEnd();
  }

  /** Runs the requests of those who wait for a key, the first first, as long as there is something for them. */
  private serve(queue: WaitingQueue): void {
    // Who finds nothing lines up again, behind those who stand here now.
    const { length } = queue;
    queue.isServed = true;
    for (let i = 0; i < length && queue.live > 0; i++) {
      const waiting = queue.at(i);
      if (!waiting?.isLive) continue;
      const type = this.typeOf(queue);
      if (type === NO_TYPE && queue.evenWithout === 0) break;
      if (waiting.type === type || waiting.evenWithout) this.runAgain(waiting);
    }
    queue.isServed = false;
    queue.dropGone();
  }

  private runAgain(waiting: Waiting): void {
    const { client } = waiting;
    this.release(waiting);
    this.server.beside(client, () => this.server.executor.runAgain(waiting));
    this.goOn(client);
  }

  private timedOut(waiting: Waiting): void {
    this.finish(waiting, waiting.timedOut);
  }

  /** Ends a waiting with a reply, which goes out at the end of the unit, and without running the request again. */
  private finish(waiting: Waiting, answer: Answer): void {
    this.release(waiting);
    if (this.server.effects.isIdle) return this.answer(waiting, answer);
    this.answers.push([waiting, answer]);
    this.server.effects.wakeAtEnd();
  }

  private answer(waiting: Waiting, answer: Answer): void {
    const { client } = waiting;
    if (client.closed) return;
    this.server.beside(client, () => this.server.executor.finish(waiting, answer));
    this.goOn(client);
  }

  /** Requests that came while the client waited are next, unless it has to wait again. */
  private goOn(client: Client): void {
    if (!client.blocked && !client.paused) this.server.resumeSoon([client]);
  }

  private typeOf({ database, key, hash }: WaitingQueue): number {
    const ref = database.keys.find(hash, key, 0, key.length);
    return ref === NONE || database.isGone(ref) ? NO_TYPE : this.server.keyspace.entries.type(ref);
  }
}

function withReplaced(request: Request, { replaced }: KeyWait): Request {
  return replaced && replaced.size > 0 ? request.copyWith(replaced) : request;
}

function replyNilArray(reply: ReplyWriter): void {
  reply.nilArray();
}
