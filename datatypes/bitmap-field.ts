/** BITFIELD: integers of any width in a string, several of them read and changed at once. */
import { parseBigInt64, parseSafeInteger } from '../protocol/numbers.js';
import {
  BIT_OFFSET_OUT_OF_RANGE,
  BITFIELD_RO_WRITES,
  INVALID_BITFIELD_TYPE,
  INVALID_OVERFLOW_TYPE,
  SYNTAX_ERROR,
} from '../protocol/refusals.js';
import { block, integer, type KeyFlag, key, keyArg, oneOf, text, word } from '../protocol/spec.js';
import {
  type BitString,
  type IntegerType,
  Overflow,
  readInteger,
  settable,
  sumOf,
  writeInteger,
} from './bitmap-integers.js';
import { checkBitOffset, widenString } from './bitmap-values.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { NONE, type Ref } from './store/arena.js';
import { asString } from './string-values.js';

type Kind = 'get' | 'set' | 'incrby';

/** One subcommand of a request. */
interface Operation {
  readonly kind: Kind;
  readonly type: IntegerType;
  /** Of the integer's first bit. */
  readonly offset: number;
  /** What to set or to add, an int64; 0 for `get`. */
  readonly operand: number | bigint;
  readonly overflow: Overflow;
}

const SIGNED_MARK = 0x69;
const UNSIGNED_MARK = 0x75;
const HASH_MARK = 0x23;
const NO_BITS: BitString = { bytes: new Uint8Array(0), start: 0, end: 0 };

/** Argument `i` as `i1` to `i64` or `u1` to `u63`. @throws {Refusal} INVALID_BITFIELD_TYPE */
function readType(call: Call, i: number): IntegerType {
  const mark = call.buffer[call.start(i)];
  const signed = mark === SIGNED_MARK;
  const bits = parseSafeInteger(call.buffer, call.start(i) + 1, call.end(i));
  const isType = signed || mark === UNSIGNED_MARK;
  // Not turned round, as NaN is to be refused.
  if (!isType || !(bits >= 1 && bits <= (signed ? 64 : 63))) throw INVALID_BITFIELD_TYPE;
  return { signed, bits };
}

/** Argument `i` as a bit offset; `#2` is that of the third integer of `bits` bits. @throws {Refusal} */
function readOffset(call: Call, i: number, bits: number): number {
  const { buffer } = call;
  const [start, end] = [call.start(i), call.end(i)];
  const counted = buffer[start] === HASH_MARK && start < end;
  const number = parseBigInt64(buffer, counted ? start + 1 : start, end);
  if (number === null) throw BIT_OFFSET_OUT_OF_RANGE;
  // The product is one of 64 bits, and what is lost above them is not missed.
  const offset = Number(counted ? BigInt.asIntN(64, number * BigInt(bits)) : number);
  checkBitOffset(call, offset);
  return offset;
}

function readOverflow(call: Call, i: number): Overflow {
  if (call.is(i, 'wrap')) return Overflow.wrap;
  if (call.is(i, 'sat')) return Overflow.saturate;
  if (call.is(i, 'fail')) return Overflow.fail;
  throw INVALID_OVERFLOW_TYPE;
}

/** Argument `i` as an int64: a number where that is exact. */
function readOperand(call: Call, i: number): number | bigint {
  const value = parseSafeInteger(call.buffer, call.start(i), call.end(i));
  return Number.isNaN(value) ? call.bigint(i) : value;
}

/** The subcommand that argument `i` names and that has all its arguments. @throws {Refusal} SYNTAX_ERROR */
function readKind(call: Call, i: number): Kind {
  const left = call.argc - i - 1;
  if (call.is(i, 'get') && left >= 2) return 'get';
  if (call.is(i, 'set') && left >= 3) return 'set';
  if (call.is(i, 'incrby') && left >= 3) return 'incrby';
  throw SYNTAX_ERROR;
}

/** Reads all subcommands. @throws {Refusal} */
function readOperations(call: Call): Operation[] {
  const operations: Operation[] = [];
  let overflow: Overflow = Overflow.wrap;
  let i = 2;
  while (i < call.argc) {
    if (call.is(i, 'overflow') && i + 1 < call.argc) {
      overflow = readOverflow(call, i + 1);
      i += 2;
      continue;
    }
    const kind = readKind(call, i);
    const type = readType(call, i + 1);
    const offset = readOffset(call, i + 2, type.bits);
    const operand = kind === 'get' ? 0 : readOperand(call, i + 3);
    operations.push({ kind, type, offset, operand, overflow });
    i += kind === 'get' ? 3 : 4;
  }
  return operations;
}

/** Bytes of a string that holds all integers that are to be written; 0 when none is. */
function writtenBytes(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const { kind, type, offset } of operations) {
    if (kind !== 'get') bytes = Math.max(bytes, Math.floor((offset + type.bits - 1) / 8) + 1);
  }
  return bytes;
}

function replyReads(call: Call, operations: readonly Operation[]): void {
  const ref = asString(call, call.read(1));
  const bits = ref === NONE ? NO_BITS : call.db.stringAt(ref);
  call.reply.array(operations.length);
  for (const { offset, type } of operations) call.reply.integer(readInteger(bits, offset, type));
}

/**
 * Runs one subcommand and replies. True when it counts as a change: it wrote, and made the string another one or
 * the string `grew` for it. What is refused for its overflow is no change, even of a string that grew.
 */
function runOperation(call: Call, bits: BitString, operation: Operation, grew: boolean): boolean {
  const { kind, type, offset, operand, overflow } = operation;
  const previous = readInteger(bits, offset, type);
  if (kind === 'get') {
    call.reply.integer(previous);
    return false;
  }
  const next =
    kind === 'set' ? settable(type, operand, overflow) : sumOf(type, previous, operand, overflow);
  if (next === null) {
    call.reply.nil();
    return false;
  }
  call.reply.integer(kind === 'set' ? previous : next);
  writeInteger(bits, offset, type, next);
  return grew || BigInt(next) !== BigInt(previous);
}

function runWrites(call: Call, operations: readonly Operation[], length: number): void {
  const ref: Ref = asString(call, call.write(1));
  const grows = ref === NONE || call.db.stringAt(ref).length < length;
  const bits = widenString(call, ref, length);
  call.reply.array(operations.length);
  let changes = 0;
  for (const operation of operations) {
    if (runOperation(call, bits, operation, grows)) changes++;
  }
  if (changes > 0) call.changed(1, EventClass.string, 'setbit', changes);
}

const READ_ONLY: readonly KeyFlag[] = ['RO', 'access'];
const READ_AND_WRITE: readonly KeyFlag[] = ['RW', 'access', 'update'];

/** Whether a BITFIELD only reads, whatever else is wrong with it: its key's flags depend on it. */
function onlyReads(call: Call): boolean {
  for (let i = 2; i < call.argc; i++) {
    if (call.is(i, 'get') && i + 2 < call.argc) i += 2;
    else if (call.is(i, 'overflow') && i + 1 < call.argc) i++;
    else return false;
  }
  return true;
}

const GET_PARTS = [text('encoding'), integer('offset')];

export const bitfield = command(
  {
    name: 'bitfield',
    group: 'bitmap',
    since: '3.2.0',
    arity: -2,
    flags: ['write', 'denyoom'],
    acl: ['bitmap'],
    keys: [key(1, ['RW', 'access', 'update', 'variable_flags'])],
    args: [
      keyArg(),
      oneOf(
        'operation',
        [
          block('get-block', GET_PARTS, { token: 'GET' }),
          block('write', [
            oneOf('overflow-block', [word('WRAP'), word('SAT'), word('FAIL')], {
              token: 'OVERFLOW',
              optional: true,
            }),
            oneOf('write-operation', [
              block('set-block', [...GET_PARTS, integer('value')], { token: 'SET' }),
              block('incrby-block', [...GET_PARTS, integer('increment')], { token: 'INCRBY' }),
            ]),
          ]),
        ],
        { optional: true, multiple: true },
      ),
    ],
    complexity: 'O(1) for each subcommand specified',
    summary: 'Reads and changes integers of any width that stand in a string.',
  },
  (call) => {
    const operations = readOperations(call);
    const length = writtenBytes(operations);
    if (length === 0) replyReads(call, operations);
    else runWrites(call, operations, length);
  },
  { findKeys: (call) => [{ index: 1, flags: onlyReads(call) ? READ_ONLY : READ_AND_WRITE }] },
);

export const bitfieldRo = command(
  {
    name: 'bitfield_ro',
    group: 'bitmap',
    since: '6.0.0',
    arity: -2,
    flags: ['readonly', 'fast'],
    acl: ['bitmap'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      block('get-block', GET_PARTS, {
        token: 'GET',
        optional: true,
        multiple: true,
        multipleToken: true,
      }),
    ],
    complexity: 'O(1) for each subcommand specified',
    summary: 'Reads integers of any width that stand in a string.',
  },
  (call) => {
    const operations = readOperations(call);
    if (writtenBytes(operations) > 0) throw BITFIELD_RO_WRITES;
    replyReads(call, operations);
  },
);
