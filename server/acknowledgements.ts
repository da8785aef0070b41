/**
 * How far what was written has come: into the append-only file on disk, and to replicas. WAIT and WAITAOF ask.
 *
 * Whoever knows sets the functions, and calls `server.blockedClients.acknowledged()` when one of them grows.
 */

import type { UnitListener } from './effects.js';
import type { Server } from './server.js';

/** How many have all changes up to some place in their history. */
export interface Counts {
  /** 1 when the append-only file has them on disk. */
  readonly local: number;
  /** Replicas that have them; those that have them on disk where `onDisk` was asked for. */
  readonly replicas: number;
}

export class Acknowledgements implements UnitListener {
  /** The place in the history of changes behind the last one, in bytes. */
  offset: () => number = () => 0;
  /** Who has everything before `offset`. */
  count: (offset: number, onDisk: boolean) => Counts = () => ({ local: 0, replicas: 0 });

  private readonly server: Server;
  private knownOffset = 0;

  constructor(server: Server) {
    this.server = server;
    server.effects.atUnitEnd(this);
  }

  /** What has come since the unit before is what the client of this one wrote. */
  unitEnded(): void {
    const offset = this.offset();
    if (offset === this.knownOffset) return;
    this.knownOffset = offset;
    const client = this.server.executor.unitClient;
    if (client !== null) client.writtenOffset = offset;
  }
}
