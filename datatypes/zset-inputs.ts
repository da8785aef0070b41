/** What ZUNION, ZINTER and ZDIFF read: sorted sets, and plain sets, whose members all have the score 1. */
import { WRONG_TYPE } from '../protocol/refusals.js';
import type { Call } from './call.js';
import { SetValue } from './set-value.js';
import { NONE } from './store/arena.js';
import { Type } from './store/entry.js';
import { PackedSortedSet } from './zset-packed.js';
import { type MemberVisitor, openSortedSet } from './zset-value.js';

export interface Input {
  readonly size: number;
  /** The score of member `bytes[start, end)`; NaN when it is not there. */
  find(bytes: Uint8Array, start: number, end: number): number;
  /** Visits all members. */
  each(visit: MemberVisitor): void;
}

const NO_MEMBERS: Input = { size: 0, find: () => NaN, each: () => {} };

/** The set or sorted set of the key in argument `i`; empty when there is none. @throws {Refusal} WRONG_TYPE */
export function readInput(call: Call, i: number): Input {
  const { keyspace } = call;
  const ref = call.read(i);
  if (ref === NONE) return NO_MEMBERS;
  const type = keyspace.entries.type(ref);
  if (type === Type.set) return inputOfPlain(new SetValue(keyspace).open(ref));
  if (type !== Type.zset) throw WRONG_TYPE;
  const set = openSortedSet(keyspace, ref, new PackedSortedSet(keyspace.arena));
  return {
    size: set.size,
    find: (bytes, start, end) => set.find(bytes, start, end),
    each: (visit) => set.walk(0, set.size, false, visit),
  };
}

function inputOfPlain(set: SetValue): Input {
  return {
    size: set.size,
    find: (bytes, start, end) => (set.has(bytes, start, end) ? 1 : NaN),
    each: (visit) =>
      set.forEach((bytes, start, end, block) => {
        visit(bytes, start, end, 1, block);
      }),
  };
}
