/**
 * Messages that clients did not ask for at this moment: where they go, and when.
 *
 * What a client's own command sends it, e.g. a message it published to itself, comes after the command's
 * reply, a transaction's commands being one. Messages are no replies: CLIENT REPLY does not hold them back.
 */
import type { PushMessage } from '../protocol/push.js';
import type { Client } from './client.js';
import { checkOutputLimits } from './output-limits.js';
import type { Server } from './server.js';

interface Deferred {
  readonly client: Client;
  readonly bytes: Uint8Array;
}

export class Pushes {
  private readonly server: Server;
  /** For the client whose command runs, until that is done. */
  private deferred: Deferred[] = [];

  constructor(server: Server) {
    this.server = server;
  }

  /** Whether there are messages that wait for the end of a command. */
  get waiting(): boolean {
    return this.deferred.length > 0;
  }

  send(client: Client, message: PushMessage): void {
    if (client.closing || client.closed) return;
    const { server } = this;
    const bytes = message.encoded(client.resp);
    if (client === server.executor.unitClient) {
      this.deferred.push({ client, bytes });
      return;
    }
    const output = server.outputOf(client);
    output.shared(bytes);
    if (output.pendingBytes > server.replyBuffers.roomFor(client)) {
      checkOutputLimits(server, client);
    }
  }

  /** Sends what waited: the client's command is done, and its reply written. */
  release(client: Client): void {
    if (this.deferred.length === 0) return;
    const output = this.server.outputOf(client);
    // While one client is served at the end of another's command, there are messages for both.
    const others = this.deferred.filter((one) => one.client !== client);
    for (const one of this.deferred) if (one.client === client) output.shared(one.bytes);
    this.deferred = others;
  }
}
