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

/** Frees a part of a value, about a thousand elements; true when nothing is left. */
export type FreeStep = () => boolean;

interface Job {
  /** Frees a part; true when nothing is left. */
  readonly step: FreeStep;
  /** Objects still to be freed: keys of a database; one for a value. */
  readonly left: () => number;
  objects: number;
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
  private readonly clock: Clock;
  private readonly releaseEntry: (ref: Ref) => void;
  private readonly schedule: Schedule;
  private readonly jobs: Job[] = [];
  private timer: Timer | null = null;

  /** @param schedule - How slices are put off: the server makes each a turn of its own. */
  constructor(clock: Clock, schedule: Schedule, releaseEntry: (ref: Ref) => void) {
    this.clock = clock;
    this.releaseEntry = releaseEntry;
    this.schedule = schedule;
  }

  /** Takes over a table with all its entries: nobody else may use it from now on. */
  addDict(dict: Dict): void {
    if (dict.size === 0) {
      dict.clear();
      return;
    }
    let place = 0;
    this.add(
      () => {
        place = dict.takeSegment(place, this.releaseEntry);
        return place === 0;
      },
      () => dict.size,
    );
  }

  /** Takes over one value; `step` is called until nothing is left. */
  addValue(step: FreeStep): void {
    this.add(step, () => 1);
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

  private add(step: FreeStep, left: () => number): void {
    const objects = left();
    this.jobs.push({ step, left, objects });
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
    const done = job.step();
    const left = done ? 0 : job.left();
    const freed = job.objects - left;
    job.objects = left;
    this.pendingObjects -= freed;
    this.freedObjects += freed;
    if (done) this.jobs.shift();
  }
}
