/** What a sorted set tells of its members: ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZCOUNT, ZLEXCOUNT, ZSCAN. */
import { formatDouble, formatSeventeen } from '../protocol/doubles.js';
import { SYNTAX_ERROR, wrongArity } from '../protocol/refusals.js';
import { double, integer, key, keyArg, pattern, text, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import { type Command, command } from './command.js';
import { fitsMatch, readScanCursor, readScanOptions } from './scan.js';
import { LargeSortedSet } from './zset-large.js';
import { type MemberRange, readLexRange, readScoreRange, spanOf } from './zset-ranges.js';
import { type MemberVisitor, readSortedSet, type SortedSet } from './zset-value.js';

export const zcard = command(
  {
    name: 'zcard',
    group: 'sorted_set',
    since: '1.2.0',
    arity: 2,
    flags: ['fast', 'readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns how many members a sorted set has.',
  },
  (call) => {
    call.reply.integer(readSortedSet(call, 1)?.size ?? 0);
  },
);

export const zscore = command(
  {
    name: 'zscore',
    group: 'sorted_set',
    since: '1.2.0',
    arity: 3,
    flags: ['fast', 'readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('member')],
    complexity: 'O(1)',
    summary: 'Returns the score of a member.',
  },
  (call) => {
    replyScoreOf(call, readSortedSet(call, 1), 2);
  },
);

export const zmscore = command(
  {
    name: 'zmscore',
    group: 'sorted_set',
    since: '6.2.0',
    arity: -3,
    flags: ['fast', 'readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('member', { multiple: true })],
    complexity: 'O(N) where N is the number of members being requested.',
    summary: 'Returns the scores of members.',
  },
  (call) => {
    const set = readSortedSet(call, 1);
    call.reply.array(call.argc - 2);
    for (let i = 2; i < call.argc; i++) replyScoreOf(call, set, i);
  },
);

function replyScoreOf(call: Call, set: SortedSet | null, i: number): void {
  const score = set === null ? NaN : set.find(call.buffer, call.start(i), call.end(i));
  if (Number.isNaN(score)) call.reply.nil();
  else call.reply.double(score);
}

export const zrank = command(
  {
    name: 'zrank',
    group: 'sorted_set',
    since: '2.0.0',
    arity: -3,
    flags: ['fast', 'readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('member'), word('WITHSCORE', { optional: true })],
    complexity: 'O(log(N))',
    summary: 'Returns the place of a member, counted from the lowest score.',
  },
  (call) => replyRank(call, 'zrank', false),
);

export const zrevrank = command(
  {
    name: 'zrevrank',
    group: 'sorted_set',
    since: '2.0.0',
    arity: -3,
    flags: ['fast', 'readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('member'), word('WITHSCORE', { optional: true })],
    complexity: 'O(log(N))',
    summary: 'Returns the place of a member, counted from the highest score.',
  },
  (call) => replyRank(call, 'zrevrank', true),
);

function replyRank(call: Call, name: string, backwards: boolean): void {
  const { reply } = call;
  if (call.argc > 4) throw wrongArity(name);
  const withScore = call.argc === 4;
  if (withScore && !call.is(3, 'withscore')) throw SYNTAX_ERROR;
  const set = readSortedSet(call, 1);
  const score = set === null ? NaN : set.find(call.buffer, call.start(2), call.end(2));
  if (set === null || Number.isNaN(score)) return withScore ? reply.nilArray() : reply.nil();
  const rank = set.rankOfFound();
  if (withScore) reply.array(2);
  reply.integer(backwards ? set.size - 1 - rank : rank);
  if (withScore) reply.double(score);
}

export const zcount = command(
  {
    name: 'zcount',
    group: 'sorted_set',
    since: '2.0.0',
    arity: 4,
    flags: ['fast', 'readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), double('min'), double('max')],
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    summary: 'Counts the members whose scores are in a range.',
  },
  (call) => replyCount(call, readScoreRange(call, 2, 3)),
);

export const zlexcount = command(
  {
    name: 'zlexcount',
    group: 'sorted_set',
    since: '2.8.9',
    arity: 4,
    flags: ['fast', 'readonly'],
    acl: ['sortedset'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('min'), text('max')],
    complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
    summary: 'Counts the members between two, of a sorted set in which all scores are the same.',
  },
  (call) => replyCount(call, readLexRange(call, 2, 3)),
);

function replyCount(call: Call, range: MemberRange): void {
  const set = readSortedSet(call, 1);
  call.reply.integer(set === null ? 0 : spanOf(set, range, false).count);
}

export const zscan = command(
  {
    name: 'zscan',
    group: 'sorted_set',
    since: '2.8.0',
    arity: -3,
    flags: ['readonly'],
    acl: ['sortedset'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      integer('cursor'),
      pattern('pattern', { token: 'MATCH', optional: true }),
      integer('count', { token: 'COUNT', optional: true }),
      word('NOSCORES', { optional: true }),
    ],
    complexity:
      'O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.',
    summary: 'Goes through the members of a sorted set, some at each call.',
  },
  (call) => {
    const cursor = readScanCursor(call, 2);
    const set = readSortedSet(call, 1);
    const { reply } = call;
    if (set === null) return reply.emptyScan();
    const options = readScanOptions(call, 3, 'zset');
    const header = reply.defer();
    let count = 0;
    // The real server prints the scores of the two forms differently.
    const format = set instanceof LargeSortedSet ? formatSeventeen : formatDouble;
    const visit: MemberVisitor = (bytes, start, end, score) => {
      if (!fitsMatch(call, options, bytes, start, end)) return;
      reply.bulk(bytes, start, end);
      if (!options.namesOnly) reply.latin1(format(score));
      count += options.namesOnly ? 1 : 2;
    };
    let next = 0;
    if (set instanceof LargeSortedSet) next = set.scan(cursor, options.count, visit);
    else set.walk(0, set.size, false, visit);
    reply.resolveScan(header, next, count);
  },
);

export const ZSET_READ_COMMANDS: readonly Command[] = [
  zcard,
  zscore,
  zmscore,
  zrank,
  zrevrank,
  zcount,
  zlexcount,
  zscan,
];
