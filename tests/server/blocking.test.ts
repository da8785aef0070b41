import t from 'tap';
import { createServer } from '../../server/index.js';
import { refusalOf, startServer } from '../helpers/server.js';
import { connect, type WireConnection } from '../helpers/wire.js';

type Tap = Parameters<typeof startServer>[0];

/** A server, and as many clients inside the process as are asked for. */
async function startWith(t: Tap, config: Record<string, string> = {}) {
  const started = await startServer(t, { config: { 'enable-debug-command': 'yes', ...config } });
  const engine = started.server.engine;
  const client = () => started.server.connect();
  const field = async (name: string) =>
    new RegExp(`^${name}:(.*)\r$`, 'm').exec(String(await started.call('INFO', 'everything')))?.[1];
  return { ...started, engine, client, field };
}

/** A server that listens, and a way to connect to it. */
async function startListening(t: Tap) {
  const started = await startServer(t, { listen: true });
  const client = async (): Promise<WireConnection> => {
    const wire = await connect(started.port);
    t.teardown(() => wire.close());
    return wire;
  };
  const { blockedClients } = started.server.engine;
  const untilBlocked = async (count: number) => {
    while (blockedClients.count !== count) await new Promise((resolve) => setImmediate(resolve));
  };
  return { ...started, client, blockedClients, untilBlocked };
}

t.test('those who wait for a key are served in the order in which they came', async (t) => {
  const { call, client } = await startWith(t);
  const order: string[] = [];
  const waits = ['one', 'two', 'three'].map((name) =>
    client()
      .call('BLPOP', 'k', '0')
      .then((reply) => order.push(`${name} ${reply}`)),
  );
  t.equal(await call('RPUSH', 'k', 'a', 'b', 'c', 'd'), 4);
  await Promise.all(waits);
  t.same(order, ['one k,a', 'two k,b', 'three k,c']);
  t.same(await call('LRANGE', 'k', '0', '-1'), ['d']);
});

t.test('a transaction wakes nobody before it is over', async (t) => {
  const { call, client } = await startWith(t);
  const served = client().call('BLPOP', 'one', 'two', '0');
  await call('MULTI');
  await call('RPUSH', 'two', 'b');
  await call('RPUSH', 'one', 'x', 'a');
  await call('LPOP', 'one');
  t.same(await call('EXEC'), [1, 2, 'x']);
  t.same(await served, ['one', 'a'], 'its own order of keys counts');
  const still = client().call('BLPOP', 'one', '0');
  await call('MULTI');
  await call('RPUSH', 'one', 'a');
  await call('DEL', 'one');
  await call('EXEC');
  await call('RPUSH', 'one', 'b');
  t.same(await still, ['one', 'b']);
});

t.test('what a served client does serves others', async (t) => {
  const { call, client } = await startWith(t);
  const last = client().call('BLPOP', 'c', '0');
  const second = client().call('BLMOVE', 'b', 'c', 'LEFT', 'LEFT', '0');
  const first = client().call('BRPOPLPUSH', 'a', 'b', '0');
  await call('RPUSH', 'a', 'x');
  t.same(await Promise.all([first, second, last]), ['x', 'x', ['c', 'x']]);
  t.equal(await call('DBSIZE'), 0);
});

const WAYS: readonly (readonly string[])[] = [
  ['RPUSH', 'k', 'a'],
  ['RENAME', 'source', 'k'],
  ['COPY', 'source', 'k'],
  ['SORT', 'source', 'ALPHA', 'STORE', 'k'],
  ['LMOVE', 'source', 'k', 'LEFT', 'LEFT'],
];

t.test('a list that comes to be by any way serves those who wait', async (t) => {
  const { call, client } = await startWith(t);
  await call('RPUSH', 'source', 'a');
  for (const way of WAYS) {
    await call('DEL', 'source');
    await call('RPUSH', 'source', 'a');
    const served = client().call('BLPOP', 'k', '0');
    await call(...way);
    t.same(await served, ['k', 'a'], way.join(' '));
  }
});

t.test('MOVE and SWAPDB serve those who wait in the other database', async (t) => {
  const { call, client } = await startWith(t);
  for (const request of [
    ['MOVE', 'k', '1'],
    ['SWAPDB', '0', '1'],
  ]) {
    const other = client();
    await other.call('SELECT', '1');
    const served = other.call('BLPOP', 'k', '0');
    await call('RPUSH', 'k', 'a');
    await call(...request);
    t.same(await served, ['k', 'a'], request.join(' '));
  }
});

t.test('sorted sets and streams serve those who wait for them, and no others', async (t) => {
  const { call, client } = await startWith(t);
  const popped = client().call('BZPOPMIN', 'k', '0');
  const list = client().call('BLPOP', 'k', '0');
  const many = client().call('BZMPOP', '0', '2', 'none', 'k', 'MAX', 'COUNT', '2');
  await call('ZADD', 'k', '1', 'a', '2', 'b', '3', 'c');
  t.same(await popped, ['k', 'a', '1']);
  t.same(await many, [
    'k',
    [
      ['c', '3'],
      ['b', '2'],
    ],
  ]);
  const read = client().call('XREAD', 'BLOCK', '0', 'STREAMS', 'k', '$');
  const again = client().call('XREAD', 'BLOCK', '0', 'STREAMS', 'k', '$');
  await call('XADD', 'k', '1-1', 'f', 'v');
  const entries = [['k', [['1-1', ['f', 'v']]]]];
  t.same(await Promise.all([read, again]), [entries, entries]);
  await call('DEL', 'k');
  await call('RPUSH', 'k', 'x');
  t.same(await list, ['k', 'x']);
});

t.test(
  'XREADGROUP is refused when its stream goes, changes its type or loses the group',
  async (t) => {
    const { call, client } = await startWith(t);
    const noGroup = "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option";
    const wrongType = 'WRONGTYPE Operation against a key holding the wrong kind of value';
    const ends: readonly (readonly [string, readonly string[]])[] = [
      [noGroup, ['DEL', 's']],
      [noGroup, ['FLUSHALL']],
      [noGroup, ['SWAPDB', '0', '1']],
      [noGroup, ['RENAME', 's', 'x']],
      [noGroup, ['XGROUP', 'DESTROY', 's', 'g']],
      [noGroup, ['PEXPIREAT', 's', '1']],
      [wrongType, ['SET', 's', 'v']],
      [wrongType, ['COPY', 'string', 's', 'REPLACE']],
    ];
    for (const [expected, request] of ends) {
      await call('FLUSHALL');
      await call('SET', 'string', 'v');
      await call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
      const refused = refusalOf(
        client().call('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS', 's', '>'),
      );
      await call(...request);
      t.equal(await refused, expected, request.join(' '));
    }
  },
);

t.test('XREADGROUP hears of a stream whose time comes, met or not', async (t) => {
  const { call, client, clock } = await startWith(t);
  await call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
  await call('PEXPIRE', 's', '1000');
  const refused = refusalOf(
    client().call('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS', 's', '>'),
  );
  await clock.advance(5000);
  t.match(await refused, /^NOGROUP/);
});

t.test('each wait ends when its time is up, on the clock of the server', async (t) => {
  const { call, client, clock, engine, field } = await startWith(t);
  const ended: string[] = [];
  const wait = (name: string, ...request: string[]) =>
    client()
      .call(...request)
      .then((reply) => ended.push(`${name} ${JSON.stringify(reply)}`));
  const waits = [
    wait('c', 'BLPOP', 'k', '0.3'),
    wait('a', 'BLMOVE', 'k', 'k', 'LEFT', 'LEFT', '0.1'),
    wait('b', 'XREAD', 'BLOCK', '200', 'STREAMS', 'k', '$'),
    wait('d', 'WAIT', '1', '400'),
    wait('e', 'WAITAOF', '0', '1', '500'),
    wait('f', 'BZMPOP', '0.6', '1', 'k', 'MIN'),
  ];
  t.equal(await field('clients_in_timeout_table'), '6');
  await clock.advance(99);
  t.equal(engine.blockedClients.count, 6);
  await clock.advance(1);
  t.equal(engine.blockedClients.count, 5);
  await clock.advance(500);
  await Promise.all(waits);
  t.same(ended, ['a null', 'b null', 'c null', 'd 0', 'e [0,0]', 'f null']);
  t.equal(await field('blocked_clients'), '0');
  t.equal(await call('PING'), 'PONG');
});

t.test('a request that runs in vain keeps the end of its time', async (t) => {
  const { call, client, clock, engine } = await startWith(t);
  await call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
  const wait = ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '100', 'STREAMS', 's', '>'];
  const [one, other] = [client().call(...wait), client().call(...wait)];
  await clock.advance(60);
  await call('XADD', 's', '1-1', 'f', 'v');
  t.same(await one, [['s', [['1-1', ['f', 'v']]]]]);
  t.equal(engine.blockedClients.count, 1);
  await clock.advance(40);
  t.equal(await other, null);
});

t.test('a transaction that takes longer than its key lives serves nobody', async (t) => {
  const server = await createServer({ listen: false, config: { 'enable-debug-command': 'yes' } });
  t.teardown(() => server.close());
  const other = server.connect();
  const id = Number(await other.call('CLIENT', 'ID'));
  const wait = other.call('BLPOP', 'k', '0');
  await server.call('MULTI');
  await server.call('RPUSH', 'k', 'a');
  await server.call('PEXPIRE', 'k', '10');
  await server.call('DEBUG', 'SLEEP', '0.03');
  await server.call('EXEC');
  t.equal(server.engine.blockedClients.count, 1);
  await server.call('CLIENT', 'UNBLOCK', id);
  t.equal(await wait, null);
});

t.test('RESTORE serves those who wait', async (t) => {
  const { client, untilBlocked } = await startListening(t);
  const [one, other] = [await client(), await client()];
  await other.send(['RPUSH', 'source', 'a']);
  const dumped = await other.send(['DUMP', 'source']);
  const payload = dumped.subarray(dumped.indexOf('\n') + 1, -2);
  const served = one.send(['BLPOP', 'k', '0']);
  await untilBlocked(1);
  await other.send(['RESTORE', 'k', '0', payload]);
  t.equal(`${await served}`, '*2\r\n$1\r\nk\r\n$1\r\na\r\n');
});

t.test('CLIENT UNBLOCK ends a wait as if its time were up, or with an error', async (t) => {
  const { call, client, field } = await startWith(t);
  const other = client();
  const id = Number(await other.call('CLIENT', 'ID'));
  t.equal(await call('CLIENT', 'UNBLOCK', id), 0, 'it does not wait');
  const one = other.call('BLPOP', 'k', '0');
  t.equal(await call('CLIENT', 'UNBLOCK', id), 1);
  t.equal(await one, null);
  await call('CONFIG', 'RESETSTAT');
  const two = refusalOf(other.call('BLPOP', 'k', '0'));
  t.equal(await call('CLIENT', 'UNBLOCK', id, 'ERROR'), 1);
  t.equal(await two, 'UNBLOCKED client unblocked via CLIENT UNBLOCK');
  t.match(await field('cmdstat_blpop'), /calls=1,.*rejected_calls=1,failed_calls=0/);
  t.match(await field('cmdstat_client\\|unblock'), /failed_calls=1/);
  t.equal(await field('errorstat_UNBLOCKED'), 'count=1');
});

t.test('CLIENT UNBLOCK in a transaction answers after the transaction', async (t) => {
  const { call, client } = await startWith(t);
  const other = client();
  await other.call('HELLO', '3');
  const id = Number(await other.call('CLIENT', 'ID'));
  const wait = other.call('BLPOP', 'k', '0');
  await call('MULTI');
  await call('CLIENT', 'UNBLOCK', id);
  await call('BLPOP', 'k', '0');
  t.same(await call('EXEC'), [1, null]);
  t.equal(await wait, null);
});

t.test('a wait is counted, logged and shown once', async (t) => {
  const { call, client, engine, field } = await startWith(t, {
    'commandlog-execution-slower-than': '0',
  });
  const shown: string[] = [];
  const spy = engine.makeClient(null);
  engine.monitors.add(spy);
  t.teardown(() => engine.monitors.remove(spy));
  engine.monitors.feed = (fed) => shown.push(fed.text(0));
  const other = client();
  await call('CONFIG', 'RESETSTAT');
  await call('SLOWLOG', 'RESET');
  const wait = other.call('BLPOP', 'k', '0');
  t.same(shown.splice(0), ['BLPOP']);
  t.equal(await field('cmdstat_blpop'), undefined);
  t.match(await call('CLIENT', 'LIST'), / flags=b .*argv-mem=7 .*cmd=blpop .*tot-cmds=0\n/);
  await call('RPUSH', 'k', 'a');
  await wait;
  t.match(await field('cmdstat_blpop'), /calls=1,/);
  t.notOk(shown.includes('BLPOP'));
  const logged = (await call('SLOWLOG', 'GET', '-1')) as unknown[][];
  t.equal(logged.filter((entry) => (entry[3] as string[])[0] === 'BLPOP').length, 1);
});

t.test('a client that waits holds back its later requests, in order', async (t) => {
  const { client, blockedClients, untilBlocked } = await startListening(t);
  const [one, other] = [await client(), await client()];
  const replies = one.pipeline([
    ['BLPOP', 'k', '0'],
    ['INCR', 'n'],
    ['BLPOP', 'k', '0'],
    ['INCR', 'n'],
  ]);
  await untilBlocked(1);
  t.equal(`${await other.send(['GET', 'n'])}`, '$-1\r\n');
  await other.send(['RPUSH', 'k', 'a']);
  await untilBlocked(1);
  t.equal(`${await other.send(['GET', 'n'])}`, '$1\r\n1\r\n');
  await other.send(['RPUSH', 'k', 'b']);
  t.same((await replies).map(String), [
    '*2\r\n$1\r\nk\r\n$1\r\na\r\n',
    ':1\r\n',
    '*2\r\n$1\r\nk\r\n$1\r\nb\r\n',
    ':2\r\n',
  ]);
  t.equal(blockedClients.keyCount, 0);
});

t.test('who leaves while it waits gets nothing', async (t) => {
  const { client, blockedClients, untilBlocked, server } = await startListening(t);
  const [one, two, other] = [await client(), await client(), await client()];
  one.send(['BLPOP', 'k', 'k', 'x', '0']).catch(() => {});
  await untilBlocked(1);
  const served = two.send(['BLPOP', 'k', '0']);
  await untilBlocked(2);
  t.equal(blockedClients.keyCount, 2);
  one.close();
  await untilBlocked(1);
  t.equal(blockedClients.keyCount, 1);
  await other.send(['RPUSH', 'k', 'a']);
  t.equal(`${await served}`, '*2\r\n$1\r\nk\r\n$1\r\na\r\n');
  const killed = two.send(['BLPOP', 'k', '0']).catch((error: Error) => error.message);
  await untilBlocked(1);
  await other.send(['CLIENT', 'KILL', 'SKIPME', 'yes']);
  t.equal(await killed, 'The server closed the connection');
  t.equal(blockedClients.count, 0);
  t.equal(server.engine.keyspace.waiters, null);
});

t.test('replies go out in the version of protocol of who waits', async (t) => {
  const { client, untilBlocked } = await startListening(t);
  const [one, two, other] = [await client(), await client(), await client()];
  await one.send(['HELLO', '3']);
  const served = one.send(['BZPOPMIN', 'k', '0']);
  await untilBlocked(1);
  const plain = two.send(['BZPOPMIN', 'k', '0']);
  await untilBlocked(2);
  t.equal(`${await other.send(['ZADD', 'k', '1', 'a', '2', 'b'])}`, ':2\r\n');
  t.equal(`${await served}`, '*3\r\n$1\r\nk\r\n$1\r\na\r\n,1\r\n');
  t.equal(`${await plain}`, '*3\r\n$1\r\nk\r\n$1\r\nb\r\n$1\r\n2\r\n');
});

t.test('who wants no replies is served without one, and wakes others as well', async (t) => {
  const { client, untilBlocked, call } = await startListening(t);
  const [silent, one] = [await client(), await client()];
  await silent.sendRaw('CLIENT REPLY OFF\r\nBLPOP k 0\r\n', 0);
  await untilBlocked(1);
  const served = one.send(['BLPOP', 'x', '0']);
  await untilBlocked(2);
  t.equal(await call('RPUSH', 'k', 'a'), 1);
  await untilBlocked(1);
  await silent.sendRaw('RPUSH x b\r\nCLIENT REPLY ON\r\n', 0);
  t.equal(`${await served}`, '*2\r\n$1\r\nx\r\n$1\r\nb\r\n');
  t.equal(`${await silent.nextPush()}`, '+OK\r\n');
});

t.test(
  'a pause does not stop the time of those who wait, but holds those who are served',
  async (t) => {
    const { call, client, clock, engine } = await startWith(t);
    const [timed, served] = [client(), client()];
    const ended = timed.call('BLPOP', 'none', '1');
    const wait = served.call('BLPOP', 'k', '1');
    await call('MULTI');
    await call('RPUSH', 'k', 'a');
    await call('CLIENT', 'PAUSE', '5000', 'WRITE');
    await call('EXEC');
    t.equal(engine.pauses.waiting.size, 1);
    t.equal(engine.blockedClients.count, 1);
    await clock.advance(2000);
    t.equal(await ended, null);
    t.equal(await call('LLEN', 'k'), 1);
    await call('CLIENT', 'UNPAUSE');
    t.same(await wait, ['k', 'a']);
  },
);

t.test('a request that memory is refused to ends its wait with that', async (t) => {
  const { call, client } = await startWith(t);
  const refused = refusalOf(client().call('BLMOVE', 'k', 'x', 'LEFT', 'LEFT', '0'));
  await call('MULTI');
  await call('RPUSH', 'k', 'a');
  await call('CONFIG', 'SET', 'maxmemory', '1');
  await call('EXEC');
  t.match(await refused, /^OOM/);
});

t.test('many can wait for one key, and leave it, at little cost', async (t) => {
  const { call, client, engine, field } = await startWith(t);
  const clients = Array.from({ length: 2000 }, client);
  const waits = clients.map((one) => one.call('BLPOP', 'k', 'other', '0').catch(() => null));
  t.equal(await field('total_blocking_keys'), '2');
  for (const one of clients.slice(0, 1000)) one.close();
  t.equal(engine.blockedClients.count, 1000);
  await call('RPUSH', 'k', ...Array.from({ length: 1000 }, (_, i) => `${i}`));
  const served = await Promise.all(waits.slice(1000));
  t.same(
    served,
    served.map((_, i) => ['k', `${i}`]),
  );
  t.equal(engine.blockedClients.keyCount, 0);
  t.equal(engine.keyspace.waiters, null);
});

t.test('a server that closes rejects the calls that wait', async (t) => {
  const { client, server } = await startWith(t);
  const wait = refusalOf(client().call('BLPOP', 'k', '10'));
  await server.close();
  t.equal(await wait, 'Connection is closed');
});
