/** Data of all types, small and large, with expiries: what files and copies are tested with. */
import type { Random } from '../../datatypes/random.js';

/** Runs one command; what it replies does not matter. */
export type Run = (...args: (string | number | Uint8Array)[]) => Promise<unknown>;

/** Text of up to `most` bytes: digits, repeated letters, or bytes by chance. */
function text(random: Random, most: number): string | Buffer {
  const length = random.below(most + 1);
  const kind = random.below(4);
  if (kind === 0) return String(random.uint32() - 2 ** 31);
  if (kind === 1) return 'ab'.repeat(length >>> 1);
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

function texts(random: Random, most: number): (string | Buffer)[] {
  return Array.from({ length: 1 + random.below(most) }, () => text(random, 40));
}

const MAKERS: readonly ((random: Random, key: string) => (string | number | Uint8Array)[][])[] = [
  (random, key) => [['SET', key, text(random, 300)]],
  (random, key) => [['RPUSH', key, ...texts(random, 600)]],
  (random, key) => [['SADD', key, ...texts(random, 200)]],
  (random, key) => [['SADD', key, 1, 2, random.below(100_000), -5_000_000_000]],
  (random, key) => [['ZADD', key, ...texts(random, 200).flatMap((member, i) => [i / 3, member])]],
  (random, key) => [
    ['HSET', key, ...texts(random, 700).flatMap((field) => [field, text(random, 80)])],
  ],
  (random, key) => [
    ['HSET', key, ...texts(random, 30).flatMap((field) => [field, 1]), 'f', 'v'],
    ['HPEXPIRE', key, 1_000_000 + random.below(1000), 'FIELDS', 1, 'f'],
  ],
  (random, key) => [['PFADD', key, ...texts(random, 50)]],
  (random, key) => [
    ...texts(random, 150).map((value, i) => ['XADD', key, `${i + 1}-${i % 3}`, 'f', value]),
    ['XDEL', key, '1-0'],
    ['XGROUP', 'CREATE', key, 'group', 0],
    ['XREADGROUP', 'GROUP', 'group', 'reader', 'COUNT', 7, 'STREAMS', key, '>'],
    ['XGROUP', 'CREATE', key, 'idle', '$'],
  ],
];

/** Makes `keys` keys in each of three databases. */
export async function makeVariedData(run: Run, random: Random, keys: number): Promise<void> {
  for (const database of [0, 1, 9]) {
    await run('SELECT', database);
    for (let i = 0; i < keys; i++) {
      const make = MAKERS[random.below(MAKERS.length)] as (typeof MAKERS)[number];
      for (const request of make(random, `key:${i}`)) await run(...request);
      if (random.below(4) === 0) await run('PEXPIRE', `key:${i}`, 5_000_000 + random.below(1000));
    }
  }
}
