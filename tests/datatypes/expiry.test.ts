import t from 'tap';
import { type Keyspace, OnExpiry } from '../../datatypes/database.js';
import { setString, startKeyspace } from '../helpers/keyspace.js';

t.test('a cycle deletes keys whose time has come, and no others', async (t) => {
  const { keyspace, clock, database, set, has } = startKeyspace(t);
  for (let i = 0; i < 300; i++) set(`due:${i}`, 'v', 1000);
  set('later', 'v', 5000);
  set('never', 'v');
  await clock.advance(1001);
  keyspace.activeExpiry.startCycle(10);
  await clock.advance(100);
  t.equal(database.keys.size, 2);
  t.equal(database.expires.size, 1);
  t.ok(has('later'));
  t.ok(has('never'));
  t.equal(keyspace.stats.expired, 300);
});

t.test('a cycle tells of each key before it goes', async (t) => {
  const { keyspace, clock, set } = startKeyspace(t);
  const told: string[] = [];
  keyspace.onExpired = (_database, ref) => {
    told.push(Buffer.from(keyspace.entries.key(ref)).toString());
  };
  set('one', 'v', 10);
  set('two', 'v', 10);
  await clock.advance(11);
  keyspace.activeExpiry.startCycle(10);
  t.same(told.sort(), ['one', 'two']);
});

t.test('a cycle looks at every database', async (t) => {
  const { keyspace, clock } = startKeyspace(t);
  for (const database of keyspace.databases) {
    for (let i = 0; i < 100; i++) setString(database, `k${i}`, 'v', 10);
  }
  await clock.advance(11);
  keyspace.activeExpiry.startCycle(10);
  await clock.advance(100);
  t.equal(keyspace.size, 0);
});

t.test('a slice looks at some two thousand keys, and the rest follows', async (t) => {
  const { keyspace, clock, database, set } = startKeyspace(t);
  for (let i = 0; i < 20_000; i++) set(`k${i}`, 'v', 10);
  await clock.advance(11);
  keyspace.activeExpiry.startCycle(10);
  t.ok(database.keys.size >= 17_500, `${database.keys.size} are left`);
  await clock.advance(50);
  t.equal(database.keys.size, 0);
});

t.test('a cycle leaves a database alone once few of its keys are overdue', async (t) => {
  const { keyspace, clock, database, set } = startKeyspace(t);
  for (let i = 0; i < 10_000; i++) set(`later:${i}`, 'v', 1_000_000);
  for (let i = 0; i < 100; i++) set(`due:${i}`, 'v', 10);
  await clock.advance(11);
  keyspace.activeExpiry.startCycle(10);
  await clock.advance(50);
  t.ok(database.keys.size > 10_050, `${database.keys.size} are left`);
  for (let i = 0; i < 600; i++) keyspace.activeExpiry.startCycle(10);
  t.equal(database.keys.size, 10_000, 'the walk comes round to all of them');
});

t.test('stalePercent is a running estimate of the keys that are overdue', async (t) => {
  const { keyspace, clock, set } = startKeyspace(t);
  for (let i = 0; i < 20; i++) set(`k${i}`, 'v', 10);
  await clock.advance(11);
  keyspace.activeExpiry.startCycle(10);
  t.equal(keyspace.activeExpiry.stalePercent, 5);
  keyspace.activeExpiry.startCycle(10);
  t.equal(keyspace.activeExpiry.stalePercent, 4.75);
  keyspace.activeExpiry.resetStats();
  t.equal(keyspace.activeExpiry.stalePercent, 0);
});

t.test('a cycle that is not over when the next begins has reached its cap', async (t) => {
  const { keyspace, clock, set } = startKeyspace(t);
  for (let i = 0; i < 10_000; i++) set(`k${i}`, 'v', 10);
  await clock.advance(11);
  keyspace.activeExpiry.startCycle(10);
  t.equal(keyspace.activeExpiry.timeCapReached, 0);
  keyspace.activeExpiry.startCycle(10);
  t.equal(keyspace.activeExpiry.timeCapReached, 1);
});

const RESTS: readonly (readonly [why: string, rest: (keyspace: Keyspace) => void])[] = [
  [
    'it is switched off',
    (keyspace) => {
      keyspace.activeExpiry.enabled = false;
    },
  ],
  [
    'writes are paused',
    (keyspace) => {
      keyspace.activeExpiry.suspended = true;
    },
  ],
  [
    'keys are only hidden',
    (keyspace) => {
      keyspace.onExpiry = OnExpiry.hide;
    },
  ],
];

for (const [why, rest] of RESTS) {
  t.test(`active expiry deletes nothing while ${why}`, async (t) => {
    const { keyspace, clock, database, set } = startKeyspace(t);
    set('k', 'v', 10);
    await clock.advance(11);
    rest(keyspace);
    keyspace.activeExpiry.startCycle(10);
    await clock.advance(1000);
    t.equal(database.keys.size, 1);
  });
}
