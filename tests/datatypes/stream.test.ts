import t from 'tap';
import { oneOf, seeded } from '../helpers/seeded.js';
import { refusalOf, startServer } from '../helpers/server.js';

type Entry = readonly [id: string, fields: readonly string[]];

t.test(
  'XADD takes IDs from the clock, and goes on when that stands still or goes back',
  async (t) => {
    const { call, clock } = await startServer(t);
    const nowMs = clock.now();
    t.equal(await call('XADD', 's', '*', 'f', 'v'), `${nowMs}-0`);
    t.equal(await call('XADD', 's', '*', 'f', 'v'), `${nowMs}-1`);
    t.equal(await call('XADD', 's', '9999999999999-5', 'f', 'v'), '9999999999999-5');
    t.equal(await call('XADD', 's', '*', 'f', 'v'), '9999999999999-6');
  },
);

t.test('IDs are exact to 64 bits in both halves', async (t) => {
  const { call } = await startServer(t);
  const ids = [
    ...['0-18446744073709551615', '1-0', '9007199254740993-9007199254740993'],
    ...['18446744073709551614-3', '18446744073709551615-18446744073709551615'],
  ];
  for (const id of ids) t.equal(await call('XADD', 's', id, 'f', 'v'), id);
  const entries = (await call('XRANGE', 's', '-', '+')) as unknown as Entry[];
  t.same(
    entries.map(([id]) => id),
    ids,
  );
  const last = await call('XREVRANGE', 's', '+', '(9007199254740993-9007199254740993');
  t.equal((last as unknown as Entry[]).length, 2);
  t.match(await refusalOf(call('XADD', 's', '*', 'f', 'v')), /exhausted the last possible ID/);
});

t.test('stream-node-max-entries takes effect on the next entry', async (t) => {
  const { call } = await startServer(t);
  const nodes = async () => ((await call('XINFO', 'STREAM', 's')) as unknown[])[3];
  for (let i = 1; i <= 10; i++) await call('XADD', 's', `${i}-1`, 'f', 'v');
  t.equal(await nodes(), 1);
  await call('CONFIG', 'SET', 'stream-node-max-entries', '5');
  for (let i = 11; i <= 20; i++) await call('XADD', 's', `${i}-1`, 'f', 'v');
  t.equal(await nodes(), 3);
  await call('CONFIG', 'SET', 'stream-node-max-bytes', '1');
  await call('XADD', 's', '21-1', 'f', 'v');
  t.equal(await nodes(), 4);
});

t.test('a copy of a stream and the stream change each on its own', async (t) => {
  const { call } = await startServer(t);
  for (let i = 1; i <= 300; i++) await call('XADD', 's', `${i}-1`, 'f', `${i}`);
  await call('XGROUP', 'CREATE', 's', 'g', '0');
  await call('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '150', 'STREAMS', 's', '>');
  await call('COPY', 's', 'copy');
  await call('XDEL', 's', '5-1', '300-1');
  await call('XADD', 'copy', '301-1', 'f', 'v');
  await call('XACK', 'copy', 'g', '1-1', '2-1');
  t.equal(await call('XLEN', 's'), 298);
  t.equal(await call('XLEN', 'copy'), 301);
  t.same(((await call('XPENDING', 's', 'g')) as unknown[])[0], 150);
  t.same(((await call('XPENDING', 'copy', 'g')) as unknown[])[0], 148);
  t.same(await call('XRANGE', 'copy', '5', '5'), [['5-1', ['f', '5']]]);
});

t.test('XAUTOCLAIM goes on from its cursor, and drops what is deleted', async (t) => {
  const { call, clock } = await startServer(t);
  for (let i = 1; i <= 5; i++) await call('XADD', 's', `${i}-0`, 'f', 'v');
  await call('XGROUP', 'CREATE', 's', 'g', '0');
  await call('XREADGROUP', 'GROUP', 'g', 'one', 'STREAMS', 's', '>');
  await call('XDEL', 's', '2-0');
  await clock.advance(100);
  const first = await call('XAUTOCLAIM', 's', 'g', 'two', '100', '0', 'COUNT', '2', 'JUSTID');
  t.same(first, ['3-0', ['1-0'], ['2-0']]);
  const second = await call('XAUTOCLAIM', 's', 'g', 'two', '100', '3-0', 'JUSTID');
  t.same(second, ['0-0', ['3-0', '4-0', '5-0'], []]);
  const third = await call('XAUTOCLAIM', 's', 'g', 'two', '100', '0');
  t.same(third, ['0-0', [], []]);
});

t.test('XREAD BLOCK waits for nothing when there is something', async (t) => {
  const { call } = await startServer(t);
  await call('XADD', 's', '1-1', 'f', 'v');
  const read = await call('XREAD', 'BLOCK', '0', 'STREAMS', 's', '0');
  t.same(read, [['s', [['1-1', ['f', 'v']]]]]);
});

t.test('XREAD + reads the last entry only while the last ID is its own', async (t) => {
  const { call } = await startServer(t);
  for (const id of ['34-0', '44-0', '50-0']) await call('XADD', 's', id, 'f', 'v');
  t.same(await call('XREAD', 'STREAMS', 's', '+'), [['s', [['50-0', ['f', 'v']]]]]);
  await call('XDEL', 's', '50-0');
  t.equal(await call('XREAD', 'STREAMS', 's', '+'), null);
  await call('XADD', 'set', '1-0', 'f', 'v');
  await call('XSETID', 'set', '2-0');
  t.equal(await call('XREAD', 'STREAMS', 'set', '+'), null);
});

t.test('random changes leave what a plain list of entries holds', async (t) => {
  const { call } = await startServer(t);
  const random = seeded(t);
  await call('CONFIG', 'SET', 'stream-node-max-entries', '7');
  let model: Entry[] = [];
  let last = 0;
  for (let step = 0; step < 3000; step++) {
    const pick = random.below(20);
    if (pick < 12) {
      last += random.below(3) + 1;
      const fields = [
        'f',
        `${random.below(1000)}`,
        oneOf(random, ['g', 'h']),
        'x'.repeat(random.below(90)),
      ];
      const used = random.below(2) === 0 ? fields : fields.slice(0, 2);
      model.push([`${last}-0`, used]);
      await call('XADD', 's', `${last}-0`, ...used);
    } else if (pick < 18) {
      const id = `${random.below(last + 1)}-0`;
      await call('XDEL', 's', id);
      model = model.filter(([one]) => one !== id);
    } else if (pick === 18 && random.below(10) === 0) {
      const kept = Math.floor(model.length * 0.8);
      await call('XTRIM', 's', 'MAXLEN', `${kept}`);
      model = model.slice(model.length - kept);
    } else {
      const [from, to] = [random.below(last + 2), random.below(last + 2)];
      const inside = model.filter(
        ([id]) => Number.parseInt(id, 10) >= from && Number.parseInt(id, 10) <= to,
      );
      t.same(await call('XRANGE', 's', `${from}`, `${to}`, 'COUNT', '20'), inside.slice(0, 20));
      const backwards = inside.reverse().slice(0, 20);
      t.same(await call('XREVRANGE', 's', `${to}`, `${from}`, 'COUNT', '20'), backwards);
    }
  }
  t.equal(await call('XLEN', 's'), model.length);
  t.same(await call('XRANGE', 's', '-', '+'), model);
});

t.test('XGROUP DESTROY gives a long list of pending entries back in turns', async (t) => {
  const { server, call } = await startServer(t);
  for (let i = 1; i <= 2000; i++) await call('XADD', 's', `${i}-1`, 'f', 'v');
  await call('XGROUP', 'CREATE', 's', 'g', '0');
  await call('XREADGROUP', 'GROUP', 'g', 'one', 'STREAMS', 's', '>');
  t.equal(await call('XGROUP', 'DESTROY', 's', 'g'), 1);
  t.equal(server.engine.keyspace.lazyFree.pendingObjects, 1);
  t.same(await call('XINFO', 'GROUPS', 's'), []);
});
