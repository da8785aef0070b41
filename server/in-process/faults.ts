/**
 * Faults on demand: what goes wrong between a client and its server, so that a test sees what comes of it.
 *
 * Each method begins a fault and answers a handle; `using fault = server.faults.delay(...)` ends it with the
 * block. Of several that fit a request the first made is taken; a delayed request then meets the others. Faults
 * meet what clients send, on sockets and inside the process, but not `server.call`, nor the commands within a
 * transaction or script: those are EXEC's and EVAL's.
 */
import type { Timer } from '../../datatypes/clock.js';
import { keySlot } from '../../datatypes/slots.js';
import {
  LOADING,
  OUT_OF_MEMORY,
  READ_ONLY_REPLICA,
  type Refusal,
  refusal,
} from '../../protocol/refusals.js';
import type { Client } from '../client.js';
import type { CommandEntry } from '../command-table.js';
import type { Server } from '../server.js';
import { type CommandMatch, matches, type Sent } from './match.js';

/** Which requests a fault meets, and how many of them. */
export interface FaultMatch extends CommandMatch {
  /** After so many the fault is over: 1 is the next one only. Default: all. */
  readonly times?: number;
}

/** What becomes of a request. */
export type Fate =
  | { readonly kind: 'refuse'; readonly error: Refusal }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' };

/** Chooses what becomes of a request that fits; null: nothing, it is not this fault's. */
type FateOf = (sent: Sent, entry: CommandEntry | undefined) => Fate | null;

/** A fault that is there until it is removed, or has met as many requests as it should. */
export class Fault {
  /** How many requests it has met. */
  hits = 0;
  private readonly end: () => void;
  private ended = false;

  constructor(end: () => void) {
    this.end = end;
  }

  /** Whether it still meets requests. */
  get isActive(): boolean {
    return !this.ended;
  }

  /** Ends the fault; what it held goes on. */
  remove(): void {
    if (this.ended) return;
    this.ended = true;
    this.end();
  }

  /** As `remove`: for `using`. */
  [Symbol.dispose](): void {
    this.remove();
  }
}

interface Rule {
  readonly match: FaultMatch;
  readonly fateOf: FateOf;
  readonly fault: Fault;
}

export class Faults {
  private readonly server: Server;
  private readonly rules = new Set<Rule>();
  /** Those that meet the server as a whole. */
  private readonly others = new Set<Fault>();
  /** Clients whose request waits, each with what rings when it may go on. */
  private readonly delayed = new Map<Client, Timer>();
  /** Clients whose next request has waited. */
  private readonly released = new Set<Client>();
  private freezes = 0;
  /** Clients with a request that waits for the thaw, in order. */
  private readonly frozen = new Set<Client>();
  private deferred: (() => void)[] = [];
  private closures = 0;
  private readonly closedPorts: { readonly host: string; readonly port: number }[] = [];

  constructor(server: Server) {
    this.server = server;
  }

  /**
   * Requests are answered with an error, and not run.
   *
   * @param error - Its whole text, the code first: `WRONGTYPE Operation against ...`.
   */
  fail(match: FaultMatch = {}, error = 'ERR fault injected by a test'): Fault {
    const [code = 'ERR'] = error.split(' ', 1);
    const made = refusal(code, error.slice(code.length + 1));
    return this.rule(match, () => ({ kind: 'refuse', error: made }));
  }

  /** Requests wait so long, by the server's clock, and then run; what their client sends after them waits too. */
  delay(match: FaultMatch, ms: number): Fault {
    return this.rule(match, () => ({ kind: 'delay', ms }));
  }

  /** The connection is lost when a request comes: before it is run, or after, so that only its reply is lost. */
  drop(match: FaultMatch & { readonly when?: 'before' | 'after' } = {}): Fault {
    const { when = 'before' } = match;
    return this.rule(match, () => ({ kind: 'drop', when }));
  }

  /** Commands are refused as while the server loads its data: all but those that may run then. */
  loading(match: FaultMatch = {}): Fault {
    return this.rule(match, (_, entry) =>
      entry?.command.spec.flags.includes('loading') ? null : { kind: 'refuse', error: LOADING },
    );
  }

  /** Writes are refused as by a replica. */
  readonly(match: FaultMatch = {}): Fault {
    return this.rule(match, (_, entry) =>
      entry?.isWrite ? { kind: 'refuse', error: READ_ONLY_REPLICA } : null,
    );
  }

  /** Commands that may take memory are refused as beyond `maxmemory`. */
  outOfMemory(match: FaultMatch = {}): Fault {
    return this.rule(match, (_, entry) =>
      entry?.isDenyOom ? { kind: 'refuse', error: OUT_OF_MEMORY } : null,
    );
  }

  /**
   * Commands on keys are told that their slot is elsewhere.
   *
   * @param address - `host:port` of the node that has it.
   */
  moved(match: FaultMatch, address: string): Fault {
    return this.rule(match, ({ keys: [key] }) => {
      if (key === undefined) return null;
      return { kind: 'refuse', error: refusal('MOVED', `${keySlot(key)} ${address}`) };
    });
  }

  /** The server stands still: it reads no request, and no timer rings. All goes on when this is removed. */
  freeze(): Fault {
    this.freezes++;
    return this.other(() => {
      this.freezes--;
      if (this.freezes === 0) this.thaw();
    });
  }

  /** New connections are refused, on the port and by `server.connect()`; those there are stay. */
  refuseConnections(): Fault {
    if (this.closures++ === 0) this.closePorts();
    return this.other(() => {
      if (--this.closures === 0) this.openPorts();
    });
  }

  /** Ends all faults. */
  clear(): void {
    for (const { fault } of [...this.rules]) fault.remove();
    for (const fault of [...this.others]) fault.remove();
    for (const client of [...this.delayed.keys()]) this.release(client);
  }

  /** Whether new connections are refused. */
  get refusesConnections(): boolean {
    return this.closures > 0;
  }

  /** Whether any request may meet a fault. */
  get isAny(): boolean {
    return this.rules.size > 0 || this.freezes > 0 || this.released.size > 0;
  }

  /** Whether the server stands still; then the client's request waits. */
  holds(client: Client): boolean {
    if (this.freezes === 0) return false;
    client.paused = true;
    this.frozen.add(client);
    return true;
  }

  /** Whether the client's request waited already, and was seen then. */
  hasWaited(client: Client): boolean {
    return this.released.delete(client);
  }

  /** What becomes of a request; null for what always does. */
  fateOf(sent: Sent, entry: CommandEntry | undefined, hasWaited: boolean): Fate | null {
    for (const { match, fateOf, fault } of this.rules) {
      const fate = matches(match, sent) ? fateOf(sent, entry) : null;
      if (fate === null || (hasWaited && fate.kind === 'delay')) continue;
      fault.hits++;
      if (fault.hits >= (match.times ?? Number.POSITIVE_INFINITY)) fault.remove();
      return fate;
    }
    return null;
  }

  /** Has the client's request wait. */
  delayRequest(client: Client, ms: number): void {
    client.paused = true;
    const timer = this.server.clock.after(ms, () => this.release(client));
    this.delayed.set(client, timer);
  }

  /** Whether what a timer brings about waits for the thaw. */
  defers(work: () => void): boolean {
    if (this.freezes === 0) return false;
    this.deferred.push(work);
    return true;
  }

  /** The client has gone. */
  forget(client: Client): void {
    this.delayed.get(client)?.cancel();
    this.delayed.delete(client);
    this.released.delete(client);
    this.frozen.delete(client);
  }

  /** The server closes: no timer of this one's is left. */
  stop(): void {
    for (const timer of this.delayed.values()) timer.cancel();
    this.deferred = [];
  }

  private rule(match: FaultMatch, fateOf: FateOf): Fault {
    const rule: Rule = { match, fateOf, fault: new Fault(() => this.rules.delete(rule)) };
    this.rules.add(rule);
    return rule.fault;
  }

  private other(end: () => void): Fault {
    const fault = new Fault(() => {
      this.others.delete(fault);
      end();
    });
    this.others.add(fault);
    return fault;
  }

  private release(client: Client): void {
    this.delayed.get(client)?.cancel();
    this.delayed.delete(client);
    this.released.add(client);
    client.paused = false;
    this.server.resumeSoon([client]);
  }

  private thaw(): void {
    const { server } = this;
    for (const work of this.deferred.splice(0)) server.background(work);
    const clients = [...this.frozen];
    this.frozen.clear();
    for (const client of clients) client.paused = false;
    server.resumeSoon(clients);
  }

  private closePorts(): void {
    const { listener } = this.server;
    for (const one of [...listener.tcpListening]) {
      const address = one.listening.address();
      const port = typeof address === 'object' && address ? address.port : one.port;
      this.closedPorts.push({ host: one.host, port });
      listener.unbind(one);
    }
  }

  private openPorts(): void {
    for (const { host, port } of this.closedPorts.splice(0)) {
      this.server.listener.bind(port, host);
    }
  }
}
