/** What do a thousand clients cost that wait for a list, and are all woken by one push? */
import { connect, type WireConnection } from '../tests/helpers/wire.js';
import type { BenchOptions } from './options.js';
import { report, title } from './report.js';
import { type MeasuredServer, withBoth } from './servers.js';

const CLIENTS = 1000;
/** So often all of them wait and are woken in a round: what one takes is too little to be measured. */
const TIMES = 20;

interface Round {
  readonly wakesPerSecond: number;
  /** Of waiting and of being woken. */
  readonly cpuMicrosPerWake: number;
  /** From the push to the last client's reply. */
  readonly lastReplyMs: number;
}

async function untilBlocked(server: MeasuredServer): Promise<void> {
  while ((await server.info('clients', 'blocked_clients')) !== CLIENTS);
}

async function measure(
  server: MeasuredServer,
  clients: readonly WireConnection[],
  pusher: WireConnection,
): Promise<Round> {
  const elements = clients.map((_, i) => `element:${i}`);
  const before = server.cpuMicros();
  let pushingMs = 0;
  for (let i = 0; i < TIMES; i++) {
    const replies = clients.map((client) => client.send(['BLPOP', 'list', '0']));
    await untilBlocked(server);
    const startMs = performance.now();
    await Promise.all([pusher.send(['RPUSH', 'list', ...elements]), ...replies]);
    pushingMs += performance.now() - startMs;
  }
  const wakes = CLIENTS * TIMES;
  return {
    wakesPerSecond: (wakes / pushingMs) * 1000,
    cpuMicrosPerWake: (server.cpuMicros() - before) / wakes,
    lastReplyMs: pushingMs / TIMES,
  };
}

async function connectAll(server: MeasuredServer): Promise<WireConnection[]> {
  const clients: WireConnection[] = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await connect(server.port));
  return clients;
}

export async function wakingClients({ rounds }: BenchOptions): Promise<void> {
  const ours: Round[] = [];
  const real: Round[] = [];
  await withBoth(async (oursServer, realServer) => {
    for (let round = 0; round < rounds; round++) {
      for (const [server, results] of [
        [oursServer, ours],
        [realServer, real],
      ] as const) {
        const clients = await connectAll(server);
        const pusher = await connect(server.port);
        results.push(await measure(server, clients, pusher));
        for (const client of [...clients, pusher]) client.close();
      }
    }
  });
  const both = (figure: keyof Round) => ({
    ours: ours.map((round) => round[figure]),
    real: real.map((round) => round[figure]),
  });
  title(`${CLIENTS.toLocaleString('en')} clients in BLPOP, woken by one RPUSH`);
  report({ name: 'wakes/s', ...both('wakesPerSecond'), digits: 0 });
  report({ name: 'CPU µs/wait and wake', ...both('cpuMicrosPerWake'), digits: 2 });
  report({ name: 'push to last reply, ms', ...both('lastReplyMs'), digits: 1 });
}
