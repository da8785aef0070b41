/** Errors that scripts end with, as replies. */
import { untilZero } from '../../protocol/bytes.js';
import { type Refusal, scriptError } from '../../protocol/refusals.js';
import type { LuaError } from '../../scripting/engine.js';
import { formatNumber } from '../../scripting/machine/numbers.js';
import { Table } from '../../scripting/machine/table.js';
import type { LuaValue } from '../../scripting/machine/values.js';

/** What an error is called that is no text. */
const UNKNOWN = 'unknown error';

/** The text of an error that no command and no error object made, with a code. */
export function showError(value: LuaValue): string {
  if (typeof value === 'string') return `ERR ${value}`;
  if (typeof value === 'number') return `ERR ${formatNumber(value)}`;
  if (value === undefined) return 'ERR nil';
  if (typeof value === 'boolean') return `ERR ${value}`;
  return `ERR ${UNKNOWN}`;
}

export interface ScriptFailure {
  readonly refusal: Refusal;
  /** Whether the error was counted already, by the command that it comes from. */
  readonly isCounted: boolean;
}

/** The reply to a script that ended with an error: its text, and where it came up. */
export function scriptFailure({ value, place }: LuaError): ScriptFailure {
  let text = '';
  let isCounted = false;
  if (value instanceof Table) {
    const own = value.getString('err');
    if (typeof own === 'number') text = formatNumber(own);
    else text = typeof own === 'string' ? own : `ERR ${UNKNOWN}`;
    isCounted = value.getString('ignore_error_stats_update') === true;
  } else text = showError(value);
  text = untilZero(text);
  if (place !== null) text += ` script: on @${place.chunk}:${place.line}.`;
  return { refusal: scriptError(text), isCounted };
}
