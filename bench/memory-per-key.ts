/** How much memory do keys with short values take, and small hashes, and members of a big sorted set? */
import { NUMBER, runLoad, VALUE } from './load.js';
import type { BenchOptions } from './options.js';
import { report, title } from './report.js';
import { contestants, MeasuredServer } from './servers.js';

interface Growth {
  /** Of the process, in bytes for each of what was added. */
  readonly resident: number;
  /** As the server itself says, likewise; NaN when it does not say. */
  readonly used: number;
}

/** Puts there what the numbers below `count` name, by so many requests. */
type Fill = (port: number, count: number, requests: number) => Promise<unknown>;

/** Requests before memory is looked at: the memory that code takes when it first runs is no data. */
const FIRST_REQUESTS = 300_000;

async function growthOf(server: MeasuredServer, count: number, put: Fill): Promise<Growth> {
  const used = async () => (await server.info('memory', 'used_memory')) ?? Number.NaN;
  const before = Math.ceil(count / 10);
  await put(server.port, before, Math.max(before, FIRST_REQUESTS));
  const [residentBefore, usedBefore] = [server.residentBytes(), await used()];
  await put(server.port, count, count);
  return {
    resident: (server.residentBytes() - residentBefore) / (count - before),
    used: ((await used()) - usedBefore) / (count - before),
  };
}

/** Prints how both servers grow by `count` of what `put` puts there. */
async function compareGrowth(name: string, unit: string, count: number, put: Fill): Promise<void> {
  const growths: Growth[] = [];
  for (const contestant of contestants()) {
    const server = await MeasuredServer.start(contestant);
    growths.push(await growthOf(server, count, put).finally(() => server.stop()));
  }
  const [ours, real] = growths as [Growth, Growth];
  title(`Memory, ${count.toLocaleString('en')} ${name}`);
  const both = (figure: keyof Growth) => ({ ours: [ours[figure]], real: [real[figure]] });
  report({ name: `bytes/${unit}, resident`, ...both('resident'), digits: 1 });
  report({ name: `bytes/${unit}, used_memory`, ...both('used'), digits: 1 });
}

/** Runs `command` once for each number below `count`. */
function each(...command: string[]): Fill {
  const shape = { clients: 50, pipeline: 16, valueBytes: 10, sequential: true } as const;
  return (port, keys, requests) => runLoad(port, { ...shape, command, requests, keys });
}

export async function memoryPerKey({ memoryKeys }: BenchOptions): Promise<void> {
  const string = each('SET', `key:${NUMBER}`, 'a value of just thirty-two bytes');
  await compareGrowth('keys of 16 bytes with values of 32', 'key', memoryKeys, string);
  const fields = ['name', 'born', 'city', 'mail', 'rank'].flatMap((field) => [field, VALUE]);
  const hash = each('HSET', `user:${NUMBER}`, ...fields);
  await compareGrowth('hashes of 5 fields', 'hash', Math.ceil(memoryKeys / 20), hash);
  const member = each('ZADD', 'ranking', NUMBER, `element:${NUMBER}`);
  await compareGrowth('members of a sorted set', 'member', Math.ceil(memoryKeys / 2), member);
}
