/** A transport that ends inside the process: what it is told is taken at once. */
import type { ReplyPart } from '../protocol/reply.js';
import type { Transport } from './client.js';

/** Where a client of this process is. */
export const OWN_ADDRESS = '127.0.0.1';

export abstract class ProcessTransport implements Transport {
  readonly remoteAddress: string = `${OWN_ADDRESS}:0`;
  readonly localAddress: string = `${OWN_ADDRESS}:0`;
  readonly remoteIp: string = OWN_ADDRESS;
  readonly socketPath: string = '';
  readonly fileDescriptor = -1;
  readonly isSocket: boolean = false;
  readonly isUnixSocket: boolean = false;

  get unsentBytes(): number {
    return 0;
  }

  /** Takes `bytes[start, end)`, one or more whole replies. They may be used again after the call. */
  abstract send(bytes: Uint8Array, start?: number, end?: number): boolean;
  abstract destroy(): void;
  abstract end(): void;

  sendAll(parts: readonly ReplyPart[]): void {
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) this.send(first.bytes);
    else this.send(Buffer.concat(parts.map(({ bytes }) => bytes)));
    for (const { done } of parts) done?.();
  }

  /** Nothing waits here to be looked at again. */
  resume(): void {}
}
