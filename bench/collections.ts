/** How fast are lists, sets, hashes, sorted sets and streams, when clients send 16 requests at a time? */

import { connect } from '../tests/helpers/wire.js';
import { compareWithReference, USUAL } from './compare.js';
import { type Load, NUMBER, runLoad, VALUE } from './load.js';
import type { BenchOptions } from './options.js';

interface Row {
  readonly command: readonly string[];
  /** Requests are divided by this, where one is much work. */
  readonly fewer?: number;
  /** Different numbers in `command`; those of all rows when not given. */
  readonly keys?: number;
  /** What is there when a round begins; nothing when not given. */
  readonly given?: Given;
}

interface Given {
  readonly command: readonly string[];
  /** How often it runs, each number in its turn; once for each request of the round when not given. */
  readonly times?: number;
}

const element = `element:${NUMBER}`;
const twentyFields = Array.from({ length: 20 }, (_, i) => [`field:${i}`, VALUE]).flat();
const ranking = (times?: number): Given => {
  const command = ['ZADD', 'ranking', NUMBER, element];
  return times === undefined ? { command } : { command, times };
};
const elements = (times: number): Given => ({ command: ['RPUSH', 'list', element], times });

const ROWS: Readonly<Record<string, Row>> = {
  lpush: { command: ['LPUSH', 'list', VALUE] },
  lpop: { command: ['LPOP', 'list'], given: { command: ['RPUSH', 'list', VALUE] } },
  sadd: { command: ['SADD', 'set', element] },
  spop: { command: ['SPOP', 'set'], given: { command: ['SADD', 'set', element] } },
  hset: { command: ['HSET', 'hash', element, VALUE] },
  hgetall: {
    command: ['HGETALL', `hash:${NUMBER}`],
    fewer: 4,
    keys: 1000,
    given: { command: ['HSET', `hash:${NUMBER}`, ...twentyFields], times: 1000 },
  },
  zadd: { command: ['ZADD', 'ranking', NUMBER, element] },
  zpopmin: { command: ['ZPOPMIN', 'ranking'], given: ranking() },
  'zrange-byscore': {
    command: ['ZRANGE', 'ranking', NUMBER, '+inf', 'BYSCORE', 'LIMIT', '0', '10'],
    fewer: 2,
    keys: 100_000,
    given: ranking(100_000),
  },
  'lrange-100': {
    command: ['LRANGE', 'list', '0', '99'],
    fewer: 8,
    given: elements(1000),
  },
  xadd: { command: ['XADD', 'stream', '*', 'field', VALUE] },
};

/** The names by which single rows are asked for. */
export const COLLECTION_ROWS: readonly string[] = Object.keys(ROWS);

/** Asks about the rows that `isAsked` names, and prints the geometric mean of their ratios. */
export async function collections(
  options: BenchOptions,
  isAsked: (row: string) => boolean,
): Promise<void> {
  const asked = Object.entries(ROWS).filter(([name]) => isAsked(name));
  const ratios: number[] = [];
  for (const [name, row] of asked) ratios.push(await compareRow(name, row, options));
  if (ratios.length < 2) return;
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  console.log(`\nGeometric mean of the ${ratios.length} ratios of requests/s: ${mean.toFixed(2)}`);
}

function compareRow(name: string, row: Row, { rounds, requests }: BenchOptions): Promise<number> {
  const { command, given, fewer = 1 } = row;
  const shape = { clients: USUAL.clients, pipeline: 16, valueBytes: 3 };
  const count = Math.ceil(requests / fewer);
  const keys = row.keys ?? USUAL.keys;
  const load: Load = { ...shape, command, requests: count, keys };
  const prepare = async (port: number) => {
    await flush(port);
    if (given === undefined) return;
    const times = given.times ?? count;
    const filling = { command: given.command, requests: times, keys: times, sequential: true };
    await runLoad(port, { ...shape, ...filling });
  };
  const title = command.length > 8 ? command.slice(0, 8) : command;
  return compareWithReference(`${name}: ${title.join(' ')}`, { ...load, rounds, prepare });
}

async function flush(port: number): Promise<void> {
  const wire = await connect(port);
  await wire.send(['FLUSHALL', 'SYNC']);
  wire.close();
}
