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
import { Config } from './config.js';
import { InvalidSetting } from './config-table/parameter.js';
import { type ParameterName, parameterNamed } from './config-table.js';
import type { PlainData } from './in-process/plain-values.js';
import { ValkeyServer } from './in-process/valkey-server.js';
import { type Log, Server } from './server.js';

export type { Clock, Timer } from '../datatypes/clock.js';
export { ManualClock } from '../datatypes/clock.js';
export { ReplyError, type ReplyValue } from '../protocol/decoder.js';
export type { CommandHistory, SentCommand } from './in-process/command-history.js';
export type {
  Answer,
  CommandContext,
  CommandDefinition,
  CommandFunction,
} from './in-process/define-command.js';
export type { EngineStream } from './in-process/engine-stream.js';
export type { Fault, FaultMatch, Faults } from './in-process/faults.js';
export type { CommandMatch } from './in-process/match.js';
export {
  Expiring,
  expiring,
  type PlainData,
  type PlainHash,
  type PlainText,
  type PlainValue,
  Stream,
  type StreamEntry,
  type StreamGroup,
  type StreamState,
  stream,
} from './in-process/plain-values.js';
export type { ResetOptions } from './in-process/reset.js';
export type { Snapshot } from './in-process/snapshot.js';
export type { ClientFacts, ServerEvents } from './in-process/stage.js';
export { type DataOptions, ValkeyServer } from './in-process/valkey-server.js';
export type { LocalConnection } from './local-connection.js';

export interface ServerOptions {
  /** TCP port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Whether to listen at all. Default true. */
  readonly listen?: boolean;
  /**
   * `manual`: time stands still until `server.clock.advance(ms)`. Default `system`. A clock of one's own is
   * taken as it is: several servers may share it.
   */
  readonly clock?: 'system' | 'manual' | Clock;
  /** Seeds everything random: the same seed, the same run. Default: by chance. */
  readonly seed?: number;
  /**
   * Any parameters of `valkey.conf`, by name, each with its value as text.
   *
   * Nothing is saved by itself unless `save` says when; nothing is loaded unless `dir` says where from.
   */
  readonly config?: Readonly<Record<string, string>>;
  /** What database 0 holds at first, as plain values: see `server.load`. */
  readonly data?: PlainData;
  /** Whether `server.commands` is kept from the start. Default: from the first look at it. */
  readonly recordCommands?: boolean;
}

/**
 * Starts a server in this process. Any number may run side by side; they share nothing.
 *
 * @throws {RangeError} When a parameter is unknown, or its value is none of it.
 * @throws {Error} When the port cannot be listened on, or the data in `dir` cannot be loaded.
 */
export function createServer(
  options: ServerOptions & { readonly clock: 'manual' },
): Promise<ValkeyServer<ManualClock>>;
export function createServer<C extends Clock>(
  options: ServerOptions & { readonly clock: C },
): Promise<ValkeyServer<C>>;
export function createServer(options?: ServerOptions): Promise<ValkeyServer>;
export async function createServer(options: ServerOptions = {}): Promise<ValkeyServer> {
  const clock = clockOf(options.clock ?? 'system');
  const seed = options.seed ?? randomBytes(6).readUIntBE(0, 6);
  const engine = new Server({ config: configOf(options.config ?? {}), clock, seed, log: SILENT });
  try {
    const port = await begin(engine, options);
    const { data = {} } = options;
    const server = new ValkeyServer(engine, clock, port, { seed, data });
    server.load(data);
    if (options.recordCommands) server.commands.clear();
    return server;
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

function clockOf(clock: 'system' | 'manual' | Clock): Clock {
  if (clock === 'manual') return new ManualClock();
  // Sockets keep a process alive, and so does who waits; a server that nobody reaches does not.
  return clock === 'system' ? new SystemClock({ keepsAlive: false }) : clock;
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
