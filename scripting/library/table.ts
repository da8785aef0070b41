/** The library `table`. */
import { typeName } from '../machine/describe.js';
import type { Machine } from '../machine/machine.js';
import { formatNumber } from '../machine/numbers.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import type { LuaValue, NativeBody } from '../machine/values.js';
import {
  checkFunction,
  checkInt,
  checkTable,
  fail,
  isNoneOrNil,
  optionalInt,
  optionalString,
  register,
  writable,
} from './arguments.js';
import { sort } from './table-sort.js';

const concat: NativeBody = (thread) => {
  const separator = optionalString(thread, 2, '');
  const table = checkTable(thread, 1);
  const from = optionalInt(thread, 3, 1);
  const to = isNoneOrNil(thread, 4) ? table.border() : checkInt(thread, 4);
  let out = '';
  for (let i = from; i <= to; i++) {
    const value = table.get(i);
    if (typeof value === 'string') out += value;
    else if (typeof value === 'number') out += formatNumber(value);
    else {
      const problem = `invalid value (${typeName(value)}) at index ${i} in table for 'concat'`;
      throw fail(thread, problem);
    }
    if (i < to) out += separator;
  }
  thread.machine.charge(out.length);
  return thread.answer(out);
};

/** Moves `table[position..end-1]` one up and puts the value into the gap. */
function moveUp(
  thread: Thread,
  table: Table,
  end: number,
  position: number,
  value: LuaValue,
): number {
  const { machine } = thread;
  for (let i = end; i > position; i--) {
    // A position far below zero makes this long, though there is nothing to move.
    if (--machine.budget < 0) {
      return thread.later((later) => moveUp(later, table, i, position, value));
    }
    table.setInteger(i, table.get(i - 1));
  }
  table.setInteger(position, value);
  return 0;
}

const insert: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  const end = table.border() + 1;
  if (thread.argc === 2) {
    writable(thread, table).setInteger(end, thread.arg(2));
    return 0;
  }
  if (thread.argc !== 3) throw fail(thread, "wrong number of arguments to 'insert'");
  const position = checkInt(thread, 2);
  const value = thread.arg(3);
  return moveUp(thread, writable(thread, table), Math.max(end, position), position, value);
};

const remove: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  const end = table.border();
  const position = optionalInt(thread, 2, end);
  if (position < 1 || position > end) return 0;
  writable(thread, table);
  thread.push(table.get(position));
  for (let i = position; i < end; i++) table.setInteger(i, table.get(i + 1));
  table.setInteger(end, undefined);
  return 1;
};

const getn: NativeBody = (thread) => thread.answer(checkTable(thread, 1).border());

const setn: NativeBody = (thread) => {
  checkTable(thread, 1);
  throw fail(thread, "'setn' is obsolete");
};

const maxn: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  let largest = 0;
  for (let at = table.positionAfter(undefined); at >= 0; ) {
    const key = table.keyAt(at);
    if (typeof key === 'number' && key > largest) largest = key;
    at = table.positionAfter(key);
  }
  return thread.answer(largest);
};

/** Calls the function with each key and value until it answers something. */
const foreach: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  const visit = checkFunction(thread, 2);
  const { top } = thread;
  let key: LuaValue;
  const step: NativeBody = (now) => {
    now.top = top;
    const at = table.positionAfter(key);
    if (at === -2) throw fail(now, "invalid key to 'next'");
    if (at < 0) return 0;
    key = table.keyAt(at);
    now.push(visit);
    now.push(key);
    now.push(table.valueAt(at));
    return now.callThen(top, 1, visited);
  };
  const visited: NativeBody = (now) => {
    const result = now.result(0);
    return result === undefined ? step(now) : now.answer(result);
  };
  return step(thread);
};

/** The same with the elements 1 to n. */
const foreachi: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  const end = table.border();
  const visit = checkFunction(thread, 2);
  const { top } = thread;
  let i = 0;
  const step: NativeBody = (now) => {
    now.top = top;
    if (++i > end) return 0;
    now.push(visit);
    now.push(i);
    now.push(table.get(i));
    return now.callThen(top, 1, visited);
  };
  const visited: NativeBody = (now) => {
    const result = now.result(0);
    return result === undefined ? step(now) : now.answer(result);
  };
  return step(thread);
};

/** Makes the table `table`. */
export function openTable(machine: Machine): void {
  const library = new Table();
  register(library, { concat, foreach, foreachi, getn, insert, maxn, remove, setn, sort });
  machine.globals.set('table', library);
}
