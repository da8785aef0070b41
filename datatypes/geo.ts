/** Positions in sorted sets: GEOADD, GEODIST, GEOHASH, GEOPOS. */
import { SYNTAX_ERROR } from '../protocol/refusals.js';
import { block, double, key, keyArg, oneOf, optional, text, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import { type Command, command } from './command.js';
import { cellAt, firstScore, geohashText, type Position, positionOfScore } from './geo-cells.js';
import {
  distance,
  formatDistance,
  preciseDistance,
  readUnit,
  UNIT_ARGUMENT,
} from './geo-distance.js';
import { readPosition } from './geo-options.js';
import { GEO_RADIUS_COMMANDS } from './geo-radius.js';
import { replyPosition } from './geo-search.js';
import { GEO_SEARCH_COMMANDS } from './geo-searches.js';
import { addMembers, tellAdded, ZaddOption, type ZaddRequest } from './zset-add.js';
import { readSortedSet, type SortedSet } from './zset-value.js';

/** The score of the position in arguments `i` and `i` + 1. */
function readScore(call: Call, i: number): number {
  const { longitude, latitude } = readPosition(call, i);
  return firstScore(cellAt(longitude, latitude));
}

/** Reads the options of GEOADD, and checks that positions with members follow. */
function readGeoaddOptions(call: Call): ZaddRequest {
  let given = 0;
  let i = 2;
  for (; i < call.argc; i++) {
    if (call.is(i, 'nx')) given |= ZaddOption.nx;
    else if (call.is(i, 'xx')) given |= ZaddOption.xx;
    else if (call.is(i, 'ch')) given |= ZaddOption.ch;
    else break;
  }
  const both = ZaddOption.nx | ZaddOption.xx;
  const words = call.argc - i;
  if (words === 0 || words % 3 !== 0 || (given & both) === both) throw SYNTAX_ERROR;
  return { given, firstAt: i, stride: 3, readScore };
}

/** To others it travels as the ZADD that it is. */
function propagate(call: Call, { firstAt }: ZaddRequest): void {
  const request: (string | Uint8Array)[] = ['ZADD'];
  for (let i = 1; i < firstAt; i++) request.push(call.bytes(i));
  for (let i = firstAt; i < call.argc; i += 3) {
    request.push(String(readScore(call, i)), call.bytes(i + 2));
  }
  call.effects.propagateAs(request);
}

export const geoadd = command(
  {
    name: 'geoadd',
    group: 'geo',
    since: '3.2.0',
    arity: -5,
    flags: ['denyoom', 'write'],
    acl: ['geo'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      oneOf('condition', [word('NX'), word('XX')], { since: '6.2.0', optional: true }),
      word('CH', { since: '6.2.0', optional: true, name: 'change' }),
      block('data', [double('longitude'), double('latitude'), text('member')], { multiple: true }),
    ],
    complexity:
      'O(log(N)) for each item added, where N is the number of elements in the sorted set.',
    summary: 'Adds positions to a sorted set, or moves them.',
  },
  (call) => {
    const request = readGeoaddOptions(call);
    const outcome = addMembers(call, request);
    tellAdded(call, outcome, 'zadd');
    const changes = outcome.added + outcome.updated;
    if (changes > 0 && call.effects.propagates) propagate(call, request);
    call.reply.integer((request.given & ZaddOption.ch) !== 0 ? changes : outcome.added);
  },
);

/** Where the member in argument `i` lies; null when there is none. */
function positionAt(call: Call, set: SortedSet | null, i: number): Position | null {
  const score = set === null ? NaN : set.find(call.buffer, call.start(i), call.end(i));
  return Number.isNaN(score) ? null : positionOfScore(score);
}

export const geodist = command(
  {
    name: 'geodist',
    group: 'geo',
    since: '3.2.0',
    arity: -4,
    flags: ['readonly'],
    acl: ['geo'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('member1'), text('member2'), optional(UNIT_ARGUMENT)],
    complexity: 'O(1)',
    summary: 'Returns the distance between two members.',
  },
  (call) => {
    const { argc, reply } = call;
    // The unit is judged before how many words there are.
    const unitM = argc === 5 ? readUnit(call, 4) : 1;
    if (argc > 5) throw SYNTAX_ERROR;
    const set = readSortedSet(call, 1);
    const one = positionAt(call, set, 2);
    const other = positionAt(call, set, 3);
    if (one === null || other === null) return reply.nil();
    const { longitude, latitude } = one;
    const metres = distance(longitude, latitude, other.longitude, other.latitude);
    reply.text(formatDistance(metres, unitM, () => preciseDistance(one, other)));
  },
);

export const geohash = command(
  {
    name: 'geohash',
    group: 'geo',
    since: '3.2.0',
    arity: -2,
    flags: ['readonly'],
    acl: ['geo'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('member', { optional: true, multiple: true })],
    complexity: 'O(1) for each member requested.',
    summary: 'Returns positions as geohash texts.',
  },
  (call) => {
    const set = readSortedSet(call, 1);
    call.reply.array(call.argc - 2);
    for (let i = 2; i < call.argc; i++) {
      const position = positionAt(call, set, i);
      if (position === null) call.reply.nil();
      else call.reply.text(geohashText(position));
    }
  },
);

export const geopos = command(
  {
    name: 'geopos',
    group: 'geo',
    since: '3.2.0',
    arity: -2,
    flags: ['readonly'],
    acl: ['geo'],
    keys: [key(1, ['RO', 'access'])],
    args: [keyArg(), text('member', { optional: true, multiple: true })],
    complexity: 'O(1) for each member requested.',
    summary: 'Returns longitudes and latitudes of members.',
  },
  (call) => {
    const set = readSortedSet(call, 1);
    call.reply.array(call.argc - 2);
    for (let i = 2; i < call.argc; i++) {
      const position = positionAt(call, set, i);
      if (position === null) call.reply.nilArray();
      else replyPosition(call.reply, position);
    }
  },
);

export const GEO_COMMANDS: readonly Command[] = [
  geoadd,
  geodist,
  geohash,
  geopos,
  ...GEO_SEARCH_COMMANDS,
  ...GEO_RADIUS_COMMANDS,
];
