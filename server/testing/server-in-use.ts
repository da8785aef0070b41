/**
 * The server that client libraries of this process talk to when they are not told which: the one that a test
 * helper started, or else one for each address that is asked for, made at first need.
 *
 * The one place with state of its own: code under test makes its clients without knowing of any server.
 */
import { createServer, type ValkeyServer } from '../index.js';

/** A server that is still to be chosen. */
class Expected {
  resolve: (server: ValkeyServer) => void = () => {};
  readonly server = new Promise<ValkeyServer>((resolve) => {
    this.resolve = resolve;
  });
}

class ServersInUse {
  private chosen: ValkeyServer | null = null;
  /** Not null when a test helper will choose one: clients wait for it. */
  private expected: Expected | null = null;
  private readonly made = new Map<string, Promise<ValkeyServer>>();

  /** A server will be chosen: until then, whoever connects waits. */
  expect(): void {
    if (this.chosen === null) this.expected ??= new Expected();
  }

  /** From now on all addresses lead to `server`. Clients that found one of their own before come to it. */
  async choose(server: ValkeyServer): Promise<void> {
    this.chosen = server;
    this.expected?.resolve(server);
    const made = await Promise.all(this.made.values());
    this.made.clear();
    for (const own of made) await own.close();
  }

  /** Ends `choose(server)`, unless another one was chosen since. */
  drop(server: ValkeyServer): void {
    if (this.chosen !== server) return;
    this.chosen = null;
    if (this.expected !== null) this.expected = new Expected();
  }

  /** The server at an address, `host:port`. */
  at(address: string): Promise<ValkeyServer> {
    if (this.chosen !== null) return Promise.resolve(this.chosen);
    if (this.expected !== null) return this.expected.server;
    let server = this.made.get(address);
    if (server === undefined) {
      server = createServer({ listen: false });
      this.made.set(address, server);
    }
    return server;
  }
}

const serversInUse = new ServersInUse();

/** Has clients that connect before a server is set wait for it. */
export function expectServer(): void {
  serversInUse.expect();
}

/**
 * Has clients talk to `server`, whatever address they ask for, until `unsetServer`. Those that connected before
 * lose their connection, and come back to it.
 */
export function setServer(server: ValkeyServer): Promise<void> {
  return serversInUse.choose(server);
}

/** Ends `setServer(server)`, unless another one was set since. */
export function unsetServer(server: ValkeyServer): void {
  serversInUse.drop(server);
}

/** The server that a client talks to that asks for this address. */
export function serverAt(host = 'localhost', port = 6379): Promise<ValkeyServer> {
  return serversInUse.at(`${host === '127.0.0.1' ? 'localhost' : host}:${port}`);
}
