/**
 * The libraries of scripts: snippets whose replies were recorded from the real server.
 *
 * `tests/helpers/record-corpus.ts` records them.
 */
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { LuaError } from '../../scripting/engine.js';
import { openLibraries } from '../../scripting/library/libraries.js';
import { ScriptRandom } from '../../scripting/library/script-random.js';
import { LuaEngine } from '../../scripting/lua-engine.js';
import { protectedEngine } from '../helpers/lua-engine.js';
import { evaluate } from '../helpers/lua-replies.js';
import { readCorpus } from '../helpers/record-corpus.js';

const FOLDER = fileURLToPath(new URL('../../../tests/scripting/corpus/library-', import.meta.url));

const FILES = ['string', 'pattern', 'table', 'math', 'bit', 'cjson', 'cmsgpack', 'struct'];

for (const file of FILES) {
  t.test(`Snippets of ${file} get the reply of the real server`, async (t) => {
    const engine = protectedEngine();
    for (const { script, reply } of readCorpus(`${FOLDER}${file}.jsonl`)) {
      t.equal(evaluate(engine, script), reply, script);
    }
  });
}

/** An engine whose scripts are left at every tick. */
function restlessEngine(): LuaEngine {
  const engine = new LuaEngine({ host: { tick: () => true }, insecure: false });
  openLibraries(engine.machine, { random: new ScriptRandom(), cpuSeconds: () => 1 });
  return engine;
}

/** The error that a script which was left ends with. */
function endOf(engine: LuaEngine): unknown {
  try {
    return engine.resume();
  } catch (error) {
    return error instanceof LuaError ? error.value : error;
  }
}

t.test('Scripts that would stay in a library for years are left, and can be killed', (t) => {
  const endless = [
    'return string.find(string.rep("a", 30000), ".-.-.-.-b")',
    'return string.match(string.rep("a", 3000), string.rep("a*", 30) .. "b")',
    'return (string.gsub(string.rep("a", 30000), ".-.-.-.-b", ""))',
    'for each in string.gmatch(string.rep("a", 30000), ".-.-.-.-b") do end',
    'return (string.gsub("abc", ".", function() while true do end end))',
    'table.sort({ 3, 1, 2 }, function() while true do end end)',
    'table.foreach({ 1 }, function() while true do end end)',
    'table.insert({}, -2^31, 1)',
    'local t = {} for i = 1, 900 do t = { t, t } end return cjson.encode(t)',
  ];
  for (const script of endless) {
    const engine = restlessEngine();
    t.equal(engine.start(engine.compile(script, 'user_script'), []), false, script);
    for (let turn = 0; turn < 5; turn++) t.equal(engine.resume(), false, script);
    engine.kill(new LuaError('killed', true));
    t.equal(endOf(engine), 'killed', script);
  }
  t.end();
});

t.test('A script that was left within a library ends as if it had not been', (t) => {
  const script = `
    local t = {}
    for i = 1, 40000 do t[i] = (i * 7919) % 40009 end
    table.sort(t)
    local found = string.find(string.rep("a", 2000) .. "b", "a*a*b$")
    return t[1] .. " " .. t[40000] .. " " .. found .. " " .. #cjson.encode(t)`;
  const engine = restlessEngine();
  let turns = 1;
  let done = engine.start(engine.compile(script, 'user_script'), []);
  for (; !done; turns++) done = engine.resume();
  t.ok(turns > 3, 'it was left more than once');
  t.equal(engine.result, '1 40008 1 228898');
  t.end();
});

t.test('No string is made that is too long', async (t) => {
  const scripts = [
    'return string.rep("x", 2^31 - 1)',
    'local s = string.rep("x", 2^26) return table.concat({ s, s, s, s, s })',
    'local s = string.rep("x", 2^26) return string.format("%s%s%s%s%s%s%s%s%s", s, s, s, s, s, s, s, s, s)',
    'local s = string.rep("x", 2^24) return (string.gsub(string.rep("y", 100), "y", s))',
    'local s = string.rep("x", 2^26) return cjson.encode({ s, s, s, s, s })',
    'local s = string.rep("x", 2^26) return cmsgpack.pack({ s, s, s, s, s })',
    'local s = string.rep("x", 2^26) return struct.pack("sssss", s, s, s, s, s)',
  ];
  const engine = protectedEngine();
  for (const script of scripts) {
    t.equal(
      evaluate(engine, script),
      '-ERR not enough memory script: on @user_script:1.\r\n',
      script,
    );
  }
});
