/** How fast are short scripts, and one that calls a thousand commands? */
import { compareWithReference, USUAL } from './compare.js';
import { NUMBER, VALUE } from './load.js';
import type { BenchOptions } from './options.js';

interface Row {
  readonly name: string;
  readonly command: readonly string[];
  /** Of so many requests one is sent. */
  readonly share: number;
}

const KEY = `key:${NUMBER}`;

const ROWS: readonly Row[] = [
  { name: 'return 1', command: ['EVAL', 'return 1', '0'], share: 1 },
  {
    name: 'GET and SET',
    command: [
      'EVAL',
      "local v = redis.call('GET', KEYS[1]) redis.call('SET', KEYS[1], ARGV[1]) return v",
      ...['1', KEY, VALUE],
    ],
    share: 1,
  },
  {
    name: 'compare and delete',
    command: [
      'EVAL',
      "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0",
      ...['1', KEY, VALUE],
    ],
    share: 1,
  },
  {
    name: '1,000 times redis.call',
    command: ['EVAL', "for i = 1, 1000 do redis.call('GET', KEYS[1]) end return 1", '1', KEY],
    share: 500,
  },
];

export async function scripts({ rounds, requests }: BenchOptions): Promise<void> {
  for (const { name, command, share } of ROWS) {
    const load = { ...USUAL, rounds, requests: Math.ceil(requests / share), pipeline: 16 };
    await compareWithReference(`EVAL, ${name}`, { ...load, valueBytes: 32, command });
  }
}
