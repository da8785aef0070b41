/**
 * `table.sort`: quicksort with the median of three, the way Lua 5.1 does it.
 *
 * Not only the outcome counts: the order of equal elements and the calls of a comparator that keeps
 * count, or is inconsistent, are the same as there. The algorithm is a generator that asks for a
 * comparison where it cannot make it itself: for a call of Lua, or to give way.
 * Source: R. Sedgewick, "Implementing Quicksort Programs", 1978.
 */
import { compareError, findMetamethod } from '../machine/operators.js';
import type { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import { isTrue, type LuaValue, type NativeBody } from '../machine/values.js';
import { checkFunction, checkTable, fail, isNoneOrNil, writable } from './arguments.js';

/** Answers of `compare`; `ask` when the answer has to be asked for. */
const Less = { no: 0, yes: 1, ask: 2 } as const;

type Steps = Generator<undefined, void, boolean>;

class Sorting {
  private readonly table: Table;
  private readonly comparator: LuaValue;
  private readonly steps: Steps;
  private readonly thread: Thread;
  /** The comparison that is asked for. */
  private x: LuaValue;
  private y: LuaValue;
  private readonly compared: NativeBody = (thread) => {
    const less = isTrue(thread.result(0));
    thread.top = thread.frame.callee;
    return this.run(less);
  };
  private readonly goOn: NativeBody = () => this.answer();

  constructor(thread: Thread, table: Table, comparator: LuaValue) {
    this.thread = thread;
    this.table = table;
    this.comparator = comparator;
    this.steps = this.sort(table.border());
  }

  /** Sorts until the end or until a comparison is asked for. */
  run(less: boolean): number {
    return this.steps.next(less).done ? 0 : this.answer();
  }

  /** Has the comparison made that is asked for. */
  private answer(): number {
    const { thread, comparator, x, y } = this;
    const { machine } = thread;
    if (comparator !== undefined) return this.call(comparator, x, y);
    if (machine.budget < 0) return thread.later(this.goOn);
    const less = this.compare(x, y);
    if (less !== Less.ask) return this.run(less === Less.yes);
    const handler = findMetamethod(machine, x, '__lt');
    if (handler === undefined || findMetamethod(machine, y, '__lt') !== handler) {
      throw compareError(machine, thread, x, y);
    }
    return this.call(handler, x, y);
  }

  private call(callee: LuaValue, x: LuaValue, y: LuaValue): number {
    const { thread } = this;
    const func = thread.top;
    thread.push(callee);
    thread.push(x);
    thread.push(y);
    return thread.callThen(func, 1, this.compared);
  }

  /** `x < y` where no function is needed for it. */
  private compare(x: LuaValue, y: LuaValue): number {
    const plain =
      this.comparator === undefined &&
      ((typeof x === 'number' && typeof y === 'number') ||
        (typeof x === 'string' && typeof y === 'string'));
    if (plain && --this.thread.machine.budget >= 0) {
      return (x as number) < (y as number) ? Less.yes : Less.no;
    }
    this.x = x;
    this.y = y;
    return Less.ask;
  }

  private set(i: number, value: LuaValue, j: number, other: LuaValue): void {
    writable(this.thread, this.table);
    this.table.setInteger(i, value);
    this.table.setInteger(j, other);
  }

  /** Sorts elements 1 to `count`. Yields for each comparison it cannot make. */
  private *sort(count: number): Steps {
    const { table } = this;
    // Ranges to be sorted, the next one last: of two parts the smaller comes first.
    const ranges = [1, count];
    while (ranges.length > 0) {
      const high = ranges.pop() ?? 0;
      const low = ranges.pop() ?? 0;
      if (low >= high) continue;
      const first = table.get(low);
      const last = table.get(high);
      let less = this.compare(last, first);
      if (less === Less.ask ? yield : less === Less.yes) this.set(low, last, high, first);
      if (high - low === 1) continue;
      const middle = Math.floor((low + high) / 2);
      const centre = table.get(middle);
      const lowest = table.get(low);
      less = this.compare(centre, lowest);
      if (less === Less.ask ? yield : less === Less.yes) this.set(middle, lowest, low, centre);
      else {
        const highest = table.get(high);
        less = this.compare(highest, centre);
        if (less === Less.ask ? yield : less === Less.yes) this.set(middle, highest, high, centre);
      }
      if (high - low === 2) continue;
      const pivot = table.get(middle);
      this.set(middle, table.get(high - 1), high - 1, pivot);
      let i = low;
      let j = high - 1;
      for (;;) {
        for (;;) {
          less = this.compare(table.get(++i), pivot);
          if (!(less === Less.ask ? yield : less === Less.yes)) break;
          if (i > high) throw this.disorder();
        }
        for (;;) {
          less = this.compare(pivot, table.get(--j));
          if (!(less === Less.ask ? yield : less === Less.yes)) break;
          if (j < low) throw this.disorder();
        }
        if (j < i) break;
        this.set(i, table.get(j), j, table.get(i));
      }
      this.set(high - 1, table.get(i), i, table.get(high - 1));
      if (i - low < high - i) ranges.push(i + 1, high, low, i - 1);
      else ranges.push(low, i - 1, i + 1, high);
    }
  }

  private disorder(): ReturnType<typeof fail> {
    return fail(this.thread, 'invalid order function for sorting');
  }
}

export const sort: NativeBody = (thread) => {
  const table = checkTable(thread, 1);
  const comparator = isNoneOrNil(thread, 2) ? undefined : checkFunction(thread, 2);
  return new Sorting(thread, table, comparator).run(false);
};
