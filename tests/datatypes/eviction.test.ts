import type { Test } from 'tap';
import t from 'tap';
import { Eviction } from '../../datatypes/eviction.js';
import { setString, startKeyspace } from '../helpers/keyspace.js';

function startEviction(t: Test, maxmemoryPolicy: string, maxmemorySamples = 10) {
  const started = startKeyspace(t);
  const { keyspace } = started;
  const settings = { maxmemoryPolicy, maxmemorySamples };
  keyspace.accessClock.isLfu = maxmemoryPolicy.endsWith('lfu');
  const eviction = new Eviction(keyspace, settings);
  const evicted: string[] = [];
  eviction.onEvicted = (_database, ref) => {
    evicted.push(Buffer.from(keyspace.entries.key(ref)).toString());
  };
  return { ...started, eviction, evicted, settings };
}

t.test('noeviction evicts nothing', async (t) => {
  const { eviction, set } = startEviction(t, 'noeviction');
  set('k', 'v', 1000);
  t.notOk(eviction.evictOne());
});

t.test('nothing is evicted from an empty keyspace', async (t) => {
  for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'volatile-ttl']) {
    t.notOk(startEviction(t, policy).eviction.evictOne(), policy);
  }
});

t.test('allkeys-lru evicts the key that was not used for the longest time', async (t) => {
  const { eviction, evicted, set, clock, database } = startEviction(t, 'allkeys-lru');
  for (const name of ['a', 'b', 'c', 'd']) {
    set(name, 'v');
    await clock.advance(1000);
  }
  database.findForRead(Buffer.from('a'), 0, 1);
  t.ok(eviction.evictOne());
  t.ok(eviction.evictOne());
  t.same(evicted, ['b', 'c']);
});

t.test('allkeys-lfu evicts the key that was used the least', async (t) => {
  const { eviction, evicted, set, database } = startEviction(t, 'allkeys-lfu');
  for (const [name, uses] of [
    ['often', 1000],
    ['rarely', 2],
    ['sometimes', 30],
  ] as const) {
    set(name, 'v');
    for (let i = 0; i < uses; i++) database.findForRead(Buffer.from(name), 0, name.length);
  }
  while (eviction.evictOne());
  t.same(evicted, ['rarely', 'sometimes', 'often']);
});

t.test('volatile-ttl evicts what expires the soonest, whatever its database', async (t) => {
  const { eviction, evicted, keyspace, set } = startEviction(t, 'volatile-ttl');
  set('late', 'v', 90_000);
  set('never', 'v');
  for (const [id, livesMs] of [
    [1, 30_000],
    [2, 10_000],
    [3, 50_000],
  ] as const) {
    const database = keyspace.databases[id];
    if (database) setString(database, `db${id}`, 'v', livesMs);
  }
  while (eviction.evictOne());
  t.same(evicted, ['db2', 'db1', 'db3', 'late']);
});

for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl']) {
  t.test(`${policy} evicts only keys that expire`, async (t) => {
    const { eviction, database, set, has } = startEviction(t, policy);
    for (let i = 0; i < 20; i++) set(`volatile:${i}`, 'v', 1000 + i);
    for (let i = 0; i < 20; i++) set(`lasting:${i}`, 'v');
    while (eviction.evictOne());
    t.equal(database.keys.size, 20);
    t.equal(database.expires.size, 0);
    t.ok(has('lasting:7'));
  });
}

t.test('allkeys-random takes from all databases in turn', async (t) => {
  const { eviction, keyspace } = startEviction(t, 'allkeys-random');
  for (const database of keyspace.databases) {
    for (let i = 0; i < 10; i++) setString(database, `k${i}`, 'v');
  }
  for (let i = 0; i < 20; i++) eviction.evictOne();
  t.same(
    keyspace.databases.map((database) => database.keys.size),
    [5, 5, 5, 5],
  );
});

t.test('with five samples LRU comes close to the exact order', async (t) => {
  const { eviction, evicted, clock, set } = startEviction(t, 'allkeys-lru', 5);
  for (let i = 0; i < 2000; i++) {
    set(`${i}`, 'v');
    await clock.advance(1000);
  }
  for (let i = 0; i < 1000; i++) eviction.evictOne();
  const older = evicted.filter((name) => Number(name) < 1000).length;
  t.ok(older > 850, `${older} of 1000 evicted keys are of the older half`);
});

t.test('a key that went by itself is passed over', async (t) => {
  const { eviction, evicted, clock, database, set } = startEviction(t, 'allkeys-lru');
  for (const name of ['a', 'b', 'c']) {
    set(name, 'v');
    await clock.advance(1000);
  }
  eviction.evictOne();
  database.delete(Buffer.from('b'), 0, 1);
  eviction.evictOne();
  t.same(evicted, ['a', 'c']);
  t.notOk(eviction.evictOne());
});

t.test('a new policy forgets what the old one found', async (t) => {
  const {
    keyspace,
    eviction: first,
    evicted,
    settings,
    clock,
    set,
  } = startEviction(t, 'allkeys-lru');
  set('oldest', 'v', 90_000);
  await clock.advance(5000);
  set('soonest', 'v', 1000);
  set('middle', 'v', 5000);
  const eviction = new Eviction(keyspace, settings);
  eviction.onEvicted = first.onEvicted;
  eviction.evictOne();
  settings.maxmemoryPolicy = 'volatile-ttl';
  eviction.evictOne();
  t.same(evicted, ['oldest', 'soonest']);
});
