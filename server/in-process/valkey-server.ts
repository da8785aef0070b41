/** A server inside this process, as its user holds it. */
import type { Clock } from '../../datatypes/clock.js';
import type { ReplyValue } from '../../protocol/decoder.js';
import { LocalConnection } from '../local-connection.js';
import type { Server } from '../server.js';
import { CommandHistory } from './command-history.js';
import { type CommandDefinition, type CommandFunction, defineCommand } from './define-command.js';
import { dump } from './dump.js';
import { EngineStream } from './engine-stream.js';
import type { Faults } from './faults.js';
import { load } from './load.js';
import { OwnClient } from './own-client.js';
import type { PlainData } from './plain-values.js';
import { type Beginning, type ResetOptions, reset } from './reset.js';
import { Snapshot } from './snapshot.js';
import { type ServerEvents, Stage } from './stage.js';

/** Which database is meant, and which of its keys. */
export interface DataOptions {
  /** Default: 0. */
  readonly db?: number;
}

/** A running server. */
export class ValkeyServer<C extends Clock = Clock> {
  readonly clock: C;
  /** The TCP port it listens on; 0 when it does not listen. */
  readonly port: number;
  /** The engine itself: for tools and tests that look inside. */
  readonly engine: Server;
  private readonly beginning: Beginning;
  /** Made at the first call: until then it would be a client that nobody connected. */
  private local: LocalConnection | null = null;
  /** Made at first need, as is the next. */
  private own: OwnClient | null = null;
  private stage: Stage | null = null;

  constructor(engine: Server, clock: C, port: number, beginning: Omit<Beginning, 'settings'>) {
    this.engine = engine;
    this.clock = clock;
    this.port = port;
    this.beginning = { ...beginning, settings: engine.config.settings() };
  }

  /**
   * Runs one command without a socket. While one waits (BLPOP), those that come after it wait too: `client`
   * makes another client.
   *
   * @returns The reply as a value: strings, numbers, null, arrays (and maps, sets, booleans after HELLO 3).
   * @throws {ReplyError} When the reply is an error.
   */
  call(...args: readonly (string | number | Uint8Array)[]): Promise<ReplyValue> {
    this.local ??= new LocalConnection(this.engine);
    return this.local.call(...args);
  }

  /** Makes another client inside the process, with requests, a database and a transaction of its own. */
  client(): LocalConnection {
    return new LocalConnection(this.engine);
  }

  /**
   * Opens a connection without a socket: a Duplex that takes requests and gives replies, as bytes. Client
   * libraries that can be handed a stream take it for a socket.
   */
  connect(): EngineStream {
    const refused = this.stage?.faults.refusesConnections ? connectionRefused() : null;
    return new EngineStream(this.engine, refused);
  }

  /**
   * Where clients connect to: `redis://127.0.0.1:port`, with the password that `requirepass` sets.
   *
   * @throws {Error} When the server does not listen.
   */
  get url(): string {
    if (this.port === 0) {
      throw new Error('Cannot give a URL: the server was made with listen: false');
    }
    const { requirepass } = this.engine.config.values;
    const password = requirepass === '' ? '' : `:${encodeURIComponent(requirepass)}@`;
    return `redis://${password}127.0.0.1:${this.port}`;
  }

  /**
   * Makes the server as it began, for the next test: data, scripts, functions, settings, statistics, faults, the
   * log of commands, and a manual clock's date. What `defineCommand` and `on` added stays.
   */
  reset(options: ResetOptions = {}): void {
    this.stage?.faults.clear();
    reset(this.engine, this.hand, this.beginning, options);
    this.stage?.history?.clear();
  }

  /** Remembers all data and functions, to come back to. */
  snapshot(): Snapshot {
    return Snapshot.take(this.hand, this.engine.keyspace.databases.length);
  }

  /** Puts what a snapshot remembers in place of all data and functions. It may be another server's. */
  restore(snapshot: Snapshot): void {
    snapshot.restoreTo(this.hand);
  }

  /**
   * Sets keys to plain values, in place of what they hold; other keys stay.
   *
   * @throws {TypeError} When a value is none of those that keys hold.
   */
  load(data: PlainData, { db = 0 }: DataOptions = {}): void {
    this.inDatabase(db, (own) => load(own, data));
  }

  /**
   * The data as plain values: what `load` takes.
   *
   * @param match - A glob, as KEYS takes it: only the keys that fit.
   */
  dump({ db = 0, match = '*' }: DataOptions & { readonly match?: string } = {}): PlainData {
    return this.inDatabase(db, (own) => dump(own, match));
  }

  /**
   * What clients sent; not what `server.call` did. It is kept from the first look on, or from the start with the
   * option `recordCommands`.
   */
  get commands(): CommandHistory {
    const { interception } = this;
    interception.history ??= new CommandHistory();
    return interception.history;
  }

  /** What is to go wrong. */
  get faults(): Faults {
    return this.interception.faults;
  }

  /** Has `listener` told of each `command` that is sent, each `client` that comes, and each `disconnect`. */
  on<E extends keyof ServerEvents>(event: E, listener: (fact: ServerEvents[E][0]) => void): this {
    this.interception.events.on<keyof ServerEvents>(event, listener as Listener);
    return this;
  }

  /** Tells `listener` nothing any more. */
  off<E extends keyof ServerEvents>(event: E, listener: (fact: ServerEvents[E][0]) => void): this {
    this.interception.events.off<keyof ServerEvents>(event, listener as Listener);
    return this;
  }

  /**
   * Adds a command: COMMAND, ACL and GETKEYS know it as they know the others.
   *
   * @throws {RangeError} When there is a command of this name.
   */
  defineCommand(definition: CommandDefinition, answer: CommandFunction): void {
    defineCommand(this.engine, definition, answer);
  }

  private get hand(): OwnClient {
    this.own ??= new OwnClient(this.engine);
    return this.own;
  }

  /** Stands between clients and commands from the first need on. */
  private get interception(): Stage {
    if (this.stage === null) {
      this.stage = new Stage(this.engine, ({ id, transport }) => {
        return id === 0 || (transport !== null && transport === this.local);
      });
      this.engine.interceptor = this.stage;
    }
    return this.stage;
  }

  private inDatabase<T>(db: number, work: (own: OwnClient) => T): T {
    const { hand } = this;
    hand.select(db);
    try {
      return work(hand);
    } finally {
      hand.select(0);
    }
  }

  /** Stops listening and closes all connections. */
  async close(): Promise<void> {
    this.stage?.faults.stop();
    await this.engine.close();
  }

  /** As `close`: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

type Listener = (fact: ServerEvents[keyof ServerEvents][0]) => void;

function connectionRefused(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
  });
}
