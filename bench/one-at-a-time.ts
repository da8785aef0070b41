/** How fast are short values, when each client waits for its reply? A quarter of the requests will do. */
import { compareWithReference, USUAL } from './compare.js';
import { fill, GET, SET } from './load.js';
import type { BenchOptions } from './options.js';

export async function oneAtATime({ rounds, requests }: BenchOptions): Promise<void> {
  const load = { ...USUAL, rounds, requests: Math.ceil(requests / 4), pipeline: 1, valueBytes: 32 };
  await compareWithReference('SET, 32 bytes, one at a time', { ...load, command: SET });
  const prepare = (port: number) => fill(port, load.keys, load.valueBytes);
  await compareWithReference('GET, 32 bytes, one at a time', { ...load, command: GET, prepare });
}
