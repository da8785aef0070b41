/**
 * The network's edge: listening sockets, and connections with one shared read buffer.
 *
 * A socket that Node accepted is opened anew around its handle, so that it reads into the server's one
 * buffer rather than making a new one for every read. Where there is no such handle, plain `data` events serve.
 */
import { chmodSync } from 'node:fs';
import net from 'node:net';
import type { ReplyPart } from '../protocol/reply.js';
import type { Client, Transport } from './client.js';
import type { Server } from './server.js';

const READ_BUFFER_BYTES = 64 * 1024;

/** The part of a socket's inside that carries it; private to Node. */
interface WithHandle {
  _handle: { fd?: number } | null;
}

export class Listener {
  private readonly server: Server;
  private readonly readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  private readonly listening: net.Server[] = [];

  constructor(server: Server) {
    this.server = server;
  }

  /** Listens on a TCP port of one address; port 0 takes a free one. Resolves to the port. */
  async listen(port: number, host: string): Promise<number> {
    const listening = net.createServer({ pauseOnConnect: true, noDelay: true });
    listening.on('connection', (socket) => this.accept(socket));
    await new Promise<void>((resolve, reject) => {
      listening.once('error', reject);
      const backlog = this.server.config.values.tcpBacklog;
      listening.listen({ port, host, backlog, ipv6Only: host.includes(':') }, resolve);
    });
    this.listening.push(listening);
    const address = listening.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  /** Listens on a Unix socket. `permissions` are those of its file; 0 leaves them to the system. */
  async listenUnix(path: string, permissions: number): Promise<void> {
    const listening = net.createServer({ pauseOnConnect: true });
    listening.on('connection', (socket) => this.accept(socket));
    await new Promise<void>((resolve, reject) => {
      listening.once('error', reject);
      listening.listen({ path, backlog: this.server.config.values.tcpBacklog }, resolve);
    });
    if (permissions !== 0) chmodSync(path, permissions);
    this.listening.push(listening);
  }

  /** Stops listening at once; connections stay. */
  async close(): Promise<void> {
    // Not awaited: a net.Server waits for the sockets it accepted, whose handles others have taken over.
    for (const one of this.listening.splice(0)) one.close();
  }

  private accept(accepted: net.Socket): void {
    const { server, readBuffer } = this;
    const inside = accepted as unknown as WithHandle;
    const handle = inside._handle;
    let client: Client | undefined;
    const callback = (count: number, buffer: Uint8Array): boolean => {
      if (client) server.receive(client, buffer, count);
      return true;
    };
    inside._handle = null;
    const socket = new net.Socket({
      handle,
      onread: { buffer: readBuffer, callback },
    } as unknown as net.SocketConstructorOpts);
    const connection = new SocketTransport(server, socket);
    client = server.connect(connection);
    connection.client = client;
    socket.on('error', () => {});
    socket.on('close', () => {
      if (client) server.forget(client);
    });
    socket.setNoDelay(true);
    socket.resume();
  }
}

class SocketTransport implements Transport {
  client: Client | null = null;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly fileDescriptor: number;
  readonly isUnixSocket: boolean;
  private readonly server: Server;
  private readonly socket: net.Socket;

  constructor(server: Server, socket: net.Socket) {
    this.server = server;
    this.socket = socket;
    this.remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`;
    this.localAddress = `${socket.localAddress}:${socket.localPort}`;
    this.fileDescriptor = (socket as unknown as WithHandle)._handle?.fd ?? -1;
    this.isUnixSocket = false;
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  send(bytes: Uint8Array): boolean {
    this.socket.write(bytes);
    return this.socket.writableLength === 0;
  }

  sendAll(parts: readonly ReplyPart[]): void {
    this.socket.cork();
    for (const { bytes, done } of parts) this.socket.write(bytes, done);
    this.socket.uncork();
  }

  destroy(): void {
    this.socket.destroy();
  }

  end(): void {
    this.socket.end(() => this.socket.destroy());
  }

  resume(): void {
    if (this.client) this.server.resume(this.client);
  }
}
