/** LATENCY DOCTOR: the events of the latency monitor in words, with what may help. */
import type { ConfigValues } from './config-table.js';
import type { LatencyEvent } from './latency.js';

const DISABLED = `I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Valkey instance. You may use "CONFIG SET latency-monitor-threshold <milliseconds>." in order to enable it.\n`;
const NOTHING =
  'No latency spike has been seen since this server started, or since LATENCY RESET: all is well.\n';

/** What may help against events whose name starts with the word. */
const ADVICE: readonly (readonly [event: string, advice: string])[] = [
  ['command', 'Look at the slow log (SLOWLOG GET) for the commands that took long.'],
  ['fast-command', 'A command that is fast by itself was held up: the machine may be overloaded.'],
  ['command', 'Deleting large values takes time: use UNLINK, or split them.'],
  ['aof', 'Writing the append-only file is slow: use a faster disk, or appendfsync everysec.'],
  ['expire-cycle', 'Many keys expire at the same moment: spread their expiry times.'],
  ['eviction', 'Keys are evicted often: raise maxmemory, or set lazyfree-lazy-eviction.'],
  ['rdb', 'Saving the data set is slow: use a faster disk, or save less often.'],
];

/** The report, as text of several lines. */
export function latencyReport(
  events: ReadonlyMap<string, LatencyEvent>,
  values: ConfigValues,
): string {
  if (events.size === 0) return values.latencyMonitorThreshold === 0 ? DISABLED : NOTHING;
  let text = 'Latency spikes are observed in this Valkey instance.\n\n';
  let number = 1;
  for (const [name, event] of events) text += `${number++}. ${describe(name, event)}\n`;
  text += '\nHere is some advice for you:\n\n';
  for (const advice of adviceFor([...events.keys()], values)) text += `- ${advice}\n`;
  return text;
}

function describe(name: string, event: LatencyEvent): string {
  const samples = event.samples.toArray();
  const count = samples.length;
  const mean = samples.reduce((sum, { ms }) => sum + ms, 0) / count;
  const deviation = samples.reduce((sum, { ms }) => sum + Math.abs(ms - mean), 0) / count;
  const spanSeconds = (samples[count - 1]?.atSeconds ?? 0) - (samples[0]?.atSeconds ?? 0);
  const period = count > 1 ? spanSeconds / (count - 1) : 1;
  return (
    `${name}: ${count} latency spikes (average ${Math.floor(mean)}ms, ` +
    `mean deviation ${Math.floor(deviation)}ms, period ${period.toFixed(2)} sec). ` +
    `Worst all time event ${event.worstMs}ms.`
  );
}

function adviceFor(names: readonly string[], values: ConfigValues): string[] {
  const advice: string[] = [];
  const thresholdUsec = values.latencyMonitorThreshold * 1000;
  const logged = values.commandlogExecutionSlowerThan;
  if (names.includes('command') && (logged < 0 || logged > thresholdUsec)) {
    advice.push(
      `The slow log leaves out spikes that count here: CONFIG SET slowlog-log-slower-than ${thresholdUsec}.`,
    );
  }
  for (const [event, text] of ADVICE) {
    if (names.some((name) => name.startsWith(event))) advice.push(text);
  }
  if (advice.length === 0) advice.push('Look at what else this machine does at those times.');
  return advice;
}
