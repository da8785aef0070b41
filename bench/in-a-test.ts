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
  await tellCommands(rounds * 3);
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

/** What is asked of both: a command by its number. */
const QUESTIONS: Readonly<Record<string, (redis: Commands, i: number) => Promise<unknown>>> = {
  SET: (redis, i) => redis.set(`key:${i % KEYS}`, `value:${i}`),
  GET: (redis, i) => redis.get(`key:${i % KEYS}`),
  EVAL: (redis, i) => redis.eval(INCREMENT, 1, `n:${i % KEYS}`, '2'),
};
const INCREMENT = 'return redis.call("INCRBY", KEYS[1], ARGV[1])';
/** EVAL of ioredis-mock makes a new Lua world each time. */
const TIMES: Readonly<Record<string, number>> = { SET: 50_000, GET: 50_000, EVAL: 1000 };

/** Commands awaited one by one, through both clients in turn; the first round is not counted. */
async function tellCommands(rounds: number): Promise<void> {
  const Mock = mockOfIoredis();
  if (Mock === null) console.log('  ioredis-mock is not installed');
  const clients: [string, Commands][] = [['ioredis in the process', new Redis()]];
  if (Mock !== null) clients.push(['ioredis-mock', new Mock()]);
  for (const [question, ask] of Object.entries(QUESTIONS)) {
    const found = clients.map((): number[] => []);
    for (let round = 0; round <= rounds; round++) {
      for (const [i, [, redis]] of clients.entries()) {
        const usec = await cpuUsec((n) => ask(redis, n), TIMES[question] ?? 1).catch(
          () => Number.NaN,
        );
        if (round > 0) found[i]?.push(usec);
      }
    }
    for (const [i, [name]] of clients.entries()) {
      tell(`${name}: µs CPU/${question}`, median(found[i] ?? []), 2);
    }
  }
  for (const [, redis] of clients) redis.disconnect();
}

async function cpuUsec(run: (i: number) => Promise<unknown>, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) await run(i);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

function tell(name: string, value: number, digits = 1): void {
  console.log(`  ${name.padEnd(46)}${value.toFixed(digits).padStart(10)}`);
}
