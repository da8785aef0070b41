/** Chance that can be had again: each test of random inputs says its seed, and `SEED=…` repeats it. */
import { Random } from '../../datatypes/random.js';

/** What is needed of a tap test. */
interface Test {
  comment(text: string): void;
}

/** Random numbers whose seed the test's output tells. */
export function seeded(t: Test): Random {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
  t.comment(`SEED=${seed}`);
  return new Random(seed);
}

/** Any one of a list. */
export function oneOf<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)] as T;
}
