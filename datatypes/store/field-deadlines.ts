/**
 * When fields of a hash expire: a binary heap of their blocks, the soonest first.
 *
 * Each block knows its place in the heap, so a field that goes, moves or gets another time is put right in
 * O(log n), and the heap holds no field that is not there. What is due is found without a look at the rest.
 * Source: Williams, "Algorithm 232: Heapsort" (1964).
 */
import type { Arena, Ref } from './arena.js';

/** Where a block keeps its time and its place. */
export interface DeadlineLayout {
  /** ms since 1970. */
  timeOf(ref: Ref): number;
  setPlace(ref: Ref, place: number): void;
}

const NO_REFS = new Int32Array(0);

export class FieldDeadlines {
  size = 0;
  private refs: Int32Array<ArrayBuffer> = NO_REFS;
  private readonly arena: Arena;
  private readonly layout: DeadlineLayout;

  constructor(arena: Arena, layout: DeadlineLayout) {
    this.arena = arena;
    this.layout = layout;
  }

  /** Bytes of the heap. */
  get bytes(): number {
    return this.refs.byteLength;
  }

  /** The time of the field that expires first; Infinity when none does. */
  get soonestMs(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.layout.timeOf(this.refs[0]! >>> 0);
  }

  /** The field that expires first. There must be one. */
  get soonest(): Ref {
    return this.refs[0]! >>> 0;
  }

  add(ref: Ref): void {
    if (this.size === this.refs.length) this.resize(Math.max(4, this.size * 2));
    this.rise(this.size++, ref);
  }

  /** The field at `place` goes. */
  remove(place: number): void {
    const last = this.refs[--this.size]! >>> 0;
    if (place < this.size) this.settle(place, last);
    if (this.size === 0) this.resize(0);
    else if (this.size * 4 < this.refs.length && this.size >= 4) this.resize(this.size * 2);
  }

  /** The field at `place` is in block `ref` now, and may have another time. */
  replace(place: number, ref: Ref): void {
    this.settle(place, ref);
  }

  /** How many fields have a time before `nowMs`. */
  countBefore(nowMs: number, place = 0): number {
    if (place >= this.size || this.layout.timeOf(this.refs[place]! >>> 0) >= nowMs) return 0;
    const left = this.countBefore(nowMs, place * 2 + 1);
    return 1 + left + this.countBefore(nowMs, place * 2 + 2);
  }

  clear(): void {
    this.size = 0;
    this.resize(0);
  }

  private resize(length: number): void {
    this.arena.outsideBytes += (length - this.refs.length) * 4;
    const next = length === 0 ? NO_REFS : new Int32Array(length);
    if (length > 0) next.set(this.refs.subarray(0, this.size));
    this.refs = next;
  }

  private put(place: number, ref: Ref): void {
    this.refs[place] = ref;
    this.layout.setPlace(ref, place);
  }

  /** Puts `ref` where it belongs, at `place`, above or below it. */
  private settle(place: number, ref: Ref): void {
    const { refs, layout } = this;
    const ms = layout.timeOf(ref);
    if (place > 0 && ms < layout.timeOf(refs[(place - 1) >>> 1]! >>> 0)) this.rise(place, ref);
    else this.sink(place, ref, ms);
  }

  private rise(from: number, ref: Ref): void {
    const { refs, layout } = this;
    const ms = layout.timeOf(ref);
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      const above = refs[parent]! >>> 0;
      if (layout.timeOf(above) <= ms) break;
      this.put(place, above);
      place = parent;
    }
    this.put(place, ref);
  }

  private sink(from: number, ref: Ref, ms: number): void {
    const { refs, layout, size } = this;
    let place = from;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= size) break;
      let childMs = layout.timeOf(refs[child]! >>> 0);
      if (child + 1 < size) {
        const otherMs = layout.timeOf(refs[child + 1]! >>> 0);
        if (otherMs < childMs) {
          child++;
          childMs = otherMs;
        }
      }
      if (childMs >= ms) break;
      this.put(place, refs[child]! >>> 0);
      place = child;
    }
    this.put(place, ref);
  }
}
