/** How fast are short values, when clients send 16 requests at a time? */
import { compareWithReference, USUAL } from './compare.js';
import { fill, GET, SET } from './load.js';
import type { BenchOptions } from './options.js';

export async function pipelined({ rounds, requests }: BenchOptions): Promise<void> {
  const load = { ...USUAL, rounds, requests, pipeline: 16, valueBytes: 32 };
  await compareWithReference('SET, 32 bytes, pipeline 16', { ...load, command: SET });
  const prepare = (port: number) => fill(port, load.keys, load.valueBytes);
  await compareWithReference('GET, 32 bytes, pipeline 16', { ...load, command: GET, prepare });
}
