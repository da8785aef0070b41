import t from 'tap';
import { EventClass } from '../../datatypes/call.js';
import { refusalOf, type StartedServer, startServer } from '../helpers/server.js';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Collects what commands tell: keyspace events as `event:key`, and requests sent in place of others. */
function listen({ server }: StartedServer): { events: string[]; sent: string[] } {
  const heard = { events: [] as string[], sent: [] as string[] };
  const { effects } = server.engine;
  effects.attentive = true;
  effects.propagates = true;
  effects.notify = (_database, _class, event, key) => heard.events.push(`${event}:${text(key)}`);
  effects.propagateAs = (words) => {
    heard.sent.push(words.map((one) => (typeof one === 'string' ? one : text(one))).join(' '));
  };
  return heard;
}

t.test('GET returns what SET stored, and null for no key', async (t) => {
  const { call } = await startServer(t);
  t.equal(await call('GET', 'k'), null);
  t.equal(await call('SET', 'k', 'value'), 'OK');
  t.equal(await call('GET', 'k'), 'value');
  t.equal(await call('SET', 'k', ''), 'OK');
  t.equal(await call('GET', 'k'), '');
});

t.test('SET keeps a value of a megabyte while it is overwritten and read', async (t) => {
  const { call } = await startServer(t);
  const long = 'x'.repeat(1024 * 1024);
  await call('SET', 'k', long);
  const [read] = await Promise.all([call('GET', 'k'), call('SET', 'k', 'short')]);
  t.equal(read, long);
  t.equal(await call('GET', 'k'), 'short');
});

t.test('SET EX and PX keep the key through the last millisecond', async (t) => {
  const { call, clock } = await startServer(t);
  await call('SET', 's', 'v', 'EX', '1');
  await call('SET', 'ms', 'v', 'px', '1000');
  await clock.advance(1000);
  t.same(await call('MGET', 's', 'ms'), ['v', 'v']);
  await clock.advance(1);
  t.same(await call('MGET', 's', 'ms'), [null, null]);
});

t.test('SET forgets the expiry unless it says KEEPTTL', async (t) => {
  const { call, clock } = await startServer(t);
  await call('MSETEX', '2', 'kept', '1', 'plain', '1', 'PX', '100');
  await call('SET', 'kept', '2', 'KEEPTTL');
  await call('SET', 'plain', '2');
  await clock.advance(101);
  t.same(await call('MGET', 'kept', 'plain'), [null, '2']);
});

t.test('SET on a key whose time has come tells of the end first', async (t) => {
  const started = await startServer(t);
  const { call, clock, server } = started;
  await call('SET', 'k', 'old', 'PX', '10');
  await clock.advance(11);
  const { expired } = server.engine.keyspace.stats;
  await call('SET', 'k', 'new');
  t.equal(server.engine.keyspace.stats.expired, expired + 1);
  t.equal(await call('GET', 'k'), 'new');
});

t.test('SET NX, XX and IFEQ set only when their condition holds', async (t) => {
  const { call } = await startServer(t);
  t.equal(await call('SET', 'k', 'a', 'XX'), null);
  t.equal(await call('SET', 'k', 'a', 'NX'), 'OK');
  t.equal(await call('SET', 'k', 'b', 'NX'), null);
  t.equal(await call('SET', 'k', 'b', 'IFEQ', 'x'), null);
  t.equal(await call('SET', 'k', 'b', 'IFEQ', 'a', 'GET'), 'a');
  t.equal(await call('GET', 'k'), 'b');
});

t.test('SET with a moment of the past deletes the key and replies OK', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'k', 'v');
  t.equal(await call('SET', 'k', 'w', 'EXAT', '1'), 'OK');
  t.equal(await call('GET', 'k'), null);
});

t.test('SET refuses options that exclude each other and times that are none', async (t) => {
  const { call } = await startServer(t);
  const syntax = 'ERR syntax error';
  t.equal(await refusalOf(call('SET', 'k', 'v', 'NX', 'XX')), syntax);
  t.equal(await refusalOf(call('SET', 'k', 'v', 'EX', '1', 'KEEPTTL')), syntax);
  t.equal(await refusalOf(call('SET', 'k', 'v', 'IFEQ')), syntax);
  const invalid = "ERR invalid expire time in 'set' command";
  t.equal(await refusalOf(call('SET', 'k', 'v', 'EX', '0')), invalid);
  t.equal(await refusalOf(call('SET', 'k', 'v', 'PX', '9223372036854775807')), invalid);
  const notInteger = 'ERR value is not an integer or out of range';
  t.equal(await refusalOf(call('SET', 'k', 'v', 'EX', '1.5')), notInteger);
});

t.test('SET EX tells of set and expire and travels as a moment', async (t) => {
  const started = await startServer(t);
  const { events, sent } = listen(started);
  await started.call('SET', 'k', 'v', 'EX', '10');
  t.same(events, ['set:k', 'expire:k']);
  t.same(sent, [`SET k v PXAT ${started.clock.now() + 10_000}`]);
});

t.test('GETEX changes the expiry, tells of it and travels as PEXPIREAT or PERSIST', async (t) => {
  const started = await startServer(t);
  const { call, clock } = started;
  await call('SET', 'k', 'v');
  const { events, sent } = listen(started);
  t.equal(await call('GETEX', 'k', 'PX', '100'), 'v');
  t.equal(await call('GETEX', 'k', 'PERSIST'), 'v');
  t.same(events, ['expire:k', 'persist:k']);
  t.same(sent, [`PEXPIREAT k ${clock.now() + 100}`, 'PERSIST k']);
  await clock.advance(101);
  t.equal(await call('GET', 'k'), 'v');
});

t.test('SET with GET travels without it, but with a value compared that reads GET', async (t) => {
  const started = await startServer(t);
  await started.call('SET', 'k', 'GET');
  const { sent } = listen(started);
  await started.call('SET', 'k', 'v', 'IFEQ', 'GET', 'GET');
  await started.call('SET', 'k', 'w', 'get', 'XX');
  t.same(sent, ['SET k v IFEQ GET', 'SET k w XX']);
});

t.test('GETDEL and DELIFEQ delete and travel as DEL', async (t) => {
  const started = await startServer(t);
  const { call } = started;
  await call('MSET', 'a', '1', 'b', '2');
  const { sent } = listen(started);
  t.equal(await call('GETDEL', 'a'), '1');
  t.equal(await call('DELIFEQ', 'b', '1'), 0);
  t.equal(await call('DELIFEQ', 'b', '2'), 1);
  t.same(sent, ['DEL a', 'DEL b']);
  t.same(await call('MGET', 'a', 'b'), [null, null]);
});

t.test('MSETNX sets all keys or none', async (t) => {
  const { call } = await startServer(t);
  t.equal(await call('MSETNX', 'a', '1', 'b', '2'), 1);
  t.equal(await call('MSETNX', 'b', '3', 'c', '4'), 0);
  t.same(await call('MGET', 'a', 'b', 'c'), ['1', '2', null]);
});

t.test('MSETEX refuses counts that do not fit its arguments', async (t) => {
  const { call } = await startServer(t);
  const count = 'ERR invalid numkeys value or out of range';
  t.equal(await refusalOf(call('MSETEX', '0', 'a', '1')), count);
  t.equal(await refusalOf(call('MSETEX', '2147483648', 'a', '1')), count);
  t.equal(await refusalOf(call('MSETEX', '2', 'a', '1')), 'ERR syntax error');
});

t.test('INCRBY adds exactly up to the ends of int64 and refuses to go past them', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'n', '9007199254740991');
  t.equal(await call('INCR', 'n').then(String), '9007199254740992');
  t.equal(await call('INCR', 'n').then(String), '9007199254740993');
  t.equal(await call('GET', 'n'), '9007199254740993');
  await call('SET', 'n', '9223372036854775807');
  const overflow = 'ERR increment or decrement would overflow';
  t.equal(await refusalOf(call('INCR', 'n')), overflow);
  t.equal(await call('GET', 'n'), '9223372036854775807');
  t.equal(
    await refusalOf(call('DECRBY', 'n', '-9223372036854775808')),
    'ERR decrement would overflow',
  );
});

t.test('INCR keeps the expiry, also when the number grows longer', async (t) => {
  const { call, clock } = await startServer(t);
  await call('SET', 'n', '9', 'PX', '100');
  t.equal(await call('INCRBY', 'n', '99999999999991'), 100_000_000_000_000);
  await clock.advance(101);
  t.equal(await call('GET', 'n'), null);
});

t.test('INCRBYFLOAT adds in long doubles and travels as its result', async (t) => {
  const started = await startServer(t);
  const { sent } = listen(started);
  t.equal(await started.call('INCRBYFLOAT', 'f', '10.5'), '10.5');
  t.equal(await started.call('INCRBYFLOAT', 'f', '0.1'), '10.6');
  t.same(sent, ['SET f 10.5 KEEPTTL', 'SET f 10.6 KEEPTTL']);
  t.equal(
    await refusalOf(started.call('INCRBYFLOAT', 'absent', 'inf')),
    'ERR increment would produce NaN or Infinity',
  );
});

t.test('APPEND grows a string piece by piece to any length', async (t) => {
  const { call } = await startServer(t);
  const piece = 'abcdefghij'.repeat(100);
  for (let i = 0; i < 20; i++) await call('APPEND', 'k', piece);
  t.equal(await call('STRLEN', 'k'), 20_000);
  t.equal(await call('GET', 'k'), piece.repeat(20));
});

t.test('APPEND and SETRANGE refuse strings beyond proto-max-bulk-len', async (t) => {
  const { call } = await startServer(t, { config: { 'proto-max-bulk-len': '1048576' } });
  const tooLong = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
  t.equal(await call('SETRANGE', 'k', '1048575', 'x'), 1_048_576);
  t.equal(await refusalOf(call('APPEND', 'k', 'x')), tooLong);
  t.equal(await refusalOf(call('SETRANGE', 'absent', '1048576', 'x')), tooLong);
  t.equal(await refusalOf(call('SETRANGE', 'absent', '9223372036854775807', 'x')), tooLong);
  t.equal(await call('GET', 'absent'), null);
});

t.test('SETRANGE fills the gap with zero bytes, where other bytes had been too', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'k', 'abcdefgh');
  await call('SET', 'k', 'ab');
  t.equal(await call('SETRANGE', 'k', '4', 'Z'), 5);
  t.equal(await call('GET', 'k'), 'ab\u0000\u0000Z');
});

t.test('GETRANGE counts negative places from the end', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'k', 'Hello World');
  t.equal(await call('GETRANGE', 'k', '-5', '-1'), 'World');
  t.equal(await call('GETRANGE', 'k', '0', '-100'), 'H');
  t.equal(await call('GETRANGE', 'k', '-1', '-100'), '');
  t.equal(await call('SUBSTR', 'k', '0', '9223372036854775807'), 'Hello World');
});

t.test('LCS finds the subsequence, its length and where it is', async (t) => {
  const { call } = await startServer(t);
  await call('MSET', 'a', 'ohmytext', 'b', 'mynewtext');
  t.equal(await call('LCS', 'a', 'b'), 'mytext');
  t.equal(await call('LCS', 'a', 'b', 'LEN'), 6);
  const matches = [
    [[4, 7], [5, 8], 4],
    [[2, 3], [0, 1], 2],
  ];
  t.same(await call('LCS', 'a', 'b', 'IDX', 'WITHMATCHLEN'), ['matches', matches, 'len', 6]);
});

t.test('LCS refuses strings whose table would be beyond proto-max-bulk-len', async (t) => {
  const { call } = await startServer(t, { config: { 'proto-max-bulk-len': '1048576' } });
  await call('MSET', 'a', 'x'.repeat(511), 'b', 'y'.repeat(511), 'c', 'y'.repeat(512));
  t.equal(await call('LCS', 'a', 'b', 'LEN'), 0);
  t.equal(
    await refusalOf(call('LCS', 'a', 'c', 'LEN')),
    'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
  );
});

t.test('Events of strings are of their class, those of expiries generic', async (t) => {
  const { call, server } = await startServer(t);
  const classes: [string, number][] = [];
  server.engine.effects.attentive = true;
  server.engine.effects.propagates = true;
  server.engine.effects.notify = (_database, eventClass, event) =>
    classes.push([event, eventClass]);
  await call('SETEX', 'k', '10', 'v');
  t.same(classes, [
    ['set', EventClass.string],
    ['expire', EventClass.generic],
  ]);
});
