/**
 * A socket as a client's transport.
 *
 * Replies are written to the socket's descriptor at once, which costs less than a stream's way of doing it. Only what
 * the network does not take is left to the stream, which waits until it does; and so is all else as long as that waits.
 */
import { writeSync } from 'node:fs';
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
    const from = start + this.writeNow(bytes, start, end);
    if (from === end) return true;
    this.socket.write(bytes.subarray(from, end));
    return this.socket.writableLength === 0;
  }

  /** Writes what can be written without waiting. @returns How many bytes that were. */
  private writeNow(bytes: Uint8Array, start: number, end: number): number {
    const { _handle: handle } = this.socket as unknown as WithHandle;
    // Once the handle is gone, the number may be another file's.
    if (handle === null || this.fileDescriptor < 0 || this.socket.writableLength > 0) return 0;
    try {
      // A test may have put something in place of the file system, which tells nothing.
      return writeSync(this.fileDescriptor, bytes, start, end - start) || 0;
    } catch {
      // The network takes nothing now, or the connection is broken: the stream is going to find out.
      return 0;
    }
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
