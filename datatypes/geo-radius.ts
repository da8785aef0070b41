/** GEORADIUS, GEORADIUSBYMEMBER and their forms that only read: what GEOSEARCH grew out of. */
import {
  block,
  double,
  integer,
  type KeySpec,
  key,
  keyArg,
  oneOf,
  text,
  word,
} from '../protocol/spec.js';
import type { Call } from './call.js';
import { type Command, command, type FoundKey } from './command.js';
import { UNIT_ARGUMENT } from './geo-distance.js';
import { type RadiusForm, readRadiusSearch } from './geo-options.js';
import { runSearch } from './geo-search.js';
import { readSortedSet } from './zset-value.js';

function search(call: Call, form: RadiusForm): void {
  const set = readSortedSet(call, 1);
  runSearch(call, set, readRadiusSearch(call, set, form), 'georadiusstore');
}

/** The key, and that after the last STORE or STOREDIST. */
function findRadiusKeys(call: Call): readonly (number | FoundKey)[] {
  let storeAt = 0;
  for (let i = 5; i + 1 < call.argc; i++) {
    if (call.is(i, 'store') || call.is(i, 'storedist')) storeAt = ++i;
  }
  return storeAt === 0 ? [1] : [1, { index: storeAt, flags: ['OW', 'update'] }];
}

/** The key that stands after `keyword`, which comes after the first `from` arguments. */
const storeKey = (keyword: string, from: number): KeySpec => ({
  flags: ['OW', 'update', 'variable_flags'],
  begin: { keyword, from },
  find: { last: 0, step: 1, limit: 0 },
});

/** What the result may be told with, and how much of it. */
const manner = (anySince: { readonly since?: string }) => [
  word('WITHCOORD', { optional: true }),
  word('WITHDIST', { optional: true }),
  word('WITHHASH', { optional: true }),
  block(
    'count-block',
    [integer('count', { token: 'COUNT' }), word('ANY', { ...anySince, optional: true })],
    { optional: true },
  ),
  oneOf('order', [word('ASC'), word('DESC')], { optional: true }),
];

const MANNER = manner({ since: '6.2.0' });
const MANNER_BY_MEMBER = manner({});

const STORE_ARGUMENT = oneOf(
  'store',
  [
    keyArg('storekey', { token: 'STORE', displayText: 'key', keySpec: 1 }),
    keyArg('storedistkey', { token: 'STOREDIST', displayText: 'key', keySpec: 2 }),
  ],
  { optional: true },
);

const COMPLEXITY =
  'O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index.';

export const georadius = command(
  {
    name: 'georadius',
    group: 'geo',
    since: '3.2.0',
    arity: -6,
    flags: ['denyoom', 'movablekeys', 'write'],
    acl: ['geo'],
    keys: [key(1, ['RO', 'access']), storeKey('STORE', 6), storeKey('STOREDIST', 6)],
    args: [
      keyArg(),
      double('longitude'),
      double('latitude'),
      double('radius'),
      UNIT_ARGUMENT,
      ...MANNER,
      STORE_ARGUMENT,
    ],
    complexity: COMPLEXITY,
    summary: 'Returns the members within a distance of a position, or stores them.',
  },
  (call) => search(call, { radiusAt: 4, stores: true }),
  { findKeys: findRadiusKeys },
);

export const georadiusRo = command(
  {
    name: 'georadius_ro',
    group: 'geo',
    since: '3.2.10',
    arity: -6,
    flags: ['readonly'],
    acl: ['geo'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      double('longitude'),
      double('latitude'),
      double('radius'),
      UNIT_ARGUMENT,
      ...MANNER,
    ],
    complexity: COMPLEXITY,
    summary: 'Returns the members within a distance of a position.',
  },
  (call) => search(call, { radiusAt: 4, stores: false }),
);

export const georadiusbymember = command(
  {
    name: 'georadiusbymember',
    group: 'geo',
    since: '3.2.0',
    arity: -5,
    flags: ['denyoom', 'movablekeys', 'write'],
    acl: ['geo'],
    keys: [key(1, ['RO', 'access']), storeKey('STORE', 5), storeKey('STOREDIST', 5)],
    args: [
      keyArg(),
      text('member'),
      double('radius'),
      UNIT_ARGUMENT,
      ...MANNER_BY_MEMBER,
      STORE_ARGUMENT,
    ],
    complexity: COMPLEXITY,
    summary: 'Returns the members within a distance of a member, or stores them.',
  },
  (call) => search(call, { radiusAt: 3, stores: true }),
  { findKeys: findRadiusKeys },
);

export const georadiusbymemberRo = command(
  {
    name: 'georadiusbymember_ro',
    group: 'geo',
    since: '3.2.10',
    arity: -5,
    flags: ['readonly'],
    acl: ['geo'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('member'), double('radius'), UNIT_ARGUMENT, ...MANNER_BY_MEMBER],
    complexity: COMPLEXITY,
    summary: 'Returns the members within a distance of a member.',
  },
  (call) => search(call, { radiusAt: 3, stores: false }),
);

export const GEO_RADIUS_COMMANDS: readonly Command[] = [
  georadius,
  georadiusRo,
  georadiusbymember,
  georadiusbymemberRo,
];
