/** Ranges of sorted sets: by score, by member ("lex"), and the ranks they come to. */
import { compareBytes, equalsIgnoreCase, toLatin1, untilZero } from '../protocol/bytes.js';
import { parseShortDecimal } from '../protocol/doubles.js';
import { NO_LEX_RANGE, NO_SCORE_RANGE } from '../protocol/refusals.js';
import type { Call } from './call.js';
import { readPosition } from './options.js';
import { LargeSortedSet } from './zset-large.js';
import type { MemberTest, SortedSet } from './zset-value.js';

/** Tells of each member on which side of the range it lies. */
export interface MemberRange {
  readonly isBelow: MemberTest;
  readonly isAbove: MemberTest;
  /** The bounds of a range of scores; null for one of members. */
  readonly scores: ScoreBounds | null;
}

interface ScoreBounds {
  readonly min: number;
  readonly max: number;
  /** Whether a bound itself is left out. */
  readonly minOpen: boolean;
  readonly maxOpen: boolean;
}

/** Members that follow each other: `from` counts from the end of the set when the walk goes backwards. */
export interface RankSpan {
  readonly from: number;
  readonly count: number;
}

const NOTHING: RankSpan = { from: 0, count: 0 };

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(inity)?$/i;
const OPEN = 0x28;
const CLOSED = 0x5b;
const MINUS = 0x2d;
const PLUS = 0x2b;

/** Reads arguments `minAt` and `maxAt` as a range of scores, ends left out by `(`. @throws {Refusal} NO_SCORE_RANGE */
export function readScoreRange(call: Call, minAt: number, maxAt: number): MemberRange {
  const minOpen = isOpen(call, minAt);
  const maxOpen = isOpen(call, maxAt);
  const min = readBound(call, minAt, minOpen);
  const max = readBound(call, maxAt, maxOpen);
  return {
    scores: { min, max, minOpen, maxOpen },
    isBelow: (_bytes, _start, _end, score) => (minOpen ? score <= min : score < min),
    isAbove: (_bytes, _start, _end, score) => (maxOpen ? score >= max : score > max),
  };
}

const isOpen = (call: Call, i: number) => call.length(i) > 0 && call.buffer[call.start(i)] === OPEN;

/** A bound as C reads it: no text at all is 0, and what is too large is infinite. */
function readBound(call: Call, i: number, open: boolean): number {
  const start = call.start(i) + (open ? 1 : 0);
  const short = parseShortDecimal(call.buffer, start, call.end(i));
  if (!Number.isNaN(short)) return short;
  if (equalsIgnoreCase(call.buffer, start, call.end(i), '+inf')) return Infinity;
  if (equalsIgnoreCase(call.buffer, start, call.end(i), '-inf')) return -Infinity;
  const text = untilZero(toLatin1(call.buffer, start, call.end(i)));
  if (text === '') return 0;
  if (DECIMAL.test(text)) return Number(text);
  const infinite = INFINITE.exec(text);
  if (infinite === null) throw NO_SCORE_RANGE;
  return infinite[1] === '-' ? -Infinity : Infinity;
}

/** Compares a member with a bound: below, at or above 0. */
type LexBound = (bytes: Uint8Array, start: number, end: number) => number;

/**
 * Reads arguments `minAt` and `maxAt` as a range of members: `[a` with it, `(a` without it, `-` and `+` for
 * below and above all. The range holds for this call only. @throws {Refusal} NO_LEX_RANGE
 */
export function readLexRange(call: Call, minAt: number, maxAt: number): MemberRange {
  const min = readLexBound(call, minAt);
  const max = readLexBound(call, maxAt);
  const minOpen = isOpen(call, minAt);
  const maxOpen = isOpen(call, maxAt);
  return {
    scores: null,
    isBelow: (bytes, start, end) => {
      const order = min(bytes, start, end);
      return order < 0 || (minOpen && order === 0);
    },
    isAbove: (bytes, start, end) => {
      const order = max(bytes, start, end);
      return order > 0 || (maxOpen && order === 0);
    },
  };
}

function readLexBound(call: Call, i: number): LexBound {
  const { buffer } = call;
  const start = call.start(i);
  const end = call.end(i);
  const first = start < end ? buffer[start] : 0;
  if (first === MINUS && end - start === 1) return () => 1;
  if (first === PLUS && end - start === 1) return () => -1;
  if (first !== OPEN && first !== CLOSED) throw NO_LEX_RANGE;
  return (bytes, from, to) => compareBytes(bytes, from, to, buffer, start + 1, end);
}

/** Where the members of a range stand. */
export function spanOf(set: SortedSet, range: MemberRange, backwards: boolean): RankSpan {
  if (range.scores !== null && set instanceof LargeSortedSet) {
    return spanOfScores(set, range.scores, backwards);
  }
  const notBelow: MemberTest = (bytes, start, end, score) =>
    !range.isBelow(bytes, start, end, score);
  const notAbove: MemberTest = (bytes, start, end, score) =>
    !range.isAbove(bytes, start, end, score);
  // Where scores differ, a range by member means little; the real server then looks at the ends first.
  const one = (test: MemberTest, last: boolean) => endFits(set, test, last);
  if (!one(notBelow, true) || !one(notAbove, false)) return NOTHING;
  if (backwards) {
    const from = set.countWhileBack(0, range.isAbove);
    return { from, count: set.countWhileBack(from, notBelow) };
  }
  const from = set.countWhile(0, range.isBelow);
  return { from, count: set.countWhile(from, notAbove) };
}

function spanOfScores(set: LargeSortedSet, bounds: ScoreBounds, backwards: boolean): RankSpan {
  const { min, max, minOpen, maxOpen } = bounds;
  const below = set.countBelow(min, minOpen);
  const upTo = max === Infinity && !maxOpen ? set.size : set.countBelow(max, !maxOpen);
  if (upTo <= below) return NOTHING;
  return { from: backwards ? set.size - upTo : below, count: upTo - below };
}

/** Whether the first, or the last, member passes a test. */
function endFits(set: SortedSet, test: MemberTest, last: boolean): boolean {
  let fits = false;
  set.walk(0, 1, last, (bytes, start, end, score) => {
    fits = test(bytes, start, end, score);
  });
  return fits;
}

/** The part of a span that LIMIT leaves: `count` below 0 is all. An offset below 0 leaves nothing. */
export function limitSpan(span: RankSpan, offset: number, count: number): RankSpan {
  if (offset < 0 || offset >= span.count) return NOTHING;
  const left = span.count - offset;
  return { from: span.from + offset, count: count < 0 ? left : Math.min(count, left) };
}

/** Indexes of a first and a last rank, below 0 counted from the end, as they were given. */
export interface RankRange {
  readonly start: number;
  readonly stop: number;
}

/** Reads arguments `startAt` and `stopAt` as ranks. @throws {Refusal} NOT_AN_INTEGER */
export function readRankRange(call: Call, startAt: number, stopAt: number): RankRange {
  return { start: readPosition(call, startAt), stop: readPosition(call, stopAt) };
}

/** The span of ranks in a set of `size`. */
export function spanOfRanks({ start, stop }: RankRange, size: number): RankSpan {
  const from = Math.max(0, start < 0 ? start + size : start);
  const to = Math.min(size - 1, stop < 0 ? stop + size : stop);
  return from > to ? NOTHING : { from, count: to - from + 1 };
}
