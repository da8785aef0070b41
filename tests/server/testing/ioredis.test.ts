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
