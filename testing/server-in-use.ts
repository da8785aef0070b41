/**
 * The server that client libraries of this process talk to when they are not told which: the one that a test
 * helper started, or else one for each address that is asked for, made at first need.
 *
 * The one place with state of its own: code under test makes its clients without knowing of any server.
 */
import { createServer, type ValkeyServer } from '../server/index.js';

class ServersInUse {
  private chosen: ValkeyServer | null = null;
  private readonly made = new Map<string, Promise<ValkeyServer>>();

  /** From now on all addresses lead to `server`; null: each to one of its own again. */
  choose(server: ValkeyServer | null): void {
    this.chosen = server;
  }

  /** The server at an address, `host:port`. */
  async at(address: string): Promise<ValkeyServer> {
    if (this.chosen !== null) return this.chosen;
    let server = this.made.get(address);
    if (server === undefined) {
      server = createServer({ listen: false });
      this.made.set(address, server);
    }
    return server;
  }

  /** Whether `server` is the one chosen. */
  isChosen(server: ValkeyServer): boolean {
    return this.chosen === server;
  }
}

const serversInUse = new ServersInUse();

/** Has clients that connect from now on talk to `server`, whatever address they ask for; null ends that. */
export function setServer(server: ValkeyServer | null): void {
  serversInUse.choose(server);
}

/** The server that a client talks to that asks for this address. */
export function serverAt(host = 'localhost', port = 6379): Promise<ValkeyServer> {
  return serversInUse.at(`${host === '127.0.0.1' ? 'localhost' : host}:${port}`);
}

/** Ends `setServer(server)`, unless another one was set since. */
export function unsetServer(server: ValkeyServer): void {
  if (serversInUse.isChosen(server)) serversInUse.choose(null);
}
