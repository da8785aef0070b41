/**
 * Scripts that mean harm, over real connections to a server in a process of its own: each is ended or refused,
 * others are answered meanwhile, and the next script finds nothing changed.
 */
import t, { type Test } from 'tap';
import { freePort, startProgram } from '../helpers/program.js';
import { connect, type WireConnection } from '../helpers/wire.js';

/** Two connections to one server: scripts run on the first. */
interface Stage {
  /** Sends a request on the connection that scripts run on; resolves to the reply as text. */
  send(...words: (string | Uint8Array)[]): Promise<string>;
  /** Sends a script without keys. */
  run(script: string): Promise<string>;
  /** Sends a request on the other connection. */
  ask(...words: string[]): Promise<string>;
}

const text = (reply: Buffer): string => reply.toString('latin1').trimEnd();

/** MB that JavaScript's heap may have in the server: little, so that it is soon full. */
const HEAP = '--max-old-space-size=160';

async function stage(t: Test, ...settings: string[]): Promise<Stage> {
  const port = await freePort();
  const args = ['--port', `${port}`, '--save', '', '--busy-reply-threshold', '10', ...settings];
  await startProgram(t, args, '', [HEAP]).says('Ready to accept connections');
  const scripts: WireConnection = await connect(port);
  const other: WireConnection = await connect(port);
  t.teardown(() => {
    scripts.close();
    other.close();
  });
  const send = async (...words: (string | Uint8Array)[]) => text(await scripts.send(words));
  const ask = async (...words: string[]) => text(await other.send(words));
  return { send, ask, run: (script) => send('EVAL', script, '0') };
}

/** A script that never ends is left, others hear BUSY, and it is killed. Resolves to its reply. */
async function killed({ run, ask }: Stage, script: string): Promise<string> {
  let isOver = false;
  const ended = run(script).finally(() => {
    isOver = true;
  });
  let reply: string;
  do reply = await ask('GET', 'k');
  while (reply === '$-1' && !isOver);
  if (!reply.startsWith('-BUSY')) return reply;
  return (await ask('SCRIPT', 'KILL')) === '+OK' ? ended : 'not killed';
}

const KILLED = /^-ERR Script killed by user with SCRIPT KILL/;
const FOREVER = 'while true do end';

const ENDLESS: readonly string[] = [
  FOREVER,
  'repeat until false',
  'local function f() return f() end f()',
  `while true do pcall(function() ${FOREVER} end) end`,
  'while true do pcall(error, "x") end',
  `while true do xpcall(function() error("x") end, function() ${FOREVER} end) end`,
  `coroutine.wrap(function() ${FOREVER} end)()`,
  'while true do coroutine.wrap(function() coroutine.yield() end)() end',
  `while true do coroutine.resume(coroutine.create(function() ${FOREVER} end)) end`,
  `table.sort({3, 2, 1}, function() ${FOREVER} end)`,
  `while true do pcall(table.sort, {3, 2, 1}, function() ${FOREVER} end) end`,
  `string.gsub("x", ".", function() ${FOREVER} end)`,
  `while true do pcall(string.gsub, "x", ".", function() ${FOREVER} end) end`,
  `table.foreach({1}, function() ${FOREVER} end)`,
  `for _ in function() ${FOREVER} end do end`,
  'for _ in function() return 1 end do end',
  'load(function() return " " end)',
  'while true do redis.pcall("get", "k") end',
  'string.find(string.rep("a", 30000), string.rep("a?", 200) .. string.rep("a", 200) .. "b")',
  'string.find(string.rep("a", 200000), ".-.-.-b")',
  'while true do string.rep("x", 1000000):upper():reverse() end',
  'while true do tonumber(string.rep("1", 1000000)) end',
  'local s = string.rep("x", 1000000) while true do redis.sha1hex(s) end',
  'local s = string.rep("x", 1000000) while true do redis.pcall("echo", s) end',
  'while true do cjson.encode({string.rep("x", 100000)}) end',
  'while true do collectgarbage("count") end',
  'table.insert({}, 2^31, 1)',
  'table.insert({}, 1e15, 1)',
  ...Object.entries({
    __index: 't.x',
    __tostring: 'tostring(t)',
    __concat: 't .. t',
    __call: 't()',
  }).map(
    ([event, use]) =>
      `local t = setmetatable({}, {${event} = function() ${FOREVER} end}) return ${use}`,
  ),
];

t.test('An endless loop of any form is killed while others are answered', async (t) => {
  const place = await stage(t);
  for (const script of ENDLESS) t.match(await killed(place, script), KILLED, script);
  t.equal(await place.run('return 1'), ':1');
});

t.test('An endless function is killed, and one that wrote only by SHUTDOWN', async (t) => {
  const place = await stage(t);
  const code = `#!lua name=l\nserver.register_function('f', function(keys) for _, k in ipairs(keys) do server.call('SET', k, 1) end ${FOREVER} end)`;
  await place.send('FUNCTION', 'LOAD', code);
  const untilBusy = async () => {
    while (!(await place.ask('PING')).startsWith('-BUSY'));
  };
  const harmless = place.send('FCALL', 'f', '0');
  await untilBusy();
  t.match(await place.ask('SCRIPT', 'KILL'), /^-BUSY /);
  t.equal(await place.ask('FUNCTION', 'KILL'), '+OK');
  t.match(await harmless, /^-ERR Script killed by user with FUNCTION KILL/);
  const wrote = place.send('FCALL', 'f', '1', 'k').catch((error: Error) => error.message);
  await untilBusy();
  t.match(await place.ask('FUNCTION', 'KILL'), /^-UNKILLABLE /);
  await place.ask('SHUTDOWN', 'NOSAVE').catch(() => '');
  t.equal(await wrote, 'The server closed the connection');
});

/** Each ends by itself, soon, with such a reply. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'not enough memory': [
    'local s = "x" while true do s = s .. s end',
    'return #(string.rep("x", 2^28 - 1) .. "yyyy")',
    'return string.rep("x", 2^31 - 1)',
    'return string.gsub(string.rep("x", 1e5), ".", string.rep("y", 1e5))',
    'local t = {} for i = 1, 1e9 do t[i] = string.rep("x", 1e6) .. i end',
    'local t = {} for i = 1, 1e9 do t[i] = {i, i, i, i, i, i, i, i} end',
    ...[
      '{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}',
      '{a = {b = {c = {}}}}',
      '{unpack({}, 1, 7000)}',
      'function() return t end',
      'coroutine.create(function() end)',
      'redis.call("COMMAND", "DOCS", "GET")',
      'cjson.decode(\'[{},[],{"a":{"b":[]}},[[[[]]]]]\')',
      'cmsgpack.unpack(string.rep("\\145", 100) .. "\\144")',
    ].map((value) => `local t = {} for i = 1, 1e9 do t[i] = ${value} end`),
    ...['"k" .. i', '("x"):rep(9e5) .. i', 'i * 1e9'].map(
      (key) => `local t = {} for i = 1, 1e9 do t[${key}] = i end`,
    ),
  ],
  'stack overflow': [
    'local function f() return 1 + f() end return f()',
    'local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. 1] end return t.x',
    'local t = setmetatable({}, {}) getmetatable(t).__tostring = tostring return tostring(t)',
    'local function f() return (string.gsub("x", ".", f)) end return f()',
    'local function f(a, b) table.sort({1, 2, 3}, f) return a < b end return f(1, 2)',
    'local function f() return coroutine.wrap(f)() end local ok, e = pcall(f) return {err = e:sub(-30)}',
    'return cmsgpack.unpack(string.rep("\\145", 100000))',
    'return #{string.byte(string.rep("x", 1e6), 1, -1)}',
  ],
  'too many results to unpack': [
    'return {unpack({}, 1, 2^31 - 1)}',
    'return {unpack({}, -2147483648, 2147483647)}',
    'return select("#", unpack({}, 0, 1e9))',
  ],
  'excessive nesting': ['local t = {} t[1] = t return cjson.encode(t)'],
  'too many nested data structures': ['return cjson.decode(string.rep("[", 100000))'],
  'too many syntax levels': [
    ...['(', '{', 'function() return ', '- - - '].map(
      (open) => `return {err = select(2, loadstring("return " .. string.rep("${open}", 100000)))}`,
    ),
  ],
  'Missing bytes in input': [
    ...['\\221', '\\223', '\\219'].map(
      (head) => `return cmsgpack.unpack("${head}\\255\\255\\255\\255x")`,
    ),
  ],
  'Invalid request to unpack': ['return cmsgpack.unpack_limit("\\1\\2", -1, -1)'],
  'integral size': [
    'return struct.pack(">I2147483647", 1)',
    'return struct.unpack(">I2147483648", "x")',
    'return struct.pack("!2147483648 i", 1)',
    'return struct.size("c99999999999")',
  ],
  'data string too short': [
    'return struct.unpack("c2147483647", "x")',
    'return struct.unpack("<I4", "x", 2^31)',
    'return struct.unpack("I4c0", "\\255\\255\\255\\255x")',
  ],
  'width or precision too long': ['return string.format("%99999d", 1)'],
  'loop in gettable': ['local t = {} setmetatable(t, {__index = t}) return t.x'],
  'yield across': ['return coroutine.yield(1)'],
};

t.test('Bombs, bottomless recursion and sizes that lie are refused', async (t) => {
  const { run, ask } = await stage(t, '--busy-reply-threshold', '0');
  for (const [words, scripts] of Object.entries(REFUSED)) {
    for (const script of scripts) {
      const reply = await run(script);
      t.ok(reply.startsWith('-') && reply.includes(words), `${script}: ${reply.slice(0, 200)}`);
    }
  }
  t.equal(await ask('SET', 'k', 'v'), '+OK');
  t.equal(await run('return redis.call("GET", "k")'), '$1\r\nv');
});

t.test('No bytecode is loaded, and nothing outside the sandbox is there', async (t) => {
  const { run } = await stage(t);
  const chunks = [
    ...['"\\27Lua"', '"\\27LuaQ\\0\\1\\4\\8\\4\\8\\0"', 'string.dump(function() end)'],
    'string.dump(loadstring("return 1")):gsub("1", "2")',
  ];
  for (const chunk of chunks) {
    t.equal(await run(`return loadstring((${chunk}))`), '$-1', chunk);
    const reader = `local s = (${chunk}) return load(function() local r = s s = nil return r end)`;
    t.equal(await run(reader), '$-1', reader);
  }
  const names = [
    ...['newproxy', 'setfenv', 'getfenv', 'debug', 'io', 'require', 'package', 'module'],
    ...['dofile', 'loadfile', 'print', 'process', 'globalThis', 'constructor', '__proto__'],
  ];
  for (const name of names) {
    const missing = `Script attempted to access nonexistent global variable '${name}'`;
    t.match(await run(`return ${name}`), missing, name);
  }
  for (const field of ['os.execute', 'os.exit', 'os.getenv', 'os.remove', 'string.constructor']) {
    t.equal(await run(`return ${field}`), '$-1', field);
  }
  const collected = 'setmetatable({}, {__gc = function() redis.call("SET", "hacked", 1) end})';
  t.equal(await run(`${collected} collectgarbage() return redis.call("EXISTS", "hacked")`), ':0');
});

/** Attempts to change what the next script, of another user perhaps, is going to use. */
const TAMPERING: readonly string[] = [
  ...['x = 1', '_G.x = 1', 'tostring = nil', 'KEYS = 1', '_VERSION = 1', 'rawset(_G, "x", 1)'],
  ...['redis.call = nil', 'server.call = nil', 'rawset(redis, "call", 1)', 'string.rep = nil'],
  ...['getmetatable("").__index = nil', 'getmetatable("").__add = tostring'],
  ...['rawset(getmetatable(""), "x", 1)', 'setmetatable(getmetatable(""), {})'],
  ...['getmetatable(_G).__index = tostring', 'setmetatable(_G, {})', 'setmetatable(redis, {})'],
  ...['setmetatable(math, {__index = tostring})', 'table.insert(string, 1)', 'cjson.null = 1'],
  ...['rawset(cmsgpack, "pack", 1)', 'bit.band = nil', 'struct.pack = nil', 'os.clock = nil'],
  ...['for k in pairs(_G) do _G[k] = nil end', 'for k in pairs(string) do string[k] = nil end'],
];

t.test('A script can change nothing of what others use', async (t) => {
  const { run } = await stage(t);
  const count = 'local n = 0 for _, l in pairs(_G) do n = n + 1 if type(l) == "table" and l ~= _G';
  const state = `${count} then for k, v in pairs(l) do n = n + 1 end end end return {n, ("x"):rep(2), redis.call("PING")}`;
  const before = await run(state);
  for (const script of TAMPERING) {
    t.match(await run(script), /^-ERR .*Attempt to modify a readonly table/, script);
    t.match(await run(`return {tostring(pcall(function() ${script} end))}`), /false/, script);
  }
  t.equal(await run(state), before);
  t.match(await run('return x'), /nonexistent global variable 'x'/);
  await run('KEYS[1] = "left" ARGV.x = "behind" return KEYS[1]');
  t.equal(await run('return {#KEYS, ARGV.x or "nothing"}'), '*2\r\n:0\r\n$7\r\nnothing');
});

t.test('A megabyte as the key of a table costs no more than its bytes', async (t) => {
  const { send } = await stage(t);
  const script =
    'local t = {} for i = 1, 20 do t[ARGV[1] .. i] = i end return t[ARGV[1] .. 7] + (ARGV[1] < ARGV[2] and 1 or 0)';
  const key = Buffer.alloc(1_000_000, 'k');
  t.equal(await send('EVAL', script, '0', key, Buffer.concat([key, Buffer.from('x')])), ':8');
});

t.test('No line can be put into a reply that breaks it in two', async (t) => {
  const { run, ask } = await stage(t);
  const line = 'x\\r\\n+OK';
  t.equal(await run(`return redis.error_reply("${line}")`), '-x  +OK');
  t.equal(await run(`return {err = "${line}"}`), '-x  +OK');
  t.equal(await run(`return {ok = "${line}"}`), '+x  +OK');
  t.match(await run(`error("${line}")`), /^-ERR user_script:1: x {2}\+OK /);
  t.match(await run(`return redis.call("${line}")`), /^-ERR Unknown command/);
  t.equal(await run(`redis.setresp(3) return {big_number = "1\\r\\n+OK"}`), '$6\r\n1  +OK');
  t.equal(await ask('PING'), '+PONG');
});
