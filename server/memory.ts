/** How much memory the server uses, and what it does about `maxmemory`. */
import type { Refusal } from '../protocol/refusals.js';
import type { CommandEntry } from './command-table.js';
import type { Server } from './server.js';

export class Memory {
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  /** Bytes in use: stored data, tables, clients' buffers. */
  get usedBytes(): number {
    return this.server.arena.usedBytes;
  }

  /** Makes room when the limit is exceeded; why the command must not run when that did not help. */
  refuse(_entry: CommandEntry): Refusal | null {
    return null;
  }
}
