/** SAVE and BGSAVE. */
import type { Command } from '../../datatypes/command.js';
import {
  BARE_ERROR,
  NO_SAVE_IN_PROGRESS,
  SAVE_BLOCKED,
  SAVE_IN_PROGRESS,
  SYNTAX_ERROR,
} from '../../protocol/refusals.js';
import { oneOf, word } from '../../protocol/spec.js';
import type { ServerCall } from '../server-call.js';
import { serverCommand } from '../server-command.js';

const save = serverCommand(
  {
    name: 'save',
    group: 'server',
    since: '1.0.0',
    arity: 1,
    flags: ['admin', 'no_async_loading', 'no_multi', 'noscript'],
    acl: ['dangerous'],
    complexity: 'O(N) where N is the total number of keys in all databases',
    summary: 'Saves all data to disk, while nobody is served.',
  },
  ({ server, reply }) => {
    if (server.saves.inProgress) throw SAVE_IN_PROGRESS;
    if (!server.saves.save()) throw BARE_ERROR;
    reply.ok();
  },
);

const bgsave = serverCommand(
  {
    name: 'bgsave',
    group: 'server',
    since: '1.0.0',
    arity: -1,
    flags: ['admin', 'no_async_loading', 'noscript'],
    acl: ['dangerous'],
    args: [
      oneOf(
        'operation',
        [word('SCHEDULE', { since: '3.2.2' }), word('CANCEL', { since: '8.1.0' })],
        { optional: true },
      ),
    ],
    complexity: 'O(1)',
    summary: 'Saves all data to disk in the background.',
  },
  (call) => {
    const { server, reply } = call;
    const schedules = call.argc === 2 && call.is(1, 'schedule');
    if (call.argc === 2 && call.is(1, 'cancel')) return cancel(call);
    if (call.argc > 1 && !schedules) throw SYNTAX_ERROR;
    if (server.saves.inProgress) throw SAVE_IN_PROGRESS;
    // In a transaction it waits for the end: what follows belongs to the same instant.
    const waits = server.effects.isNested;
    if (!waits && !server.saves.isBlocked()) {
      server.saves.start();
      reply.simple('Background saving started');
      return;
    }
    if (!waits && !schedules) throw SAVE_BLOCKED;
    server.saves.isScheduled = true;
    reply.simple('Background saving scheduled');
  },
);

function cancel({ server, reply }: ServerCall): void {
  const cancelled = server.saves.cancel();
  if (cancelled === null) throw NO_SAVE_IN_PROGRESS;
  const what = cancelled === 'running' ? 'Background saving' : 'Scheduled background saving';
  reply.simple(`${what} cancelled`);
}

export const SAVE_COMMANDS: readonly Command[] = [save, bgsave];
