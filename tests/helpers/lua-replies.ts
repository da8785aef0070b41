/**
 * Runs a snippet on the engine alone and gives the bytes EVAL would reply in RESP2.
 *
 * Only what snippets of the language need: no commands, error objects only as `pcall` gives them.
 */

import { LuaError, ScriptSyntaxError } from '../../scripting/engine.js';
import { showValue } from '../../scripting/library/base.js';
import { Table } from '../../scripting/machine/table.js';
import type { LuaValue } from '../../scripting/machine/values.js';
import type { LuaEngine } from './lua-engine.js';

const integer = (value: number): string =>
  Number.isNaN(value) || Math.abs(value) >= 2 ** 63
    ? ':-9223372036854775808\r\n'
    : `:${BigInt(Math.trunc(value))}\r\n`;

function reply(value: LuaValue): string {
  if (value === true) return ':1\r\n';
  if (typeof value === 'number') return integer(value);
  if (typeof value === 'string') return `$${value.length}\r\n${value}\r\n`;
  if (!(value instanceof Table)) return '$-1\r\n';
  const error = value.getString('err');
  if (typeof error === 'string') return `-${error}\r\n`;
  const status = value.getString('ok');
  if (typeof status === 'string') return `+${status}\r\n`;
  const items: string[] = [];
  for (let i = 1; value.get(i) !== undefined; i++) items.push(reply(value.get(i)));
  return `*${items.length}\r\n${items.join('')}`;
}

const oneLine = (text: string): string => text.replace(/[\r\n]/g, ' ');

function errorReply(engine: LuaEngine, { value, place }: LuaError): string {
  const text = value instanceof Table ? (value.getString('err') ?? 'unknown error') : value;
  const where = place ? ` script: on @${place.chunk}:${place.line}.` : '';
  return `-ERR ${oneLine(showValue(engine.machine, text))}${where}\r\n`;
}

/** The reply to a snippet, one character per byte. */
export function evaluate(engine: LuaEngine, script: string): string {
  try {
    const chunk = engine.compile(script, 'user_script');
    let done = engine.start(chunk, []);
    while (!done) done = engine.resume();
    return reply(engine.result);
  } catch (error) {
    if (error instanceof ScriptSyntaxError) {
      return `-ERR Error compiling script (new function): ${oneLine(error.text)}\r\n`;
    }
    if (error instanceof LuaError) return errorReply(engine, error);
    throw error;
  }
}
