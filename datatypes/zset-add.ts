/** ZADD and ZINCRBY. */
import { parseDouble } from '../protocol/doubles.js';
import {
  NOT_A_FLOAT,
  SCORE_NOT_A_NUMBER,
  SYNTAX_ERROR,
  ZADD_CONDITIONS,
  ZADD_INCR_SINGLE,
  ZADD_XX_WITH_NX,
} from '../protocol/refusals.js';
import { block, double, integer, key, keyArg, oneOf, text, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command } from './command.js';
import { NONE, type Ref } from './store/arena.js';
import { Type } from './store/entry.js';
import { PackedSortedSet } from './zset-packed.js';
import {
  enlarge,
  insertMember,
  keepSortedSet,
  mayBePacked,
  newSortedSet,
  openSortedSet,
  type SortedSet,
} from './zset-value.js';

export const ZaddOption = { nx: 1, xx: 2, gt: 4, lt: 8, ch: 16, incr: 32 } as const;
const OPTION_WORDS = Object.entries(ZaddOption);

/** Members to be added, each with the arguments that tell its score before it. */
export interface ZaddRequest {
  /** Bits of `ZaddOption`. */
  readonly given: number;
  /** The argument where the first of them begins. */
  readonly firstAt: number;
  /** Arguments of each: the last is the member. */
  readonly stride: number;
  /** The score of what begins at argument `i`. Throws a refusal when it is none. */
  readonly readScore: (call: Call, i: number) => number;
}

/** Reads the options of ZADD, and checks that pairs follow. */
function readZaddOptions(call: Call): ZaddRequest {
  let given = 0;
  let i = 2;
  for (let bit = optionAt(call, i); bit !== 0; bit = optionAt(call, i)) {
    given |= bit;
    i++;
  }
  const words = call.argc - i;
  if (words === 0 || words % 2 !== 0) throw SYNTAX_ERROR;
  const { nx, xx, gt, lt, incr } = ZaddOption;
  if ((given & nx) !== 0 && (given & xx) !== 0) throw ZADD_XX_WITH_NX;
  const comparisons = given & (gt | lt);
  if (comparisons === (gt | lt) || (comparisons !== 0 && (given & nx) !== 0)) {
    throw ZADD_CONDITIONS;
  }
  if ((given & incr) !== 0 && words > 2) throw ZADD_INCR_SINGLE;
  return { given, firstAt: i, stride: 2, readScore };
}

function optionAt(call: Call, i: number): number {
  if (i >= call.argc || call.length(i) > 4) return 0;
  for (const [name, bit] of OPTION_WORDS) if (call.is(i, name)) return bit;
  return 0;
}

/** Argument `i` as a score. @throws {Refusal} NOT_A_FLOAT */
function readScore(call: Call, i: number): number {
  const score = parseDouble(call.buffer, call.start(i), call.end(i));
  if (Number.isNaN(score)) throw NOT_A_FLOAT;
  return score;
}

/** What a run of ZADD did. */
export interface ZaddOutcome {
  added: number;
  updated: number;
  /** The score of the last pair; NaN when it was left as it was. */
  score: number;
}

/** Adds what a request names. No score is looked at before all are read. */
export function addMembers(call: Call, request: ZaddRequest): ZaddOutcome {
  const { given, firstAt, stride } = request;
  for (let i = firstAt; i < call.argc; i += stride) request.readScore(call, i);
  const outcome: ZaddOutcome = { added: 0, updated: 0, score: NaN };
  const { keyspace } = call;
  // All pairs count for the form, even those that change nothing.
  const pairs = (call.argc - firstAt) / stride;
  const longest = longestMember(call, request);
  const ref = entryToAddTo(call, given, pairs, longest);
  if (ref === NONE) return outcome;
  let set = openSortedSet(keyspace, ref);
  if (set instanceof PackedSortedSet && !mayBePacked(keyspace, pairs, longest)) {
    set = enlarge(keyspace, ref, set);
  }
  try {
    for (let i = firstAt; i < call.argc; i += stride) {
      set = addMember(call, ref, set, i, request, outcome);
    }
  } finally {
    keepSortedSet(keyspace, ref, set);
  }
  return outcome;
}

/** Bytes of the longest member of a request. */
function longestMember(call: Call, { firstAt, stride }: ZaddRequest): number {
  let longest = 0;
  for (let i = firstAt + stride - 1; i < call.argc; i += stride) {
    longest = Math.max(longest, call.length(i));
  }
  return longest;
}

/** The entry of the key, made when there is none and the options allow. */
function entryToAddTo(call: Call, given: number, pairs: number, longest: number): Ref {
  const ref = call.writeAs(1, Type.zset);
  if (ref !== NONE || (given & ZaddOption.xx) !== 0) return ref;
  const { encoding, value } = newSortedSet(call.keyspace, pairs, longest);
  const { buffer } = call;
  return call.db.addCollection(buffer, call.start(1), call.end(1), Type.zset, encoding, value);
}

/** Adds, or updates, the member of a request that begins at argument `i`. */
function addMember(
  call: Call,
  ref: Ref,
  set: SortedSet,
  i: number,
  { given, stride, readScore }: ZaddRequest,
  outcome: ZaddOutcome,
): SortedSet {
  const { nx, xx, gt, lt, incr } = ZaddOption;
  const { buffer, keyspace } = call;
  const memberAt = i + stride - 1;
  const [start, end] = [call.start(memberAt), call.end(memberAt)];
  let score = readScore(call, i);
  outcome.score = NaN;
  const current = set.find(buffer, start, end);
  if (Number.isNaN(current)) {
    if ((given & xx) !== 0) return set;
    outcome.added++;
    outcome.score = score;
    return insertMember(keyspace, ref, set, buffer, start, end, score);
  }
  if ((given & nx) !== 0) return set;
  if ((given & incr) !== 0) score += current;
  if (Number.isNaN(score)) throw SCORE_NOT_A_NUMBER;
  if ((given & lt) !== 0 && score >= current) return set;
  if ((given & gt) !== 0 && score <= current) return set;
  outcome.score = score;
  if (score === current) return set;
  set.rescore(buffer, start, end, score);
  outcome.updated++;
  return set;
}

export function tellAdded(call: Call, { added, updated }: ZaddOutcome, event: string): void {
  if (added + updated > 0) call.changed(1, EventClass.zset, event, added + updated);
}

export const zadd = command(
  {
    name: 'zadd',
    group: 'sorted_set',
    since: '1.2.0',
    arity: -4,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['sortedset'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      oneOf('condition', [word('NX'), word('XX')], { since: '3.0.2', optional: true }),
      oneOf('comparison', [word('GT'), word('LT')], { since: '6.2.0', optional: true }),
      word('CH', { since: '3.0.2', optional: true, name: 'change' }),
      word('INCR', { since: '3.0.2', optional: true, name: 'increment' }),
      block('data', [double('score'), text('member')], { multiple: true }),
    ],
    complexity:
      'O(log(N)) for each item added, where N is the number of elements in the sorted set.',
    summary: 'Adds members to a sorted set, or gives them other scores.',
  },
  (call) => {
    const options = readZaddOptions(call);
    const increments = (options.given & ZaddOption.incr) !== 0;
    const outcome = addMembers(call, options);
    tellAdded(call, outcome, increments ? 'zincr' : 'zadd');
    if (increments) replyScore(call, outcome.score);
    else if ((options.given & ZaddOption.ch) !== 0) {
      call.reply.integer(outcome.added + outcome.updated);
    } else call.reply.integer(outcome.added);
  },
);

export const zincrby = command(
  {
    name: 'zincrby',
    group: 'sorted_set',
    since: '1.2.0',
    arity: 4,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['sortedset'],
    keys: [key(1, ['RW', 'access', 'update'])],
    args: [keyArg(), integer('increment'), text('member')],
    complexity: 'O(log(N)) where N is the number of elements in the sorted set.',
    summary: 'Adds to the score of a member.',
  },
  (call) => {
    const outcome = addMembers(call, {
      given: ZaddOption.incr,
      firstAt: 2,
      stride: 2,
      readScore,
    });
    tellAdded(call, outcome, 'zincr');
    replyScore(call, outcome.score);
  },
);

function replyScore(call: Call, score: number): void {
  if (Number.isNaN(score)) call.reply.nil();
  else call.reply.double(score);
}

export const ZSET_ADD_COMMANDS: readonly Command[] = [zadd, zincrby];
