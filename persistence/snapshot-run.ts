/** Drives a snapshot: a slice now and then, between the turns of clients. */
import type { Clock, Timer } from '../datatypes/clock.js';
import type { Schedule } from '../datatypes/lazy-free.js';
import type { Snapshot } from './snapshot.js';

/** A slice while clients are busy, and while they are not. ms. */
const SLICE_MS = 1;
const IDLE_SLICE_MS = 3;
/** Steps of one slice at most, for clocks that stand still. */
const SLICE_STEPS = 4096;
/** The longest pause that is made in one piece. ms. */
const LONGEST_PAUSE_MS = 50;

export interface RunParts {
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** Commands that were run so far: when there are none between two slices, nobody waits for their end. */
  readonly commandsRun: () => number;
  /** Called once, when all is handed to the sink. */
  readonly onDone: () => void;
}

export class SnapshotRun {
  readonly snapshot: Snapshot;
  /** ms since 1970. */
  private readonly startedAtMs: number;
  private readonly parts: RunParts;
  private timer: Timer | null = null;
  private lastCommands = -1;
  private readonly isOver: () => boolean;
  private untilMs = 0;
  private steps = 0;

  constructor(parts: RunParts) {
    this.parts = parts;
    this.snapshot = parts.snapshot;
    this.startedAtMs = parts.clock.now();
    this.isOver = () => ++this.steps >= SLICE_STEPS || this.parts.clock.elapsedMs() >= this.untilMs;
    this.later(0);
  }

  /** Whole seconds since it began. */
  get seconds(): number {
    return Math.floor((this.parts.clock.refresh() - this.startedAtMs) / 1000);
  }

  /** Gives the snapshot up. */
  stop(): void {
    this.timer?.cancel();
    this.timer = null;
    this.snapshot.abandon();
  }

  private later(delayMs: number): void {
    this.timer = this.parts.schedule(delayMs, () => this.slice());
  }

  private slice(): void {
    const { clock, commandsRun, onDone } = this.parts;
    const commands = commandsRun();
    const isIdle = commands === this.lastCommands;
    this.lastCommands = commands;
    this.steps = 0;
    this.untilMs = clock.elapsedMs() + (isIdle ? IDLE_SLICE_MS : SLICE_MS);
    if (this.snapshot.step(this.isOver)) {
      this.timer = null;
      onDone();
    } else this.rest(Math.ceil(this.snapshot.restMs));
  }

  /** Pauses, in pieces: it is no longer asked for when the setting changes. */
  private rest(ms: number): void {
    if (ms <= LONGEST_PAUSE_MS || !this.snapshot.isSlowed) {
      this.later(this.snapshot.isSlowed ? ms : 0);
      return;
    }
    this.timer = this.parts.schedule(LONGEST_PAUSE_MS, () => this.rest(ms - LONGEST_PAUSE_MS));
  }
}
