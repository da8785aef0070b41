/** How long is a client kept waiting at worst, while millions of keys are inserted and tables grow? */
import { connect } from '../tests/helpers/wire.js';
import { fill } from './load.js';
import type { BenchOptions } from './options.js';
import { report, title } from './report.js';
import { contestants, MeasuredServer } from './servers.js';

/** Few, so that a PING does not wait for its turn but for the server. */
const INSERTING_CLIENTS = 2;

interface Waits {
  readonly longestMs: number;
  /** 999 of 1000 PINGs waited less. */
  readonly usualMs: number;
}

/** Sends one PING after the other until `until` is settled. */
async function pingUntil(port: number, until: Promise<void>): Promise<Waits> {
  const wire = await connect(port);
  const waits: number[] = [];
  let going = true;
  const stop = () => {
    going = false;
  };
  until.then(stop, stop);
  while (going) {
    const sentAtMs = performance.now();
    await wire.send(['PING']);
    waits.push(performance.now() - sentAtMs);
  }
  wire.close();
  await until;
  waits.sort((a, b) => a - b);
  return {
    longestMs: waits.at(-1) ?? Number.NaN,
    usualMs: waits[Math.floor(waits.length * 0.999)] ?? Number.NaN,
  };
}

export async function growthStall({ growthKeys }: BenchOptions): Promise<void> {
  const both: Waits[] = [];
  for (const contestant of contestants()) {
    const server = await MeasuredServer.start(contestant);
    const filling = fill(server.port, growthKeys, 32, INSERTING_CLIENTS);
    both.push(await pingUntil(server.port, filling).finally(() => server.stop()));
  }
  const [ours, real] = both as [Waits, Waits];
  title(
    `PING while ${growthKeys.toLocaleString('en')} keys are inserted, ${INSERTING_CLIENTS} clients, pipeline 16`,
  );
  report({ name: 'longest wait, ms', ours: [ours.longestMs], real: [real.longestMs], digits: 2 });
  report({
    name: '99.9 % wait less than, ms',
    ours: [ours.usualMs],
    real: [real.usualMs],
    digits: 2,
  });
}
