/** MULTI, EXEC, DISCARD, WATCH and UNWATCH. */
import { command } from '../../datatypes/command.js';
import {
  DISCARD_WITHOUT_MULTI,
  EXEC_WITHOUT_MULTI,
  TRANSACTION_ABORTED,
} from '../../protocol/refusals.js';
import { key, keyArg } from '../../protocol/spec.js';
import type { ServerCall } from '../server-call.js';
import { endTransaction, Transaction } from '../transactions.js';

const multi = command(
  {
    name: 'multi',
    group: 'transactions',
    since: '1.2.0',
    arity: 1,
    flags: ['allow_busy', 'fast', 'loading', 'no_multi', 'noscript', 'stale'],
    acl: ['transaction'],
    complexity: 'O(1)',
    summary: 'Begins a transaction: requests that follow are queued.',
  },
  ({ client, reply, server }: ServerCall) => {
    client.transaction ??= new Transaction(server.requestCopies);
    client.transaction.isOpen = true;
    reply.ok();
  },
);

const exec = command(
  {
    name: 'exec',
    group: 'transactions',
    since: '1.2.0',
    arity: 1,
    flags: ['loading', 'noscript', 'skip_commandlog', 'stale'],
    acl: ['transaction'],
    complexity: 'Depends on commands in the transaction',
    summary: 'Runs the queued requests, with nothing in between.',
  },
  (call: ServerCall) => {
    const { client, reply, server } = call;
    const { transaction } = client;
    if (!transaction?.isOpen) throw EXEC_WITHOUT_MULTI;
    const { isAborted, queue } = transaction;
    const isBroken = transaction.isBroken || server.watchedKeys.hasExpiredSince(client);
    endTransaction(server, client);
    if (isAborted) throw TRANSACTION_ABORTED;
    if (isBroken) return reply.nilArray();
    reply.array(queue.length);
    server.executor.runQueue(call, queue);
    // Each of them told what is to be sent.
    call.effects.propagateNothing();
  },
);

const discard = command(
  {
    name: 'discard',
    group: 'transactions',
    since: '2.0.0',
    arity: 1,
    flags: ['allow_busy', 'fast', 'loading', 'noscript', 'stale'],
    acl: ['transaction'],
    complexity: 'O(N), when N is the number of queued commands',
    summary: 'Gives the transaction up.',
  },
  ({ client, reply, server }: ServerCall) => {
    if (!client.transaction?.isOpen) throw DISCARD_WITHOUT_MULTI;
    endTransaction(server, client);
    reply.ok();
  },
);

const watch = command(
  {
    name: 'watch',
    group: 'transactions',
    since: '2.2.0',
    arity: -2,
    flags: ['allow_busy', 'fast', 'loading', 'no_multi', 'noscript', 'stale'],
    acl: ['transaction'],
    keys: [key(1, ['RO'], -1)],
    args: [keyArg('key', { multiple: true })],
    complexity: 'O(1) for every key.',
    summary: 'Has the next transaction fail if one of these keys changes before.',
  },
  (call: ServerCall) => {
    for (let i = 1; i < call.argc; i++) call.server.watchedKeys.watch(call.client, call.bytes(i));
    call.reply.ok();
  },
);

const unwatch = command(
  {
    name: 'unwatch',
    group: 'transactions',
    since: '2.2.0',
    arity: 1,
    flags: ['allow_busy', 'fast', 'loading', 'noscript', 'stale'],
    acl: ['transaction'],
    complexity: 'O(1)',
    summary: 'Forgets which keys were watched, and that they changed.',
  },
  ({ client, reply, server }: ServerCall) => {
    server.watchedKeys.unwatchAll(client);
    if (client.transaction !== null) client.transaction.isBroken = false;
    reply.ok();
  },
);

export const TRANSACTION_COMMANDS = [multi, exec, discard, watch, unwatch];
