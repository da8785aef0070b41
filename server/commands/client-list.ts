/** CLIENT LIST, INFO and KILL: which clients there are, and ending some of them. */
import { command } from '../../datatypes/command.js';
import { NO_SUCH_CLIENT } from '../../protocol/refusals.js';
import type { Client } from '../client.js';
import { describeClient } from '../client-info.js';
import type { ServerCall } from '../server-call.js';
import { filteredClients, readClientFilter } from './client-filter.js';
import { KILL_FILTERS, LIST_FILTERS } from './client-filter-args.js';

/** Text of lines to show as they are: a type of its own in version 3. */
function replyLines(call: ServerCall, clients: readonly Client[]): void {
  const lines = clients.map((client) => `${describeClient(call.server, client)}\n`);
  call.reply.verbatim('txt', lines.join(''));
}

export const clientInfo = command(
  {
    name: 'client|info',
    group: 'connection',
    since: '6.2.0',
    arity: 2,
    flags: ['loading', 'noscript', 'stale'],
    acl: ['connection'],
    tips: ['nondeterministic_output'],
    complexity: 'O(1)',
    summary: 'Tells all about this connection.',
  },
  (call: ServerCall) => replyLines(call, [call.client]),
);

export const clientList = command(
  {
    name: 'client|list',
    group: 'connection',
    since: '2.4.0',
    arity: -2,
    flags: ['admin', 'loading', 'noscript', 'stale'],
    acl: ['connection', 'dangerous'],
    tips: ['nondeterministic_output'],
    args: LIST_FILTERS,
    complexity: 'O(N) where N is the number of client connections',
    summary: 'Tells all about open connections.',
    history: [
      ['2.8.12', 'Lines have the number of the client, `id`.'],
      ['5.0.0', 'Filter TYPE.'],
      ['6.0.0', 'Lines have the user, `user`.'],
      ['6.2.0', 'Lines have `argv-mem`, `tot-mem`, `laddr` and `redir`. Filter ID.'],
      ['7.0.0', 'Lines have `resp`, `multi-mem`, `rbs` and `rbp`.'],
      ['7.0.3', 'Lines have `ssub`.'],
      ['8.0.0', 'TYPE calls a master a primary, too.'],
      ['8.1.0', 'Filters USER, ADDR, LADDR, SKIPME and MAXAGE.'],
      ['9.0.0', 'More filters, and negations of them.'],
    ],
  },
  (call: ServerCall) => {
    const filter = readClientFilter(call, 2, false);
    replyLines(call, filteredClients(call, filter));
  },
);

export const clientKill = command(
  {
    name: 'client|kill',
    group: 'connection',
    since: '2.4.0',
    arity: -3,
    flags: ['admin', 'loading', 'noscript', 'stale'],
    acl: ['connection', 'dangerous'],
    args: KILL_FILTERS,
    complexity: 'O(N) where N is the number of client connections',
    summary: 'Ends connections.',
    history: [
      ['2.8.12', 'Takes filters.'],
      ['2.8.12', 'Filter ID.'],
      ['3.2.0', 'TYPE knows masters.'],
      ['5.0.0', 'TYPE calls a slave a replica, too.'],
      ['6.2.0', 'Filter LADDR.'],
      ['8.0.0', 'Filter MAXAGE.'],
      ['8.0.0', 'TYPE calls a master a primary, too.'],
      ['8.1.0', 'ID takes several numbers.'],
      ['9.0.0', 'More filters, and negations of them.'],
    ],
  },
  (call: ServerCall) => {
    if (call.argc === 3) {
      if (endClients(call, clientsFrom(call, call.text(2))) === 0) throw NO_SUCH_CLIENT;
      call.reply.ok();
      return;
    }
    const filter = readClientFilter(call, 2, true);
    call.reply.integer(endClients(call, filteredClients(call, filter)));
  },
);

/** The client with this address, if there is one. */
function clientsFrom({ server }: ServerCall, address: string): Client[] {
  for (const client of server.clients.values()) {
    if (client.transport?.remoteAddress === address) return [client];
  }
  return [];
}

/** Closes connections, the asking one's after its reply. Answers how many. */
function endClients({ server, client: self }: ServerCall, clients: readonly Client[]): number {
  for (const client of clients) {
    if (client === self) server.closeAfterReply(client);
    else server.closeNow(client);
  }
  return clients.length;
}
