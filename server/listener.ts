/**
 * The network's edge: listening sockets, and connections with one shared read buffer.
 *
 * A socket that Node accepted is opened anew around its handle, so that it reads into the server's one
 * buffer rather than making a new one for every read. Where there is no such handle, plain `data` events serve.
 *
 * Addresses are bound at once, not in a later turn: CONFIG SET must know whether it worked before it answers.
 */
import { chmodSync } from 'node:fs';
import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { MAX_CLIENTS, PROTECTED_MODE, type Refusal } from '../protocol/refusals.js';
import { systemErrorText } from './config-table/system-error.js';
import type { Server } from './server.js';
import { SocketTransport, type WithHandle } from './socket-transport.js';

const READ_BUFFER_BYTES = 64 * 1024;
/** Has an IPv6 socket leave IPv4 to sockets of its own. */
const IPV6_ONLY = 1;

/** Binds a socket to an address at once: a handle, or an error number below 0. Private to Node. */
interface WithBind {
  _createServerHandle(
    host: string,
    port: number,
    family: 4 | 6,
    fd: undefined,
    flags: number,
  ): object | number;
}

/** Takes `bytes[0, end)`, which are used again after the call. */
type Receiver = (bytes: Uint8Array, end: number) => void;

/** One listening TCP socket. */
export interface TcpListening {
  readonly host: string;
  /** As it was asked for: 0 stands for whichever is free. */
  readonly port: number;
  readonly listening: net.Server;
}

export class Listener {
  /** Whether CONFIG SET of `bind` and `port` moves the sockets: set once the settings opened them. */
  followsSettings = false;

  private readonly server: Server;
  private readonly readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  private readonly tcp: TcpListening[] = [];
  private readonly unix: net.Server[] = [];
  /** Connections that are open now. */
  private connections = 0;

  constructor(server: Server) {
    this.server = server;
  }

  /** The TCP sockets that listen now. */
  get tcpListening(): readonly TcpListening[] {
    return this.tcp;
  }

  /**
   * Listens on a TCP port of one address or host name; port 0 takes a free one. Resolves to the port.
   *
   * @throws {Error} With the `code` of the system's error.
   */
  async listen(port: number, host: string): Promise<number> {
    const ip = net.isIP(host) ? host : await addressOf(host);
    const { listening } = this.bind(port, ip);
    const address = listening.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  /** As `listen`, at once; `host` is an IP address. */
  bind(port: number, host: string): TcpListening {
    const listening = net.createServer({ pauseOnConnect: true, noDelay: true });
    listening.on('connection', (socket) => this.accept(socket, ''));
    // Whoever asked has been told already.
    listening.on('error', () => {});
    const family = net.isIPv6(host) ? 6 : 4;
    const { _createServerHandle: createHandle } = net as unknown as WithBind;
    const flags = family === 6 ? IPV6_ONLY : 0;
    const handle = createHandle(host, port, family, undefined, flags);
    if (typeof handle === 'number') throw systemError(getSystemErrorName(handle));
    listening.listen(handle, this.server.config.values.tcpBacklog);
    // An address in use shows only now.
    if (!listening.listening) throw systemError('EADDRINUSE');
    const one = { host, port, listening };
    this.tcp.push(one);
    return one;
  }

  /** Stops listening on one of `tcpListening`; connections stay. */
  unbind(one: TcpListening): void {
    const index = this.tcp.indexOf(one);
    if (index >= 0) this.tcp.splice(index, 1);
    one.listening.close();
  }

  /** Listens on a Unix socket. `permissions` are those of its file; 0 leaves them to the system. */
  async listenUnix(path: string, permissions: number): Promise<void> {
    const listening = net.createServer({ pauseOnConnect: true });
    listening.on('connection', (socket) => this.accept(socket, path));
    await new Promise<void>((resolve, reject) => {
      listening.once('error', reject);
      listening.listen({ path, backlog: this.server.config.values.tcpBacklog }, resolve);
    });
    if (permissions !== 0) chmodSync(path, permissions);
    this.unix.push(listening);
  }

  /** Stops listening at once; connections stay. */
  async close(): Promise<void> {
    const all = [...this.tcp.splice(0).map(({ listening }) => listening), ...this.unix.splice(0)];
    await Promise.all(all.map((one) => new Promise((resolve) => one.close(resolve))));
  }

  private accept(accepted: net.Socket, path: string): void {
    const { server } = this;
    if (server.logsVerbose) {
      const { remoteAddress = '?', remotePort = 0 } = accepted;
      const from = path === '' ? `${remoteAddress}:${remotePort}` : `connection to ${path}`;
      server.log.verbose(`Accepted ${from}`);
    }
    const refused = this.refuse(accepted, path);
    if (refused !== null) {
      server.stats.rejectedConnections++;
      accepted.on('error', () => {});
      accepted.end(refused.bytes, () => accepted.destroy());
      return;
    }
    this.serve(accepted, path);
  }

  /** Why nobody may come in, or not from there. */
  private refuse(accepted: net.Socket, path: string): Refusal | null {
    const { config, authentication } = this.server;
    if (this.connections >= config.values.maxclients) return MAX_CLIENTS;
    if (!config.values.protectedMode || !authentication.isOpen || path !== '') return null;
    return isLoopback(accepted.remoteAddress ?? '') ? null : PROTECTED_MODE;
  }

  private serve(accepted: net.Socket, path: string): void {
    const { server } = this;
    const socket = this.takeOver(accepted, (bytes, end) => server.receive(client, bytes, end));
    const connection = new SocketTransport(server, socket, path);
    const client = server.connect(connection);
    connection.client = client;
    this.connections++;
    socket.on('end', () => {
      if (server.logsVerbose && !client.closed) {
        server.log.verbose(`Client closed connection ${server.describe(client)}`);
      }
    });
    socket.on('error', (error) => {
      if (!client.closed) server.log.verbose(`Reading from client: ${systemErrorText(error)}`);
    });
    socket.on('close', () => {
      this.connections--;
      server.forget(client);
    });
    const { tcpKeepalive } = server.config.values;
    if (path === '' && tcpKeepalive > 0) socket.setKeepAlive(true, tcpKeepalive * 1000);
    socket.resume();
  }

  /** A socket that reads into the shared buffer, around the handle of `accepted`; else `accepted` itself. */
  private takeOver(accepted: net.Socket, receive: Receiver): net.Socket {
    const inside = accepted as unknown as WithHandle;
    const handle = inside._handle;
    if (!handle) return accepted.on('data', (bytes: Buffer) => receive(bytes, bytes.length));
    const callback = (count: number, buffer: Uint8Array): boolean => {
      receive(buffer, count);
      return true;
    };
    inside._handle = null;
    // Without its handle it is nothing but an entry in the listening socket's books.
    accepted.destroy();
    const options = { handle, onread: { buffer: this.readBuffer, callback } };
    return new net.Socket(options as unknown as net.SocketConstructorOpts);
  }
}

/** Few servers listen on a name: the others start without the part of Node that looks one up. */
async function addressOf(name: string): Promise<string> {
  const { lookup } = await import('node:dns/promises');
  return (await lookup(name)).address;
}

function systemError(code: string): Error {
  return Object.assign(new Error(`Cannot listen: ${code}`), { code });
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1' || ip.startsWith('::ffff:127.');
}
