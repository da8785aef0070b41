/** Has V8 collect garbage: shared memory that the arena let go is given back to the system by that only. */
import v8 from 'node:v8';
import vm from 'node:vm';
import type { Server } from './server.js';

/** How often pages are looked for that nobody needs. ms. */
const PERIOD_MS = 10_000;
/** So much must have been let go to be worth a pause. */
const WORTHWHILE_BYTES = 64 * 1024 * 1024;

export class Garbage {
  private readonly server: Server;
  private collector: (() => void) | null = null;
  /** Bytes let go since the last collection. */
  private releasedBytes = 0;

  constructor(server: Server) {
    this.server = server;
    server.cron.every('garbage', () => this.releaseIdle(), PERIOD_MS);
  }

  /** Gives back all memory in which nothing is stored, at once: some milliseconds. */
  purge(): void {
    this.releasedBytes += this.server.arena.trim();
    if (this.releasedBytes > 0) this.collect();
  }

  private releaseIdle(): void {
    this.releasedBytes += this.server.arena.releaseIdle();
    if (this.releasedBytes >= WORTHWHILE_BYTES) this.collect();
  }

  private collect(): void {
    this.releasedBytes = 0;
    this.collector ??= makeCollector();
    this.collector();
  }
}

/** V8 has such a function, and shows it only to contexts made while this switch is on. */
function makeCollector(): () => void {
  v8.setFlagsFromString('--expose-gc');
  const collector: unknown = vm.runInNewContext('gc');
  v8.setFlagsFromString('--no-expose-gc');
  return typeof collector === 'function' ? () => void collector() : () => {};
}
