/** Damaged files and payloads: an error, or values that behave; never a crash, a leak or a hang. */
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import type { Random } from '../../datatypes/random.js';
import { RdbFailure } from '../../persistence/rdb-load.js';
import { dataDigest } from '../../server/data-digest.js';
import { dumpPayload } from '../helpers/dump-payload.js';
import { dumpedValues, loadBytes, savedBytes } from '../helpers/rdb.js';
import { seeded } from '../helpers/seeded.js';
import { type StartedServer, startServer } from '../helpers/server.js';
import { makeVariedData } from '../helpers/varied-data.js';

const COUNT = Number(process.env.COUNT ?? 300);

/** Bytes with up to five of them changed, or cut off, or some left out or put in twice. */
function damaged(random: Random, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = random.below(copy.length);
  const kind = random.below(6);
  if (kind === 0) return copy.subarray(0, at);
  const from = random.below(copy.length);
  if (kind === 1) return Buffer.concat([copy.subarray(0, at), copy.subarray(from)]);
  for (let i = random.below(5); i >= 0; i--) {
    const place = random.below(copy.length);
    copy[place] =
      random.below(2) === 0 ? random.below(256) : (copy[place] as number) ^ (1 << random.below(8));
  }
  return copy;
}

/** Uses every key in all the ways there are; errors are fine, but not unexpected ones. */
async function useAll({ call, server }: StartedServer, random: Random): Promise<void> {
  const { keyspace, stats } = server.engine;
  dataDigest(keyspace);
  for (const database of keyspace.databases) {
    const keys: Buffer[] = [];
    database.keys.forEach((ref) => {
      if (keys.length < 40) keys.push(Buffer.from(keyspace.entries.key(ref)));
    });
    await call('SELECT', database.id);
    for (const key of keys) {
      const requests = [
        ['DUMP', key],
        ['OBJECT', 'ENCODING', key],
        ['APPEND', key, 'x'],
        ['RPUSH', key, 'x'],
        ['LINSERT', key, 'BEFORE', 'x', 'y'],
        ['LREM', key, 0, 'x'],
        ['LPOP', key, random.below(9)],
        ['LRANGE', key, 0, -1],
        ['SADD', key, 'x'],
        ['SPOP', key, random.below(9)],
        ['ZADD', key, 1, 'x'],
        ['ZPOPMIN', key, random.below(9)],
        ['ZRANGE', key, 0, -1, 'WITHSCORES'],
        ['HSET', key, 'x', 'y'],
        ['HGETALL', key],
        ['HDEL', key, 'x'],
        ['PFCOUNT', key],
        ['XADD', key, '*', 'a', 'b'],
        ['XRANGE', key, '-', '+'],
        ['XINFO', 'STREAM', key, 'FULL'],
        ['XREADGROUP', 'GROUP', 'group', 'c', 'STREAMS', key, '>'],
        ['XTRIM', key, 'MAXLEN', 2],
        ['DEL', key],
      ];
      for (const request of requests) await call(...request).catch(() => {});
    }
  }
  if (stats.unexpectedErrors > 0) throw new Error('A command met a value that does not behave');
}

t.test('A damaged file is refused, or its values behave', async (t) => {
  const random = seeded(t);
  const source = await startServer(t);
  await makeVariedData(source.call, random, 12);
  const bytes = savedBytes(source.server.engine);
  const target = await startServer(t);
  let refused = 0;
  for (let i = 0; i < COUNT; i++) {
    const copy = damaged(random, bytes);
    try {
      // No checksum: the damage is to be found by what the bytes say.
      copy.fill(0, Math.max(9, copy.length - 8));
      loadBytes(target.server.engine, copy, 4000);
    } catch (error) {
      if (!(error instanceof RdbFailure)) throw error;
      refused++;
    }
    await useAll(target, random);
    await target.call('FLUSHALL', 'SYNC');
    // Node gives memory back between turns only.
    await setImmediate();
  }
  t.ok(refused > 0 && refused < COUNT, `${refused} of ${COUNT} refused`);
});

t.test('A damaged payload is refused, or its value behaves', async (t) => {
  const random = seeded(t);
  const source = await startServer(t);
  await makeVariedData(source.call, random, 40);
  const values = dumpedValues(source.server.engine);
  const target = await startServer(t);
  let refused = 0;
  for (let i = 0; i < COUNT; i++) {
    const copy = damaged(random, values[random.below(values.length)] as Buffer);
    const payload = dumpPayload(copy[0] ?? 0, copy.subarray(1));
    await target.call('RESTORE', 'key', 0, payload).catch(() => refused++);
    await useAll(target, random);
    await target.call('FLUSHALL', 'SYNC');
    // Node gives memory back between turns only.
    await setImmediate();
  }
  t.ok(refused > 0 && refused < COUNT, `${refused} of ${COUNT} refused`);
});
