/** Damaged files and payloads: an error, or values that behave; never a crash, a leak, a hang or a huge allocation. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Random } from '../../datatypes/random.js';
import { RdbFailure } from '../../persistence/rdb-load.js';
import { damaged } from '../helpers/damage.js';
import {
  randomFile,
  SMALL_LIMITS,
  USUAL_LIMITS,
  useAll,
  variedValues,
} from '../helpers/damaged-files.js';
import { dumpPayload } from '../helpers/dump-payload.js';
import { temporaryFolder } from '../helpers/program.js';
import { loadBytes } from '../helpers/rdb.js';
import { oneOf, seeded } from '../helpers/seeded.js';
import { type StartedServer, startServer } from '../helpers/server.js';
import { makeVariedData } from '../helpers/varied-data.js';

const COUNT = Number(process.env.COUNT ?? 1000);
// A trial takes some milliseconds, and more on a machine that is busy.
t.setTimeout(COUNT * 500);
/** Of files and payloads of some kilobytes: compressed strings become 264 times as large at most. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_CPU_MS = 2000;

let values: readonly Buffer[] | null = null;

/** What all trials choose from. */
async function valuesFor(t: Test): Promise<readonly Buffer[]> {
  values ??= await variedValues(await startServer(t), seeded(t));
  return values;
}

/** Runs one trial, and checks what it used and left. */
async function tried(target: StartedServer, trial: () => Promise<void>): Promise<void> {
  const { arena, keyspace, loading } = target.server.engine;
  const before = process.cpuUsage();
  await trial();
  const { user, system } = process.cpuUsage(before);
  if ((user + system) / 1000 > MOST_CPU_MS) throw new Error('It took too long');
  await target.call('FLUSHALL', 'SYNC');
  loading.flushFunctions();
  keyspace.lazyFree.drain();
  if (keyspace.largeValues.live > 0) throw new Error('A large value is leaked');
  if (arena.liveBlocks > 0) throw new Error('A block is leaked');
  // Node gives memory back between turns only.
  await setImmediate();
}

function checkMemory({ server }: StartedServer): void {
  if (server.engine.arena.usedBytes > MOST_BYTES) throw new Error('It took too much memory');
}

t.test('A damaged file is refused, or its values behave', async (t) => {
  const random = seeded(t);
  const values = await valuesFor(t);
  const target = await startServer(t, { config: { 'enable-debug-command': 'yes' } });
  const { server, clock, call } = target;
  let refused = 0;
  for (let i = 0; i < COUNT; i++) {
    const seed = random.uint32();
    const own = new Random(seed);
    const limits = oneOf(own, [SMALL_LIMITS, USUAL_LIMITS]);
    await call('CONFIG', 'SET', ...Object.entries(limits).flat());
    const file = damaged(own, randomFile(own, values, clock.now()));
    const rules = {
      empties: false,
      replaces: own.below(2) === 0,
      dropsExpired: own.below(2) === 0,
    };
    try {
      await tried(target, async () => {
        try {
          loadBytes(server.engine, file, 1 + own.below(4000), rules);
        } catch (error) {
          if (!(error instanceof RdbFailure)) throw error;
          refused++;
        }
        checkMemory(target);
        await useAll(target, own);
      });
    } catch (error) {
      t.comment(`trial ${i}: ${file.toString('base64')}`);
      throw error;
    }
  }
  t.ok(refused > 0 && refused < COUNT, `${refused} of ${COUNT} refused`);
});

t.test('A damaged payload is refused, or its value behaves', async (t) => {
  const random = seeded(t);
  const values = await valuesFor(t);
  const target = await startServer(t, { config: { 'enable-debug-command': 'yes' } });
  let refused = 0;
  for (let i = 0; i < COUNT; i++) {
    const own = new Random(random.uint32());
    const copy = damaged(own, oneOf(own, values));
    const payload = dumpPayload(copy[0] ?? 0, copy.subarray(1));
    try {
      await tried(target, async () => {
        await target.call('RESTORE', 'key', 0, payload).catch(() => refused++);
        checkMemory(target);
        await useAll(target, own);
      });
    } catch (error) {
      t.comment(`trial ${i}: ${copy.toString('base64')}`);
      throw error;
    }
  }
  t.ok(refused > 0 && refused < COUNT, `${refused} of ${COUNT} refused`);
});

/** A request as it stands in an append-only file. */
function appended(words: readonly (string | number | Uint8Array)[]): Buffer {
  const parts = words.map((word) => {
    const bytes = typeof word === 'object' ? Buffer.from(word) : Buffer.from(`${word}`);
    return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
  });
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]);
}

const LARGEST_REQUEST_BYTES = 1000;
const [MULTI, EXEC] = [appended(['MULTI']), appended(['EXEC'])];
/** What files seldom hold, or never. */
const ODD_REQUESTS = [
  ['EVAL', "return redis.call('incr', KEYS[1])", 1, 'counter'],
  ['FUNCTION', 'LOAD', 'REPLACE', "#!lua name=a\nserver.register_function('f', function() end)"],
  ['BLPOP', 'nothing', 0],
  ['XREAD', 'BLOCK', 0, 'STREAMS', 'nothing', '$'],
  ['SUBSCRIBE', 'channel'],
  ['WATCH', 'counter'],
  ['SELECT', 77],
  ['FLUSHDB'],
].map(appended);

/** Requests for data of all types. */
async function variedRequests(random: Random): Promise<Buffer[]> {
  const requests: Buffer[] = [...ODD_REQUESTS];
  await makeVariedData(async (...words) => requests.push(appended(words)), random, 60);
  return requests.filter(({ length }) => length <= LARGEST_REQUEST_BYTES);
}

/** Some requests one after the other, some of them in a transaction, and now and then a moment. */
function randomIncrement(random: Random, requests: readonly Buffer[]): Buffer {
  const from = random.below(requests.length);
  const units = requests.slice(from, from + 1 + random.below(12));
  return Buffer.concat(
    units.map((unit) => {
      const kind = random.below(8);
      if (kind === 0) return Buffer.concat([MULTI, unit, EXEC]);
      return kind === 1 ? Buffer.concat([Buffer.from('#TS:1700000000\r\n'), unit]) : unit;
    }),
  );
}

/** Some disks are slow to empty a file. */
function renew(path: string, bytes: Buffer): void {
  rmSync(path, { force: true });
  writeFileSync(path, bytes);
}

t.test('A damaged append-only file is refused, or cut, or its values behave', async (t) => {
  const random = seeded(t);
  const values = await valuesFor(t);
  const requests = await variedRequests(random);
  const dir = temporaryFolder(t);
  const target = await startServer(t, { config: { dir, 'enable-debug-command': 'yes' } });
  const { call, clock, server } = target;
  const logged: string[] = [];
  t.capture(server.engine.log, 'warning', (line: string) => logged.push(line));
  const folder = join(dir, 'appendonlydir');
  mkdirSync(folder);
  const [base, increment] = ['appendonly.aof.1.base.rdb', 'appendonly.aof.1.incr.aof'];
  const manifest = `file ${base} seq 1 type b\nfile ${increment} seq 1 type i\n`;
  writeFileSync(join(folder, 'appendonly.aof.manifest'), manifest);
  let refused = 0;
  for (let i = 0; i < COUNT; i++) {
    const own = new Random(random.uint32());
    const parts = {
      base: oneOf(own, [randomFile(own, values, clock.now()), randomIncrement(own, requests)]),
      increment: randomIncrement(own, requests),
    };
    const which = own.below(3) === 0 ? 'base' : 'increment';
    parts[which] = damaged(own, parts[which]);
    renew(join(folder, base), parts.base);
    renew(join(folder, increment), parts.increment);
    await call('CONFIG', 'SET', 'aof-load-truncated', oneOf(own, ['yes', 'no']));
    try {
      await tried(target, async () => {
        await call('DEBUG', 'LOADAOF').catch(() => refused++);
        checkMemory(target);
        await useAll(target, own);
      });
      const odd = logged.find((line) => /^Un(expected|recoverable) error/.test(line));
      if (odd !== undefined) throw new Error(odd);
    } catch (error) {
      t.comment(
        `trial ${i}: ${parts.base.toString('base64')} ${parts.increment.toString('base64')}`,
      );
      throw error;
    }
    logged.length = 0;
  }
  t.ok(refused > 0 && refused < COUNT, `${refused} of ${COUNT} refused`);
});
