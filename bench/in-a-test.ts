/** What does a server inside a test's process cost: the first, a further one, the next test, and a command? */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createServer, type ValkeyServer } from '../server/index.js';
import { Redis } from '../server/testing/ioredis.js';
import type { BenchOptions } from './options.js';
import { median } from './report.js';

const LIBRARY = new URL('../package/index.mjs', import.meta.url).href;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const KEYS = 100;
const COMMANDS = 20_000;

/** What the two classes have in common here. */
interface Commands {
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
  eval(script: string, keys: number, ...args: string[]): Promise<unknown>;
  disconnect(): void;
}

export async function inATest({ rounds }: BenchOptions): Promise<void> {
  console.log('\nIn a test');
  const bareMs = medianOf(rounds, () => processMs(''));
  tell(
    'import, createServer, first reply: ms CPU',
    medianOf(rounds, () => processMs(FIRST)) - bareMs,
  );
  tell('a further server, to its first reply: ms CPU', median(await series(rounds * 4, furtherMs)));
  await using server = await createServer({ listen: false });
  tell('reset after 100 keys: ms', median(await series(rounds * 20, () => resetMs(server))), 3);
  const redis = new Redis();
  await tellCommands('ioredis in the process', redis);
  const Mock = mockOfIoredis();
  if (Mock === null) console.log('  ioredis-mock is not installed');
  else await tellCommands('ioredis-mock', new Mock());
}

const FIRST = `
  const { createServer } = await import('${LIBRARY}');
  const server = await createServer({ port: 0 });
  await server.call('PING');
  await server.close();
`;

/** Processor time of a Node process that runs `script`, its start included. */
function processMs(script: string): number {
  const told = `${script}; const { user, system } = process.cpuUsage(); console.log(user + system);`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', told]);
  return Number(output) / 1000;
}

function medianOf(rounds: number, measure: () => number): number {
  return median(Array.from({ length: rounds }, measure));
}

async function series(rounds: number, measure: () => Promise<number>): Promise<number[]> {
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) found.push(await measure());
  return found;
}

async function furtherMs(): Promise<number> {
  const before = process.cpuUsage();
  const server = await createServer({ port: 0 });
  await server.call('PING');
  const { user, system } = process.cpuUsage(before);
  await server.close();
  return (user + system) / 1000;
}

async function resetMs(server: ValkeyServer): Promise<number> {
  for (let i = 0; i < KEYS; i++) await server.call('SET', `key:${i}`, 'value');
  const beganAtMs = performance.now();
  server.reset();
  return performance.now() - beganAtMs;
}

/** The class of ioredis-mock, when it is there. */
function mockOfIoredis(): (new () => Commands) | null {
  try {
    return createRequire(`${process.env.IOREDIS_MOCK ?? ROOT}/`)('ioredis-mock');
  } catch {
    return null;
  }
}

/** Awaited one by one; the first round is not counted. */
async function tellCommands(name: string, redis: Commands): Promise<void> {
  const script = 'return redis.call("INCRBY", KEYS[1], ARGV[1])';
  const set = (i: number) => redis.set(`key:${i % KEYS}`, `value:${i}`);
  const get = (i: number) => redis.get(`key:${i % KEYS}`);
  const evaluate = (i: number) => redis.eval(script, 1, `n:${i % KEYS}`, '2');
  tell(`${name}: µs CPU/SET`, await cpuUsec(set));
  tell(`${name}: µs CPU/GET`, await cpuUsec(get));
  const scripts = await cpuUsec(evaluate, COMMANDS / 5).catch(() => Number.NaN);
  if (!Number.isNaN(scripts)) tell(`${name}: µs CPU/EVAL`, scripts);
  redis.disconnect();
}

async function cpuUsec(run: (i: number) => Promise<unknown>, times = COMMANDS): Promise<number> {
  for (let i = 0; i < times; i++) await run(i);
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) await run(i);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

function tell(name: string, value: number, digits = 1): void {
  console.log(`  ${name.padEnd(46)}${value.toFixed(digits).padStart(10)}`);
}
