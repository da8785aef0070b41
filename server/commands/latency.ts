/** LATENCY: what took long, and how long each command takes. */
import { type Command, command, container } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import { noLatencySamples } from '../../protocol/refusals.js';
import { text } from '../../protocol/spec.js';
import type { CommandEntry } from '../command-table.js';
import { latencyReport } from '../latency-doctor.js';
import { latencyGraph } from '../latency-graph.js';
import type { ServerCall } from '../server-call.js';

const SHARED = { group: 'server', since: '2.8.13', complexity: 'O(1)' } as const;
const ADMIN = {
  ...SHARED,
  flags: ['admin', 'loading', 'noscript', 'stale'],
  acl: ['dangerous'],
} as const;
const TIPS = [
  'nondeterministic_output',
  'request_policy:all_nodes',
  'response_policy:special',
] as const;

const doctor = command(
  { ...ADMIN, name: 'latency|doctor', arity: 2, tips: TIPS, summary: 'Explains what took long.' },
  (call: ServerCall) => {
    const { latency, config } = call.server;
    call.reply.verbatim('txt', latencyReport(latency.events, config.values));
  },
);

const graph = command(
  {
    ...ADMIN,
    name: 'latency|graph',
    arity: 3,
    tips: TIPS,
    args: [text('event')],
    summary: 'Draws the samples of an event.',
  },
  (call: ServerCall) => {
    const name = call.text(2);
    const event = call.server.latency.events.get(name);
    if (!event) throw noLatencySamples(name);
    const nowSeconds = Math.floor(call.clock.now() / 1000);
    call.reply.verbatim('txt', latencyGraph(name, event, nowSeconds));
  },
);

const history = command(
  {
    ...ADMIN,
    name: 'latency|history',
    arity: 3,
    tips: TIPS,
    args: [text('event')],
    summary: 'Tells the samples of an event.',
  },
  (call: ServerCall) => {
    const samples = call.server.latency.events.get(call.text(2))?.samples.toArray() ?? [];
    call.reply.array(samples.length);
    for (const { atSeconds, ms } of samples) {
      call.reply.array(2);
      call.reply.integer(atSeconds);
      call.reply.integer(ms);
    }
  },
);

const latest = command(
  {
    ...ADMIN,
    name: 'latency|latest',
    arity: 2,
    tips: TIPS,
    summary: 'Tells the last sample of every event.',
  },
  (call: ServerCall) => {
    const { events } = call.server.latency;
    call.reply.array(events.size);
    for (const [name, event] of events) {
      const last = event.samples.peekBack();
      call.reply.array(6);
      call.reply.text(name);
      call.reply.integer(last?.atSeconds ?? 0);
      call.reply.integer(last?.ms ?? 0);
      call.reply.integer(event.worstMs);
      call.reply.integer(event.sumMs);
      call.reply.integer(event.count);
    }
  },
);

const reset = command(
  {
    ...ADMIN,
    name: 'latency|reset',
    arity: -2,
    tips: ['request_policy:all_nodes', 'response_policy:agg_sum'],
    args: [text('event', { optional: true, multiple: true })],
    summary: 'Forgets events: all, or those named.',
  },
  (call: ServerCall) => {
    const { latency } = call.server;
    let count = call.argc === 2 ? latency.reset() : 0;
    for (let i = 2; i < call.argc; i++) count += latency.reset(call.text(i));
    call.reply.integer(count);
  },
);

const histogram = command(
  {
    ...ADMIN,
    name: 'latency|histogram',
    since: '7.0.0',
    arity: -2,
    tips: TIPS,
    args: [text('command', { optional: true, multiple: true })],
    complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
    summary: 'Tells how many calls of each command took how long.',
  },
  (call: ServerCall) => {
    const { commands } = call.server;
    let named: readonly CommandEntry[] = commands.all;
    if (call.argc > 2) {
      const names = Array.from({ length: call.argc - 2 }, (_, i) => call.text(i + 2));
      named = names.map((name) => commands.named(name)).filter((entry) => entry !== undefined);
    }
    const measured = named.flatMap(withSubcommands).filter(({ latency }) => latency !== null);
    call.reply.map(measured.length);
    for (const entry of measured) replyHistogram(call, entry);
  },
);

function withSubcommands(entry: CommandEntry): CommandEntry[] {
  return [entry, ...(entry.subcommands?.all ?? [])];
}

function replyHistogram({ reply }: ServerCall, entry: CommandEntry): void {
  const buckets = entry.latency?.buckets() ?? [];
  reply.text(entry.fullName);
  reply.map(2);
  reply.text('calls');
  reply.integer(buckets.at(-1)?.count ?? 0);
  reply.text('histogram_usec');
  reply.map(buckets.length);
  for (const { usec, count } of buckets) {
    reply.integer(usec);
    reply.integer(count);
  }
}

const help = command(
  {
    ...SHARED,
    name: 'latency|help',
    arity: 2,
    flags: ['loading', 'stale'],
    summary: 'Explains the subcommands of LATENCY.',
  },
  (call) =>
    replyHelp(call, 'LATENCY', [
      'DOCTOR',
      '    Return a human readable latency analysis report.',
      'GRAPH <event>',
      '    Return an ASCII latency graph for the <event> class.',
      'HISTORY <event>',
      '    Return time-latency samples for the <event> class.',
      'LATEST',
      '    Return the latest latency samples for all events.',
      'RESET [<event> ...]',
      '    Reset latency data of one or more <event> classes.',
      '    (default: reset all data for all event classes)',
      'HISTOGRAM [COMMAND ...]',
      '    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.',
      '    If no commands are specified then all histograms are replied.',
    ]),
);

const latency = container(
  {
    ...SHARED,
    name: 'latency',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Holds the commands about latency.',
  },
  [doctor, graph, help, histogram, history, latest, reset],
);

export const LATENCY_COMMANDS: readonly Command[] = [latency];
