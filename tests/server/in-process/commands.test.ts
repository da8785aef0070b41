/** What clients sent, what happens, and commands of one's own. */
import { once } from 'node:events';
import t from 'tap';
import { ReplyError } from '../../../server/index.js';
import { refusalOf, startServer } from '../../helpers/server.js';

t.test('commands tells what clients sent from the first look on', async (t) => {
  const { server } = await startServer(t);
  const client = server.client();
  await client.call('SET', 'unseen', '');
  t.equal(server.commands.length, 0);
  await client.call('CLIENT', 'SETNAME', 'worker');
  await client.call('SELECT', '2');
  await client.call('sEt', 'k', 'v');
  const [named, , set] = server.commands.all;
  t.match(named, { name: 'client|setname', args: ['CLIENT', 'SETNAME', 'worker'], clientName: '' });
  t.match(set, { name: 'set', args: ['sEt', 'k', 'v'], keys: ['k'], clientName: 'worker', db: 2 });
  t.equal(set?.atMs, 1_700_000_000_000);
});

t.test('recordCommands keeps them from the start', async (t) => {
  const { server } = await startServer(t, { recordCommands: true });
  await server.client().call('PING');
  t.same(
    [...server.commands].map(({ name }) => name),
    ['ping'],
  );
});

t.test('commands can be asked for by command, key and client', async (t) => {
  const { server } = await startServer(t, { recordCommands: true });
  const client = server.client();
  for (const key of ['user:1', 'user:2', 'other']) await client.call('GET', key);
  await client.call('MSET', 'x', '1', 'user:1', '2');
  await refusalOf(client.call('NOSUCH', 'word'));
  const words = (match: object) =>
    server.commands.matching(match).map(({ args }) => args.join(' '));
  t.same(words({ command: 'GET', key: 'user:*' }), ['GET user:1', 'GET user:2']);
  t.same(words({ key: 'user:1' }), ['GET user:1', 'MSET x 1 user:1 2']);
  t.same(words({ command: 'nosuch' }), ['NOSUCH word']);
  t.same(words({ client: 'nobody' }), []);
  server.commands.clear();
  t.equal(server.commands.length, 0);
});

t.test('commands leaves out what the test itself does, and reset empties it', async (t) => {
  const { server, call } = await startServer(t, { recordCommands: true });
  await call('SET', 'k', 'v');
  server.load({ a: '1' });
  t.equal(server.commands.length, 0);
  await server.client().call('PING');
  server.reset();
  t.equal(server.commands.length, 0);
});

t.test('a delayed request is told of once, when it came', async (t) => {
  const { server, clock } = await startServer(t, { recordCommands: true });
  server.faults.delay({}, 100);
  const reply = server.client().call('PING');
  t.equal(server.commands.length, 1);
  await clock.advance(100);
  await reply;
  t.equal(server.commands.length, 1);
});

t.test('on tells of commands, and its listener may call the server', async (t) => {
  const { server, call } = await startServer(t);
  const sizes: unknown[] = [];
  server.on('command', async ({ name }) => {
    sizes.push(name, await call('DBSIZE'));
  });
  await server.client().call('SET', 'k', 'v');
  await new Promise(setImmediate);
  t.same(sizes, ['set', 1]);
});

t.test('on tells of clients that come and go, until off', async (t) => {
  const { server } = await startServer(t);
  const seen: string[] = [];
  const came = ({ address }: { address: string }) => seen.push(`came from ${address}`);
  server.on('client', came).on('disconnect', ({ id }) => seen.push(`${id} went`));
  const stream = server.connect();
  stream.destroy();
  await once(stream, 'close');
  server.off('client', came);
  server.client().close();
  await new Promise(setImmediate);
  t.same(seen, ['came from 127.0.0.1:0', '3 went', '4 went']);
});

t.test('defineCommand adds a command that COMMAND knows', async (t) => {
  const { server, call } = await startServer(t);
  server.defineCommand(
    {
      name: 'GREET',
      arity: -2,
      flags: ['readonly', 'fast'],
      summary: 'Greets.',
      keys: [
        { flags: ['RO', 'access'], begin: { index: 1 }, find: { last: 0, step: 1, limit: 0 } },
      ],
    },
    (_, name, ...more) => `hello ${[name, ...more].join(' ')}`,
  );
  t.equal(await call('greet', 'Ada', 'and', 'Bo'), 'hello Ada and Bo');
  t.equal(await refusalOf(call('GREET')), "ERR wrong number of arguments for 'greet' command");
  t.same(await call('COMMAND', 'GETKEYS', 'greet', 'Ada', 'x'), ['Ada']);
  t.match(await call('COMMAND', 'DOCS', 'greet'), ['greet', ['summary', 'Greets.']]);
  t.match(await call('COMMAND', 'INFO', 'greet'), [['greet', -2, ['readonly', 'fast']]]);
  t.ok(((await call('COMMAND', 'LIST')) as string[]).includes('greet'));
  t.match(await call('INFO', 'commandstats'), /cmdstat_greet:calls=1,.*rejected_calls=1,/);
  t.throws(
    () => server.defineCommand({ name: 'get' }, () => null),
    /the server has one: name is get/,
  );
});

t.test("a command of one's own answers values of all shapes, in both versions", async (t) => {
  const { server } = await startServer(t);
  const answers = {
    nothing: undefined,
    nil: null,
    text: 'é',
    whole: 7,
    part: 1.5,
    long: 2n ** 60n,
    truth: true,
    bytes: Uint8Array.of(65),
    array: ['a', [1]],
    set: new Set(['m']),
    object: { a: 1 },
  };
  server.defineCommand(
    { name: 'answer', arity: 2 },
    (_, which) => answers[which as keyof typeof answers],
  );
  const client = server.client();
  const all = async () => {
    const got = [];
    for (const which of Object.keys(answers)) got.push(await client.call('ANSWER', which));
    return got;
  };
  t.same(await all(), ['OK', null, 'é', 7, '1.5', 2n ** 60n, 1, 'A', ['a', [1]], ['m'], ['a', 1]]);
  await client.call('HELLO', '3');
  const inThree = ['OK', null, 'é', 7, 1.5, 2n ** 60n, true, 'A', ['a', [1]]];
  t.same(await all(), [...inThree, new Set(['m']), new Map([['a', 1]])]);
});

t.test("a command of one's own runs others, in its client's database", async (t) => {
  const { server, call } = await startServer(t);
  server.defineCommand(
    { name: 'popboth', arity: 3, flags: ['write'] },
    ({ run, db }, one, other) => [db, run('RPOP', one ?? ''), run('RPOP', other ?? '')],
  );
  server.load({ a: ['1'], b: ['2'] }, { db: 3 });
  const client = server.client();
  await client.call('SELECT', '3');
  t.same(await client.call('POPBOTH', 'a', 'b'), [3, '1', '2']);
  t.same(server.dump({ db: 3 }), {});
  server.load({ a: ['1'] });
  await call('MULTI');
  await call('POPBOTH', 'a', 'b');
  t.same(await call('EXEC'), [[0, '1', null]]);
});

t.test("an error within a command of one's own is its reply", async (t) => {
  const { server, call } = await startServer(t, { data: { s: 'text' } });
  server.defineCommand({ name: 'fails', arity: 2 }, ({ run }, how) => {
    if (how === 'throw') throw new Error('no luck');
    if (how === 'refuse') throw new ReplyError('NOLUCK at all');
    if (how === 'answer') return new Error('answered');
    return run(...(how ?? '').split(' '));
  });
  t.equal(await refusalOf(call('FAILS', 'throw')), 'ERR no luck');
  t.equal(await refusalOf(call('FAILS', 'refuse')), 'NOLUCK at all');
  t.equal(await refusalOf(call('FAILS', 'answer')), 'ERR answered');
  t.match(await refusalOf(call('FAILS', 'LPUSH s 1')), /^WRONGTYPE /);
  t.match(await refusalOf(call('FAILS', 'NOSUCH')), /^ERR unknown command 'NOSUCH'/);
  t.match(await refusalOf(call('FAILS', 'GET')), /^ERR wrong number of arguments for 'get'/);
  t.match(await call('INFO', 'commandstats'), /cmdstat_fails:.*failed_calls=6/);
});
