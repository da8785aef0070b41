import t from 'tap';
import { startServer } from '../helpers/server.js';
import { connect, type WireConnection } from '../helpers/wire.js';

type Tap = Parameters<typeof startServer>[0];

/** A server whose own caller is never dropped; and a way to connect clients by name. */
async function startWatched(t: Tap, limit: string) {
  const started = await startServer(t, { listen: true, config: { maxmemory: '4000000' } });
  const { call, port, server } = started;
  await call('CONFIG', 'SET', 'maxmemory-clients', limit);
  const named = async (name: string): Promise<WireConnection> => {
    const wire = await connect(port);
    t.teardown(() => wire.close());
    await wire.send(['CLIENT', 'SETNAME', name]);
    return wire;
  };
  const evicted = () => server.engine.stats.evictedClients;
  return { ...started, named, evicted };
}

/** The beginning of a request that is never completed: it stays in the client's buffer. */
function hold(wire: WireConnection, bytes: number): void {
  wire.socket.write(`*2\r\n$3\r\nSET\r\n$9000000\r\n${'x'.repeat(bytes)}`);
}

t.test('the client with the largest buffer is dropped first', async (t) => {
  const { named, evicted, call } = await startWatched(t, '1mb');
  const [small, large] = [await named('small'), await named('large')];
  hold(small, 300_000);
  hold(large, 900_000);
  await large.closed();
  t.equal(evicted(), 1);
  t.match(await call('CLIENT', 'LIST'), /name=small /);
});

t.test('replies that a client does not fetch count', async (t) => {
  const { named, evicted, call } = await startWatched(t, '1mb');
  await call('SET', 'k', 'v'.repeat(100_000));
  const lazy = await named('lazy');
  lazy.socket.pause();
  lazy.socket.write('GET k\r\n'.repeat(200));
  while (evicted() === 0) await new Promise((resolve) => setImmediate(resolve));
  lazy.socket.resume();
  await lazy.closed();
  t.notMatch(await call('CLIENT', 'LIST'), /name=lazy /);
});

t.test('CLIENT NO-EVICT keeps a client, and others go for it', async (t) => {
  const { named, evicted, call } = await startWatched(t, '1mb');
  const [kept, other] = [await named('kept'), await named('other')];
  await kept.send(['CLIENT', 'NO-EVICT', 'on']);
  hold(kept, 1_500_000);
  await other.closed();
  t.equal(evicted(), 1);
  t.match(await call('CLIENT', 'LIST'), /name=kept /);
});

t.test('a share of maxmemory is a limit too, from 128 KiB on', async (t) => {
  const { named, evicted, call } = await startWatched(t, '0');
  const client = await named('client');
  hold(client, 100_000);
  await call('CONFIG', 'SET', 'maxmemory-clients', '1%');
  t.equal(await call('PING'), 'PONG');
  t.equal(evicted(), 0);
  hold(client, 100_000);
  await client.closed();
  t.equal(evicted(), 1);
});

t.test('a lower limit is looked after at once', async (t) => {
  const { named, evicted, call, server } = await startWatched(t, '50%');
  const client = await named('client');
  hold(client, 600_000);
  while (server.engine.memory.clientsBytes < 600_000) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(evicted(), 0);
  await call('CONFIG', 'SET', 'maxmemory-clients', '10%');
  t.equal(evicted(), 1);
  await client.closed();
});

t.test('the first limit of all is looked after at once', async (t) => {
  const { call, port, server } = await startServer(t, { listen: true });
  const client = await connect(port);
  t.teardown(() => client.close());
  hold(client, 600_000);
  while (!/ qbuf=6\d{5} /.test(String(await call('CLIENT', 'LIST')))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await call('CONFIG', 'SET', 'maxmemory-clients', '500kb');
  t.equal(server.engine.stats.evictedClients, 1);
  await client.closed();
});

t.test('CLIENT LIST tells what was read of a request that is not whole', async (t) => {
  const { call, named } = await startWatched(t, '0');
  const wire = await named('slow');
  wire.socket.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$40000\r\n${'v'.repeat(1000)}`);
  let shown = '';
  while (!shown.includes('qbuf=1000 ')) {
    shown = String(await call('CLIENT', 'LIST'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.match(shown, /name=slow .* qbuf=1000 qbuf-free=\d+ argv-mem=4 /);
});
