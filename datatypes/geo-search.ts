/** Finds the members of a sorted set that lie inside a shape, and replies or stores them. */
import { formatDecimals } from '../protocol/doubles.js';
import type { ReplyWriter } from '../protocol/reply.js';
import type { Call } from './call.js';
import { type Cell, firstScore, type Position, positionOfScore, scoreCount } from './geo-cells.js';
import { cellsCovering } from './geo-cover.js';
import { formatDistance, preciseDistance } from './geo-distance.js';
import type { Search } from './geo-options.js';
import type { Shape } from './geo-shape.js';
import { LargeSortedSet } from './zset-large.js';
import { storeSortedSet } from './zset-store.js';
import type { SortedSet } from './zset-value.js';

const FIRST_BYTES = 256;

/** Members found, a column for each of their properties. */
class Findings {
  /** All members, copied: what a walk shows of a small set holds for one member only. */
  private bytes = new Uint8Array(FIRST_BYTES);
  /** Where each begins, and after the last where it ends. */
  private readonly starts: number[] = [0];
  private readonly scores: number[] = [];
  private readonly distancesM: number[] = [];

  get size(): number {
    return this.scores.length;
  }

  add(page: Uint8Array, start: number, end: number, score: number, distanceM: number): void {
    const at = this.start(this.size);
    const next = at + end - start;
    if (next > this.bytes.length) {
      const larger = new Uint8Array(Math.max(next, 2 * this.bytes.length));
      larger.set(this.bytes.subarray(0, at));
      this.bytes = larger;
    }
    for (let i = start; i < end; i++) this.bytes[at + i - start] = page[i] as number;
    this.starts.push(next);
    this.scores.push(score);
    this.distancesM.push(distanceM);
  }

  /** Which to take, in order: all, or the first `count` above 0. */
  chosen({ order, count }: Search): Uint32Array {
    const { distancesM } = this;
    const chosen = new Uint32Array(this.size);
    for (let i = 0; i < chosen.length; i++) chosen[i] = i;
    const sign = order === 'descending' ? -1 : 1;
    const metres = (i: number) => distancesM[i] as number;
    if (order !== 'none') chosen.sort((one, other) => sign * (metres(one) - metres(other)));
    return count > 0 && count < chosen.length ? chosen.subarray(0, count) : chosen;
  }

  score(i: number): number {
    return this.scores[i] as number;
  }

  distanceM(i: number): number {
    return this.distancesM[i] as number;
  }

  replyMember(reply: ReplyWriter, i: number): void {
    reply.bulk(this.bytes, this.start(i), this.start(i + 1));
  }

  /** Puts a member into a set that is being gathered. */
  put(into: LargeSortedSet, i: number, score: number): void {
    const [start, end] = [this.start(i), this.start(i + 1)];
    into.find(this.bytes, start, end);
    into.gather(this.bytes, start, end, score);
  }

  private start(i: number): number {
    return this.starts[i] as number;
  }
}

/** Members looked at in one go: first few, as most cells hold few, then twice as many each time. */
const FEWEST_AT_ONCE = 4;
const MOST_AT_ONCE = 256;

function find(set: SortedSet, shape: Shape, most: number): Findings {
  const found = new Findings();
  for (const cell of cellsCovering(shape)) {
    if (found.size >= most) break;
    findInCell(set, cell, shape, most, found);
  }
  return found;
}

function findInCell(set: SortedSet, cell: Cell, shape: Shape, most: number, found: Findings): void {
  const first = firstScore(cell);
  const end = first + scoreCount(cell);
  let rank =
    set instanceof LargeSortedSet
      ? set.countBelow(first, false)
      : set.countWhile(0, (_bytes, _start, _end, score) => score < first);
  let inCell = true;
  let metres = NaN;
  const isInside = (score: number) => {
    inCell &&= score < end;
    if (!inCell || found.size >= most) return false;
    const { longitude, latitude } = positionOfScore(score);
    metres = shape.distanceInside(longitude, latitude);
    return !Number.isNaN(metres);
  };
  for (let next = FEWEST_AT_ONCE; inCell && rank < set.size && found.size < most; ) {
    set.walkWanted(rank, next, isInside, (bytes, start, stop, score) => {
      found.add(bytes, start, stop, score, metres);
    });
    rank += next;
    next = Math.min(MOST_AT_ONCE, 2 * next);
  }
}

/** Carries a search out, and replies what it found or how much of it was stored. */
export function runSearch(call: Call, set: SortedSet | null, search: Search, event: string): void {
  const { shape, any, count, storeAt } = search;
  const most = any ? count : Infinity;
  const found = set === null || shape === null ? new Findings() : find(set, shape, most);
  const chosen = found.chosen(search);
  if (storeAt === 0) replyFound(call.reply, found, chosen, search);
  else storeFound(call, found, chosen, search, event);
}

function replyFound(
  reply: ReplyWriter,
  found: Findings,
  chosen: Uint32Array,
  { shape, withDistance, withScore, withPosition, unitM }: Search,
): void {
  const properties = Number(withDistance) + Number(withScore) + Number(withPosition);
  reply.array(chosen.length);
  for (const i of chosen) {
    if (properties > 0) reply.array(1 + properties);
    found.replyMember(reply, i);
    if (withDistance) {
      reply.text(formatDistance(found.distanceM(i), unitM, () => preciseM(found, i, shape)));
    }
    if (withScore) reply.integer(Math.trunc(found.score(i)));
    if (withPosition) replyPosition(reply, positionOfScore(found.score(i)));
  }
}

/** How far the member is from the shape's centre, to the last digit. */
function preciseM(found: Findings, i: number, shape: Shape | null): number {
  return shape === null ? 0 : preciseDistance(shape.centre, positionOfScore(found.score(i)));
}

export function replyPosition(reply: ReplyWriter, { longitude, latitude }: Position): void {
  reply.array(2);
  reply.decimal(formatDecimals(longitude));
  reply.decimal(formatDecimals(latitude));
}

function storeFound(
  call: Call,
  found: Findings,
  chosen: Uint32Array,
  { shape, storeAt, storesDistance, unitM }: Search,
  event: string,
): void {
  const result = new LargeSortedSet(call.keyspace.arena, call.keyspace.hash);
  for (const i of chosen) {
    found.put(result, i, storesDistance ? preciseM(found, i, shape) / unitM : found.score(i));
  }
  storeSortedSet(call, storeAt, result.arrange(), event, chosen.length);
}
