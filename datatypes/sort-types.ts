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
import type { ByteStrings } from './store/byte-strings.js';
import { Type, type ValueView } from './store/entry.js';
import { PackedSortedSet } from './zset-packed.js';
import { enlarge, openSortedSet, type SortedSet } from './zset-value.js';

/** Sees an element, `bytes[start, end)`, good until it returns. */
export type ElementVisitor = (bytes: Uint8Array, start: number, end: number) => void;

/** The elements of a value. */
export interface SortElements {
  readonly size: number;
  /** Shows `count` elements, which must be there, from element `from` on; backwards, both count from the last. */
  show(from: number, count: number, backwards: boolean, visit: ElementVisitor): void;
}

export interface SortSource {
  /** Whether elements have an order of their own, that DESC turns round when they are not to be sorted. */
  readonly ordered: boolean;
  open(keyspace: Keyspace, ref: Ref): SortElements;
}

/** Points `view` at field `field` of the value of `ref`, until the next lookup; false when it has none. */
export type FieldReader = (
  keyspace: Keyspace,
  ref: Ref,
  field: Uint8Array,
  view: ValueView,
) => boolean;

/** Makes a list of `texts` by their indexes, at least one, the value of the key in argument `i`, in place of `previous`. */
export type ListMaker = (
  call: Call,
  i: number,
  previous: Ref,
  texts: ByteStrings,
  indexes: Uint32Array,
) => void;

const members: SortSource = {
  ordered: false,
  open(keyspace, ref) {
    const set = new SetValue(keyspace).open(ref);
    return {
      size: set.size,
      show(from, count, _backwards, visit) {
        let index = 0;
        set.forEach((bytes, start, end) => {
          if (index >= from && index < from + count) visit(bytes, start, end);
          index++;
        });
      },
    };
  },
};

const listElements: SortSource = {
  ordered: true,
  open(keyspace, ref) {
    const cursor = listsOf(keyspace).open(ref);
    const { length } = cursor;
    return {
      size: length,
      show(from, count, backwards, visit) {
        let at = cursor.moveTo(backwards ? length - 1 - from : from);
        for (let left = count; at && left > 0; left--) {
          cursor.read();
          visit(cursor.source, cursor.start, cursor.end);
          at = cursor.step(backwards);
        }
        cursor.close();
      },
    };
  },
};

const scoredMembers: SortSource = {
  ordered: true,
  open(keyspace, ref) {
    const set = largeForGood(keyspace, ref);
    return {
      size: set.size,
      show: (from, count, backwards, visit) => set.walk(from, count, backwards, visit),
    };
  },
};

/** A sorted set, which SORT makes a large one as the real server does, and leaves so. */
function largeForGood(keyspace: Keyspace, ref: Ref): SortedSet {
  const set = openSortedSet(keyspace, ref);
  return set instanceof PackedSortedSet ? enlarge(keyspace, ref, set) : set;
}

const hashField: FieldReader = (keyspace, ref, field, view) => {
  const lens = keyspace.own(HashLens).open(keyspace, ref);
  if (!lens.find(field, 0, field.length)) return false;
  view.bytes = lens.value.bytes;
  view.start = lens.value.start;
  view.end = lens.value.end;
  return true;
};

const makeList: ListMaker = (call, i, previous, texts, indexes) => {
  const lists = listsOf(call.keyspace);
  const ref = lists.create(call, i, previous);
  for (const index of indexes) {
    lists.pushBytes(ref, End.tail, texts.bytes, texts.start(index), texts.end(index));
  }
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
