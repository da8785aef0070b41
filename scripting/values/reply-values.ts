/** What a script returns, as a reply. */
import { formatDouble } from '../../protocol/doubles.js';
import { scriptError } from '../../protocol/refusals.js';
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

/** How line ends go out in a line of their own. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

/** Writes Lua values as replies. */
export class ReplyValues {
  private readonly reply: ReplyWriter;
  /** Whether the script asked for version 3: only then booleans are themselves. */
  private readonly hasBooleans: boolean;

  constructor(reply: ReplyWriter, hasBooleans: boolean) {
    this.reply = reply;
    this.hasBooleans = hasBooleans;
  }

  /** @param slots - What the tables around take up of the real server's stack. */
  write(value: LuaValue, slots = 0): void {
    const { reply } = this;
    if (slots >= MOST_SLOTS) return reply.error(STACK_LIMIT);
    if (typeof value === 'string') return reply.latin1(value);
    if (typeof value === 'number') return this.integer(value);
    if (typeof value === 'boolean') return this.boolean(value);
    if (value instanceof Table) return this.table(value, slots);
    reply.nil();
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
    if (map instanceof Table) return this.map(map, slots);
    const set = table.getString('set');
    if (set instanceof Table) return this.set(set, slots);
    const digits = table.getString('big_number');
    if (typeof digits === 'string') return reply.bigNumber(oneLine(digits));
    const verbatim = table.getString('verbatim_string');
    if (verbatim instanceof Table && this.verbatim(verbatim)) return;
    this.array(table, slots);
  }

  /** An error that a command made was counted when it was made. */
  private error(text: string, table: Table): void {
    const refusal = scriptError(text);
    if (table.getString('ignore_error_stats_update') === true) this.reply.raw(refusal.bytes);
    else this.reply.error(refusal);
  }

  /** Up to the first nil. */
  private array(table: Table, slots: number): void {
    let count = 0;
    while (table.get(count + 1) !== undefined) count++;
    this.reply.array(count);
    for (let i = 1; i <= count; i++) this.write(table.get(i), slots + ARRAY_SLOTS);
  }

  private map(map: Table, slots: number): void {
    const mark = this.reply.defer();
    let pairs = 0;
    for (const position of positions(map)) {
      this.write(map.keyAt(position), slots + MAP_SLOTS);
      this.write(map.valueAt(position), slots + MAP_SLOTS);
      pairs++;
    }
    this.reply.resolveMap(mark, pairs);
  }

  private set(set: Table, slots: number): void {
    const mark = this.reply.defer();
    let count = 0;
    for (const position of positions(set)) {
      this.write(set.keyAt(position), slots + MAP_SLOTS);
      count++;
    }
    this.reply.resolveSet(mark, count);
  }

  private verbatim(verbatim: Table): boolean {
    const text = verbatim.getString('string');
    const format = verbatim.getString('format');
    if (typeof text !== 'string' || typeof format !== 'string') return false;
    const letters = format.slice(0, FORMAT_LENGTH).padEnd(FORMAT_LENGTH);
    this.reply.verbatimBytes(letters, Buffer.from(text, 'latin1'));
    return true;
  }
}

const STACK_LIMIT = scriptError('ERR reached lua stack limit');

function* positions(table: Table): Generator<number> {
  let key: LuaValue;
  for (;;) {
    const position = table.positionAfter(key);
    if (position < 0) return;
    yield position;
    key = table.keyAt(position);
  }
}
