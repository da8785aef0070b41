/** PFDEBUG and PFSELFTEST: a look inside HyperLogLogs. */
import {
  HYPERLOGLOG_NOT_SPARSE,
  NO_SUCH_KEY_TO_DEBUG,
  SIMD_NEITHER_ON_NOR_OFF,
  selfTestFailed,
  unknownPfdebugSubcommand,
} from '../protocol/refusals.js';
import { key, keyArg, text } from '../protocol/spec.js';
import type { Call } from './call.js';
import { command } from './command.js';
import { elementPlace, INDEX_BITS, REGISTERS, RUN_BITS } from './hyperloglog-hash.js';
import {
  DENSE_BYTES,
  denseRegister,
  Histogram,
  raiseDense,
  writeDense,
} from './hyperloglog-registers.js';
import { isLongZeros, runBytes, runLength, runValue } from './hyperloglog-sparse.js';
import { asHyperLogLog, HyperLogLog } from './hyperloglog-value.js';
import type { Random } from './random.js';
import { NONE } from './store/arena.js';

/** SIMD ON|OFF: there is nothing to switch here, so it is only answered. */
function replySimd(call: Call): void {
  if (call.is(2, 'on')) call.reply.simple('enabled');
  else if (call.is(2, 'off')) call.reply.simple('disabled');
  else throw SIMD_NEITHER_ON_NOR_OFF;
}

/** Gives the value the dense form, as the key's holders elsewhere are told. False when it had it. */
function turnDense(call: Call, value: HyperLogLog): boolean {
  if (value.isDense) return false;
  value.makeDense();
  if (call.effects.attentive) call.effects.changed(call.db, call.bytes(2), 1);
  else call.effects.dirty++;
  return true;
}

function replyRegisters(call: Call, value: HyperLogLog): void {
  turnDense(call, value);
  call.reply.array(REGISTERS);
  for (let i = 0; i < REGISTERS; i++) call.reply.integer(value.register(i));
}

/** Replies the runs of the sparse form: z and Z for short and long ones of zeros, v for those of a value. */
function replyRuns(call: Call, value: HyperLogLog): void {
  if (value.isDense) throw HYPERLOGLOG_NOT_SPARSE;
  const { bytes, end } = value;
  const runs: string[] = [];
  for (let at = value.registersStart; at < end; at += runBytes(bytes[at] as number)) {
    const byte = bytes[at] as number;
    const length = runLength(bytes, at, end);
    const count = runValue(byte);
    if (count > 0) runs.push(`v:${count},${length}`);
    else runs.push(`${isLongZeros(byte) ? 'Z' : 'z'}:${length}`);
  }
  call.reply.text(runs.join(' '));
}

export const pfdebug = command(
  {
    name: 'pfdebug',
    group: 'hyperloglog',
    since: '2.8.9',
    arity: 3,
    flags: ['write', 'denyoom', 'admin'],
    acl: ['hyperloglog', 'dangerous'],
    keys: [key(2, ['RW', 'access'])],
    args: [text('subcommand'), keyArg()],
    complexity: 'N/A',
    summary: 'Shows the inside of a HyperLogLog.',
    internal: true,
  },
  (call) => {
    if (call.is(1, 'simd')) return replySimd(call);
    const ref = call.write(2);
    if (ref === NONE) throw NO_SUCH_KEY_TO_DEBUG;
    const value = new HyperLogLog(call, asHyperLogLog(call, ref));
    value.own();
    if (call.is(1, 'getreg')) replyRegisters(call, value);
    else if (call.is(1, 'decode')) replyRuns(call, value);
    else if (call.is(1, 'encoding')) call.reply.simple(value.isDense ? 'dense' : 'sparse');
    else if (call.is(1, 'todense')) call.reply.integer(turnDense(call, value) ? 1 : 0);
    else throw unknownPfdebugSubcommand(call.text(1));
  },
);

const ROUNDS = 20;
const ELEMENTS = 100_000;
/** The standard error of the estimate is 1.04 / sqrt(registers): it stays within five of them. */
const TOLERANCE = (5 * 1.04) / Math.sqrt(REGISTERS);

/** Registers written by chance must read back, each beside its neighbours. */
function checkPacking(random: Random): void {
  const packed = new Uint8Array(DENSE_BYTES);
  const plain = new Uint8Array(REGISTERS);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < REGISTERS; i++) {
      plain[i] = random.below(RUN_BITS + 2);
      writeDense(packed, 0, i, plain[i] as number);
    }
    for (let i = 0; i < REGISTERS; i++) {
      if (denseRegister(packed, 0, i) !== plain[i])
        throw selfTestFailed(`Register ${i} should be ${plain[i]}`);
    }
  }
}

/** The estimate must be near the number of elements, at each power of ten. */
function checkEstimates(random: Random): void {
  const packed = new Uint8Array(DENSE_BYTES);
  const element = Buffer.alloc(8);
  const histogram = new Histogram();
  element.writeUInt32LE(random.uint32(), 4);
  for (let count = 1, checkAt = 10; count <= ELEMENTS; count++) {
    element.writeUInt32LE(count, 0);
    const place = elementPlace(element, 0, element.length);
    raiseDense(packed, 0, place & (REGISTERS - 1), place >>> INDEX_BITS);
    if (count < checkAt) continue;
    checkAt *= 10;
    histogram.clear();
    for (let i = 0; i < REGISTERS; i++) histogram.add(denseRegister(packed, 0, i));
    const estimate = Number(histogram.estimate());
    if (Math.abs(estimate - count) > Math.ceil(count * TOLERANCE))
      throw selfTestFailed(`Estimate of ${count} elements is ${estimate}`);
  }
}

export const pfselftest = command(
  {
    name: 'pfselftest',
    group: 'hyperloglog',
    since: '2.8.9',
    arity: 1,
    flags: ['admin'],
    acl: ['hyperloglog', 'dangerous'],
    complexity: 'N/A',
    summary: 'Tests the workings of HyperLogLogs.',
    internal: true,
  },
  (call) => {
    checkPacking(call.random);
    checkEstimates(call.random);
    call.reply.ok();
  },
);
