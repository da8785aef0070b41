/**
 * What SORT knows of types: whose elements it can sort, where it finds fields, how it stores a list. A family
 * joins by one line each; SORT itself knows bytes only.
 */
import type { Call } from './call.js';
import type { Keyspace } from './database.js';
import { HashLens } from './hash-value.js';
import { End, listsOf } from './list-values.js';
import { SetValue } from './set-value.js';
import type { Ref } from './store/arena.js';
import { Type } from './store/entry.js';
import { PackedSortedSet } from './zset-packed.js';
import { enlarge, openSortedSet, type SortedSet } from './zset-value.js';

/** Sees an element, `bytes[start, end)`, good until it returns. */
export type ElementVisitor = (bytes: Uint8Array, start: number, end: number) => void;

export interface SortSource {
  /** Whether elements have an order of their own, that DESC turns round when they are not to be sorted. */
  readonly ordered: boolean;
  /** Shows every element of the value of `ref`, in its order. */
  forEach(keyspace: Keyspace, ref: Ref, visit: ElementVisitor): void;
}

/** The field `field` of the value of `ref` as bytes that stay good until the next lookup; null when it has none. */
export type FieldReader = (keyspace: Keyspace, ref: Ref, field: Uint8Array) => Uint8Array | null;

/** Makes a list of `elements`, at least one, the value of the key in argument `i`, in place of entry `previous`. */
export type ListMaker = (
  call: Call,
  i: number,
  previous: Ref,
  elements: readonly Uint8Array[],
) => void;

const members: SortSource = {
  ordered: false,
  forEach: (keyspace, ref, visit) => new SetValue(keyspace).open(ref).forEach(visit),
};

const listElements: SortSource = {
  ordered: true,
  forEach(keyspace, ref, visit) {
    const cursor = listsOf(keyspace).open(ref);
    for (let at = cursor.moveTo(0); at; at = cursor.next()) {
      cursor.read();
      visit(cursor.source, cursor.start, cursor.end);
    }
    cursor.close();
  },
};

const scoredMembers: SortSource = {
  ordered: true,
  forEach(keyspace, ref, visit) {
    const set = largeForGood(keyspace, ref);
    set.walk(0, set.size, false, visit);
  },
};

/** A sorted set, which SORT makes a large one as the real server does, and leaves so. */
function largeForGood(keyspace: Keyspace, ref: Ref): SortedSet {
  const set = openSortedSet(keyspace, ref);
  return set instanceof PackedSortedSet ? enlarge(keyspace, ref, set) : set;
}

const hashField: FieldReader = (keyspace, ref, field) => {
  const lens = keyspace.own(HashLens).open(keyspace, ref);
  if (!lens.find(field, 0, field.length)) return null;
  const { bytes, start, end } = lens.value;
  return bytes.subarray(start, end);
};

const makeList: ListMaker = (call, i, previous, elements) => {
  const lists = listsOf(call.keyspace);
  const ref = lists.create(call, i, previous);
  for (const element of elements) lists.pushBytes(ref, End.tail, element);
};

/** What can be sorted, by type. */
export const SORT_SOURCES: ReadonlyMap<Type, SortSource> = new Map<Type, SortSource>([
  [Type.set, members],
  [Type.list, listElements],
  [Type.zset, scoredMembers],
]);

/** What `key->field` can name a field of, by type. */
export const FIELD_READERS: ReadonlyMap<Type, FieldReader> = new Map<Type, FieldReader>([
  [Type.hash, hashField],
]);

/** What STORE makes, by type. */
export const LIST_MAKERS: ReadonlyMap<Type, ListMaker> = new Map<Type, ListMaker>([
  [Type.list, makeList],
]);
