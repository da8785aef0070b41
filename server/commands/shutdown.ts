/** SHUTDOWN: ends the server, or takes that back. */
import { command } from '../../datatypes/command.js';
import {
  NO_SHUTDOWN_IN_PROGRESS,
  SHUTDOWN_FAILED,
  SHUTDOWN_FAILOVER_NEEDS_CLUSTER,
  SYNTAX_ERROR,
} from '../../protocol/refusals.js';
import { block, oneOf, word } from '../../protocol/spec.js';
import type { Client } from '../client.js';
import { SHUTDOWN_OPTIONS, type ShutdownOption } from '../config-table/special.js';
import type { Server } from '../server.js';
import type { ServerCall } from '../server-call.js';

function isOption(text: string): text is ShutdownOption {
  const options: readonly string[] = SHUTDOWN_OPTIONS;
  return options.includes(text);
}

/** Reads the options; null for ABORT. Throws a syntax error on other words. */
function readOptions(call: ServerCall): ReadonlySet<ShutdownOption> | null {
  const options = new Set<ShutdownOption>();
  for (let i = 1; i < call.argc; i++) {
    const option = call.text(i).toLowerCase();
    if (option === 'abort' && call.argc === 2) return null;
    if (!isOption(option)) throw SYNTAX_ERROR;
    options.add(option);
  }
  if (options.has('save') && options.has('nosave')) throw SYNTAX_ERROR;
  return options;
}

/** The client hears of it only when the server does not end. */
function refuseLater(server: Server, client: Client): () => void {
  return () => {
    client.blocked = false;
    server.replyError(client, SHUTDOWN_FAILED);
    server.flush();
    client.transport?.resume();
  };
}

export const shutdown = command(
  {
    name: 'shutdown',
    group: 'server',
    since: '1.0.0',
    arity: -1,
    flags: ['admin', 'allow_busy', 'loading', 'no_multi', 'noscript', 'stale'],
    acl: ['dangerous'],
    args: [
      oneOf(
        'abort-selector',
        [
          block('save-selector-block', [
            oneOf('save-selector', [word('NOSAVE'), word('SAVE')], { optional: true }),
            word('NOW', { since: '7.0.0', optional: true }),
            word('FORCE', { since: '7.0.0', optional: true }),
            word('SAFE', { since: '9.0.0', optional: true }),
            word('FAILOVER', { since: '9.0.0', optional: true }),
          ]),
          word('ABORT', { since: '7.0.0' }),
        ],
        { optional: true },
      ),
    ],
    complexity:
      'O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)',
    summary: 'Saves the data where that is set, and ends the server.',
  },
  (call: ServerCall) => {
    const { server, client } = call;
    const options = readOptions(call);
    if (options === null) {
      if (!server.shutdown.abort()) throw NO_SHUTDOWN_IN_PROGRESS;
      call.reply.ok();
      return;
    }
    if (server.scripts.isBusy && !options.has('nosave')) throw server.scripts.busyRefusal;
    if (options.has('failover') && !server.config.values.clusterEnabled) {
      throw SHUTDOWN_FAILOVER_NEEDS_CLUSTER;
    }
    client.blocked = true;
    const asker = ` (user request from '${server.identify(client)}')`;
    server.shutdown.begin(options, asker, refuseLater(server, client));
  },
);
