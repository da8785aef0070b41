import t from 'tap';
import { refusalOf, startServer } from '../helpers/server.js';
import { connect } from '../helpers/wire.js';

const OOM = "OOM command not allowed when used memory > 'maxmemory'.";

/** A server with `keys` keys of 100 bytes each; and a way to set its limit so far above what it uses. */
async function startFull(t: Parameters<typeof startServer>[0], keys: number, policy: string) {
  const started = await startServer(t, { config: { 'maxmemory-policy': policy } });
  const { call, server } = started;
  for (let i = 0; i < keys; i++) await call('SET', `key:${i}`, 'v'.repeat(100));
  const { memory } = server.engine;
  const limit = (spare: number) => call('CONFIG', 'SET', 'maxmemory', memory.usedBytes + spare);
  return { ...started, engine: server.engine, memory, limit };
}

t.test('above the limit denyoom commands are refused, and others run', async (t) => {
  const { call, limit } = await startFull(t, 10, 'noeviction');
  await limit(-1);
  t.equal(await refusalOf(call('SET', 'k', 'v')), OOM);
  t.equal(await call('GET', 'key:1'), 'v'.repeat(100));
  t.equal(await call('GET', 'k'), null);
});

t.test('a refused command runs again once the limit is raised', async (t) => {
  const { call, limit } = await startFull(t, 10, 'noeviction');
  await limit(-1);
  await refusalOf(call('SET', 'k', 'v'));
  await limit(4096);
  t.equal(await call('SET', 'k', 'v'), 'OK');
});

t.test('keys are evicted before a command runs, until memory is within the limit', async (t) => {
  const { call, engine, memory, limit } = await startFull(t, 1000, 'allkeys-lru');
  await limit(-20_000);
  const maxmemory = engine.config.values.maxmemory;
  await call('PING');
  t.ok(memory.usedBytes <= maxmemory);
  t.equal(engine.stats.evictedKeys, 1000 - engine.keyspace.size);
  t.ok(engine.keyspace.size > 700, `${engine.keyspace.size} keys are left`);
});

t.test('CONFIG SET maxmemory makes room in the background', async (t) => {
  const { clock, engine, limit } = await startFull(t, 1000, 'allkeys-random');
  await limit(-20_000);
  await clock.advance(0);
  t.ok(engine.keyspace.size < 1000);
  t.notOk(engine.memory.outOfMemory);
});

t.test('memory stays within the limit however much is written', async (t) => {
  const { call, engine, memory, limit } = await startFull(t, 500, 'allkeys-lfu');
  await limit(10_000);
  for (let i = 0; i < 3000; i++) await call('SET', `new:${i}`, 'v'.repeat(100));
  t.ok(memory.usedBytes < engine.config.values.maxmemory + 1024);
  t.ok(engine.keyspace.size > 400);
});

t.test('volatile policies refuse when no key expires', async (t) => {
  const { call, engine, limit } = await startFull(t, 20, 'volatile-lru');
  await limit(-1);
  t.equal(await refusalOf(call('SET', 'k', 'v')), OOM);
  t.equal(engine.keyspace.size, 20);
});

t.test('in import mode no key is evicted', async (t) => {
  const { call, engine, limit } = await startFull(t, 20, 'allkeys-lru');
  await call('CONFIG', 'SET', 'import-mode', 'yes');
  await limit(-1000);
  t.equal(await refusalOf(call('SET', 'k', 'v')), OOM);
  t.equal(engine.keyspace.size, 20);
  await call('CONFIG', 'SET', 'import-mode', 'no');
  await call('PING');
  t.ok(engine.keyspace.size < 20);
});

t.test('the time above the limit is added up', async (t) => {
  const { call, clock, memory, limit } = await startFull(t, 10, 'noeviction');
  await limit(-1);
  await call('PING');
  await clock.advance(300);
  t.equal(memory.exceededNowMs, 300);
  await limit(10_000);
  await call('PING');
  t.equal(memory.exceededNowMs, 0);
  t.equal(memory.exceededMs, 300);
});

t.test('expired keys go without anybody asking for them', async (t) => {
  const { clock, server } = await startServer(t);
  const [database] = server.engine.keyspace.databases;
  const name = Buffer.from('k');
  database?.setString(name, 0, 1, name, 0, 1, clock.now() + 500);
  await clock.advance(500);
  t.equal(database?.keys.size, 1);
  await clock.advance(200);
  t.equal(database?.keys.size, 0);
});

t.test('the cron runs each task at its own pace, and not after close', async (t) => {
  const { clock, server } = await startServer(t, { config: { hz: '20' } });
  const { cron } = server.engine;
  let [ticks, seconds] = [0, 0];
  cron.every('tick', () => ticks++);
  cron.every('second', () => seconds++, 1000);
  await clock.advance(5000);
  t.equal(ticks, 100);
  t.equal(seconds, 5);
  await server.close();
  await clock.advance(5000);
  t.equal(ticks, 100);
});

t.test('hz is kept from 1 to 500', async (t) => {
  const { call, server } = await startServer(t, { config: { hz: '0' } });
  t.same(await call('CONFIG', 'GET', 'hz'), ['hz', '1']);
  await call('CONFIG', 'SET', 'hz', '10000');
  t.same(await call('CONFIG', 'GET', 'hz'), ['hz', '500']);
  t.equal(server.engine.cron.hz, 500);
});

t.test('years pass in a moment', async (t) => {
  const { clock, call, server } = await startServer(t);
  await call('SET', 'k', 'v');
  let ticks = 0;
  server.engine.cron.every('tick', () => ticks++);
  await clock.advance(10 * 365 * 86_400_000);
  t.ok(ticks <= 1001, `${ticks} ticks`);
  t.equal(await call('GET', 'k'), 'v');
});

t.test('the peak is what was in use at most, and when', async (t) => {
  const { call, clock, server } = await startServer(t);
  const { memory } = server.engine;
  await clock.advance(5000);
  await call('SET', 'k', 'v'.repeat(1_000_000));
  const used = memory.usedBytes;
  await clock.advance(5000);
  await call('SET', 'k', 'v');
  t.equal(memory.peakBytes, used);
  t.ok(memory.usedBytes < used - 900_000);
  t.equal(memory.peakAtMs, clock.now() - 5000);
});

t.test("clients' buffers count as used memory, until the client is gone", async (t) => {
  const { server, port } = await startServer(t, { listen: true, config: { maxmemory: '100mb' } });
  const { memory } = server.engine;
  const before = memory.usedBytes;
  const clients = server.engine.clients.size;
  const wire = await connect(port);
  wire.socket.write(`*2\r\n$4\r\nECHO\r\n$3000000\r\n${'x'.repeat(1_000_000)}`);
  while (memory.clientsBytes < 1_000_000) await new Promise((done) => setImmediate(done));
  t.ok(memory.usedBytes >= before + 1_000_000);
  wire.close();
  while (server.engine.clients.size > clients) await new Promise((done) => setImmediate(done));
  t.equal(memory.usedBytes, before);
});

t.test('a client that is dropped in its own turn counts no more', async (t) => {
  const { call, port, server } = await startServer(t, {
    listen: true,
    config: { maxmemory: '1gb' },
  });
  await call('PING');
  const before = server.engine.memory.clientsBytes;
  const wire = await connect(port);
  wire.socket.write('POST / HTTP/1.1\r\n');
  await wire.closed();
  t.equal(server.engine.memory.clientsBytes, before);
});

t.test('MEMORY USAGE is the exact size of the blocks', async (t) => {
  const { call, server } = await startServer(t);
  const before = server.engine.arena.usedBytes;
  await call('SET', 'key', 'v'.repeat(100));
  // One block of 16 + 3 + 100 bytes, rounded up to 128, and 8 bytes in the table.
  t.equal(await call('MEMORY', 'USAGE', 'key'), 128 + 8);
  await call('SET', 'long', 'v'.repeat(10_000));
  t.equal(await call('MEMORY', 'USAGE', 'long', 'SAMPLES', '0'), 32 + 10_240 + 8);
  t.equal(server.engine.arena.usedBytes - before, 128 + 32 + 10_240 + 64);
  t.equal(await call('MEMORY', 'USAGE', 'none'), null);
});

t.test('MEMORY USAGE refuses other words and negative counts', async (t) => {
  const { call } = await startServer(t);
  const SYNTAX = 'ERR syntax error';
  t.equal(await refusalOf(call('MEMORY', 'USAGE', 'k', 'SAMPLES')), SYNTAX);
  t.equal(await refusalOf(call('MEMORY', 'USAGE', 'k', 'SAMPLES', '-1')), SYNTAX);
  t.equal(await refusalOf(call('MEMORY', 'USAGE', 'k', 'WORD', '1')), SYNTAX);
  t.equal(
    await refusalOf(call('MEMORY', 'USAGE', 'k', 'SAMPLES', 'x')),
    'ERR value is not an integer or out of range',
  );
});

t.test('MEMORY STATS adds up', async (t) => {
  const { call } = await startServer(t);
  for (let i = 0; i < 100; i++) await call('SET', `key:${i}`, 'v'.repeat(100));
  const flat = (await call('MEMORY', 'STATS')) as (string | number)[];
  t.equal(flat.length, 70);
  const field = (name: string) => Number(flat[flat.indexOf(name) + 1]);
  t.equal(field('keys.count'), 100);
  t.equal(field('dataset.bytes'), 100 * 128);
  t.equal(field('total.allocated'), field('overhead.total') + field('dataset.bytes'));
  t.ok(field('peak.allocated') >= field('total.allocated'));
  t.same(flat[flat.indexOf('db.0') + 1], [
    'overhead.hashtable.main',
    2048,
    'overhead.hashtable.expires',
    0,
  ]);
});

t.test('MEMORY STATS tells of every database that was used', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'k', 'v');
  await call('COPY', 'k', 'k', 'DB', '3');
  await call('MOVE', 'k', '5');
  await call('SWAPDB', '1', '6');
  await call('SELECT', '9');
  await call('FLUSHALL');
  const names = ((await call('MEMORY', 'STATS')) as unknown[]).filter((name) =>
    /^db\.\d/.test(String(name)),
  );
  t.same(names, ['db.0', 'db.1', 'db.3', 'db.5', 'db.6', 'db.9']);
});

t.test('MEMORY DOCTOR has nothing to say about an empty server', async (t) => {
  const { call } = await startServer(t);
  t.match(await call('MEMORY', 'DOCTOR'), /^Hi Sam, this instance is empty/);
});

t.test('MEMORY DOCTOR reports a peak that is over', async (t) => {
  const { call, server } = await startServer(t);
  for (let i = 0; i < 20; i++) await call('SET', `key:${i}`, 'v'.repeat(1_000_000));
  t.ok(server.engine.memory.usedBytes > 20_000_000);
  for (let i = 0; i < 12; i++) await call('SET', `key:${i}`, 'v');
  t.match(await call('MEMORY', 'DOCTOR'), / \* Peak memory: /);
});

t.test('MEMORY PURGE frees what waits, and gives back pages', async (t) => {
  const { call, server } = await startServer(t);
  const { arena, keyspace } = server.engine;
  for (let i = 0; i < 20_000; i++) await call('SET', `key:${i}`, 'v'.repeat(100));
  const [database] = keyspace.databases;
  if (database) keyspace.freeLater(database.detachAll());
  t.ok(arena.reservedBytes > 2_000_000);
  t.equal(await call('MEMORY', 'PURGE'), 'OK');
  t.equal(arena.reservedBytes, 0);
  t.equal(keyspace.lazyFree.freedObjects, 20_000);
});

t.test('MEMORY MALLOC-STATS lists the classes in use', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'key', 'v'.repeat(100));
  t.match(await call('MEMORY', 'MALLOC-STATS'), /allocated: 192,[\s\S]*^128 +1 +1 +65536$/m);
});

const DEBUGGABLE = { config: { 'enable-debug-command': 'yes' } };

const LONGEST_SWEEP_MS = 20_000;

t.test('MEMORY PURGE gives emptied memory back to the system', async (t) => {
  const { call, server } = await startServer(t, DEBUGGABLE);
  await call('DEBUG', 'POPULATE', '1000000', 'key', '32');
  const { rss } = process.memoryUsage;
  const wanted = rss() - 48 * 1024 * 1024;
  await call('FLUSHALL', 'SYNC');
  t.ok(server.engine.arena.spareBytes > 64 * 1024 * 1024);
  await call('MEMORY', 'PURGE');
  t.equal(server.engine.arena.spareBytes, 0);
  // Elsewhere, V8 goes on for a while. To wait for the event loop would make garbage, which is collected unasked.
  const word = new Int32Array(new SharedArrayBuffer(4));
  for (let ms = 0; ms < LONGEST_SWEEP_MS && rss() > wanted; ms++) Atomics.wait(word, 0, 0, 1);
  t.ok(rss() <= wanted, `${rss()} bytes`);
});

t.test('memory that stays empty is given back after some seconds, but for a little', async (t) => {
  const { call, clock, server } = await startServer(t, DEBUGGABLE);
  const { arena } = server.engine;
  await call('DEBUG', 'POPULATE', '1000000', 'key', '32');
  await call('FLUSHALL', 'SYNC');
  t.ok(arena.spareBytes > 64 * 1024 * 1024);
  await clock.advance(25_000);
  t.ok(arena.spareBytes < 40 * 1024 * 1024, `${arena.spareBytes} bytes are left`);
});

t.test('what clients are told of evicted keys has no more keys evicted', async (t) => {
  const config = { 'maxmemory-policy': 'allkeys-lru' };
  const { call, clock, port, server } = await startServer(t, { listen: true, config });
  const wires = await Promise.all([1, 2, 3, 4].map(() => connect(port)));
  t.teardown(() => {
    for (const wire of wires) wire.close();
  });
  for (const wire of wires) await wire.sendRaw('HELLO 3\r\nCLIENT TRACKING ON\r\n', 2);
  for (let i = 0; i < 300; i++) {
    const key = `${i}${'x'.repeat(1000)}`;
    await call('SET', key, 'x');
    for (const wire of wires) await wire.send(['GET', key]);
  }
  const { keyspace, memory } = server.engine;
  await call('CONFIG', 'SET', 'maxmemory', memory.usedBytes - 40_000);
  const advanced = clock.advance(1);
  // INFO looks at the clients while what they are told still waits.
  t.match(await call('INFO', 'memory'), 'used_memory');
  await advanced;
  for (const wire of wires) await wire.nextPush();
  await call('PING');
  t.ok(keyspace.size > 200, `${keyspace.size} keys are left`);
});
