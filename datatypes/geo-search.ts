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

/** Up to so many, the first of many are picked out one by one, rather than all being sorted. */
const FEW = 64;

/** Which `count` of the keys are the least, in order; of equal ones the first. */
function firstOf(keys: readonly number[], count: number): number[] {
  const first: number[] = [];
  for (const [i, key] of keys.entries()) {
    let at = first.length;
    while (at > 0 && (keys[first[at - 1] as number] as number) > key) at--;
    if (at >= count) continue;
    first.splice(at, 0, i);
    if (first.length > count) first.pop();
  }
  return first;
}

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
  chosen({ order, count }: Search): readonly number[] {
    const { distancesM, size } = this;
    const most = count > 0 ? Math.min(count, size) : size;
    if (order === 'none') return Array.from({ length: most }, (_, i) => i);
    const keys = order === 'descending' ? distancesM.map((metres) => -metres) : distancesM;
    if (most <= FEW && most < size) return firstOf(keys, most);
    const key = (i: number) => keys[i] as number;
    const all = Array.from(keys, (_, i) => i).sort((one, other) => key(one) - key(other));
    return most < size ? all.slice(0, most) : all;
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
  chosen: readonly number[],
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
  chosen: readonly number[],
  { shape, storeAt, storesDistance, unitM }: Search,
  event: string,
): void {
  const result = new LargeSortedSet(call.keyspace.arena, call.keyspace.hash);
  for (const i of chosen) {
    found.put(result, i, storesDistance ? preciseM(found, i, shape) / unitM : found.score(i));
  }
  storeSortedSet(call, storeAt, result.arrange(), event, chosen.length);
}
