/** The engine as the server uses it: leaving scripts, killing them, bounds, protection. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { LuaError } from '../../scripting/engine.js';
import { protectGlobals } from '../../scripting/library/globals.js';
import { LuaEngine, listOf } from '../../scripting/lua-engine.js';
import { Op } from '../../scripting/machine/code.js';
import { LineStepper, localsOf } from '../../scripting/machine/stepper.js';
import { protectedEngine } from '../helpers/lua-engine.js';

/** An engine that leaves its script at every tick, as often as `pauses` says. */
function pausingEngine(pauses: number): LuaEngine {
  let asked = 0;
  const tick = (): boolean => ++asked <= pauses;
  const engine = new LuaEngine({ host: { tick }, insecure: false });
  protectGlobals(engine.machine);
  return engine;
}

/** Runs a script that is left now and then; gives its result and how often it was left. */
function runInParts(source: string, pauses: number): { result: unknown; left: number } {
  const engine = pausingEngine(pauses);
  let left = 0;
  let done = engine.start(engine.compile(source, 'user_script'), []);
  while (!done) {
    left++;
    done = engine.resume();
  }
  return { result: engine.result, left };
}

/** What a function throws: errors of scripts are no `Error`. */
function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (thrown) {
    return thrown instanceof LuaError ? thrown.value : thrown;
  }
  return 'nothing';
}

const COUNT = 'local n = 0 for i = 1, 300000 do n = n + 1 end';

t.test('A script that is left in the middle goes on where it was', async (t) => {
  t.same(runInParts(`${COUNT} return n`, 2), { result: 300000, left: 2 });
});

t.test('A script can be left within calls, pcall, metamethods and coroutines', async (t) => {
  const scripts = {
    'a call': `local function f() ${COUNT} return n end return f() + 1`,
    pcall: `local ok, n = pcall(function() ${COUNT} return n end) return n + 1`,
    __index: `local t = setmetatable({}, {__index = function() ${COUNT} return n end}) return t.x + 1`,
    __add: `local t = setmetatable({}, {__add = function() ${COUNT} return n end}) return (t + t) + 1`,
    __lt: `local m = {__lt = function() ${COUNT} return n > 5 end}
      local a, b = setmetatable({}, m), setmetatable({}, m)
      if a < b then return 300001 end`,
    __concat: `local t = setmetatable({}, {__concat = function() ${COUNT} return n end})
      return ('a' .. t) + 1`,
    'a coroutine': `local f = coroutine.wrap(function() ${COUNT} coroutine.yield(n) end) return f() + 1`,
    'an iterator': `for v in function(_, c) if not c then ${COUNT} return n end end do return v + 1 end`,
  };
  for (const [place, script] of Object.entries(scripts)) {
    t.same(runInParts(script, 2), { result: 300001, left: 2 }, place);
  }
});

t.test('Every kind of endless loop is ended by a kill', async (t) => {
  const loops = [
    'while true do end',
    'repeat until false',
    'for i = 1, math_huge do end',
    'local function f() return f() end f()',
    'while true do pcall(function() while true do end end) end',
    'while true do pcall(error, "x") end',
    'local t = setmetatable({}, {__index = function() while true do end end}) return t.x',
    'coroutine.wrap(function() while true do end end)()',
    'while true do coroutine.wrap(function() coroutine.yield() end)() end',
    'for i in function() return 1 end do end',
    'local t = {} while true do xpcall(function() error("x") end, function() end) end',
    'local x = 1 while x ~= 2 do end',
    'local x = 1 repeat local y = x until y == 2',
    'load(function() return " " end)',
    'local t = setmetatable({}, {__call = function(self) return self() end}) t()',
  ];
  for (const loop of loops) {
    const engine = pausingEngine(Number.POSITIVE_INFINITY);
    const script = engine.compile(loop.replace('math_huge', '1/0'), 'user_script');
    t.equal(engine.start(script, []), false, `${loop} is left`);
    engine.kill(new LuaError('killed', true));
    t.equal(
      thrownBy(() => engine.resume()),
      'killed',
      `${loop} is killed`,
    );
    t.equal(engine.start(engine.compile('return 5', 'user_script'), []), true);
    t.equal(engine.result, 5, 'the next script runs');
  }
});

t.test('Endless recursion is an error that the script can catch', async (t) => {
  const engine = protectedEngine();
  const source = `local depth = 0
    local function f() depth = depth + 1 return 1 + f() end
    local ok, problem = pcall(f)
    return problem`;
  engine.start(engine.compile(source, 'user_script'), []);
  t.equal(engine.result, 'user_script:2: stack overflow');
});

t.test('A script that fills the memory is refused more of it', async (t) => {
  const engine = protectedEngine({ ticks: Number.POSITIVE_INFINITY });
  engine.machine.checkMemory = () => {
    throw new LuaError('not enough memory');
  };
  const bomb = engine.compile("local s = 'x' while true do s = s .. s end", 'user_script');
  t.equal(
    thrownBy(() => engine.start(bomb, [])),
    'not enough memory',
  );
});

t.test('A string of a megabyte is a table key like any other', async (t) => {
  const engine = protectedEngine();
  engine.setArguments(listOf([]), listOf(['k'.repeat(1_000_000)]));
  const source = 'local t = {} t[ARGV[1]] = 7 return t[ARGV[1]]';
  engine.start(engine.compile(source, 'user_script'), []);
  t.equal(engine.result, 7);
});

t.test('Nothing of a script is left for the next one', async (t) => {
  const engine = protectedEngine();
  const leak = engine.compile('local t = {1} for i = 1, 50 do t[i] = {} end return t', 'a');
  engine.start(leak, []);
  engine.start(engine.compile('local a, b, c return a or b or c', 'b'), []);
  t.equal(engine.result, undefined);
});

t.test(
  'A debugger is told of each line before it runs, and may leave the script there',
  async (t) => {
    const engine = protectedEngine();
    const source =
      'local a = 1\nlocal b = 2\nlocal function f(x)\n  return x + 1\nend\nreturn f(a + b)';
    const script = engine.compile(source, 'user_script');
    const seen: string[] = [];
    const stepper = new LineStepper(script.code, (thread, line) => {
      const locals = localsOf(thread, thread.frame).map(({ name, value }) => `${name}=${value}`);
      seen.push(`${line}: ${line < 5 ? locals.join(' ') : ''}`);
      return true;
    });
    engine.machine.stepper = stepper;
    let done = engine.start(script, []);
    while (!done) done = engine.resume();
    t.same(seen, ['1: ', '2: a=1', '5: ', '6: ', '4: x=3']);
    t.equal(engine.result, 4);
    stepper.release();
    t.equal(engine.start(script, []), true, 'after its release it is told of nothing');
  },
);

t.test('Bytecode is no program', async (t) => {
  const engine = protectedEngine();
  const message = "user_script:1: unexpected symbol near 'char(27)'";
  t.match(
    thrownBy(() => engine.compile('\x1bLuaQ', 'user_script')),
    { text: message },
  );
});

t.test('Each case of the loop is the operation it says', async (t) => {
  const file = fileURLToPath(new URL('../../../scripting/machine/loop.ts', import.meta.url));
  const cases = [...readFileSync(file, 'utf8').matchAll(/case (\d+):[^\n]*\s+\/\/ Op\.(\w+)/g)];
  const named = Object.fromEntries(cases.map(([, number, name]) => [name, Number(number)]));
  const { none, ...inLoop } = Op;
  t.same(named, inLoop);
});
