/** A server inside this process, as its user holds it. */
import type { Clock } from '../../datatypes/clock.js';
import type { ReplyValue } from '../../protocol/decoder.js';
import { LocalConnection } from '../local-connection.js';
import type { Server } from '../server.js';
import { EngineStream } from './engine-stream.js';

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
    return new EngineStream(this.engine);
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

  /** Stops listening and closes all connections. */
  async close(): Promise<void> {
    await this.engine.close();
  }

  /** As `close`: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
