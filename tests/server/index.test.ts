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
