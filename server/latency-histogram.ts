/**
 * How long the calls of one command took, for LATENCY HISTOGRAM and INFO latencystats.
 *
 * Most calls take some microseconds: those under 64 µs are counted in an array, so that recording one
 * costs an increment; longer ones go to an HDR histogram. Both come together when somebody reads. Durations
 * are known in whole microseconds and kept, like the real server's, in nanoseconds with two digits: each
 * counts as the middle of its microsecond.
 * Source: HdrHistogram, Gil Tene.
 */
// This file of the package, not all of it: that is 30 ms of each start.
import histogram from 'hdr-histogram-js/dist/Float64Histogram.js';

const SHORT_USEC = 64;
const LONGEST_NS = 1_000_000_000;
/** Upper ends of the buckets are powers of two from 2^10 ns on, rounded up to what two digits can tell. */
const FIRST_BUCKET = 10;

/** One step of the distribution: `count` calls took at most `usec`. */
export interface LatencyBucket {
  readonly usec: number;
  readonly count: number;
}

/** A module of the older kind has its class one step further in. */
const { default: Float64Histogram } = histogram;
type Float64Histogram = InstanceType<typeof Float64Histogram>;

export class LatencyHistogram {
  private readonly short = new Float64Array(SHORT_USEC);
  private long: Float64Histogram | null = null;

  /** Notes a call that took `usec`, a whole number of microseconds. */
  record(usec: number): void {
    if (usec < SHORT_USEC && usec >= 0) (this.short[usec] as number) += 1;
    else this.recordLong(usec);
  }

  private recordLong(usec: number): void {
    this.long ??= emptyHistogram();
    this.long.recordValue(Math.min(Math.max(usec, 0) * 1000 + 500, LONGEST_NS));
  }

  get count(): number {
    return this.short.reduce((sum, count) => sum + count, this.long?.totalCount ?? 0);
  }

  /** The duration within which `percentile` percent of the calls stayed, for each of `percentiles`. µs. */
  percentilesUsec(percentiles: readonly number[]): number[] {
    const all = this.merged();
    return percentiles.map((percentile) => all.getValueAtPercentile(percentile) / 1000);
  }

  /** The buckets in which there are calls, each with the calls of all before it. */
  buckets(): LatencyBucket[] {
    const all = this.merged();
    const total = all.totalCount;
    const buckets: LatencyBucket[] = [];
    let before = 0;
    for (let power = FIRST_BUCKET; before < total; power++) {
      const endNs = 2 ** power + 2 ** (power - 7) - 1;
      const count = countUpTo(all, endNs);
      if (count > before) buckets.push({ usec: Math.floor(endNs / 1000), count });
      before = count;
    }
    return buckets;
  }

  reset(): void {
    this.short.fill(0);
    this.long = null;
  }

  private merged(): Float64Histogram {
    const all = emptyHistogram();
    if (this.long) all.add(this.long);
    for (let usec = 0; usec < SHORT_USEC; usec++) {
      const count = this.short[usec] as number;
      if (count > 0) all.recordValueWithCount(usec * 1000 + 500, count);
    }
    return all;
  }
}

function emptyHistogram(): Float64Histogram {
  return new Float64Histogram(1, LONGEST_NS, 2);
}

function countUpTo(histogram: Float64Histogram, valueNs: number): number {
  const last = Math.min(histogram.countsArrayIndex(valueNs), histogram.countsArrayLength - 1);
  let count = 0;
  for (let i = 0; i <= last; i++) count += histogram.getCountAtIndex(i);
  return count;
}
