/** ioredis over a server in this process. */
import t from 'tap';
import { createServer } from '../../../server/index.js';
import { Redis, setServer, unsetServer } from '../../../server/testing/ioredis.js';
import { startServer } from '../../helpers/server.js';

t.test('Redis talks to the server it is given', async (t) => {
  const { server, call } = await startServer(t);
  const redis = new Redis({ server, db: 2 });
  t.equal(await redis.set('k', 'v'), 'OK');
  t.equal(await redis.get('k'), 'v');
  await call('SELECT', '2');
  t.equal(await call('GET', 'k'), 'v');
  t.equal(await redis.quit(), 'OK');
});

t.test('pipelines, transactions, blocking and binary data work', async (t) => {
  const { server, clock } = await startServer(t);
  const redis = new Redis({ server });
  t.same(await redis.pipeline().set('a', '1').incr('a').get('a').exec(), [
    [null, 'OK'],
    [null, 2],
    [null, '2'],
  ]);
  t.same(await redis.multi().rpush('l', 'x', 'y').lrange('l', 0, -1).exec(), [
    [null, 2],
    [null, ['x', 'y']],
  ]);
  await redis.set('b', Buffer.of(0xff, 0));
  t.same(await redis.getBuffer('b'), Buffer.of(0xff, 0));
  const popped = redis.blpop('none', 5);
  await new Promise(setImmediate);
  await clock.advance(5000);
  t.equal(await popped, null);
  redis.disconnect();
});

t.test('messages reach subscribers', async (t) => {
  const { server } = await startServer(t);
  const [subscriber, publisher] = [new Redis({ server }), new Redis({ server })];
  t.equal(await subscriber.subscribe('news'), 1);
  const heard = new Promise((resolve) => {
    subscriber.on('message', (...message) => resolve(message));
  });
  t.equal(await publisher.publish('news', 'hello'), 1);
  t.same(await heard, ['news', 'hello']);
  for (const redis of [subscriber, publisher]) redis.disconnect();
});

t.test('duplicate talks to the same server', async (t) => {
  const { server } = await startServer(t, { data: { k: 'v' } });
  const redis = new Redis({ server });
  const again = redis.duplicate();
  t.equal(await again.get('k'), 'v');
  for (const one of [redis, again]) one.disconnect();
});

t.test('clients of one address share data, those of another do not', async (t) => {
  const [one, same, other] = [new Redis(), new Redis('redis://127.0.0.1:6379'), new Redis(7000)];
  await one.set('k', 'v');
  t.equal(await same.get('k'), 'v');
  t.equal(await other.get('k'), null);
  for (const redis of [one, same, other]) redis.disconnect();
});

t.test('setServer has clients of all addresses talk to one server', async (t) => {
  await using server = await createServer({ listen: false, data: { k: 'v' } });
  await setServer(server);
  const redis = new Redis(7001, 'elsewhere.example', { lazyConnect: true });
  t.equal(await redis.get('k'), 'v');
  redis.disconnect();
  unsetServer(server);
});

t.test('a client that connected before setServer comes to that server', async (t) => {
  const early = new Redis(7002, { retryStrategy: () => 1 });
  await early.set('k', 'own');
  await using server = await createServer({ listen: false, data: { k: 'v' } });
  await setServer(server);
  t.equal(await early.get('k'), 'v');
  early.disconnect();
  unsetServer(server);
});

t.test('a client that lost its connection comes back', async (t) => {
  const { server } = await startServer(t);
  const redis = new Redis({ server, retryStrategy: () => 1 });
  await redis.set('k', 'v');
  server.faults.drop({ command: 'get', times: 1 });
  t.equal(await redis.get('k'), 'v');
  t.equal(server.faults.isAny, false);
  redis.disconnect();
});

t.test('a client that is refused tells so, and connects when it may', async (t) => {
  const { server } = await startServer(t);
  const closed = server.faults.refuseConnections();
  const redis = new Redis({ server, retryStrategy: () => 1 });
  const error = await new Promise<Error>((resolve) => redis.once('error', resolve));
  t.match(error, { code: 'ECONNREFUSED' });
  closed.remove();
  t.equal(await redis.ping(), 'PONG');
  redis.disconnect();
});

t.test('disconnect while connecting leaves no client behind', async (t) => {
  const { server, call } = await startServer(t);
  const redis = new Redis({ server });
  redis.disconnect();
  await new Promise(setImmediate);
  t.match(await call('CLIENT', 'LIST'), /^id=\d+ .*\n$/);
});

/** One command for each kind of reply, and those whose arguments or replies ioredis changes. */
const COMMANDS: readonly (readonly [string, ...unknown[]])[] = [
  ['set', 'text', 'naïve'],
  ['get', 'text'],
  ['get', 'none'],
  ['get', 'list'],
  ['getdel', 'text', 'too', 'many'],
  ['incrby', 'n', 2 ** 40],
  ['incrbyfloat', 'n', 0.5],
  ['set', 'large', '9007199254740993'],
  ['incr', 'large'],
  ['strlen', 'none'],
  ['mset', { a: 1, b: 2 }],
  ['mget', 'a', 'b', 'none'],
  ['mget', ['a', 'b']],
  ['rpush', 'list', 'x', Buffer.of(0xff, 0), ''],
  ['lrange', 'list', 0, -1],
  ['lpop', 'none', 1],
  ['hset', 'hash', { f: 'v', g: '' }],
  ['hgetall', 'hash'],
  ['hgetall', 'none'],
  ['hmget', 'hash', 'f', 'none'],
  ['hrandfield', 'hash', -2, 'WITHVALUES'],
  ['sadd', 'set', 'only'],
  ['smembers', 'set'],
  ['smismember', 'set', 'only', 'none'],
  ['zadd', 'zset', 1.5, 'm', '-inf', 'n'],
  ['zscore', 'zset', 'm'],
  ['zadd', 'zset', 'INCR', 2, 'm'],
  ['zrange', 'zset', 0, -1, 'WITHSCORES'],
  ['zrank', 'zset', 'm', 'WITHSCORE'],
  ['zmpop', 1, 'zset', 'MIN'],
  ['geoadd', 'geo', 13.361389, 38.115556, 'Palermo'],
  ['geopos', 'geo', 'Palermo', 'none'],
  ['geodist', 'geo', 'Palermo', 'Palermo', 'km'],
  ['bitfield', 'bits', 'SET', 'i64', 0, '-9223372036854775808', 'GET', 'i64', 0],
  ['xadd', 'stream', '1-1', 'f', 'v'],
  ['xrange', 'stream', '-', '+'],
  ['xread', 'STREAMS', 'stream', '0'],
  ['xinfo', 'STREAM', 'stream'],
  ['object', 'ENCODING', 'n'],
  ['config', 'GET', 'maxmemory'],
  ['select', 1],
  ['get', 'text'],
  ['select', 0],
  ['eval', 'return {1, "a", false, {ok = "fine"}}', 0],
  ['expire', 'text', 100],
  ['ttl', 'text'],
  ['scan', 0, 'COUNT', 100, 'MATCH', 'tex?'],
  ['wait', 0, 0],
  ['nosuch'],
];

type Method = (...args: unknown[]) => Promise<unknown>;

/** What the promise of a command brings, errors included. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: Error & { command?: unknown }) => {
    return { name: error.name, message: error.message, command: error.command };
  });
}

for (const protocol of [2, 3] as const) {
  t.test(
    `awaited one by one commands are answered as in a pipeline, RESP${protocol}`,
    async (t) => {
      const [one, all] = [await startServer(t), await startServer(t)];
      const awaited = new Redis({ server: one.server, protocol });
      const sent = new Redis({ server: all.server, protocol });
      for (const [name, ...args] of COMMANDS) {
        const call = (redis: Redis): Promise<unknown> => {
          const method = (redis as unknown as Record<string, Method | undefined>)[name];
          return method ? method.apply(redis, args) : redis.call(name, ...(args as string[]));
        };
        // Behind a PING that is still on its way a command has to be sent.
        const [, expected] = await Promise.all([sent.call('PING'), outcome(call(sent))]);
        t.same(await outcome(call(awaited)), expected, `${name} ${args.join(' ')}`);
      }
      for (const redis of [awaited, sent]) redis.disconnect();
    },
  );
}

t.test('commands keep their order, however each is sent', async (t) => {
  const { server } = await startServer(t);
  const redis = new Redis({ server });
  await redis.ping();
  const replies = [
    redis.hset('h', { f: '1' }),
    redis.hget('h', 'f'),
    redis.hset('h', 'f', '2'),
    redis.hget('h', 'f'),
  ];
  t.same(await Promise.all(replies), [1, '1', 0, '2']);
  redis.disconnect();
});

t.test('timers ring while commands are awaited one after the other', async (t) => {
  const { server } = await startServer(t);
  const redis = new Redis({ server });
  await redis.ping();
  let rang = false;
  setTimeout(() => {
    rang = true;
  }, 1);
  let commands = 0;
  while (!rang && commands < 1_000_000) {
    await redis.incr('n');
    commands++;
  }
  t.ok(rang);
  t.equal(await redis.get('n'), String(commands));
  redis.disconnect();
});

t.test('faults meet commands that are awaited one by one, and the log has them', async (t) => {
  const { server } = await startServer(t);
  const redis = new Redis({ server });
  await redis.set('k', 'v');
  server.faults.fail({ command: 'get', times: 1 }, 'ERR broken');
  await t.rejects(redis.get('k'), { message: 'ERR broken' });
  t.same(server.commands.all, []);
  t.equal(await redis.get('k'), 'v');
  t.equal(server.commands.matching({ command: 'get' }).length, 1);
  redis.disconnect();
});
