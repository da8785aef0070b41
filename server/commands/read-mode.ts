/** READONLY and READWRITE: whether a client takes reads from a replica that would send it elsewhere. */
import type { Command } from '../../datatypes/command.js';
import type { CommandSpec } from '../../protocol/spec.js';
import { serverCommand } from '../server-command.js';

const MODE = {
  group: 'cluster',
  since: '3.0.0',
  arity: 1,
  flags: ['fast', 'loading', 'stale'],
  acl: ['connection'],
  complexity: 'O(1)',
} as const satisfies Partial<CommandSpec>;

const readonly = serverCommand(
  { ...MODE, name: 'readonly', summary: 'Has a replica answer what this client reads.' },
  (call) => {
    call.client.readonlyMode = true;
    call.reply.ok();
  },
);

const readwrite = serverCommand(
  { ...MODE, name: 'readwrite', summary: 'Takes READONLY back.' },
  (call) => {
    call.client.readonlyMode = false;
    call.reply.ok();
  },
);

export const READ_MODE_COMMANDS: readonly Command[] = [readonly, readwrite];
