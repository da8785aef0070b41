/**
 * What becomes of keys whose time has come: deleted, but hidden while clients are paused or data is being
 * imported or loaded, and visible to the clients that import. While clients are paused, or data is loaded, nothing is
 * evicted either.
 */
import { OnExpiry } from '../datatypes/database.js';
import type { Client } from './client.js';
import type { Server } from './server.js';

export class ExpiryRule {
  /** Whether the rule differs from client to client, so that `choose` must be asked before each command. */
  varies = false;

  private readonly server: Server;
  private common: OnExpiry = OnExpiry.remove;

  constructor(server: Server) {
    this.server = server;
    server.config.onChange('import-mode', () => this.importModeChanged());
    this.importModeChanged();
  }

  /** Sets the rule for what `client` is about to do. */
  choose(client: Client): void {
    this.server.keyspace.onExpiry = client.isImportSource ? OnExpiry.ignore : this.common;
  }

  /** Looks again at what the rule depends on. */
  refresh(): void {
    const { config, keyspace, loading, memory, pauses, scripts } = this.server;
    const paused = pauses.scope !== null || loading.inProgress;
    this.varies = config.values.importMode;
    const hides = this.varies || paused ? OnExpiry.hide : OnExpiry.remove;
    // Requests of the append-only file found the key there when they ran first.
    this.common = loading.inProgress ? OnExpiry.ignore : hides;
    keyspace.onExpiry = this.common;
    keyspace.activeExpiry.suspended = paused || this.varies || scripts.isBusy;
    memory.suspended = paused || scripts.isBusy;
  }

  private importModeChanged(): undefined {
    this.refresh();
  }
}
