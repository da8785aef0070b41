import t from 'tap';
import { dumpPayload } from '../helpers/dump-payload.js';
import { oneOf, seeded } from '../helpers/seeded.js';
import { refusalOf, startServer } from '../helpers/server.js';

t.test('HSET counts only the fields that were not there', async (t) => {
  const { call } = await startServer(t);
  t.equal(await call('HSET', 'user', 'name', 'Ada', 'born', '1815'), 2);
  t.equal(await call('HSET', 'user', 'name', 'Augusta'), 0);
  t.equal(
    await refusalOf(call('HSET', 'user', 'name')),
    "ERR wrong number of arguments for 'hset' command",
  );
});

t.test('a hash becomes a hashtable by count, by length and by expiry', async (t) => {
  const { call } = await startServer(t);
  await call('HSET', 'small', 'a', 'x'.repeat(64));
  t.equal(await call('OBJECT', 'ENCODING', 'small'), 'listpack');
  await call('HSET', 'small', 'a', 'x'.repeat(65));
  t.equal(await call('OBJECT', 'ENCODING', 'small'), 'hashtable');
  for (let i = 0; i < 512; i++) await call('HSET', 'many', i, i);
  t.equal(await call('OBJECT', 'ENCODING', 'many'), 'listpack');
  await call('HSET', 'many', 'one more', '');
  t.equal(await call('OBJECT', 'ENCODING', 'many'), 'hashtable');
  await call('HSET', 'timed', 'a', '1');
  await call('HEXPIRE', 'timed', '10', 'FIELDS', '1', 'a');
  t.equal(await call('OBJECT', 'ENCODING', 'timed'), 'hashtable');
});

t.test('HSETEX of times past changes a key only where it takes fields away', async (t) => {
  const { call, server } = await startServer(t);
  const writer = server.client();
  const set = (...fields: string[]) =>
    writer.call('HSETEX', 'h', 'PXAT', 1, 'FIELDS', fields.length / 2, ...fields);
  const runs = async (change: () => Promise<unknown>): Promise<boolean> => {
    await call('WATCH', 'h');
    await change();
    await call('MULTI');
    return (await call('EXEC')) !== null;
  };
  t.equal(await runs(() => set('a', '1')), true);
  await call('HSET', 'h', 'a', '1', 'b', '2');
  t.equal(await runs(() => set('c', '1', 'd', '1')), true);
  t.equal(await runs(() => set('c', '1', 'a', '1')), false);
  t.same(await call('HGETALL', 'h'), ['b', '2']);
  t.equal(await runs(() => set('b', '1')), false);
  t.equal(await call('EXISTS', 'h'), 0);
});

t.test('HSETEX takes any time where the key is not as it should be', async (t) => {
  const { call } = await startServer(t);
  const set = (...options: string[]) => call('HSETEX', 'h', ...options, 'FIELDS', '1', 'a', '1');
  const notANumber = 'ERR value is not an integer or out of range';
  t.equal(await set('XX', 'PX', 'soon'), 0);
  t.equal(await refusalOf(set('NX', 'PX', 'soon')), notANumber);
  await call('HSET', 'h', 'a', '1');
  t.equal(await set('NX', 'PX', '-5'), 0);
  t.equal(await refusalOf(set('XX', 'PX', 'soon')), notANumber);
  t.equal(await refusalOf(set('FNX', 'PX', 'soon')), notANumber);
});

t.test('a field keeps its value through its last millisecond, then is hidden', async (t) => {
  const { call, clock } = await startServer(t);
  await call('HSET', 'h', 'a', '1', 'b', '2');
  t.strictSame(await call('HPEXPIRE', 'h', '100', 'FIELDS', '2', 'a', 'none'), [1, -2]);
  await clock.advance(100);
  t.equal(await call('HGET', 'h', 'a'), '1');
  await clock.advance(1);
  t.equal(await call('HGET', 'h', 'a'), null);
  t.strictSame(await call('HKEYS', 'h'), ['b']);
});

t.test('active expiry takes fields away, and the key with the last one', async (t) => {
  const { call, clock, server } = await startServer(t);
  const { stats, databases } = server.engine.keyspace;
  for (let i = 0; i < 500; i++) await call('HSETEX', 'h', 'PX', 1000 + i, 'FIELDS', 1, i, 'v');
  t.equal(databases[0]?.volatile.size, 1);
  await clock.advance(1300);
  t.equal(await call('HLEN', 'h'), 500 - stats.expiredFields);
  t.ok(stats.expiredFields >= 200 && stats.expiredFields <= 301, `${stats.expiredFields}`);
  await clock.advance(1000);
  t.equal(await call('EXISTS', 'h'), 0);
  t.equal(stats.expiredFields, 500);
  t.equal(databases[0]?.volatile.size, 0);
});

t.test('COPY leaves out fields that have expired, RENAME and MOVE keep their times', async (t) => {
  const { call, clock } = await startServer(t);
  await call('HSETEX', 'h', 'PX', '500000', 'FIELDS', '1', 'a', '1');
  await call('HSETEX', 'h', 'PX', '1', 'FIELDS', '1', 'b', '2');
  await clock.advance(2);
  await call('COPY', 'h', 'copy');
  t.equal(await call('HLEN', 'copy'), 1);
  await call('RENAME', 'copy', 'other');
  await call('MOVE', 'other', '1');
  await call('SELECT', '1');
  t.strictSame(await call('HPTTL', 'other', 'FIELDS', '1', 'a'), [499_998]);
  const info = String(await call('INFO', 'keyspace'));
  t.match(info, /db0:keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=1/);
  t.match(info, /db1:keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=1/);
  await call('SET', 'other', 'no hash');
  t.match(String(await call('INFO', 'keyspace')), /db1:.*keys_with_volatile_items=0/);
});

t.test('RESTORE refuses damaged hashes or makes them whole', async (t) => {
  const { call } = await startServer(t);
  const random = seeded(t);
  const odd = [
    '\x10\x07\x07\x00\x00\x00\x00\x00\xff',
    '\x04\x00',
    '\x04\x02\x01a\x01b\x01a\x01c',
    '\x09\x02\x00\xff',
    '\x16\x01\x01a\x01b\xfe\xff\xff\xff\xff\xff\xff\xff',
    '\x0d\x0b\x0b\x00\x00\x00\x0a\x00\x00\x00\x00\x00\xff',
  ];
  for (const rdb of odd) {
    const bytes = Buffer.from(rdb, 'latin1');
    const payload = dumpPayload(bytes[0] ?? 0, bytes.subarray(1));
    t.equal(await refusalOf(call('RESTORE', 'k', '0', payload)), 'ERR Bad data format');
  }
  const zipmap = Buffer.from('\x09\x0c\x01\x01a\x02\x00xy\x00\x00\x00\x00\xff', 'latin1');
  for (let i = 0; i < 3000; i++) {
    const bytes = Buffer.from(zipmap);
    for (let n = 0; n < 3; n++) bytes[2 + random.below(bytes.length - 2)] = random.below(256);
    const type = oneOf(random, [4, 9, 13, 16, 22]);
    const reply = call('RESTORE', 'k', '0', dumpPayload(type, bytes.subarray(1)), 'REPLACE');
    await reply.then(
      () => call('HGETALL', 'k'),
      (error: Error) => t.equal(error.message, 'ERR Bad data format'),
    );
  }
});

t.test('RESTORE refuses a zipmap with a short length in the long form', async (t) => {
  const { call } = await startServer(t);
  const zipmap = Buffer.from('\x09\x01\xfe\x01\x00\x00\x00a\x02\x00xy\xff', 'latin1');
  const reply = call('RESTORE', 'zipmap', '0', dumpPayload(9, zipmap.fill(12, 0, 1)));
  t.equal(await refusalOf(reply), 'ERR Bad data format');
});

t.test('RESTORE reads zipmaps and ziplists', async (t) => {
  const { call } = await startServer(t);
  const zipmap = Buffer.from('\x09\x01\x01a\x02\x01xy\x00\xff', 'latin1');
  await call('RESTORE', 'zipmap', '0', dumpPayload(9, zipmap));
  t.strictSame(await call('HGETALL', 'zipmap'), ['a', 'xy']);
  const ziplist = Buffer.from(
    '\x12\x12\x00\x00\x00\x0d\x00\x00\x00\x02\x00\x00\x01a\x03\xc0\x39\x30\xff',
    'latin1',
  );
  await call('RESTORE', 'ziplist', '0', dumpPayload(13, ziplist));
  t.strictSame(await call('HGETALL', 'ziplist'), ['a', '12345']);
  t.equal(await call('OBJECT', 'ENCODING', 'ziplist'), 'listpack');
});

t.test('HRANDFIELD gives different fields, or with a negative count any', async (t) => {
  const { call } = await startServer(t);
  for (const [key, count] of [
    ['small', 20],
    ['large', 2000],
  ] as const) {
    for (let i = 0; i < count; i++) await call('HSET', key, i, -i);
    const some = (await call('HRANDFIELD', key, '10')) as string[];
    t.equal(new Set(some).size, 10);
    const most = (await call('HRANDFIELD', key, count - 1)) as string[];
    t.equal(new Set(most).size, count - 1);
    t.equal(((await call('HRANDFIELD', key, '-50')) as string[]).length, 50);
    const pairs = (await call('HRANDFIELD', key, '5', 'WITHVALUES')) as string[];
    for (let i = 0; i < 10; i += 2) t.equal(Number(pairs[i]), -Number(pairs[i + 1]));
  }
});

t.test('hashes agree with a Map over random changes', async (t) => {
  const { call, clock } = await startServer(t);
  const random = seeded(t);
  await call('CONFIG', 'SET', 'hash-max-listpack-entries', '20');
  const model = new Map<string, { value: string; endMs: number }>();
  const fields = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? `${i}` : `field:${i}`));
  const values = ['', '7', 'v', 'x'.repeat(70), 'y'.repeat(2000), 'z'.repeat(20_000)];
  for (let i = 0; i < 6000; i++) {
    const field = oneOf(random, fields);
    const choice = random.below(20);
    if (choice < 8) {
      const value = oneOf(random, values);
      await call('HSET', 'h', field, value);
      model.set(field, { value, endMs: Number.POSITIVE_INFINITY });
    } else if (choice < 12) {
      const livesMs = 1 + random.below(400);
      await call('HPEXPIRE', 'h', livesMs, 'FIELDS', '1', field);
      const held = model.get(field);
      if (held) held.endMs = clock.now() + livesMs;
    } else if (choice < 14) {
      await call('HPERSIST', 'h', 'FIELDS', '1', field);
      const held = model.get(field);
      if (held) held.endMs = Number.POSITIVE_INFINITY;
    } else if (choice < 16) {
      t.equal(await call('HDEL', 'h', field), model.delete(field) ? 1 : 0);
    } else if (choice < 18) {
      await clock.advance(random.below(30));
      for (const [name, { endMs }] of model) if (endMs < clock.now()) model.delete(name);
    } else {
      t.equal(await call('HGET', 'h', field), model.get(field)?.value ?? null);
    }
    if (i % 400 === 0) {
      const all = (await call('HGETALL', 'h')) as string[];
      const pairs = new Map<string, string>();
      for (let p = 0; p < all.length; p += 2) pairs.set(all[p] ?? '', all[p + 1] ?? '');
      t.equal(pairs.size, model.size);
      for (const [name, { value }] of model) t.equal(pairs.get(name), value);
    }
    if (i % 1500 === 0) {
      await call('DEL', 'h');
      model.clear();
    }
  }
});
