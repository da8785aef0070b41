/** Counting and finding bits: BITCOUNT, BITPOS. */
import { BIT_NOT_BINARY, SYNTAX_ERROR } from '../protocol/refusals.js';
import { block, integer, key, keyArg, oneOf, word } from '../protocol/spec.js';
import { countBits, findBit } from './bitmap-words.js';
import type { Call } from './call.js';
import { command } from './command.js';
import { isReversed, readPosition } from './options.js';
import { NONE } from './store/arena.js';
import { BitMachine } from './store/bit-machine.js';
import { asString } from './string-values.js';

/** Part of a bitmap as a request tells it: negative positions count from the end. */
interface Range {
  readonly first: number;
  readonly last: number;
  readonly hasLast: boolean;
  /** Both count from the end, and the last one is before the first. */
  readonly reversed: boolean;
  /** Bits in the unit of the positions: 8 or 1. */
  readonly unitBits: 8 | 1;
}

const RANGE_ARGS = block(
  'range',
  [
    integer('start'),
    block(
      'end-unit-block',
      [
        integer('end'),
        oneOf('unit', [word('BYTE'), word('BIT')], { since: '7.0.0', optional: true }),
      ],
      { optional: true },
    ),
  ],
  { optional: true },
);

/** Reads `[start [end [BYTE|BIT]]]` from argument `from` on: without it, all. The unit comes before the end. @throws {Refusal} */
function readRange(call: Call, from: number): Range {
  const given = call.argc - from;
  if (given > 3) throw SYNTAX_ERROR;
  const first = given > 0 ? readPosition(call, from) : 0;
  const unitBits = given > 2 ? readUnit(call, from + 2) : 8;
  const hasLast = given > 1;
  const last = hasLast ? readPosition(call, from + 1) : -1;
  const reversed = hasLast && first < 0 && last < 0 && isReversed(call, from, first, last);
  return { first, last, hasLast, reversed, unitBits };
}

function readUnit(call: Call, i: number): 8 | 1 {
  if (call.is(i, 'byte')) return 8;
  if (call.is(i, 'bit')) return 1;
  throw SYNTAX_ERROR;
}

/** The range's first bit in a string of `length` bytes. */
function firstBit({ first, unitBits }: Range, length: number): number {
  const total = length * (8 / unitBits);
  return (first < 0 ? Math.max(0, first + total) : first) * unitBits;
}

/** The range's last bit in a string of `length` bytes; -1 when the string is empty. */
function lastBit({ last, unitBits }: Range, length: number): number {
  const total = length * (8 / unitBits);
  const unit = Math.min(last < 0 ? Math.max(0, last + total) : last, total - 1);
  return (unit + 1) * unitBits - 1;
}

export const bitcount = command(
  {
    name: 'bitcount',
    group: 'bitmap',
    since: '2.6.0',
    arity: -2,
    flags: ['readonly'],
    acl: ['bitmap'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), RANGE_ARGS],
    complexity: 'O(N)',
    summary: 'Counts the bits that are set in a string, or in part of it.',
  },
  (call) => {
    const range = readRange(call, 2);
    const ref = asString(call, call.read(1));
    if (ref === NONE || range.reversed) return call.reply.integer(0);
    const value = call.db.stringAt(ref);
    const first = firstBit(range, value.length);
    const last = lastBit(range, value.length);
    if (first > last) return call.reply.integer(0);
    const machine = call.keyspace.own(BitMachine);
    call.reply.integer(countBits(machine, value.bytes, value.start, first, last));
  },
);

export const bitpos = command(
  {
    name: 'bitpos',
    group: 'bitmap',
    since: '2.8.7',
    arity: -3,
    flags: ['readonly'],
    acl: ['bitmap'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), integer('bit'), RANGE_ARGS],
    complexity: 'O(N)',
    summary: 'Finds the first bit that is set, or that is clear, in a string or in part of it.',
  },
  (call) => {
    const bit = readPosition(call, 2);
    if (bit !== 0 && bit !== 1) throw BIT_NOT_BINARY;
    const range = readRange(call, 3);
    const ref = asString(call, call.read(1));
    if (ref === NONE) return call.reply.integer(-bit);
    const value = call.db.stringAt(ref);
    const first = firstBit(range, value.length);
    const last = lastBit(range, value.length);
    if (first > last) return call.reply.integer(-1);
    const machine = call.keyspace.own(BitMachine);
    const found = findBit(machine, value.bytes, value.start, first, last, bit);
    // Behind a string whose end nobody named, zeros follow.
    const beyond = found === -1 && bit === 0 && !range.hasLast;
    call.reply.integer(beyond ? last + 1 : found);
  },
);
