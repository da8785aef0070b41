/**
 * The package's API: a whole Valkey server inside this process.
 *
 * ```ts
 * const server = await createServer({ listen: false, clock: 'manual' });
 * await server.call('SET', 'k', 'v', 'EX', '10');
 * await server.clock.advance(10_001);
 * await server.call('GET', 'k'); // null
 * await server.close();
 * ```
 */
import { randomBytes } from 'node:crypto';
import { type Clock, ManualClock, SystemClock } from '../datatypes/clock.js';
import type { ReplyValue } from '../protocol/decoder.js';
import { Config } from './config.js';
import { InvalidSetting } from './config-table/parameter.js';
import { type ParameterName, parameterNamed } from './config-table.js';
import { LocalConnection } from './local-connection.js';
import { type Log, Server } from './server.js';

export type { Clock } from '../datatypes/clock.js';
export { ManualClock } from '../datatypes/clock.js';
export { ReplyError, type ReplyValue } from '../protocol/decoder.js';
export type { LocalConnection } from './local-connection.js';

export interface ServerOptions {
  /** TCP port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Whether to listen at all. Default true. */
  readonly listen?: boolean;
  /** `manual`: time stands still until `server.clock.advance(ms)`. Default `system`. */
  readonly clock?: 'system' | 'manual';
  /** Seeds everything random: the same seed, the same run. Default: by chance. */
  readonly seed?: number;
  /**
   * Any parameters of `valkey.conf`, by name, each with its value as text.
   *
   * Nothing is saved by itself unless `save` says when; nothing is loaded unless `dir` says where from.
   */
  readonly config?: Readonly<Record<string, string>>;
}

/** A running server. */
export class ValkeyServer<C extends Clock = Clock> {
  readonly clock: C;
  /** The TCP port it listens on; 0 when it does not listen. */
  readonly port: number;
  /** The engine itself: for tools and tests that look inside. */
  readonly engine: Server;
  /** Made at the first call: until then it would be a client that nobody connected. */
  private local: LocalConnection | null = null;

  constructor(engine: Server, clock: C, port: number) {
    this.engine = engine;
    this.clock = clock;
    this.port = port;
  }

  /**
   * Runs one command without a socket. While one waits (BLPOP), those that come after it wait too: `connect`
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
  connect(): LocalConnection {
    return new LocalConnection(this.engine);
  }

  /** Stops listening and closes all connections. */
  async close(): Promise<void> {
    await this.engine.close();
  }
}

/**
 * Starts a server in this process. Any number may run side by side; they share nothing.
 *
 * @throws {RangeError} When a parameter is unknown, or its value is none of it.
 * @throws {Error} When the port cannot be listened on, or the data in `dir` cannot be loaded.
 */
export function createServer(
  options: ServerOptions & { clock: 'manual' },
): Promise<ValkeyServer<ManualClock>>;
export function createServer(options?: ServerOptions): Promise<ValkeyServer>;
export async function createServer(options: ServerOptions = {}): Promise<ValkeyServer> {
  const clock = options.clock === 'manual' ? new ManualClock() : new SystemClock();
  const seed = options.seed ?? randomBytes(6).readUIntBE(0, 6);
  const engine = new Server({ config: configOf(options.config ?? {}), clock, seed, log: SILENT });
  try {
    return new ValkeyServer(engine, clock, await begin(engine, options));
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Loads data and listens, where that is asked for. The port, or 0. */
async function begin(engine: Server, { config, listen, port }: ServerOptions): Promise<number> {
  const { dir, appendonly } = config ?? {};
  if (dir !== undefined || appendonly === 'yes') await engine.appendOnly.begin();
  else engine.appendOnly.start();
  return listen === false ? 0 : engine.listener.listen(port ?? 0, '127.0.0.1');
}

const SILENT: Log = { debug() {}, verbose() {}, notice() {}, warning() {} };

function configOf(settings: Readonly<Record<string, string>>): Config {
  const config = new Config();
  config.override('save', '');
  for (const [given, value] of Object.entries(settings)) {
    const name = parameterNamed(given);
    if (name === undefined) {
      throw new RangeError(`Cannot start server: no parameter is called ${JSON.stringify(given)}`);
    }
    apply(config, name, value);
  }
  return config;
}

function apply(config: Config, name: ParameterName, value: string): void {
  try {
    config.override(name, value);
  } catch (error) {
    if (!(error instanceof InvalidSetting)) throw error;
    throw new RangeError(
      `Cannot start server: ${name}: ${error.message}: value given is ${JSON.stringify(value)}`,
    );
  }
}
