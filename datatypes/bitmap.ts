/** Bitmaps: strings whose bits are set and read one by one. */
import { BIT_OUT_OF_RANGE } from '../protocol/refusals.js';
import { integer, key, keyArg } from '../protocol/spec.js';
import { bitcount, bitpos } from './bitmap-count.js';
import { bitfield, bitfieldRo } from './bitmap-field.js';
import { bitop } from './bitmap-operation.js';
import { readBitOffset, widenString } from './bitmap-values.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { NONE } from './store/arena.js';
import { asString } from './string-values.js';

/** Argument `i` as a bit. @throws {Refusal} BIT_OUT_OF_RANGE */
function readBit(call: Call, i: number): 0 | 1 {
  const bit = call.length(i) === 1 ? (call.buffer[call.start(i)] as number) - 0x30 : -1;
  if (bit !== 0 && bit !== 1) throw BIT_OUT_OF_RANGE;
  return bit;
}

export const setbit = command(
  {
    name: 'setbit',
    group: 'bitmap',
    since: '2.2.0',
    arity: 4,
    flags: ['write', 'denyoom'],
    acl: ['bitmap'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg(), integer('offset'), integer('value')],
    complexity: 'O(1)',
    summary: 'Sets or clears a bit of a string, which grows if need be; returns the bit as it was.',
  },
  (call) => {
    const offset = readBitOffset(call, 2);
    const bit = readBit(call, 3);
    const ref = asString(call, call.write(1));
    const index = Math.floor(offset / 8);
    const grows = ref === NONE || index >= call.db.stringAt(ref).length;
    const { bytes, start } = widenString(call, ref, index + 1);
    const shift = 7 - (offset % 8);
    const byte = bytes[start + index] as number;
    const previous = (byte >>> shift) & 1;
    if (grows || previous !== bit) {
      bytes[start + index] = (byte & ~(1 << shift)) | (bit << shift);
      call.changed(1, EventClass.string, 'setbit');
    }
    call.reply.integer(previous);
  },
);

export const getbit = command(
  {
    name: 'getbit',
    group: 'bitmap',
    since: '2.2.0',
    arity: 3,
    flags: ['readonly', 'fast'],
    acl: ['bitmap'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), integer('offset')],
    complexity: 'O(1)',
    summary: 'Returns a bit of a string: 0 beyond its end.',
  },
  (call) => {
    const offset = readBitOffset(call, 2);
    const ref = asString(call, call.read(1));
    if (ref === NONE) return call.reply.integer(0);
    const { bytes, start, end } = call.db.stringAt(ref);
    const at = start + Math.floor(offset / 8);
    call.reply.integer(at < end ? ((bytes[at] as number) >>> (7 - (offset % 8))) & 1 : 0);
  },
);

export const BITMAP_COMMANDS: readonly Command[] = [
  ...[setbit, getbit, bitcount, bitpos, bitop, bitfield, bitfieldRo],
];
