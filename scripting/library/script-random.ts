/**
 * The random numbers of scripts: the same from the same seed, here and on the real server.
 *
 * A linear congruential generator of 48 bits. The state is kept in two halves of 24 bits, so that
 * all products are exact in doubles.
 * Source: POSIX, `lrand48`.
 */
const HALF = 2 ** 24;
/** The multiplier 0x5DEECE66D in halves, and the addend. */
const MULTIPLIER_HIGH = 0x5de;
const MULTIPLIER_LOW = 0xece66d;
const ADDEND = 0xb;
/** What a new server's state is: 0x1234ABCD330E. */
const INITIAL_HIGH = 0x1234ab;
const INITIAL_LOW = 0xcd330e;
/** What a seed is put in front of. */
const SEED_LOW = 0x330e;

export class ScriptRandom {
  private high = INITIAL_HIGH;
  private low = INITIAL_LOW;

  /** Starts anew. @param value - A 32-bit integer. */
  seed(value: number): void {
    const bits = value >>> 0;
    this.high = bits >>> 8;
    this.low = (bits & 0xff) * 0x10000 + SEED_LOW;
  }

  /** The next number, from 0 to below 1. */
  next(): number {
    const { high, low } = this;
    const product = low * MULTIPLIER_LOW + ADDEND;
    const carry = Math.floor(product / HALF);
    this.low = product - carry * HALF;
    this.high = (high * MULTIPLIER_LOW + low * MULTIPLIER_HIGH + carry) % HALF;
    const bits = this.high * 128 + Math.floor(this.low / 2 ** 17);
    return (bits % (2 ** 31 - 1)) / (2 ** 31 - 1);
  }
}
