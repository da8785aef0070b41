/** Fields of hashes as numbers: HINCRBY, HINCRBYFLOAT. */
import { scratchBytes } from '../protocol/byte-views.js';
import { latin1 } from '../protocol/bytes.js';
import { addLongDoubleTexts, parseLongDouble } from '../protocol/long-double.js';
import { INT64_MAX, INT64_MIN, parseBigInt64, parseSafeInteger } from '../protocol/numbers.js';
import {
  HASH_NOT_A_FLOAT,
  HASH_NOT_AN_INTEGER,
  INCREMENT_OVERFLOW,
  NAN_OR_INFINITY,
  NOT_A_FLOAT,
  NOT_FINITE,
} from '../protocol/refusals.js';
import { double, integer, key, keyArg, text } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { type HashLens, KEEP, writeHash } from './hash-value.js';
import { NEVER } from './store/entry.js';
import type { FieldMoment } from './store/field-table.js';

/** Where the digits of integers are put together. */
class NumberScratch {
  readonly bytes = scratchBytes(LONGEST_INTEGER);
}

const LONGEST_INTEGER = 20;

/** Gives the field in argument 2, which was looked for, the number `digits`. Returns when the field expires. */
function putNumber(call: Call, hash: HashLens, digits: string, event: string): FieldMoment {
  const { buffer } = call;
  const moment = hash.found ? hash.foundMoment : NEVER;
  let value = call.keyspace.own(NumberScratch).bytes;
  if (digits.length > LONGEST_INTEGER) value = latin1(digits);
  else for (let i = 0; i < digits.length; i++) value[i] = digits.charCodeAt(i);
  hash.create(call, 1);
  hash.put(buffer, call.start(2), call.end(2), value, 0, digits.length, KEEP);
  hash.settle(call.db);
  hash.tellOverwritten(call, 1);
  call.changed(1, EventClass.hash, event);
  return moment;
}

/** Sends the field's new value: another machine may add with another precision, or at another time. */
function propagateValue(call: Call, digits: string, moment: FieldMoment): void {
  const { effects } = call;
  if (!effects.propagates) return;
  const [key, field] = [call.bytes(1), call.bytes(2)];
  if (moment === NEVER) effects.propagateAs(['HSET', key, field, digits]);
  else {
    const request = ['HSETEX', key, 'PXAT', String(moment), 'FIELDS', '1', field, digits];
    effects.propagateAs(request);
  }
}

/** The sum of the field that was looked for and `delta`. @throws {Refusal} HASH_NOT_AN_INTEGER, INCREMENT_OVERFLOW. */
function sumOf(hash: HashLens, delta: number | bigint): number | bigint {
  if (!hash.found) return delta;
  const { bytes, start, end } = hash.value;
  // Most sums need no BigInt.
  if (typeof delta === 'number') {
    const plain = parseSafeInteger(bytes, start, end) + delta;
    if (Number.isSafeInteger(plain)) return plain;
  }
  const value = parseBigInt64(bytes, start, end);
  if (value === null) throw HASH_NOT_AN_INTEGER;
  const sum = value + BigInt(delta);
  if (sum > INT64_MAX || sum < INT64_MIN) throw INCREMENT_OVERFLOW;
  return sum;
}

export const hincrby = command(
  {
    name: 'hincrby',
    group: 'hash',
    since: '2.0.0',
    arity: 4,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg(), text('field'), integer('increment')],
    complexity: 'O(1)',
    summary: 'Adds an integer to the one a field holds.',
  },
  (call) => {
    const plain = parseSafeInteger(call.buffer, call.start(3), call.end(3));
    const delta = Number.isNaN(plain) ? call.bigint(3) : plain;
    const hash = writeHash(call, 1);
    hash.find(call.buffer, call.start(2), call.end(2));
    const sum = sumOf(hash, delta);
    const digits = String(sum);
    // Elsewhere a field of this hash may be there longer, or gone sooner.
    const mayDiffer = hash.isVolatile;
    const moment = putNumber(call, hash, digits, 'hincrby');
    if (mayDiffer) propagateValue(call, digits, moment);
    call.reply.integer(sum);
  },
);

const ZERO = Buffer.from('0');

export const hincrbyfloat = command(
  {
    name: 'hincrbyfloat',
    group: 'hash',
    since: '2.6.0',
    arity: 4,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['hash'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg(), text('field'), double('increment')],
    complexity: 'O(1)',
    summary: 'Adds a floating-point number to the one a field holds.',
  },
  (call) => {
    const { buffer } = call;
    const [from, to] = [call.start(3), call.end(3)];
    const increment = parseLongDouble(buffer, from, to);
    if (increment === null) throw NOT_A_FLOAT;
    if (increment.infinite) throw NAN_OR_INFINITY;
    const hash = writeHash(call, 1);
    const found = hash.find(buffer, call.start(2), call.end(2));
    const bytes = found ? hash.value.bytes : ZERO;
    const start = found ? hash.value.start : 0;
    const end = found ? hash.value.end : 1;
    const digits = addLongDoubleTexts(bytes, start, end, buffer, from, to);
    if (digits === null) {
      throw parseLongDouble(bytes, start, end) === null ? HASH_NOT_A_FLOAT : NOT_FINITE;
    }
    const moment = putNumber(call, hash, digits, 'hincrbyfloat');
    propagateValue(call, digits, moment);
    call.reply.text(digits);
  },
);

export const HASH_NUMBER_COMMANDS: readonly Command[] = [hincrby, hincrbyfloat];
