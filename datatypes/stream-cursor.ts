/** Walks over the entries of a stream between two IDs, in either direction. */
import type { Arena } from './store/arena.js';
import { IdPlace } from './store/id-index.js';
import { StreamId } from './store/stream-id.js';
import { StreamNode } from './store/stream-node.js';
import type { Stream } from './stream-value.js';

const Step = { node: 0, inside: 1, done: 2 } as const;

export class StreamCursor {
  /** At the entry that `next` went to. */
  readonly node: StreamNode;
  private readonly place = new IdPlace();
  private readonly start = new StreamId();
  private readonly end = new StreamId();
  private stream: Stream | null = null;
  private backwards = false;
  private step: number = Step.done;

  constructor(arena: Arena) {
    this.node = new StreamNode(arena);
  }

  /** Begins before the first entry from `start` to `end`, or behind the last. The stream must not change. */
  begin(stream: Stream, start: StreamId, end: StreamId, backwards: boolean): this {
    this.start.copy(start);
    this.end.copy(end);
    this.stream = stream;
    this.backwards = backwards;
    this.step = Step.node;
    const { nodes } = stream;
    const from = backwards ? end : start;
    if (stream.length === 0 || start.compare(end) > 0) this.step = Step.done;
    else if (!nodes.seekBelow(from, this.place)) {
      if (backwards) this.step = Step.done;
      else nodes.toFirst(this.place);
    }
    return this;
  }

  /** Goes to the next entry that is not deleted. False when there is none. */
  next(): boolean {
    const { node } = this;
    while (this.step !== Step.done) {
      if (this.step === Step.node) this.enterNode();
      else if (!(this.backwards ? node.previous() : node.next())) this.leaveNode();
      if (this.step !== Step.inside) continue;
      const { id } = node;
      if (this.backwards) {
        if (id.compare(this.start) < 0) break;
        if (id.compare(this.end) > 0) continue;
      } else {
        if (id.compare(this.end) > 0) break;
        if (id.compare(this.start) < 0) continue;
      }
      if (!node.isDeleted) return true;
    }
    this.step = Step.done;
    return false;
  }

  private enterNode(): void {
    const { node, place } = this;
    const { nodes } = this.stream as Stream;
    nodes.readId(place, node.base);
    node.open(nodes.word(place, 0));
    if (this.backwards ? node.last() : node.first()) this.step = Step.inside;
    else this.leaveNode();
  }

  private leaveNode(): void {
    const { nodes } = this.stream as Stream;
    const more = this.backwards ? nodes.previous(this.place) : nodes.next(this.place);
    this.step = more ? Step.node : Step.done;
  }
}
