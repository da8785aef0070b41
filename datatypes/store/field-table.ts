/**
 * Large hashes: a Dict from field to one arena block that holds the field and, if it is short, its value.
 *
 *   word 0   reference count (the arena's)
 *   word 1   length of the field
 *   word 2   bits 0-29 length of a value inside; 30 the field expires, 31 the value stands apart
 *   byte 12  the field; then, aligned to a word and only when needed:
 *            three words: expiry, ms since 1970, low and high half, and the place among the deadlines
 *            two words: the block where the value stands, and its length
 *            or, directly: the value's bytes
 *
 * A value is changed where it stands when it fits and nobody else, such as a reply being sent, holds its block.
 * Nothing here knows what time it is, but for `duplicate`, which leaves out what has expired.
 */
import { ByteViews, copyWords, LONG_COPY_BYTES } from '../../protocol/byte-views.js';
import type { Clock } from '../clock.js';
import type { LargeValue } from '../large-values.js';
import type { Arena, Ref } from './arena.js';
import { Dict, type KeyLayout } from './dict.js';
import { NEVER, type ValueView } from './entry.js';
import { FieldDeadlines } from './field-deadlines.js';
import type { FrozenDict } from './frozen-dict.js';

const FIELD_LAYOUT: KeyLayout = { keyOffset: 12, lengthWord: 1 };
const FIELD_BYTE = 12;
const EXPIRES = 1 << 30;
const APART = 1 << 31;
const LENGTH = EXPIRES - 1;
const EXPIRY_WORDS = 3;
/** Values up to this length stand in the field's own block. */
const LONGEST_INSIDE = 1024;
/** A block that would waste this much more than its value's length is better given back. */
const WORTHWHILE_BYTES = 32;
const BLOCK_BYTE = 4;
const TWO_32 = 2 ** 32;

/** ms since 1970 or NEVER; a BigInt where a number would not be exact. */
export type FieldMoment = number | bigint;

export class FieldTable implements LargeValue {
  /** All fields. */
  readonly fields: Dict;
  /** Those that expire. */
  readonly deadlines: FieldDeadlines;
  private readonly arena: Arena;
  private readonly clock: Clock;
  private readonly views = new ByteViews();
  private place = 0;
  private readonly releaseField = (ref: Ref): void => this.release(ref);

  constructor(arena: Arena, clock: Clock) {
    this.arena = arena;
    this.clock = clock;
    this.fields = new Dict(arena, FIELD_LAYOUT);
    this.deadlines = new FieldDeadlines(arena, {
      timeOf: (ref) => this.expireAtMs(ref),
      setPlace: (ref, place) => {
        arena.words[ref >>> 16]![this.extraWord(ref) + 2] = place;
      },
    });
  }

  get table(): Dict {
    return this.fields;
  }

  get size(): number {
    return this.fields.size;
  }

  get isVolatile(): boolean {
    return this.deadlines.size > 0;
  }

  /** The block of field `bytes[start, end)`, expired or not, or NONE. `hash` is the field's. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): Ref {
    return this.fields.find(hash, bytes, start, end);
  }

  fieldLength(ref: Ref): number {
    return this.arena.words[ref >>> 16]![((ref & 0xffff) << 2) + 1]!;
  }

  /** Where the field starts in its page, `arena.bytes[ref >>> 16]`. */
  fieldStart(ref: Ref): number {
    return ((ref & 0xffff) << 4) + FIELD_BYTE;
  }

  /** Points `view` at a field's name. */
  viewField(ref: Ref, view: ValueView): ValueView {
    view.bytes = this.arena.bytes[ref >>> 16]!;
    view.start = this.fieldStart(ref);
    view.end = view.start + this.fieldLength(ref);
    view.block = ref;
    return view;
  }

  /** Points `view` at a field's value. */
  viewValue(ref: Ref, view: ValueView): ValueView {
    const words = this.arena.words[ref >>> 16]!;
    const kind = this.kind(ref);
    if ((kind & APART) === 0) {
      view.bytes = this.arena.bytes[ref >>> 16]!;
      view.start = ((ref & 0xffff) << 4) + this.valueOffset(ref);
      view.end = view.start + (kind & LENGTH);
      view.block = ref;
      return view;
    }
    const word = this.apartWord(ref);
    const block = words[word]! >>> 0;
    view.bytes = this.arena.bytes[block >>> 16]!;
    view.start = ((block & 0xffff) << 4) + BLOCK_BYTE;
    view.end = view.start + words[word + 1]!;
    view.block = block;
    return view;
  }

  /** ms since 1970, or NEVER. */
  expireAtMs(ref: Ref): number {
    if ((this.kind(ref) & EXPIRES) === 0) return NEVER;
    const words = this.arena.words[ref >>> 16]!;
    const at = this.extraWord(ref);
    return words[at + 1]! * TWO_32 + (words[at]! >>> 0);
  }

  /** As `expireAtMs`, but a BigInt where a number would not be exact. */
  momentOf(ref: Ref): FieldMoment {
    const ms = this.expireAtMs(ref);
    if (ms <= Number.MAX_SAFE_INTEGER) return ms;
    const words = this.arena.words[ref >>> 16]!;
    const at = this.extraWord(ref);
    return (BigInt(words[at + 1]!) << 32n) | BigInt(words[at]! >>> 0);
  }

  /** Adds field `bytes[start, end)`, which must not be there. */
  add(
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    moment: FieldMoment,
  ): Ref {
    const ref = this.create(bytes, start, end, value, valueStart, valueEnd, moment);
    this.fields.insert(hash, ref);
    if (moment !== NEVER) this.deadlines.add(ref);
    return ref;
  }

  /** Gives a field another value and time. Its block may change. */
  change(
    hash: number,
    ref: Ref,
    value: Uint8Array,
    start: number,
    end: number,
    moment: FieldMoment,
  ): void {
    this.fields.detach(hash);
    if (this.overwrite(ref, value, start, end, moment)) return;
    const name = this.arena.bytes[ref >>> 16]!;
    const from = this.fieldStart(ref);
    const next = this.create(name, from, from + this.fieldLength(ref), value, start, end, moment);
    this.exchange(hash, ref, next);
  }

  /** Gives a field another time, or with NEVER none. Its block may change. */
  setMoment(hash: number, ref: Ref, moment: FieldMoment): void {
    this.fields.detach(hash);
    const expires = (this.kind(ref) & EXPIRES) !== 0;
    if (expires && moment !== NEVER && this.arena.references(ref) === 1) {
      this.writeMoment(ref, moment);
      this.deadlines.replace(this.placeOf(ref), ref);
      return;
    }
    if (!expires && moment === NEVER) return;
    const { arena } = this;
    const words = arena.words[ref >>> 16]!;
    const name = arena.bytes[ref >>> 16]!;
    const from = this.fieldStart(ref);
    const to = from + this.fieldLength(ref);
    if ((this.kind(ref) & APART) !== 0) {
      // The value stays where it is: the new block takes it over.
      const word = this.apartWord(ref);
      const next = this.allocate(name, from, to, 0, moment, true);
      const nextWords = arena.words[next >>> 16]!;
      const nextWord = this.apartWord(next);
      nextWords[nextWord] = words[word]!;
      nextWords[nextWord + 1] = words[word + 1]!;
      arena.retain(words[word]! >>> 0);
      this.exchange(hash, ref, next);
      return;
    }
    const start = ((ref & 0xffff) << 4) + this.valueOffset(ref);
    const end = start + (this.kind(ref) & LENGTH);
    this.exchange(hash, ref, this.create(name, from, to, name, start, end, moment));
  }

  remove(hash: number, ref: Ref): void {
    if ((this.kind(ref) & EXPIRES) !== 0) this.deadlines.remove(this.placeOf(ref));
    this.fields.remove(hash, ref);
    this.release(ref);
  }

  /** The fields as they are now, whatever becomes of the hash: blocks for `viewField` and the like. */
  freeze(): FrozenDict {
    return this.fields.freeze(this.releaseField);
  }

  freeSome(): boolean {
    if (this.deadlines.size > 0) this.deadlines.clear();
    this.place = this.fields.takeSegment(this.place, this.releaseField);
    return this.place === 0;
  }

  /** A copy without the fields that have expired. */
  duplicate(): FieldTable {
    const { arena, clock, fields } = this;
    const copy = new FieldTable(arena, clock);
    copy.fields.reserve(fields.size);
    const nowMs = clock.now();
    fields.forEach((ref, hash) => {
      const ms = this.expireAtMs(ref);
      if (ms !== NEVER && ms < nowMs) return;
      copy.addCopy(hash, this, ref);
    });
    return copy;
  }

  bytes(samples: number): number {
    const { fields, deadlines } = this;
    let sampled = 0;
    let sum = 0;
    fields.scan(0, samples === 0 ? fields.size : samples, (ref) => {
      sum += this.blockBytes(ref);
      sampled++;
    });
    const elements = sampled === 0 ? 0 : Math.round((sum / sampled) * fields.size);
    return fields.overheadBytes + deadlines.bytes + elements;
  }

  private blockBytes(ref: Ref): number {
    const { arena } = this;
    const own = arena.capacity(ref);
    if ((this.kind(ref) & APART) === 0) return own;
    return own + arena.capacity(arena.words[ref >>> 16]![this.apartWord(ref)]! >>> 0);
  }

  private addCopy(hash: number, from: FieldTable, ref: Ref): void {
    const { arena } = this;
    const page = arena.bytes[ref >>> 16]!;
    const words = arena.words[ref >>> 16]!;
    const start = from.fieldStart(ref);
    const end = start + from.fieldLength(ref);
    const moment = from.momentOf(ref);
    if ((from.kind(ref) & APART) === 0) {
      const value = ((ref & 0xffff) << 4) + from.valueOffset(ref);
      this.add(hash, page, start, end, page, value, value + (from.kind(ref) & LENGTH), moment);
      return;
    }
    const word = from.apartWord(ref);
    const block = words[word]! >>> 0;
    const value = arena.bytes[block >>> 16]!;
    const at = ((block & 0xffff) << 4) + BLOCK_BYTE;
    this.add(hash, page, start, end, value, at, at + words[word + 1]!, moment);
  }

  private kind(ref: Ref): number {
    return this.arena.words[ref >>> 16]![((ref & 0xffff) << 2) + 2]!;
  }

  /** The first word behind the field: the expiry of one that expires. */
  private extraWord(ref: Ref): number {
    return ((ref & 0xffff) << 2) + ((FIELD_BYTE + this.fieldLength(ref) + 3) >>> 2);
  }

  private apartWord(ref: Ref): number {
    return this.extraWord(ref) + ((this.kind(ref) & EXPIRES) === 0 ? 0 : EXPIRY_WORDS);
  }

  /** Where a value inside starts, from the start of the block. */
  private valueOffset(ref: Ref): number {
    const fieldEnd = FIELD_BYTE + this.fieldLength(ref);
    if ((this.kind(ref) & EXPIRES) === 0) return fieldEnd;
    return ((fieldEnd + 3) & ~3) + EXPIRY_WORDS * 4;
  }

  private placeOf(ref: Ref): number {
    return this.arena.words[ref >>> 16]![this.extraWord(ref) + 2]!;
  }

  private writeMoment(ref: Ref, moment: FieldMoment): void {
    const words = this.arena.words[ref >>> 16]!;
    const at = this.extraWord(ref);
    if (typeof moment === 'bigint') {
      words[at] = Number(BigInt.asIntN(32, moment));
      words[at + 1] = Number(moment >> 32n);
      return;
    }
    words[at] = (moment % TWO_32) | 0;
    words[at + 1] = Math.floor(moment / TWO_32);
  }

  private create(
    bytes: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    moment: FieldMoment,
  ): Ref {
    const { arena } = this;
    const length = valueEnd - valueStart;
    const apart = length > LONGEST_INSIDE;
    const ref = this.allocate(bytes, start, end, length, moment, apart);
    if (!apart) {
      this.write(ref, ((ref & 0xffff) << 4) + this.valueOffset(ref), value, valueStart, length);
      return ref;
    }
    const block = arena.allocate(BLOCK_BYTE + length);
    const words = arena.words[ref >>> 16]!;
    const word = this.apartWord(ref);
    words[word] = block;
    words[word + 1] = length;
    this.write(block, ((block & 0xffff) << 4) + BLOCK_BYTE, value, valueStart, length);
    return ref;
  }

  /** A block with the field and its time; the value is still to be written. */
  private allocate(
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
    moment: FieldMoment,
    apart: boolean,
  ): Ref {
    const fieldLength = end - start;
    const expires = moment !== NEVER;
    let size = FIELD_BYTE + fieldLength;
    if (expires || apart) {
      size = ((size + 3) & ~3) + (expires ? EXPIRY_WORDS * 4 : 0) + (apart ? 8 : 0);
    }
    const ref = this.arena.allocate(apart ? size : size + length);
    const words = this.arena.words[ref >>> 16]!;
    const word = (ref & 0xffff) << 2;
    words[word + 1] = fieldLength;
    words[word + 2] = (expires ? EXPIRES : 0) | (apart ? APART : length);
    this.write(ref, this.fieldStart(ref), bytes, start, fieldLength);
    if (expires) this.writeMoment(ref, moment);
    return ref;
  }

  private write(ref: Ref, at: number, from: Uint8Array, start: number, length: number): void {
    const page = ref >>> 16;
    if (length < LONG_COPY_BYTES) {
      copyWords(this.views.of(from), start, this.arena.views[page]!, at, length);
    } else {
      this.arena.bytes[page]!.set(from.subarray(start, start + length), at);
    }
  }

  /** Writes a value where the old one stands. False, with nothing done, when it does not fit there well. */
  private overwrite(
    ref: Ref,
    value: Uint8Array,
    start: number,
    end: number,
    moment: FieldMoment,
  ): boolean {
    const kind = this.kind(ref);
    const length = end - start;
    const expires = (kind & EXPIRES) !== 0;
    if ((kind & APART) !== 0 || length > LONGEST_INSIDE || expires !== (moment !== NEVER)) {
      return false;
    }
    const offset = this.valueOffset(ref);
    const spare = this.arena.capacity(ref) - offset - length;
    if (spare < 0 || spare > length + WORTHWHILE_BYTES) return false;
    if (this.arena.references(ref) !== 1) return false;
    this.arena.words[ref >>> 16]![((ref & 0xffff) << 2) + 2] = (kind & EXPIRES) | length;
    this.write(ref, ((ref & 0xffff) << 4) + offset, value, start, length);
    if (expires) {
      this.writeMoment(ref, moment);
      this.deadlines.replace(this.placeOf(ref), ref);
    }
    return true;
  }

  /** Puts block `next` of the same field in the place of `ref`, which goes. */
  private exchange(hash: number, ref: Ref, next: Ref): void {
    const was = (this.kind(ref) & EXPIRES) !== 0;
    const is = (this.kind(next) & EXPIRES) !== 0;
    this.fields.replace(hash, ref, next);
    if (was && is) this.deadlines.replace(this.placeOf(ref), next);
    else if (was) this.deadlines.remove(this.placeOf(ref));
    else if (is) this.deadlines.add(next);
    this.release(ref);
  }

  /** Gives up a field's block; its value goes with the last hold on it. */
  private release(ref: Ref): void {
    const { arena } = this;
    if ((this.kind(ref) & APART) !== 0 && arena.references(ref) === 1) {
      arena.release(arena.words[ref >>> 16]![this.apartWord(ref)]! >>> 0);
    }
    arena.release(ref);
  }
}
