/** Lua values as the debugger shows them. */
import type { Machine } from '../../../scripting/machine/machine.js';
import { formatGeneral } from '../../../scripting/machine/numbers.js';
import { Table } from '../../../scripting/machine/table.js';
import { Thread } from '../../../scripting/machine/thread.js';
import { Closure, type LuaValue, NativeFunction } from '../../../scripting/machine/values.js';

/** Tables in tables that are shown. */
const DEEPEST = 10;
const TOO_DEEP = '<max recursion level reached! Nested table?>';
/** Significant digits of a number. */
const DIGITS = 6;

/** A value with all that is in it; strings as they are. */
export function showLuaValue(machine: Machine, value: LuaValue, depth = 0): string {
  if (depth === DEEPEST) return TOO_DEEP;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatGeneral(value, DIGITS);
  if (typeof value === 'boolean') return String(value);
  if (value === undefined) return 'nil';
  if (value instanceof Table) return showTable(machine, value, depth + 1);
  if (value instanceof Closure || value instanceof NativeFunction) {
    return ` "function@0x${machine.addressOf(value).toString(16)}"`;
  }
  if (value instanceof Thread) return ` "thread@0x${value.address.toString(16)}"`;
  return ' "light-userdata@(nil)"';
}

/** A list when its keys are 1, 2, 3 and so on; else each value with its key. */
function showTable(machine: Machine, table: Table, depth: number): string {
  const pairs: [key: LuaValue, value: LuaValue][] = [];
  for (let at = table.positionAfter(undefined); at >= 0; ) {
    const key = table.keyAt(at);
    pairs.push([key, table.valueAt(at)]);
    at = table.positionAfter(key);
  }
  const isList = pairs.every(([key], i) => key === i + 1);
  const shown = pairs.map(([key, value]) => {
    const text = showLuaValue(machine, value, depth);
    return isList ? `${text}; ` : `[${showLuaValue(machine, key, depth)}]=${text}; `;
  });
  return `{${shown.join('')}}`;
}
