import t from 'tap';
import { startKeyspace } from '../helpers/keyspace.js';

t.test('a table that is given up is freed in slices', async (t) => {
  const { keyspace, clock, database, set } = startKeyspace(t);
  for (let i = 0; i < 50_000; i++) set(`key:${i}`, 'v');
  const { lazyFree } = keyspace;
  keyspace.freeLater(database.detachAll());
  t.equal(database.keys.size, 0);
  t.equal(lazyFree.pendingObjects, 50_000);
  t.equal(lazyFree.freedObjects, 0);
  t.ok(lazyFree.slice());
  t.ok(lazyFree.pendingObjects < 50_000);
  t.ok(lazyFree.pendingObjects > 30_000, `${lazyFree.pendingObjects} are left after one slice`);
  await clock.advance(1);
  t.equal(lazyFree.pendingObjects, 0);
  t.equal(lazyFree.freedObjects, 50_000);
  t.equal(keyspace.arena.liveBlocks, 0);
});

t.test('an empty table is no work', async (t) => {
  const { keyspace, database } = startKeyspace(t);
  keyspace.freeLater(database.detachAll());
  t.equal(keyspace.lazyFree.pendingObjects, 0);
  t.notOk(keyspace.lazyFree.slice());
});

t.test('new keys may be set while the old ones are being freed', async (t) => {
  const { keyspace, clock, database, set, has } = startKeyspace(t);
  for (let i = 0; i < 5000; i++) set(`key:${i}`, 'old');
  keyspace.freeLater(database.detachAll());
  set('key:1', 'new');
  await clock.advance(1);
  t.ok(has('key:1'));
  t.equal(keyspace.size, 1);
});

t.test('a value counts as one object until its last part is freed', async (t) => {
  const { keyspace } = startKeyspace(t);
  const { lazyFree } = keyspace;
  let parts = 40;
  lazyFree.addValue(() => --parts === 0);
  t.equal(lazyFree.pendingObjects, 1);
  t.ok(lazyFree.slice(), 'sixteen steps a slice');
  t.equal(parts, 24);
  t.equal(lazyFree.pendingObjects, 1);
  t.equal(lazyFree.freedObjects, 0);
  lazyFree.drain();
  t.equal(parts, 0);
  t.equal(lazyFree.pendingObjects, 0);
  t.equal(lazyFree.freedObjects, 1);
});
