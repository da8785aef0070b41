/** Setting a server up and looking at what it holds. */
import t from 'tap';
import { createServer, expiring, type PlainData, stream } from '../../../server/index.js';
import { startServer } from '../../helpers/server.js';

const EVERYTHING: PlainData = {
  bytes: Uint8Array.of(0xff, 0, 0x80),
  count: '10',
  list: ['a', 'b', 'a'],
  members: new Set(['x', 'y']),
  name: 'Ada',
  plays: stream([{ id: '5-1', fields: { track: 'one', listener: 'Ada' } }]),
  scores: new Map([
    ['low', Number.NEGATIVE_INFINITY],
    ['mid', 0.1],
    ['high', 1e21],
  ]),
  session: expiring('open', 10_000),
  user: { name: 'Ada', token: expiring('secret', 500) },
};

const LIBRARY = "#!lua name=lib\nserver.register_function('f', function() return 1 end)";

t.test('createServer begins with data', async (t) => {
  const { call } = await startServer(t, { data: EVERYTHING });
  t.equal(await call('GET', 'name'), 'Ada');
  t.same(await call('LRANGE', 'list', '0', '-1'), ['a', 'b', 'a']);
  t.same(await call('ZRANGE', 'scores', '0', '-1'), ['low', 'mid', 'high']);
  t.equal(await call('PTTL', 'session'), 10_000);
  t.same(await call('HPTTL', 'user', 'FIELDS', '2', 'name', 'token'), [-1, 500]);
  t.same(await call('XRANGE', 'plays', '-', '+'), [['5-1', ['track', 'one', 'listener', 'Ada']]]);
});

t.test('dump tells what load set', async (t) => {
  const { server } = await startServer(t);
  server.load(EVERYTHING);
  t.strictSame(server.dump(), EVERYTHING);
});

t.test('dump tells of keys that fit, in one database', async (t) => {
  const { server, call } = await startServer(t, { data: { 'user:1': 'Ada', other: '' } });
  server.load({ 'user:2': 'Bo' }, { db: 3 });
  t.same(server.dump({ match: 'user:*' }), { 'user:1': 'Ada' });
  t.same(server.dump({ db: 3 }), { 'user:2': 'Bo' });
  t.same(await call('KEYS', 'user:*'), ['user:1']);
});

t.test('load replaces the keys it names and leaves others', async (t) => {
  const { server } = await startServer(t, { data: { a: expiring('1', 9), b: '2' } });
  server.load({ a: ['now', 'a list'] });
  t.strictSame(server.dump(), { a: ['now', 'a list'], b: '2' });
});

t.test('load takes numbers, large collections and empty ones', async (t) => {
  const { server, call } = await startServer(t);
  const many = Array.from({ length: 2500 }, (_, i) => i);
  server.load({ n: 1.5, big: 12n, many, none: [], map: new Map(many.map((i) => [i, i])) });
  t.same(server.dump({ match: '[nb]*' }), { n: '1.5', big: '12' });
  t.equal(await call('LLEN', 'many'), 2500);
  t.equal(await call('ZSCORE', 'map', '2499'), '2499');
});

t.test('load refuses what no key holds', async (t) => {
  const { server } = await startServer(t);
  const data = { a: null } as unknown as PlainData;
  t.throws(() => server.load(data), /Cannot load key a: a key holds no such value: null/);
  const pairs = { a: new Map([['m', 'high']]) } as unknown as PlainData;
  t.throws(() => server.load(pairs), /Cannot load key a: a Map gives members scores: high/);
});

t.test('dump shows names that are no text with their bytes', async (t) => {
  const { server, call } = await startServer(t);
  await call('SET', Uint8Array.of(0x61, 0xff), 'v');
  t.same(server.dump(), { 'a\\xff': 'v' });
});

t.test('streams come back with their groups and what was deleted', async (t) => {
  const { server, call } = await startServer(t);
  for (const id of ['1-1', '2-1', '3-1']) await call('XADD', 's', id, 'f', id, 'f', 'twice');
  await call('XDEL', 's', '3-1');
  await call('XGROUP', 'CREATE', 's', 'g', '0');
  await call('XREADGROUP', 'GROUP', 'g', 'ada', 'COUNT', '1', 'STREAMS', 's', '>');
  await call('XGROUP', 'CREATECONSUMER', 's', 'g', 'idle');
  const before = server.dump();
  const facts = await call('XINFO', 'STREAM', 's');
  server.load(before);
  t.strictSame(server.dump(), before);
  const same = ['length', 'last-generated-id', 'max-deleted-entry-id', 'entries-added', 'groups'];
  const pick = (all: unknown) =>
    same.map((name) => (all as unknown[])[(all as unknown[]).indexOf(name) + 1]);
  t.same(pick(await call('XINFO', 'STREAM', 's')), pick(facts));
  t.match(await call('XPENDING', 's', 'g', '-', '+', '9'), [['1-1', 'ada', 0, 1]]);
});

t.test('restore brings back what snapshot remembered, in all databases', async (t) => {
  const { server, call, clock } = await startServer(t, { data: EVERYTHING });
  server.load({ there: 'too' }, { db: 5 });
  const before = server.dump();
  const snapshot = server.snapshot();
  t.equal(snapshot.size, 10);
  await call('FLUSHALL');
  await call('SET', 'new', '1');
  server.restore(snapshot);
  t.strictSame(server.dump(), before);
  t.same(server.dump({ db: 5 }), { there: 'too' });
  await clock.advance(10_001);
  server.restore(snapshot);
  t.equal(await call('EXISTS', 'session'), 0);
  t.equal(await call('EXISTS', 'name'), 1);
});

t.test('a snapshot can be restored into another server', async (t) => {
  const { server } = await startServer(t, { data: EVERYTHING });
  const other = await startServer(t);
  other.server.restore(server.snapshot());
  t.strictSame(other.server.dump(), server.dump());
});

t.test('reset forgets data, settings, statistics and the date', async (t) => {
  const { server, call, clock } = await startServer(t, { config: { hz: '20' } });
  await call('CONFIG', 'SET', 'hz', '50', 'maxmemory', '100mb', 'requirepass', 'secret');
  await call('NOSUCH').catch(() => {});
  await call('SELECT', '2');
  await call('SET', 'k', 'v');
  await clock.advance(60_000);
  server.reset();
  t.same(server.dump(), {});
  t.same(server.dump({ db: 2 }), {});
  t.same(await call('CONFIG', 'GET', 'hz', 'maxmemory', 'requirepass'), [
    ...['hz', '20', 'maxmemory', '0', 'requirepass', ''],
  ]);
  t.match(await call('INFO', 'errorstats'), /^# Errorstats\r\n$/);
  t.same(await call('TIME'), ['1700000000', '0']);
});

t.test('reset brings back the data that the server began with', async (t) => {
  const { server, call } = await startServer(t, { data: EVERYTHING });
  await call('FLUSHALL');
  await call('SET', 'k', 'v');
  server.reset();
  t.strictSame(server.dump(), EVERYTHING);
});

t.test('reset has settings take effect', async (t) => {
  const { server, call } = await startServer(t, { data: { k: 'v' } });
  await call('CONFIG', 'SET', 'notify-keyspace-events', 'KEA', 'requirepass', 'secret');
  server.reset();
  const client = server.client();
  const heard: unknown[] = [];
  client.onPush = (message) => heard.push(message);
  await client.call('PSUBSCRIBE', '*');
  await call('SET', 'k', 'v');
  t.same(heard, []);
  const stream = server.connect();
  const reply = new Promise((resolve) => stream.once('data', resolve));
  stream.write('PING\r\n');
  t.equal(String(await reply), '+PONG\r\n');
});

t.test('reset ends transactions, waiting and pauses; connections stay', async (t) => {
  const { server, call } = await startServer(t);
  const [queueing, waiting] = [server.client(), server.client()];
  await queueing.call('CLIENT', 'SETNAME', 'stays');
  await queueing.call('MULTI');
  const popped = waiting.call('BLPOP', 'none', '0');
  await call('CLIENT', 'PAUSE', '100000');
  server.reset();
  t.equal(await popped, null);
  t.equal(await queueing.call('SET', 'k', 'v'), 'OK');
  t.equal(await queueing.call('CLIENT', 'GETNAME'), 'stays');
});

t.test('reset forgets scripts and functions', async (t) => {
  const { server, call } = await startServer(t);
  const sha = (await call('SCRIPT', 'LOAD', 'return 1')) as string;
  await call('FUNCTION', 'LOAD', LIBRARY);
  server.reset();
  t.same(await call('SCRIPT', 'EXISTS', sha), [0]);
  t.same(await call('FUNCTION', 'LIST'), []);
});

t.test('restore brings functions back', async (t) => {
  const { server, call } = await startServer(t);
  await call('FUNCTION', 'LOAD', LIBRARY);
  const snapshot = server.snapshot();
  server.reset();
  server.restore(snapshot);
  t.equal(await call('FCALL', 'f', '0'), 1);
});

t.test('reset closes connections when asked to', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  const waits = client.call('BLPOP', 'none', '0');
  server.reset({ closeClients: true });
  await t.rejects(waits, /Connection is closed/);
  t.equal(await server.call('PING'), 'PONG');
});

t.test('reset makes chance begin anew', async (t) => {
  const { server, call } = await startServer(t);
  const draw = async () => {
    server.reset();
    server.load({ s: new Set(Array.from({ length: 50 }, (_, i) => `m${i}`)) });
    return call('SRANDMEMBER', 's', '-10');
  };
  t.same(await draw(), await draw());
});

t.test('data can be loaded and dumped while clients are paused', async (t) => {
  const { server, call } = await startServer(t);
  await call('CLIENT', 'PAUSE', '100000', 'ALL');
  server.load({ k: 'v' });
  t.same(server.dump(), { k: 'v' });
});

t.test('twenty servers side by side share nothing', async (t) => {
  const servers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => createServer({ listen: false, data: { i } })),
  );
  for (const server of servers) server.load({ [`own${server.dump().i}`]: '' });
  servers[7]?.reset();
  t.same(servers[7]?.dump(), { i: '7' });
  t.same(servers[8]?.dump(), { i: '8', own8: '' });
  t.same(servers[19]?.dump(), { i: '19', own19: '' });
  for (const server of servers) await server.close();
});
