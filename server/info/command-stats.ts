/** INFO commandstats, errorstats and latencystats: the books of commands. */
import type { CommandEntry } from '../command-table.js';
import type { Server } from '../server.js';
import type { InfoSection } from './section.js';

function* allCommands({ commands }: Server): Generator<CommandEntry> {
  for (const entry of commands.all) {
    yield entry;
    if (entry.subcommands) yield* entry.subcommands.all;
  }
}

export const COMMAND_STATS: InfoSection = {
  name: 'commandstats',
  title: 'Commandstats',
  shown: 'all',
  *fields(server) {
    for (const entry of allCommands(server)) {
      const { fullName, calls, rejectedCalls, failedCalls } = entry;
      if (calls + rejectedCalls + failedCalls === 0) continue;
      // Calls that were timed together have parts of microseconds each.
      const usec = Math.floor(entry.usec);
      const perCall = (calls === 0 ? 0 : usec / calls).toFixed(2);
      yield [
        `cmdstat_${fullName}`,
        `calls=${calls},usec=${usec},usec_per_call=${perCall},` +
          `rejected_calls=${rejectedCalls},failed_calls=${failedCalls}`,
      ];
    }
  },
};

export const ERROR_STATS: InfoSection = {
  name: 'errorstats',
  title: 'Errorstats',
  shown: 'default',
  *fields({ stats }) {
    const codes = [...stats.errorsByCode].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [code, count] of codes) yield [`errorstat_${code}`, `count=${count}`];
  },
};

export const LATENCY_STATS: InfoSection = {
  name: 'latencystats',
  title: 'Latencystats',
  shown: 'all',
  *fields(server) {
    const { latencyTracking, latencyTrackingInfoPercentiles: wanted } = server.config.values;
    if (!latencyTracking) return;
    for (const { fullName, latency } of allCommands(server)) {
      if (latency === null) continue;
      const values = latency.percentilesUsec(wanted);
      const shown = wanted.map((percentile, i) => `p${percentile}=${values[i]?.toFixed(3)}`);
      yield [`latency_percentiles_usec_${fullName}`, shown.join(',')];
    }
  },
};
