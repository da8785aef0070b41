/** The two clients most in use, ioredis and redis: that they connect, work and come back. */
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { BasicClientSideCache, createClient, RESP_TYPES } from 'redis';
import t, { type Test } from 'tap';
import { createServer, type ServerOptions, type ValkeyServer } from '../../server/index.js';

async function start(t: Test, options: ServerOptions = {}): Promise<ValkeyServer> {
  const server = await createServer(options);
  t.teardown(() => server.close());
  return server;
}

/** An ioredis client that is ready. */
async function startIoredis(t: Test, port: number, options = {}): Promise<Redis> {
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, ...options });
  t.teardown(() => client.disconnect());
  await client.connect();
  return client;
}

/** A node-redis client that is connected. */
async function startNodeRedis(t: Test, port: number, options = {}) {
  const client = createClient({ socket: { port, host: '127.0.0.1' }, ...options });
  // Losing the connection is part of some tests; each waits for what comes after.
  client.on('error', () => {});
  t.teardown(() => client.destroy());
  await client.connect();
  return client;
}

const ODD_BYTES = Buffer.from([0, 13, 10, 255, 128, 36]);

t.test('ioredis finds the server ready, and says what it is', async (t) => {
  const server = await start(t);
  const client = await startIoredis(t, server.port, { connectionName: 'one' });
  t.equal(client.status, 'ready');
  t.match(await client.client('LIST'), /name=one .*lib-name=ioredis lib-ver=\d+\.\d+\.\d+/);
});

t.test('ioredis sets and gets, with binary values and options', async (t) => {
  const server = await start(t);
  const client = await startIoredis(t, server.port);
  t.equal(await client.set('k', ODD_BYTES, 'PX', 100_000, 'NX'), 'OK');
  t.equal(await client.set('k', 'other', 'NX'), null);
  t.same(await client.getBuffer('k'), ODD_BYTES);
  t.ok((await client.pttl('k')) > 90_000);
  t.equal(await client.incrby('n', 41), 41);
  t.equal(await client.incrbyfloat('n', 0.5), '41.5');
  t.same(await client.mget('n', 'none'), ['41.5', null]);
  t.equal(await client.rename('n', 'm'), 'OK');
  t.equal(await client.exists('n', 'm', 'k'), 2);
  t.equal(await client.type('m'), 'string');
  t.equal(await client.del('m', 'k'), 2);
});

t.test('ioredis gets replies and errors of a pipeline in order', async (t) => {
  const server = await start(t);
  const client = await startIoredis(t, server.port);
  const pipeline = client.pipeline().set('k', 'word').incr('k').get('k');
  const [stored, refused, read] = (await pipeline.exec()) ?? [];
  t.same(stored, [null, 'OK']);
  t.equal(refused?.[0]?.message, 'ERR value is not an integer or out of range');
  t.same(read, [null, 'word']);
  const many = client.pipeline();
  for (let i = 0; i < 10_000; i++) many.incr('count');
  t.same((await many.exec())?.at(-1), [null, 10_000]);
});

t.test('ioredis runs transactions, and waits for what another client pushes', async (t) => {
  const server = await start(t);
  const client = await startIoredis(t, server.port);
  const waiting = await startIoredis(t, server.port);
  t.same(await client.multi().set('k', 'v').incr('n').exec(), [
    [null, 'OK'],
    [null, 1],
  ]);
  await waiting.watch('k');
  await client.set('k', 'other');
  t.equal(await waiting.multi().get('k').exec(), null);
  const popped = waiting.blpop('list', 'zset', 0);
  while (server.engine.blockedClients.count < 1) await setImmediate();
  const moving = await startIoredis(t, server.port);
  const moved = moving.blmove('list', 'kept', 'LEFT', 'RIGHT', 0);
  while (server.engine.blockedClients.count < 2) await setImmediate();
  await client.rpush('list', 'a', 'b');
  t.same(await Promise.all([popped, moved]), [['list', 'a'], 'b']);
  t.equal(await waiting.blpop('none', 0.001), null);
});

t.test('ioredis hands on an error reply as it is', async (t) => {
  const server = await start(t);
  const client = await startIoredis(t, server.port);
  await t.rejects(client.call('NOSUCH', 'a'), {
    name: 'ReplyError',
    message: "ERR unknown command 'NOSUCH', with args beginning with: 'a' ",
  });
});

t.test('ioredis scans all keys', async (t) => {
  const server = await start(t);
  const client = await startIoredis(t, server.port);
  const names = Array.from({ length: 500 }, (_, i) => `key:${i}`);
  await client.mset(new Map([...names, 'other'].map((name) => [name, '1'])));
  const found = new Set<string>();
  for await (const keys of client.scanStream({ match: 'key:*', count: 20 })) {
    for (const key of keys as string[]) found.add(key);
  }
  t.same([...found].sort(), names.sort());
});

t.test('ioredis comes back after its connection was lost, to the database it was in', async (t) => {
  const server = await start(t);
  const client = await startIoredis(t, server.port, { db: 3 });
  await client.set('k', 'v');
  const id = await client.client('ID');
  const again = new Promise((resolve) => client.once('ready', resolve));
  await server.call('CLIENT', 'KILL', 'ID', id);
  await again;
  t.not(await client.client('ID'), id);
  t.equal(await client.get('k'), 'v');
});

t.test('ioredis logs in with a password, and is refused with a wrong one', async (t) => {
  const server = await start(t, { config: { requirepass: 'pass word' } });
  const client = await startIoredis(t, server.port, { password: 'pass word' });
  t.equal(await client.ping(), 'PONG');
  await client.auth('default', 'pass word');
  await t.rejects(client.auth('wrong'), { message: /^WRONGPASS / });
});

for (const RESP of [2, 3] as const) {
  t.test(`redis, version ${RESP} of the protocol: sets, gets and says what it is`, async (t) => {
    const server = await start(t);
    const client = await startNodeRedis(t, server.port, { RESP, name: 'two' });
    t.equal(await client.set('k', 'v', { expiration: { type: 'EX', value: 100 } }), 'OK');
    t.equal(await client.get('k'), 'v');
    t.equal(await client.get('none'), null);
    t.equal(await client.ttl('k'), 100);
    t.equal(await client.incrByFloat('n', 1.5), '1.5');
    t.same(await client.mGet(['n', 'none']), ['1.5', null]);
    t.same(await client.configGet('maxmemory'), { maxmemory: '0' });
    const info = await client.clientInfo();
    t.match(info, { name: 'two', libName: 'node-redis', resp: RESP });
    t.match(info.libVer, /^\d+\.\d+\.\d+$/);
  });

  t.test(`redis, version ${RESP} of the protocol: takes bytes as they are`, async (t) => {
    const server = await start(t);
    const client = await startNodeRedis(t, server.port, { RESP });
    await client.set('k', ODD_BYTES);
    const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    t.same(await binary.get('k'), ODD_BYTES);
    t.equal(await client.strLen('k'), 6);
  });

  t.test(`redis, version ${RESP} of the protocol: sends a pipeline, scans all keys`, async (t) => {
    const server = await start(t);
    const client = await startNodeRedis(t, server.port, { RESP });
    const names = Array.from({ length: 500 }, (_, i) => `key:${i}`);
    await Promise.all(names.map((name) => client.set(name, '1')));
    const found = new Set<string>();
    for await (const keys of client.scanIterator({ MATCH: 'key:*', COUNT: 20 })) {
      for (const key of keys) found.add(key);
    }
    t.same([...found].sort(), names.sort());
  });

  t.test(`redis, version ${RESP} of the protocol: hands on error replies`, async (t) => {
    const server = await start(t);
    const client = await startNodeRedis(t, server.port, { RESP });
    await client.set('k', 'word');
    await t.rejects(client.incr('k'), {
      message: 'ERR value is not an integer or out of range',
    });
  });

  t.test(`redis, version ${RESP} of the protocol: comes back to its database`, async (t) => {
    const server = await start(t);
    const client = await startNodeRedis(t, server.port, { RESP, database: 3 });
    await client.set('k', 'v');
    const id = await client.clientId();
    const again = new Promise((resolve) => client.once('ready', resolve));
    await server.call('CLIENT', 'KILL', 'ID', id);
    await again;
    t.not(await client.clientId(), id);
    t.equal(await client.get('k'), 'v');
  });

  t.test(`redis, version ${RESP} of the protocol: logs in, or is refused`, async (t) => {
    const server = await start(t, { config: { requirepass: 'pass word' } });
    const client = await startNodeRedis(t, server.port, { RESP, password: 'pass word' });
    t.equal(await client.ping(), 'PONG');
    const stranger = createClient({
      socket: { port: server.port, host: '127.0.0.1', reconnectStrategy: false },
      RESP,
      password: 'wrong',
    });
    stranger.on('error', () => {});
    await t.rejects(stranger.connect(), { message: /^WRONGPASS / });
  });
}

t.test('ioredis listens to channels and patterns, and gets bytes as they are', async (t) => {
  const server = await start(t);
  const listener = await startIoredis(t, server.port);
  const speaker = await startIoredis(t, server.port);
  const heard: unknown[] = [];
  listener.on('message', (channel, message) => heard.push([channel, message]));
  listener.on('pmessage', (...parts) => heard.push(parts));
  const bytes = new Promise((resolve) => {
    listener.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      if (channel.toString() === 'bytes') resolve(message);
    });
  });
  t.equal(await listener.subscribe('news', 'bytes'), 2);
  t.equal(await listener.psubscribe('n*'), 3);
  t.equal(await speaker.publish('news', 'one'), 2);
  t.equal(await speaker.publish('bytes', ODD_BYTES), 1);
  t.same(await bytes, ODD_BYTES);
  t.same(heard.slice(0, 2), [
    ['news', 'one'],
    ['n*', 'news', 'one'],
  ]);
  t.equal(await listener.unsubscribe('news', 'bytes'), 1);
  t.equal(await listener.punsubscribe('n*'), 0);
  t.equal(await listener.get('k'), null);
});

t.test('ioredis listens again after its connection was lost', async (t) => {
  const server = await start(t);
  const listener = await startIoredis(t, server.port);
  await listener.subscribe('news');
  const again = new Promise((resolve) => listener.once('ready', resolve));
  await server.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await again;
  const message = new Promise((resolve) => listener.once('message', (_, text) => resolve(text)));
  while ((await server.call('PUBLISH', 'news', 'back')) === 0) await listener.ping();
  t.equal(await message, 'back');
});

for (const RESP of [2, 3] as const) {
  t.test(`redis, version ${RESP} of the protocol: listens`, async (t) => {
    const server = await start(t);
    const listener = await startNodeRedis(t, server.port, { RESP });
    const speaker = await startNodeRedis(t, server.port, { RESP });
    const heard: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      const hear = (kind: string) => (message: string, channel: string) => {
        heard.push([kind, channel, message]);
        if (heard.length === 3) resolve();
      };
      void listener.subscribe('news', hear('channel'));
      void listener.pSubscribe('n*', hear('pattern'));
      void listener.sSubscribe('shard', hear('shard'));
    });
    await listener.ping();
    t.equal(await speaker.publish('news', 'one'), 2);
    t.equal(await speaker.sPublish('shard', 'two'), 1);
    await all;
    t.same(heard, [
      ['channel', 'news', 'one'],
      ['pattern', 'news', 'one'],
      ['shard', 'shard', 'two'],
    ]);
    t.same(await speaker.pubSubNumSub(['news', 'none']), { news: 1, none: 0 });
    t.same(await speaker.pubSubChannels(), ['news']);
    await listener.unsubscribe();
    await listener.pUnsubscribe();
    await listener.sUnsubscribe();
    t.equal(await listener.get('k'), null);
  });
}

t.test('redis keeps what it read in a cache until it changes', async (t) => {
  const server = await start(t);
  const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU' });
  const client = await startNodeRedis(t, server.port, { RESP: 3, clientSideCache: cache });
  await server.call('SET', 'k', 'one');
  t.equal(await client.get('k'), 'one');
  t.equal(await client.get('k'), 'one');
  t.match(cache.stats(), { hitCount: 1, missCount: 1 });
  const invalidated = once(cache, 'invalidate');
  await server.call('SET', 'k', 'two');
  t.same((await invalidated).map(String), ['k']);
  t.equal(await client.get('k'), 'two');
  await server.call('FLUSHALL');
  await client.ping();
  t.equal(await client.get('k'), null);
});

t.test('redis runs transactions, and waits for what another client adds', async (t) => {
  const server = await start(t);
  const client = await startNodeRedis(t, server.port, { RESP: 3 });
  const waiting = await startNodeRedis(t, server.port, { RESP: 3 });
  t.same(await client.multi().set('k', 'v').incr('n').get('k').exec(), ['OK', 1, 'v']);
  await waiting.watch('k');
  await client.set('k', 'other');
  await t.rejects(waiting.multi().get('k').exec(), { name: 'Error' });
  const popped = waiting.bzPopMin(['zset'], 0);
  while (server.engine.blockedClients.count < 1) await setImmediate();
  await client.zAdd('zset', { score: 1.5, value: 'a' });
  t.same({ ...(await popped) }, { key: 'zset', value: 'a', score: 1.5 });
  const read = waiting.xRead({ key: 's', id: '$' }, { BLOCK: 0 });
  while (server.engine.blockedClients.count < 1) await setImmediate();
  await client.xAdd('s', '1-1', { f: 'v' });
  t.match(JSON.stringify(await read), /1-1/);
});
