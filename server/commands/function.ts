/** FUNCTION: libraries of functions. */
import { command, container } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import { globMatch } from '../../protocol/bytes.js';
import {
  FUNCTION_FLUSH_MODE,
  NO_LIBRARY_PATTERN,
  unknownFunctionOption,
  unknownListArgument,
  WRONG_RESTORE_POLICY,
  wrongSubcommandArity,
} from '../../protocol/refusals.js';
import type { ReplyWriter } from '../../protocol/reply.js';
import { oneOf, optional, text, word } from '../../protocol/spec.js';
import type { Library } from '../scripts/function-library.js';
import { dumpLibraries, readLibraries } from '../scripts/function-payload.js';
import type { RestorePolicy } from '../scripts/functions.js';
import { scriptFlagNames } from '../scripts/script-flags.js';
import type { ServerCall } from '../server-call.js';
import { isFlushMode } from './script.js';

const SHARED = { group: 'scripting', since: '7.0.0', acl: ['scripting'] } as const;
const ON_ALL_SHARDS = ['request_policy:all_shards', 'response_policy:all_succeeded'];
const ENGINE = 'LUA';

const load = command(
  {
    ...SHARED,
    name: 'function|load',
    arity: -3,
    flags: ['denyoom', 'noscript', 'write'],
    tips: ON_ALL_SHARDS,
    args: [optional(word('REPLACE')), text('function-code')],
    complexity: 'O(1) (considering compilation time is redundant)',
    summary: 'Makes a library.',
  },
  (call: ServerCall) => {
    const last = call.argc - 1;
    for (let i = 2; i < last; i++) {
      if (!call.is(i, 'replace')) throw unknownFunctionOption(call.text(i));
    }
    const { effects, reply, server } = call;
    const name = server.scripts.functions.load(
      call.server.scripts.args.text(call.request, last),
      last > 2,
    );
    effects.dirty++;
    reply.latin1(name);
  },
);

const remove = command(
  {
    ...SHARED,
    name: 'function|delete',
    arity: 3,
    flags: ['noscript', 'write'],
    tips: ON_ALL_SHARDS,
    args: [text('library-name')],
    complexity: 'O(1)',
    summary: 'Deletes a library and its functions.',
  },
  (call: ServerCall) => {
    call.server.scripts.functions.delete(call.server.scripts.args.text(call.request, 2));
    call.effects.dirty++;
    call.reply.ok();
  },
);

interface ListOptions {
  readonly pattern: Uint8Array | null;
  readonly withCode: boolean;
}

function readListOptions(call: ServerCall): ListOptions {
  let pattern: Uint8Array | null = null;
  let withCode = false;
  for (let i = 2; i < call.argc; i++) {
    if (!withCode && call.is(i, 'withcode')) withCode = true;
    else if (pattern === null && call.is(i, 'libraryname')) {
      i++;
      if (i >= call.argc) throw NO_LIBRARY_PATTERN;
      pattern = call.bytes(i);
    } else throw unknownListArgument(call.text(i));
  }
  return { pattern, withCode };
}

function matches({ name }: Library, pattern: Uint8Array): boolean {
  const bytes = Buffer.from(name, 'latin1');
  return globMatch(pattern, 0, pattern.length, bytes, 0, bytes.length, true);
}

function replyLibrary(reply: ReplyWriter, library: Library, withCode: boolean): void {
  reply.map(withCode ? 4 : 3);
  reply.text('library_name');
  reply.latin1(library.name);
  reply.text('engine');
  reply.text(ENGINE);
  reply.text('functions');
  reply.array(library.functions.length);
  for (const { name, description, flags } of library.functions) {
    reply.map(3);
    reply.text('name');
    reply.latin1(name);
    reply.text('description');
    if (description === null) reply.nil();
    else reply.latin1(description);
    reply.text('flags');
    const names = scriptFlagNames(flags);
    reply.set(names.length);
    for (const each of names) reply.simple(each);
  }
  if (!withCode) return;
  reply.text('library_code');
  reply.latin1(library.source);
}

const list = command(
  {
    ...SHARED,
    name: 'function|list',
    arity: -2,
    flags: ['noscript'],
    tips: ['nondeterministic_output_order'],
    args: [
      optional(text('library-name-pattern', { token: 'LIBRARYNAME' })),
      optional(word('WITHCODE')),
    ],
    complexity: 'O(N) where N is the number of functions',
    summary: 'Lists libraries and their functions.',
  },
  (call: ServerCall) => {
    const { pattern, withCode } = readListOptions(call);
    const { reply, server } = call;
    const libraries = [...server.scripts.functions.libraries];
    const found = libraries.filter((each) => pattern === null || matches(each, pattern));
    reply.array(found.length);
    for (const library of found) replyLibrary(reply, library, withCode);
  },
);

const flush = command(
  {
    ...SHARED,
    name: 'function|flush',
    arity: -2,
    flags: ['noscript', 'write'],
    tips: ON_ALL_SHARDS,
    args: [oneOf('flush-type', [word('ASYNC'), word('SYNC')], { optional: true })],
    complexity: 'O(N) where N is the number of functions deleted',
    summary: 'Deletes all libraries and functions.',
  },
  (call: ServerCall) => {
    if (call.argc > 3) throw wrongSubcommandArity(call.text(1), 'FUNCTION');
    if (call.argc === 3 && !isFlushMode(call, 2)) throw FUNCTION_FLUSH_MODE;
    call.server.scripts.flushFunctions();
    call.effects.dirty++;
    call.reply.ok();
  },
);

/** The function that was left in the middle: its name, how it was called, and for how long it runs. */
function replyRunning({ reply, server }: ServerCall): void {
  const { running } = server.scripts;
  if (running === null) return reply.nil();
  const { request } = running;
  reply.map(3);
  reply.text('name');
  reply.latin1(running.name);
  reply.text('command');
  reply.array(request.argc);
  for (let i = 0; i < request.argc; i++) reply.bulk(request.argument(i));
  reply.text('duration_ms');
  reply.integer(Math.floor(server.clock.elapsedMs() - running.startMs));
}

const stats = command(
  {
    ...SHARED,
    name: 'function|stats',
    arity: 2,
    flags: ['allow_busy', 'noscript'],
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    complexity: 'O(1)',
    summary: 'Tells of the function that is running, and how many there are.',
  },
  (call: ServerCall) => {
    const { reply, server } = call;
    const { functions, running, busyRefusal } = server.scripts;
    if (running?.kind === 'eval') throw busyRefusal;
    reply.map(2);
    reply.text('running_script');
    replyRunning(call);
    reply.text('engines');
    reply.map(1);
    reply.text(ENGINE);
    reply.map(2);
    reply.text('libraries_count');
    reply.integer(functions.libraryCount);
    reply.text('functions_count');
    reply.integer(functions.functionCount);
  },
);

const dump = command(
  {
    ...SHARED,
    name: 'function|dump',
    arity: 2,
    flags: ['noscript'],
    complexity: 'O(N) where N is the number of functions',
    summary: 'Returns all libraries as bytes for FUNCTION RESTORE.',
  },
  (call: ServerCall) => {
    const { functions } = call.server.scripts;
    call.reply.bulk(dumpLibraries([...functions.libraries].map(({ source }) => source)));
  },
);

function readPolicy(call: ServerCall): RestorePolicy {
  if (call.argc === 3 || call.is(3, 'append')) return 'append';
  if (call.is(3, 'flush')) return 'flush';
  if (call.is(3, 'replace')) return 'replace';
  throw WRONG_RESTORE_POLICY;
}

const restore = command(
  {
    ...SHARED,
    name: 'function|restore',
    arity: -3,
    flags: ['denyoom', 'noscript', 'write'],
    tips: ON_ALL_SHARDS,
    args: [
      text('serialized-value'),
      oneOf('policy', [word('FLUSH'), word('APPEND'), word('REPLACE')], { optional: true }),
    ],
    complexity: 'O(N) where N is the number of functions on the payload',
    summary: 'Loads the libraries of a payload.',
  },
  (call: ServerCall) => {
    if (call.argc > 4) throw wrongSubcommandArity(call.text(1), 'FUNCTION');
    const policy = readPolicy(call);
    const relaxed = call.server.config.values.rdbVersionCheck === 'relaxed';
    const sources = readLibraries(call.bytes(2), relaxed);
    call.server.scripts.functions.restore(sources, policy);
    call.effects.dirty++;
    call.reply.ok();
  },
);

const kill = command(
  {
    ...SHARED,
    name: 'function|kill',
    arity: 2,
    flags: ['allow_busy', 'noscript'],
    tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
    complexity: 'O(1)',
    summary: 'Ends the function that is running, if it has written nothing.',
  },
  (call: ServerCall) => {
    call.server.scripts.kill('function');
    call.reply.ok();
  },
);

const help = command(
  {
    ...SHARED,
    name: 'function|help',
    arity: 2,
    flags: ['loading', 'stale'],
    complexity: 'O(1)',
    summary: 'Lists the subcommands of FUNCTION.',
  },
  (call: ServerCall) => replyHelp(call, 'FUNCTION', HELP),
);

const HELP = [
  'LOAD [REPLACE] <FUNCTION CODE>',
  '    Create a new library with the given library name and code.',
  'DELETE <LIBRARY NAME>',
  '    Delete the given library.',
  'LIST [LIBRARYNAME PATTERN] [WITHCODE]',
  '    Return general information on all the libraries:',
  '    * Library name',
  '    * The engine used to run the Library',
  '    * Functions list',
  '    * Library code (if WITHCODE is given)',
  '    It also possible to get only function that matches a pattern using LIBRARYNAME argument.',
  'STATS',
  '    Return information about the current function running:',
  '    * Function name',
  '    * Command used to run the function',
  '    * Duration in MS that the function is running',
  '    If no function is running, return nil',
  '    In addition, returns a list of available engines.',
  'KILL',
  '    Kill the current running function.',
  'FLUSH [ASYNC|SYNC]',
  '    Delete all the libraries.',
  '    When called without the optional mode argument, the behavior is determined by the',
  '    lazyfree-lazy-user-flush configuration directive. Valid modes are:',
  '    * ASYNC: Asynchronously flush the libraries.',
  '    * SYNC: Synchronously flush the libraries.',
  'DUMP',
  '    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command',
  'RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]',
  '    Restore the libraries represented by the given payload, it is possible to give a restore policy to',
  '    control how to handle existing libraries (default APPEND):',
  '    * FLUSH: delete all existing libraries.',
  '    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.',
  '    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old',
  '      libraries with the new libraries (notice that even on this option there is a chance of failure',
  '      in case of functions name collision with another library).',
];

export const functionCommand = container(
  {
    name: 'function',
    group: 'scripting',
    since: '7.0.0',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'A container for commands about functions.',
  },
  [load, remove, list, flush, stats, dump, restore, kill, help],
);
