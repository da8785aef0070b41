import { performance } from 'node:perf_hooks';

/**
 * Where a server's time comes from. A turn of the event loop sees one moment: `now()` is read from
 * `refresh()`'s last answer, so a command, and all keys it meets, agree on what has expired.
 */
export interface Clock {
  /** Milliseconds since 1970, as of the last `refresh`. */
  now(): number;
  /** Reads the time anew and returns it; called at the start of each turn. */
  refresh(): number;
  /** Microseconds since 1970, exact. */
  nowMicros(): number;
  /** Milliseconds with fraction on a scale that never goes back: for durations. */
  elapsedMs(): number;
  /** Runs `task` once, `delayMs` from now. */
  after(delayMs: number, task: () => void): Timer;
  /** Runs `task` again and again, each time `periodMs()` after the last. */
  every(periodMs: () => number, task: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Resolves `ms` from now. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

export class SystemClock implements Clock {
  private nowMs = Date.now();

  now(): number {
    return this.nowMs;
  }

  refresh(): number {
    this.nowMs = Date.now();
    return this.nowMs;
  }

  nowMicros(): number {
    return Math.floor((performance.timeOrigin + performance.now()) * 1000);
  }

  elapsedMs(): number {
    return performance.now();
  }

  after(delayMs: number, task: () => void): Timer {
    const timer = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }

  every(periodMs: () => number, task: () => void): Timer {
    return new Recurring(this, periodMs, task);
  }
}

/** A timer that arms itself anew each time. */
class Recurring implements Timer {
  private timer: Timer;

  constructor(clock: Clock, periodMs: () => number, task: () => void) {
    const run = () => {
      this.timer = clock.after(periodMs(), run);
      task();
    };
    this.timer = clock.after(periodMs(), run);
  }

  cancel(): void {
    this.timer.cancel();
  }
}

/** How often what recurs runs in one `advance` at most: a day is told from a minute by its hands only. */
const MOST_RUNS = 1000;

interface Alarm {
  readonly dueAtMs: number;
  readonly order: number;
  readonly task: () => void;
}

/**
 * A clock that stands still until `advance` moves it: tests of expiry and timeouts take no time.
 * It starts at the given moment, in ms since 1970.
 */
export class ManualClock implements Clock {
  private readonly alarms = new Set<Alarm>();
  private made = 0;
  /** The least period of what recurs, while time is being moved. */
  private leastPeriodMs = 0;
  private nowMs: number;

  constructor(startMs = 1_700_000_000_000) {
    this.nowMs = startMs;
  }

  now(): number {
    return this.nowMs;
  }

  refresh(): number {
    return this.nowMs;
  }

  nowMicros(): number {
    return this.nowMs * 1000;
  }

  elapsedMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, task: () => void): Timer {
    const alarm = { dueAtMs: this.nowMs + Math.max(0, delayMs), order: this.made++, task };
    this.alarms.add(alarm);
    return { cancel: () => this.alarms.delete(alarm) };
  }

  every(periodMs: () => number, task: () => void): Timer {
    return new Recurring(this, () => Math.max(periodMs(), this.leastPeriodMs), task);
  }

  /**
   * Moves time forward by `ms`, running each timer due on the way at its own moment, in order.
   * What recurs runs at most a thousand times, spread over all of it.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0))
      throw new RangeError(
        `Cannot advance the clock: ms must not be negative: current value is ${ms}`,
      );
    const untilMs = this.nowMs + ms;
    this.leastPeriodMs = ms / MOST_RUNS;
    for (let alarm = this.nextDue(untilMs); alarm; alarm = this.nextDue(untilMs)) {
      this.alarms.delete(alarm);
      this.nowMs = Math.max(this.nowMs, alarm.dueAtMs);
      alarm.task();
      await Promise.resolve();
    }
    this.nowMs = untilMs;
    this.leastPeriodMs = 0;
  }

  private nextDue(untilMs: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.alarms) {
      if (alarm.dueAtMs > untilMs) continue;
      const sooner =
        !next ||
        alarm.dueAtMs < next.dueAtMs ||
        (alarm.dueAtMs === next.dueAtMs && alarm.order < next.order);
      if (sooner) next = alarm;
    }
    return next;
  }
}
