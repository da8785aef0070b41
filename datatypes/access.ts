/**
 * How recently, or how often, a key was used: the 24-bit access word of its entry.
 *
 * Under an LRU policy the word is the clock in seconds, cut to 24 bits: it wraps every 194 days. Under an
 * LFU policy it is 16 bits of clock in minutes, then a counter of 8 bits that grows the more rarely the
 * larger it is, and shrinks by one for each `decayMinutes` without use. A policy change reads old words in
 * the new way; they come right with use, as in the real server.
 * Source: Morris, "Counting Large Numbers of Events in Small Registers" (1978).
 */
import type { Clock } from './clock.js';
import type { Random } from './random.js';

const WORD = 0xff_ffff;
const MINUTES = 0xffff;
const COUNTER = 0xff;
/** The counter of a new key: not the first to be evicted. */
const NEW_COUNTER = 5;

export class AccessClock {
  /** Whether words count uses; else they tell the last one. */
  isLfu = false;
  /** How much rarer the counter's steps become as it grows: `lfu-log-factor`. */
  logFactor = 10;
  /** Minutes without use that cost the counter one; 0 for never: `lfu-decay-time`. */
  decayMinutes = 1;

  private readonly clock: Clock;
  private readonly random: Random;

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  /** The word of an entry made now. */
  initial(): number {
    return this.isLfu ? this.fromFrequency(NEW_COUNTER) : this.seconds();
  }

  /** The word of an entry that is met now and had `previous`. */
  next(previous: number): number {
    return this.isLfu ? this.fromFrequency(this.grown(this.frequency(previous))) : this.seconds();
  }

  /** Seconds since the last use; for LRU words. */
  idleSeconds(access: number): number {
    return (this.seconds() - access) & WORD;
  }

  /** The counter as it stands now, 0 to 255; for LFU words. */
  frequency(access: number): number {
    const counter = access & COUNTER;
    if (this.decayMinutes === 0) return counter;
    const elapsed = (this.minutes() - (access >>> 8)) & MINUTES;
    return Math.max(0, counter - Math.floor(elapsed / this.decayMinutes));
  }

  /** The LRU word of an entry last used `seconds` ago. */
  fromIdle(seconds: number): number {
    return (this.seconds() - seconds) & WORD;
  }

  /** The LFU word of an entry whose counter is `counter` now. */
  fromFrequency(counter: number): number {
    return (this.minutes() << 8) | counter;
  }

  private grown(counter: number): number {
    if (counter === COUNTER) return counter;
    const beyond = Math.max(0, counter - NEW_COUNTER);
    return this.random.unit() < 1 / (beyond * this.logFactor + 1) ? counter + 1 : counter;
  }

  private seconds(): number {
    return Math.floor(this.clock.now() / 1000) & WORD;
  }

  private minutes(): number {
    return Math.floor(this.clock.now() / 60_000) & MINUTES;
  }
}
