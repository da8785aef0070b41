/** GEOSEARCH and GEOSEARCHSTORE. */
import { block, double, integer, key, keyArg, oneOf, text, word } from '../protocol/spec.js';
import { type Command, command } from './command.js';
import { UNIT_ARGUMENT } from './geo-distance.js';
import { readSearch } from './geo-options.js';
import { runSearch } from './geo-search.js';
import { readSortedSet } from './zset-value.js';

/** What both are told: where from, what shape, in which order, how many. */
const SEARCH_ARGUMENTS = [
  oneOf(
    'from',
    [
      text('member', { token: 'FROMMEMBER' }),
      block('fromlonlat', [double('longitude'), double('latitude')], { token: 'FROMLONLAT' }),
    ],
    { optional: true },
  ),
  oneOf('by', [
    block('circle', [double('radius', { token: 'BYRADIUS' }), UNIT_ARGUMENT]),
    block('box', [double('width', { token: 'BYBOX' }), double('height'), UNIT_ARGUMENT]),
    block(
      'polygon',
      [
        integer('num-vertices', { token: 'BYPOLYGON' }),
        block('vertices', [double('longitude'), double('latitude')], { multiple: true }),
      ],
      { since: '9.0.0' },
    ),
  ]),
  oneOf('order', [word('ASC'), word('DESC')], { optional: true }),
  block('count-block', [integer('count', { token: 'COUNT' }), word('ANY', { optional: true })], {
    optional: true,
  }),
];

const COMPLEXITY =
  'O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape';

export const geosearch = command(
  {
    name: 'geosearch',
    group: 'geo',
    since: '6.2.0',
    arity: -7,
    flags: ['readonly'],
    acl: ['geo'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      ...SEARCH_ARGUMENTS,
      word('WITHCOORD', { optional: true }),
      word('WITHDIST', { optional: true }),
      word('WITHHASH', { optional: true }),
    ],
    complexity: COMPLEXITY,
    summary: 'Returns the members inside a circle, a box or a polygon.',
  },
  (call) => {
    const set = readSortedSet(call, 1);
    runSearch(call, set, readSearch(call, set, 0), 'geosearch');
  },
);

export const geosearchstore = command(
  {
    name: 'geosearchstore',
    group: 'geo',
    since: '6.2.0',
    arity: -8,
    flags: ['denyoom', 'write'],
    acl: ['geo'],
    keys: [key(1, ['OW', 'update']), key(2, ['RO', 'access'])],
    args: [
      keyArg('destination'),
      keyArg('source', { keySpec: 1 }),
      ...SEARCH_ARGUMENTS,
      word('STOREDIST', { optional: true }),
    ],
    complexity: COMPLEXITY,
    summary: 'Stores the members inside a circle, a box or a polygon as a sorted set.',
  },
  (call) => {
    const set = readSortedSet(call, 2);
    runSearch(call, set, readSearch(call, set, 1), 'geosearchstore');
  },
);

export const GEO_SEARCH_COMMANDS: readonly Command[] = [geosearch, geosearchstore];
