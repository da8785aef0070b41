/** Small RDB files of everything there is, whole and damaged, and a look at what becomes of their values. */
import type { Database } from '../../datatypes/database.js';
import type { Random } from '../../datatypes/random.js';
import { Type } from '../../datatypes/store/entry.js';
import { dumpPayload } from './dump-payload.js';
import { OLD_VALUES } from './old-values.js';
import { dumpedValue, dumpedValues, type FileKey, fileOf } from './rdb.js';
import { oneOf } from './seeded.js';
import type { StartedServer } from './server.js';
import { makeVariedData } from './varied-data.js';

/** Under these limits small values have the forms of large ones. */
export const SMALL_LIMITS: Readonly<Record<string, string>> = {
  'hash-max-listpack-entries': '4',
  'set-max-intset-entries': '4',
  'set-max-listpack-entries': '4',
  'zset-max-listpack-entries': '4',
  'list-max-listpack-size': '4',
  'stream-node-max-entries': '3',
};
/** What they are by default. */
export const USUAL_LIMITS: Readonly<Record<string, string>> = {
  'hash-max-listpack-entries': '512',
  'set-max-intset-entries': '512',
  'set-max-listpack-entries': '128',
  'zset-max-listpack-entries': '128',
  'list-max-listpack-size': '-2',
  'stream-node-max-entries': '100',
};

const LARGEST_VALUE_BYTES = 2000;
/** Types from here on are refused in files with the old head. */
const LAST_SHARED_TYPE = 21;
const LIBRARY = "#!lua name=answers\nserver.register_function('answer', function() return 42 end)";

/** Values of all types and forms, each a type byte and what follows the key. */
export async function variedValues(source: StartedServer, random: Random): Promise<Buffer[]> {
  const { call, server } = source;
  const values: Buffer[] = [...OLD_VALUES];
  for (const limits of [USUAL_LIMITS, SMALL_LIMITS]) {
    await call('CONFIG', 'SET', ...Object.entries(limits).flat());
    await makeVariedData(call, random, 60);
    values.push(...dumpedValues(server.engine));
    await call('FLUSHALL', 'SYNC');
  }
  return values.filter(({ length }) => length <= LARGEST_VALUE_BYTES);
}

/** A file with some of these values in two databases. */
export function randomFile(random: Random, values: readonly Buffer[], nowMs: number): Buffer {
  const databases = [0, 1].map((database) =>
    Array.from({ length: 1 + random.below(4) }, (_, i): FileKey => {
      const key = { key: `key:${database}:${i}`, value: oneOf(random, values) };
      if (random.below(3) > 0) return key;
      return { ...key, expireAtMs: nowMs + random.below(2_000_000) - 500_000 };
    }),
  );
  const head = databases.flat().some(({ value }) => (value[0] as number) > LAST_SHARED_TYPE)
    ? 'VALKEY080'
    : oneOf(random, ['VALKEY080', 'REDIS0011', 'REDIS0009']);
  return fileOf(head, databases, random.below(4) === 0 ? LIBRARY : undefined);
}

type Request = (key: Buffer, random: Random) => readonly (string | number | Uint8Array)[];

/** Whatever the type. */
const COMMON: readonly Request[] = [
  (key) => ['TYPE', key],
  (key) => ['OBJECT', 'ENCODING', key],
  (key) => ['MEMORY', 'USAGE', key, 'SAMPLES', 0],
  (key) => ['PEXPIRETIME', key],
  (key) => ['COPY', key, 'copy', 'REPLACE'],
  (key) => ['SORT', key, 'ALPHA', 'LIMIT', 0, 3],
];

const BY_TYPE: ReadonlyMap<Type, readonly Request[]> = new Map<Type, readonly Request[]>([
  [
    Type.string,
    [
      (key) => ['GET', key],
      (key) => ['STRLEN', key],
      (key) => ['PFCOUNT', key],
      (key) => ['PFADD', key, 'x'],
      (key) => ['PFMERGE', 'merged', key],
      (key) => ['INCR', key],
      (key) => ['APPEND', key, 'x'],
      (key) => ['SETRANGE', key, 3, 'yz'],
      (key) => ['BITCOUNT', key],
    ],
  ],
  [
    Type.list,
    [
      (key) => ['LRANGE', key, 0, -1],
      (key) => ['LINDEX', key, -2],
      (key) => ['LPOS', key, 'a'],
      (key) => ['RPUSH', key, 'x', '12'],
      (key) => ['LPUSH', key, 'y'],
      (key) => ['LINSERT', key, 'BEFORE', 'x', 'y'],
      (key) => ['LSET', key, 1, 'z'.repeat(80)],
      (key) => ['LREM', key, 0, 'y'],
      (key, random) => ['LPOP', key, random.below(5)],
      (key, random) => ['RPOP', key, random.below(5)],
      (key) => ['LTRIM', key, 1, -2],
    ],
  ],
  [
    Type.set,
    [
      (key) => ['SMEMBERS', key],
      (key) => ['SISMEMBER', key, '2'],
      (key) => ['SRANDMEMBER', key, -5],
      (key) => ['SADD', key, '7', 'x'],
      (key) => ['SUNIONSTORE', 'union', key, 'copy'],
      (key) => ['SREM', key, 'x', '1'],
      (key, random) => ['SPOP', key, random.below(5)],
      (key) => ['SSCAN', key, 0],
    ],
  ],
  [
    Type.zset,
    [
      (key) => ['ZRANGE', key, 0, -1, 'WITHSCORES'],
      (key) => ['ZRANGE', key, '-inf', '(1', 'BYSCORE'],
      (key) => ['ZCOUNT', key, 0, 10],
      (key) => ['ZRANDMEMBER', key, -3],
      (key) => ['ZADD', key, 1, 'x', 2, 'a'],
      (key) => ['ZINCRBY', key, 3, 'a'],
      (key) => ['ZREVRANK', key, 'x', 'WITHSCORE'],
      (key) => ['ZUNIONSTORE', 'union', 2, key, 'copy'],
      (key, random) => ['ZPOPMIN', key, random.below(5)],
      (key) => ['ZREM', key, 'x', 'b'],
      (key) => ['ZREMRANGEBYRANK', key, -2, -1],
    ],
  ],
  [
    Type.hash,
    [
      (key) => ['HGETALL', key],
      (key) => ['HPTTL', key, 'FIELDS', 2, 'f', 'a'],
      (key) => ['HRANDFIELD', key, -3, 'WITHVALUES'],
      (key) => ['HSET', key, 'x', 'y', 'f', 'w'.repeat(80)],
      (key) => ['HINCRBY', key, 'n', 5],
      (key) => ['HPEXPIRE', key, 1000, 'FIELDS', 2, 'x', 'a'],
      (key) => ['HPERSIST', key, 'FIELDS', 1, 'a'],
      (key) => ['HSCAN', key, 0],
      (key) => ['HDEL', key, 'x', 'f'],
    ],
  ],
  [
    Type.stream,
    [
      (key) => ['XRANGE', key, '-', '+'],
      (key) => ['XREVRANGE', key, '+', '-', 'COUNT', 3],
      (key) => ['XINFO', 'STREAM', key, 'FULL', 'COUNT', 0],
      (key) => ['XINFO', 'GROUPS', key],
      (key) => ['XADD', key, '*', 'a', 'b'],
      (key) => ['XADD', key, 'MAXLEN', 50, '*', 'f', 'c', 'g', 'd'],
      (key) => ['XPENDING', key, 'group', '-', '+', 10],
      (key) => ['XREADGROUP', 'GROUP', 'group', 'reader', 'COUNT', 3, 'STREAMS', key, '>'],
      (key) => ['XREADGROUP', 'GROUP', 'group', 'reader', 'STREAMS', key, 0],
      (key) => ['XAUTOCLAIM', key, 'group', 'other', 0, 0, 'COUNT', 5],
      (key) => ['XAUTOCLAIM', key, 'g', 'other', 0, 0],
      (key) => ['XACK', key, 'group', '2-1', '1-0'],
      (key) => ['XDEL', key, '1-0', '2-1', '4-0'],
      (key) => ['XGROUP', 'DELCONSUMER', key, 'group', 'reader'],
      (key) => ['XGROUP', 'SETID', key, 'group', 0, 'ENTRIESREAD', 1],
      (key, random) => ['XTRIM', key, 'MAXLEN', random.below(4)],
      (key) => ['XGROUP', 'DESTROY', key, 'group'],
    ],
  ],
]);

const MOST_KEYS = 40;

function firstKeys({ keyspace: { entries }, keys }: Database): [Type, Buffer][] {
  const found: [Type, Buffer][] = [];
  keys.forEach((ref) => {
    if (found.length < MOST_KEYS) found.push([entries.type(ref), Buffer.from(entries.key(ref))]);
  });
  return found;
}

/** Uses every key in all the ways there are; refusals are fine, but not errors nobody thought of. */
export async function useAll(target: StartedServer, random: Random): Promise<void> {
  const { call, server } = target;
  const { keyspace, stats } = server.engine;
  for (const database of keyspace.databases) {
    if (database.keys.size === 0) continue;
    await call('SELECT', database.id);
    for (const [type, key] of firstKeys(database)) {
      await restoreAgain(target, database, key);
      for (const request of [...COMMON, ...(BY_TYPE.get(type) ?? [])]) {
        await call(...request(key, random)).catch(() => {});
      }
    }
    for (const [, key] of firstKeys(database)) await call('DEL', key);
  }
  if (stats.unexpectedErrors > 0) throw new Error('A command met a value that does not behave');
}

/** What DUMP gives of a key must be a value again, and the same one. */
async function restoreAgain(
  { call, server }: StartedServer,
  database: Database,
  key: Buffer,
): Promise<void> {
  if ((await call('DUMP', key)) === null) return;
  const { keyspace } = server.engine;
  const hash = keyspace.keyHash(key, 0, key.length);
  const value = dumpedValue(keyspace, database.keys.find(hash, key, 0, key.length));
  const payload = dumpPayload(value[0] as number, value.subarray(1));
  // That a key expires is part of its digest.
  const ttlMs = (await call('PTTL', key)) === -1 ? 0 : 1_000_000;
  await call('RESTORE', 'again', ttlMs, payload, 'REPLACE');
  const [one, other] = (await call('DEBUG', 'DIGEST-VALUE', key, 'again')) as unknown[];
  if (one !== other) throw new Error('A value is another after DUMP and RESTORE');
}
