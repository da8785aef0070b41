import t, { type Test } from 'tap';
import { Destination } from '../../persistence/propagation.js';
import { createServer } from '../../server/index.js';
import { refusalOf, startServer } from '../helpers/server.js';

const BUSY =
  'BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.';
const BUSY_FUNCTION =
  'BUSY Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.';
const NO_SCRIPT = 'NOSCRIPT No matching script.';
const ENDLESS = 'while true do end';

/** A server whose time goes on by itself, and a second client; scripts are slow after 20 ms. */
async function startBusy(t: Test) {
  const server = await createServer({
    listen: false,
    seed: 1,
    config: { 'busy-reply-threshold': '20', 'enable-debug-command': 'yes' },
  });
  t.teardown(() => server.close());
  const other = server.client();
  const call = (...args: string[]) => server.call(...args);
  return { server, call, other };
}

async function infoField(call: (...args: string[]) => Promise<unknown>, name: string) {
  return new RegExp(`^${name}:(.*)\r$`, 'm').exec(String(await call('INFO', 'everything')))?.[1];
}

t.test('a script that takes long is left in the middle, and can be killed', async (t) => {
  const { call, other } = await startBusy(t);
  const running = refusalOf(call('EVAL', ENDLESS, '0'));
  t.equal(await refusalOf(other.call('PING')), BUSY);
  t.equal(await refusalOf(other.call('FUNCTION', 'STATS')), BUSY);
  t.equal(await refusalOf(other.call('FUNCTION', 'KILL')), BUSY);
  t.equal(await refusalOf(other.call('SHUTDOWN')), BUSY);
  t.equal(await other.call('SCRIPT', 'KILL'), 'OK');
  t.equal(await running, 'ERR Script killed by user with SCRIPT KILL. script: on @user_script:1.');
  t.equal(await other.call('PING'), 'PONG');
  t.equal(await call('EVAL', 'return 1', '0'), 1);
});

t.test('while a slow script is loaded, what waits for data is told so, not BUSY', async (t) => {
  const { call, other, server } = await startBusy(t);
  const { loading } = server.engine;
  const running = refusalOf(call('EVAL', ENDLESS, '0'));
  t.equal(await refusalOf(other.call('PING')), BUSY);
  loading.begin(null);
  t.equal(await refusalOf(other.call('PING')), 'LOADING Valkey is loading the dataset in memory');
  t.equal(await refusalOf(other.call('INFO')), BUSY);
  loading.end();
  await other.call('SCRIPT', 'KILL');
  t.match(await running, 'Script killed by user');
});

t.test('a killed script cannot catch that', async (t) => {
  const { call, other } = await startBusy(t);
  const loop = 'while true do pcall(function() while true do end end) end';
  const running = refusalOf(call('EVAL', loop, '0'));
  await other.call('SCRIPT', 'KILL');
  t.match(await running, 'Script killed by user');
});

t.test('a script that has written cannot be killed, and ends by itself', async (t) => {
  const { call, other } = await startBusy(t);
  await call('DEBUG', 'SET-DISABLE-DENY-SCRIPTS', '1');
  const wait = `redis.call('set', 'k', 'v')
    while not string.find(redis.call('client', 'list'), 'name=enough') do end
    return redis.call('get', 'k')`;
  const running = call('EVAL', wait, '0');
  t.match(await refusalOf(other.call('SCRIPT', 'KILL')), /^UNKILLABLE Sorry the script/);
  t.equal(await refusalOf(other.call('GET', 'k')), BUSY);
  await other.call('HELLO', '2', 'SETNAME', 'enough');
  t.equal(await running, 'v');
  t.equal(await other.call('GET', 'k'), 'v');
});

t.test('a function that takes long is told of and killed as a function', async (t) => {
  const { call, other } = await startBusy(t);
  await call(
    ...[
      'FUNCTION',
      'LOAD',
      `#!lua name=l\nredis.register_function('f', function() ${ENDLESS} end)`,
    ],
  );
  const running = refusalOf(call('FCALL', 'f', '0', 'arg'));
  t.equal(await refusalOf(other.call('PING')), BUSY_FUNCTION);
  t.equal(await refusalOf(other.call('SCRIPT', 'KILL')), BUSY_FUNCTION);
  const stats = (await other.call('FUNCTION', 'STATS')) as unknown[];
  const [name, command] = [1, 3].map((i) => (stats[1] as unknown[])[i]);
  t.same([name, command], ['f', ['FCALL', 'f', '0', 'arg']]);
  t.equal(await other.call('FUNCTION', 'KILL'), 'OK');
  t.match(await running, 'Script killed by user with FUNCTION KILL.');
});

t.test('a transaction goes on behind its script that took long', async (t) => {
  const { call, other, server } = await startBusy(t);
  await call('DEBUG', 'SET-DISABLE-DENY-SCRIPTS', '1');
  const wait = (name: string) =>
    `while not string.find(redis.call('client', 'list'), 'name=${name}') do end return '${name}'`;
  await call('MULTI');
  await call('SET', 'k', '1');
  await call('EVAL', wait('one'), '0');
  await call('INCR', 'k');
  await call('EVAL', wait('two'), '0');
  await call('GET', 'k');
  const done = call('EXEC');
  const after = call('INCR', 'k');
  t.equal(await refusalOf(other.call('GET', 'k')), BUSY);
  await other.call('HELLO', '2', 'SETNAME', 'one');
  t.equal(await refusalOf(other.call('GET', 'k')), BUSY);
  await server.client().call('HELLO', '2', 'SETNAME', 'two');
  t.same(await done, ['OK', 'one', 2, 'two', '2']);
  t.equal(await after, 3);
});

t.test(
  'what a script writes goes out as one unit, also when it was left in the middle',
  async (t) => {
    const { call, other, server } = await startBusy(t);
    const sent: string[] = [];
    server.engine.effects.addSink({
      destination: Destination.appendOnlyFile,
      write: (_database, bytes, start, end) => {
        sent.push(Buffer.from(bytes.subarray(start, end)).toString().split('\r\n')[2] ?? '');
      },
    });
    await call('DEBUG', 'SET-DISABLE-DENY-SCRIPTS', '1');
    await call('EVAL', "redis.call('SET', 'a', '1') return redis.call('INCR', 'a')", '0');
    t.same(sent.splice(0), ['MULTI', 'SET', 'INCR', 'EXEC']);
    await call('EVAL', "redis.call('SET', 'a', '1') return redis.call('GET', 'a')", '0');
    t.same(sent.splice(0), ['SET']);
    const running = call(
      ...[
        'EVAL',
        `redis.call('SET', 'a', '1')
      while not string.find(redis.call('client', 'list'), 'name=enough') do end
      redis.call('INCR', 'a')`,
        '0',
      ],
    );
    t.equal(await refusalOf(other.call('PING')), BUSY);
    t.same(sent, []);
    await other.call('HELLO', '2', 'SETNAME', 'enough');
    await running;
    t.same(sent, ['MULTI', 'SET', 'INCR', 'EXEC']);
  },
);

t.test(
  'MULTI, WATCH and the like are served while a script takes long, requests queued are not',
  async (t) => {
    const { call, other } = await startBusy(t);
    const running = refusalOf(call('EVAL', ENDLESS, '0'));
    t.equal(await other.call('MULTI'), 'OK');
    t.equal(await refusalOf(other.call('SET', 'k', 'v')), BUSY);
    t.equal(
      await refusalOf(other.call('EXEC')),
      `EXECABORT Transaction discarded because of: ${BUSY}`,
    );
    t.equal(await other.call('WATCH', 'k'), 'OK');
    t.equal(
      await refusalOf(other.call('NOSUCH')),
      "ERR unknown command 'NOSUCH', with args beginning with: ",
    );
    await other.call('SCRIPT', 'KILL');
    await running;
  },
);

t.test('the script of a client that has gone goes on, and can be killed', async (t) => {
  const { call, other, server } = await startBusy(t);
  void call('EVAL', ENDLESS, '0').catch(() => {});
  t.equal(await refusalOf(other.call('PING')), BUSY);
  for (const client of server.engine.clients.values()) {
    if (client.blocked) server.engine.closeNow(client);
  }
  t.equal(await refusalOf(other.call('PING')), BUSY);
  t.equal(await other.call('SCRIPT', 'KILL'), 'OK');
  while (server.engine.scripts.isBusy) await new Promise((resolve) => setImmediate(resolve));
  t.equal(await other.call('EVAL', 'return 1', '0'), 1);
});

t.test('of scripts that came by EVAL, the 500 used last are kept', async (t) => {
  const { call } = await startServer(t);
  const sha = await call('SCRIPT', 'LOAD', 'return "stays"');
  for (let i = 0; i < 500; i++) await call('EVAL', `return ${i}`, '0');
  t.equal(await infoField(call, 'number_of_cached_scripts'), '501');
  await call('EVAL', 'return 0', '0');
  await call('EVAL', 'return "one more"', '0');
  t.equal(await infoField(call, 'evicted_scripts'), '1');
  t.equal(await call('EVALSHA', String(sha), '0'), 'stays');
  const [first, second] = (await call(
    ...['SCRIPT', 'EXISTS', 'c5e8f1bbbf67b2c84c7e1d0b8ab8d2d2ce3b6d91'],
    ...['f0a5d0a2c1d9ef8e0bb4d6b4e64e2f2ed3ed4d93'],
  )) as number[];
  t.same([first, second], [0, 0]);
});

t.test(
  'EVALSHA finds a script in any case, and no more once it was evicted or flushed',
  async (t) => {
    const { call } = await startServer(t);
    const sha = 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db';
    await call('EVAL', 'return 1', '0');
    t.equal(await call('EVALSHA', sha, '0'), 1);
    t.equal(await call('EVALSHA', sha.toUpperCase(), '0'), 1);
    for (let i = 2; i < 502; i++) await call('EVAL', `return ${i}`, '0');
    t.equal(await refusalOf(call('EVALSHA', sha, '0')), NO_SCRIPT);
    await call('EVAL', 'return 1', '0');
    t.equal(await call('EVALSHA', sha, '0'), 1);
    await call('SCRIPT', 'FLUSH');
    t.equal(await refusalOf(call('EVALSHA', sha, '0')), NO_SCRIPT);
  },
);

t.test('SCRIPT LOAD keeps a script that came by EVAL', async (t) => {
  const { call } = await startServer(t);
  await call('EVAL', 'return "mine"', '0');
  const sha = await call('SCRIPT', 'LOAD', 'return "mine"');
  for (let i = 0; i < 501; i++) await call('EVAL', `return ${i}`, '0');
  t.equal(await call('EVALSHA', String(sha), '0'), 'mine');
});

t.test('keys do not expire while a script runs, and it always sees the same time', async (t) => {
  const { call } = await startServer(t);
  t.same(
    await call(
      ...[
        'EVAL',
        `redis.call('set', 'k', 'v', 'px', 1)
        local before = redis.call('time')
        for i = 1, 200000 do end
        local after = redis.call('time')
        return {redis.call('get', 'k'), tostring(before[2] == after[2])}`,
        '0',
      ],
    ),
    ['v', 'true'],
  );
});

t.test(
  'integers that no number holds exactly reach a script as the number next to them',
  async (t) => {
    const { call } = await startServer(t);
    const incremented = "return redis.call('INCR', KEYS[1])";
    for (const [before, told] of [
      ['900719925474099327', 900719925474099328n],
      ['-900719925474099330', -900719925474099328n],
      ['999999999999998', 999999999999999],
    ] as const) {
      await call('SET', 'k', before);
      t.equal(await call('EVAL', incremented, '1', 'k'), told);
    }
  },
);

t.test('WATCH hears of what a script writes', async (t) => {
  const { call, server } = await startServer(t);
  const other = server.client();
  await other.call('WATCH', 'k');
  await call('EVAL', "redis.call('set', 'k', 'v')", '0');
  await other.call('MULTI');
  await other.call('PING');
  t.equal(await other.call('EXEC'), null);
});

t.test('a script leaves the database that its caller selected as it was', async (t) => {
  const { call } = await startServer(t);
  await call('EVAL', "redis.call('select', 5) redis.call('set', 'k', 'v')", '0');
  t.equal(await call('EXISTS', 'k'), 0);
  await call('SELECT', '5');
  t.equal(await call('GET', 'k'), 'v');
});

t.test('nothing of a script gets into the next one', async (t) => {
  const { call } = await startServer(t);
  for (const attempt of [
    'redis.call = nil',
    'string.x = 1',
    "getmetatable('').__index = nil",
    "rawset(_G, 'x', 1)",
    'setmetatable(_G, {})',
    "getmetatable(_G).__index = function() return 'mine' end",
    'cjson.encode = nil',
    'table.insert(redis, 1)',
  ]) {
    t.match(await refusalOf(call('EVAL', attempt, '0')), 'Attempt to modify a readonly table');
  }
  await call('EVAL', "KEYS[1] = 'changed' ARGV.x = 1", '1', 'k');
  t.same(await call('EVAL', 'return {KEYS[1], ARGV.x == nil and 1}', '1', 'k'), ['k', 1]);
  t.match(await refusalOf(call('EVAL', 'return x', '0')), 'nonexistent global variable');
});

t.test('functions keep their own variables, and libraries do not see each other', async (t) => {
  const { call } = await startServer(t);
  const counting =
    "local n = 0 redis.register_function('count', function() n = n + 1 return n end)";
  await call('FUNCTION', 'LOAD', `#!lua name=a\n${counting}`);
  t.equal(await call('FCALL', 'count', '0'), 1);
  t.equal(await call('FCALL', 'count', '0'), 2);
  await call('FUNCTION', 'LOAD', 'REPLACE', `#!lua name=a\n${counting}`);
  t.equal(await call('FCALL', 'count', '0'), 1);
  t.match(await refusalOf(call('EVAL', 'return n', '0')), "nonexistent global variable 'n'");
});

t.test('the memory of scripts and functions is counted, and given back', async (t) => {
  const { call } = await startServer(t);
  await call('EVAL', `return '${'x'.repeat(1000)}'`, '0');
  await call('FUNCTION', 'LOAD', "#!lua name=l\nredis.register_function('f', function() end)");
  t.equal(await infoField(call, 'number_of_functions'), '1');
  t.equal(await infoField(call, 'number_of_libraries'), '1');
  t.ok(Number(await infoField(call, 'used_memory_scripts_eval')) > 1000);
  await call('SCRIPT', 'FLUSH');
  await call('FUNCTION', 'FLUSH');
  t.equal(await infoField(call, 'used_memory_scripts'), '0');
});
