/** Sessions of the debugger, to be held with both servers. */
import type { DebuggerSession } from './debugger-session.js';

type Says = DebuggerSession['says'];

function script(name: string, lines: readonly string[], says: Says): DebuggerSession {
  const begin = ['EVAL', lines.join('\n'), '2', 'key', 'k\n2', 'first', ''];
  return { name, mode: 'sync', before: [], begin, says };
}

/** The same session on a copy of the data. */
function onCopy(session: DebuggerSession): DebuggerSession {
  return { ...session, name: `${session.name}, on a copy`, mode: 'yes' };
}

const times = (count: number, said: string): string[] => Array.from({ length: count }, () => said);

const WRITES = script(
  'writes',
  ["redis.call('set', KEYS[1], '1')", "local a = redis.call('incr', KEYS[1])", 'return {a, ARGV}'],
  ['s', 'r get key', 's', 'p', 's'],
);

const STEPS: readonly DebuggerSession[] = [
  script(
    'steps through loops',
    [
      ...['local a', 'local b', 'local c = 1', 'local d, e', 'for k, v in pairs({1, 2}) do'],
      ...[' local x = v', ' if x then', '  x = 1', ' end', 'end', 'for i = 1, 2 do'],
      ...[' local y = i', 'end', 'for i = 1, 3 do local z = i end', 'while c < 3 do', ' c = c + 1'],
      ...[
        'end',
        'repeat',
        ' c = c - 1',
        'until c <= 0',
        'while c < 2 do c = c + 1 end',
        'return c',
      ],
    ],
    times(50, 's'),
  ),
  script(
    'steps through calls',
    [
      ...[
        'local u = 5',
        'local function f(x)',
        '  local y = x',
        '  return y',
        'end',
        'local t = {}',
      ],
      ...['function t.m(x)', '  local z = f(x)', '  return z', 'end', 'function t:n(x)'],
      ...['  local r = t.m(x)', '  return r', 'end', 'local ok, e = pcall(t.m, u)', 'local s = {'],
      ...[' 3,', ' 1,', ' k = 2}', 'table.sort(s, function(a, b)', ' return a < b end)'],
      ...['local q = t:n(1)', 'return f(q)'],
    ],
    times(32, 's').flatMap((step) => [step, 't', 'p', 'p u']),
  ),
  script(
    'steps through a coroutine',
    [
      ...['local u = 5', 'local co = coroutine.wrap(function(a)', '  local m = a'],
      ...['  coroutine.yield(m)', '  return m', 'end)', 'local w = co(3)', 'return co()'],
    ],
    times(9, 's').flatMap((step) => [step, 't', 'p u']),
  ),
  script(
    'steps through one line',
    ['local a = 1 for i = 1, 2 do a = a + 1 end return a'],
    ['w', ...times(5, 's')],
  ),
  script('an endless loop', ['local a = 1', 'while true do end'], ['s', 's', 's', 'p', 'a']),
  script(
    'lines ended as on Windows',
    ['local a = 1\r', 'local b = 2\r', '\r', 'return a\r', ''],
    [...['w', 's', 's', 's']],
  ),
  script(
    'a shebang',
    ['#!lua flags=no-writes', 'local a = 1', "redis.call('set', 'x', 1)"],
    [...['w', 'b 2', 's', 's']],
  ),
];

const NUMBERED = Array.from({ length: 70 }, (_, i) => `local a${i} = ${i}`);

const LISTS: readonly DebuggerSession[] = [
  script(
    'lists',
    [...NUMBERED.slice(0, 12), '', '-- end', 'return 1', '', ''],
    [
      ...['l', 'list 5', 'l 5 1', 'l 5 0', 'l 0', 'l 100', 'l -1', 'l abc', 'l 3 x', 'w', 'w 3'],
      ...['list 1 2 3', 's', 's', 'l', 'L 6 2', 'LIST', 'li', 'c'],
    ],
  ),
  script('breakpoints', NUMBERED.slice(0, 6), [
    ...['b', 'b 3', 'break 4', 'b', 'b 3', 'b -3', 'b -3', 'b 99', 'b abc', 'b 2x', 'b +3', 'b -0'],
    ...['b 5', 'w', 'c', 's', 's', 'b 0', 'b', 'b 2 3', 'c'],
  ]),
  script('too many breakpoints', NUMBERED, [
    ...Array.from({ length: 67 }, (_, i) => `b ${i + 2}`),
    ...['b', 'b 1', 'b 2', 'c', 'c', 'a'],
  ]),
  script(
    'breakpoints that the script sets',
    [
      ...['local x = redis.breakpoint()', 'local y = server.breakpoint()', 'local i = 0'],
      ...[
        "redis.debug('a', 1, nil, true, {1, 2}, {a = 1})",
        "server.debug('a\\nb')",
        'redis.debug()',
      ],
      ...['if redis.breakpoint() then', ' y = 1', 'end', 'return {x, y}'],
    ],
    ['c', 'c', 's', 's', 'b 8', 'c', 'c'],
  ),
  script(
    'commands that are none',
    ['local a = 1', 'return a'],
    [
      ...['restart', 'quit', 'x', 'step 2', 'c 1', 't 1', 'a 1', 'help me', 'h', 'HELP', 'st', 'm'],
      ...['max', 'maxlen', 'e', 'r', 'p a b', 'N', 'Continue'],
    ],
  ),
];

const VALUES: readonly DebuggerSession[] = [
  script(
    'values',
    [
      ...[
        'local f, n, big, neg, nan = print_, 1.5, 1e15, -0.1, 0/0',
        "local s = 'a\\nb\\r\\nc\\255\\t\"q\\''",
      ],
      ...[
        'local t = {{{{{{{{{{1}}}}}}}}}}',
        'local e, m = {}, {[1.5] = 2}',
        'local r = {1, nil, 3}',
      ],
      ...['local cyc = {} cyc.c = cyc', 'local i = {1234567, 0.1, 100000, 1e100, 2^53, 1e-5}'],
      ...[
        "local g, er, c = {1, 2, k = 'v'}, {err = 'x'}, cjson.null",
        'redis.breakpoint()',
        'return 1',
      ],
    ].map((line) => line.replace('print_', 'function() end')),
    [
      'c',
      'p',
      ...[...'fstmricg'].map((name) => `p ${name}`),
      'p cyc',
      'p KEYS',
      'p ARGV',
      'p redis',
      'c',
    ],
  ),
  script(
    'variables of calls',
    [
      ...["local a = 'outer'", 'local a = 2', 'local function f(b)', " local a = 'inner'"],
      ...[' redis.breakpoint()', ' return a', 'end', 'local x = f(2)', 'local function g(...)'],
      ...[
        " local n = select('#', ...)",
        ' redis.breakpoint()',
        ' return n',
        'end',
        'local y = g(1, 2)',
      ],
      ...['for k, v in ipairs({5}) do', ' for i = 1, 1 do', '  redis.breakpoint()', '  a = 3'],
      ...[' end', 'end', 'return x'],
    ],
    [
      'c',
      'p',
      'p a',
      'p b',
      'p f',
      'p x',
      't',
      'c',
      'p',
      'p arg',
      'p y',
      't',
      'c',
      'p',
      'p (for',
      's',
      's',
      's',
      'p',
    ],
  ),
  script(
    'long values are cut',
    [
      ...["local s = string.rep('x', 300)", 'local t = {}', 'for i = 1, 200 do t[i] = i end'],
      ...[
        "redis.call('set', 'k', s)",
        'redis.debug(s)',
        "redis.call('rpush', 'l', unpack(t))",
        'return s',
      ],
    ],
    [
      ...[
        'b 4',
        'c',
        'p s',
        'p',
        's',
        's',
        's',
        'maxlen',
        'r get k',
        'maxlen 100',
        'p t',
        'r lrange l 0 -1',
      ],
      ...[
        'maxlen 5',
        'maxlen',
        'p s',
        'e s',
        'maxlen 0',
        'r get k',
        'maxlen -3',
        'maxlen abc',
        'maxlen 1.5',
      ],
      ...['maxlen 61', 'p s', 'p', 'maxlen 1 2', 'maxlen 99999999999999999999', 'c'],
    ],
  ),
  script(
    'evaluates',
    ['local a = 1', 'local function f() error("deep") end', 'return KEYS'],
    [
      ...[
        'e 1+1',
        'e return 5',
        'eval a',
        'e foo(',
        'e nil',
        'e KEYS',
        'e 1,2',
        'e return 1,2',
        'e -- c',
      ],
      ...[
        "e error('x')",
        "e error({err='hi'})",
        'e error()',
        'e error(5)',
        'e error(true)',
        'e bb=1',
        'e x x',
      ],
      ...[
        'e local x=5 return x',
        'e coroutine.yield(1)',
        'e return ...',
        'e redis.pcall("nosuch")',
      ],
      ...[
        'e redis.call("set","a1",1)',
        'e redis.call("get")',
        'e redis.debug(1)',
        'e for i=1,3 do end',
      ],
      ...[
        'e redis.status_reply("X")',
        'e {["a b"]=1,[2]=2}',
        "e 'a\\nb\\r\\nc'",
        'e 1234567',
        'e 1/3',
      ],
      ...['e KEYS[1]="q"', 'p KEYS', 'e redis.breakpoint()', 'c', 'p KEYS', 'c'],
    ],
  ),
];

const CALLS: readonly DebuggerSession[] = [
  script(
    'calls',
    ['local a = 1', 'return 1'],
    [
      ...[
        'r set a 1',
        'redis get a',
        'valkey get a',
        'server get a',
        'V get a',
        'r rpush l a b c',
        'r get no',
      ],
      ...[
        'r zadd z 1 a 2.5 b',
        'r zrange z 0 -1 withscores',
        'r hset h f v',
        'r hgetall h',
        'r sadd s a',
      ],
      ...[
        'r smembers s',
        'r xadd s1 1-1 f v',
        'r xrange s1 - +',
        'r geoadd g 13.36 38.11 P',
        'r ping',
      ],
      ...[
        'r rpush l 3 4 5 6 7 8 9',
        'r rpush l 3 4 5 6 7 8 9 10',
        'r rpush l 3 4 5 6 7 8 9 10 11',
        'r rpush l 3 4 5 6 7 8 9 10 11 12',
        'r geopos g P Q',
        'r lpush a 1',
        'r nosuch',
        'r get',
        'r multi',
        'r config get maxmemory',
        'r config foo',
      ],
      ...[
        'r object foo a',
        'r object',
        'r echo ""',
        'r lmpop 1 no left',
        'r type s',
        'r blpop no 0',
      ],
      ['r', 'set', 'a\r\nb', 'x y\n'],
      ['r', 'get', 'a\r\nb'],
      ['r', 'echo', '"\\\t\x07\x01\x08\'z\xff'],
      ...[
        'e server.setresp(3)',
        'r zrange z 0 -1 withscores',
        'r zscore z b',
        'r hgetall h',
        'r get no',
        'r smembers s',
      ],
      ...[
        'r geopos g P Q',
        'r smembers no',
        'r xread streams s1 0',
        'r info nosuch',
        'r lolwut',
        'c',
      ],
    ],
  ),
  {
    ...script(
      'calls with replies of every shape',
      ['return 1'],
      [
        ...[
          'string',
          'integer',
          'double',
          'null',
          'array',
          'set',
          'map',
          'verbatim',
          'bignum',
          'true',
          'false',
        ].map((shape) => `r debug protocol ${shape}`),
        'e redis.setresp(3)',
        ...['double', 'null', 'set', 'map', 'verbatim', 'bignum', 'true', 'false', 'attrib'].map(
          (shape) => `r debug protocol ${shape}`,
        ),
        'c',
      ],
    ),
    before: [['DEBUG', 'SET-DISABLE-DENY-SCRIPTS', '1']],
  },
  {
    ...script(
      'calls of a script',
      [
        ...[
          "redis.call('set', 'q', 1)",
          "local e = redis.pcall('lpush', 'q', 1)",
          "redis.pcall('nosuch')",
        ],
        ...[
          "redis.pcall('lpush')",
          'redis.pcall()',
          'redis.pcall({})',
          'redis.setresp(3)',
          "redis.call('hgetall', 'no')",
        ],
        ...["redis.call('get')"],
      ],
      times(10, 's'),
    ),
    before: [['DEBUG', 'SET-DISABLE-DENY-SCRIPTS', '0']],
  },
  WRITES,
  onCopy(WRITES),
];

const ENDS: readonly DebuggerSession[] = [
  script('abort', ["redis.call('set', 'ab', '1')", 'return 1'], ['s', 'a']),
  script('an error', ['local a = 1', 'local b = a.x.y'], ['s', 's']),
  script(
    'an abort that the script catches',
    [
      ...['local ok, e = pcall(function() redis.breakpoint()', ' local a = 1', ' return a', 'end)'],
      ...[
        "redis.call('set', 'pb', '1')",
        'local z = 1',
        'redis.breakpoint()',
        "return redis.call('get', 'pb')",
      ],
    ],
    ['c', 'b 6', 'abort', 'p', 's', 's', 's'],
  ),
  script(
    'an abort in a coroutine',
    [
      'local co = coroutine.wrap(function() redis.breakpoint()',
      ' return 1',
      'end)',
      'local r = co()',
    ],
    ['c', 't', 'a'],
  ),
  script('a script that does not compile', ['return ('], []),
  script('an empty word', ['return 1'], [['r', '']]),
  { ...script('no number of keys', [], []), begin: ['EVAL', 'return 1', 'x'] },
  { ...script('too many keys', [], []), begin: ['EVAL', 'return 1', '5'] },
  { ...script('EVAL_RO', [], ['s']), begin: ['EVAL_RO', "redis.call('set', 'x', '1')", '0'] },
  { ...script('EVALSHA', [], []), begin: ['EVALSHA', 'a'.repeat(40), '0'] },
  { ...script('EVALSHA of what is none', [], []), begin: ['EVALSHA', 'a', '0'] },
  { ...script('too few arguments', [], []), begin: ['EVAL', 'return 1'] },
  {
    ...script(
      'version 3 of RESP',
      [
        "redis.call('hset', 'h', 'a', 'b')",
        'redis.setresp(3)',
        "return redis.call('hgetall', 'h')",
      ],
      ['s', 'p', 'c'],
    ),
    before: [['CLIENT', 'SETNAME', 'x']],
  },
];

const LINES: readonly DebuggerSession[] = [
  script(
    'calls over several lines',
    [
      ...[
        'local t = {}',
        'function t.f(s)',
        ' redis.breakpoint()',
        ' return t',
        'end',
        'local x = t',
      ],
      ...[
        ' .f(',
        '  t)',
        ' .f(1)',
        'local w = (function()',
        ' local q = t.f(',
        '  2)',
        ' return q',
        'end)()',
      ],
      ...["local s = 'x'", 'local y = s', ' :rep(2)', ' :sub(1,', '  1)', 'return s', ' :nosuch()'],
    ],
    [...times(30, 's').flatMap((step) => [step, 't'])],
  ),
];

export const DEBUGGER_SESSIONS: readonly DebuggerSession[] = [
  ...STEPS,
  ...LINES,
  ...LISTS,
  ...VALUES,
  ...CALLS,
  ...ENDS,
  ...ENDS.slice(0, 8).map(onCopy),
];
