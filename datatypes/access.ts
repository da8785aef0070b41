/**
 * The access word of an entry: 24 bits that say when, or how often, its key was used.
 *
 * LRU: the second of the last use, modulo 2^24. LFU: 16 bits of minute of the last use, 8 bits of a counter
 * that grows with the logarithm of the uses and loses one every `lfu-decay-time` minutes. Which of the two
 * holds is the eviction policy's choice; words made under the other one are read as they are, and mend as
 * their keys are used. Time is read once a tick: to look at the clock on every access would be too dear.
 * Source: Morris, "Counting Large Numbers of Events in Small Registers" (1978).
 */
import type { Clock } from './clock.js';
import type { Random } from './random.js';

export interface AccessSettings {
  /** How many more uses each step of the counter takes. */
  readonly lfuLogFactor: number;
  /** Minutes after which an unused key's counter falls by one; 0: never. */
  readonly lfuDecayTime: number;
}

const WORD_MASK = 0xff_ffff;
const MINUTE_MASK = 0xffff;
/** A new key's counter: enough to live until it can show its use. */
const INITIAL_COUNT = 5;
const LARGEST_COUNT = 255;
const TWO_32 = 0x1_0000_0000;

export class AccessClock {
  /** Whether words count uses rather than tell the time of the last. */
  isLfu = false;
  private second = 0;
  private minute = 0;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly settings: AccessSettings;

  constructor(clock: Clock, random: Random, settings: AccessSettings) {
    this.clock = clock;
    this.random = random;
    this.settings = settings;
    this.tick();
  }

  /** Reads the time anew. */
  tick(): void {
    const seconds = Math.floor(this.clock.now() / 1000);
    this.second = seconds & WORD_MASK;
    this.minute = Math.floor(seconds / 60) & MINUTE_MASK;
  }

  /** The word of a key made now. */
  initial(): number {
    return this.isLfu ? (this.minute << 8) | INITIAL_COUNT : this.second;
  }

  /** The word of a key used now, whose word was `previous`. */
  next(previous: number): number {
    return this.isLfu ? this.counted(previous) : this.second;
  }

  /** Seconds since the last use, up to 2^24 - 1. */
  idleSeconds(access: number): number {
    return (this.second - access) & WORD_MASK;
  }

  /** The counter of uses, less what it lost since the last. */
  frequency(access: number): number {
    const count = access & 0xff;
    const { lfuDecayTime } = this.settings;
    if (lfuDecayTime === 0) return count;
    const minutes = (this.minute - (access >>> 8)) & MINUTE_MASK;
    return Math.max(0, count - Math.floor(minutes / lfuDecayTime));
  }

  /** The word of a key unused for so many seconds. */
  fromIdle(seconds: number): number {
    return (this.second - Math.min(seconds, WORD_MASK)) & WORD_MASK;
  }

  /** The word of a key with this counter, 0 to 255. */
  fromFrequency(count: number): number {
    return (this.minute << 8) | count;
  }

  private counted(previous: number): number {
    let count = this.frequency(previous);
    if (count < LARGEST_COUNT) {
      const beyond = Math.max(0, count - INITIAL_COUNT);
      if (this.random.uint32() * (beyond * this.settings.lfuLogFactor + 1) < TWO_32) count++;
    }
    return (this.minute << 8) | count;
  }
}
