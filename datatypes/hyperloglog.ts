/** HyperLogLogs: about how many different elements there were, in at most 12 KB. */
import { key, keyArg, text } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { pfdebug, pfselftest } from './hyperloglog-debug.js';
import { elementPlace, INDEX_BITS, REGISTERS } from './hyperloglog-hash.js';
import {
  asHyperLogLog,
  estimateRegisters,
  HyperLogLog,
  newRegisters,
} from './hyperloglog-value.js';
import { NONE } from './store/arena.js';

/** The HyperLogLog of key argument 1, to be changed; one for `elements` is made where there is none. */
function forWrite(call: Call, elements = 0): { value: HyperLogLog; created: boolean } {
  const ref = asHyperLogLog(call, call.write(1));
  if (ref === NONE) return { value: HyperLogLog.create(call, elements), created: true };
  const value = new HyperLogLog(call, ref);
  value.own();
  return { value, created: false };
}

export const pfadd = command(
  {
    name: 'pfadd',
    group: 'hyperloglog',
    since: '2.8.9',
    arity: -2,
    flags: ['write', 'denyoom', 'fast'],
    acl: ['hyperloglog'],
    keys: [key(1, ['RW', 'insert'])],
    args: [keyArg(), text('element', { optional: true, multiple: true })],
    complexity: 'O(1) to add every element.',
    summary: 'Adds elements to a HyperLogLog, making it if need be.',
  },
  (call) => {
    const { value, created } = forWrite(call, call.argc - 2);
    let changes = created ? 1 : 0;
    for (let i = 2; i < call.argc; i++) {
      const place = elementPlace(call.buffer, call.start(i), call.end(i));
      if (value.raise(place & (REGISTERS - 1), place >>> INDEX_BITS)) changes++;
    }
    if (changes > 0) {
      value.forgetEstimate();
      call.changed(1, EventClass.string, 'pfadd', changes);
    }
    call.reply.integer(changes > 0 ? 1 : 0);
  },
);

/** Raises the new registers to those of key argument `i`, if there is one. True when it has the dense form. */
function merge(call: Call, i: number): boolean {
  const ref = asHyperLogLog(call, call.read(i));
  if (ref === NONE) return false;
  const value = new HyperLogLog(call, ref);
  value.raiseAll();
  return value.isDense;
}

/** The estimate of key argument 1: worked out and kept when it is not known. */
function countOne(call: Call): number | bigint {
  const ref = asHyperLogLog(call, call.readToChange(1));
  if (ref === NONE) return 0;
  const value = new HyperLogLog(call, ref);
  value.own();
  const known = value.knownEstimate;
  if (known !== null) return known;
  const estimate = value.estimate();
  value.keepEstimate(estimate);
  // A change of the value, which the replicas make as well; but none that an event tells of.
  if (call.effects.attentive) call.effects.changed(call.db, call.bytes(1), 1);
  else call.effects.dirty++;
  return estimate;
}

function countUnion(call: Call): number | bigint {
  newRegisters(call);
  for (let i = 1; i < call.argc; i++) merge(call, i);
  return estimateRegisters(call);
}

export const pfcount = command(
  {
    name: 'pfcount',
    group: 'hyperloglog',
    since: '2.8.9',
    arity: -2,
    flags: ['readonly'],
    acl: ['hyperloglog'],
    keys: [key(1, ['RW', 'access'], -1)],
    args: [keyArg('key', { multiple: true })],
    complexity:
      'O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, and much bigger constant times, when called with multiple keys.',
    summary: 'Tells about how many different elements were added to HyperLogLogs.',
  },
  (call) => call.reply.integer(call.argc === 2 ? countOne(call) : countUnion(call)),
);

export const pfmerge = command(
  {
    name: 'pfmerge',
    group: 'hyperloglog',
    since: '2.8.9',
    arity: -2,
    flags: ['write', 'denyoom'],
    acl: ['hyperloglog'],
    keys: [key(1, ['RW', 'access', 'insert']), key(2, ['RO', 'access'], -1)],
    args: [keyArg('destkey'), keyArg('sourcekey', { optional: true, multiple: true, keySpec: 1 })],
    complexity: 'O(N) to merge N HyperLogLogs, but with high constant times.',
    summary: 'Adds all that was added to some HyperLogLogs to one of them.',
  },
  (call) => {
    const registers = newRegisters(call);
    let dense = false;
    for (let i = 1; i < call.argc; i++) dense = merge(call, i) || dense;
    const { value } = forWrite(call);
    if (dense) {
      if (!value.isDense) value.makeDense();
      value.writeAll();
    } else {
      for (let i = 0; i < registers.length; i++) {
        const count = registers[i] as number;
        if (count > 0) value.raise(i, count);
      }
    }
    value.forgetEstimate();
    call.changed(1, EventClass.string, 'pfadd');
    call.reply.ok();
  },
);

export const HYPERLOGLOG_COMMANDS: readonly Command[] = [
  ...[pfadd, pfcount, pfmerge, pfdebug, pfselftest],
];
