/** COMMANDLOG, and SLOWLOG, which is its log of slow calls. */
import { type Command, command, container } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import {
  LOG_COUNT_TOO_LOW,
  UNKNOWN_LOG_KIND,
  wrongSubcommandArity,
} from '../../protocol/refusals.js';
import { integer, oneOf, word } from '../../protocol/spec.js';
import { LOG_KINDS, type LogKind } from '../command-log.js';
import type { ServerCall } from '../server-call.js';

const SHARED = { group: 'server', since: '8.1.0', flags: ['loading', 'stale'] } as const;
const SLOWLOG = { ...SHARED, since: '2.2.12' } as const;
const ADMIN = { flags: ['admin', 'loading', 'stale'], acl: ['dangerous'] } as const;
const GET_TIPS = ['request_policy:all_nodes', 'nondeterministic_output'] as const;
const LEN_TIPS = [
  'request_policy:all_nodes',
  'response_policy:agg_sum',
  'nondeterministic_output',
] as const;
const RESET_TIPS = ['request_policy:all_nodes', 'response_policy:all_succeeded'] as const;
const KIND_ARGUMENT = oneOf(
  'type',
  LOG_KINDS.map((kind) => word(kind.toUpperCase())),
);

/** How many entries SLOWLOG GET shows when no count is given. */
const USUAL_COUNT = 10;

/** Reads the kind of log in argument `i`. @throws {Refusal} UNKNOWN_LOG_KIND. */
function readKind(call: ServerCall, i: number): LogKind {
  const kind = LOG_KINDS.find((one) => call.is(i, one));
  if (kind === undefined) throw UNKNOWN_LOG_KIND;
  return kind;
}

/** Reads how many entries are wanted: -1 for all. @throws {Refusal} LOG_COUNT_TOO_LOW. */
function readCount(call: ServerCall, i: number): number {
  const count = call.bigint(i, LOG_COUNT_TOO_LOW);
  if (count < -1n) throw LOG_COUNT_TOO_LOW;
  return count === -1n ? Number.POSITIVE_INFINITY : Number(count);
}

function replyEntries(call: ServerCall, kind: LogKind, count: number): void {
  const { reply } = call;
  const entries = call.server.commandLog.latest(kind, count);
  reply.array(entries.length);
  for (const { id, atSeconds, amount, args, address, clientName } of entries) {
    reply.array(6);
    reply.integer(id);
    reply.integer(atSeconds);
    reply.integer(amount);
    reply.array(args.length);
    for (const argument of args) reply.bulk(argument);
    reply.text(address);
    reply.bulk(Buffer.from(clientName, 'latin1'));
  }
}

const commandlog = container(
  {
    ...SHARED,
    name: 'commandlog',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Holds the commands about the logs of slow and large calls.',
  },
  [
    command(
      {
        ...SHARED,
        ...ADMIN,
        name: 'commandlog|get',
        arity: 4,
        tips: GET_TIPS,
        args: [integer('count'), KIND_ARGUMENT],
        complexity: 'O(N) where N is the number of entries returned',
        summary: 'Shows the latest entries of a log.',
      },
      (call: ServerCall) => {
        const count = readCount(call, 2);
        replyEntries(call, readKind(call, 3), count);
      },
    ),
    command(
      {
        ...SHARED,
        ...ADMIN,
        name: 'commandlog|len',
        arity: 3,
        tips: LEN_TIPS,
        args: [KIND_ARGUMENT],
        complexity: 'O(1)',
        summary: 'Counts the entries of a log.',
      },
      (call: ServerCall) => call.reply.integer(call.server.commandLog.length(readKind(call, 2))),
    ),
    command(
      {
        ...SHARED,
        ...ADMIN,
        name: 'commandlog|reset',
        arity: 3,
        tips: RESET_TIPS,
        args: [KIND_ARGUMENT],
        complexity: 'O(N) where N is the number of entries in the commandlog',
        summary: 'Empties a log.',
      },
      (call: ServerCall) => {
        call.server.commandLog.reset(readKind(call, 2));
        call.reply.ok();
      },
    ),
    command(
      {
        ...SHARED,
        name: 'commandlog|help',
        arity: 2,
        complexity: 'O(1)',
        summary: 'Explains the subcommands of COMMANDLOG.',
      },
      (call) =>
        replyHelp(call, 'COMMANDLOG', [
          'GET <count> <type>',
          '    Return top <count> entries of the specified <type> from the commandlog (-1 mean all).',
          '    Entries are made of:',
          '    id, timestamp,',
          '        time in microseconds for type of slow,',
          '        or size in bytes for type of large-request,',
          '        or size in bytes for type of large-reply',
          '    arguments array, client IP and port,',
          '    client name',
          'LEN <type>',
          '    Return the length of the specified type of commandlog.',
          'RESET <type>',
          '    Reset the specified type of commandlog.',
        ]),
    ),
  ],
);

const slowlog = container(
  {
    ...SLOWLOG,
    name: 'slowlog',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Holds the commands about the log of slow calls.',
  },
  [
    command(
      {
        ...SLOWLOG,
        ...ADMIN,
        name: 'slowlog|get',
        arity: -2,
        tips: GET_TIPS,
        args: [integer('count', { optional: true })],
        complexity: 'O(N) where N is the number of entries returned',
        summary: 'Shows the latest slow calls.',
      },
      (call: ServerCall) => {
        if (call.argc > 3) throw wrongSubcommandArity(call.text(1), 'SLOWLOG');
        replyEntries(call, 'slow', call.argc === 3 ? readCount(call, 2) : USUAL_COUNT);
      },
    ),
    command(
      {
        ...SLOWLOG,
        ...ADMIN,
        name: 'slowlog|len',
        arity: 2,
        tips: LEN_TIPS,
        complexity: 'O(1)',
        summary: 'Counts the slow calls in the log.',
      },
      (call: ServerCall) => call.reply.integer(call.server.commandLog.length('slow')),
    ),
    command(
      {
        ...SLOWLOG,
        ...ADMIN,
        name: 'slowlog|reset',
        arity: 2,
        tips: RESET_TIPS,
        complexity: 'O(N) where N is the number of entries in the slowlog',
        summary: 'Empties the log of slow calls.',
      },
      (call: ServerCall) => {
        call.server.commandLog.reset('slow');
        call.reply.ok();
      },
    ),
    command(
      {
        ...SLOWLOG,
        name: 'slowlog|help',
        since: '6.2.0',
        arity: 2,
        complexity: 'O(1)',
        summary: 'Explains the subcommands of SLOWLOG.',
      },
      (call) =>
        replyHelp(call, 'SLOWLOG', [
          'GET [<count>]',
          '    Return top <count> entries from the slowlog (default: 10, -1 mean all).',
          '    Entries are made of:',
          '    id, timestamp, time in microseconds, arguments array, client IP and port,',
          '    client name',
          'LEN',
          '    Return the length of the slowlog.',
          'RESET',
          '    Reset the slowlog.',
        ]),
    ),
  ],
);

export const COMMANDLOG_COMMANDS: readonly Command[] = [commandlog, slowlog];
