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
/** When a text is so long nothing more is shown: a table that holds itself many times would never end. */
const LONGEST = 1024 * 1024;

/** A value with all that is in it; strings as they are. */
export function showLuaValue(machine: Machine, value: LuaValue): string {
  const shown = new ShownValue(machine);
  shown.add(value, 0);
  return shown.text;
}

class ShownValue {
  text = '';
  private readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  add(value: LuaValue, depth: number): void {
    if (this.text.length > LONGEST) return;
    if (depth === DEEPEST) this.text += TOO_DEEP;
    else if (value instanceof Table) this.addTable(value, depth + 1);
    else this.text += this.plain(value);
  }

  private plain(value: Exclude<LuaValue, Table>): string {
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return formatGeneral(value, DIGITS);
    if (typeof value === 'boolean') return String(value);
    if (value === undefined) return 'nil';
    if (value instanceof Closure || value instanceof NativeFunction) {
      return ` "function@0x${this.machine.addressOf(value).toString(16)}"`;
    }
    if (value instanceof Thread) return ` "thread@0x${value.address.toString(16)}"`;
    return ' "light-userdata@(nil)"';
  }

  /** A list when its keys are 1, 2, 3 and so on; else each value with its key. */
  private addTable(table: Table, depth: number): void {
    const pairs = pairsOf(table);
    const isList = pairs.every(([key], i) => key === i + 1);
    this.text += '{';
    for (const [key, value] of pairs) {
      if (!isList) {
        this.text += '[';
        this.add(key, depth);
        this.text += ']=';
      }
      this.add(value, depth);
      this.text += '; ';
      if (this.text.length > LONGEST) break;
    }
    this.text += '}';
  }
}

function pairsOf(table: Table): [key: LuaValue, value: LuaValue][] {
  const pairs: [key: LuaValue, value: LuaValue][] = [];
  for (let at = table.positionAfter(undefined); at >= 0; ) {
    const key = table.keyAt(at);
    pairs.push([key, table.valueAt(at)]);
    at = table.positionAfter(key);
  }
  return pairs;
}
