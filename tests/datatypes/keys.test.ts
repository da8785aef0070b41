import t from 'tap';
import type { Database } from '../../datatypes/database.js';
import { dumpPayload } from '../helpers/dump-payload.js';
import { seeded } from '../helpers/seeded.js';
import { refusalOf, type StartedServer, startServer } from '../helpers/server.js';

type CallOnly = StartedServer['call'];

const START_MS = 1_700_000_000_000;

/** Everything the commands tell from now on, as text. */
function listen({ server }: StartedServer): string[] {
  const told: string[] = [];
  const { effects } = server.engine;
  const text = (part: string | Uint8Array) => Buffer.from(part).toString('latin1');
  effects.attentive = true;
  effects.propagates = true;
  effects.notify = (database, _class, event, key) => {
    told.push(`${database.id} ${event} ${text(key)}`);
  };
  effects.propagateAs = (request) => {
    told.push(`> ${request.map(text).join(' ')}`);
  };
  effects.propagateBefore = (database, request) => {
    told.push(`${database.id} > ${request.map(text).join(' ')}`);
  };
  return told;
}

t.test(
  'A key is there through the millisecond of its expiry, and then gone for every command',
  async (t) => {
    const { call, clock } = await startServer(t);
    await call('SET', 'k', 'v', 'PX', 100);
    await clock.advance(100);
    t.equal(await call('PTTL', 'k'), 0);
    t.equal(await call('EXISTS', 'k'), 1);
    await clock.advance(1);
    t.equal(await call('DBSIZE'), 1);
    t.same(await call('KEYS', '*'), []);
    t.equal(await call('DBSIZE'), 1);
    t.equal(await call('EXISTS', 'k'), 0);
    t.equal(await call('DBSIZE'), 0);
  },
);

t.test('TTL rounds to the next second, PTTL tells every millisecond', async (t) => {
  const { call, clock } = await startServer(t);
  await call('SET', 'k', 'v', 'PX', 10_000);
  await clock.advance(499);
  t.equal(await call('TTL', 'k'), 10);
  t.equal(await call('PTTL', 'k'), 9_501);
  await clock.advance(2);
  t.equal(await call('TTL', 'k'), 9);
  t.equal(await call('PEXPIRETIME', 'k'), START_MS + 10_000);
  t.equal(await call('EXPIRETIME', 'k'), START_MS / 1000 + 10);
});

t.test('An expired key that a command meets is told of before what the command does', async (t) => {
  const started = await startServer(t);
  const { call, clock } = started;
  await call('SET', 'a', '1', 'PX', 1);
  await call('SET', 'b', '2');
  await clock.advance(2);
  const told = listen(started);
  await call('RENAME', 'b', 'a');
  t.same(told, ['0 > UNLINK a', '0 expired a', '0 rename_from b', '0 rename_to a']);
  t.equal(await call('GET', 'a'), '2');
});

t.test('DEL of an expired key deletes it and counts nothing', async (t) => {
  const started = await startServer(t);
  await started.call('SET', 'a', '1', 'PX', 1);
  await started.clock.advance(2);
  const told = listen(started);
  t.equal(await started.call('DEL', 'a'), 0);
  t.same(told, ['0 > UNLINK a', '0 expired a']);
  t.equal(started.server.engine.effects.dirty, 1);
});

t.test('Expiry travels as DEL when lazyfree-lazy-expire is off', async (t) => {
  const started = await startServer(t, { config: { 'lazyfree-lazy-expire': 'no' } });
  await started.call('MSET', 'a', '1', 'b', '2');
  await started.call('PEXPIRE', 'a', 1);
  await started.clock.advance(2);
  const told = listen(started);
  t.equal(await started.call('GET', 'a'), null);
  t.equal(await started.call('EXPIRE', 'b', 0), 1);
  t.same(told, ['0 > DEL a', '0 expired a', '0 > DEL b', '0 expired b']);
});

const MEMBERS = Array.from({ length: 1000 }, (_, i) => `member:${i}`);
/** How a large value goes, by the setting that says whether it may be freed later. */
const REMOVALS: readonly (readonly [string, ...string[][]])[] = [
  ['lazyfree-lazy-user-del', ['DEL', 'large']],
  ['lazyfree-lazy-server-del', ['SET', 'large', 'v']],
  ['lazyfree-lazy-server-del', ['SET', 'k', 'v'], ['RENAME', 'k', 'large']],
  ['lazyfree-lazy-server-del', ['SUNIONSTORE', 'large', 'nothing']],
  ['lazyfree-lazy-expire', ['EXPIRE', 'large', '0']],
  [
    'lazyfree-lazy-eviction',
    ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random', 'maxmemory', '1'],
    ['PING'],
  ],
];

for (const [setting, ...requests] of REMOVALS) {
  for (const lazy of ['yes', 'no']) {
    t.test(`${requests.at(-1)?.[0]} of a large value with ${setting} ${lazy}`, async (t) => {
      const { call, server } = await startServer(t, { config: { [setting]: lazy } });
      await call('SADD', 'large', ...MEMBERS);
      for (const request of requests) await call(...request);
      const { lazyFree } = server.engine.keyspace;
      t.equal(lazyFree.pendingObjects + lazyFree.freedObjects, lazy === 'yes' ? 1 : 0);
      t.not(await call('TYPE', 'large'), 'set');
    });
  }
}

t.test('UNLINK frees a large value later whatever the settings say', async (t) => {
  const names = ['user-del', 'server-del', 'expire', 'eviction'];
  const config = Object.fromEntries(names.map((name) => [`lazyfree-lazy-${name}`, 'no']));
  const { call, server } = await startServer(t, { config });
  await call('SADD', 'large', ...MEMBERS);
  await call('UNLINK', 'large');
  t.equal(server.engine.keyspace.lazyFree.pendingObjects, 1);
  await call('SADD', 'large', ...MEMBERS);
  await call('DEL', 'large');
  t.equal(server.engine.keyspace.lazyFree.pendingObjects, 1, 'what DEL removes goes at once again');
});

t.test('EXPIRE travels as the moment it means, its conditions kept', async (t) => {
  const started = await startServer(t);
  await started.call('SET', 'k', 'v');
  const told = listen(started);
  await started.call('EXPIRE', 'k', 100, 'NX');
  await started.call('PEXPIREAT', 'k', START_MS + 5000);
  await started.call('EXPIREAT', 'k', START_MS / 1000 + 7);
  t.same(told, [
    `> PEXPIREAT k ${START_MS + 100_000} NX`,
    '0 expire k',
    '0 expire k',
    `> PEXPIREAT k ${START_MS + 7000}`,
    '0 expire k',
  ]);
});

t.test('Moments beyond 2^53 stay exact through RENAME, COPY and APPEND', async (t) => {
  const { call, server } = await startServer(t);
  const far = '9007199254740993';
  const { entries, databases } = server.engine.keyspace;
  await call('SET', 'a', 'v');
  await call('PEXPIREAT', 'a', far);
  await call('RENAME', 'a', 'b');
  await call('COPY', 'b', 'c');
  await call('APPEND', 'c', 'x'.repeat(9000));
  const moments: bigint[] = [];
  (databases[0] as Database).keys.forEach((ref) => {
    moments.push(entries.exactExpireAtMs(ref));
  });
  t.same(moments, [BigInt(far), BigInt(far)]);
});

t.test('COPY and MOVE put an equal value into another database', async (t) => {
  const started = await startServer(t);
  const { call, server } = started;
  await call('SET', 'k', 'v'.repeat(5000), 'EX', 100);
  const told = listen(started);
  t.equal(await call('COPY', 'k', 'k', 'DB', 3), 1);
  t.equal(await call('MOVE', 'k', 3), 0);
  t.equal(await call('MOVE', 'k', 5), 1);
  t.same(told, ['3 copy_to k', '0 move_from k', '5 move_to k']);
  t.same(
    server.engine.keyspace.databases.map((database) => database.keys.size).slice(0, 6),
    [0, 0, 0, 1, 0, 1],
  );
  await call('SWAPDB', 0, 5);
  t.equal(await call('TTL', 'k'), 100);
  t.equal(await call('STRLEN', 'k'), 5000);
});

t.test('RANDOMKEY returns every key sooner or later, and none that has expired', async (t) => {
  const { call, clock } = await startServer(t);
  for (let i = 0; i < 20; i++) await call('SET', `k${i}`, 'v');
  for (let i = 0; i < 20; i++) await call('SET', `gone${i}`, 'v', 'PX', 1);
  await clock.advance(2);
  const met = new Set<unknown>();
  for (let i = 0; i < 600; i++) met.add(await call('RANDOMKEY'));
  t.same([...met].sort(), Array.from({ length: 20 }, (_, i) => `k${i}`).sort());
});

t.test('SCAN deletes expired keys that fit, and no others', async (t) => {
  const { call, clock } = await startServer(t);
  await call('SET', 'a', '1', 'PX', 1);
  await call('SET', 'b', '1', 'PX', 1);
  await clock.advance(2);
  t.same(await call('SCAN', 0, 'TYPE', 'hash'), ['0', []]);
  t.equal(await call('DBSIZE'), 2);
  t.same(await call('SCAN', 0, 'MATCH', 'a*'), ['0', []]);
  t.equal(await call('DBSIZE'), 1);
});

/** A whole SCAN, `between` being done after each call. */
async function scanAll(call: CallOnly, count: number, between: () => Promise<void>) {
  const met: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = (await call('SCAN', cursor, 'COUNT', count)) as [string, string[]];
    met.push(...keys);
    cursor = next;
    await between();
  } while (cursor !== '0');
  return met;
}

t.test(
  'SCAN returns what stays exactly once, however the keyspace changes meanwhile',
  async (t) => {
    const { call } = await startServer(t);
    const random = seeded(t);
    const lasting = Array.from({ length: 700 }, (_, i) => `lasting:${i}`);
    for (const key of lasting) await call('SET', key, 'v');
    let grown = 0;
    const met = await scanAll(call, 7, async () => {
      // It grows well beyond a doubling at first, and then shrinks again.
      for (let i = 0; i < 60; i++) {
        if (grown < 3000) await call('SET', `passing:${grown++}`, 'v');
        else await call('DEL', `passing:${random.below(3000)}`);
      }
    });
    const ofLasting = met.filter((key) => key.startsWith('lasting:'));
    t.equal(ofLasting.length, lasting.length);
    t.same(new Set(ofLasting), new Set(lasting));
  },
);

t.test(
  'OBJECT IDLETIME counts the seconds since the last use, which looking does not change',
  async (t) => {
    const { call, clock } = await startServer(t);
    await call('SET', 'k', 'v');
    await clock.advance(10_000);
    for (const look of ['EXISTS', 'TYPE', 'TTL', 'PEXPIRETIME']) await call(look, 'k');
    await call('OBJECT', 'ENCODING', 'k');
    t.equal(await call('OBJECT', 'IDLETIME', 'k'), 10);
    await call('TOUCH', 'k');
    t.equal(await call('OBJECT', 'IDLETIME', 'k'), 0);
  },
);

t.test(
  'RESTORE sets the access of a key as the policy has it, and passes over the other kind',
  async (t) => {
    const { call } = await startServer(t);
    const hello = dumpPayload(0, Buffer.from('\u0005hello'));
    await call('RESTORE', 'k', 0, hello, 'IDLETIME', 1000);
    t.equal(await call('OBJECT', 'IDLETIME', 'k'), 1000);
    await call('RESTORE', 'k', 0, hello, 'FREQ', 33, 'REPLACE');
    t.equal(await call('OBJECT', 'IDLETIME', 'k'), 0);
    await call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
    await call('RESTORE', 'k', 0, hello, 'FREQ', 33, 'REPLACE');
    t.equal(await call('OBJECT', 'FREQ', 'k'), 33);
    t.match(await refusalOf(call('OBJECT', 'IDLETIME', 'k')), /^ERR An LFU maxmemory policy is/);
    t.equal(await call('GET', 'k'), 'hello');
  },
);

t.test('RESTORE lets a key expire after so many milliseconds, and says when', async (t) => {
  const started = await startServer(t);
  const told = listen(started);
  const hello = dumpPayload(0, Buffer.from('\u0005hello'));
  await started.call('RESTORE', 'k', 100, hello);
  const shown = Buffer.from(hello).toString('latin1');
  t.same(told, [`> RESTORE k ${START_MS + 100} ${shown} ABSTTL`, '0 restore k']);
  await started.clock.advance(101);
  t.equal(await started.call('GET', 'k'), null);
});

t.test('OBJECT FREQ grows with use and falls with the minutes', async (t) => {
  const { call, clock } = await startServer(t, {
    config: { 'maxmemory-policy': 'allkeys-lfu', 'lfu-log-factor': '0' },
  });
  await call('SET', 'k', 'v');
  t.equal(await call('OBJECT', 'FREQ', 'k'), 5);
  await call('GET', 'k');
  await call('TOUCH', 'k');
  t.equal(await call('OBJECT', 'FREQ', 'k'), 7);
  await clock.advance(3 * 60_000);
  t.equal(await call('OBJECT', 'FREQ', 'k'), 4);
  await call('RENAME', 'k', 'j');
  t.equal(await call('OBJECT', 'FREQ', 'j'), 5);
});

t.test('FLUSHALL hands whole tables on to be freed later unless it is told SYNC', async (t) => {
  const { call, clock, server } = await startServer(t);
  const { keyspace, arena } = server.engine;
  const sizes: number[] = [];
  const freeLater = keyspace.freeLater.bind(keyspace);
  keyspace.freeLater = (dict) => {
    sizes.push(dict.size);
    freeLater(dict);
  };
  await call('MSET', 'a', '1', 'b', '2');
  await call('COPY', 'a', 'a', 'DB', 1);
  await call('FLUSHALL', 'SYNC');
  t.same(sizes, []);
  await call('MSET', 'a', '1', 'b', '2');
  await call('FLUSHALL');
  t.equal(sizes[0], 2);
  t.not(arena.liveBlocks, 0);
  await clock.advance(1);
  t.equal(arena.liveBlocks, 0);
});

t.test('In import mode expired keys are hidden, but make way for writes', async (t) => {
  const started = await startServer(t, { config: { 'import-mode': 'yes' } });
  const { call, clock, server } = started;
  await call('MSET', 'a', '1', 'b', '2', 'c', '3');
  for (const key of ['a', 'b', 'c']) await call('PEXPIRE', key, 1);
  await clock.advance(2);
  const told = listen(started);
  t.equal(await call('GET', 'a'), null);
  t.same(await call('SCAN', 0), ['0', []]);
  t.ok(await call('RANDOMKEY'));
  t.equal(await call('DBSIZE'), 3);
  t.equal(await call('DEL', 'a'), 1);
  t.equal(await call('EXPIRE', 'b', 100), 0);
  t.equal(await call('DBSIZE'), 1);
  t.same(told, ['0 del a', '0 > UNLINK b', '0 expired b']);
  for (const client of server.engine.clients.values()) client.isImportSource = true;
  t.equal(await call('GET', 'c'), '3');
  t.equal(await call('EXPIRE', 'c', -100_000_000_000), 1);
  t.equal(await call('PEXPIRETIME', 'c'), 0);
  t.match(told.slice(3), ['> PEXPIREAT c 0', '0 expire c']);
});
