/**
 * The elements a Dict had at one moment, however it changes since: what a snapshot writes of a large value.
 *
 * It shares the Dict's segments. The Dict copies a segment before it changes one that is shared, and each
 * element in both then has an owner more. So the moment costs a few instructions for each thousand elements,
 * and memory grows with what is changed, not with what is there.
 */
import { type Arena, NONE, type Ref } from './arena.js';

/** Where a segment keeps what is read of it, in words from its start. */
export interface SegmentLayout {
  readonly slots: number;
  readonly firstSlot: number;
}

export class FrozenDict {
  /** Elements. */
  readonly size: number;
  private readonly arena: Arena;
  private readonly layout: SegmentLayout;
  private readonly segments: readonly Ref[];
  private readonly releaseElement: (ref: Ref) => void;
  private readonly onEnd: () => void;
  private next = 0;

  /** @param onEnd - Called when all segments are given back. */
  constructor(
    arena: Arena,
    layout: SegmentLayout,
    segments: readonly Ref[],
    size: number,
    releaseElement: (ref: Ref) => void,
    onEnd: () => void,
  ) {
    this.arena = arena;
    this.layout = layout;
    this.segments = segments;
    this.size = size;
    this.releaseElement = releaseElement;
    this.onEnd = onEnd;
    for (const segment of segments) arena.retain(segment);
  }

  /** Visits the elements of the next segment, about a thousand, and gives it back. True when that was the last. */
  takeSome(visit: (ref: Ref) => void): boolean {
    const segment = this.segments[this.next];
    if (segment !== undefined) {
      this.each(segment, visit);
      this.giveBack(segment);
      this.next++;
    }
    if (this.next < this.segments.length) return false;
    if (this.next === this.segments.length) this.onEnd();
    this.next = this.segments.length + 1;
    return true;
  }

  /** Gives back what was not taken. */
  release(): void {
    if (this.next > this.segments.length) return;
    while (!this.takeSome(() => {}));
  }

  private each(segment: Ref, visit: (ref: Ref) => void): void {
    const words = this.arena.words[segment >>> 16]!;
    const base = (segment & 0xffff) << 2;
    const first = base + this.layout.firstSlot;
    const stop = first + (words[base + this.layout.slots]! << 1);
    for (let at = first; at < stop; at += 2) {
      if (words[at + 1] !== NONE) visit(words[at + 1]! >>> 0);
    }
  }

  /** The last owner of a segment gives back its elements too. */
  private giveBack(segment: Ref): void {
    if (this.arena.references(segment) === 1) this.each(segment, this.releaseElement);
    this.arena.release(segment);
  }
}
