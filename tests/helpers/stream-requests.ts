/** What random requests about streams are made of. Their IDs never come from a clock: two servers have two. */
import type { Random } from '../../datatypes/random.js';
import type { Pool } from './request-generator.js';
import { between, COMMON_POOLS, KEYS, mixed, oneOf } from './request-pools.js';

const NAMES = [
  ...['xadd', 'xtrim', 'xdel', 'xlen', 'xrange', 'xrevrange', 'xack', 'xpending', 'xclaim'],
  ...['xautoclaim', 'xsetid', 'xgroup|create', 'xgroup|createconsumer', 'xgroup|delconsumer'],
  ...['xgroup|destroy', 'xgroup|setid', 'xinfo|stream', 'xinfo|groups', 'xinfo|consumers'],
];

const stream = mixed(oneOf('s1', 's2', 's3'), oneOf('s1', 's2'), oneOf('s1', ...KEYS));
const integer = COMMON_POOLS.integer as Pool;
const few = between(0, 20);
const entry: Pool = (random) => `${1 + random.below(120)}-${random.below(6)}`;
const id = mixed(
  ...[entry, entry, entry],
  oneOf('0', '0-0', '-', '+', '$', '1', '50', '120', '(60', '(0', '(60-1', '-1', '5-', '1-2-3', ''),
  oneOf('18446744073709551615-18446744073709551615', '18446744073709551616', '007-1', '+7-1'),
);
const newId = mixed(
  oneOf('120-*', '120-*', '120-*', '0', '0-*', '1', '1-0', '*-1', '3-**'),
  ...[(random: Random) => `${1 + random.below(119)}-*`, entry],
);
const idle = mixed(oneOf('0', '0', '0', '100000000', '1000000000000'), integer);

export const STREAM_POOLS: Readonly<Record<string, Pool>> = {
  ...Object.fromEntries(NAMES.map((name) => [`${name}.key`, stream])),
  ...{ stream, few, entry, 'new-id': newId, ID: id, 'xgroup|create.id': id, 'xgroup|setid.id': id },
  ...Object.fromEntries(
    NAMES.flatMap((name) => ['start', 'end'].map((at) => [`${name}.${at}`, id])),
  ),
  ...{
    group: oneOf('g', 'g', 'h', 'none', ''),
    consumer: oneOf('a', 'b', 'c', '', '\u00ff\u0000'),
  },
  ...{ threshold: mixed(few, few, entry, id), 'last-id': id, 'max-deleted-id': id, lastid: id },
  ...{ 'entries-added': mixed(between(0, 300), integer), entriesread: mixed(few, integer) },
  ...{ 'min-idle-time': idle, ms: idle, field: oneOf('f', 'f', 'g', '1', '-1', '') },
};

/** How often requests come that the facts alone would not make, or would make wait. */
export const STREAM_TEMPLATES: readonly (readonly [number, string])[] = [
  [30, 'xadd {stream} {new-id} {field} {string}'],
  [15, 'xadd {stream} {new-id} {field} {string} {field} {string}'],
  [5, 'xadd {stream} nomkstream maxlen ~ {few} {new-id} {field} {string}'],
  [3, 'xadd {stream} maxlen = {few} {new-id} {field} {string}'],
  [3, 'xadd {stream} minid ~ {ID} limit {few} {new-id} {field} {string}'],
  [5, 'xread streams {stream} {ID}'],
  [3, 'xread count {integer} streams {stream} {stream} {ID} {ID}'],
  [15, 'xreadgroup group {group} {consumer} count {few} streams {stream} >'],
  [5, 'xreadgroup group {group} {consumer} noack count {few} streams {stream} >'],
  [5, 'xreadgroup group {group} {consumer} count {integer} streams {stream} {ID}'],
  [3, 'xreadgroup group {group} {consumer} streams {stream} {stream} > {ID}'],
  [10, 'xinfo stream {stream} full'],
  [8, 'xautoclaim {stream} {group} {consumer} 0 0 count {few}'],
  [8, 'xdel {stream} {entry} {entry} {entry}'],
  [5, 'xgroup create {stream} {group} {ID}'],
  [1, 'config set stream-node-max-entries {few}'],
  [1, 'config set stream-node-max-bytes {integer}'],
];

/** Commands that templates make instead. */
export const STREAM_WEIGHTS: Readonly<Record<string, number>> = {
  ...{ xadd: 0, xread: 0, xreadgroup: 0, 'xgroup|destroy': 1, 'xgroup|delconsumer': 2, xsetid: 1 },
};
