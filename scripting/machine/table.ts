/**
 * Lua tables, laid out as Lua 5.1 lays them out: an array part, and hash nodes in its order.
 *
 * Scripts see the layout: `#t` of a table with holes searches the array part, `unpack` and
 * `ipairs` stop where it says, and `pairs` walks the array part, then the nodes by position. So
 * nodes are placed where 5.1 places them (main position by hash; a collision takes the last free
 * node; a key that sits in another's main position moves out), and both parts are resized when no
 * node is free, by its rule: the array part is the largest power of two of which more than half is
 * in use. What differs is how a key is found: by scanning up to eight nodes, beyond that through a
 * `Map` from key to node, since a JavaScript string cannot carry its 5.1 hash about.
 *
 * A key set to nil keeps its node until the next resize, as there.
 * Source: "The Implementation of Lua 5.0", section 4; Brent's variation of chained scatter tables.
 */

import { hashNumber, hashString } from './hashes.js';
import { heapHasRoom } from './heap.js';
import type { LuaValue } from './values.js';
import { Userdata } from './values.js';

/** Up to this many nodes a scan is faster than a Map. */
const SCANNED_NODES = 8;

const NO_KEYS: LuaValue[] = [];
const NO_HASHES: number[] = [];

/** The power of two that is at least `size`, for sizes from 1. */
function roundUp(size: number): number {
  let power = 1;
  while (power < size) power *= 2;
  return power;
}

/**
 * An array of `size` nils, from 1. It is one of any values from the start, and has no holes: so that the engine
 * need not convert it, nor tell kinds of arrays apart at each access. Literals, for the sizes that most tables have,
 * leave no room to spare; their elements are no constants, or the engine would copy them at the first write.
 */
function nils(size: number, nil: LuaValue): LuaValue[] {
  switch (size) {
    case 1:
      return [nil];
    case 2:
      return [nil, nil];
    case 3:
      return [nil, nil, nil];
    case 4:
      return [nil, nil, nil, nil];
    case 5:
      return [nil, nil, nil, nil, nil];
  }
  const made = [nil, nil, nil, nil, nil, nil];
  while (made.length < size) made.push(nil);
  return made;
}

/** The same of zeros, for sizes that are powers of two. */
function zeros(size: number, zero: number): number[] {
  switch (size) {
    case 1:
      return [zero];
    case 2:
      return [zero, zero];
  }
  const made = [zero, zero, zero, zero];
  while (made.length < size) made.push(zero);
  return made;
}

/** Elements that the array part of a table may have. */
const LARGEST_ARRAY = 2 ** 26;

/** What a slot of the array part and a node take while a table grows, about. */
const SLOT_BYTES = 20;
const NODE_BYTES = 160;
/** A table that takes more than this looks first whether there is so much. */
const LARGE_BYTES = 2 ** 20;

/** How an array part of the best size is found: counts of integer keys by power of two. */
class KeyCounts {
  /** `slices[i]`: keys k with 2^(i-1) < k <= 2^i. */
  private readonly slices = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ];
  total = 0;

  add(key: LuaValue): void {
    if (typeof key !== 'number' || key < 1 || key > 2 ** 26 || !Number.isInteger(key)) return;
    const slice = 32 - Math.clz32(key - 1);
    this.slices[slice] = (this.slices[slice] ?? 0) + 1;
    this.total++;
  }

  /** The largest power of two n such that more than n/2 of 1..n are in use, and how many are. */
  best(): { size: number; used: number } {
    let size = 0;
    let used = 0;
    let seen = 0;
    for (let i = 0, power = 1; i < 27 && power / 2 < this.total; i++, power *= 2) {
      seen += this.slices[i] ?? 0;
      if (seen > power / 2) {
        size = power;
        used = seen;
      }
    }
    return { size, used };
  }
}

export class Table {
  /** The array part: `array[k]` for k from 1; `array[0]` is never used. */
  array: LuaValue[];
  /** The nodes' keys by position; nil where a node is free. Its length is a power of two, or 0. */
  keys: LuaValue[] = NO_KEYS;
  values: LuaValue[] = NO_KEYS;
  /** Hashes of the keys: to hash a long string again at each collision and resize takes long. */
  private hashes: number[] = NO_HASHES;
  metatable: Table | null = null;
  /** Set for what scripts must not change; every setter that scripts reach refuses then. */
  readonly = false;
  /** The nodes from here on are not free. */
  private lastFree = 0;
  private index: Map<LuaValue, number> | null = null;
  /** Where the last key handed out by `next` was: the next question is about it. */
  private walked = 0;
  private ownAddress = 0;

  /** @param arraySize - Slots of the array part. @param nodes - Keys expected in the hash part. */
  constructor(arraySize = 0, nodes = 0) {
    this.array = nils(arraySize + 1, undefined);
    if (nodes > 0) this.allocate(nodes);
  }

  /** A number unlike any other table's, shown by `tostring`; the machine counts them. */
  address(counter: { nextAddress(): number }): number {
    if (this.ownAddress === 0) this.ownAddress = counter.nextAddress();
    return this.ownAddress;
  }

  get(key: LuaValue): LuaValue {
    if (typeof key === 'number' && key >= 1 && key < this.array.length && Number.isInteger(key)) {
      return this.array[key];
    }
    const node = this.find(key);
    return node < 0 ? undefined : this.values[node];
  }

  /** `get` for a key that is known to be a string. */
  getString(key: string): LuaValue {
    const node = this.find(key);
    return node < 0 ? undefined : this.values[node];
  }

  /**
   * Sets a key, without metamethods and without regard to `readonly`.
   *
   * The key must be neither nil nor NaN: the caller has its own words for those.
   */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === 'number' && key >= 1 && key < this.array.length && Number.isInteger(key)) {
      this.array[key] = value;
      return;
    }
    const node = this.find(key);
    // As in 5.1, a new key takes a node even when it is set to nil.
    if (node >= 0) this.values[node] = value;
    else this.insert(key, value, hashOf(key));
  }

  /**
   * `set` for a key that is set again and again: it is looked for in `node` first.
   *
   * @returns The node in which it is.
   */
  setAt(node: number, key: string, value: LuaValue): number {
    if (node < this.keys.length && this.keys[node] === key) {
      this.values[node] = value;
      return node;
    }
    this.set(key, value);
    return this.find(key);
  }

  /** Appends to a table that is being filled from 1 up: `t[n] = value` with n the next index. */
  setInteger(n: number, value: LuaValue): void {
    if (n >= 1 && n < this.array.length) this.array[n] = value;
    else this.set(n, value);
  }

  /** While a new list is being made: adds its next element, not nil. `endList` must follow. */
  append(value: LuaValue): void {
    this.array.push(value);
  }

  /** Gives a list made with `append` the array part that setting its elements one by one gives. */
  endList(): void {
    const { array } = this;
    if (array.length === 1) return;
    const size = roundUp(array.length - 1);
    while (array.length <= size) array.push(undefined);
  }

  /** Sets the first key of a table made for no keys. */
  fillOne(key: string, value: LuaValue): void {
    this.keys = [key];
    this.values = [value];
    this.hashes = [hashString(key)];
    this.lastFree = 1;
  }

  /** The node that holds a key, or -1. The node's value may be nil. */
  find(key: LuaValue): number {
    if (this.index !== null) return this.index.get(key) ?? -1;
    const keys = this.keys;
    if (key === undefined) return -1;
    for (let i = 0; i < keys.length; i++) if (keys[i] === key) return i;
    return -1;
  }

  /** A border: n with t[n] not nil and t[n+1] nil, found as 5.1 finds it. */
  border(): number {
    const array = this.array;
    let high = array.length - 1;
    if (high > 0 && array[high] === undefined) {
      let low = 0;
      while (high - low > 1) {
        const middle = (low + high) >>> 1;
        if (array[middle] === undefined) high = middle;
        else low = middle;
      }
      return low;
    }
    return this.keys.length === 0 ? high : this.borderBeyond(high);
  }

  /** `border` when the array part is full up to `low`: doubles, then halves. */
  private borderBeyond(low: number): number {
    let high = low + 1;
    while (this.get(high) !== undefined) {
      low = high;
      high *= 2;
      if (high > 2147483645) return this.borderByCounting();
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.get(middle) === undefined) high = middle;
      else low = middle;
    }
    return low;
  }

  /** For a table made to mislead the search. */
  private borderByCounting(): number {
    let i = 1;
    while (this.get(i) !== undefined) i++;
    return i - 1;
  }

  /**
   * The position after a key's, in the order of `pairs`; 0 starts.
   *
   * @returns A position for `keyAt` and `valueAt`; -1 at the end, -2 when the key is not there.
   */
  positionAfter(key: LuaValue): number {
    let position = 0;
    const slots = this.array.length - 1;
    if (key !== undefined) {
      if (typeof key === 'number' && key >= 1 && key <= slots && Number.isInteger(key)) {
        position = key;
      } else {
        const node = this.keys[this.walked] === key ? this.walked : this.find(key);
        if (node < 0) return -2;
        position = slots + node + 1;
      }
    }
    for (; position < slots; position++) {
      if (this.array[position + 1] !== undefined) return position;
    }
    const values = this.values;
    for (let node = position - slots; node < values.length; node++) {
      if (values[node] !== undefined) {
        this.walked = node;
        return slots + node;
      }
    }
    return -1;
  }

  keyAt(position: number): LuaValue {
    const slots = this.array.length - 1;
    return position < slots ? position + 1 : this.keys[position - slots];
  }

  valueAt(position: number): LuaValue {
    const slots = this.array.length - 1;
    return position < slots ? this.array[position + 1] : this.values[position - slots];
  }

  /** Grows the array part to `size` slots, as a constructor with a list does. */
  growArray(size: number): void {
    if (size >= this.array.length) this.resize(size, this.keys.length);
  }

  /** Puts a key that is not there into a node; resizes when none is free. */
  private insert(key: LuaValue, value: LuaValue, hash: number): void {
    if (this.keys.length === 0) {
      this.rehash(key);
      this.moveIn(key, value, hash);
      return;
    }
    const main = this.mainPosition(key, hash);
    if (this.values[main] === undefined) {
      this.replace(main, key, value, hash);
      return;
    }
    const free = this.freeNode();
    if (free < 0) {
      this.rehash(key);
      this.moveIn(key, value, hash);
      return;
    }
    const other = this.keys[main];
    const otherHash = this.hashes[main] ?? 0;
    if (this.mainPosition(other, otherHash) === main) {
      this.replace(free, key, value, hash);
    } else {
      this.replace(free, other, this.values[main], otherHash);
      this.replace(main, key, value, hash);
    }
  }

  /** Gives a node to a key, whatever key it had. */
  private replace(node: number, key: LuaValue, value: LuaValue, hash: number): void {
    const index = this.index;
    if (index !== null) {
      const dead = this.keys[node];
      if (dead !== undefined && index.get(dead) === node) index.delete(dead);
      index.set(key, node);
    }
    this.keys[node] = key;
    this.values[node] = value;
    this.hashes[node] = hash;
  }

  private freeNode(): number {
    while (this.lastFree > 0) {
      this.lastFree--;
      if (this.keys[this.lastFree] === undefined) return this.lastFree;
    }
    return -1;
  }

  private mainPosition(key: LuaValue, hash: number): number {
    const size = this.keys.length;
    if (typeof key === 'string' || typeof key === 'boolean') return hash & (size - 1);
    return hash % ((size - 1) | 1);
  }

  /** Finds the best sizes for both parts with one key more, and moves everything there. */
  private rehash(extra: LuaValue): void {
    if (this.array.length === 1 && typeof extra !== 'number' && this.keys.length <= 4) {
      if (this.keys.every((key) => typeof key === 'string')) {
        this.resize(0, this.values.reduce<number>(countOne, 1));
        return;
      }
    }
    const counts = new KeyCounts();
    for (let i = 1; i < this.array.length; i++) if (this.array[i] !== undefined) counts.add(i);
    let keys = counts.total;
    for (let node = 0; node < this.keys.length; node++) {
      if (this.values[node] === undefined) continue;
      counts.add(this.keys[node]);
      keys++;
    }
    counts.add(extra);
    keys++;
    const { size, used } = counts.best();
    this.resize(size, keys - used);
  }

  private resize(arraySize: number, nodes: number): void {
    const { keys, values, hashes, array } = this;
    // JavaScript's own limit on arrays is twice as high, and ends the process.
    if (arraySize > LARGEST_ARRAY) throw new RangeError('Cannot grow a table: it is too large');
    const bytes = arraySize * SLOT_BYTES + nodes * NODE_BYTES;
    if (bytes > LARGE_BYTES && !heapHasRoom(bytes)) {
      throw new RangeError('Cannot grow a table: memory is short');
    }
    const oldSize = array.length - 1;
    const spilled = oldSize > arraySize ? array.splice(arraySize + 1) : [];
    while (array.length <= arraySize) array.push(undefined);
    this.allocate(nodes);
    for (let i = 0; i < spilled.length; i++) {
      if (spilled[i] !== undefined) this.set(arraySize + 1 + i, spilled[i]);
    }
    for (let node = keys.length - 1; node >= 0; node--) {
      const value = values[node];
      if (value !== undefined) this.moveIn(keys[node], value, hashes[node] ?? 0);
    }
  }

  /** Sets a key that is not there, and whose hash is known. */
  private moveIn(key: LuaValue, value: LuaValue, hash: number): void {
    if (typeof key === 'number') this.set(key, value);
    else this.insert(key, value, hash);
  }

  private allocate(nodes: number): void {
    this.walked = 0;
    if (nodes === 0) {
      this.keys = this.values = NO_KEYS;
      this.hashes = NO_HASHES;
      this.index = null;
      this.lastFree = 0;
      return;
    }
    const size = roundUp(nodes);
    this.keys = nils(size, undefined);
    this.values = nils(size, undefined);
    this.hashes = zeros(size, 0);
    this.lastFree = size;
    this.index = size > SCANNED_NODES ? new Map() : null;
  }
}

/** Counts values that are not nil. */
function countOne(count: number, value: LuaValue): number {
  return value === undefined ? count : count + 1;
}

/** A key's hash. Objects have no address to take; no one may rely on their order in `pairs`. */
function hashOf(key: LuaValue): number {
  if (typeof key === 'string') return hashString(key);
  if (typeof key === 'number') return key === 0 ? 0 : hashNumber(key);
  if (typeof key === 'boolean') return key ? 1 : 0;
  return key instanceof Userdata ? key.address : 0;
}
