/** What do scripts cost? Short ones, as most are, sent one at a time; and some that compute. */
import { createHash } from 'node:crypto';
import { connect } from '../tests/helpers/wire.js';
import { compareWithReference } from './compare.js';
import { NUMBER } from './load.js';
import type { BenchOptions } from './options.js';

interface Row {
  readonly script: string;
  readonly keys?: readonly string[];
  readonly args?: readonly string[];
  /** Requests are divided by this: one is so much more work than a command. */
  readonly fewer: number;
}

const KEY = `key:${NUMBER}`;

const ROWS: Readonly<Record<string, Row>> = {
  'script-return': { script: 'return 1', fewer: 2 },
  'script-get-set': {
    script: "local v = redis.call('GET', KEYS[1]) redis.call('SET', KEYS[1], ARGV[1]) return v",
    keys: [KEY],
    args: ['value'],
    fewer: 4,
  },
  'script-lock': {
    script:
      "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end",
    keys: [KEY],
    args: ['token'],
    fewer: 4,
  },
  'script-1000-calls': {
    script: "for i = 1, 1000 do redis.call('GET', KEYS[1]) end return 1",
    keys: ['key'],
    fewer: 200,
  },
  'script-adds': {
    script: 'local n = 0 for i = 1, 10000 do n = n + i end return n',
    fewer: 100,
  },
  'script-table': {
    script: "local t = {} for i = 1, 1000 do t[i] = 'item:' .. i end return #table.concat(t, ',')",
    fewer: 200,
  },
  'script-append': {
    script: "local t = {} for i = 1, 1000 do t[#t + 1] = 'x' end return #table.concat(t)",
    fewer: 200,
  },
  'script-fields': {
    script:
      'local t, n = {a = 1, b = 2, c = 3}, 0 for i = 1, 1000 do n = n + t.a + t.b + t.c end return n',
    fewer: 200,
  },
  'script-fib': {
    script:
      'local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end return fib(20)',
    fewer: 500,
  },
};

/** The names by which single rows are asked for. */
export const SCRIPT_ROWS: readonly string[] = Object.keys(ROWS);

/** Asks about the rows that `isAsked` names. */
export async function scripts(
  options: BenchOptions,
  isAsked: (row: string) => boolean,
): Promise<void> {
  for (const [name, row] of Object.entries(ROWS))
    if (isAsked(name)) await compare(name, row, options);
}

async function compare(name: string, row: Row, { rounds, requests }: BenchOptions): Promise<void> {
  const { script, keys = [], args = [], fewer } = row;
  const sha = createHash('sha1').update(script).digest('hex');
  await compareWithReference(`${name}: ${script.slice(0, 70)}`, {
    command: ['EVALSHA', sha, `${keys.length}`, ...keys, ...args],
    requests: Math.ceil(requests / fewer),
    clients: 50,
    pipeline: 16,
    valueBytes: 3,
    keys: 10_000,
    rounds,
    prepare: (port) => load(port, script),
  });
}

async function load(port: number, script: string): Promise<void> {
  const wire = await connect(port);
  await wire.send(['SCRIPT', 'LOAD', script]);
  wire.close();
}
