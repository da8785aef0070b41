/** SCRIPT: the cache of scripts, and ending one that takes too long. */
import { command, container } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import {
  NO_SCRIPT,
  noSuchEngineToDebug,
  SCRIPT_DEBUG_IN_PIPELINE,
  SCRIPT_DEBUG_MODE,
  SCRIPT_FLUSH_MODE,
  wrongSubcommandArity,
} from '../../protocol/refusals.js';
import { many, oneOf, text, word } from '../../protocol/spec.js';
import type { DebugMode } from '../client.js';
import type { ServerCall } from '../server-call.js';

const SHARED = { group: 'scripting', acl: ['scripting'] } as const;

const load = command(
  {
    ...SHARED,
    name: 'script|load',
    since: '2.6.0',
    arity: 3,
    flags: ['noscript', 'stale'],
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    args: [text('script')],
    complexity: 'O(N) with N being the length in bytes of the script body.',
    summary: 'Takes a script into the cache.',
  },
  (call: ServerCall) => {
    const script = call.server.scripts.scriptOf(
      call.server.scripts.args.text(call.request, 2),
      true,
    );
    call.reply.text(script.sha);
  },
);

const exists = command(
  {
    ...SHARED,
    name: 'script|exists',
    since: '2.6.0',
    arity: -3,
    flags: ['noscript', 'stale'],
    tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
    args: [many(text('sha1'))],
    complexity:
      'O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).',
    summary: 'Tells which scripts are in the cache.',
  },
  (call: ServerCall) => {
    const { reply, server } = call;
    reply.array(call.argc - 2);
    for (let i = 2; i < call.argc; i++) {
      const sha = call.text(i).toLowerCase();
      reply.integer(server.scripts.cache.peek(sha) === undefined ? 0 : 1);
    }
  },
);

const flush = command(
  {
    ...SHARED,
    name: 'script|flush',
    since: '2.6.0',
    arity: -2,
    flags: ['noscript', 'stale'],
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    args: [oneOf('flush-type', [word('ASYNC'), word('SYNC')], { since: '6.2.0', optional: true })],
    complexity: 'O(N) with N being the number of scripts in cache',
    summary: 'Empties the cache of scripts.',
  },
  (call: ServerCall) => {
    const isGood = call.argc === 2 || (call.argc === 3 && isFlushMode(call, 2));
    if (!isGood) throw SCRIPT_FLUSH_MODE;
    call.server.scripts.flushScripts();
    call.reply.ok();
  },
);

/** Whether argument `i` says when the memory is to be given back. Here the collector does that, in either case. */
export function isFlushMode(call: ServerCall, i: number): boolean {
  return call.is(i, 'sync') || call.is(i, 'async');
}

const kill = command(
  {
    ...SHARED,
    name: 'script|kill',
    since: '2.6.0',
    arity: 2,
    flags: ['allow_busy', 'noscript'],
    tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
    complexity: 'O(1)',
    summary: 'Ends the script that is running, if it has written nothing.',
  },
  (call: ServerCall) => {
    call.server.scripts.kill('eval');
    call.reply.ok();
  },
);

const show = command(
  {
    ...SHARED,
    name: 'script|show',
    since: '8.0.0',
    arity: 3,
    flags: ['noscript', 'stale'],
    args: [text('sha1')],
    complexity: 'O(1).',
    summary: 'Returns the text of a cached script.',
  },
  (call: ServerCall) => {
    const script = call.server.scripts.cache.peek(call.text(2).toLowerCase());
    if (script === undefined) throw NO_SCRIPT;
    call.reply.latin1(script.body);
  },
);

function readDebugMode(call: ServerCall): DebugMode | null {
  if (call.is(2, 'yes')) return 'copy';
  if (call.is(2, 'sync')) return 'sync';
  if (call.is(2, 'no')) return null;
  throw SCRIPT_DEBUG_MODE;
}

const debug = command(
  {
    ...SHARED,
    name: 'script|debug',
    since: '3.2.0',
    arity: -3,
    flags: ['noscript'],
    args: [
      oneOf('mode', [word('YES'), word('SYNC'), word('NO')]),
      text('engine', { since: '9.1.0', optional: true }),
    ],
    complexity: 'O(1)',
    summary: 'Sets whether scripts of this connection are run step by step.',
  },
  (call: ServerCall) => {
    if (call.argc > 4) throw wrongSubcommandArity(call.text(1), 'SCRIPT');
    if (call.reply.pendingBytes > 0) throw SCRIPT_DEBUG_IN_PIPELINE;
    const engine = call.argc > 3 ? call.text(3) : 'lua';
    if (engine.toLowerCase() !== 'lua') throw noSuchEngineToDebug(engine);
    call.client.debugMode = readDebugMode(call);
    call.reply.ok();
  },
);

const help = command(
  {
    ...SHARED,
    name: 'script|help',
    since: '5.0.0',
    arity: 2,
    flags: ['loading', 'stale'],
    complexity: 'O(1)',
    summary: 'Lists the subcommands of SCRIPT.',
  },
  (call: ServerCall) =>
    replyHelp(call, 'SCRIPT', [
      'DEBUG (YES|SYNC|NO) [<engine_name>]',
      '    Set the debug mode for subsequent scripts executed of the specified engine.',
      "    Default engine name: 'lua'",
      'EXISTS <sha1> [<sha1> ...]',
      '    Return information about the existence of the scripts in the script cache.',
      'FLUSH [ASYNC|SYNC]',
      '    Flush the Lua scripts cache. Very dangerous on replicas.',
      '    When called without the optional mode argument, the behavior is determined',
      '     by the lazyfree-lazy-user-flush configuration directive. Valid modes are:',
      '    * ASYNC: Asynchronously flush the scripts cache.',
      '    * SYNC: Synchronously flush the scripts cache.',
      'KILL',
      '    Kill the currently executing Lua script.',
      'LOAD <script>',
      '    Load a script into the scripts cache without executing it.',
      'SHOW <sha1>',
      '    Show a script from the scripts cache.',
    ]),
);

export const script = container(
  {
    name: 'script',
    group: 'scripting',
    since: '2.6.0',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'A container for commands about scripts.',
  },
  [load, exists, flush, kill, show, debug, help],
);
