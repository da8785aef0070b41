import t from 'tap';
import { refusalOf, startServer } from '../helpers/server.js';

type Tap = Parameters<typeof startServer>[0];

const DEBUG = { 'enable-debug-command': 'yes' };

/** A server where keys whose time has come stay until they are met, and a second client. */
async function startPair(t: Tap, config: Record<string, string> = {}) {
  const started = await startServer(t, { config: { ...DEBUG, ...config } });
  await started.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
  const other = started.server.connect();
  return { ...started, engine: started.server.engine, other };
}

async function infoField(call: (...args: string[]) => Promise<unknown>, name: string) {
  return new RegExp(`^${name}:(.*)\r$`, 'm').exec(String(await call('INFO', 'everything')))?.[1];
}

t.test('EXEC runs what was queued, errors included, and replies all of it', async (t) => {
  const { call } = await startPair(t);
  t.equal(await call('MULTI'), 'OK');
  t.equal(await call('SET', 'k', 'v'), 'QUEUED');
  t.equal(await call('LPUSH', 'k', 'x'), 'QUEUED');
  t.equal(await call('GET', 'k'), 'QUEUED');
  const [set, push, get] = (await call('EXEC')) as unknown[];
  t.equal(set, 'OK');
  t.match(push, { message: /^WRONGTYPE/ });
  t.equal(get, 'v');
  t.equal(await refusalOf(call('EXEC')), 'ERR EXEC without MULTI');
});

t.test('a request refused while requests are queued has EXEC run nothing', async (t) => {
  const { call } = await startPair(t);
  await call('MULTI');
  await call('SET', 'k', 'v');
  t.equal(await refusalOf(call('SET', 'k')), "ERR wrong number of arguments for 'set' command");
  t.equal(await call('SET', 'k', 'v'), 'QUEUED');
  t.match(await call('CLIENT', 'LIST'), 'QUEUED');
  t.equal(
    await refusalOf(call('EXEC')),
    'EXECABORT Transaction discarded because of previous errors.',
  );
  t.equal(await call('EXISTS', 'k'), 0);
});

t.test('DISCARD and RESET give the transaction and what is watched up', async (t) => {
  for (const word of ['DISCARD', 'RESET']) {
    const { call, engine, other } = await startPair(t);
    await call('WATCH', 'k');
    await call('MULTI');
    await call('SET', 'k', 'v');
    await call(word);
    t.equal(engine.watchedKeys.keyCount, 0);
    await other.call('SET', 'k', 'other');
    await call('MULTI');
    await call('GET', 'k');
    t.same(await call('EXEC'), ['other']);
  }
});

const CHANGES: readonly (readonly string[])[] = [
  ['SET', 'k', 'v'],
  ['DEL', 'k'],
  ['UNLINK', 'k'],
  ['EXPIRE', 'k', '100'],
  ['PEXPIREAT', 'k', '1'],
  ['RENAME', 'k', 'x'],
  ['RENAME', 'string', 'k'],
  ['COPY', 'string', 'k', 'REPLACE'],
  ['MOVE', 'k', '1'],
  ['FLUSHDB'],
  ['FLUSHALL', 'ASYNC'],
  ['SWAPDB', '0', '1'],
  ['RPUSH', 'k', 'x'],
  ['LPOP', 'k'],
  ['LSET', 'k', '0', 'x'],
  ['LMOVE', 'k', 'x', 'LEFT', 'LEFT'],
  ['LMOVE', 'list', 'k', 'LEFT', 'LEFT'],
  ['SORT', 'list', 'ALPHA', 'STORE', 'k'],
  ['ZUNIONSTORE', 'k', '1', 'zset'],
  ['SUNIONSTORE', 'k', 'set'],
  ['BITOP', 'NOT', 'k', 'string'],
  ['PFMERGE', 'k'],
];

t.test('a change of a watched key by anybody has EXEC run nothing', async (t) => {
  const { call, other } = await startPair(t);
  for (const change of CHANGES) {
    await call('FLUSHALL');
    await call('SET', 'string', 'v');
    await call('RPUSH', 'list', 'a');
    await call('SADD', 'set', 'a');
    await call('ZADD', 'zset', '1', 'a');
    if (change[0] !== 'PFMERGE') await call('RPUSH', 'k', 'a', 'b');
    await call('WATCH', 'k', 'none');
    await other.call(...change);
    await call('MULTI');
    await call('PING');
    t.equal(await call('EXEC'), null, change.join(' '));
  }
});

t.test('what changes nothing, or another key, lets EXEC run', async (t) => {
  const { call, other } = await startPair(t);
  const harmless = [
    ['GET', 'k'],
    ['SET', 'other', 'v'],
    ['DEL', 'none'],
    ['SETNX', 'k', 'x'],
    ['PERSIST', 'k'],
    ['COPY', 'k', 'x'],
    ['SWAPDB', '1', '2'],
    ['SWAPDB', '0', '0'],
  ];
  await call('SET', 'k', 'v');
  for (const request of harmless) {
    await call('WATCH', 'k', 'none');
    await other.call(...request);
    await call('MULTI');
    await call('PING');
    t.same(await call('EXEC'), ['PONG'], request.join(' '));
  }
});

t.test('a key whose time comes while it is watched has changed, met or not', async (t) => {
  const { call, other, clock } = await startPair(t);
  for (const meets of [false, true]) {
    await call('SET', 'k', 'v', 'PX', '10');
    await call('WATCH', 'k');
    await clock.advance(11);
    if (meets) await other.call('GET', 'k');
    await call('MULTI');
    await call('PING');
    t.equal(await call('EXEC'), null);
  }
});

t.test(
  'a key whose time had come before it was watched has not changed when it goes',
  async (t) => {
    const { call, other, clock } = await startPair(t);
    const harmless = [['GET', 'k'], ['DEL', 'k'], ['FLUSHALL'], ['SWAPDB', '0', '1']];
    for (const request of harmless) {
      await call('SET', 'k', 'v', 'PX', '10');
      await clock.advance(11);
      await call('WATCH', 'k');
      await other.call(...request);
      await call('MULTI');
      await call('PING');
      t.same(await call('EXEC'), ['PONG'], request.join(' '));
    }
    await call('SET', 'k', 'v', 'PX', '10');
    await clock.advance(11);
    await call('WATCH', 'k');
    await other.call('DEL', 'k');
    await other.call('SET', 'k', 'new');
    await call('MULTI');
    await call('PING');
    t.equal(await call('EXEC'), null, 'a new value is a change');
  },
);

t.test('nothing is listened to while nothing is watched', async (t) => {
  const { call, engine, other } = await startPair(t);
  t.equal(engine.effects.attentive, false);
  await call('WATCH', 'a', 'b', 'a');
  t.equal(engine.effects.attentive, true);
  t.equal(await infoField(call, 'total_watched_keys'), '2');
  t.equal(await infoField(call, 'watching_clients'), '1');
  t.match(await call('CLIENT', 'INFO'), / multi=0 watch=2 /);
  await other.call('SET', 'a', '1');
  t.equal(engine.effects.attentive, false, 'what is sure to fail need not be watched');
  t.match(await call('CLIENT', 'INFO'), / flags=d .* watch=0 /);
  await call('UNWATCH');
  t.match(await call('CLIENT', 'INFO'), / flags=N /);
  await other.call('WATCH', 'a');
  other.close();
  t.equal(engine.watchedKeys.clientCount, 0);
  t.equal(engine.effects.attentive, false);
});

t.test('a key is watched in the database that was selected', async (t) => {
  const { call, other } = await startPair(t);
  await call('WATCH', 'k');
  await other.call('SELECT', '1');
  await other.call('SET', 'k', 'v');
  await call('MULTI');
  await call('PING');
  t.same(await call('EXEC'), ['PONG']);
});

t.test(
  'EXEC is refused where what it holds must not take memory, and the transaction with it',
  async (t) => {
    const { call, other } = await startPair(t);
    await call('MULTI');
    await call('SET', 'k', 'v');
    await other.call('CONFIG', 'SET', 'maxmemory', '1');
    t.equal(
      await refusalOf(call('EXEC')),
      "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.",
    );
    await call('MULTI');
    await call('GET', 'k');
    t.same(await call('EXEC'), [null]);
  },
);

t.test('CLIENT PAUSE WRITE holds a transaction that writes, and lets another pass', async (t) => {
  const { call, other } = await startPair(t);
  await other.call('MULTI');
  await other.call('SET', 'k', 'v');
  await call('CLIENT', 'PAUSE', '1000', 'WRITE');
  const held = other.call('EXEC');
  await call('MULTI');
  await call('GET', 'k');
  t.same(await call('EXEC'), [null]);
  await call('CLIENT', 'UNPAUSE');
  t.same(await held, ['OK']);
});

t.test(
  'each command of a transaction is counted, logged and shown to monitors by itself',
  async (t) => {
    const { call, server } = await startPair(t, { 'commandlog-execution-slower-than': '0' });
    const shown: string[] = [];
    const { monitors } = server.engine;
    const spy = server.engine.makeClient(null);
    monitors.add(spy);
    t.teardown(() => monitors.remove(spy));
    monitors.feed = (fed) => shown.push(fed.text(0));
    await call('CONFIG', 'RESETSTAT');
    await call('SLOWLOG', 'RESET');
    await call('MULTI');
    await call('SET', 'k', 'v');
    await call('INCR', 'k');
    await call('EXEC');
    t.same(shown, ['MULTI', 'SET', 'INCR', 'EXEC']);
    const stats = String(await call('INFO', 'commandstats'));
    t.match(stats, /cmdstat_exec:calls=1,.*failed_calls=0/);
    t.match(stats, /cmdstat_incr:calls=1,.*failed_calls=1/);
    t.match(stats, /cmdstat_set:calls=1,/);
    const logged = (await call('SLOWLOG', 'GET')) as unknown[][];
    t.same(
      logged.map((entry) => (entry[3] as string[])[0]),
      ['INFO', 'INCR', 'SET', 'MULTI', 'SLOWLOG'],
    );
  },
);

t.test('the queue counts as memory of its client', async (t) => {
  const { call, engine } = await startPair(t);
  await call('MULTI');
  await call('SET', 'k', 'v'.repeat(100_000));
  const [client] = engine.clients.values();
  t.ok((client?.memoryBytes ?? 0) > 100_000);
  t.ok((client?.transaction?.queueBytes ?? 0) > 100_000);
  await call('DISCARD');
  t.ok((client?.memoryBytes ?? 0) < 10_000);
});

t.test('SELECT and HELLO within a transaction hold for what follows', async (t) => {
  const { call } = await startPair(t);
  await call('MULTI');
  await call('SELECT', '3');
  await call('SET', 'k', 'v');
  await call('HELLO', '3');
  await call('HSET', 'h', 'f', 'v');
  await call('HGETALL', 'h');
  const replies = (await call('EXEC')) as unknown[];
  t.same(replies[4], new Map([['f', 'v']]));
  t.equal(await call('GET', 'k'), 'v');
  t.match(await call('CLIENT', 'INFO'), / db=3 .* resp=3 /);
});
