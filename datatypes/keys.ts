/** Keys whatever they hold: deleting, counting, listing, touching. */
import { globMatch } from '../protocol/bytes.js';
import { key, keyArg, pattern } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { type Database, OnExpiry } from './database.js';
import { Removal } from './removal.js';
import { NONE, type Ref } from './store/arena.js';
import { TYPE_NAMES } from './store/entry.js';

export const del = command(
  {
    name: 'del',
    group: 'generic',
    since: '1.0.0',
    arity: -2,
    flags: ['write'],
    acl: ['keyspace'],
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    keys: [key(1, ['RM', 'delete'], -1)],
    args: [keyArg('key', { multiple: true })],
    complexity:
      'O(N) where N is the number of keys that will be removed. When a key to remove holds a value other than a string, the individual complexity for this key is O(M) where M is the number of elements in the list, set, sorted set or hash. Removing a single key that holds a string value is O(1).',
    summary: 'Deletes keys and says how many there were.',
  },
  (call) => deleteAll(call, Removal.deleted),
);

export const unlink = command(
  {
    name: 'unlink',
    group: 'generic',
    since: '4.0.0',
    arity: -2,
    flags: ['fast', 'write'],
    acl: ['keyspace'],
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    keys: [key(1, ['RM', 'delete'], -1)],
    args: [keyArg('key', { multiple: true })],
    complexity:
      'O(1) for each key removed regardless of its size. Then the command does O(N) work in a different thread in order to reclaim memory, where N is the number of allocations the deleted objects where composed of.',
    summary: 'Deletes keys, giving back what large values take in the background.',
  },
  (call) => deleteAll(call, Removal.unlinked),
);

/** DEL and UNLINK: they differ in the word that travels to replicas, and in when large values are given back. */
function deleteAll(call: Call, removal: Removal): void {
  let deleted = 0;
  for (let i = 1; i < call.argc; i++) {
    if (!call.db.delete(call.buffer, call.start(i), call.end(i), removal)) continue;
    call.changed(i, EventClass.generic, 'del');
    deleted++;
  }
  call.reply.integer(deleted);
}

export const exists = command(
  {
    name: 'exists',
    group: 'generic',
    since: '1.0.0',
    arity: -2,
    flags: ['fast', 'readonly'],
    acl: ['keyspace'],
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    keys: [key(1, ['RO'], -1)],
    args: [keyArg('key', { multiple: true })],
    complexity: 'O(N) where N is the number of keys to check.',
    summary: 'Counts which of the keys exist; one named twice counts twice.',
  },
  (call) => {
    let count = 0;
    for (let i = 1; i < call.argc; i++) if (call.inspect(i) !== NONE) count++;
    call.reply.integer(count);
  },
);

export const touch = command(
  {
    name: 'touch',
    group: 'generic',
    since: '3.2.1',
    arity: -2,
    flags: ['fast', 'readonly'],
    acl: ['keyspace'],
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    keys: [key(1, ['RO'], -1)],
    args: [keyArg('key', { multiple: true })],
    complexity: 'O(N) where N is the number of keys that will be touched.',
    summary: 'Counts which of the keys exist, and notes that they were used.',
  },
  (call) => {
    // It says what it wants: CLIENT NO-TOUCH does not bind it.
    const { keyspace } = call;
    const { touching } = keyspace;
    keyspace.touching = true;
    let count = 0;
    for (let i = 1; i < call.argc; i++) if (call.read(i) !== NONE) count++;
    keyspace.touching = touching;
    call.reply.integer(count);
  },
);

export const type = command(
  {
    name: 'type',
    group: 'generic',
    since: '1.0.0',
    arity: 2,
    flags: ['fast', 'readonly'],
    acl: ['keyspace'],
    keys: [key(1, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Names the type of the value a key holds.',
  },
  (call) => {
    const ref = call.inspect(1);
    call.reply.simple(ref === NONE ? 'none' : TYPE_NAMES[call.keyspace.entries.type(ref)]);
  },
);

export const randomkey = command(
  {
    name: 'randomkey',
    group: 'generic',
    since: '1.0.0',
    arity: 1,
    flags: ['readonly'],
    acl: ['keyspace'],
    tips: ['request_policy:all_shards', 'response_policy:special', 'nondeterministic_output'],
    complexity: 'O(1)',
    summary: 'Returns a key chosen at random.',
  },
  (call) => {
    const ref = randomEntry(call.db);
    if (ref === NONE) return call.reply.nil();
    replyKey(call, ref);
  },
);

/** Where expired keys stay and all keys expire, a key that is not gone may never be met. */
const RANDOM_TRIES = 100;

function randomEntry(database: Database): Ref {
  const { keyspace, keys, expires } = database;
  for (let tries = 1; ; tries++) {
    const ref = keys.random(keyspace.random);
    if (ref === NONE || !database.isGone(ref)) return ref;
    if (keyspace.onExpiry === OnExpiry.remove) database.expire(database.hashOf(ref), ref);
    else if (tries >= RANDOM_TRIES && keys.size === expires.size) return ref;
  }
}

export const keys = command(
  {
    name: 'keys',
    group: 'generic',
    since: '1.0.0',
    arity: 2,
    flags: ['readonly'],
    acl: ['dangerous', 'keyspace'],
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
    args: [pattern('pattern')],
    complexity:
      'O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.',
    summary: 'Lists all keys whose name fits a glob.',
  },
  (call) => {
    const { buffer, db, reply } = call;
    const { arena, entries } = call.keyspace;
    const start = call.start(1);
    const end = call.end(1);
    const all = isStar(call, 1);
    const header = reply.defer();
    let count = 0;
    db.keys.forEach((ref) => {
      const page = arena.bytes[ref >>> 16] as Uint8Array;
      const from = entries.keyStart(ref);
      const to = from + entries.keyLength(ref);
      if (!all && !globMatch(buffer, start, end, page, from, to, false)) return;
      if (db.isGone(ref)) return;
      reply.bulk(page, from, to);
      count++;
    });
    reply.resolveArray(header, count);
  },
);

/** Whether argument `i` is the glob that fits everything. */
export function isStar(call: Call, i: number): boolean {
  return call.length(i) === 1 && call.buffer[call.start(i)] === STAR;
}

const STAR = 0x2a;

/** Writes the entry's key as a bulk string. */
export function replyKey(call: Call, ref: Ref): void {
  const { arena, entries } = call.keyspace;
  const start = entries.keyStart(ref);
  const page = arena.bytes[ref >>> 16] as Uint8Array;
  call.reply.bulk(page, start, start + entries.keyLength(ref));
}
