/** One load on both servers, in turn, for some rounds: throughput, and what a request costs. */
import { type Load, runLoad } from './load.js';
import { type Measure, median, ratiosOf, report, title } from './report.js';
import { type MeasuredServer, withBoth } from './servers.js';

export interface Comparison extends Load {
  readonly rounds: number;
  /** Puts there, before each round, what the load works on. Without it, what a round left is there in the next. */
  readonly prepare?: (port: number) => Promise<unknown>;
  /** Further settings for a server: asked for once a server. */
  readonly settings?: () => readonly string[];
}

interface Round {
  readonly requestsPerSecond: number;
  readonly cpuMicrosPerRequest: number;
}

/** Connections, and keys to choose from, unless a question is about those. */
export const USUAL = { clients: 50, keys: 1_000_000 } as const;

async function measure(server: MeasuredServer, load: Comparison): Promise<Round> {
  await load.prepare?.(server.port);
  const before = server.cpuMicros();
  const requestsPerSecond = await runLoad(server.port, load);
  return { requestsPerSecond, cpuMicrosPerRequest: (server.cpuMicros() - before) / load.requests };
}

/**
 * Prints requests per second and processor time per request of both servers, and their ratios. Resolves to
 * the ratio of the requests per second.
 *
 * The rounds take turns, so that whatever else the machine does meets both. The first is not counted: a server
 * is up for longer than its code takes to be compiled.
 */
export async function compareWithReference(name: string, comparison: Comparison): Promise<number> {
  const ours: Round[] = [];
  const real: Round[] = [];
  await withBoth(async (oursServer, realServer) => {
    await measure(oursServer, comparison);
    await measure(realServer, comparison);
    for (let round = 0; round < comparison.rounds; round++) {
      ours.push(await measure(oursServer, comparison));
      real.push(await measure(realServer, comparison));
    }
  }, comparison.settings);
  const both = (figure: keyof Round): Pick<Measure, 'ours' | 'real'> => ({
    ours: ours.map((round) => round[figure]),
    real: real.map((round) => round[figure]),
  });
  title(name);
  report({ name: 'requests/s', ...both('requestsPerSecond'), digits: 0 });
  report({ name: 'CPU µs/request', ...both('cpuMicrosPerRequest'), digits: 2 });
  return median(ratiosOf(both('requestsPerSecond')));
}
