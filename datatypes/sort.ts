/**
 * SORT and SORT_RO: the elements of a list, set or sorted set in order, by themselves or by keys they name.
 *
 * Elements are copied out first, each with its weight: a number, bytes (ALPHA) or none. Equal weights leave
 * numbers in the order of the elements' bytes, texts as they were.
 */
import { compareBytes } from '../protocol/bytes.js';
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
import { ByteStrings } from './store/byte-strings.js';
import { Type } from './store/entry.js';
import { orderOf } from './store/number-order.js';

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

function sortKey(call: Call, stores: boolean): void {
  const options = readSortOptions(call, stores);
  const ref = call.read(1);
  const type = ref === NONE ? Type.list : call.keyspace.entries.type(ref);
  const source = ref === NONE ? undefined : SORT_SOURCES.get(type);
  if (ref !== NONE && source === undefined) throw WRONG_TYPE;
  const elements = new ByteStrings();
  source?.forEach(call.keyspace, ref, (bytes, start, end) => elements.add(bytes, start, end));
  const asTheyAre = options.by !== null && !options.by.hasStar;
  let order: Uint32Array;
  if (!asTheyAre) order = orderBy(call, elements, options);
  else if (type === Type.set && (options.storeAt > 0 || call.isFromScript)) {
    // Sets have no order, but what is stored must be the same wherever the request travels; scripts rely on one.
    order = orderBy(call, elements, { ...options, by: null, alpha: true });
  } else {
    order = Uint32Array.from({ length: elements.count }, (_, i) => i);
    if (source?.ordered && options.descending) order.reverse();
  }
  const chosen = limited(order, options);
  if (options.storeAt > 0) storeSorted(call, elements, chosen, options);
  else replySorted(call, elements, chosen, options);
}

function limited(order: Uint32Array, { offset, count }: SortOptions): Uint32Array {
  const start = Math.max(0, offset);
  return order.subarray(start, count < 0 ? order.length : start + count);
}

/** The indexes of the elements in order. @throws {Refusal} SORT_NOT_NUMERIC. */
function orderBy(call: Call, elements: ByteStrings, options: SortOptions): Uint32Array {
  return options.alpha ? byTexts(call, elements, options) : byNumbers(call, elements, options);
}

function byNumbers(call: Call, elements: ByteStrings, { by, descending }: SortOptions) {
  const numbers = new Float64Array(elements.count);
  for (let i = 0; i < numbers.length; i++) {
    numbers[i] = by === null ? numberAt(elements, i) : numberNamed(call, by, elements.at(i));
  }
  if (numbers.some(Number.isNaN)) throw SORT_NOT_NUMERIC;
  const { bytes } = elements;
  const order = orderOf(numbers, (one, other) =>
    compareBytes(
      bytes,
      elements.start(one),
      elements.end(one),
      bytes,
      elements.start(other),
      elements.end(other),
    ),
  );
  return descending ? order.reverse() : order;
}

function numberAt(elements: ByteStrings, i: number): number {
  const start = elements.start(i);
  return parseDouble(elements.bytes, start, zeroIn(elements.bytes, start, elements.end(i)));
}

/** The number that BY names for an element; 0 when it names none. */
function numberNamed(call: Call, by: SortPattern, element: Uint8Array): number {
  const weight = lookUp(call, by, element);
  return weight === null ? 0 : parseDouble(weight, 0, zeroIn(weight, 0, weight.length));
}

/** Where a C string in `bytes[start, end)` ends. */
function zeroIn(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0) at++;
  return at;
}

/** Orders by texts, which end at a zero byte unless the result is stored; those that are not there come first. */
function byTexts(call: Call, elements: ByteStrings, { by, descending, storeAt }: SortOptions) {
  const { count } = elements;
  const lacking = new Uint8Array(count);
  const texts = by === null ? elements : textsNamed(call, by, elements, lacking);
  const { bytes } = texts;
  const ends = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    ends[i] = storeAt > 0 ? texts.end(i) : zeroIn(bytes, texts.start(i), texts.end(i));
  }
  const endOf = (i: number) => ends[i] as number;
  const sign = descending ? -1 : 1;
  return Uint32Array.from({ length: count }, (_, i) => i).sort((one, other) => {
    const there = (lacking[other] as number) - (lacking[one] as number);
    if (there !== 0) return sign * there;
    const start = texts.start(one);
    return sign * compareBytes(bytes, start, endOf(one), bytes, texts.start(other), endOf(other));
  });
}

/** What BY names for each element; notes in `lacking` for which it names nothing. */
function textsNamed(call: Call, by: SortPattern, elements: ByteStrings, lacking: Uint8Array) {
  const texts = new ByteStrings();
  for (let i = 0; i < elements.count; i++) {
    const text = lookUp(call, by, elements.at(i));
    if (text === null) lacking[i] = 1;
    texts.add(text ?? NOTHING, 0, text?.length ?? 0);
  }
  return texts;
}

function replySorted(
  call: Call,
  elements: ByteStrings,
  chosen: Uint32Array,
  { gets }: SortOptions,
): void {
  const { reply } = call;
  reply.array(chosen.length * Math.max(1, gets.length));
  for (const i of chosen) {
    if (gets.length === 0) reply.bulk(elements.bytes, elements.start(i), elements.end(i));
    for (const get of gets) {
      const found = lookUp(call, get, elements.at(i));
      if (found === null) reply.nil();
      else reply.bulk(found);
    }
  }
}

const NOTHING = new Uint8Array(0);

/** Makes a list of the elements, or of what GET finds for them: nothing found is an empty string. */
function storeSorted(
  call: Call,
  elements: ByteStrings,
  chosen: Uint32Array,
  options: SortOptions,
): void {
  const { gets, storeAt } = options;
  const copied = (found: Uint8Array | null) =>
    found === null ? NOTHING : Uint8Array.prototype.slice.call(found);
  const list = Array.from(chosen, (i) => elements.at(i)).flatMap((element) =>
    gets.length === 0 ? [element] : gets.map((get) => copied(lookUp(call, get, element))),
  );
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
