/**
 * How many nodes the real server's tree of the same nodes has: XINFO tells it.
 *
 * The tree's keys are IDs, 16 bytes each. A tree node either holds bytes without a branch, or branches; each key
 * ends in a leaf. So the nodes are counted from where neighbouring keys part.
 */
import { type IdIndex, IdPlace } from './store/id-index.js';
import { StreamId } from './store/stream-id.js';

const KEY_BYTES = 16;

/** How many bytes two IDs begin with that are the same. */
function sharedBytes(one: StreamId, other: StreamId): number {
  const words: readonly [number, number][] = [
    [one.msHigh, other.msHigh],
    [one.msLow, other.msLow],
    [one.seqHigh, other.seqHigh],
    [one.seqLow, other.seqLow],
  ];
  let shared = 0;
  for (const [a, b] of words) {
    if (a !== b) return shared + (Math.clz32(a ^ b) >>> 3);
    shared += 4;
  }
  return shared;
}

export function radixNodes(index: IdIndex): number {
  if (index.size === 0) return 1;
  const place = new IdPlace();
  index.toFirst(place);
  let before = index.readId(place, new StreamId());
  // Where the tree branches on the way to the last key, each deeper than the one before.
  const branches: number[] = [];
  let nodes = 0;
  /** A branch at `depth`, or a leaf, below what is left of `branches`: with the bytes that lead to it. */
  const close = (depth: number) => {
    const above = branches[branches.length - 1];
    nodes += depth > (above === undefined ? 0 : above + 1) ? 2 : 1;
  };
  while (index.next(place)) {
    const id = index.readId(place, new StreamId());
    const shared = sharedBytes(before, id);
    closeDown(branches, shared, close);
    before = id;
  }
  closeDown(branches, -1, close);
  return nodes;
}

/** The last key and all branches below `depth` are complete; there is a branch at `depth`, unless that is -1. */
function closeDown(branches: number[], depth: number, close: (depth: number) => void): void {
  let done = KEY_BYTES;
  while (branches.length > 0 && (branches[branches.length - 1] as number) > depth) {
    close(done);
    done = branches.pop() as number;
  }
  if (depth >= 0 && branches[branches.length - 1] !== depth) branches.push(depth);
  close(done);
}
