/** What a debugging session means for everybody else, and what is left of it. */
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { BytesClient } from '../../helpers/bytes-client.js';
import { type StartedServer, startServer } from '../../helpers/server.js';
import { encodeRequest } from '../../helpers/wire.js';

const WRITES = "redis.call('incr', 'n')\nredis.call('incr', 'n')\nreturn redis.call('get', 'n')";
const STOPPED_AT_1 =
  "*2\r\n+* Stopped at 1, stop reason = step over\r\n+-> 1   redis.call('incr', 'n')\r\n";
const STOPPED_AT_2 =
  "*4\r\n+<command> incr n\r\n+<reply> 1\r\n+* Stopped at 2, stop reason = step over\r\n+-> 2   redis.call('incr', 'n')\r\n";

interface Debugger {
  readonly client: BytesClient;
  /** Says something, and hears what comes of it. */
  say(...words: string[]): Promise<string>;
  /** What came since the last answer. */
  hear(): Promise<string>;
}

function debuggerOf({ server }: StartedServer): Debugger {
  const client = new BytesClient(server.engine);
  let heard = 0;
  const hear = async () => {
    await setImmediate();
    const text = client.text.slice(heard);
    heard = client.text.length;
    return text;
  };
  const say = (...words: string[]) => {
    client.write(encodeRequest(words).toString('latin1'));
    return hear();
  };
  return { client, say, hear };
}

/** A server with a session that is stopped at the first line of a script. */
async function debugging(
  t: Test,
  mode: 'YES' | 'SYNC',
  script = WRITES,
): Promise<StartedServer & { debug: Debugger }> {
  const started = await startServer(t);
  const debug = debuggerOf(started);
  await debug.say('SCRIPT', 'DEBUG', mode);
  t.match(await debug.say('EVAL', script, '0'), 'Stopped at 1');
  return { ...started, debug };
}

t.test('while a script is debugged on the data itself, everybody else waits', async (t) => {
  const started = await debugging(t, 'SYNC');
  const other = debuggerOf(started);
  t.equal(await started.debug.say('s'), STOPPED_AT_2);
  t.equal(await other.say('GET', 'n'), '');
  t.equal(await other.say('NOSUCH'), '');
  t.match(await started.debug.say('c'), '*1\r\n+<endsession>\r\n$1\r\n2\r\n');
  t.match(await other.hear(), /^\$1\r\n2\r\n-ERR unknown command 'NOSUCH'/);
});

t.test(
  'a session on the data itself ends when its client goes, and the script does not',
  async (t) => {
    const { debug, call } = await debugging(t, 'SYNC');
    const reply = call('GET', 'n');
    debug.client.disconnect();
    t.equal(await reply, '2');
  },
);

t.test(
  'while a script is debugged on a copy, others are served and see nothing of it',
  async (t) => {
    const { debug, call, server } = await debugging(t, 'YES');
    t.equal(await debug.say('s'), STOPPED_AT_2);
    t.equal(await call('GET', 'n'), null);
    t.equal(await call('SET', 'n', '70'), 'OK');
    t.match(await debug.say('c'), '*1\r\n+<endsession>\r\n$1\r\n2\r\n');
    t.equal(debug.client.isClosed, true);
    t.equal(await call('GET', 'n'), '70');
    t.equal(server.engine.stats.snapshots, 1, 'it counts as a fork');
  },
);

t.test('a client that debugs on a copy is no client of the server any more', async (t) => {
  const { debug, call } = await debugging(t, 'YES');
  t.match(await call('INFO', 'clients'), 'connected_clients:1\r\n');
  debug.client.disconnect();
  t.match(await call('INFO', 'clients'), 'connected_clients:1\r\n');
});

t.test(
  'a copy has data of all types with their expiry, in the database that was selected',
  async (t) => {
    const started = await startServer(t);
    const { call } = started;
    await call('SELECT', '3');
    await call('SET', 's', 'text', 'EX', '100');
    await call('RPUSH', 'l', 'a', 'b');
    await call('HSET', 'h', 'f', 'v');
    await call('ZADD', 'z', '1', 'm');
    await call('SADD', 'e', '1');
    await call('XADD', 'x', '1-1', 'f', 'v');
    await call(
      'FUNCTION',
      'LOAD',
      "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
    );
    const debug = debuggerOf(started);
    await debug.say('SELECT', '3');
    await debug.say('SCRIPT', 'DEBUG', 'YES');
    await debug.say('EVAL', 'return 1', '0');
    const said = async (...words: string[]) => (await debug.say('r', ...words)).split('\r\n')[2];
    t.equal(await said('get', 's'), '+<reply> "text"');
    t.equal(await said('ttl', 's'), '+<reply> 100');
    t.equal(await said('lrange', 'l', '0', '-1'), '+<reply> ["a","b"]');
    t.equal(await said('hgetall', 'h'), '+<reply> ["f","v"]');
    t.equal(await said('zscore', 'z', 'm'), '+<reply> "1"');
    t.equal(await said('smembers', 'e'), '+<reply> ["1"]');
    t.equal(await said('xrange', 'x', '-', '+'), '+<reply> [["1-1",["f","v"]]]');
  },
);

t.test('two scripts are debugged on two copies at the same time', async (t) => {
  const started = await startServer(t);
  const [one, two] = [debuggerOf(started), debuggerOf(started)];
  for (const debug of [one, two]) {
    await debug.say('SCRIPT', 'DEBUG', 'YES');
    t.equal(await debug.say('EVAL', WRITES, '0'), STOPPED_AT_1);
  }
  t.equal(await one.say('s'), STOPPED_AT_2);
  t.equal(await two.say('s'), STOPPED_AT_2);
  t.match(await one.say('c'), '$1\r\n2\r\n');
  t.match(await two.say('c'), '$1\r\n2\r\n');
});

t.test('a server closes while scripts are debugged', async (t) => {
  const { debug, server } = await debugging(t, 'SYNC');
  await debug.say('s');
  await server.close();
  t.equal(debug.client.isClosed, true);
});

t.test('a server closes while a script is debugged on a copy', async (t) => {
  const { debug, server } = await debugging(t, 'YES');
  await server.close();
  t.equal(debug.client.isClosed, true);
});

t.test('commands may come in pieces', async (t) => {
  const { debug } = await debugging(t, 'SYNC', 'local a = 1\nreturn a');
  for (const piece of ['*', '1\r', '\n$4', '\r\nst', 'ep', '\r']) debug.client.write(piece);
  t.equal(await debug.hear(), '');
  debug.client.write('\n');
  t.match(await debug.hear(), '* Stopped at 2');
});

t.test('what is no array of words ends a session', async (t) => {
  const wrong = ['step\r\n', '\r\n', '*0\r\n', '*-1\r\n', '*1\r\n$0\r\n\r\n', '*1\r\n:5\r\n'];
  for (const bytes of [...wrong, '*1\r\n$1\r\nwxx', '*99999999\r\n', '*1\r\n$99999999\r\n']) {
    const { debug } = await debugging(t, 'SYNC', 'local a = 1\nreturn a');
    debug.client.write(bytes);
    const end = '*1\r\n+<endsession>\r\n-ERR protocol error script: on @user_script:1.\r\n';
    t.equal(await debug.hear(), end, JSON.stringify(bytes));
    t.equal(debug.client.isClosed, true);
  }
});

t.test('SCRIPT DEBUG NO has the next script run as any other, RESET does not', async (t) => {
  const debug = debuggerOf(await startServer(t));
  await debug.say('SCRIPT', 'DEBUG', 'SYNC');
  await debug.say('SCRIPT', 'DEBUG', 'NO');
  t.equal(await debug.say('EVAL', 'return 7', '0'), ':7\r\n');
  await debug.say('SCRIPT', 'DEBUG', 'SYNC');
  await debug.say('RESET');
  t.match(await debug.say('EVAL', 'return 7', '0'), '* Stopped at 1');
});

t.test('functions are not debugged', async (t) => {
  const started = await startServer(t);
  await started.call(
    'FUNCTION',
    'LOAD',
    "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
  );
  const debug = debuggerOf(started);
  await debug.say('SCRIPT', 'DEBUG', 'SYNC');
  t.equal(await debug.say('FCALL', 'f', '0'), ':1\r\n');
});

t.test('the script of a transaction is debugged within it', async (t) => {
  const debug = debuggerOf(await startServer(t));
  await debug.say('SCRIPT', 'DEBUG', 'SYNC');
  await debug.say('MULTI');
  t.equal(await debug.say('EVAL', 'return 1', '0'), '+QUEUED\r\n');
  t.match(await debug.say('EXEC'), '* Stopped at 1');
  t.match(await debug.say('s'), '+<endsession>\r\n:1\r\n');
  t.equal(debug.client.isClosed, true);
});

t.test('what is evaluated does not run for ever', async (t) => {
  const started = await debugging(t, 'SYNC', 'return 1');
  let elapsed = 0;
  started.clock.elapsedMs = () => (elapsed += 10);
  t.equal(
    await started.debug.say('e', 'while true do end'),
    '*1\r\n+<error> the evaluation took too long\r\n',
  );
});

t.test(
  'when a debugged script runs on for too long others are told BUSY, and may kill it',
  async (t) => {
    const started = await debugging(t, 'SYNC', 'local a = 1\nwhile true do a = a + 1 end');
    let elapsed = 0;
    started.clock.elapsedMs = () => (elapsed += 10);
    t.equal(await started.debug.say('c'), '');
    elapsed += 5000;
    t.match(await debuggerOf(started).say('PING'), /^-BUSY /);
    t.equal(await debuggerOf(started).say('SCRIPT', 'KILL'), '+OK\r\n');
    await started.clock.advance(1);
    t.match(await started.debug.hear(), /^\*1\r\n\+<endsession>\r\n-ERR .*Script killed by user/);
  },
);

t.test('a table that holds itself many times is shown in part', async (t) => {
  const lines = ['local t = {}', 'for i = 1, 20 do t[i] = t end', 'return 1'];
  const { debug } = await debugging(t, 'SYNC', lines.join('\n'));
  await debug.say('b', '3');
  await debug.say('c');
  t.match(await debug.say('p', 't'), '*2\r\n+<value> {{{{{{{{{{<max recursion level reached!');
});
