/** Faults: each is met by what it should, and by nothing after its end. */
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { refusalOf, startServer } from '../../helpers/server.js';

t.test(
  'fail answers the next request of a command with an error, and does not run it',
  async (t) => {
    const { server, call } = await startServer(t);
    const client = server.client();
    const fault = server.faults.fail({ command: 'SET', times: 1 }, 'BUSY try later');
    t.equal(await client.call('GET', 'k'), null);
    t.equal(await refusalOf(client.call('SET', 'k', '1')), 'BUSY try later');
    t.equal(await call('EXISTS', 'k'), 0);
    t.equal(await client.call('SET', 'k', '2'), 'OK');
    t.equal(fault.hits, 1);
    t.notOk(fault.isActive);
  },
);

t.test('a fault is met by all that fits until it is removed', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  {
    using fault = server.faults.fail();
    t.equal(await refusalOf(client.call('PING')), 'ERR fault injected by a test');
    t.match(await refusalOf(client.call('NOSUCH')), /^ERR fault/);
    t.equal(fault.hits, 2);
  }
  t.equal(await client.call('PING'), 'PONG');
});

t.test('a fault is met by keys that fit its glob', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  server.faults.fail({ key: 'user:*' });
  t.equal(await client.call('MSET', 'a', '1', 'b', '2'), 'OK');
  t.match(await refusalOf(client.call('MSET', 'a', '1', 'user:1', '2')), /^ERR fault/);
  t.match(await refusalOf(client.call('GET', 'user:2')), /^ERR fault/);
});

t.test('a fault is met by one client, by number or name', async (t) => {
  const { server } = await startServer(t);
  const [one, other] = [server.client(), server.client()];
  const id = (await one.call('CLIENT', 'ID')) as number;
  await other.call('CLIENT', 'SETNAME', 'worker');
  using byId = server.faults.fail({ client: id });
  t.match(await refusalOf(one.call('PING')), /^ERR fault/);
  t.equal(await other.call('PING'), 'PONG');
  byId.remove();
  server.faults.fail({ client: 'worker' });
  t.match(await refusalOf(other.call('PING')), /^ERR fault/);
  t.equal(await one.call('PING'), 'PONG');
});

t.test('a fault names subcommands, or all of a container', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  using one = server.faults.fail({ command: ['client|id', 'ECHO'] });
  t.equal(await client.call('CLIENT', 'GETNAME'), null);
  t.match(await refusalOf(client.call('CLIENT', 'ID')), /^ERR fault/);
  t.match(await refusalOf(client.call('ECHO', 'x')), /^ERR fault/);
  one.remove();
  server.faults.fail({ command: 'client' });
  t.match(await refusalOf(client.call('CLIENT', 'GETNAME')), /^ERR fault/);
});

t.test('server.call, load and dump meet no fault', async (t) => {
  const { server, call } = await startServer(t);
  server.faults.fail();
  t.equal(await call('SET', 'k', 'v'), 'OK');
  server.load({ l: ['a'] });
  t.same(server.dump(), { k: 'v', l: ['a'] });
});

t.test('a fault within MULTI has EXEC refuse the transaction', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  server.faults.fail({ command: 'incr' });
  await client.call('MULTI');
  await client.call('SET', 'k', 'v');
  await refusalOf(client.call('INCR', 'n'));
  t.match(await refusalOf(client.call('EXEC')), /^EXECABORT /);
});

t.test('delay has a request wait by the clock, and what comes after it too', async (t) => {
  const { server, clock, call } = await startServer(t);
  const client = server.client();
  const seen: unknown[] = [];
  const note = (value: unknown) => seen.push(value);
  server.faults.delay({ command: 'set', times: 1 }, 500);
  void client.call('SET', 'k', 'v').then(note);
  void client.call('GET', 'k').then(note);
  await clock.advance(499);
  t.same(seen, []);
  t.equal(await call('GET', 'k'), null);
  await clock.advance(1);
  t.same(seen, ['OK', 'v']);
});

t.test('a request that was delayed meets other faults afterwards', async (t) => {
  const { server, clock } = await startServer(t);
  const client = server.client();
  server.faults.delay({}, 100);
  server.faults.fail({ command: 'get' });
  const refused = refusalOf(client.call('GET', 'k'));
  await clock.advance(100);
  t.match(await refused, /^ERR fault/);
});

t.test('clear lets delayed requests go on at once', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  server.faults.delay({}, 100);
  const reply = client.call('PING');
  server.faults.clear();
  t.equal(await reply, 'PONG');
});

t.test('drop loses the connection before the request is run', async (t) => {
  const { server, call } = await startServer(t);
  server.faults.drop({ command: 'set', times: 1 });
  await t.rejects(server.client().call('SET', 'k', 'v'), /Connection is closed/);
  t.equal(await call('EXISTS', 'k'), 0);
  t.equal(await server.client().call('SET', 'k', 'v'), 'OK');
});

t.test('drop after loses only the reply', async (t) => {
  const { server, call } = await startServer(t);
  server.faults.drop({ command: 'set', when: 'after' });
  await t.rejects(server.client().call('SET', 'k', 'v'), /Connection is closed/);
  t.equal(await call('GET', 'k'), 'v');
});

t.test('drop closes a socket', async (t) => {
  const { server, port } = await startServer(t, { listen: true });
  server.faults.drop();
  const socket = connect(port, '127.0.0.1');
  socket.write('PING\r\n');
  socket.resume();
  await once(socket, 'close');
  t.equal(socket.bytesRead, 0);
});

t.test('loading refuses all but what may run while data is loaded', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  using _fault = server.faults.loading();
  t.equal(
    await refusalOf(client.call('GET', 'k')),
    'LOADING Valkey is loading the dataset in memory',
  );
  t.match(await client.call('INFO', 'server'), /valkey_version/);
});

t.test('readonly refuses writes only', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  server.faults.readonly();
  t.equal(
    await refusalOf(client.call('DEL', 'k')),
    "READONLY You can't write against a read only replica.",
  );
  t.equal(await client.call('GET', 'k'), null);
});

t.test('outOfMemory refuses what may take memory', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  server.faults.outOfMemory();
  t.equal(
    await refusalOf(client.call('SET', 'k', 'v')),
    "OOM command not allowed when used memory > 'maxmemory'.",
  );
  t.equal(await client.call('DEL', 'k'), 0);
});

t.test('moved tells the slot of the key, and where it is', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  server.faults.moved({ times: 2 }, '10.0.0.7:6379');
  t.equal(await client.call('PING'), 'PONG');
  t.equal(await refusalOf(client.call('GET', 'foo')), 'MOVED 12182 10.0.0.7:6379');
  t.equal(await refusalOf(client.call('GET', 'x{foo}{bar}')), 'MOVED 12182 10.0.0.7:6379');
  t.equal(await client.call('GET', 'foo'), null);
});

t.test('freeze has requests wait, in order, and no timer ring', async (t) => {
  const { server, clock } = await startServer(t);
  const [one, other] = [server.client(), server.client()];
  const waits = other.call('BLPOP', 'none', '1');
  const seen: unknown[] = [];
  {
    using _ice = server.faults.freeze();
    void one.call('SET', 'k', 'v').then(() => seen.push('set'));
    void one.call('PING').then(() => seen.push('ping'));
    void waits.then(() => seen.push('timeout'));
    await clock.advance(5000);
    t.same(seen, []);
  }
  await waits;
  await new Promise(setImmediate);
  t.same(seen.sort(), ['ping', 'set', 'timeout']);
});

t.test(
  'refuseConnections refuses new ones on the port and in the process; old ones stay',
  async (t) => {
    const { server, port } = await startServer(t, { listen: true });
    const old = connect(port, '127.0.0.1');
    await once(old, 'connect');
    {
      using _closed = server.faults.refuseConnections();
      const [byPort] = await once(connect(port, '127.0.0.1'), 'error');
      t.equal(byPort.code, 'ECONNREFUSED');
      const [inside] = await once(server.connect(), 'error');
      t.equal(inside.code, 'ECONNREFUSED');
      old.write('PING\r\n');
      t.equal(String((await once(old, 'data'))[0]), '+PONG\r\n');
    }
    const again = connect(port, '127.0.0.1');
    await once(again, 'connect');
    for (const socket of [old, again]) socket.destroy();
  },
);

t.test('reset ends all faults', async (t) => {
  const { server, port } = await startServer(t, { listen: true });
  server.faults.fail();
  server.faults.freeze();
  server.faults.refuseConnections();
  server.reset();
  const socket = connect(port, '127.0.0.1');
  socket.write('PING\r\n');
  t.equal(String((await once(socket, 'data'))[0]), '+PONG\r\n');
  socket.destroy();
});
