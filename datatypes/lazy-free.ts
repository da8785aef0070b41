/**
 * What nobody can reach any more, given back in slices: whole databases, and large values.
 *
 * Emptying a database of millions of keys at once would stall every client. Instead its table is taken away
 * in an instant and queued here; each slice frees for about half a millisecond, then lets clients have their
 * turn. The queue is a list of jobs done in order; a job frees some elements a step and says what is left.
 */
import type { Clock, Timer } from './clock.js';
import type { Ref } from './store/arena.js';
import type { Dict } from './store/dict.js';

/** Frees some of what it has, and answers how many elements are left; about a thousand a step. */
export type FreeStep = () => number;

interface Job {
  /** Objects it counts for: keys of a database, one for a value. */
  objects: number;
  readonly step: FreeStep;
}

/** Runs `task` once after `delayMs`. */
export type Schedule = (delayMs: number, task: () => void) => Timer;

const SLICE_MS = 0.5;
/** Steps of one slice at most, for clocks that stand still. */
const SLICE_STEPS = 16;

export class LazyFree {
  /** Objects that wait to be freed. */
  pendingObjects = 0;
  /** Objects freed since the last reset of statistics. */
  freedObjects = 0;
  /** How slices are put off: the server wraps them in a turn of its own. */
  schedule: Schedule;

  private readonly clock: Clock;
  private readonly releaseEntry: (ref: Ref) => void;
  private jobs: Job[] = [];
  private timer: Timer | null = null;

  constructor(clock: Clock, releaseEntry: (ref: Ref) => void) {
    this.clock = clock;
    this.releaseEntry = releaseEntry;
    this.schedule = (delayMs, task) => clock.after(delayMs, task);
  }

  /** Takes over a table with all its entries: nobody else may use it from now on. */
  addDict(dict: Dict): void {
    if (dict.size === 0) {
      dict.clear();
      return;
    }
    let place = 0;
    this.add(dict.size, () => {
      place = dict.takeSegment(place, this.releaseEntry);
      return place === 0 ? 0 : dict.size;
    });
  }

  /** Takes over one value; `step` is called until it answers 0. */
  addValue(step: FreeStep): void {
    this.add(1, step);
  }

  /** Frees for about half a millisecond. True when something is left. */
  slice(): boolean {
    const untilMs = this.clock.elapsedMs() + SLICE_MS;
    for (let i = 0; i < SLICE_STEPS && this.jobs.length > 0; i++) {
      this.step();
      if (this.clock.elapsedMs() >= untilMs) break;
    }
    return this.jobs.length > 0;
  }

  /** Frees everything that waits, now. */
  drain(): void {
    while (this.jobs.length > 0) this.step();
    this.timer?.cancel();
    this.timer = null;
  }

  private add(objects: number, step: FreeStep): void {
    this.jobs.push({ objects, step });
    this.pendingObjects += objects;
    this.arm();
  }

  private arm(): void {
    this.timer ??= this.schedule(0, () => {
      this.timer = null;
      if (this.slice()) this.arm();
    });
  }

  private step(): void {
    const job = this.jobs[0];
    if (job === undefined) return;
    const left = job.step();
    // A database's keys count down as they go; a value is one object until it is gone.
    const freed = left === 0 ? job.objects : Math.max(0, job.objects - Math.max(left, 1));
    const objects = job.objects > 1 || left === 0 ? freed : 0;
    job.objects -= objects;
    this.pendingObjects -= objects;
    this.freedObjects += objects;
    if (left === 0) this.jobs.shift();
  }
}
