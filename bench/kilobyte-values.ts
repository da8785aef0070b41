/** How fast are values of 1 KB, when clients send 16 requests at a time? A tenth of the keys: memory. */
import { compareWithReference, USUAL } from './compare.js';
import { fill, GET, SET } from './load.js';
import type { BenchOptions } from './options.js';

export async function kilobyteValues({ rounds, requests }: BenchOptions): Promise<void> {
  const load = { ...USUAL, keys: 100_000, rounds, requests, pipeline: 16, valueBytes: 1024 };
  await compareWithReference('SET, 1 KB, pipeline 16', { ...load, command: SET });
  const prepare = (port: number) => fill(port, load.keys, load.valueBytes);
  await compareWithReference('GET, 1 KB, pipeline 16', { ...load, command: GET, prepare });
}
