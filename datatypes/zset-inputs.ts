/** What ZUNION, ZINTER and ZDIFF read: sorted sets, and plain sets, whose members all have the score 1. */
import { WRONG_TYPE } from '../protocol/refusals.js';
import type { Call } from './call.js';
import type { Keyspace } from './database.js';
import { NONE, type Ref } from './store/arena.js';
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

/** A plain set as it is read here. */
export interface PlainSet {
  readonly size: number;
  has(bytes: Uint8Array, start: number, end: number): boolean;
  forEach(visit: (bytes: Uint8Array, start: number, end: number) => void): void;
}

/** Opens the set of an entry, independent of others that are open. */
export type PlainSetOpener = (keyspace: Keyspace, ref: Ref) => PlainSet;

const openPlainSet: PlainSetOpener = () => {
  throw new Error('Cannot read a set: there are none yet');
};

const NO_MEMBERS: Input = { size: 0, find: () => NaN, each: () => {} };

/** The set or sorted set of the key in argument `i`; empty when there is none. @throws {Refusal} WRONG_TYPE */
export function readInput(call: Call, i: number): Input {
  const { keyspace } = call;
  const ref = call.read(i);
  if (ref === NONE) return NO_MEMBERS;
  const type = keyspace.entries.type(ref);
  if (type === Type.set) return inputOfPlain(openPlainSet(keyspace, ref));
  if (type !== Type.zset) throw WRONG_TYPE;
  const set = openSortedSet(keyspace, ref, new PackedSortedSet(keyspace.arena));
  return {
    size: set.size,
    find: (bytes, start, end) => set.find(bytes, start, end),
    each: (visit) => set.walk(0, set.size, false, visit),
  };
}

function inputOfPlain(set: PlainSet): Input {
  return {
    size: set.size,
    find: (bytes, start, end) => (set.has(bytes, start, end) ? 1 : NaN),
    each: (visit) =>
      set.forEach((bytes, start, end) => {
        visit(bytes, start, end, 1);
      }),
  };
}
