/** What a script returns, as a reply. */
import { untilZero } from '../../protocol/bytes.js';
import { formatDouble } from '../../protocol/doubles.js';
import { type Refusal, scriptError } from '../../protocol/refusals.js';
import type { ReplyWriter } from '../../protocol/reply.js';
import { toInteger } from '../machine/numbers.js';
import { Table } from '../machine/table.js';
import type { LuaValue } from '../machine/values.js';

/** Slots of C's Lua stack that nested tables may take up in the real server. */
const MOST_SLOTS = 7995;
const ARRAY_SLOTS = 1;
const MAP_SLOTS = 3;
const FORMAT_LENGTH = 3;
/** Integers beyond are written as BigInts. */
const TWO_53 = 2 ** 53;

/** A text as the line of a reply: a string of C, which ends at a zero byte, with spaces for line ends. */
function oneLine(text: string): string {
  return untilZero(text).replace(/[\r\n]/g, ' ');
}

/** A table of which all up to `next` is written: an array by its indexes, a map or set by its positions. */
interface Walk {
  readonly table: Table;
  readonly kind: 'array' | 'map' | 'set';
  /** What the tables around and this one take up of the real server's stack. */
  readonly slots: number;
  /** Elements still to come. */
  left: number;
  /** Of an array, the last index that was written. */
  index: number;
  /** Of a map or set, the last key that was written. */
  key: LuaValue;
  /** Whether the value of that key is next. */
  owesValue: boolean;
}

/**
 * Writes Lua values as replies.
 *
 * Tables may lie within each other thousands of levels deep: where the writer stands in each is kept here, not
 * on the stack of JavaScript.
 */
export class ReplyValues {
  private readonly reply: ReplyWriter;
  /** Whether the script asked for version 3: only then booleans are themselves. */
  private readonly hasBooleans: boolean;
  private readonly walks: Walk[] = [];
  /** Errors written. */
  readonly errors: Refusal[] = [];
  /** How many others were written, which were counted when they were made. */
  errorsCountedBefore = 0;

  constructor(reply: ReplyWriter, hasBooleans: boolean) {
    this.reply = reply;
    this.hasBooleans = hasBooleans;
  }

  write(value: LuaValue): void {
    const { walks } = this;
    this.begin(value, 0);
    for (let walk = walks.at(-1); walk !== undefined; walk = walks.at(-1)) {
      if (walk.left === 0) walks.pop();
      else this.begin(this.next(walk), walk.slots);
    }
  }

  /** Writes a value, or begins to. @param slots - What the tables around take up. */
  private begin(value: LuaValue, slots: number): void {
    const { reply } = this;
    if (slots >= MOST_SLOTS) return reply.error(STACK_LIMIT);
    if (typeof value === 'string') return reply.latin1(value);
    if (typeof value === 'number') return this.integer(value);
    if (typeof value === 'boolean') return this.boolean(value);
    if (value instanceof Table) return this.table(value, slots);
    reply.nil();
  }

  /** The next value of a table that is being written. */
  private next(walk: Walk): LuaValue {
    const { table } = walk;
    if (walk.kind === 'array') {
      walk.left--;
      walk.index++;
      return table.get(walk.index);
    }
    if (walk.owesValue) {
      walk.owesValue = false;
      walk.left--;
      return table.get(walk.key);
    }
    walk.key = table.keyAt(table.positionAfter(walk.key));
    if (walk.kind === 'map') walk.owesValue = true;
    else walk.left--;
    return walk.key;
  }

  private integer(value: number): void {
    const whole = toInteger(value);
    // No negative zero.
    if (whole > -TWO_53 && whole < TWO_53) return this.reply.integer(whole + 0);
    this.reply.integer(BigInt(whole));
  }

  private boolean(value: boolean): void {
    if (this.hasBooleans) this.reply.boolean(value);
    else if (value) this.reply.integer(1);
    else this.reply.nil();
  }

  private table(table: Table, slots: number): void {
    const { reply } = this;
    const error = table.getString('err');
    if (typeof error === 'string') return this.error(error, table);
    const status = table.getString('ok');
    if (typeof status === 'string') return reply.simple(oneLine(status));
    const double = table.getString('double');
    if (typeof double === 'number') return reply.decimal(formatDouble(double));
    const map = table.getString('map');
    if (map instanceof Table) return this.pairs(map, 'map', slots);
    const set = table.getString('set');
    if (set instanceof Table) return this.pairs(set, 'set', slots);
    const digits = table.getString('big_number');
    if (typeof digits === 'string') return reply.bigNumber(oneLine(digits));
    const verbatim = table.getString('verbatim_string');
    if (verbatim instanceof Table && this.verbatim(verbatim)) return;
    this.array(table, slots);
  }

  /** An error that a command made was counted when it was made. */
  private error(text: string, table: Table): void {
    const refusal = scriptError(untilZero(text));
    if (table.getString('ignore_error_stats_update') === true) {
      this.reply.raw(refusal.bytes);
      this.errorsCountedBefore++;
    } else {
      this.reply.error(refusal);
      this.errors.push(refusal);
    }
  }

  /** Up to the first nil. */
  private array(table: Table, around: number): void {
    let left = 0;
    while (table.get(left + 1) !== undefined) left++;
    this.reply.array(left);
    const slots = around + ARRAY_SLOTS;
    this.walks.push({
      table,
      kind: 'array',
      slots,
      left,
      index: 0,
      key: undefined,
      owesValue: false,
    });
  }

  private pairs(table: Table, kind: 'map' | 'set', around: number): void {
    const left = countOf(table);
    if (kind === 'map') this.reply.map(left);
    else this.reply.set(left);
    const slots = around + MAP_SLOTS;
    this.walks.push({ table, kind, slots, left, index: 0, key: undefined, owesValue: false });
  }

  private verbatim(verbatim: Table): boolean {
    const text = verbatim.getString('string');
    const format = verbatim.getString('format');
    if (typeof text !== 'string' || typeof format !== 'string') return false;
    const letters = format.slice(0, FORMAT_LENGTH).padEnd(FORMAT_LENGTH);
    this.reply.verbatim(letters, text);
    return true;
  }
}

const STACK_LIMIT = scriptError('ERR reached lua stack limit');

/** How many keys a table has. */
function countOf(table: Table): number {
  let count = 0;
  for (let at = table.positionAfter(undefined); at >= 0; count++) {
    at = table.positionAfter(table.keyAt(at));
  }
  return count;
}
