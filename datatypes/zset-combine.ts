/** Several sorted sets made into one: ZUNION, ZINTER, ZDIFF, their STORE forms, ZINTERCARD. */
import { parseDouble } from '../protocol/doubles.js';
import { noInputKeys, SYNTAX_ERROR, WEIGHT_NOT_A_FLOAT } from '../protocol/refusals.js';
import { integer, key, keyArg, oneOf, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import { type Command, command } from './command.js';
import { readLimit } from './options.js';
import { type Input, readInput } from './zset-inputs.js';
import { LargeSortedSet } from './zset-large.js';
import { replySpan } from './zset-reply.js';
import { storeSortedSet } from './zset-store.js';

type Operation = 'union' | 'inter' | 'diff';

/** Makes one score of two. */
type Aggregate = (one: number, other: number) => number;

/** Opposite infinities cancel out: a score is never NaN. */
const sum: Aggregate = (one, other) => notNaN(one + other);
const AGGREGATES: readonly (readonly [word: string, aggregate: Aggregate])[] = [
  ['sum', sum],
  ['min', (one, other) => pick(one, other, other < one)],
  ['max', (one, other) => pick(one, other, other > one)],
];

/** The first number unless the second is wanted: of 0 and -0, and beside NaN, the first. */
function pick(one: number, other: number, wantsOther: boolean): number {
  return wantsOther ? other : one;
}

const notNaN = (score: number) => (Number.isNaN(score) ? 0 : score);

interface WeightedInput {
  readonly input: Input;
  readonly weight: number;
}

interface Combination {
  readonly inputs: readonly WeightedInput[];
  readonly aggregate: Aggregate;
  readonly withScores: boolean;
}

/** Reads `numkeys key [key ...]` from argument `at` on. */
function readInputs(call: Call, at: number, name: string): Input[] {
  const keys = Number(call.bigint(at));
  if (keys < 1) throw noInputKeys(name);
  if (keys > call.argc - at - 1) throw SYNTAX_ERROR;
  return Array.from({ length: keys }, (_, i) => readInput(call, at + 1 + i));
}

/** Reads keys and options from argument `at` on. The real server looks at the keys before it reads options. */
function readCombination(call: Call, at: number, name: string, operation: Operation): Combination {
  const inputs = readInputs(call, at, name);
  const weights: number[] = [];
  let aggregate = sum;
  let withScores = false;
  for (let i = at + 1 + inputs.length; i < call.argc; i++) {
    const left = call.argc - i - 1;
    if (operation !== 'diff' && left >= inputs.length && call.is(i, 'weights')) {
      for (let n = 0; n < inputs.length; n++) weights[n] = readWeight(call, ++i);
    } else if (operation !== 'diff' && left >= 1 && call.is(i, 'aggregate')) {
      aggregate = readAggregate(call, ++i);
    } else if (!name.endsWith('store') && call.is(i, 'withscores')) withScores = true;
    else throw SYNTAX_ERROR;
  }
  const weighted = inputs.map((input, n) => ({ input, weight: weights[n] ?? 1 }));
  return { inputs: weighted, aggregate, withScores };
}

function readWeight(call: Call, i: number): number {
  const weight = parseDouble(call.buffer, call.start(i), call.end(i));
  if (Number.isNaN(weight)) throw WEIGHT_NOT_A_FLOAT;
  return weight;
}

function readAggregate(call: Call, i: number): Aggregate {
  for (const [name, aggregate] of AGGREGATES) if (call.is(i, name)) return aggregate;
  throw SYNTAX_ERROR;
}

/** Sums depend on their order: the smallest input comes first, as in the real server. */
function bySize({ inputs }: Combination): WeightedInput[] {
  return [...inputs].sort((one, other) => one.input.size - other.input.size);
}

function unite(result: LargeSortedSet, combination: Combination): void {
  const { aggregate } = combination;
  for (const { input, weight } of bySize(combination)) {
    input.each((bytes, start, end, own) => {
      const score = notNaN(own * weight);
      const current = result.find(bytes, start, end);
      if (Number.isNaN(current)) result.gather(bytes, start, end, score);
      else result.regather(aggregate(current, score));
    });
  }
}

function intersect(result: LargeSortedSet, combination: Combination): void {
  const [first, ...others] = bySize(combination);
  first?.input.each((bytes, start, end, own) => {
    let score = notNaN(own * first.weight);
    for (const { input, weight } of others) {
      const other = input.find(bytes, start, end);
      if (Number.isNaN(other)) return;
      score = combination.aggregate(score, other * weight);
    }
    if (!Number.isNaN(result.find(bytes, start, end))) return;
    result.gather(bytes, start, end, score);
  });
}

function subtract(result: LargeSortedSet, { inputs }: Combination): void {
  const [first, ...others] = inputs;
  first?.input.each((bytes, start, end, score) => {
    for (const { input } of others) if (!Number.isNaN(input.find(bytes, start, end))) return;
    result.find(bytes, start, end);
    result.gather(bytes, start, end, score);
  });
}

const OPERATIONS = { union: unite, inter: intersect, diff: subtract } as const;

function combine(call: Call, operation: Operation, combination: Combination): LargeSortedSet {
  const { arena, hash } = call.keyspace;
  const result = new LargeSortedSet(arena, hash);
  if (operation === 'union') {
    result.reserve(Math.max(...combination.inputs.map(({ input }) => input.size)));
  }
  OPERATIONS[operation](result, combination);
  return result.arrange();
}

function replyCombined(call: Call, operation: Operation): void {
  const combination = readCombination(call, 1, `z${operation}`, operation);
  const result = combine(call, operation, combination);
  const all = { from: 0, count: result.size };
  replySpan(call.reply, result, all, false, combination.withScores);
  result.drop();
}

function storeCombined(call: Call, operation: Operation): void {
  const name = `z${operation}store`;
  const combination = readCombination(call, 2, name, operation);
  storeSortedSet(call, 1, combine(call, operation, combination), name);
}

export const zunion = command(
  {
    name: 'zunion',
    group: 'sorted_set',
    since: '6.2.0',
    arity: -3,
    flags: ['movablekeys', 'readonly'],
    acl: ['sortedset'],
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } },
    ],
    args: [
      integer('numkeys'),
      keyArg('key', { multiple: true }),
      integer('weight', { token: 'WEIGHTS', optional: true, multiple: true }),
      oneOf('aggregate', [word('SUM'), word('MIN'), word('MAX')], {
        token: 'AGGREGATE',
        optional: true,
      }),
      word('WITHSCORES', { optional: true }),
    ],
    complexity:
      'O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.',
    summary: 'Returns the members of any of several sorted sets.',
  },
  (call) => replyCombined(call, 'union'),
);

export const zinter = command(
  {
    name: 'zinter',
    group: 'sorted_set',
    since: '6.2.0',
    arity: -3,
    flags: ['movablekeys', 'readonly'],
    acl: ['sortedset'],
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } },
    ],
    args: [
      integer('numkeys'),
      keyArg('key', { multiple: true }),
      integer('weight', { token: 'WEIGHTS', optional: true, multiple: true }),
      oneOf('aggregate', [word('SUM'), word('MIN'), word('MAX')], {
        token: 'AGGREGATE',
        optional: true,
      }),
      word('WITHSCORES', { optional: true }),
    ],
    complexity:
      'O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.',
    summary: 'Returns the members that several sorted sets share.',
  },
  (call) => replyCombined(call, 'inter'),
);

export const zdiff = command(
  {
    name: 'zdiff',
    group: 'sorted_set',
    since: '6.2.0',
    arity: -3,
    flags: ['movablekeys', 'readonly'],
    acl: ['sortedset'],
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } },
    ],
    args: [
      integer('numkeys'),
      keyArg('key', { multiple: true }),
      word('WITHSCORES', { optional: true }),
    ],
    complexity:
      'O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.',
    summary: 'Returns the members of a sorted set that others lack.',
  },
  (call) => replyCombined(call, 'diff'),
);

export const zunionstore = command(
  {
    name: 'zunionstore',
    group: 'sorted_set',
    since: '2.0.0',
    arity: -4,
    flags: ['denyoom', 'movablekeys', 'write'],
    acl: ['sortedset'],
    keys: [
      key(1, ['OW', 'update']),
      { flags: ['RO', 'access'], begin: { index: 2 }, find: { countAt: 0, first: 1, step: 1 } },
    ],
    args: [
      keyArg('destination'),
      integer('numkeys'),
      keyArg('key', { multiple: true, keySpec: 1 }),
      integer('weight', { token: 'WEIGHTS', optional: true, multiple: true }),
      oneOf('aggregate', [word('SUM'), word('MIN'), word('MAX')], {
        token: 'AGGREGATE',
        optional: true,
      }),
    ],
    complexity:
      'O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.',
    summary: 'Stores the members of any of several sorted sets.',
  },
  (call) => storeCombined(call, 'union'),
);

export const zinterstore = command(
  {
    name: 'zinterstore',
    group: 'sorted_set',
    since: '2.0.0',
    arity: -4,
    flags: ['denyoom', 'movablekeys', 'write'],
    acl: ['sortedset'],
    keys: [
      key(1, ['OW', 'update']),
      { flags: ['RO', 'access'], begin: { index: 2 }, find: { countAt: 0, first: 1, step: 1 } },
    ],
    args: [
      keyArg('destination'),
      integer('numkeys'),
      keyArg('key', { multiple: true, keySpec: 1 }),
      integer('weight', { token: 'WEIGHTS', optional: true, multiple: true }),
      oneOf('aggregate', [word('SUM'), word('MIN'), word('MAX')], {
        token: 'AGGREGATE',
        optional: true,
      }),
    ],
    complexity:
      'O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set.',
    summary: 'Stores the members that several sorted sets share.',
  },
  (call) => storeCombined(call, 'inter'),
);

export const zdiffstore = command(
  {
    name: 'zdiffstore',
    group: 'sorted_set',
    since: '6.2.0',
    arity: -4,
    flags: ['denyoom', 'movablekeys', 'write'],
    acl: ['sortedset'],
    keys: [
      key(1, ['OW', 'update']),
      { flags: ['RO', 'access'], begin: { index: 2 }, find: { countAt: 0, first: 1, step: 1 } },
    ],
    args: [
      keyArg('destination'),
      integer('numkeys'),
      keyArg('key', { multiple: true, keySpec: 1 }),
    ],
    complexity:
      'O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set.',
    summary: 'Stores the members of a sorted set that others lack.',
  },
  (call) => storeCombined(call, 'diff'),
);

export const zintercard = command(
  {
    name: 'zintercard',
    group: 'sorted_set',
    since: '7.0.0',
    arity: -3,
    flags: ['movablekeys', 'readonly'],
    acl: ['sortedset'],
    keys: [
      { flags: ['RO', 'access'], begin: { index: 1 }, find: { countAt: 0, first: 1, step: 1 } },
    ],
    args: [
      integer('numkeys'),
      keyArg('key', { multiple: true }),
      integer('limit', { token: 'LIMIT', optional: true }),
    ],
    complexity:
      'O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.',
    summary: 'Counts the members that several sorted sets share.',
  },
  (call) => {
    const inputs = readInputs(call, 1, 'zintercard');
    const limit = readLimit(call, 2 + inputs.length);
    call.reply.integer(countShared(inputs, limit));
  },
);

/** How many members all inputs have; `limit` of them are enough. */
function countShared(inputs: readonly Input[], limit: number): number {
  const [first, ...others] = [...inputs].sort((one, other) => one.size - other.size);
  let count = 0;
  first?.each((bytes, start, end) => {
    if (count >= limit) return;
    for (const input of others) if (Number.isNaN(input.find(bytes, start, end))) return;
    count++;
  });
  return count;
}

export const ZSET_COMBINE_COMMANDS: readonly Command[] = [
  zunion,
  zinter,
  zdiff,
  zunionstore,
  zinterstore,
  zdiffstore,
  zintercard,
];
