/** Whole databases: DBSIZE, FLUSHDB, FLUSHALL, SWAPDB. */
import {
  DB_OUT_OF_RANGE,
  INVALID_FIRST_DB,
  INVALID_SECOND_DB,
  type Refusal,
  SWAPDB_IN_CLUSTER,
  SYNTAX_ERROR,
} from '../protocol/refusals.js';
import { integer, oneOf, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import { command } from './command.js';
import type { Database } from './database.js';
import { readInt32 } from './options.js';

export const dbsize = command(
  {
    name: 'dbsize',
    group: 'server',
    since: '1.0.0',
    arity: 1,
    flags: ['fast', 'readonly'],
    acl: ['keyspace'],
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
    complexity: 'O(1)',
    summary: 'Counts the keys of the database.',
  },
  (call) => call.reply.integer(call.db.keys.size),
);

export const flushdb = command(
  {
    name: 'flushdb',
    group: 'server',
    since: '1.0.0',
    arity: -1,
    flags: ['write'],
    acl: ['dangerous', 'keyspace'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    args: [
      oneOf('flush-type', [word('ASYNC', { since: '4.0.0' }), word('SYNC', { since: '6.2.0' })], {
        optional: true,
      }),
    ],
    complexity: 'O(N) where N is the number of keys in the selected database',
    summary: 'Deletes all keys of the database.',
  },
  (call) => flush(call, [call.db]),
);

export const flushall = command(
  {
    name: 'flushall',
    group: 'server',
    since: '1.0.0',
    arity: -1,
    flags: ['write'],
    acl: ['dangerous', 'keyspace'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    args: [
      oneOf('flush-type', [word('ASYNC', { since: '4.0.0' }), word('SYNC', { since: '6.2.0' })], {
        optional: true,
      }),
    ],
    complexity: 'O(N) where N is the total number of keys in all databases',
    summary: 'Deletes all keys of all databases.',
  },
  (call) => {
    flush(call, call.keyspace.databases);
    call.keyspace.onFlushedAll();
  },
);

function flush(call: Call, databases: readonly Database[]): void {
  const later = readFlushLater(call);
  const keys = databases.reduce((sum, database) => sum + database.keys.size, 0);
  call.effects.flushed(databases, keys);
  for (const database of databases) {
    if (later) database.clearLater();
    else database.clear();
  }
  // It travels even when there was nothing to delete.
  if (call.effects.propagates) {
    call.effects.propagateAs(Array.from({ length: call.argc }, (_, i) => call.bytes(i)));
  }
  call.reply.ok();
}

/** Reads `[SYNC|ASYNC]`: whether memory may be given back in the background. */
function readFlushLater(call: Call): boolean {
  if (call.argc === 1) return call.keyspace.settings.lazyfreeLazyUserFlush;
  if (call.argc === 2 && call.is(1, 'sync')) return false;
  if (call.argc === 2 && call.is(1, 'async')) return true;
  throw SYNTAX_ERROR;
}

export const swapdb = command(
  {
    name: 'swapdb',
    group: 'server',
    since: '4.0.0',
    arity: 3,
    flags: ['fast', 'write'],
    acl: ['dangerous', 'keyspace'],
    args: [integer('index1'), integer('index2')],
    complexity:
      'O(N) where N is the count of clients watching or blocking on keys from both databases.',
    summary: 'Exchanges two databases.',
  },
  (call) => {
    if (call.keyspace.settings.clusterEnabled) throw SWAPDB_IN_CLUSTER;
    const one = readIndex(call, 1, INVALID_FIRST_DB);
    const other = readIndex(call, 2, INVALID_SECOND_DB);
    const first = call.keyspace.use(one);
    const second = call.keyspace.use(other);
    if (first === undefined || second === undefined) throw DB_OUT_OF_RANGE;
    if (first !== second) first.swapWith(second);
    call.effects.swapped(first, second);
    call.reply.ok();
  },
);

function readIndex(call: Call, i: number, otherwise: Refusal): number {
  return readInt32(call, i, otherwise, otherwise);
}
