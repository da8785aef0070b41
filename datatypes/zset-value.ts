/**
 * Sorted sets: members with a score each, ordered by score, then member.
 *
 * A small one is a listpack, a large one a Dict beside a tree; commands see both as a `SortedSet`. Ranks count
 * from 0. A score is never NaN. Which form a value has follows the settings and the real server's rules: a
 * value grows out of the listpack, and goes back only where a command stores a whole result.
 */
import type { Call } from './call.js';
import type { Keyspace } from './database.js';
import { NONE, type Ref } from './store/arena.js';
import { Encoding, Type } from './store/entry.js';
import { LargeSortedSet } from './zset-large.js';
import { PackedSortedSet } from './zset-packed.js';

/** Sees a member, `bytes[start, end)`, good for the call only, its score, and the block it stands in, or NONE. */
export type MemberVisitor = (
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
  block: Ref,
) => void;

/** A question about a member and its score. */
export type MemberTest = (bytes: Uint8Array, start: number, end: number, score: number) => boolean;

/** A question about a score. */
export type ScoreTest = (score: number) => boolean;

export interface SortedSet {
  readonly size: number;
  /** The score of member `bytes[start, end)`; NaN when it is not there. Remembers where it stands. */
  find(bytes: Uint8Array, start: number, end: number): number;
  /** Adds a member that `find` just did not find. */
  insert(bytes: Uint8Array, start: number, end: number, score: number): void;
  /** Gives the member that `find` just found another score. */
  rescore(bytes: Uint8Array, start: number, end: number, score: number): void;
  /** Takes out the member that `find` just found. */
  removeFound(): void;
  /** The rank of the member that `find` just found. */
  rankOfFound(): number;
  /** Visits `count` members from `rank` on; backwards, ranks count from the last. The visitor changes nothing. */
  walk(rank: number, count: number, backwards: boolean, visit: MemberVisitor): void;
  /** As `walk` forwards, of the members only whose score is wanted: the others' names are not even looked at. */
  walkWanted(rank: number, count: number, wants: ScoreTest, visit: MemberVisitor): void;
  /** How many members, from rank `from` on, there are until one for which `test` is false. */
  countWhile(from: number, test: MemberTest): number;
  /** As `countWhile`, from the last but `from` towards the first. */
  countWhileBack(from: number, test: MemberTest): number;
  /** Takes out `count` members from `rank` on. */
  removeRange(rank: number, count: number): void;
}

/** The listpack lenses that commands share. */
class Lenses {
  private shared: PackedSortedSet | null = null;

  packed(keyspace: Keyspace): PackedSortedSet {
    this.shared ??= new PackedSortedSet(keyspace.arena);
    return this.shared;
  }
}

/** The sorted set of an entry. Only one that is packed can be open at a time, but for those given `lens`. */
export function openSortedSet(
  keyspace: Keyspace,
  ref: Ref,
  lens = keyspace.own(Lenses).packed(keyspace),
): SortedSet {
  if (keyspace.entries.encoding(ref) === Encoding.skiplist) {
    return keyspace.large(ref, LargeSortedSet);
  }
  return lens.open(keyspace.entries.value(ref));
}

/** The sorted set of the key in argument `i`, to be read; null when there is none. @throws {Refusal} WRONG_TYPE */
export function readSortedSet(call: Call, i: number): SortedSet | null {
  const ref = call.readAs(i, Type.zset);
  return ref === NONE ? null : openSortedSet(call.keyspace, ref);
}

/** Puts a changed sorted set back into its entry: a packed one may have moved. */
export function keepSortedSet(keyspace: Keyspace, ref: Ref, set: SortedSet): void {
  if (set instanceof PackedSortedSet) keyspace.entries.setValue(ref, set.block, 0);
}

/** Whether a sorted set of so many members, the longest of so many bytes, may be packed. */
export function mayBePacked(keyspace: Keyspace, members: number, longest: number): boolean {
  const { zsetMaxListpackEntries, zsetMaxListpackValue } = keyspace.settings;
  return members <= zsetMaxListpackEntries && longest <= zsetMaxListpackValue;
}

/** Bytes that a listpack is never let grow beyond. */
const PACKED_BYTES_MAX = 1024 * 1024 * 1024;

/**
 * Adds a member that `find` just did not find to the set of entry `ref`, which may thereby become a large one.
 *
 * @returns The set as it is now; the caller still has to keep it.
 */
export function insertMember(
  keyspace: Keyspace,
  ref: Ref,
  set: SortedSet,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
): SortedSet {
  let target = set;
  if (set instanceof PackedSortedSet) {
    const fits =
      mayBePacked(keyspace, set.size + 1, end - start) &&
      set.byteLength + end - start < PACKED_BYTES_MAX;
    if (!fits) {
      target = enlarge(keyspace, ref, set);
      target.find(bytes, start, end);
    }
  }
  target.insert(bytes, start, end, score);
  return target;
}

/** Makes the packed set of an entry a large one. */
export function enlarge(keyspace: Keyspace, ref: Ref, packed: PackedSortedSet): LargeSortedSet {
  const large = copyToLarge(keyspace, packed);
  keyspace.arena.release(packed.block);
  keyspace.entries.setValue(ref, keyspace.largeValues.add(large), 0);
  keyspace.entries.setEncoding(ref, Encoding.skiplist);
  return large;
}

/** A large set of the same members; of those that are there twice, the first. */
export function copyToLarge(keyspace: Keyspace, set: SortedSet): LargeSortedSet {
  const large = new LargeSortedSet(keyspace.arena, keyspace.hash);
  set.walk(0, set.size, false, (bytes, start, end, score) => {
    if (Number.isNaN(large.find(bytes, start, end))) large.insert(bytes, start, end, score);
  });
  return large;
}

/** A value that stands in no entry yet: what `addCollection` and `createApart` take. */
export interface LooseValue {
  readonly encoding: Encoding;
  readonly value: Ref;
}

/** An empty value for what is going to be added: `members` at most, the longest of `longest` bytes. */
export function newSortedSet(keyspace: Keyspace, members: number, longest: number): LooseValue {
  if (mayBePacked(keyspace, members, longest)) {
    const { block } = new PackedSortedSet(keyspace.arena).create();
    return { encoding: Encoding.listpack, value: block };
  }
  const large = new LargeSortedSet(keyspace.arena, keyspace.hash);
  return { encoding: Encoding.skiplist, value: keyspace.largeValues.add(large) };
}

/** A finished large set as a value: packed when the settings allow. The set is the value's from then on. */
export function looseValueOf(keyspace: Keyspace, large: LargeSortedSet): LooseValue {
  if (!mayBePacked(keyspace, large.size, large.longest())) {
    return { encoding: Encoding.skiplist, value: keyspace.largeValues.add(large) };
  }
  const packed = new PackedSortedSet(keyspace.arena).create(large.elementBytes);
  large.walk(0, large.size, false, (bytes, start, end, score) => {
    packed.append(bytes, start, end, score);
  });
  packed.trim();
  large.drop();
  return { encoding: Encoding.listpack, value: packed.block };
}
