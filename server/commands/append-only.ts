/** BGREWRITEAOF: the append-only file is written anew, as short as it can be. */
import type { Command } from '../../datatypes/command.js';
import { REWRITE_FAILED, REWRITE_IN_PROGRESS } from '../../protocol/refusals.js';
import { serverCommand } from '../server-command.js';

const bgrewriteaof = serverCommand(
  {
    name: 'bgrewriteaof',
    group: 'server',
    since: '1.0.0',
    arity: 1,
    flags: ['admin', 'no_async_loading', 'noscript'],
    acl: ['dangerous'],
    complexity: 'O(1)',
    summary: 'Writes the append-only file anew in the background, as short as it can be.',
  },
  ({ server, reply }) => {
    const { rewrite } = server.appendOnly;
    if (rewrite.inProgress) throw REWRITE_IN_PROGRESS;
    if (rewrite.mustWait) {
      rewrite.isScheduled = true;
      server.log.notice('Background append only file rewriting scheduled.');
      reply.simple('Background append only file rewriting scheduled');
      return;
    }
    if (!rewrite.start()) throw REWRITE_FAILED;
    reply.simple('Background append only file rewriting started');
  },
);

export const APPEND_ONLY_COMMANDS: readonly Command[] = [bgrewriteaof];
