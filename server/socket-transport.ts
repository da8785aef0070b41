/** A socket as a client's transport. */
import type net from 'node:net';
import type { ReplyPart } from '../protocol/reply.js';
import type { Client, Transport } from './client.js';
import type { Server } from './server.js';

/** The part of a socket's inside that carries it; private to Node. */
export interface WithHandle {
  _handle: { readonly fd?: number } | null;
}

/** `ip:port`, an IPv6 address in brackets. */
function addressText(ip: string | undefined, port: number | undefined): string {
  if (ip === undefined) return '?:0';
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

export class SocketTransport implements Transport {
  client: Client | null = null;
  readonly isSocket = true;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly remoteIp: string;
  readonly socketPath: string;
  readonly fileDescriptor: number;
  readonly isUnixSocket: boolean;
  private readonly server: Server;
  private readonly socket: net.Socket;

  /** @param path - The path of the Unix socket it came in by; empty for TCP. */
  constructor(server: Server, socket: net.Socket, path: string) {
    this.server = server;
    this.socket = socket;
    this.socketPath = path;
    this.isUnixSocket = path !== '';
    this.fileDescriptor = (socket as unknown as WithHandle)._handle?.fd ?? -1;
    if (this.isUnixSocket) {
      // The real server takes a path for an IPv6 address: both end in a port, it thinks.
      this.remoteAddress = `[${path}:0]:0`;
      this.localAddress = this.remoteAddress;
      this.remoteIp = '';
      return;
    }
    this.remoteIp = socket.remoteAddress ?? '';
    this.remoteAddress = addressText(socket.remoteAddress, socket.remotePort);
    this.localAddress = addressText(socket.localAddress, socket.localPort);
  }

  get unsentBytes(): number {
    return this.socket.writableLength;
  }

  send(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    this.socket.write(bytes.subarray(start, end));
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
