import t from 'tap';
import { startServer } from '../helpers/server.js';
import { connect, type WireConnection } from '../helpers/wire.js';

type Tap = Parameters<typeof startServer>[0];

/** A server, and clients that are closed with the test. */
async function startPausable(t: Tap) {
  const started = await startServer(t, { listen: true });
  const client = async (): Promise<WireConnection> => {
    const wire = await connect(started.port);
    t.teardown(() => wire.close());
    return wire;
  };
  const waiting = () => started.server.engine.pauses.waiting.size;
  /** Resolves when so many clients wait. */
  const untilWaiting = async (count: number) => {
    while (waiting() < count) await new Promise((resolve) => setImmediate(resolve));
  };
  const field = async (name: string) =>
    new RegExp(`^${name}:(.*)\r$`, 'm').exec(String(await started.call('INFO')))?.[1];
  return { ...started, client, waiting, untilWaiting, field };
}

t.test('CLIENT PAUSE WRITE lets reads pass, and writes wait in order', async (t) => {
  const { client, untilWaiting, call, field } = await startPausable(t);
  const [one, other] = [await client(), await client()];
  await call('CLIENT', 'PAUSE', '100000', 'WRITE');
  t.equal(`${await one.send(['GET', 'k'])}`, '$-1\r\n');
  const replies = [one.send(['SET', 'k', 'one', 'GET'])];
  await untilWaiting(1);
  replies.push(other.send(['SET', 'k', 'other', 'GET']));
  await untilWaiting(2);
  t.equal(await field('blocked_clients'), '2');
  t.equal(await field('paused_actions'), 'write');
  t.equal(await field('paused_reason'), 'client_pause');
  await call('CLIENT', 'UNPAUSE');
  t.same((await Promise.all(replies)).map(String), ['$-1\r\n', '$3\r\none\r\n']);
  t.equal(await field('paused_actions'), 'none');
});

t.test('the later end and the wider scope of two pauses count', async (t) => {
  const { client, untilWaiting, waiting, call, clock, field } = await startPausable(t);
  const wire = await client();
  await call('CLIENT', 'PAUSE', '20', 'WRITE');
  await wire.send(['CLIENT', 'PAUSE', '200', 'ALL']);
  const reply = wire.send(['GET', 'k']);
  await untilWaiting(1);
  await clock.advance(199);
  t.equal(waiting(), 1);
  await clock.advance(1);
  t.equal(`${await reply}`, '$-1\r\n');
  t.equal(await field('paused_timeout_milliseconds'), '0');
});

t.test('a request that is wrong is answered while clients are paused', async (t) => {
  const { client, call } = await startPausable(t);
  const wire = await client();
  await call('CLIENT', 'PAUSE', '100000', 'WRITE');
  t.equal(
    `${await wire.send(['SET', 'k'])}`,
    "-ERR wrong number of arguments for 'set' command\r\n",
  );
});

t.test('nothing is evicted while clients are paused', async (t) => {
  const { call, clock, client, server } = await startPausable(t);
  const wire = await client();
  await call('SET', 'k', 'v');
  await call('CLIENT', 'PAUSE', '50000', 'WRITE');
  await call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random', 'maxmemory', '1');
  await clock.advance(1000);
  t.equal(`${await wire.send(['GET', 'k'])}`, '$1\r\nv\r\n');
  t.equal(server.engine.stats.evictedKeys, 0);
  await wire.send(['CLIENT', 'UNPAUSE']);
  t.equal(await call('GET', 'k'), null);
  t.equal(server.engine.stats.evictedKeys, 1);
});

t.test('keys whose time has come are hidden while clients are paused, and go then', async (t) => {
  const { call, clock, server } = await startPausable(t);
  await call('SET', 'k', 'v', 'PX', '10');
  await call('SET', 'other', 'v', 'PX', '10');
  await call('CLIENT', 'PAUSE', '50000', 'WRITE');
  await clock.advance(1000);
  t.equal(await call('GET', 'k'), null);
  t.equal(server.engine.keyspace.stats.expired, 0);
  await call('CLIENT', 'UNPAUSE');
  t.equal(await call('GET', 'k'), null);
  t.equal(await call('GET', 'other'), null);
  t.equal(server.engine.keyspace.stats.expired, 2);
});

t.test('RANDOMKEY ends when all keys have expired and none may go', async (t) => {
  const { call, clock } = await startPausable(t);
  await call('SET', 'key', 'v', 'PX', '3');
  await call('CLIENT', 'PAUSE', '10000', 'WRITE');
  await clock.advance(5);
  t.equal(await call('RANDOMKEY'), 'key');
  await call('CLIENT', 'UNPAUSE');
  t.equal(await call('RANDOMKEY'), null);
});

t.test('a client that goes away is not waited for', async (t) => {
  const { client, untilWaiting, waiting, call } = await startPausable(t);
  const wire = await client();
  await call('CLIENT', 'PAUSE', '100000', 'ALL');
  wire.socket.write('SET k v\r\n');
  await untilWaiting(1);
  wire.close();
  while (waiting() > 0) await new Promise((resolve) => setImmediate(resolve));
  t.equal(waiting(), 0);
});
