/** Time and eviction: how long one round may take, and how long memory was above the limit. */

const TENACITY_OF_HALF_MS = 10;
const HALF_MS = 0.5;
const GROWTH = 1.15;

/** How long evicting may keep a client waiting, by `maxmemory-eviction-tenacity` (0 to 100). ms. */
export function evictionTimeLimitMs(tenacity: number): number {
  if (tenacity >= 100) return Number.POSITIVE_INFINITY;
  if (tenacity <= TENACITY_OF_HALF_MS) return (HALF_MS * tenacity) / TENACITY_OF_HALF_MS;
  return HALF_MS * GROWTH ** (tenacity - TENACITY_OF_HALF_MS);
}

/** Adds up the times in which the limit was exceeded. */
export class OverLimitClock {
  /** Of all times that are over. ms. */
  totalMs = 0;
  private sinceMs = Number.NaN;

  get isExceeded(): boolean {
    return !Number.isNaN(this.sinceMs);
  }

  /** Notes whether the limit is exceeded at `nowMs` on the scale of `elapsedMs`. */
  note(exceeded: boolean, nowMs: number): void {
    if (exceeded) {
      if (Number.isNaN(this.sinceMs)) this.sinceMs = nowMs;
      return;
    }
    this.totalMs += this.currentMs(nowMs);
    this.sinceMs = Number.NaN;
  }

  /** How long the limit has been exceeded until `nowMs`; 0 when it is not. */
  currentMs(nowMs: number): number {
    return Number.isNaN(this.sinceMs) ? 0 : nowMs - this.sinceMs;
  }

  reset(): void {
    this.totalMs = 0;
    this.sinceMs = Number.NaN;
  }
}
