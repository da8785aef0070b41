/** How long do SAVE, BGSAVE and loading take, for a million strings and for 100,000 hashes? */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../tests/helpers/wire.js';
import { fill, NUMBER, runLoad, VALUE } from './load.js';
import type { BenchOptions } from './options.js';
import { report, title } from './report.js';
import { contestants, MeasuredServer } from './servers.js';

type Fill = (port: number, count: number) => Promise<unknown>;

/** Milliseconds, and microseconds of processor time, that each step took. */
interface Took {
  readonly save: number[];
  readonly saveCpu: number[];
  readonly load: number[];
  readonly loadCpu: number[];
}

const STRING_BYTES = 100;
const FIELDS = ['name', 'born', 'city', 'mail', 'rank'].flatMap((field) => [field, VALUE]);

function fillHashes(port: number, count: number): Promise<unknown> {
  const shape = { clients: 50, pipeline: 16, valueBytes: 20, sequential: true } as const;
  const command = ['HSET', `user:${NUMBER}`, ...FIELDS];
  return runLoad(port, { ...shape, command, requests: count, keys: count });
}

/** Runs one command, and says what it took. */
async function timed(server: MeasuredServer, ...command: string[]): Promise<[number, number]> {
  const wire = await connect(server.port);
  const [cpu, startMs] = [server.cpuMicros(), performance.now()];
  const reply = String(await wire.send(command));
  const took: [number, number] = [performance.now() - startMs, server.cpuMicros() - cpu];
  wire.close();
  if (reply.startsWith('-')) throw new Error(`Cannot measure ${command.join(' ')}: ${reply}`);
  return took;
}

async function measure(server: MeasuredServer, rounds: number): Promise<Took> {
  const took: Took = { save: [], saveCpu: [], load: [], loadCpu: [] };
  for (let round = 0; round < rounds; round++) {
    const [saveMs, saveCpu] = await timed(server, 'SAVE');
    await timed(server, 'FLUSHALL', 'SYNC');
    const [loadMs, loadCpu] = await timed(server, 'DEBUG', 'RELOAD', 'NOSAVE');
    took.save.push(saveMs);
    took.saveCpu.push(saveCpu / 1000);
    took.load.push(loadMs);
    took.loadCpu.push(loadCpu / 1000);
  }
  return took;
}

async function compare(name: string, count: number, put: Fill, rounds: number): Promise<void> {
  const figures: Took[] = [];
  for (const contestant of contestants()) {
    const directory = mkdtempSync(join(tmpdir(), 'bench-'));
    const settings = ['--dir', directory, '--enable-debug-command', 'local'];
    const server = await MeasuredServer.start(contestant, settings);
    try {
      await put(server.port, count);
      figures.push(await measure(server, rounds));
    } finally {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  }
  const [ours, real] = figures as [Took, Took];
  title(`${count.toLocaleString('en')} ${name}`);
  const both = (figure: keyof Took) => ({ ours: ours[figure], real: real[figure], digits: 0 });
  report({ name: 'SAVE, ms', ...both('save') });
  report({ name: 'SAVE, ms of processor', ...both('saveCpu') });
  report({ name: 'loading, ms', ...both('load') });
  report({ name: 'loading, ms of processor', ...both('loadCpu') });
}

export async function saveLoad({ requests, rounds }: BenchOptions): Promise<void> {
  const strings: Fill = (port, count) => fill(port, count, STRING_BYTES);
  await compare('strings of 100 bytes', requests, strings, rounds);
  await compare('hashes of 5 fields', Math.ceil(requests / 10), fillHashes, rounds);
}
