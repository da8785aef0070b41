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
import { NamedValue, readPattern, type SortPattern } from './sort-pattern.js';
import { type ElementVisitor, LIST_MAKERS, SORT_SOURCES, type SortElements } from './sort-types.js';
import { NONE } from './store/arena.js';
import { ByteStrings } from './store/byte-strings.js';
import { Type } from './store/entry.js';
import { orderOf } from './store/number-order.js';

/** Bytes of a text that fit a number. */
const HEAD_BYTES = 6;

/** The element itself. */
const ELEMENT = readPattern(Buffer.from('#'));

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
  const from = source?.open(call.keyspace, ref) ?? NO_ELEMENTS;
  const elements = new ByteStrings();
  const keep: ElementVisitor = (bytes, start, end) => elements.add(bytes, start, end);
  const span = spanOf(options, from.size);
  const asTheyAre = options.by !== null && !options.by.hasStar;
  let chosen: Uint32Array;
  if (asTheyAre && (type !== Type.set || (options.storeAt === 0 && !call.isFromScript))) {
    from.show(span.from, span.count, source?.ordered === true && options.descending, keep);
    chosen = indexesBelow(elements.count);
  } else {
    // Sets have no order, but what is stored must be the same wherever the request travels; scripts rely on one.
    const sorting = asTheyAre ? { ...options, by: null, alpha: true } : options;
    from.show(0, from.size, false, keep);
    chosen = firstOf(call, elements, sorting, span.from + span.count).subarray(span.from);
  }
  if (options.storeAt > 0) storeSorted(call, elements, chosen, options);
  else replySorted(call, elements, chosen, options);
  call.keyspace.own(Texts).clear();
}

/** Memory for the texts of a command. A keyspace owns one. */
class Texts {
  readonly elements = new ByteStrings();
  /** What they are sorted by. */
  readonly weights = new ByteStrings();
  /** What GET finds for them. */
  readonly found = new ByteStrings();

  clear(): this {
    this.elements.clear();
    this.weights.clear();
    this.found.clear();
    return this;
  }
}

function indexesBelow(count: number): Uint32Array {
  const indexes = new Uint32Array(count);
  for (let i = 0; i < count; i++) indexes[i] = i;
  return indexes;
}

const NO_ELEMENTS: SortElements = { size: 0, show: () => {} };

/** What LIMIT leaves of `size` elements. */
function spanOf({ offset, count }: SortOptions, size: number): { from: number; count: number } {
  const from = Math.min(Math.max(0, offset), size);
  return { from, count: count < 0 ? size - from : Math.min(count, size - from) };
}

/** The indexes of the first `count` elements in order. @throws {Refusal} SORT_NOT_NUMERIC. */
function firstOf(call: Call, elements: ByteStrings, options: SortOptions, count: number) {
  return options.alpha
    ? firstByTexts(call, elements, options, count)
    : firstByNumbers(call, elements, options, count);
}

function firstByNumbers(
  call: Call,
  elements: ByteStrings,
  { by, descending }: SortOptions,
  count: number,
): Uint32Array {
  const named = new NamedValue(call);
  const numbers = new Float64Array(elements.count);
  const { bytes } = elements;
  const sign = descending ? -1 : 1;
  let isNumeric = true;
  for (let i = 0; i < numbers.length; i++) {
    const start = elements.start(i);
    const end = elements.end(i);
    let number = 0;
    if (by === null) number = numberOf(bytes, start, end);
    else if (named.find(by, bytes, start, end)) {
      number = numberOf(named.bytes, named.start, named.end);
    }
    isNumeric &&= !Number.isNaN(number);
    numbers[i] = sign * number;
  }
  if (!isNumeric) throw SORT_NOT_NUMERIC;
  return orderOf(numbers, (one, other) => sign * compareStrings(elements, one, other), count);
}

/** The number that a C string in `bytes[start, end)` tells; NaN when it tells none. */
function numberOf(bytes: Uint8Array, start: number, end: number): number {
  return parseDouble(bytes, start, zeroIn(bytes, start, end));
}

function compareStrings(texts: ByteStrings, one: number, other: number): number {
  const { bytes } = texts;
  const start = texts.start(other);
  return compareBytes(bytes, texts.start(one), texts.end(one), bytes, start, texts.end(other));
}

/** Where a C string in `bytes[start, end)` ends. */
function zeroIn(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0) at++;
  return at;
}

/** By texts, which end at a zero byte unless the result is stored; those that are not there come first. */
function firstByTexts(
  call: Call,
  elements: ByteStrings,
  { by, descending, storeAt }: SortOptions,
  count: number,
): Uint32Array {
  const lacking = new Uint8Array(elements.count);
  const texts = call.keyspace.own(Texts).weights;
  const named = new NamedValue(call);
  const { bytes } = elements;
  for (let i = 0; i < elements.count; i++) {
    const isThere = named.find(by ?? ELEMENT, bytes, elements.start(i), elements.end(i));
    if (!isThere) lacking[i] = 1;
    const { start } = named;
    const end = storeAt > 0 ? named.end : zeroIn(named.bytes, start, named.end);
    texts.add(named.bytes, start, isThere ? end : start);
  }
  const sign = descending ? -1 : 1;
  const heads = headsOf(texts, lacking);
  for (let i = 0; i < heads.length; i++) heads[i] = sign * (heads[i] as number);
  return orderOf(heads, (one, other) => sign * compareStrings(texts, one, other), count);
}

/**
 * Numbers that are in order where texts are, equal where more of the texts must be looked at: their first bytes behind
 * those that all of them share. They are -1 for texts that are lacking.
 */
function headsOf(texts: ByteStrings, lacking: Uint8Array): Float64Array {
  const heads = new Float64Array(texts.count);
  const { bytes } = texts;
  const shared = sharedBytes(texts, lacking);
  for (let i = 0; i < heads.length; i++) {
    const start = texts.start(i) + shared;
    const end = texts.end(i);
    let head = 0;
    for (let at = start; at < start + HEAD_BYTES; at++) {
      head = head * 256 + (at < end ? (bytes[at] as number) : 0);
    }
    heads[i] = lacking[i] === 1 ? -1 : head;
  }
  return heads;
}

/** How many first bytes all texts that are there have in common. */
function sharedBytes(texts: ByteStrings, lacking: Uint8Array): number {
  const { bytes } = texts;
  const model = lacking.indexOf(0);
  if (model < 0) return 0;
  const start = texts.start(model);
  let shared = texts.end(model) - start;
  for (let i = model + 1; i < texts.count && shared > 0; i++) {
    if (lacking[i] === 1) continue;
    const own = texts.start(i);
    const most = Math.min(shared, texts.end(i) - own);
    let same = 0;
    while (same < most && bytes[own + same] === bytes[start + same]) same++;
    shared = same;
  }
  return shared;
}

function replySorted(
  call: Call,
  elements: ByteStrings,
  chosen: Uint32Array,
  { gets }: SortOptions,
): void {
  const { reply } = call;
  const named = new NamedValue(call);
  const { bytes } = elements;
  reply.array(chosen.length * Math.max(1, gets.length));
  for (const i of chosen) {
    const [start, end] = [elements.start(i), elements.end(i)];
    if (gets.length === 0) reply.bulk(bytes, start, end);
    for (const get of gets) {
      if (named.find(get, bytes, start, end)) reply.bulk(named.bytes, named.start, named.end);
      else reply.nil();
    }
  }
}

/** Makes a list of the elements, or of what GET finds for them: nothing found is an empty string. */
function storeSorted(
  call: Call,
  elements: ByteStrings,
  chosen: Uint32Array,
  { gets, storeAt }: SortOptions,
): void {
  const count = chosen.length * Math.max(1, gets.length);
  if (count === 0) {
    if (call.db.delete(call.buffer, call.start(storeAt), call.end(storeAt))) {
      call.changed(storeAt, EventClass.generic, 'del');
    }
    return call.reply.integer(0);
  }
  const texts = gets.length === 0 ? elements : textsNamed(call, elements, chosen, gets);
  const indexes = gets.length === 0 ? chosen : indexesBelow(count);
  const make = LIST_MAKERS.get(Type.list);
  if (make === undefined) throw new Error('Cannot store what was sorted: there are no lists');
  make(call, storeAt, call.write(storeAt), texts, indexes);
  call.changed(storeAt, EventClass.list, 'sortstore', count);
  call.reply.integer(count);
}

/** What patterns name for each of the chosen elements. */
function textsNamed(
  call: Call,
  elements: ByteStrings,
  chosen: Uint32Array,
  gets: readonly SortPattern[],
): ByteStrings {
  const named = new NamedValue(call);
  const texts = call.keyspace.own(Texts).found;
  for (const i of chosen) {
    for (const get of gets) {
      const isThere = named.find(get, elements.bytes, elements.start(i), elements.end(i));
      texts.add(named.bytes, named.start, isThere ? named.end : named.start);
    }
  }
  return texts;
}
