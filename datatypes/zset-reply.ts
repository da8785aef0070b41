/** How members and scores are replied. */
import type { ReplyWriter } from '../protocol/reply.js';
import { NONE, type Ref } from './store/arena.js';
import type { RankSpan } from './zset-ranges.js';
import type { SortedSet } from './zset-value.js';

/** Announces `count` members: with scores they are pairs in version 3, and twice as many elements in version 2. */
export function replyMemberCount(reply: ReplyWriter, count: number, withScores: boolean): void {
  reply.array(withScores && reply.resp === 2 ? count * 2 : count);
}

/** One of the members announced; `block` is that in which it stands, if it does. */
export function replyMember(
  reply: ReplyWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
  withScores: boolean,
  block: Ref = NONE,
): void {
  if (withScores && reply.resp === 3) reply.array(2);
  if (block === NONE) reply.bulk(bytes, start, end);
  else reply.bulkFrom(block, bytes, start, end);
  if (withScores) reply.double(score);
}

/** A member and its score, one after the other in both versions. */
export function replyScored(
  reply: ReplyWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
  block: Ref,
): void {
  if (block === NONE) reply.bulk(bytes, start, end);
  else reply.bulkFrom(block, bytes, start, end);
  reply.double(score);
}

/** The members of a span. */
export function replySpan(
  reply: ReplyWriter,
  set: SortedSet,
  { from, count }: RankSpan,
  backwards: boolean,
  withScores: boolean,
): void {
  replyMemberCount(reply, count, withScores);
  set.walk(from, count, backwards, (bytes, start, end, score, block) => {
    replyMember(reply, bytes, start, end, score, withScores, block);
  });
}
