/** The first line of a script, where it says which language it is in and what it may do: `#!lua flags=no-writes`. */
import {
  INVALID_SHEBANG,
  INVALID_SHEBANG_ENGINE,
  noSuchScriptEngine,
  unexpectedScriptFlag,
  unknownShebangOption,
} from '../../protocol/refusals.js';
import { splitWords } from '../config-table/quoting.js';
import { scriptFlag } from './script-flags.js';

const MARK = '#!';
const FLAGS = 'flags=';

export interface ScriptSource {
  /** What is to be compiled: the first line is empty where it was a shebang, so that lines keep their numbers. */
  readonly code: string;
  /** `ScriptFlag` bits; null without a shebang: then the rules of old hold. */
  readonly flags: number | null;
}

function hasShebang(body: string): boolean {
  return body.startsWith(MARK);
}

/** Reads a script for EVAL. Throws a refusal when the shebang is not as it should be. */
export function readScript(body: string): ScriptSource {
  if (!hasShebang(body)) return { code: body, flags: null };
  const { engine, flags, end } = readShebang(body);
  if (engine.toLowerCase() !== 'lua') throw noSuchScriptEngine(engine);
  return { code: body.slice(end), flags };
}

/** The flags of a script, whatever language it is in. Throws as `readScript` does. */
export function flagsOfScript(body: string): number | null {
  return hasShebang(body) ? readShebang(body).flags : null;
}

interface Shebang {
  readonly engine: string;
  readonly flags: number;
  /** Where the line ends. */
  readonly end: number;
}

function readShebang(body: string): Shebang {
  const end = body.indexOf('\n');
  if (end < 0) throw INVALID_SHEBANG;
  const words = splitWords(body.slice(0, end));
  if (words === null || words.length === 0) throw INVALID_SHEBANG_ENGINE;
  const [first = '', ...options] = words;
  let flags = 0;
  for (const option of options) {
    if (!option.startsWith(FLAGS)) throw unknownShebangOption(option);
    flags |= readFlags(option.slice(FLAGS.length));
  }
  return { engine: first.slice(MARK.length), flags, end };
}

function readFlags(list: string): number {
  if (list === '') return 0;
  let flags = 0;
  for (const name of list.split(',')) {
    const flag = scriptFlag(name);
    if (flag === 0) throw unexpectedScriptFlag(name);
    flags |= flag;
  }
  return flags;
}
