import t from 'tap';
import { refusalOf, startServer } from '../helpers/server.js';

/** A set of four objects with a weight and a name each. */
async function withObjects(t: Parameters<typeof startServer>[0]) {
  const started = await startServer(t);
  const { call } = started;
  await call('SADD', 's', '3', '1', '10', '2');
  await call('MSET', 'w_1', '30', 'w_2', '-2.5', 'w_3', '1e1', 'n_1', 'one', 'n_2', 'two');
  return started;
}

t.test('SORT puts numbers in order, and text when told so', async (t) => {
  const { call } = await withObjects(t);
  t.same(await call('SORT', 's'), ['1', '2', '3', '10']);
  t.same(await call('SORT', 's', 'DESC'), ['10', '3', '2', '1']);
  t.same(await call('SORT', 's', 'ALPHA'), ['1', '10', '2', '3']);
  t.same(await call('SORT', 's', 'ALPHA', 'DESC', 'ASC'), ['1', '10', '2', '3']);
  t.same(await call('SORT', 'none'), []);
});

t.test('SORT BY takes weights from keys, of which those not there are 0', async (t) => {
  const { call } = await withObjects(t);
  t.same(await call('SORT', 's', 'BY', 'w_*'), ['2', '10', '3', '1']);
  t.same(await call('SORT', 's', 'BY', 'w_*', 'ALPHA'), ['10', '2', '3', '1']);
  t.same(await call('SORT', 's', 'BY', 'none_*', 'DESC'), ['3', '2', '10', '1']);
});

t.test('SORT LIMIT takes a part, its start and count being held in bounds', async (t) => {
  const { call } = await withObjects(t);
  t.same(await call('SORT', 's', 'LIMIT', 1, 2), ['2', '3']);
  t.same(await call('SORT', 's', 'LIMIT', -5, 2), ['1', '2']);
  t.same(await call('SORT', 's', 'LIMIT', 2, -1), ['3', '10']);
  t.same(await call('SORT', 's', 'LIMIT', 9, 9), []);
});

t.test('SORT GET returns what patterns name, null for what is not there', async (t) => {
  const { call } = await withObjects(t);
  t.same(await call('SORT', 's', 'LIMIT', 0, 3, 'GET', 'n_*', 'GET', '#'), [
    ...['one', '1', 'two', '2', null, '3'],
  ]);
  t.same(await call('SORT', 's', 'LIMIT', 0, 1, 'GET', 'n_1'), [null], 'a pattern without star');
  t.same(await call('SORT', 's', 'LIMIT', 0, 1, 'GET', 's*'), [null]);
  await call('SET', 'n_1->', 'arrow');
  t.same(await call('SORT', 's', 'LIMIT', 0, 1, 'GET', 'n_*->'), ['arrow']);
  t.same(await call('SORT', 's', 'LIMIT', 0, 1, 'GET', 'n_*->f'), [null]);
});

t.test('SORT refuses what is no number, but NUL ends one', async (t) => {
  const { call } = await startServer(t);
  const refused = "ERR One or more scores can't be converted into double";
  for (const text of ['a', '', ' 1', '1 ', 'nan', '0x10', '1e400']) {
    await call('SADD', 's', text, '5');
    t.equal(await refusalOf(call('SORT', 's')), refused, JSON.stringify(text));
    await call('DEL', 's');
  }
  await call('SADD', 's', '2', '1\0x', '-inf');
  t.same(await call('SORT', 's'), ['-inf', '1\0x', '2']);
});

t.test('SORT takes elements of any length and number', async (t) => {
  const { call } = await startServer(t);
  const texts = Array.from({ length: 700 }, (_, i) => `${(i * 7919) % 700}`.padStart(i % 300, 'x'));
  await call('RPUSH', 'l', '', ...texts);
  t.same(await call('SORT', 'l', 'ALPHA'), ['', ...texts].sort());
  await call(
    'RPUSH',
    'n',
    ...Array.from({ length: 700 }, (_, i) => String(((i * 7919) % 700) - 350)),
  );
  t.same(await call('SORT', 'n', 'LIMIT', '0', '3'), ['-350', '-349', '-348']);
  t.same(await call('SORT', 'n', 'DESC', 'LIMIT', '698', '5'), ['-349', '-350']);
});

t.test('SORT of other types and with wrong options is refused', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'k', 'v');
  const wrongType = 'WRONGTYPE Operation against a key holding the wrong kind of value';
  t.equal(await refusalOf(call('SORT', 'k')), wrongType);
  for (const options of [['FOO'], ['LIMIT', '1'], ['BY'], ['GET'], ['STORE']]) {
    t.equal(await refusalOf(call('SORT', 'k', ...options)), 'ERR syntax error', options.join(' '));
  }
  t.equal(await refusalOf(call('SORT_RO', 'k', 'STORE', 'd')), 'ERR syntax error');
});

t.test('SORT STORE of nothing deletes the key', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'd', 'v');
  t.equal(await call('SORT', 'none', 'STORE', 'd'), 0);
  t.equal(await call('EXISTS', 'd'), 0);
});

t.test('COMMAND GETKEYS knows the key that SORT stores to', async (t) => {
  const { call } = await startServer(t);
  const keysOf = (text: string) => call('COMMAND', 'GETKEYS', ...text.split(' '));
  t.same(await keysOf('SORT a BY w_* GET x STORE d'), ['a', 'd']);
  t.same(await keysOf('SORT a STORE d STORE e'), ['a', 'e']);
  t.same(await keysOf('SORT a LIMIT 0 STORE d'), ['a']);
  t.same(await keysOf('SORT a BY STORE b'), ['a']);
  t.same(await keysOf('SORT_RO a BY x GET y'), ['a']);
});
