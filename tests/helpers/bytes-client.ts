/** A client inside the process that sends and gets bytes, as a socket would, but in the same turn. */
import type { Client } from '../../server/client.js';
import { ProcessTransport } from '../../server/process-transport.js';
import type { Server } from '../../server/server.js';

export class BytesClient extends ProcessTransport {
  override readonly isSocket = true;
  override readonly remoteIp: string;
  /** Whether the server has closed the connection. */
  isClosed = false;

  private readonly server: Server;
  private readonly client: Client;
  private readonly received: Buffer[] = [];

  constructor(server: Server, remoteIp = '127.0.0.1') {
    super();
    this.remoteIp = remoteIp;
    this.server = server;
    this.client = server.connect(this);
  }

  /** All that came so far; one character a byte. */
  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  /** The server reads these bytes, one character each, from a buffer that is spoilt afterwards. */
  write(text: string): void {
    if (this.isClosed || text === '') return;
    const bytes = Buffer.from(text, 'latin1');
    this.server.receive(this.client, bytes, bytes.length);
    bytes.fill(0x23);
  }

  send(bytes: Uint8Array, start?: number, end?: number): boolean {
    this.received.push(Buffer.from(bytes.subarray(start, end)));
    return true;
  }

  /** The connection breaks. */
  disconnect(): void {
    this.isClosed = true;
    this.server.forget(this.client);
  }

  end(): void {
    this.disconnect();
  }

  destroy(): void {
    this.isClosed = true;
  }

  override resume(): void {
    this.server.resume(this.client);
  }
}
