/** Time in a test: what the clock moves, in which order, and when a move is over. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { mock } from 'node:test';
import t from 'tap';
import { createServer, ManualClock } from '../../../server/index.js';
import { startServer } from '../../helpers/server.js';

const START_MS = 1_700_000_000_000;

t.test('advance lets keys and fields expire', async (t) => {
  const { call, clock } = await startServer(t);
  await call('SET', 'k', 'v', 'PX', '100');
  await call('HSET', 'h', 'stays', '1', 'goes', '2');
  await call('HPEXPIRE', 'h', '100', 'FIELDS', '1', 'goes');
  await clock.advance(100);
  t.equal(await call('EXISTS', 'k'), 1);
  await clock.advance(1);
  t.equal(await call('EXISTS', 'k'), 0);
  t.same(await call('HKEYS', 'h'), ['stays']);
});

t.test('TIME, stream IDs and idle times follow the clock', async (t) => {
  const { call, clock } = await startServer(t);
  await call('SET', 'k', 'v');
  await clock.advance(12_345);
  t.same(await call('TIME'), ['1700000012', '345000']);
  t.equal(await call('XADD', 's', '*', 'f', 'v'), `${START_MS + 12_345}-0`);
  t.equal(await call('OBJECT', 'IDLETIME', 'k'), 12);
});

t.test('set moves to a date, given as a Date or in ms', async (t) => {
  const { call, clock } = await startServer(t);
  await call('SET', 'k', 'v', 'EX', '10');
  await clock.set(new Date(START_MS + 5000));
  t.equal(await call('TTL', 'k'), 5);
  await clock.set(START_MS + 10_001);
  t.equal(await call('GET', 'k'), null);
});

t.test('set moves the date back without ringing a timer', async (t) => {
  const { call, clock, server } = await startServer(t);
  const waits = server.client().call('BLPOP', 'none', '10');
  await clock.set(START_MS - 60_000);
  t.same(await call('TIME'), ['1699999940', '0']);
  await clock.advance(80_000);
  t.equal(await waits, null);
});

t.test('advance refuses what is no span of time, set what is no date', async (t) => {
  const clock = new ManualClock();
  t.throws(() => clock.advance(-1), /Cannot advance the clock: .* current value is -1/);
  t.throws(() => clock.advance(Number.NaN), RangeError);
  t.throws(() => clock.set(new Date('no date')), /Cannot set the clock/);
});

t.test('what becomes due happens in order, each at its own moment', async (t) => {
  const { clock, server } = await startServer(t);
  const seen: string[] = [];
  const waitFor = async (seconds: string) => {
    const client = server.client();
    await client.call('BLPOP', 'none', seconds);
    const [at] = (await client.call('TIME')) as string[];
    seen.push(`${seconds}: ${at}`);
  };
  for (const seconds of ['3', '1', '2']) void waitFor(seconds);
  await clock.advance(10_000);
  t.same(seen, ['1: 1700000001', '2: 1700000002', '3: 1700000003']);
});

t.test('whoever acts on a timeout acts before time goes on', async (t) => {
  const { clock, call } = await startServer(t);
  const again = (async () => {
    await call('BLPOP', 'none', '1');
    await call('BLPOP', 'none', '1');
    return call('TIME');
  })();
  await clock.advance(5000);
  t.same(await Promise.race([again, 'not yet']), ['1700000002', '0']);
});

t.test('advance is over when blocked clients on a Duplex have their reply', async (t) => {
  const { clock, server } = await startServer(t);
  const stream = server.connect();
  let read = '';
  stream.on('data', (bytes) => {
    read += bytes;
  });
  stream.write('BLPOP none 1\r\n');
  await new Promise(setImmediate);
  await clock.advance(999);
  t.equal(read, '');
  await clock.advance(1);
  t.equal(read, '*-1\r\n');
});

t.test('timers ring in the order of their time, then of their making', async (t) => {
  const clock = new ManualClock();
  const rung: string[] = [];
  for (const [name, ms] of [
    ['c', 30],
    ['a', 10],
    ['b', 20],
    ['b again', 20],
  ] as const) {
    clock.after(ms, () => rung.push(`${name} at ${clock.now() - START_MS}`));
  }
  await clock.advance(100);
  t.same(rung, ['a at 10', 'b at 20', 'b again at 20', 'c at 30']);
});

t.test('advance is over when a client on a socket has heard of it', async (t) => {
  const { clock, call, port } = await startServer(t, {
    listen: true,
    config: { 'notify-keyspace-events': 'Ex' },
  });
  const socket = connect(port, '127.0.0.1');
  socket.write('SUBSCRIBE __keyevent@0__:expired\r\n');
  await once(socket, 'data');
  let read = '';
  socket.on('data', (bytes) => {
    read += bytes;
  });
  await call('SET', 'k', 'v', 'PX', '100');
  await clock.advance(1000);
  t.match(read, /expired\r\n\$1\r\nk\r\n$/);
  socket.destroy();
});

t.test('a second advance begins when the first is over', async (t) => {
  const { clock, call } = await startServer(t);
  void clock.advance(1000);
  await clock.advance(500);
  t.same(await call('TIME'), ['1700000001', '500000']);
});

t.test('a key event of expiry is told of while time moves', async (t) => {
  const { clock, call, server } = await startServer(t, {
    config: { 'notify-keyspace-events': 'Ex' },
  });
  const listener = server.client();
  const expired: unknown[] = [];
  listener.onPush = ([, , , key]) => expired.push(key);
  await listener.call('PSUBSCRIBE', '__keyevent*');
  await call('SET', 'k', 'v', 'PX', '100');
  await clock.advance(10_000);
  t.same(expired, ['k']);
});

t.test('server and clock work beside fake timers of a test runner', async (t) => {
  const { clock, call, server } = await startServer(t, { listen: true });
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
  t.teardown(() => mock.timers.reset());
  const stream = server.connect();
  const reply = new Promise((resolve) => stream.once('data', resolve));
  stream.write('PING\r\n');
  t.equal(String(await reply), '+PONG\r\n');
  const waits = call('BLPOP', 'none', '1');
  await clock.advance(1000);
  t.equal(await waits, null);
});

t.test('the system clock goes on beside fake timers of a test runner', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'], now: 0 });
  t.teardown(() => mock.timers.reset());
  await using server = await createServer({ listen: false });
  t.equal(await server.call('BLPOP', 'none', '0.01'), null);
  const [seconds] = (await server.call('TIME')) as string[];
  t.ok(Number(seconds) > 1_700_000_000);
});
