/** How long is a client kept waiting at worst, while millions of keys are inserted and tables grow? */
import { connect } from '../tests/helpers/wire.js';
import { fill } from './load.js';
import type { BenchOptions } from './options.js';
import { report, title } from './report.js';
import { type Contestant, MeasuredServer, watchedContestants } from './servers.js';

/** Few, so that a PING does not wait for its turn but for the server. */
const INSERTING_CLIENTS = 2;

interface Waits {
  readonly longestMs: number;
  /** 999 of 1000 PINGs waited less. */
  readonly usualMs: number;
  /** The longest turn of the event loop, if that is known. */
  readonly turnMs: number;
}

/** Sends one PING after the other until `until` is settled. */
async function pingUntil(port: number, until: Promise<void>): Promise<Omit<Waits, 'turnMs'>> {
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

async function waitsWhileFilling(contestant: Contestant, keys: number): Promise<Waits> {
  const server = await MeasuredServer.start(contestant);
  try {
    // What it takes to start is another question.
    if (contestant.isWatched) await server.longestTurnMs();
    const waits = await pingUntil(server.port, fill(server.port, keys, 32, INSERTING_CLIENTS));
    return { ...waits, turnMs: contestant.isWatched ? await server.longestTurnMs() : Number.NaN };
  } finally {
    await server.stop();
  }
}

export async function growthStall({ growthKeys }: BenchOptions): Promise<void> {
  const [watched, reference] = watchedContestants();
  const ours = await waitsWhileFilling(watched, growthKeys);
  const real = await waitsWhileFilling(reference, growthKeys);
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
  report({ name: 'longest turn, ms', ours: [ours.turnMs], real: [real.turnMs], digits: 2 });
}
