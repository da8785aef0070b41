/**
 * The latency monitor: spikes at or above `latency-monitor-threshold`, by what caused them.
 *
 * Whoever does something that may take long tells it by `note`; an event keeps its last 160 samples, at
 * most one for each second.
 */
import Denque from 'denque';
import type { ConfigValues } from './config-table.js';

const MOST_SAMPLES = 160;

export interface LatencySample {
  readonly atSeconds: number;
  /** The longest spike of that second. */
  readonly ms: number;
}

/** What is known of one event, such as `command` or `expire-cycle`. */
export class LatencyEvent {
  readonly samples = new Denque<LatencySample>();
  /** The longest spike ever. ms. */
  worstMs = 0;
  /** All spikes together. ms. */
  sumMs = 0;
  count = 0;

  add(atSeconds: number, ms: number): void {
    const { samples } = this;
    if (ms > this.worstMs) this.worstMs = ms;
    this.sumMs += ms;
    this.count++;
    const last = samples.peekBack();
    if (last?.atSeconds === atSeconds) {
      if (ms <= last.ms) return;
      samples.pop();
    }
    samples.push({ atSeconds, ms });
    if (samples.length > MOST_SAMPLES) samples.shift();
  }
}

export class LatencyMonitor {
  readonly events = new Map<string, LatencyEvent>();
  private readonly values: ConfigValues;
  private readonly now: () => number;

  /** @param now - The time, in ms since 1970. */
  constructor(values: ConfigValues, now: () => number) {
    this.values = values;
    this.now = now;
  }

  /** Notes that `event` took `ms` milliseconds, when that is worth noting. */
  note(event: string, ms: number): void {
    const threshold = this.values.latencyMonitorThreshold;
    if (threshold === 0 || ms < threshold) return;
    let known = this.events.get(event);
    if (known === undefined) {
      known = new LatencyEvent();
      this.events.set(event, known);
    }
    known.add(Math.floor(this.now() / 1000), Math.floor(ms));
  }

  /** Forgets one event, or all. Returns how many there were. */
  reset(event?: string): number {
    if (event !== undefined) return this.events.delete(event) ? 1 : 0;
    const { size } = this.events;
    this.events.clear();
    return size;
  }
}
