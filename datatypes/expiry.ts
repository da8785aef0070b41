/**
 * Active expiry: finds keys whose time has come and that nobody asks for.
 *
 * A walk over the keys that expire, in the order of their hashes, looks at a batch at a time: as hashes are
 * random, so is every batch. While more than a tenth of a batch had expired (less with more effort) the next
 * one is looked at, up to a share of the processor's time; then it waits for the next tick. So few expired
 * keys take up memory, however many expire at once, and the work adapts to how many do.
 *
 * The time of one tick is spent in slices of half a millisecond with clients' turns between them.
 */
import type { Clock, Timer } from './clock.js';
import type { Database, Keyspace } from './database.js';
import { OnExpiry } from './on-expiry.js';
import type { Ref } from './store/arena.js';

const SLICE_MS = 0.5;
/** Keys looked at in a slice at most, for clocks that stand still. */
const SLICE_KEYS = 2000;
const PAUSE_MS = 1;
/** Of the current estimate of expired keys left, how much each cycle replaces. */
const ESTIMATE_WEIGHT = 0.05;

export class ActiveExpiry {
  /** Off by DEBUG SET-ACTIVE-EXPIRE 0. */
  enabled = true;
  /** True while keys must not go: writes are paused. */
  suspended = false;
  /** About how many of those keys that expire are overdue, in percent. */
  stalePercent = 0;
  /** How often a cycle ended because its time was used up. */
  timeCapReached = 0;
  /** Time spent in all, ms. */
  spentMs = 0;
  private readonly keyspace: Keyspace;
  private readonly clock: Clock;
  /** From 1 to 10: how much time may be spent, and how few expired keys are to be left. */
  private readonly effort: () => number;
  /** Where the walk is: a database, and a cursor in it. */
  private at = 0;
  private readonly cursors: number[];
  private timer: Timer | null = null;

  /** Of the cycle that runs: databases still to be looked at, time left, what was found. */
  private databasesLeft = 0;
  private budgetMs = 0;
  private sampled = 0;
  private expired = 0;

  private readonly dueRefs: Ref[] = [];
  private readonly dueHashes: number[] = [];
  private batchSize = 0;
  private database: Database;
  private readonly visit = (ref: Ref, hash: number): void => {
    this.batchSize++;
    if (!this.database.hasExpired(ref)) return;
    this.dueRefs.push(ref);
    this.dueHashes.push(hash);
  };

  constructor(keyspace: Keyspace, effort: () => number) {
    this.keyspace = keyspace;
    this.clock = keyspace.clock;
    this.effort = effort;
    this.cursors = keyspace.databases.map(() => 0);
    this.database = keyspace.databases[0] as Database;
  }

  /** Begins a cycle; a tick of `1 / hz` seconds is the time until the next. */
  startCycle(hz: number): void {
    if (this.timer !== null) this.endCycle(true);
    if (!this.mayRun) return;
    const effort = this.effort() - 1;
    this.budgetMs = ((25 + 2 * effort) / 100) * (1000 / hz);
    this.databasesLeft = this.keyspace.databases.length;
    this.sampled = 0;
    this.expired = 0;
    this.slice();
  }

  resetStats(): void {
    this.stalePercent = 0;
    this.timeCapReached = 0;
  }

  /** Ends for good. */
  stop(): void {
    this.enabled = false;
    this.timer?.cancel();
    this.timer = null;
  }

  private get mayRun(): boolean {
    return this.enabled && !this.suspended && this.keyspace.onExpiry === OnExpiry.remove;
  }

  private slice(): void {
    this.timer = null;
    if (!this.mayRun) return this.endCycle(false);
    const startMs = this.clock.elapsedMs();
    const done = this.walk(startMs + Math.min(SLICE_MS, this.budgetMs));
    const spentMs = this.clock.elapsedMs() - startMs;
    this.spentMs += spentMs;
    this.budgetMs -= spentMs;
    if (done || this.budgetMs <= 0) return this.endCycle(!done);
    this.timer = this.keyspace.schedule(PAUSE_MS, () => this.slice());
  }

  private endCycle(outOfTime: boolean): void {
    this.timer?.cancel();
    this.timer = null;
    if (outOfTime) this.timeCapReached++;
    const percent = this.sampled === 0 ? 0 : (this.expired / this.sampled) * 100;
    this.stalePercent = percent * ESTIMATE_WEIGHT + this.stalePercent * (1 - ESTIMATE_WEIGHT);
  }

  /** Goes on through the databases until `untilMs`. True when all were looked at. */
  private walk(untilMs: number): boolean {
    const effort = this.effort() - 1;
    const batch = 20 + 5 * effort;
    const acceptablePercent = 10 - effort;
    for (let seen = 0; this.databasesLeft > 0; ) {
      const finished = this.expireBatch(batch, acceptablePercent);
      seen += this.batchSize;
      if (finished) {
        this.at = (this.at + 1) % this.keyspace.databases.length;
        this.databasesLeft--;
        if (this.batchSize === 0) continue;
      }
      if (seen >= SLICE_KEYS || this.clock.elapsedMs() >= untilMs) break;
    }
    return this.databasesLeft === 0;
  }

  /** Looks at one batch of a database. True when it may be left until the next cycle. */
  private expireBatch(batch: number, acceptablePercent: number): boolean {
    this.batchSize = 0;
    this.database = this.keyspace.databases[this.at] as Database;
    const { database, dueRefs, dueHashes } = this;
    if (database.expires.size === 0) return true;
    const cursor = database.expires.scan(this.cursors[this.at] as number, batch, this.visit);
    this.cursors[this.at] = cursor;
    for (let i = 0; i < dueRefs.length; i++) {
      database.expire(dueHashes[i] as number, dueRefs[i] as Ref);
    }
    const due = dueRefs.length;
    dueRefs.length = 0;
    dueHashes.length = 0;
    this.sampled += this.batchSize;
    this.expired += due;
    return this.batchSize > 0 && due * 100 <= acceptablePercent * this.batchSize;
  }
}
