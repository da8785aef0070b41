/** Scripts and functions on the real server and on ours: the same replies, events, effects and data. */
import t, { type Test } from 'tap';
import { information } from '../helpers/reply-comparison.js';
import { runOnBoth, type Words } from '../helpers/twins.js';

/** Shows a value of any kind with what is in it. */
const SHOW =
  'local function show(x) if type(x) ~= "table" then return type(x)..":"..tostring(x) end ' +
  'local t = {} for k, v in pairs(x) do t[#t+1] = "["..show(k).."]="..show(v) end ' +
  'table.sort(t) return "{"..table.concat(t, ",").."}" end ';

const evals = (scripts: readonly string[]): Words[] => scripts.map((one) => ['EVAL', one, '0']);

const CALLS: readonly string[] = [
  'return redis.call()',
  'return redis.call({})',
  "return redis.call('nosuch')",
  "return redis.call('get')",
  "return redis.call('get', 'a', 'b')",
  "return redis.call('config', 'get', 'maxmemory')",
  "return redis.call('config')",
  "return redis.call('object', 'bla', 'x')",
  "return redis.call('object')",
  "return redis.pcall('nosuch')",
  "return redis.pcall('lpush', 's', 'x')",
  'return redis.pcall({})',
  "return redis.call('multi')",
  "return redis.call('eval', 'return 1', 0)",
  "return redis.call('blpop', 'x', 0)",
  "return redis.call('set', 's', true)",
  "return redis.call('set', 's', 3.5)",
  "return redis.call('set', 's', 1e15)",
  "return redis.call('set', 's', 2^53)",
  "return redis.call('set', 's', -0)",
  "return redis.call('set', 's', 1/0)",
  "return redis.call('get', 's')",
  "\n\nreturn redis.call('lpush', 's', 'b')",
  "local ok, e = pcall(redis.call, 'lpush', 's', 'b') return {tostring(ok), e}",
  "redis.call('select', 3) return redis.call('set', 'elsewhere', 1)",
  "return redis.call('dbsize')",
  `${SHOW} return show(redis.pcall('nosuch'))`,
  `${SHOW} return show(redis.pcall())`,
  `${SHOW} return show(redis.pcall('lpush', 's', 'x'))`,
  `${SHOW} local ok, e = xpcall(function() redis.call('nosuch') end, show) return e`,
  "redis.call('set', 'big', string.rep('x', 17000)) return #redis.call('get', 'big')",
  "return redis.call('get', 'big')",
  "redis.call('rpush', 'l', unpack({1, 2, 3})) return redis.call('lrange', 'l', 0, -1)",
];

const ERRORS: readonly string[] = [
  'return redis.error_reply()',
  "return redis.error_reply('x')",
  "return redis.error_reply('-MY err')",
  "return redis.error_reply('-a')",
  "return redis.error_reply('MY err\\r\\nfoo')",
  "return redis.error_reply('a\\n')",
  "return redis.error_reply('')",
  "return redis.error_reply('- x')",
  'return redis.error_reply(5)',
  "return redis.status_reply('x y')",
  'return redis.status_reply()',
  "return {err='x'}",
  "return {err='FOO x'}",
  "return {err=''}",
  "return {ok='x\\r\\ny'}",
  'return {err=5}',
  "return {err={}, ok='1'}",
  "error({err='My Err'})",
  "error({err='My Err', foo=1})",
  'error({err=5})',
  'error({})',
  'error()',
  "error('x\\ny')",
  'error(42)',
  'error(true)',
  "error({err='-My Err'})",
  "error({err='My', source='s', line=3})",
  'x = 1',
  'return x',
  'return _G.x',
  'redis.x = 1',
  'return redis.sha1hex()',
  'return redis.sha1hex(1)',
  'return redis.sha1hex({})',
  'return redis.log(1)',
  "return redis.log(9, 'x')",
  "return redis.log('a', 'x')",
  "return redis.log(0, 'x', 'y', 5)",
  'return redis.setresp()',
  'return redis.setresp(4)',
  "return redis.setresp('3')",
  'return redis.set_repl()',
  'return redis.set_repl(9)',
  'return redis.replicate_commands()',
  'return redis.breakpoint()',
  "return redis.debug('x')",
  "return redis.acl_check_cmd('get', 'x')",
  "return redis.acl_check_cmd('nosuch')",
  'return redis.acl_check_cmd({})',
  'return redis.acl_check_cmd()',
  `${SHOW} local t = {} for k, v in pairs(redis) do t[k] = type(v) end return show(t)`,
  `${SHOW} local t = {} for k, v in pairs(_G) do t[k] = type(v) end return show(t)`,
  'return {tostring(redis == server), redis.REDIS_VERSION, redis.VALKEY_VERSION_NUM}',
  `${SHOW} return show(__redis__err__handler('x'))`,
];

const VALUES: readonly string[] = [
  'return 3.99',
  'return -3.99',
  'return 1e300',
  'return 0/0',
  'return true',
  'return false',
  'return nil',
  'return',
  'return {1, 2, nil, 4}',
  'return {1, {2, {3}}}',
  'return {a=1}',
  'return {double=3.5}',
  'return {double=1/0}',
  'return {double=1e100}',
  'return {double="x"}',
  'return {map={a=1}}',
  'return {map={}}',
  'return {map={a={double=2}, b={map={}}}}',
  'return {map={[1.5]=2, [true]=1}}',
  'return {map=3}',
  'return {set={a=true, [2]=1}}',
  'return {set={}}',
  'return {big_number="123\\r\\n"}',
  'return {verbatim_string={format="txt", string="x"}}',
  'return {verbatim_string={format="t", string="x"}}',
  'return {verbatim_string={format="txtx", string="x"}}',
  'return {verbatim_string={format="txt"}}',
  'return {map={}, set={}}',
  'return {ok="a", err="b"}',
  'return cjson.null',
  'return tostring',
];

const COMMANDS: readonly string[] = [
  "'hgetall', 'h'",
  "'smembers', 'set'",
  "'zscore', 'z', 'm'",
  "'zrange', 'z', 0, -1, 'withscores'",
  "'get', 'nokey'",
  "'ping'",
  "'blpop', 'k', 0",
  "'strlen', 'big'",
  ...['string', 'integer', 'double', 'bignum', 'null', 'array', 'set', 'map', 'verbatim'].map(
    (shape) => `'debug', 'protocol', '${shape}'`,
  ),
  ...['true', 'false'].map((shape) => `'debug', 'protocol', '${shape}'`),
];

const DATA: readonly Words[] = [
  ['SET', 's', 'text'],
  ['HSET', 'h', 'a', '1'],
  ['SADD', 'set', 'x'],
  ['ZADD', 'z', '1.5', 'm'],
];

/** Scripts whose commands fail, or that fail themselves. */
const FAILURES: readonly string[] = [
  "redis.pcall('lpush', 'x') return 1",
  "redis.pcall('select', 'x') return 1",
  "redis.pcall('nosuch') redis.pcall() return 1",
  "pcall(function() redis.call('nosuch') end) return 1",
  "return redis.pcall('lpush', 'x')",
  "return redis.pcall('select', 'x')",
  "return redis.call('select', 'x')",
  "local e = redis.pcall('select', 'x') redis.call('set', 's', 'b') return e",
  "return {redis.pcall('select', 'x'), redis.pcall('lpush', 'x')}",
  "return {{err='X'}, {err='Y z'}, {err='Y y'}}",
  "return {{err='X'}, redis.pcall('select', 'x')}",
  "error({err='ABC d'})",
];

/** What is left to see when all is done: errors and calls, but no times. */
const COUNTS: readonly Words[] = [['INFO', 'errorstats']];

/** Runs the requests on both and compares all there is. */
async function agree(t: Test, script: readonly Words[], resp: 2 | 3 = 2): Promise<void> {
  const both = await runOnBoth(t, script, resp);
  if (both === null) return;
  for (const [i, words] of script.entries()) {
    t.equal(both.ours.replies[i], both.real.replies[i], words.join(' ').slice(0, 200));
  }
  t.same(both.ours.events, both.real.events, 'events');
  t.same(both.ours.propagated, both.real.propagated, 'what goes to the append-only file');
  t.same(both.ours.stored, both.real.stored, 'what is stored');
}

t.test('redis.call answers and refuses as the real server does', async (t) => {
  await agree(t, [...DATA, ...evals(CALLS), ...COUNTS]);
});

t.test('a call fails for each error in its reply as the real server counts them', async (t) => {
  const counted = FAILURES.flatMap((script): Words[] => [
    ['CONFIG', 'RESETSTAT'],
    ['EVAL', script, '0'],
    ['EVAL', "return redis.call('info', 'commandstats', 'errorstats')", '0'],
  ]);
  const both = await runOnBoth(t, counted);
  if (both === null) return;
  const lines = (replies: readonly string[]) => replies.map((reply) => information.lines(reply));
  t.same(lines(both.ours.replies), lines(both.real.replies));
});

t.test('errors and the functions of the library are the same', async (t) => {
  await agree(t, [...evals(ERRORS), ...COUNTS]);
});

for (const resp of [2, 3] as const) {
  t.test(`values go both ways as in the real server, to a client of RESP${resp}`, async (t) => {
    const conversions = [2, 3].flatMap((version) =>
      COMMANDS.flatMap((command) => [
        `redis.setresp(${version}) return redis.call(${command})`,
        `${SHOW} redis.setresp(${version}) return show(redis.call(${command}))`,
      ]),
    );
    const values = VALUES.flatMap((value) => [value, `redis.setresp(3) ${value}`]);
    const setUp: Words[] = [...DATA, ['DEBUG', 'SET-DISABLE-DENY-SCRIPTS', '1']];
    await agree(t, [...setUp, ...evals([...values, ...conversions])], resp);
  });
}

t.test('what a script says of itself in its first line decides what it may do', async (t) => {
  const set = "return redis.call('set', 'a', 'b')";
  const firstLines = [
    ...['#!lua', '#!lua flags=', '#!lua flags=no-writes', '#!lua flags=bad', '#!js', '#!'],
    ...['#!lua  flags=no-writes,allow-oom allow', '#!lua name=x', '#!lua foo', '#!LUA', '#! lua'],
    ...['#!lua flags=no-writes flags=allow-oom', '#!lua flags=no-writes,', '#!lua "'],
    ...['#!lua flags="no-writes"', '#!lua flags=no-writes\r', '#!lua flags=allow-oom'],
  ];
  const scripts = firstLines.flatMap((line) => [`${line}\nreturn 1`, `${line}\n${set}`, line]);
  const all = [...scripts, 'return 1', set, '#!lua\n\nerror("x")', '#!lua\nretur', 'retur'];
  const texts = all.map((text) => text.replaceAll('\\r', '\r').replaceAll('\\n', '\n'));
  const requests = texts.flatMap((text): Words[] => [
    ['EVAL', text, '0'],
    ['EVAL_RO', text, '0'],
    ['SCRIPT', 'LOAD', text],
  ]);
  const short: Words = ['CONFIG', 'SET', 'maxmemory', '1'];
  await agree(t, [...requests, short, ...requests, ['CONFIG', 'SET', 'maxmemory', '0']]);
});

t.test('scripts are found by their SHA-1, and keys are counted', async (t) => {
  const sha = 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db';
  await agree(t, [
    ['EVALSHA', sha, '0'],
    ['EVALSHA', sha, 'x'],
    ['EVALSHA', 'abc', 'x'],
    ['EVAL', 'return 1', '0'],
    ['EVALSHA', sha.toUpperCase(), '0'],
    ['EVALSHA_RO', sha, '0'],
    ['SCRIPT', 'EXISTS', sha, 'abc', sha.toUpperCase()],
    ['SCRIPT', 'SHOW', sha],
    ['SCRIPT', 'SHOW', 'abc'],
    ['SCRIPT', 'FLUSH', 'X'],
    ['SCRIPT', 'FLUSH', 'SYNC', 'X'],
    ['SCRIPT', 'FLUSH', 'ASYNC'],
    ['SCRIPT', 'EXISTS', sha],
    ['SCRIPT', 'KILL'],
    ['SCRIPT', 'DEBUG', 'X'],
    ['SCRIPT', 'DEBUG', 'NO'],
    ['SCRIPT', 'DEBUG', 'YES', 'foo'],
    ['SCRIPT', 'HELP'],
    ['SCRIPT', 'X'],
    ['EVAL', 'return {KEYS, ARGV}', '2', 'a', 'b', 'c'],
    ['EVAL', 'return {KEYS, ARGV}', '0'],
    ...['a', '-1', '5', '99999999999999999999'].map((n): Words => ['EVAL', 'return 1', n, 'k']),
    ['COMMAND', 'GETKEYS', 'EVAL', 'x', '2', 'a', 'b', 'c'],
    ['COMMAND', 'GETKEYS', 'FCALL', 'x', '1', 'a'],
  ]);
});

t.test('what a script changes is told and sent on as the real server does', async (t) => {
  await agree(t, [
    ...evals([
      "redis.call('set', 'a', 1) redis.call('SET', 'b', 2, 'ex', 100) return redis.call('incr', 'a')",
      "redis.call('select', 3) redis.call('set', 'c', 1)",
      "redis.call('get', 'a')",
      "redis.call('set', 'a', 1) error('x')",
      "redis.set_repl(redis.REPL_NONE) redis.call('set', 'd', 1) redis.set_repl(redis.REPL_ALL) redis.call('set', 'e', 1)",
      "redis.set_repl(redis.REPL_REPLICA) redis.call('incrbyfloat', 'f', '1.5')",
      "redis.call('incrbyfloat', 'f', '1.5') redis.call('getex', 'f', 'ex', 100)",
      "redis.call('sadd', 's', 1) redis.call('spop', 's') redis.call('lpush', 'l', 1) return redis.call('blpop', 'l', 0)",
    ]),
    ['MULTI'],
    ['EVAL', "return redis.call('set', 'g', 1)", '0'],
    ['EXEC'],
  ]);
});

const LIBRARY = '#!lua name=lib\n';

/** Every form of `redis.register_function`, each with an error of its own. */
const REGISTRATIONS: readonly string[] = [
  ...['"f"', '', '"f", 1', '"f", function() end', '1, function() end', '"a b", function() end'],
  ...['"", function() end', '{}', '{function_name="f"}', '1', 'nil', '{}, function() end'],
  '{function_name="f", callback=function() end, flags={"no-writes", "x"}}',
  '{function_name="f", callback=function() end, flags=1}',
  '{function_name="f", callback=function() end, flags={1}}',
  '{function_name="f", callback=function() end, flags={a="no-writes"}}',
  '{function_name="f", callback=function() end, foo=1}',
  '{function_name="f", callback=function() end, [true]=1}',
  '{function_name="f", callback=function() end, description="words"}',
  '{function_name="f", callback=function() end, description={}}',
  '{function_name={}, callback=function() end}',
  '{callback=function() end}',
  '{function_name=1, callback=function() end}',
  '{function_name="f", callback=1}',
  '{[1]="f"}',
  '"f", function() end, {}',
  '"f", function() end) redis.register_function("f", function() end',
  '"f", redis.call',
];

/** What libraries may not do while they are loaded. */
const LOADS: readonly string[] = [
  ...['x = 1', 'local y = x', 'redis.x = 1', 'error("x")', 'redis.call("get", "x")', 'retur'],
  ...[
    'redis.setresp(3)',
    'return cjson.encode({})',
    'KEYS[1] = "x"',
    'rawset(_G, "x", 1)',
    '_G.x = 1',
  ],
  ...['local x = redis.foo', 'pcall(redis.register_function)', 'while true do end', ''],
];

t.test('libraries are loaded and refused as by the real server', async (t) => {
  const flush: Words = ['FUNCTION', 'FLUSH'];
  const loads = [
    ...REGISTRATIONS.map((one) => `${LIBRARY}redis.register_function(${one})`),
    ...LOADS.map((one) => LIBRARY + one),
    ...['return 1', '#!lua\nreturn 1', '#!lua name=\nreturn 1', '#!lua name=a-b\nreturn 1'],
    ...['#!foo name=a\nreturn 1', '#!lua name=a foo=b\nreturn 1', '#!lua name=a name=b\nreturn 1'],
    ...['#!lua name=a', '#!lua name=a "\nreturn 1', '#! lua name=a\nreturn 1', '#!\nreturn 1'],
  ];
  const requests = loads.flatMap((code): Words[] => [
    ['FUNCTION', 'LOAD', code],
    ['FUNCTION', 'LIST', 'WITHCODE'],
    ['FUNCTION', 'STATS'],
    flush,
  ]);
  await agree(t, [...requests, ...COUNTS]);
});

t.test('functions are called, listed, dumped and restored as by the real server', async (t) => {
  const one = (name: string, body: string, flags = '') =>
    `redis.register_function{function_name="${name}", callback=function(keys, args) ${body} end, flags={${flags}}}\n`;
  const load = (name: string, ...functions: string[]): Words => [
    ...['FUNCTION', 'LOAD', 'REPLACE', `#!lua name=${name}\n${functions.join('')}`],
  ];
  const bodies = [
    ...['return {keys, args}', 'return KEYS', 'x = 1', 'error("x")', 'error({err="FOO x"})'],
    ...['return redis.call("nosuch")', 'return redis.pcall("nosuch")', 'return foo'],
    'local t = {} for k in pairs(redis) do t[#t+1] = k end table.sort(t) return t',
    'local t = {} for k in pairs(_G) do t[#t+1] = k end table.sort(t) return t',
    'redis.register_function("g", function() end)',
  ];
  const calls = bodies.flatMap((body): Words[] => [
    load('lib', one('f', body)),
    ['FCALL', 'F', '1', 'a', 'b'],
    ['FCALL_RO', 'f', '0'],
  ]);
  const set = 'return redis.call("set", "a", "b")';
  const flagged = ['', '"no-writes"', '"allow-oom"', '"no-writes", "allow-oom"'].flatMap(
    (flags): Words[] => [
      load('lib', one('f', set, flags)),
      ['FUNCTION', 'LIST', 'LIBRARYNAME', 'l*', 'WITHCODE'],
      ['FCALL', 'f', '0'],
      ['FCALL_RO', 'f', '0'],
      ['CONFIG', 'SET', 'maxmemory', '1'],
      ['FCALL', 'f', '0'],
      load('other', one('g', set)),
      ['CONFIG', 'SET', 'maxmemory', '0'],
    ],
  );
  const payload = '\xf5:#!lua name=lib\nredis.register_function("f",function() end)';
  const dumped = `${payload}P\0\x1f*\x9e\x04\x8c\0\x94\x88`;
  await agree(t, [
    ...calls,
    ...flagged,
    ...['x', '-1', '3'].map((count): Words => ['FCALL', 'f', count, 'a']),
    ['FCALL', 'nosuch', 'x'],
    ...[['LIBRARYNAME'], ['X'], ['WITHCODE', 'WITHCODE']].map((w) => ['FUNCTION', 'LIST', ...w]),
    ['FUNCTION', 'LIST', 'LIBRARYNAME', 'x', 'LIBRARYNAME', 'y'],
    load('lib2', one('F', 'return 1')),
    ['FUNCTION', 'LOAD', 'X', 'code'],
    ['FUNCTION', 'DELETE', 'LIB'],
    ['FUNCTION', 'DELETE', 'lib'],
    ['FUNCTION', 'DUMP'],
    ...['', 'APPEND', 'REPLACE', 'flush', 'Y'].map(
      (policy): Words => ['FUNCTION', 'RESTORE', dumped, ...(policy === '' ? [] : [policy])],
    ),
    ['FUNCTION', 'DUMP'],
    ['FUNCTION', 'RESTORE', dumped, 'FLUSH', 'Z'],
    ['FUNCTION', 'RESTORE', `${payload}P\0\x1f*\x9e\x04\x8c\0\x94\x89`],
    ['FUNCTION', 'RESTORE', "\0\xc0\x01P\0\xe9R.'OSv\x08"],
    ['FUNCTION', 'DELETE', 'lib'],
    load('lib3', one('f', 'return 1')),
    ['FUNCTION', 'RESTORE', dumped, 'REPLACE'],
    ...['X', 'SYNC'].map((mode): Words => ['FUNCTION', 'FLUSH', mode]),
    ['FUNCTION', 'FLUSH', 'SYNC', 'X'],
    ['FUNCTION', 'KILL'],
    ['FUNCTION', 'HELP'],
    ['FUNCTION', 'X'],
  ]);
});
