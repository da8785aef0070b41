import t from 'tap';
import { createServer } from '../../server/index.js';
import { refusalOf, startServer } from '../helpers/server.js';

t.test('createServer answers commands without a socket', async (t) => {
  const { call } = await startServer(t);
  t.equal(await call('SET', 'k', 'v'), 'OK');
  t.equal(await call('GET', 'k'), 'v');
  t.equal(await call('GET', 'none'), null);
});

t.test('createServer rejects with the text of an error reply', async (t) => {
  const { call } = await startServer(t);
  t.equal(await refusalOf(call('GET')), "ERR wrong number of arguments for 'get' command");
});

t.test('servers side by side share nothing', async (t) => {
  const [one, other] = [await startServer(t), await startServer(t)];
  await one.call('SET', 'k', 'one');
  t.equal(await other.call('GET', 'k'), null);
});

t.test('createServer refuses a parameter it does not know', async (t) => {
  await t.rejects(createServer({ config: { 'no-such': '1' } }), RangeError);
});

t.test('servers of one hash-seed scan their keys in the same order', async (t) => {
  const order = async (hashSeed: string, seed: number) => {
    const { call } = await startServer(t, { seed, config: { 'hash-seed': hashSeed } });
    for (let i = 0; i < 50; i++) await call('SET', `key:${i}`, '');
    return call('KEYS', '*');
  };
  const first = await order('aabbccdd', 1);
  t.same(await order('aabbccdd', 2), first);
  t.notSame(await order('aabbccde', 1), first);
});

t.test('READONLY marks a client until READWRITE', async (t) => {
  const { call } = await startServer(t);
  t.equal(await call('READONLY'), 'OK');
  t.match(await call('CLIENT', 'INFO'), / flags=[A-Z]*r /);
  t.equal(await call('READWRITE'), 'OK');
  t.match(await call('CLIENT', 'INFO'), / flags=N /);
});

t.test('createServer refuses a value that is none of its parameter', async (t) => {
  await t.rejects(createServer({ config: { hz: 'often' } }), {
    name: 'RangeError',
    message: /^Cannot start server: hz: .*: value given is "often"$/,
  });
});

t.test('createServer takes values with blanks as CONFIG SET does', async (t) => {
  const config = { requirepass: ' pass  word', save: '60 1 30 100', bind: '127.0.0.1 ::1' };
  const { call } = await startServer(t, { config });
  for (const [name, value] of Object.entries(config)) {
    t.same(await call('CONFIG', 'GET', name), [name, value]);
  }
});
