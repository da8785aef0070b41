/** What happens now: counters sampled by the cron, told as a rate over the last samples. */
import type { Stats } from './stats.js';

const SAMPLES = 16;

/** One counter's rate: the mean of the last samples. */
class Rate {
  private readonly samples = new Float64Array(SAMPLES);
  private next = 0;
  private last: number | null = null;

  /** Notes that the counter stands at `value`, and its base (time, or another count) has grown by `base`. */
  sample(value: number, base: number): void {
    const grown = this.last === null || value < this.last ? 0 : value - this.last;
    this.last = value;
    this.samples[this.next] = base > 0 ? grown / base : 0;
    this.next = (this.next + 1) % SAMPLES;
  }

  get mean(): number {
    return this.samples.reduce((sum, one) => sum + one, 0) / SAMPLES;
  }

  reset(): void {
    this.samples.fill(0);
    this.last = null;
  }
}

export class Rates {
  private readonly commands = new Rate();
  private readonly inputBytes = new Rate();
  private readonly outputBytes = new Rate();
  private readonly turns = new Rate();
  private readonly turnUsec = new Rate();
  private sampledAtMs = Number.NaN;
  private sampledTurns = 0;

  /** Takes one sample of each counter; about every 100 ms. @param nowMs - Elapsed time, with fraction. */
  sample(stats: Stats, nowMs: number): void {
    const seconds = Number.isNaN(this.sampledAtMs) ? 0 : (nowMs - this.sampledAtMs) / 1000;
    this.sampledAtMs = nowMs;
    this.commands.sample(stats.commandsProcessed, seconds);
    this.inputBytes.sample(stats.netInputBytes, seconds);
    this.outputBytes.sample(stats.netOutputBytes, seconds);
    this.turns.sample(stats.turns, seconds);
    this.turnUsec.sample(stats.turnsUsec, stats.turns - this.sampledTurns);
    this.sampledTurns = stats.turns;
  }

  get commandsPerSecond(): number {
    return Math.floor(this.commands.mean);
  }

  get inputKilobytesPerSecond(): number {
    return this.inputBytes.mean / 1024;
  }

  get outputKilobytesPerSecond(): number {
    return this.outputBytes.mean / 1024;
  }

  get turnsPerSecond(): number {
    return Math.floor(this.turns.mean);
  }

  get usecPerTurn(): number {
    return Math.floor(this.turnUsec.mean);
  }

  reset(): void {
    for (const rate of [this.commands, this.inputBytes, this.outputBytes]) rate.reset();
    this.turns.reset();
    this.turnUsec.reset();
    this.sampledAtMs = Number.NaN;
    this.sampledTurns = 0;
  }
}
