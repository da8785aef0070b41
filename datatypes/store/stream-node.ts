/**
 * A node of a stream: up to a hundred or so entries in one listpack, in Valkey's own layout.
 *
 *   first   how many entries count, how many are deleted, how many fields the first entry had, those fields, 0
 *   entry   flags, then what its ID has more than the node's (milliseconds, sequence), then
 *           the values, when its fields are those of the first (`sameFields`),
 *           or how many fields it has, and each with its value;
 *           then how many elements that were, to walk backwards
 *
 * The node's ID is that of its first entry when it was made. A deleted entry keeps its place and is flagged.
 * `StreamNode` is a lens: `open` points it at a node, `first` and the like at one of its entries. What changes
 * the node may move it: `pack.block` must be put back.
 */
import { parseBigInt64 } from '../../protocol/numbers.js';
import type { Arena, Ref } from './arena.js';
import { Listpack } from './listpack.js';
import { StreamId } from './stream-id.js';

const TWO_32 = 2 ** 32;

export const EntryFlag = { deleted: 1, sameFields: 2 } as const;

/** Elements of an entry besides its fields and values: flags, ID; and, with fields of its own, how many. */
const FIXED_ELEMENTS = 3;

/** The fields and values of an entry to be added: `bytes[starts[i], ends[i])` for `i` from `from` to `to`, by turns. */
export interface EntryData {
  readonly bytes: Uint8Array;
  readonly starts: ArrayLike<number>;
  readonly ends: ArrayLike<number>;
  readonly from: number;
  readonly to: number;
}

export class StreamNode {
  readonly pack: Listpack;
  /** The node's own ID. */
  readonly base = new StreamId();

  /** The entry looked at: its ID, whether it is deleted, how many fields it has. */
  readonly id = new StreamId();
  flags = 0;
  fieldCount = 0;

  /** Where the entry begins; 0 for none. */
  private at = 0;
  /** Where its first field, or value, is. */
  private contents = 0;
  /** Where the first entry's fields are, and how many. */
  private masterFields = 0;
  private masterCount = 0;
  private field = 0;
  private value = 0;
  private left = 0;

  constructor(arena: Arena) {
    this.pack = new Listpack(arena);
  }

  get isDeleted(): boolean {
    return (this.flags & EntryFlag.deleted) !== 0;
  }

  /** Points at a node. `base` must have been set to its ID. */
  open(block: Ref): this {
    const { pack } = this;
    pack.open(block);
    this.at = 0;
    const p = pack.next(pack.next(pack.first()));
    pack.read(p);
    this.masterCount = pack.integer;
    this.masterFields = pack.next(p);
    return this;
  }

  /** Makes a node without entries whose first is to have `id` and these fields. */
  create(id: StreamId, data: EntryData): this {
    const { pack } = this;
    this.base.copy(id);
    pack.create();
    pack.appendInteger(0);
    pack.appendInteger(0);
    pack.appendInteger((data.to - data.from) / 2);
    for (let i = data.from; i < data.to; i += 2)
      pack.append(data.bytes, data.starts[i]!, data.ends[i]!);
    pack.appendInteger(0);
    return this.open(pack.block);
  }

  /** Entries that count. */
  get count(): number {
    this.pack.read(this.pack.first());
    return this.pack.integer;
  }

  /** Entries that are flagged as deleted. */
  get deleted(): number {
    this.pack.read(this.pack.next(this.pack.first()));
    return this.pack.integer;
  }

  /** Adds an entry behind all others. */
  append(id: StreamId, data: EntryData): void {
    const { pack } = this;
    const same = this.hasMasterFields(data);
    pack.appendInteger(same ? EntryFlag.sameFields : 0);
    this.appendDifference(id.msHigh, id.msLow, this.base.msHigh, this.base.msLow);
    this.appendDifference(id.seqHigh, id.seqLow, this.base.seqHigh, this.base.seqLow);
    const elements = data.to - data.from;
    if (!same) pack.appendInteger(elements / 2);
    for (let i = same ? data.from + 1 : data.from; i < data.to; i += same ? 2 : 1) {
      pack.append(data.bytes, data.starts[i]!, data.ends[i]!);
    }
    pack.appendInteger(FIXED_ELEMENTS + (same ? elements / 2 : elements + 1));
    this.addCounts(1, 0);
  }

  private hasMasterFields(data: EntryData): boolean {
    if (data.to - data.from !== this.masterCount * 2) return false;
    const { pack } = this;
    let p = this.masterFields;
    for (let i = data.from; i < data.to; i += 2) {
      if (!pack.equals(p, data.bytes, data.starts[i]!, data.ends[i]!)) return false;
      p = pack.next(p);
    }
    return true;
  }

  /** Appends the difference of two unsigned 64-bit numbers, as a signed one. */
  private appendDifference(high: number, low: number, baseHigh: number, baseLow: number): void {
    let lower = low - baseLow;
    let upper = high - baseHigh;
    if (lower < 0) {
      lower += TWO_32;
      upper--;
    }
    const difference = (upper | 0) * TWO_32 + lower;
    if (Number.isSafeInteger(difference)) {
      this.pack.appendInteger(difference);
      return;
    }
    const exact = (BigInt(upper | 0) << 32n) + BigInt(lower);
    const text = Buffer.from(exact.toString(), 'latin1');
    this.pack.append(text, 0, text.length);
  }

  /** Flags the entry looked at as deleted; the node's counts are left to `addCounts`. */
  flagDeleted(): void {
    this.flags |= EntryFlag.deleted;
    this.pack.replaceInteger(this.at, this.flags);
  }

  /** Changes how many entries count and how many are deleted. No entry is looked at afterwards. */
  addCounts(entries: number, deleted: number): void {
    const { pack } = this;
    const first = pack.first();
    pack.replaceInteger(first, this.count + entries);
    if (deleted !== 0) pack.replaceInteger(pack.next(first), this.deleted + deleted);
    this.open(pack.block);
  }

  /** Goes to the first entry, deleted or not. False when there is none. */
  first(): boolean {
    const { pack } = this;
    let p = this.masterFields;
    for (let i = 0; i < this.masterCount; i++) p = pack.next(p);
    return this.enter(pack.next(p));
  }

  /** Goes to the last entry, deleted or not. False when there is none. */
  last(): boolean {
    return this.enterBefore(this.pack.last());
  }

  /** Goes to the entry after. False when there is none. */
  next(): boolean {
    const { pack } = this;
    let p = this.contents;
    const elements = this.hasOwnFields ? this.fieldCount * 2 : this.fieldCount;
    for (let i = 0; i < elements; i++) p = pack.next(p);
    return this.enter(pack.next(p));
  }

  /** Goes to the entry before. False when there is none. */
  previous(): boolean {
    return this.enterBefore(this.pack.previous(this.at));
  }

  private get hasOwnFields(): boolean {
    return (this.flags & EntryFlag.sameFields) === 0;
  }

  /** Goes to the entry whose last element is at `p`; the node's first part ends in a 0 there. */
  private enterBefore(p: number): boolean {
    const { pack } = this;
    pack.read(p);
    if (pack.integer === 0) return false;
    let at = p;
    for (let i = pack.integer; i > 0; i--) at = pack.previous(at);
    return this.enter(at);
  }

  private enter(p: number): boolean {
    this.at = p;
    if (p === 0) return false;
    const { pack, id, base } = this;
    pack.read(p);
    this.flags = pack.integer;
    let at = pack.next(p);
    id.msHigh = this.sumHigh(at, base.msHigh, base.msLow);
    id.msLow = this.low;
    at = pack.next(at);
    id.seqHigh = this.sumHigh(at, base.seqHigh, base.seqLow);
    id.seqLow = this.low;
    at = pack.next(at);
    this.fieldCount = this.masterCount;
    if (this.hasOwnFields) {
      pack.read(at);
      this.fieldCount = pack.integer;
      at = pack.next(at);
    }
    this.contents = at;
    return true;
  }

  /** The low half of the sum that `sumHigh` made. */
  private low = 0;

  /** The high half of a number plus the signed difference at `p`. */
  private sumHigh(p: number, baseHigh: number, baseLow: number): number {
    const { pack } = this;
    pack.read(p);
    const difference = pack.integer;
    if (!pack.isInteger || !Number.isSafeInteger(difference))
      return this.exactSum(p, baseHigh, baseLow);
    if (difference === 0) {
      this.low = baseLow;
      return baseHigh;
    }
    const high = Math.floor(difference / TWO_32);
    const low = baseLow + (difference - high * TWO_32);
    this.low = low >>> 0;
    return (baseHigh + high + (low >= TWO_32 ? 1 : 0)) >>> 0;
  }

  private exactSum(p: number, baseHigh: number, baseLow: number): number {
    const { pack } = this;
    pack.readText(p);
    const difference = parseBigInt64(pack.source, pack.start, pack.end) ?? 0n;
    const sum = BigInt.asUintN(64, ((BigInt(baseHigh) << 32n) | BigInt(baseLow)) + difference);
    this.low = Number(sum & 0xffff_ffffn);
    return Number(sum >> 32n);
  }

  /** Begins to read the fields of the entry looked at. */
  startFields(): void {
    this.left = this.fieldCount;
    this.field = 0;
    this.value = 0;
  }

  /** Goes to the next field. False when there is none. */
  nextField(): boolean {
    if (this.left === 0) return false;
    const { pack } = this;
    const isFirst = this.left-- === this.fieldCount;
    if (this.hasOwnFields) {
      this.field = isFirst ? this.contents : pack.next(this.value);
      this.value = pack.next(this.field);
    } else {
      this.field = isFirst ? this.masterFields : pack.next(this.field);
      this.value = isFirst ? this.contents : pack.next(this.value);
    }
    return true;
  }

  /** Shows the field's name in `pack.source[pack.start, pack.end)`. */
  showField(): void {
    this.pack.readText(this.field);
  }

  /** Shows the field's value in `pack.source[pack.start, pack.end)`. */
  showValue(): void {
    this.pack.readText(this.value);
  }
}

/**
 * Checks a node from outside, whose listpack is known to be one: that its entries are whole, and its counts right.
 *
 * @returns How many entries count, or -1 when it is no node.
 */
export function checkStreamNode(pack: Listpack): number {
  const count = integerAt(pack, pack.first());
  let p = count < 0 ? 0 : pack.next(pack.first());
  const deleted = integerAt(pack, p);
  p = deleted < 0 ? 0 : pack.next(p);
  const masterCount = integerAt(pack, p);
  if (masterCount < 0) return -1;
  p = skip(pack, p, masterCount + 1);
  if (p === 0 || integerAt(pack, p) !== 0) return -1;
  let live = 0;
  let dead = 0;
  for (p = pack.next(p); p !== 0; p = pack.next(p)) {
    const flags = integerAt(pack, p);
    if (flags < 0) return -1;
    if ((flags & EntryFlag.deleted) === 0) live++;
    else dead++;
    p = endOfEntry(pack, p, flags, masterCount);
    if (p === 0) return -1;
  }
  return live === count && dead === deleted ? count : -1;
}

/** The last element of the entry at `p`; 0 when it is not whole. */
function endOfEntry(pack: Listpack, p: number, flags: number, masterCount: number): number {
  let at = p;
  for (let i = 0; i < 2; i++) {
    at = pack.next(at);
    if (at === 0) return 0;
    pack.read(at);
    if (!pack.isInteger) return 0;
  }
  let elements = masterCount + FIXED_ELEMENTS;
  let skipped = masterCount + 1;
  if ((flags & EntryFlag.sameFields) === 0) {
    at = pack.next(at);
    const own = integerAt(pack, at);
    if (own < 0) return 0;
    elements = own * 2 + FIXED_ELEMENTS + 1;
    skipped = own * 2 + 1;
  }
  at = skip(pack, at, skipped);
  return at !== 0 && integerAt(pack, at) === elements ? at : 0;
}

/** The integer at `p`, which may be 0; -1 when there is none, or it is negative. */
function integerAt(pack: Listpack, p: number): number {
  if (p === 0) return -1;
  pack.read(p);
  return pack.isInteger && Number.isSafeInteger(pack.integer) ? pack.integer : -1;
}

/** The position `count` elements after `p`; 0 when there are not so many. */
function skip(pack: Listpack, p: number, count: number): number {
  let at = p;
  for (let i = 0; i < count && at !== 0; i++) at = pack.next(at);
  return at;
}
