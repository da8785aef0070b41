/** INFO, ROLE, LASTSAVE and LOLWUT: what the server tells of itself as a whole. */
import { type Command, command } from '../../datatypes/command.js';
import { integer, text } from '../../protocol/spec.js';
import { infoText } from '../info.js';
import { drawing } from '../lolwut.js';
import type { ServerCall } from '../server-call.js';

const info = command(
  {
    name: 'info',
    group: 'server',
    since: '1.0.0',
    arity: -1,
    flags: ['loading', 'stale'],
    acl: ['dangerous'],
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    args: [text('section', { optional: true, multiple: true })],
    complexity: 'O(1)',
    summary: 'Tells how the server is and what it has done, by sections.',
  },
  (call: ServerCall) => {
    const names = Array.from({ length: call.argc - 1 }, (_, i) => call.text(i + 1));
    call.reply.verbatim('txt', infoText(call.server, names));
  },
);

const role = command(
  {
    name: 'role',
    group: 'server',
    since: '2.8.12',
    arity: 1,
    flags: ['fast', 'loading', 'noscript', 'stale'],
    acl: ['admin', 'dangerous'],
    complexity: 'O(1)',
    summary: 'Tells the part the server plays in replication.',
  },
  ({ reply }) => {
    reply.array(3);
    reply.text('master');
    reply.integer(0);
    reply.emptyArray();
  },
);

const lastsave = command(
  {
    name: 'lastsave',
    group: 'server',
    since: '1.0.0',
    arity: 1,
    flags: ['fast', 'loading', 'stale'],
    acl: ['admin', 'dangerous'],
    tips: ['nondeterministic_output'],
    complexity: 'O(1)',
    summary: 'Tells when the data was last saved, in seconds since 1970.',
  },
  (call: ServerCall) => call.reply.integer(Math.floor(call.server.lastSavedAtMs / 1000)),
);

const lolwut = command(
  {
    name: 'lolwut',
    group: 'server',
    since: '5.0.0',
    arity: -1,
    flags: ['fast', 'readonly'],
    args: [integer('version', { token: 'VERSION', optional: true })],
    complexity: '',
    summary: 'Draws something, and tells the version.',
  },
  (call: ServerCall) => call.reply.verbatim('txt', drawing(call)),
);

export const INFO_COMMANDS: readonly Command[] = [info, role, lastsave, lolwut];
