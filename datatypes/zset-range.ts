/** Ranges of members: ZRANGE and the commands it grew out of, ZRANGESTORE. */
import { LIMIT_NEEDS_RANGE, SYNTAX_ERROR, WITHSCORES_WITH_LEX } from '../protocol/refusals.js';
import { block, double, integer, key, keyArg, oneOf, text, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import { type Command, command } from './command.js';
import { readPosition } from './options.js';
import { LargeSortedSet } from './zset-large.js';
import {
  limitSpan,
  type RankSpan,
  readLexRange,
  readRankRange,
  readScoreRange,
  spanOf,
  spanOfRanks,
} from './zset-ranges.js';
import { replySpan } from './zset-reply.js';
import { storeSortedSet } from './zset-store.js';
import { readSortedSet, type SortedSet } from './zset-value.js';

type RangeBy = 'rank' | 'score' | 'lex';

/** What a command says of itself, before its options. `unset` is for options to say. */
interface RangeForm {
  readonly by: RangeBy | 'unset';
  readonly backwards: boolean | 'unset';
  /** Whether members are stored instead of replied. */
  readonly stores: boolean;
  /** The argument that is the set's key; the bounds follow it. */
  readonly keyAt: number;
}

interface RangeRequest {
  readonly by: RangeBy;
  readonly backwards: boolean;
  readonly withScores: boolean;
  readonly offset: number;
  /** Below 0 for all. */
  readonly count: number;
}

/** Reads the options behind the bounds. */
function readRangeOptions(call: Call, form: RangeForm): RangeRequest {
  let { by, backwards } = form;
  let withScores = false;
  let offset = 0;
  let count = -1;
  for (let i = form.keyAt + 3; i < call.argc; i++) {
    if (!form.stores && call.is(i, 'withscores')) withScores = true;
    else if (call.is(i, 'limit') && i + 2 < call.argc) {
      offset = readPosition(call, i + 1);
      count = readPosition(call, i + 2);
      i += 2;
    } else if (backwards === 'unset' && call.is(i, 'rev')) backwards = true;
    else if (by === 'unset' && call.is(i, 'bylex')) by = 'lex';
    else if (by === 'unset' && call.is(i, 'byscore')) by = 'score';
    else throw SYNTAX_ERROR;
  }
  if (by === 'unset') by = 'rank';
  if (by === 'rank' && count !== -1) throw LIMIT_NEEDS_RANGE;
  if (by === 'lex' && withScores) throw WITHSCORES_WITH_LEX;
  return { by, backwards: backwards === true, withScores, offset, count };
}

/** Reads the bounds into a function that finds the span in a set. */
function readSpan(call: Call, { keyAt }: RangeForm, request: RangeRequest) {
  const { by, backwards, offset, count } = request;
  const startAt = keyAt + 1;
  if (by === 'rank') {
    const range = readRankRange(call, startAt, startAt + 1);
    return (set: SortedSet): RankSpan => spanOfRanks(range, set.size);
  }
  // Backwards, the upper bound stands first.
  const minAt = backwards ? startAt + 1 : startAt;
  const maxAt = backwards ? startAt : startAt + 1;
  const range =
    by === 'score' ? readScoreRange(call, minAt, maxAt) : readLexRange(call, minAt, maxAt);
  return (set: SortedSet): RankSpan => {
    const span = spanOf(set, range, backwards);
    // Of a large set, an offset below 0 counts from the end, as in the real server.
    const fromEnd = offset < 0 && set instanceof LargeSortedSet;
    return limitSpan(span, fromEnd ? offset + span.count : offset, count);
  };
}

function replyRange(call: Call, form: RangeForm): void {
  const request = readRangeOptions(call, form);
  const findSpan = readSpan(call, form, request);
  const set = readSortedSet(call, form.keyAt);
  if (set === null) return call.reply.emptyArray();
  replySpan(call.reply, set, findSpan(set), request.backwards, request.withScores);
}

const replied = (by: RangeForm['by'], backwards: RangeForm['backwards']): RangeForm => ({
  by,
  backwards,
  stores: false,
  keyAt: 1,
});

export const zrange = command(
  {
    name: 'zrange',
    group: 'sorted_set',
    since: '1.2.0',
    arity: -4,
    flags: ['readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      text('start'),
      text('stop'),
      oneOf('sortby', [word('BYSCORE'), word('BYLEX')], { since: '6.2.0', optional: true }),
      word('REV', { since: '6.2.0', optional: true }),
      block('limit', [integer('offset'), integer('count')], {
        token: 'LIMIT',
        since: '6.2.0',
        optional: true,
      }),
      word('WITHSCORES', { optional: true }),
    ],
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.',
    summary: 'Returns members in a range of ranks, scores or members.',
  },
  (call) => replyRange(call, replied('unset', 'unset')),
);

export const zrevrange = command(
  {
    name: 'zrevrange',
    group: 'sorted_set',
    since: '1.2.0',
    arity: -4,
    flags: ['readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), integer('start'), integer('stop'), word('WITHSCORES', { optional: true })],
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.',
    summary: 'Returns members in a range of ranks, the highest score first.',
  },
  (call) => replyRange(call, replied('rank', true)),
);

export const zrangebyscore = command(
  {
    name: 'zrangebyscore',
    group: 'sorted_set',
    since: '1.0.5',
    arity: -4,
    flags: ['readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      double('min'),
      double('max'),
      word('WITHSCORES', { since: '2.0.0', optional: true }),
      block('limit', [integer('offset'), integer('count')], { token: 'LIMIT', optional: true }),
    ],
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    summary: 'Returns members whose scores are in a range.',
  },
  (call) => replyRange(call, replied('score', false)),
);

export const zrevrangebyscore = command(
  {
    name: 'zrevrangebyscore',
    group: 'sorted_set',
    since: '2.2.0',
    arity: -4,
    flags: ['readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      double('max'),
      double('min'),
      word('WITHSCORES', { optional: true }),
      block('limit', [integer('offset'), integer('count')], { token: 'LIMIT', optional: true }),
    ],
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    summary: 'Returns members whose scores are in a range, the highest score first.',
  },
  (call) => replyRange(call, replied('score', true)),
);

export const zrangebylex = command(
  {
    name: 'zrangebylex',
    group: 'sorted_set',
    since: '2.8.9',
    arity: -4,
    flags: ['readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      text('min'),
      text('max'),
      block('limit', [integer('offset'), integer('count')], { token: 'LIMIT', optional: true }),
    ],
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    summary: 'Returns the members between two, of a sorted set in which all scores are the same.',
  },
  (call) => replyRange(call, replied('lex', false)),
);

export const zrevrangebylex = command(
  {
    name: 'zrevrangebylex',
    group: 'sorted_set',
    since: '2.8.9',
    arity: -4,
    flags: ['readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      text('max'),
      text('min'),
      block('limit', [integer('offset'), integer('count')], { token: 'LIMIT', optional: true }),
    ],
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N)).',
    summary: 'Returns the members between two, the last first.',
  },
  (call) => replyRange(call, replied('lex', true)),
);

export const zrangestore = command(
  {
    name: 'zrangestore',
    group: 'sorted_set',
    since: '6.2.0',
    arity: -5,
    flags: ['denyoom', 'write'],
    acl: ['sortedset'],
    keys: [key(1, ['OW', 'update']), key(2, ['RO', 'access'])],
    args: [
      keyArg('dst'),
      keyArg('src', { keySpec: 1 }),
      text('min'),
      text('max'),
      oneOf('sortby', [word('BYSCORE'), word('BYLEX')], { optional: true }),
      word('REV', { optional: true }),
      block('limit', [integer('offset'), integer('count')], { token: 'LIMIT', optional: true }),
    ],
    complexity:
      'O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.',
    summary: 'Stores a range of members as a sorted set.',
  },
  (call) => {
    const form: RangeForm = { by: 'unset', backwards: 'unset', stores: true, keyAt: 2 };
    const request = readRangeOptions(call, form);
    const findSpan = readSpan(call, form, request);
    const set = readSortedSet(call, 2);
    const { arena, hash } = call.keyspace;
    const result = new LargeSortedSet(arena, hash);
    if (set !== null) {
      const { from, count } = findSpan(set);
      set.walk(from, count, request.backwards, (bytes, start, end, score) => {
        result.find(bytes, start, end);
        result.insert(bytes, start, end, score);
      });
    }
    storeSortedSet(call, 1, result, 'zrangestore');
  },
);

export const ZSET_RANGE_COMMANDS: readonly Command[] = [
  zrange,
  zrevrange,
  zrangebyscore,
  zrevrangebyscore,
  zrangebylex,
  zrevrangebylex,
  zrangestore,
];
