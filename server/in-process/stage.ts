/** Stands between clients and commands once a test watches, or gets in the way: not there before. */
import { EventEmitter } from 'node:events';
import type { Request } from '../../protocol/request.js';
import type { Client } from '../client.js';
import type { CommandEntry } from '../command-table.js';
import type { Interceptor } from '../interceptor.js';
import type { Server } from '../server.js';
import type { CommandHistory, SentCommand } from './command-history.js';
import { Faults } from './faults.js';
import { RequestReader, type Sent, textOf } from './match.js';

/** A client as events tell of it. */
export interface ClientFacts {
  /** As CLIENT ID tells it. */
  readonly id: number;
  readonly name: string;
  /** Where it comes from: `ip:port`. */
  readonly address: string;
}

export interface ServerEvents {
  /** A client sent a command; it may not have run yet. */
  command: [SentCommand];
  /** A client has come. */
  client: [ClientFacts];
  /** A client has gone. */
  disconnect: [ClientFacts];
}

const { queueMicrotask } = globalThis;

export class Stage implements Interceptor {
  readonly events = new EventEmitter<ServerEvents>();
  readonly faults: Faults;
  /** Null until somebody asks for it. */
  history: CommandHistory | null = null;

  private readonly server: Server;
  private readonly reader: RequestReader;
  private readonly isOutside: (client: Client) => boolean;

  /** @param isOutside - Whether a client is the test's own hand: it is neither seen nor met by faults. */
  constructor(server: Server, isOutside: (client: Client) => boolean) {
    this.server = server;
    this.faults = new Faults(server);
    this.reader = new RequestReader(server);
    this.isOutside = isOutside;
  }

  connected(client: Client): void {
    this.tell('client', client);
  }

  left(client: Client): void {
    this.faults.forget(client);
    this.tell('disconnect', client);
  }

  defers(work: () => void): boolean {
    return this.faults.defers(work);
  }

  execute(client: Client, request: Request, entry: CommandEntry | undefined): void {
    const { faults, server } = this;
    const isWatched = this.history !== null || this.events.listenerCount('command') > 0;
    if ((!isWatched && !faults.isAny) || this.isOutside(client)) {
      return server.executor.execute(client, request, entry);
    }
    if (faults.holds(client)) return;
    const sent = this.reader.read(client, request, entry);
    const hasWaited = faults.hasWaited(client);
    if (isWatched && !hasWaited) this.note(client, request, sent);
    const fate = faults.fateOf(sent, entry, hasWaited);
    if (fate?.kind === 'delay') faults.delayRequest(client, fate.ms);
    else if (fate?.kind === 'drop' && fate.when === 'before') server.closeNow(client);
    else {
      const refused = fate?.kind === 'refuse' ? fate.error : null;
      server.executor.execute(client, request, entry, refused);
      if (fate?.kind === 'drop') server.closeNow(client);
    }
  }

  private note(client: Client, request: Request, sent: Sent): void {
    const command: SentCommand = {
      name: sent.name,
      args: Array.from({ length: request.argc }, (_, i) => textOf(request, i)),
      keys: sent.keys.map((key) => Buffer.from(key).toString()),
      clientId: client.id,
      clientName: client.name,
      db: client.db.id,
      atMs: this.server.clock.now(),
    };
    this.history?.add(command, sent);
    if (this.events.listenerCount('command') === 0) return;
    queueMicrotask(() => this.events.emit('command', command));
  }

  /** Listeners run outside of the engine's turn: they may send commands. */
  private tell(event: 'client' | 'disconnect', client: Client): void {
    if (this.events.listenerCount(event) === 0 || this.isOutside(client)) return;
    const { id, name, transport } = client;
    const facts: ClientFacts = { id, name, address: transport?.remoteAddress ?? '' };
    queueMicrotask(() => this.events.emit(event, facts));
  }
}
