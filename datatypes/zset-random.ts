/** ZRANDMEMBER: members chosen at random. */
import { INT64_MAX } from '../protocol/numbers.js';
import { OUT_OF_LONG_RANGE, OUT_OF_RANGE, SYNTAX_ERROR } from '../protocol/refusals.js';
import { block, integer, key, keyArg, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import { type Command, command } from './command.js';
import { checkDrawn } from './options.js';
import { LargeSortedSet } from './zset-large.js';
import { replyMember, replyMemberCount, replySpan } from './zset-reply.js';
import { readSortedSet, type SortedSet } from './zset-value.js';

export const zrandmember = command(
  {
    name: 'zrandmember',
    group: 'sorted_set',
    since: '6.2.0',
    arity: -2,
    flags: ['readonly'],
    acl: ['sortedset'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      block('options', [integer('count'), word('WITHSCORES', { optional: true })], {
        optional: true,
      }),
    ],
    complexity: 'O(N) where N is the number of members returned',
    summary: 'Returns members chosen at random.',
  },
  (call) => {
    const { reply } = call;
    if (call.argc === 2) {
      const set = readSortedSet(call, 1);
      if (set === null) return reply.nil();
      return set.walk(call.random.below(set.size), 1, false, (bytes, start, end) => {
        reply.bulk(bytes, start, end);
      });
    }
    const { count, withScores } = readRandomOptions(call);
    const set = readSortedSet(call, 1);
    if (set === null || count === 0) return reply.emptyArray();
    if (count < 0) replyRepeated(call, set, -count, withScores);
    else replyDistinct(call, set, count, withScores);
  },
);

function readRandomOptions(call: Call): { count: number; withScores: boolean } {
  const count = call.bigint(2);
  if (count < -INT64_MAX) throw OUT_OF_LONG_RANGE;
  const withScores = call.argc === 4 && call.is(3, 'withscores');
  if (call.argc > 4 || (call.argc === 4 && !withScores)) throw SYNTAX_ERROR;
  const most = INT64_MAX / 2n;
  if (withScores && (count < -most || count > most)) throw OUT_OF_RANGE;
  return { count: Number(count), withScores };
}

/** `count` members, of which some may be the same. */
function replyRepeated(call: Call, set: SortedSet, count: number, withScores: boolean): void {
  checkDrawn(count);
  const { reply, random } = call;
  const { size } = set;
  replyMemberCount(reply, count, withScores);
  for (let i = 0; i < count && !reply.isAbandoned; i++) {
    set.walk(random.below(size), 1, false, (bytes, start, end, score) => {
      replyMember(reply, bytes, start, end, score, withScores);
    });
  }
}

/** `count` members, or as many as there are, each only once. */
function replyDistinct(call: Call, set: SortedSet, count: number, withScores: boolean): void {
  const { reply } = call;
  const { size } = set;
  if (count >= size) {
    // All of a large set come as the real server's walk goes: from the highest score down.
    const backwards = set instanceof LargeSortedSet;
    return replySpan(reply, set, { from: 0, count: size }, backwards, withScores);
  }
  replyMemberCount(reply, count, withScores);
  for (const rank of distinctRanks(call, size, count)) {
    set.walk(rank, 1, false, (bytes, start, end, score) => {
      replyMember(reply, bytes, start, end, score, withScores);
    });
  }
}

/** `count` of the ranks below `size`, every choice as likely. Source: R. Floyd, "A Sample of Brilliance" (1987). */
function distinctRanks({ random }: Call, size: number, count: number): Iterable<number> {
  const ranks = new Set<number>();
  for (let last = size - count; last < size; last++) {
    const rank = random.below(last + 1);
    ranks.add(ranks.has(rank) ? last : rank);
  }
  return ranks;
}

export const ZSET_RANDOM_COMMANDS: readonly Command[] = [zrandmember];
