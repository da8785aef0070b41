/**
 * ioredis over a server in this process: a drop-in for `ioredis` in tests.
 *
 * ```ts
 * vi.mock('ioredis', () => import('valkey-ts/ioredis'));
 * ```
 */
import { AbstractConnector, Redis as IORedis, type RedisOptions } from 'ioredis';
import type { NamedCommand } from '../in-process/engine-stream.js';
import type { ValkeyServer } from '../index.js';
import { runAtOnce, sendsPlainly } from './ioredis-shortcut.js';
import { serverAt } from './server-in-use.js';

export * from 'ioredis';
export { setServer, unsetServer } from './server-in-use.js';

type Stream = Awaited<ReturnType<AbstractConnector['connect']>>;
type Choice = (
  options: Pick<RedisOptions, 'host' | 'port'>,
) => Promise<ValkeyServer> | ValkeyServer;

/** The options of `ioredis`, and the server to talk to. */
export interface InProcessOptions extends RedisOptions {
  /** Default: the one of the test helper, or else one of this process for each `host` and `port`. */
  readonly server?: ValkeyServer;
}

/**
 * The class of `ioredis`, connected without a socket. All else is its own: pipelines, transactions, scripts,
 * subscriptions, reconnecting. A command that nothing needs to be kept or awaited for is run within the call.
 */
export class Redis extends IORedis {
  private readonly sendsPlainly: boolean;
  /** Commands that were run at once since the event loop last had its turn. */
  private runs = 0;

  constructor(port: number, host: string, options: InProcessOptions);
  constructor(port: number, options: InProcessOptions);
  constructor(port: number, host: string);
  constructor(url: string, options: InProcessOptions);
  constructor(options: InProcessOptions);
  constructor(port: number);
  constructor(url: string);
  constructor();
  constructor(...args: readonly (number | string | InProcessOptions)[]) {
    const given = args.find((arg) => typeof arg === 'object')?.server;
    const choice: Choice = given ? () => given : ({ host, port }) => serverAt(host, port);
    const rest = args.map((arg) => (typeof arg === 'object' ? withoutServer(arg) : arg));
    // The first that names an option has its way: this one's must be before all others.
    super(...([{ Connector: connectorTo(choice) }, ...rest] as unknown as [number]));
    this.sendsPlainly = sendsPlainly(this.options);
  }

  static {
    // As ioredis does it: its commands are methods that are made from their names.
    for (const [index, name] of IORedis.prototype.getBuiltinCommands().entries()) {
      const command = { name, index };
      const usual = IORedis.prototype[name as 'get'] as (...args: unknown[]) => unknown;
      Object.defineProperty(Redis.prototype, name, {
        value: function (this: Redis, ...args: unknown[]): unknown {
          return this.runAtOnce(command, args) ?? usual.apply(this, args);
        },
        configurable: true,
        writable: true,
      });
    }
  }

  /** @returns What to wait for; undefined, and nothing is done, when the command has to be sent. */
  private runAtOnce(command: NamedCommand, args: readonly unknown[]): Promise<unknown> | undefined {
    // Who awaits one command after the other must not keep all else from happening.
    if (!this.sendsPlainly || ++this.runs > MOST_RUNS) {
      this.runs = 0;
      return undefined;
    }
    return runAtOnce(this, command, args);
  }
}

/** So many commands are run at once before the event loop has its turn. */
const MOST_RUNS = 4096;

export default Redis;

function withoutServer({ server, ...options }: InProcessOptions): RedisOptions {
  return options;
}

function connectorTo(choice: Choice): NonNullable<RedisOptions['Connector']> {
  return class EngineConnector extends AbstractConnector {
    private readonly options: RedisOptions;

    constructor(options: unknown) {
      super((options as RedisOptions).disconnectTimeout ?? DISCONNECT_TIMEOUT_MS);
      this.options = options as RedisOptions;
    }

    async connect(): Promise<Stream> {
      this.connecting = true;
      const server = await choice(this.options);
      if (!this.connecting) throw new Error('Connection is closed.');
      const stream = server.connect() as unknown as Stream;
      stream.once('error', (error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }
  };
}

const DISCONNECT_TIMEOUT_MS = 2000;
