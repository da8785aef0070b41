/**
 * Strings as numbers: INCR and its family.
 *
 * Integers of up to 2^53 are added as JavaScript numbers and written where they stand; only beyond
 * that does a BigInt come in, for the whole int64 range.
 */
import { addLongDoubleTexts, parseLongDouble } from '../protocol/long-double.js';
import { INT64_MAX, INT64_MIN, parseBigInt64, parseSafeInteger } from '../protocol/numbers.js';
import {
  DECREMENT_OVERFLOW,
  INCREMENT_OVERFLOW,
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  NOT_FINITE,
  type Refusal,
} from '../protocol/refusals.js';
import { double, integer, key, keyArg } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { NONE, type Ref } from './store/arena.js';
import { Encoding, NEVER } from './store/entry.js';
import { embeddedOrRaw } from './string-encoding.js';
import { asString } from './string-values.js';

/** Adds to the integer at key argument 1, which is 0 when there is none; replies the sum. */
function add(call: Call, delta: number): void {
  const ref = asString(call, call.write(1));
  let sum = delta;
  if (ref !== NONE) {
    const { bytes, start, end } = call.db.stringAt(ref);
    // NaN, that is: not safe, when the value is none.
    sum += parseSafeInteger(bytes, start, end);
  }
  if (!Number.isSafeInteger(sum)) return addExactly(call, ref, BigInt(delta));
  call.db.setInteger(call.buffer, call.start(1), call.end(1), ref, sum);
  call.changed(1, EventClass.string, 'incrby');
  call.reply.integer(sum);
}

/** As `add`, over the whole int64 range. `ref` is the string that is there, or NONE. */
function addExactly(call: Call, ref: Ref, delta: bigint): void {
  let value = 0n;
  if (ref !== NONE) {
    const { bytes, start, end } = call.db.stringAt(ref);
    const old = parseBigInt64(bytes, start, end);
    if (old === null) throw NOT_AN_INTEGER;
    value = old;
  }
  const sum = value + delta;
  if (sum > INT64_MAX || sum < INT64_MIN) throw INCREMENT_OVERFLOW;
  replaceText(call, ref, sum.toString(), Encoding.int);
  call.changed(1, EventClass.string, 'incrby');
  call.reply.integer(sum);
}

/** Sets key argument 1 to a text of ASCII; its expiry stays. */
function replaceText(call: Call, ref: Ref, digits: string, encoding: Encoding): void {
  const bytes = Buffer.from(digits, 'latin1');
  const expireAtMs = ref === NONE ? NEVER : call.keyspace.entries.expireAtMs(ref);
  const { buffer, db } = call;
  db.setString(buffer, call.start(1), call.end(1), bytes, 0, bytes.length, expireAtMs, encoding);
}

export const incr = command(
  {
    name: 'incr',
    group: 'string',
    since: '1.0.0',
    arity: 2,
    flags: ['write', 'denyoom', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Adds one to the integer a key holds.',
  },
  (call) => add(call, 1),
);

export const decr = command(
  {
    name: 'decr',
    group: 'string',
    since: '1.0.0',
    arity: 2,
    flags: ['write', 'denyoom', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Subtracts one from the integer a key holds.',
  },
  (call) => add(call, -1),
);

export const incrby = command(
  {
    name: 'incrby',
    group: 'string',
    since: '1.0.0',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg(), integer('increment')],
    complexity: 'O(1)',
    summary: 'Adds an integer to the one a key holds.',
  },
  (call) => {
    const delta = parseSafeInteger(call.buffer, call.start(2), call.end(2));
    if (!Number.isNaN(delta)) return add(call, delta);
    const exact = call.bigint(2);
    addExactly(call, asString(call, call.write(1)), exact);
  },
);

export const decrby = command(
  {
    name: 'decrby',
    group: 'string',
    since: '1.0.0',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg(), integer('decrement')],
    complexity: 'O(1)',
    summary: 'Subtracts an integer from the one a key holds.',
  },
  (call) => {
    const delta = parseSafeInteger(call.buffer, call.start(2), call.end(2));
    if (!Number.isNaN(delta)) return add(call, 0 - delta);
    const exact = call.bigint(2);
    if (exact === INT64_MIN) throw DECREMENT_OVERFLOW;
    addExactly(call, asString(call, call.write(1)), -exact);
  },
);

/** What stands in for the value of a key that is not there. */
const ZERO = { bytes: Buffer.from('0'), start: 0, end: 1 };

/** Why `bytes[start, end)` and argument 2 have no sum. */
function whyNoSum(call: Call, bytes: Uint8Array, start: number, end: number): Refusal {
  const value = parseLongDouble(bytes, start, end);
  const increment = parseLongDouble(call.buffer, call.start(2), call.end(2));
  return value === null || increment === null ? NOT_A_FLOAT : NOT_FINITE;
}

export const incrbyfloat = command(
  {
    name: 'incrbyfloat',
    group: 'string',
    since: '2.6.0',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    acl: ['string'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg(), double('increment')],
    complexity: 'O(1)',
    summary: 'Adds a floating-point number to the one a key holds.',
  },
  (call) => {
    const { buffer, effects } = call;
    const ref = asString(call, call.write(1));
    const value = ref === NONE ? ZERO : call.db.stringAt(ref);
    const { bytes, start, end } = value;
    const digits = addLongDoubleTexts(bytes, start, end, buffer, call.start(2), call.end(2));
    if (digits === null) throw whyNoSum(call, bytes, start, end);
    const expires = ref !== NONE && call.keyspace.entries.hasExpiry(ref);
    // Not `int`, even if it is one: the real server keeps it as the text it made.
    replaceText(call, ref, digits, embeddedOrRaw(digits.length, call.length(1), expires));
    call.changed(1, EventClass.string, 'incrbyfloat');
    call.reply.text(digits);
    // As its result: another machine may add with another precision.
    if (effects.propagates) effects.propagateAs(['SET', call.bytes(1), digits, 'KEEPTTL']);
  },
);
