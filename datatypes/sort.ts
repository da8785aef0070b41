/**
 * SORT and SORT_RO: the elements of a list, set or sorted set in order, by themselves or by keys they name.
 *
 * Elements are copied out first, each with its weight: a number, bytes (ALPHA) or none. Equal weights leave
 * numbers in the order of the elements' bytes, texts as they were.
 */
import { parseDouble } from '../protocol/doubles.js';
import { SORT_NOT_NUMERIC, SYNTAX_ERROR, WRONG_TYPE } from '../protocol/refusals.js';
import {
  type ArgumentSpec,
  block,
  integer,
  type KeySpec,
  key,
  keyArg,
  oneOf,
  pattern,
  word,
} from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { type Command, command, type FoundKey } from './command.js';
import { lookUp, readPattern, type SortPattern } from './sort-pattern.js';
import { LIST_MAKERS, SORT_SOURCES } from './sort-types.js';
import { NONE, type Ref } from './store/arena.js';
import { Type } from './store/entry.js';

const ARGUMENTS: readonly ArgumentSpec[] = [
  keyArg(),
  pattern('by-pattern', { token: 'BY', displayText: 'pattern', keySpec: 1, optional: true }),
  block('limit', [integer('offset'), integer('count')], { token: 'LIMIT', optional: true }),
  pattern('get-pattern', {
    ...{ token: 'GET', displayText: 'pattern', keySpec: 1, optional: true },
    ...{ multiple: true, multipleToken: true },
  }),
  oneOf('order', [word('ASC'), word('DESC')], { optional: true }),
  word('ALPHA', { optional: true, name: 'sorting' }),
];

const PATTERN_KEYS: KeySpec = {
  flags: ['RO', 'access'],
  begin: 'unknown',
  find: 'unknown',
};

const STORE_KEY: KeySpec = {
  flags: ['OW', 'update'],
  begin: 'unknown',
  find: 'unknown',
};

const COMPLEXITY =
  'O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).';

export const sort = command(
  {
    name: 'sort',
    group: 'generic',
    since: '1.0.0',
    arity: -2,
    flags: ['denyoom', 'movablekeys', 'write'],
    acl: ['dangerous', 'list', 'set', 'sortedset'],
    keys: [key(1, ['RO', 'access']), PATTERN_KEYS, STORE_KEY],
    args: [...ARGUMENTS, keyArg('destination', { token: 'STORE', optional: true, keySpec: 2 })],
    complexity: COMPLEXITY,
    summary:
      'Puts the elements of a list, set or sorted set in order, and may store them as a list.',
  },
  (call) => sortKey(call, true),
  { findKeys: findSortKeys },
);

export const sortRo = command(
  {
    name: 'sort_ro',
    group: 'generic',
    since: '7.0.0',
    arity: -2,
    flags: ['movablekeys', 'readonly'],
    acl: ['dangerous', 'list', 'set', 'sortedset'],
    keys: [key(1, ['RO', 'access']), PATTERN_KEYS],
    args: ARGUMENTS,
    complexity: COMPLEXITY,
    summary: 'Returns the elements of a list, set or sorted set in order.',
  },
  (call) => sortKey(call, false),
  { findKeys: () => [1] },
);

export const SORT_COMMANDS: readonly Command[] = [sort, sortRo];

/** The key, and that after the last STORE. What patterns name is nobody's to know. */
function findSortKeys(call: Call): readonly (number | FoundKey)[] {
  let storeAt = 0;
  for (let i = 2; i < call.argc; i++) {
    if (call.is(i, 'limit')) i += 2;
    else if (call.is(i, 'get') || call.is(i, 'by')) i++;
    else if (call.is(i, 'store') && i + 1 < call.argc) storeAt = ++i;
  }
  return storeAt === 0 ? [1] : [1, { index: storeAt, flags: ['OW', 'update'] }];
}

interface SortOptions {
  descending: boolean;
  alpha: boolean;
  /** What elements are sorted by; null for themselves. */
  by: SortPattern | null;
  readonly gets: SortPattern[];
  offset: number;
  /** Negative for all. */
  count: number;
  /** Which argument is the key to store to; 0 for none. */
  storeAt: number;
}

/** Reads the options from argument 2 on. @throws {Refusal} SYNTAX_ERROR, NOT_AN_INTEGER. */
function readSortOptions(call: Call, stores: boolean): SortOptions {
  const options: SortOptions = {
    descending: false,
    alpha: false,
    by: null,
    gets: [],
    offset: 0,
    count: -1,
    storeAt: 0,
  };
  for (let i = 2; i < call.argc; i++) {
    const left = call.argc - i - 1;
    if (call.is(i, 'asc')) options.descending = false;
    else if (call.is(i, 'desc')) options.descending = true;
    else if (call.is(i, 'alpha')) options.alpha = true;
    else if (call.is(i, 'limit') && left >= 2) {
      options.offset = Number(call.bigint(++i));
      options.count = Number(call.bigint(++i));
    } else if (stores && call.is(i, 'store') && left >= 1) options.storeAt = ++i;
    else if (call.is(i, 'by') && left >= 1) options.by = readPattern(call.bytes(++i));
    else if (call.is(i, 'get') && left >= 1) options.gets.push(readPattern(call.bytes(++i)));
    else throw SYNTAX_ERROR;
  }
  return options;
}

/** An element, and what it is sorted by. */
interface Weighed {
  readonly element: Uint8Array;
  readonly number: number;
  /** Null sorts first. */
  readonly text: Uint8Array | null;
}

function sortKey(call: Call, stores: boolean): void {
  const options = readSortOptions(call, stores);
  const ref = call.read(1);
  const type = ref === NONE ? Type.list : call.keyspace.entries.type(ref);
  const source = ref === NONE ? undefined : SORT_SOURCES.get(type);
  if (ref !== NONE && source === undefined) throw WRONG_TYPE;
  let elements: Uint8Array[] = [];
  source?.forEach(call.keyspace, ref, (bytes, start, end) => {
    elements.push(Uint8Array.prototype.slice.call(bytes, start, end));
  });
  const asTheyAre = options.by !== null && !options.by.hasStar;
  if (!asTheyAre) elements = inOrder(call, elements, options);
  else if (type === Type.set && options.storeAt > 0) {
    // Sets have no order, but what is stored must be the same wherever the request travels.
    elements = inOrder(call, elements, { ...options, by: null, alpha: true });
  } else if (source?.ordered && options.descending) elements.reverse();
  const chosen = limited(elements, options);
  if (options.storeAt > 0) storeSorted(call, chosen, options);
  else replySorted(call, chosen, options);
}

function limited(elements: Uint8Array[], { offset, count }: SortOptions): Uint8Array[] {
  const start = Math.max(0, offset);
  return elements.slice(start, count < 0 ? elements.length : start + count);
}

/** The elements sorted. @throws {Refusal} SORT_NOT_NUMERIC. */
function inOrder(call: Call, elements: Uint8Array[], options: SortOptions): Uint8Array[] {
  const weighed = elements.map((element) => weigh(call, element, options));
  if (weighed.some(({ number }) => Number.isNaN(number))) throw SORT_NOT_NUMERIC;
  const sign = options.descending ? -1 : 1;
  if (!options.alpha) weighed.sort((one, other) => sign * compareNumbers(one, other));
  else {
    const compare = options.storeAt > 0 ? compareBytes : compareUntilZero;
    weighed.sort((one, other) => sign * compareTexts(one, other, compare));
  }
  return weighed.map(({ element }) => element);
}

function weigh(call: Call, element: Uint8Array, { by, alpha }: SortOptions): Weighed {
  const weight = by === null ? element : lookUp(call, by, element);
  if (alpha) {
    // What another lookup finds may take its place.
    const text = by === null || weight === null ? weight : Uint8Array.prototype.slice.call(weight);
    return { element, number: 0, text };
  }
  if (weight === null) return { element, number: 0, text: null };
  return { element, number: parseDouble(weight, 0, zeroIn(weight)), text: null };
}

/** Where a C string in these bytes ends. */
function zeroIn(bytes: Uint8Array): number {
  const zero = bytes.indexOf(0);
  return zero < 0 ? bytes.length : zero;
}

type Comparer = (one: Uint8Array, other: Uint8Array) => number;

const compareBytes: Comparer = (one, other) => Buffer.compare(one, other);
const compareUntilZero: Comparer = (one, other) =>
  Buffer.compare(one.subarray(0, zeroIn(one)), other.subarray(0, zeroIn(other)));

function compareNumbers(one: Weighed, other: Weighed): number {
  if (one.number < other.number) return -1;
  if (one.number > other.number) return 1;
  return compareBytes(one.element, other.element);
}

function compareTexts(one: Weighed, other: Weighed, compare: Comparer): number {
  if (one.text === null) return other.text === null ? 0 : -1;
  return other.text === null ? 1 : compare(one.text, other.text);
}

function replySorted(call: Call, elements: readonly Uint8Array[], { gets }: SortOptions): void {
  const { reply } = call;
  reply.array(elements.length * Math.max(1, gets.length));
  for (const element of elements) {
    if (gets.length === 0) reply.bulk(element);
    for (const get of gets) {
      const found = lookUp(call, get, element);
      if (found === null) reply.nil();
      else reply.bulk(found);
    }
  }
}

const NOTHING = new Uint8Array(0);

/** Makes a list of the elements, or of what GET finds for them: nothing found is an empty string. */
function storeSorted(call: Call, elements: readonly Uint8Array[], options: SortOptions): void {
  const { gets, storeAt } = options;
  const copied = (found: Uint8Array | null) =>
    found === null ? NOTHING : Uint8Array.prototype.slice.call(found);
  const list =
    gets.length === 0
      ? elements
      : elements.flatMap((element) => gets.map((get) => copied(lookUp(call, get, element))));
  if (list.length === 0) {
    if (call.db.delete(call.buffer, call.start(storeAt), call.end(storeAt))) {
      call.changed(storeAt, EventClass.generic, 'del');
    }
    return call.reply.integer(0);
  }
  const make = LIST_MAKERS.get(Type.list);
  if (make === undefined) throw new Error('Cannot store what was sorted: there are no lists');
  const previous: Ref = call.write(storeAt);
  make(call, storeAt, previous, list);
  call.changed(storeAt, EventClass.list, 'sortstore', list.length);
  call.reply.integer(list.length);
}
