/** COMMAND: what the server's commands are, and which of a request's arguments are keys. */
import { type Command, command, container } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import { globMatch, latin1 } from '../../protocol/bytes.js';
import {
  INVALID_ARGUMENT_COUNT_FOR_COMMAND,
  INVALID_ARGUMENTS_FOR_COMMAND,
  INVALID_COMMAND,
  NO_KEY_ARGUMENTS,
  SYNTAX_ERROR,
} from '../../protocol/refusals.js';
import { Request } from '../../protocol/request.js';
import { type CommandSpec, oneOf, pattern, text } from '../../protocol/spec.js';
import { aclCategories, orderedKeyFlags } from '../command-facts.js';
import type { CommandEntry } from '../command-table.js';
import { findKeys, mayHaveKeys } from '../key-finder.js';
import { ServerCall } from '../server-call.js';
import { writeDocs, writeInfo, writeWords } from './command-docs.js';

const SHARED = {
  group: 'server',
  since: '2.8.13',
  flags: ['loading', 'stale'],
  acl: ['connection'],
} as const;
const UNORDERED = ['nondeterministic_output_order'] as const;
const NAMES = [text('command-name', { optional: true, multiple: true })];
const FULL_COMMAND = [text('command'), text('arg', { optional: true, multiple: true })];

const COMMAND: CommandSpec = {
  ...SHARED,
  name: 'command',
  arity: -1,
  tips: UNORDERED,
  complexity: 'O(N) where N is the total number of commands',
  summary: 'Describes every command of this server.',
};

const count = command(
  {
    ...SHARED,
    name: 'command|count',
    arity: 2,
    complexity: 'O(1)',
    summary: 'Counts the commands of this server.',
  },
  (call: ServerCall) => call.reply.integer(call.server.commands.all.length),
);

const docs = command(
  {
    ...SHARED,
    name: 'command|docs',
    since: '7.0.0',
    arity: -2,
    tips: UNORDERED,
    args: NAMES,
    complexity: 'O(N) where N is the number of commands to look up',
    summary: 'Documents commands: all of them, or those named.',
  },
  (call: ServerCall) => {
    const { reply, server } = call;
    const found: CommandEntry[] = [];
    for (let i = 2; i < call.argc; i++) {
      const entry = server.commands.named(call.text(i));
      if (entry) found.push(entry);
    }
    const entries = call.argc === 2 ? server.commands.all : found;
    reply.map(entries.length);
    for (const entry of entries) {
      reply.text(entry.fullName);
      writeDocs(reply, entry);
    }
  },
);

const info = command(
  {
    ...SHARED,
    name: 'command|info',
    arity: -2,
    tips: UNORDERED,
    args: NAMES,
    complexity: 'O(N) where N is the number of commands to look up',
    summary: 'Describes commands: all of them, or those named.',
  },
  (call: ServerCall) => {
    const { reply, server } = call;
    if (call.argc === 2) return describeAll(call);
    reply.array(call.argc - 2);
    for (let i = 2; i < call.argc; i++) {
      const entry = server.commands.named(call.text(i));
      if (entry) writeInfo(reply, entry);
      else reply.nil();
    }
  },
);

function describeAll(call: ServerCall): void {
  const { all } = call.server.commands;
  call.reply.array(all.length);
  for (const entry of all) writeInfo(call.reply, entry);
}

const list = command(
  {
    ...SHARED,
    name: 'command|list',
    since: '7.0.0',
    arity: -2,
    tips: UNORDERED,
    args: [
      oneOf(
        'filterby',
        [
          text('module-name', { token: 'MODULE' }),
          text('category', { token: 'ACLCAT' }),
          pattern('pattern', { token: 'PATTERN' }),
        ],
        { token: 'FILTERBY', optional: true },
      ),
    ],
    complexity: 'O(N) where N is the total number of commands',
    summary: 'Lists the names of commands.',
  },
  (call: ServerCall) => {
    const keep = readFilter(call);
    const names: string[] = [];
    for (const entry of withSubcommands(call.server.commands.all)) {
      if (keep(entry)) names.push(entry.fullName);
    }
    call.reply.array(names.length);
    for (const name of names) call.reply.text(name);
  },
);

function* withSubcommands(entries: readonly CommandEntry[]): Generator<CommandEntry> {
  for (const entry of entries) {
    yield entry;
    if (entry.subcommands) yield* withSubcommands(entry.subcommands.all);
  }
}

/** Reads `[FILTERBY MODULE|ACLCAT|PATTERN value]`. @throws {Refusal} SYNTAX_ERROR. */
function readFilter(call: ServerCall): (entry: CommandEntry) => boolean {
  if (call.argc === 2) return () => true;
  if (call.argc !== 5 || !call.is(2, 'filterby')) throw SYNTAX_ERROR;
  const value = call.text(4).toLowerCase();
  if (call.is(3, 'module')) return () => false;
  if (call.is(3, 'aclcat')) return ({ command }) => aclCategories(command.spec).includes(value);
  if (call.is(3, 'pattern')) return ({ fullName }) => matches(value, fullName);
  throw SYNTAX_ERROR;
}

function matches(glob: string, name: string): boolean {
  return globMatch(latin1(glob), 0, glob.length, latin1(name), 0, name.length, true);
}

/** The request that stands in the arguments from 2 on, as a call of its own. */
function innerCall(call: ServerCall): ServerCall {
  const request = new Request();
  request.bytes = call.buffer;
  for (let i = 2; i < call.argc; i++) request.push(call.start(i), call.end(i));
  const inner = new ServerCall(call.server, call.client);
  inner.request = request;
  return inner;
}

/** The keys of the request in the arguments. @throws {Refusal} When it is none, or has no keys. */
function keysOfArguments(call: ServerCall, inner: ServerCall) {
  const entry = call.server.commands.resolve(inner.request);
  if (!entry || (entry.subcommands && inner.argc > 1)) throw INVALID_COMMAND;
  if (!mayHaveKeys(entry.command)) throw NO_KEY_ARGUMENTS;
  if (!entry.arityFits(inner.argc)) throw INVALID_ARGUMENT_COUNT_FOR_COMMAND;
  const keys = findKeys(entry.command, inner) ?? [];
  if (keys.length === 0 && !entry.command.spec.flags.includes('no_mandatory_keys')) {
    throw INVALID_ARGUMENTS_FOR_COMMAND;
  }
  return keys;
}

const getkeys = command(
  {
    ...SHARED,
    name: 'command|getkeys',
    arity: -3,
    args: FULL_COMMAND,
    complexity: 'O(N) where N is the number of arguments to the command',
    summary: 'Tells the keys of a request.',
  },
  (call: ServerCall) => {
    const inner = innerCall(call);
    const keys = keysOfArguments(call, inner);
    call.reply.array(keys.length);
    for (const { index } of keys) call.reply.bulk(inner.bytes(index));
  },
);

const getkeysandflags = command(
  {
    ...SHARED,
    name: 'command|getkeysandflags',
    since: '7.0.0',
    arity: -3,
    args: FULL_COMMAND,
    complexity: 'O(N) where N is the number of arguments to the command',
    summary: 'Tells the keys of a request, and what becomes of each.',
  },
  (call: ServerCall) => {
    const inner = innerCall(call);
    const keys = keysOfArguments(call, inner);
    call.reply.array(keys.length);
    for (const { index, flags } of keys) {
      call.reply.array(2);
      call.reply.bulk(inner.bytes(index));
      writeWords(call.reply, orderedKeyFlags(flags));
    }
  },
);

const HELP = [
  '(no subcommand)',
  '    Return details about all commands.',
  'COUNT',
  '    Return the total number of commands in this server.',
  'LIST',
  '    Return a list of all commands in this server.',
  'INFO [<command-name> ...]',
  '    Return details about multiple commands.',
  '    If no command names are given, documentation details for all',
  '    commands are returned.',
  'DOCS [<command-name> ...]',
  '    Return documentation details about multiple commands.',
  '    If no command names are given, documentation details for all',
  '    commands are returned.',
  'GETKEYS <full-command>',
  '    Return the keys from a full command.',
  'GETKEYSANDFLAGS <full-command>',
  '    Return the keys and the access flags from a full command.',
];

const help = command(
  {
    ...SHARED,
    name: 'command|help',
    since: '5.0.0',
    arity: 2,
    complexity: 'O(1)',
    summary: 'Explains the subcommands of COMMAND.',
  },
  (call) => replyHelp(call, 'COMMAND', HELP),
);

/** A container that can also be called by itself. */
const commandCommand: Command = {
  ...container(COMMAND, [count, docs, getkeys, getkeysandflags, help, info, list]),
  run(call: ServerCall) {
    describeAll(call);
  },
};

export const COMMAND_COMMANDS: readonly Command[] = [commandCommand];
