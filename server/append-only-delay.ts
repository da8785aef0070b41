/** Rewrites that fail again and again wait longer and longer until the next that begins by itself. */
import type { Server } from './server.js';

/** After so many failures in a row a rewrite does not begin by itself at once. */
const FAILURES_BEFORE_DELAY = 3;
const LONGEST_DELAY_MINUTES = 60;
const MINUTE_MS = 60_000;

export class RewriteDelay {
  failuresInARow = 0;

  private readonly server: Server;
  /** Until when none begins by itself, ms since 1970, and how long that was; 0: at any time. */
  private untilMs = 0;
  private minutes = 0;

  constructor(server: Server) {
    this.server = server;
  }

  succeeded(): void {
    this.failuresInARow = 0;
    this.minutes = 0;
    this.untilMs = 0;
  }

  /** Whether one that would begin by itself must wait, as those before it failed. */
  isInForce(): boolean {
    if (this.failuresInARow < FAILURES_BEFORE_DELAY) {
      this.minutes = 0;
      return false;
    }
    const nowMs = this.server.clock.now();
    if (this.minutes !== 0 && nowMs < this.untilMs) return true;
    if (this.minutes !== 0 && this.untilMs !== 0) {
      this.untilMs = 0;
      return false;
    }
    this.minutes = Math.min(LONGEST_DELAY_MINUTES, Math.max(1, this.minutes * 2));
    this.untilMs = nowMs + this.minutes * MINUTE_MS;
    this.server.log.warning(
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.minutes} minutes`,
    );
    return true;
  }
}
