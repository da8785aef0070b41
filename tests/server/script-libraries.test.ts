/** Libraries of locks and rate limits: small scripts by EVALSHA, and functions of a library. */
import { Redlock, ResourceLockedError } from '@sesamecare-oss/redlock';
import { Redis } from 'ioredis';
import { RateLimiterQueue, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { createClient } from 'redis';
import t, { type Test } from 'tap';
import { createServer } from '../../server/index.js';

async function start(t: Test) {
  const server = await createServer();
  t.teardown(() => server.close());
  const client = new Redis({ port: server.port, host: '127.0.0.1', lazyConnect: true });
  t.teardown(() => client.disconnect());
  await client.connect();
  return { server, client };
}

t.test('redlock gives a lock to one at a time, on most of three servers', async (t) => {
  const stages = await Promise.all([start(t), start(t), start(t)]);
  const clients = stages.map((stage) => stage.client);
  const locks = new Redlock(clients, { retryCount: 0 });
  const lock = await locks.acquire(['a', 'b'], 10_000);
  t.equal(await clients[0]?.get('a'), lock.value);
  const [{ votesFor } = { votesFor: new Set() }] = await Promise.all(lock.attempts);
  t.equal(votesFor.size, 3);
  await t.rejects(locks.acquire(['b', 'c'], 1000), { name: 'ExecutionError' });
  const longer = await lock.extend(60_000);
  t.ok(Number(await clients[2]?.pttl('b')) > 50_000);
  await longer.release();
  t.equal(await clients[1]?.exists('a', 'b', 'c'), 0);
  const again = await locks.acquire(['b'], 1000);
  await t.resolves(again.release());
});

t.test('redlock waits for a lock, and tells whose was taken', async (t) => {
  const { client } = await start(t);
  const locks = new Redlock([client], { retryCount: 300, retryDelay: 10, retryJitter: 0 });
  const refusals: Error[] = [];
  locks.on('error', (error) => refusals.push(error));
  const first = await locks.acquire(['a'], 300);
  const waiting = locks.acquire(['a'], 1000);
  await waiting;
  t.ok(refusals.length > 0 && refusals.every((error) => error instanceof ResourceLockedError));
  await t.rejects(locks.release(first, { retryCount: 0 }), { name: 'ExecutionError' });
});

t.test('redlock extends a lock for as long as the work under it takes', async (t) => {
  const { client } = await start(t);
  const locks = new Redlock([client], { automaticExtensionThreshold: 2850 });
  const extensions = await locks.using(['a'], 3000, async (signal, context) => {
    while (context.extensions < 2 && !signal.aborted) await client.ping();
    t.equal(signal.aborted, false);
    return context.extensions;
  });
  t.equal(extensions, 2);
  t.equal(await client.exists('a'), 0);
});

t.test(
  'rate-limiter-flexible refuses what is above the limit, and says for how long',
  async (t) => {
    const { client } = await start(t);
    const limiter = new RateLimiterRedis({ storeClient: client, points: 5, duration: 2 });
    t.match(await limiter.consume('me', 2), { consumedPoints: 2, remainingPoints: 3 });
    const last = await limiter.consume('me', 3);
    t.equal(last.remainingPoints, 0);
    t.ok(last.msBeforeNext > 1000 && last.msBeforeNext <= 2000);
    const refused = await limiter.consume('me').then(
      () => null,
      (reason: unknown) => reason,
    );
    t.ok(refused instanceof RateLimiterRes);
    t.match(refused, { consumedPoints: 6, remainingPoints: 0 });
    t.match(await limiter.consume('you'), { consumedPoints: 1 });
    t.match(await limiter.get('me'), { consumedPoints: 6 });
    t.equal((await limiter.reward('me', 6)).remainingPoints, 5);
    await limiter.block('me', 100);
    t.ok(Number(await client.ttl('rlflx:me')) > 90);
    t.equal(await limiter.delete('me'), true);
    t.equal(await limiter.get('me'), null);
  },
);

t.test('rate-limiter-flexible loads its script again after SCRIPT FLUSH', async (t) => {
  const { server, client } = await start(t);
  const limiter = new RateLimiterRedis({ storeClient: client, points: 9, duration: 60 });
  t.equal((await limiter.consume('me')).consumedPoints, 1);
  await server.call('SCRIPT', 'FLUSH');
  t.equal((await limiter.consume('me')).consumedPoints, 2);
});

t.test('rate-limiter-flexible works through node-redis, and queues what must wait', async (t) => {
  const { server } = await start(t);
  const client = createClient({ socket: { port: server.port, host: '127.0.0.1' } });
  t.teardown(() => client.destroy());
  await client.connect();
  const parts = { storeClient: client, useRedisPackage: true, points: 2, duration: 1 };
  const queue = new RateLimiterQueue(new RateLimiterRedis(parts));
  const startMs = performance.now();
  const left = await Promise.all([1, 2, 3].map(() => queue.removeTokens(1)));
  t.same(left, [1, 0, 1]);
  t.ok(performance.now() - startMs > 500, 'the third waited for the next second');
});

/** A bucket that fills up again with time, told by the server's own clock. */
const LIMITER = `#!lua name=limiter
local function take(keys, args)
  local capacity, per_second, wanted = tonumber(args[1]), tonumber(args[2]), tonumber(args[3])
  local now = server.call('TIME')
  local at = now[1] * 1000 + math.floor(now[2] / 1000)
  local bucket = server.call('HMGET', keys[1], 'tokens', 'at')
  local tokens = tonumber(bucket[1]) or capacity
  local since = at - (tonumber(bucket[2]) or at)
  tokens = math.min(capacity, tokens + since * per_second / 1000)
  local allowed = tokens >= wanted
  if allowed then tokens = tokens - wanted end
  server.call('HSET', keys[1], 'tokens', tokens, 'at', at)
  server.call('PEXPIRE', keys[1], math.ceil(capacity / per_second * 60000))
  return { allowed and 1 or 0, math.floor(tokens) }
end
local function peek(keys)
  server.setresp(3)
  return server.call('HGETALL', keys[1])
end
server.register_function('take', take)
server.register_function{ function_name = 'peek', callback = peek, flags = { 'no-writes' } }
`;

t.test('ioredis loads a library of functions and limits rates with it', async (t) => {
  const { server, client } = await start(t);
  t.equal(await client.function('LOAD', LIMITER), 'limiter');
  const take = (count: number) => client.fcall('take', 1, 'bucket', '10', '0.001', count);
  t.match(await take(8), [1, 2]);
  t.match(await take(8), [0, 2]);
  t.match(await take(2), [1, 0]);
  t.ok(Number(await client.pttl('bucket')) > 9_000_000);
  t.match(await client.fcall_ro('peek', 1, 'bucket'), ['tokens', /^\d/, 'at', /^\d{13}$/]);
  await t.rejects(client.fcall_ro('take', 1, 'bucket', '10', '1', '1'), {
    message: 'ERR Can not execute a script with write flag using *_ro command.',
  });
  const dump = (await client.callBuffer('FUNCTION', 'DUMP')) as Buffer;
  await client.function('FLUSH');
  await t.rejects(take(1), { message: /^ERR Function not found/ });
  await client.function('RESTORE', dump);
  t.match(await take(1), [0, 0]);
  t.match(await server.call('INFO', 'errorstats'), /errorstat_ERR:count=2/);
});

t.test('node-redis loads a library of functions, lists and calls it', async (t) => {
  const { server } = await start(t);
  const client = createClient({ socket: { port: server.port, host: '127.0.0.1' }, RESP: 3 });
  t.teardown(() => client.destroy());
  await client.connect();
  t.equal(await client.functionLoad(LIMITER), 'limiter');
  const call = { keys: ['bucket'], arguments: ['10', '20', '10'] };
  t.same(await client.fCall('take', call), [1, 0]);
  let refusals = 0;
  while (true) {
    const [allowed] = (await client.fCall('take', call)) as unknown as [number];
    if (allowed === 1) break;
    refusals++;
  }
  t.ok(refusals > 0, 'the bucket fills up in half a second');
  const bucket = await client.fCallRo('peek', { keys: ['bucket'], arguments: [] });
  t.same(Object.keys(bucket as object), ['tokens', 'at']);
  const [library] = await client.functionListWithCode();
  t.match(library, { library_name: 'limiter', engine: 'LUA', library_code: LIMITER });
  t.same(library?.functions.map((one) => one.name).sort(), ['peek', 'take']);
  t.equal(await client.functionDelete('limiter'), 'OK');
  t.same(await client.functionList(), []);
});

t.test('ioredis hears of a script that another client ends', async (t) => {
  const { server, client } = await start(t);
  await server.call('CONFIG', 'SET', 'busy-reply-threshold', '10');
  const other = client.duplicate();
  t.teardown(() => other.disconnect());
  await other.connect();
  const endless = client.eval('while true do end', 0);
  const ended = t.rejects(endless, { message: /Script killed by user with SCRIPT KILL/ });
  const refused = await other.get('k').then(
    () => null,
    (error: Error) => error.message,
  );
  t.match(refused, /^BUSY /);
  t.equal(await other.script('KILL'), 'OK');
  await ended;
  t.equal(await client.get('k'), null);
});
