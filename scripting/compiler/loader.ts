/**
 * A private copy of the parser and code generator of the package `fengari`.
 *
 * Its modules call each other through their export objects; we put our own lexer there. Doing so in
 * the module cache of Node would change `fengari` for a program that embeds this server and uses it
 * itself, and loading it whole would load `fs` and `child_process`. So its core files are run here,
 * each once per copy, by a `require` that knows nothing but them.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { platform } from 'node:os';
import { dirname, join } from 'node:path';
import { runInThisContext } from 'node:vm';
import type { CompilerModules } from './modules.js';

/** The only version whose inner workings are known here. */
const VERSION = '0.1.5';

/** What is loaded first, in this order: later files read constants of these while they load. */
const FIRST = ['./defs.js', './luaconf.js', './lstring.js', './lparser.js'];

type Exports = Record<string, unknown>;
type Wrapper = (module: { exports: Exports }, exports: Exports, require: Require) => void;
type Require = (name: string) => unknown;

/** Every file the parser needs is of this form; nothing else can be asked for. */
const NAME = /^\.\/(l[a-z]+|defs)\.js$/;

function isWrapper(value: unknown): value is Wrapper {
  return typeof value === 'function';
}

function loadFile(path: string): Wrapper {
  const source = readFileSync(path, 'utf8');
  const wrapped = `(function (module, exports, require) {${source}\n})`;
  const wrapper: unknown = runInThisContext(wrapped, { filename: path });
  if (!isWrapper(wrapper)) throw new TypeError(`Cannot load ${path}: it is no function`);
  return wrapper;
}

/** The functions we call or replace, by module; a name that is gone must not pass unnoticed. */
const NEEDED: Record<string, readonly string[]> = {
  './lparser.js': ['luaY_parser', 'Dyndata'],
  './lzio.js': ['MBuffer'],
  './lstate.js': ['lua_newstate'],
  './lstring.js': ['TString'],
  './llex.js': [
    'luaX_next',
    'luaX_lookahead',
    'luaX_token2str',
    'luaX_syntaxerror',
    'luaX_newstring',
    'luaX_setinput',
    'RESERVED',
  ],
  './lobject.js': ['luaO_arith', 'TValue'],
};

function checkNeeded(modules: Map<string, { exports: Exports }>): void {
  for (const [name, functions] of Object.entries(NEEDED)) {
    const exports = modules.get(name)?.exports ?? {};
    const missing = functions.find((each) => exports[each] === undefined);
    if (missing) throw new Error(`Cannot use fengari: ${name} has no ${missing}`);
  }
}

/**
 * Loads a fresh copy.
 *
 * @throws {Error} When the package is missing, of another version, or lacks a function we need.
 */
export function loadCompilerModules(): CompilerModules {
  const resolve = createRequire(import.meta.url);
  const description = resolve.resolve('fengari/package.json');
  const { version } = JSON.parse(readFileSync(description, 'utf8')) as { version: string };
  if (version !== VERSION) throw new Error(`Cannot use fengari ${version}: ${VERSION} is needed`);
  const folder = join(dirname(description), 'src');
  const modules = new Map<string, { exports: Exports }>();
  const load: Require = (name) => {
    if (name === 'os') return { platform };
    const known = modules.get(name);
    if (known) return known.exports;
    if (!NAME.test(name)) throw new Error(`Cannot load ${name}: it is no part of the parser`);
    const module = { exports: {} };
    modules.set(name, module);
    loadFile(join(folder, name))(module, module.exports, load);
    return module.exports;
  };
  for (const name of FIRST) load(name);
  checkNeeded(modules);
  const at = (name: string) => modules.get(name)?.exports;
  return {
    parser: at('./lparser.js'),
    lexer: at('./llex.js'),
    strings: at('./lstring.js'),
    objects: at('./lobject.js'),
    buffers: at('./lzio.js'),
    states: at('./lstate.js'),
    opcodes: at('./lopcodes.js'),
  } as unknown as CompilerModules;
}
