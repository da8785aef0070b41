/** CONFIG: settings read, changed and written to the file while the server runs. */
import { container } from '../../datatypes/command.js';
import { replyHelp } from '../../datatypes/help.js';
import { latin1 } from '../../protocol/bytes.js';
import { configRewriteFailed, NO_CONFIG_FILE, SYNTAX_ERROR } from '../../protocol/refusals.js';
import { block, text } from '../../protocol/spec.js';
import { rewriteConfigFile } from '../config-rewrite.js';
import { systemErrorText } from '../config-table/system-error.js';
import { isLocal } from '../is-local.js';
import type { ServerCall } from '../server-call.js';
import { serverCommand } from '../server-command.js';

const ADMIN = {
  group: 'server',
  flags: ['admin', 'loading', 'noscript', 'stale'],
} as const;

/** What a cluster's client library does with a command for all nodes. */
const ON_ALL_NODES = ['request_policy:all_nodes', 'response_policy:all_succeeded'];

const HELP = [
  'GET <pattern>',
  '    Return parameters matching the glob-like <pattern> and their values.',
  'SET <directive> <value>',
  '    Set the configuration <directive> to <value>.',
  'RESETSTAT',
  '    Reset statistics reported by the INFO command.',
  'REWRITE',
  '    Rewrite the configuration file.',
];

function textsFrom(call: ServerCall, first: number): string[] {
  const texts: string[] = [];
  for (let i = first; i < call.argc; i++) texts.push(call.text(i));
  return texts;
}

const configGet = serverCommand(
  {
    ...ADMIN,
    name: 'config|get',
    since: '2.0.0',
    arity: -3,
    args: [text('parameter', { multiple: true })],
    complexity: 'O(N) when N is the number of configuration parameters provided',
    summary: 'Tells parameters and their values.',
    history: [['7.0.0', 'Several patterns may be given.']],
  },
  (call) => {
    const found = call.server.config.get(textsFrom(call, 2));
    call.reply.map(found.length);
    for (const [name, value] of found) {
      call.reply.bulk(latin1(name));
      call.reply.bulk(latin1(value));
    }
  },
);

/** Names and values in turn. @throws {Refusal} SYNTAX_ERROR when the last name has no value. */
function readPairs(call: ServerCall): [name: string, value: string][] {
  if (call.argc % 2) throw SYNTAX_ERROR;
  const pairs: [string, string][] = [];
  for (let i = 2; i < call.argc; i += 2) pairs.push([call.text(i), call.text(i + 1)]);
  return pairs;
}

const configSet = serverCommand(
  {
    ...ADMIN,
    name: 'config|set',
    since: '2.0.0',
    arity: -4,
    tips: ON_ALL_NODES,
    args: [block('data', [text('parameter'), text('value')], { multiple: true })],
    complexity: 'O(N) when N is the number of configuration parameters provided',
    summary: 'Changes parameters while the server runs: all of those given, or none.',
    history: [['7.0.0', 'Several parameters may be set at once.']],
  },
  (call) => {
    const pairs = readPairs(call);
    const { config } = call.server;
    const { enableProtectedConfigs } = config.values;
    const protectedAllowed =
      enableProtectedConfigs === 'yes' ||
      (enableProtectedConfigs === 'local' && isLocal(call.client));
    const loading = call.server.loading.inProgress;
    const refused = config.set(pairs, { protectedAllowed, loading });
    if (refused !== undefined) throw refused;
    call.reply.ok();
  },
);

const configRewrite = serverCommand(
  {
    ...ADMIN,
    name: 'config|rewrite',
    since: '2.8.0',
    arity: 2,
    tips: ON_ALL_NODES,
    complexity: 'O(1)',
    summary: 'Writes the present settings to the configuration file.',
  },
  (call) => {
    const { config, log } = call.server;
    if (config.file === undefined) throw NO_CONFIG_FILE;
    try {
      rewriteConfigFile(config.file, config);
    } catch (error) {
      const reason = systemErrorText(error);
      log.warning(`CONFIG REWRITE failed: ${reason}`);
      throw configRewriteFailed(reason);
    }
    log.notice('CONFIG REWRITE executed with success.');
    call.reply.ok();
  },
);

const configResetStat = serverCommand(
  {
    ...ADMIN,
    name: 'config|resetstat',
    since: '2.0.0',
    arity: 2,
    tips: ON_ALL_NODES,
    complexity: 'O(1)',
    summary: 'Sets the counters that INFO tells back to zero.',
  },
  (call) => {
    call.server.resetStats();
    call.reply.ok();
  },
);

const configHelp = serverCommand(
  {
    name: 'config|help',
    group: 'server',
    since: '5.0.0',
    arity: 2,
    flags: ['loading', 'stale'],
    complexity: 'O(1)',
    summary: 'Tells about the subcommands.',
  },
  (call) => replyHelp(call, 'CONFIG', HELP),
);

export const config = container(
  {
    name: 'config',
    group: 'server',
    since: '2.0.0',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'A container for commands about the settings.',
  },
  [configGet, configSet, configRewrite, configResetStat, configHelp],
);
