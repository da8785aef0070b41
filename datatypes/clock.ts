import { performance } from 'node:perf_hooks';
import timers from 'node:timers';
import { turns } from './event-loop.js';

// Taken when this module is loaded: fake timers that a test runner puts in place later are not the server's.
const { setTimeout, clearTimeout } = timers;
const { now: systemNow } = Date;
const elapsedNow = performance.now.bind(performance);
const { timeOrigin } = performance;
/** How often the date is compared with the system's: somebody may set it. ms */
const DATE_CHECK_MS = 100;
/** The system tells the date in whole milliseconds. */
const DATE_SLACK_MS = 2;

/**
 * Where a server's time comes from. A turn of the event loop sees one moment: `now()` is read from
 * `refresh()`'s last answer, so a command, and all keys it meets, agree on what has expired.
 */
export interface Clock {
  /** Milliseconds since 1970, as of the last `refresh`. */
  now(): number;
  /** Reads the time anew, at the start of each turn. Returns what `elapsedMs` is then. */
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

/** Both scales are read from one: to look at two clocks in each turn would take twice as long. */
export class SystemClock implements Clock {
  /** From `elapsedMs` to the date. */
  private offsetMs = timeOrigin;
  private nowMs = 0;
  private checkAtMs = 0;
  private readonly keepsAlive: boolean;
  private readonly date: () => number;

  /**
   * @param keepsAlive - Whether what recurs keeps the process alive when nothing else does.
   * @param date - The system's date, in ms since 1970.
   */
  constructor({ keepsAlive = true, date = systemNow } = {}) {
    this.keepsAlive = keepsAlive;
    this.date = date;
    this.refresh();
  }

  now(): number {
    return this.nowMs;
  }

  refresh(): number {
    const elapsedMs = elapsedNow();
    if (elapsedMs >= this.checkAtMs) this.followDate(elapsedMs);
    this.nowMs = Math.floor(this.offsetMs + elapsedMs);
    return elapsedMs;
  }

  private followDate(elapsedMs: number): void {
    this.checkAtMs = elapsedMs + DATE_CHECK_MS;
    const offsetMs = this.date() - elapsedMs;
    if (Math.abs(offsetMs - this.offsetMs) >= DATE_SLACK_MS) this.offsetMs = offsetMs;
  }

  nowMicros(): number {
    return Math.floor((this.offsetMs + elapsedNow()) * 1000);
  }

  elapsedMs(): number {
    return elapsedNow();
  }

  after(delayMs: number, task: () => void): Timer {
    const timer = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }

  every(periodMs: () => number, task: () => void): Timer {
    return new Recurring((delayMs, run) => this.recur(delayMs, run), periodMs, task);
  }

  private recur(delayMs: number, task: () => void): Timer {
    const timer = setTimeout(task, delayMs);
    if (!this.keepsAlive) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}

/** A timer that arms itself anew each time. */
class Recurring implements Timer {
  private timer: Timer;

  constructor(after: Clock['after'], periodMs: () => number, task: () => void) {
    const run = () => {
      this.timer = after(periodMs(), run);
      task();
    };
    this.timer = after(periodMs(), run);
  }

  cancel(): void {
    this.timer.cancel();
  }
}

/** How often what recurs runs in one `advance` at most: a day is told from a minute by its hands only. */
const MOST_RUNS = 1000;
/**
 * Rounds of the event loop that a reply needs to reach whoever waits for it: it is written at the end of the
 * first, and a client on a socket reads it in the second.
 */
const TURNS_TO_REPLY = 2;

interface Alarm {
  /** On the scale of `elapsedMs`. */
  readonly dueAtMs: number;
  readonly order: number;
  readonly recurs: boolean;
  readonly task: () => void;
}

/**
 * A clock that stands still until `advance` or `set` moves it: tests of expiry and timeouts take no time.
 * It starts at the given moment, in ms since 1970. Several servers may share one.
 */
export class ManualClock implements Clock {
  private readonly alarms = new Set<Alarm>();
  private made = 0;
  /** The least period of what recurs, while time is being moved. */
  private leastPeriodMs = 0;
  private readonly startMs: number;
  /** Never goes back, though the date may. */
  private passedMs: number;
  /** From `passedMs` to the date. */
  private offsetMs = 0;
  /** The end of the moves asked for so far: one begins when those before it are over. */
  private moved: Promise<void> = Promise.resolve();

  constructor(startMs = 1_700_000_000_000) {
    this.startMs = startMs;
    this.passedMs = startMs;
  }

  now(): number {
    // What recurs may be due at a fraction of a millisecond.
    return Math.floor(this.passedMs + this.offsetMs);
  }

  refresh(): number {
    return this.elapsedMs();
  }

  nowMicros(): number {
    return Math.floor((this.passedMs + this.offsetMs) * 1000);
  }

  elapsedMs(): number {
    return this.passedMs;
  }

  after(delayMs: number, task: () => void): Timer {
    return this.add(delayMs, task, false);
  }

  every(periodMs: () => number, task: () => void): Timer {
    const period = () => Math.max(periodMs(), this.leastPeriodMs);
    return new Recurring((delayMs, run) => this.add(delayMs, run, true), period, task);
  }

  private add(delayMs: number, task: () => void, recurs: boolean): Timer {
    const dueAtMs = this.passedMs + Math.max(0, delayMs);
    const alarm = { dueAtMs, order: this.made++, recurs, task };
    this.alarms.add(alarm);
    return { cancel: () => this.alarms.delete(alarm) };
  }

  /**
   * Moves time forward by `ms`, running each timer due on the way at its own moment, in order. When it
   * resolves, all that became due has happened, and whoever waited for it has the reply.
   * What recurs runs at most a thousand times, spread over all of it.
   *
   * @throws {RangeError} When `ms` is negative, or no number.
   */
  advance(ms: number): Promise<void> {
    if (!(ms >= 0)) {
      throw new RangeError(
        `Cannot advance the clock: ms must not be negative: current value is ${ms}`,
      );
    }
    return this.afterOthers(() => this.move(ms));
  }

  /**
   * Sets the date: forward as `advance` does. Back, it is only the date that changes: no timer rings, and what
   * was to be in ten seconds still is.
   *
   * @param date - A Date, or ms since 1970.
   */
  set(date: Date | number): Promise<void> {
    const atMs = Number(date);
    if (!Number.isFinite(atMs)) {
      throw new RangeError(`Cannot set the clock: this is no date: current value is ${date}`);
    }
    return this.afterOthers(async () => {
      const ms = atMs - this.offsetMs - this.passedMs;
      if (ms >= 0) await this.move(ms);
      else this.offsetMs += ms;
    });
  }

  /** Sets the date back to where the clock started. */
  reset(): void {
    this.offsetMs = this.startMs - this.passedMs;
  }

  private afterOthers(move: () => Promise<void>): Promise<void> {
    const over = this.moved.then(move);
    this.moved = over.catch(() => {});
    return over;
  }

  private async move(ms: number): Promise<void> {
    const untilMs = this.passedMs + ms;
    this.leastPeriodMs = ms / MOST_RUNS;
    try {
      for (let alarm = this.nextDue(untilMs); alarm; alarm = this.nextDue(untilMs)) {
        this.alarms.delete(alarm);
        this.passedMs = Math.max(this.passedMs, alarm.dueAtMs);
        alarm.task();
        // Whoever was told something acts on it before time goes on.
        await (alarm.recurs ? undefined : turns(TURNS_TO_REPLY));
      }
      this.passedMs = untilMs;
    } finally {
      this.leastPeriodMs = 0;
    }
    await turns(TURNS_TO_REPLY);
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
