/** How much memory does a key of 16 bytes with a value of 32 take? */
import { fill } from './load.js';
import type { BenchOptions } from './options.js';
import { report, title } from './report.js';
import { contestants, MeasuredServer } from './servers.js';

interface Growth {
  /** Of the process, in bytes a key. */
  readonly resident: number;
  /** As the server itself says, in bytes a key; NaN when it does not say. */
  readonly used: number;
}

async function growthOf(server: MeasuredServer, keys: number): Promise<Growth> {
  const used = async () => (await server.info('memory', 'used_memory')) ?? Number.NaN;
  const [residentBefore, usedBefore] = [server.residentBytes(), await used()];
  await fill(server.port, keys, 32);
  return {
    resident: (server.residentBytes() - residentBefore) / keys,
    used: ((await used()) - usedBefore) / keys,
  };
}

export async function memoryPerKey({ memoryKeys }: BenchOptions): Promise<void> {
  const growths: Growth[] = [];
  for (const contestant of contestants()) {
    const server = await MeasuredServer.start(contestant);
    growths.push(await growthOf(server, memoryKeys).finally(() => server.stop()));
  }
  const [ours, real] = growths as [Growth, Growth];
  title(`Memory, ${memoryKeys.toLocaleString('en')} keys of 16 bytes with values of 32`);
  report({ name: 'bytes/key, resident', ours: [ours.resident], real: [real.resident], digits: 1 });
  report({ name: 'bytes/key, used_memory', ours: [ours.used], real: [real.used], digits: 1 });
}
