/** MEMORY: what takes how much, and what may be wrong about it. */
import { type Command, container } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import { NONE } from '../../datatypes/store/arena.js';
import { SYNTAX_ERROR } from '../../protocol/refusals.js';
import { integer, key, keyArg } from '../../protocol/spec.js';
import { allocatorReport, memoryReport } from '../memory-report.js';
import { type MemoryFields, memoryStats } from '../memory-stats.js';
import type { ServerCall } from '../server-call.js';
import { serverCommand } from '../server-command.js';

const TIPS = [
  'nondeterministic_output',
  'request_policy:all_shards',
  'response_policy:special',
] as const;
/** Elements looked at when a request does not say how many. */
const STANDARD_SAMPLES = 5;
/** A key takes a slot in its table, and another one when it expires. */
const SLOT_BYTES = 8;

const doctor = serverCommand(
  {
    name: 'memory|doctor',
    group: 'server',
    since: '4.0.0',
    arity: 2,
    flags: [],
    tips: TIPS,
    complexity: 'O(1)',
    summary: 'Tells what may be wrong with the memory of the server.',
  },
  (call) => call.reply.verbatim('txt', memoryReport(call.server)),
);

const HELP = [
  'DOCTOR',
  '    Return memory problems reports.',
  'MALLOC-STATS',
  '    Return internal statistics report from the memory allocator.',
  'PURGE',
  '    Attempt to purge dirty pages for reclamation by the allocator.',
  'STATS',
  '    Return information about the memory usage of the server.',
  'USAGE <key> [SAMPLES <count>]',
  '    Return memory in bytes used by <key> and its value. Nested values are',
  '    sampled up to <count> times (default: 5, 0 means sample all).',
];

const help = serverCommand(
  {
    name: 'memory|help',
    group: 'server',
    since: '4.0.0',
    arity: 2,
    flags: ['loading', 'stale'],
    complexity: 'O(1)',
    summary: 'Tells what the subcommands do.',
  },
  (call) => replyHelp(call, 'MEMORY', HELP),
);

const mallocStats = serverCommand(
  {
    name: 'memory|malloc-stats',
    group: 'server',
    since: '4.0.0',
    arity: 2,
    flags: ['loading'],
    tips: TIPS,
    complexity: 'Depends on how much memory is allocated, could be slow',
    summary: 'Tells what the allocator holds, by size of blocks.',
  },
  (call) => call.reply.verbatim('txt', allocatorReport(call.server.arena)),
);

const purge = serverCommand(
  {
    name: 'memory|purge',
    group: 'server',
    since: '4.0.0',
    arity: 2,
    flags: ['loading'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    complexity: 'Depends on how much memory is allocated, could be slow',
    summary: 'Gives memory that is held and not used back to the system.',
  },
  (call) => {
    call.keyspace.lazyFree.drain();
    call.server.garbage.purge();
    call.reply.ok();
  },
);

const stats = serverCommand(
  {
    name: 'memory|stats',
    group: 'server',
    since: '4.0.0',
    arity: 2,
    flags: [],
    tips: TIPS,
    complexity: 'O(1)',
    summary: 'Tells in detail what memory is used for.',
  },
  (call) => replyFields(call, memoryStats(call.server)),
);

const usage = serverCommand(
  {
    name: 'memory|usage',
    group: 'server',
    since: '4.0.0',
    arity: -3,
    flags: ['readonly'],
    keys: [key(2, ['RO'])],
    args: [keyArg(), integer('count', { token: 'SAMPLES', optional: true })],
    complexity: 'O(N) where N is the number of samples.',
    summary: 'Tells how many bytes a key and its value take.',
  },
  (call) => {
    const samples = readSamples(call);
    const ref = call.db.peek(call.buffer, call.start(2), call.end(2));
    if (ref === NONE) return call.reply.nil();
    const slots = call.keyspace.entries.hasExpiry(ref) ? 2 : 1;
    call.reply.integer(call.keyspace.entryBytes(ref, samples) + slots * SLOT_BYTES);
  },
);

/** Reads `[SAMPLES count]...`; 0 is all. @throws {Refusal} On other words, and on negative counts. */
function readSamples(call: ServerCall): number {
  let samples = STANDARD_SAMPLES;
  for (let i = 3; i < call.argc; i += 2) {
    if (!call.is(i, 'samples') || i + 1 >= call.argc) throw SYNTAX_ERROR;
    samples = Number(call.bigint(i + 1));
    if (samples < 0) throw SYNTAX_ERROR;
  }
  return samples;
}

/** Writes fields as a map; a ratio is a double. */
function replyFields({ reply }: ServerCall, fields: MemoryFields): void {
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.text(name);
    if (typeof value === 'number') reply.integer(value);
    else if ('ratio' in value) reply.double(value.ratio);
    else {
      reply.map(value.fields.length);
      for (const [inner, bytes] of value.fields) {
        reply.text(inner);
        reply.integer(bytes);
      }
    }
  }
}

export const memory: Command = container(
  {
    name: 'memory',
    group: 'server',
    since: '4.0.0',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Holds the commands that look into memory.',
  },
  [doctor, help, mallocStats, purge, stats, usage],
);
