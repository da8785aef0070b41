/** How long does a server take from the command line to its first connection? */
import type { BenchOptions } from './options.js';
import { report, title } from './report.js';
import { type Contestant, contestants, MeasuredServer } from './servers.js';

async function startMs(contestant: Contestant): Promise<number> {
  const beganAtMs = performance.now();
  const server = await MeasuredServer.start(contestant);
  const tookMs = performance.now() - beganAtMs;
  await server.stop();
  return tookMs;
}

export async function startUp({ rounds }: BenchOptions): Promise<void> {
  const [first, second] = contestants();
  const ours: number[] = [];
  const real: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await startMs(first));
    real.push(await startMs(second));
  }
  title('Start, until connections are accepted');
  report({ name: 'ms', ours, real, digits: 0 });
}
