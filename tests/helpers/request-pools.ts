/** What arguments of random requests are drawn from: few keys, so that commands meet each other's work. */
import type { Random } from '../../datatypes/random.js';
import { dumpPayload } from './dump-payload.js';
import type { Pool } from './request-generator.js';

/** A pool of these, each as likely as the others. */
export function oneOf(...values: readonly string[]): Pool {
  return (random) => values[random.below(values.length)] as string;
}

/** A pool that draws from each of these pools as often as it is named. */
export function mixed(...pools: readonly Pool[]): Pool {
  return (random) => (pools[random.below(pools.length)] as Pool)(random);
}

/** Whole numbers from `least` to `most`, in digits. */
export function between(least: number, most: number): Pool {
  return (random) => String(least + random.below(most - least + 1));
}

function payload(rdb: string): string {
  const bytes = Buffer.from(rdb, 'latin1');
  return Buffer.from(dumpPayload(bytes[0] ?? 0, bytes.subarray(1))).toString('latin1');
}

export const KEYS = [
  ...['a', 'b', 'c', 'd', '', '\u00ff\u0000', 'A', '[a]*?'],
  'key:with:a:longer:name:of:more:than:31:bytes',
] as const;

/** Integers at the edges of what types of 8 to 64 bits hold, and beyond. */
const EDGES = [
  ...['127', '128', '-129', '255', '256', '32767', '32768', '65536', '2147483647', '2147483648'],
  ...['-2147483648', '-2147483649', '4294967295', '4294967296', '9007199254740991'],
  ...['9007199254740992', '9007199254740993', '-9007199254740993', '9223372036854775806'],
  ...['9223372036854775807', '-9223372036854775807', '-9223372036854775808'],
  ...['9223372036854775808', '-9223372036854775809', '18446744073709551615'],
  ...['18446744073709551616', '99999999999999999999999999'],
] as const;

const BAD_NUMBERS = [
  ...['', ' 1', '1 ', '+1', '01', '-0', '--1', '1.0', '1e3', '0x10', 'abc', 'nan', '1\u0000', '-'],
] as const;

const FLOATS = [
  ...['0.1', '-2.5', '1e3', '3', '1e-5', '12345678901234567', '3.0', '.5', '5.', '-0', '+1.5'],
  ...['0.30000000000000004', '1e17', '1e308', '-1e308', '1e-400', '1e400', '1e5000', 'inf', '-inf'],
  ...['+inf', 'infinity', 'nan', 'NaN', '0x1p3', '0x10', '1e', 'e1', '', ' 1', '1 ', 'abc'],
  ...['179769313486231570000000000000000000000', '-0.0000001', '3.14159265358979323846'],
] as const;

const PATTERNS = [
  ...[
    '*',
    '',
    'a',
    '?',
    '[ab]',
    '[^a]',
    '[a-c]',
    '[c-a]',
    'key:*',
    '*:31:*',
    '\u00ff*',
    '[a',
    '\\*',
  ],
  ...['\\[a\\]\\*\\?', '**', '*?*', '[\\]]', '[]', '[^]', 'a*b*c', '\\', '[a-', 'A', '*\u0000'],
] as const;

const LONG = 'lorem ipsum dolor sit amet ';

/** Strings around the lengths at which the way to store them changes, and texts that are numbers. */
const VALUES: readonly string[] = [
  ...['', '0', '7', '-12', '3.25', 'abc', 'abcabba', 'cbabac', '007', '9007199254740993', 'hello'],
  ...['\u0000\u00ff\r\n', 'y'.repeat(20), 'y'.repeat(44), 'y'.repeat(45), 'y'.repeat(62)],
  ...['z'.repeat(104), 'z'.repeat(105), 'w'.repeat(300), LONG.repeat(40), LONG.repeat(400)],
];

/** Moments far enough from now that it does not matter which server runs first. */
const MOMENTS_MS: Pool = (random) => String(2_000_000_000_000 + random.below(9_000_000_000_000));
const MOMENTS_S: Pool = (random) => String(2_000_000_000 + random.below(9_000_000_000));

const integer: Pool = mixed(
  between(-5, 20),
  between(-5, 20),
  between(-5000, 5000),
  oneOf(...EDGES),
  oneOf(...BAD_NUMBERS),
);

const odd = oneOf(
  ...[...BAD_NUMBERS, ...EDGES, ...VALUES.slice(0, 14)],
  ...[
    'inf',
    '*',
    'GET',
    'NX',
    'EX',
    'KEEPTTL',
    'REPLACE',
    'DB',
    'COUNT',
    'MATCH',
    'help',
    '\'"\\x00',
  ],
  ...['\u00e4\u00f6', '\r\n', '%s%n', '{}', 'x\u0000y', 'x'.repeat(200)],
);

/** What a mutated argument is replaced by. */
export const oddities: Pool = odd;

/** Pools that many commands share, by the name of the argument or its type. */
export const COMMON_POOLS: Readonly<Record<string, Pool>> = {
  key: oneOf(...KEYS),
  string: mixed(oneOf(...VALUES), oneOf(...VALUES), between(-200, 200), oneOf(...EDGES)),
  integer,
  double: mixed(oneOf(...FLOATS), between(-100, 100)),
  pattern: oneOf(...PATTERNS),
  'unix-time': mixed(MOMENTS_S, MOMENTS_MS, MOMENTS_S, oneOf('1', '0', '-1', ...EDGES)),
  'unix-time-seconds': mixed(MOMENTS_S, MOMENTS_S, MOMENTS_S, oneOf('1', '0', '-1', ...EDGES)),
  'unix-time-milliseconds': mixed(MOMENTS_MS, MOMENTS_MS, oneOf('1', '0', '-1', ...EDGES)),
  seconds: mixed(between(100_000, 9e9), between(100_000, 9e9), oneOf('0', '-1', ...EDGES)),
  milliseconds: mixed(between(1e8, 9e12), between(1e8, 9e12), oneOf('0', '-1', ...EDGES)),
  numkeys: mixed(between(1, 3), between(1, 3), integer),
  db: mixed(between(0, 3), between(0, 3), integer),
  offset: mixed(between(-3, 50), between(0, 5000), oneOf('100000', ...EDGES)),
  encoding: mixed(
    oneOf('u1', 'i1', 'i8', 'u16', 'i32', 'u41', 'i42', 'u63', 'i64'),
    oneOf('u8', 'i5', 'u64', 'i0', 'x8', '', 'u', 'i65'),
  ),
  'setbit.value': oneOf('0', '1', '1', '2'),
  'setbit.offset': mixed(between(0, 60), between(0, 9000), integer),
  'getbit.offset': mixed(between(0, 60), between(0, 9000), integer),
  'bitfield.offset': mixed(between(0, 60), oneOf('#0', '#3', '#-1', '#'), integer),
  'bitfield_ro.offset': mixed(between(0, 60), oneOf('#0', '#3', '#-1', '#'), integer),
  bit: oneOf('0', '1', '1', '2'),
  'serialized-value': mixed(
    oneOf(payload('\u0000\u0005hello'), payload('\u0000\u00c0\u0001'), payload('\u0000\u0000')),
    oneOf(payload(`\u0000\u0040\u0070${'x'.repeat(112)}`), payload('\u0000\u0006hello')),
    oneOf(payload('\u0002\u0003\u0001a\u0001b\u00c0\u0007'), payload('\u0002\u0002\u0001a\u0001a')),
    oneOf(
      payload(
        '\u000b\u000c\u0002\u0000\u0000\u0000\u0002\u0000\u0000\u0000\u0001\u0000\u0002\u0000',
      ),
      payload(
        '\u000b\u000c\u0002\u0000\u0000\u0000\u0002\u0000\u0000\u0000\u0002\u0000\u0002\u0000',
      ),
    ),
    oneOf(payload('\u00ff\u0000'), 'x', '', `${payload('\u0000\u0005hello')}x`),
  ),
};

const member = oneOf(
  ...['a', 'b', 'c', 'd', 'e', 'f', '', '10', '-7', '007', '\u00ff\u0000', 'A', 'ab', 'b\u0000'],
  ...['y'.repeat(63), 'y'.repeat(64), 'y'.repeat(65)],
);
const score = mixed(between(-5, 5), between(-5, 5), oneOf(...FLOATS, ...EDGES));
const scoreBound: Pool = (random) => (random.below(3) === 0 ? '(' : '') + score(random);
const rank = mixed(between(-4, 4), between(-4, 4), integer);
const anyBound = mixed(rank, scoreBound);

/** Arguments of the commands on sorted sets. */
export const SORTED_SET_POOLS: Readonly<Record<string, Pool>> = {
  member,
  score,
  'score-bound': scoreBound,
  'zincrby.increment': score,
  weight: mixed(score, between(-2, 2)),
  ...{ 'zrange.start': anyBound, 'zrange.stop': anyBound },
  ...{ 'zrangestore.min': anyBound, 'zrangestore.max': anyBound },
  ...{ 'zrevrange.start': rank, 'zrevrange.stop': rank },
  ...{ 'zremrangebyrank.start': rank, 'zremrangebyrank.stop': rank },
  ...{ 'zcount.min': scoreBound, 'zcount.max': scoreBound },
  ...{ 'zrangebyscore.min': scoreBound, 'zrangebyscore.max': scoreBound },
  ...{ 'zrevrangebyscore.min': scoreBound, 'zrevrangebyscore.max': scoreBound },
  ...{ 'zremrangebyscore.min': scoreBound, 'zremrangebyscore.max': scoreBound },
  'zrandmember.count': between(-5, 8),
};

const distance = mixed(between(0, 300), between(0, 30_000), oneOf('0', '-1', 'x', '1e9', '2.5'));

/** Arguments of the commands on positions. Members are those of sorted sets, so they meet. */
export const GEO_POOLS: Readonly<Record<string, Pool>> = {
  longitude: mixed(
    between(-180, 180),
    between(-180, 180),
    oneOf('180', '-180.1', '0.5', ...FLOATS),
  ),
  latitude: mixed(between(-85, 85), between(-60, 60), oneOf('85.05112878', '-86', ...FLOATS)),
  ...{ radius: distance, width: distance, height: distance },
  ...{ member1: member, member2: member },
  'num-vertices': oneOf('3', '3', '4', '2', 'x', '9223372036854775807'),
  'geosearch.count': mixed(between(1, 4), integer),
  'geosearchstore.count': mixed(between(1, 4), integer),
};

/** Requests as the facts about GEOSEARCH's arguments do not make them. */
export const GEO_TEMPLATES: readonly (readonly [number, string])[] = [
  [10, 'geoadd {key} {longitude} {latitude} {member} {longitude} {latitude} {member}'],
  [3, 'geosearch {key} fromlonlat {longitude} {latitude} byradius {radius} km withdist'],
  [3, 'geosearch {key} frommember {member} bybox {width} {height} km withcoord withhash'],
  [2, 'geosearch {key} bypolygon 3 {longitude} 0 {longitude} 50 {longitude} -50 withdist'],
  [2, 'geosearchstore {key} {key} frommember {member} byradius {radius} km storedist'],
  [2, 'georadius {key} {longitude} {latitude} {radius} km storedist {key}'],
];

/** After these words, and in these places of these commands, stands a span of time. */
const SPAN_WORDS = new Set(['ex', 'px']);
const SPAN_PLACES: Readonly<Record<string, number>> = {
  expire: 2,
  pexpire: 2,
  setex: 2,
  psetex: 2,
  restore: 2,
  'restore-asking': 2,
  hexpire: 2,
  hpexpire: 2,
};
const SHORT_SPAN = /^[1-9]\d{0,4}$/;

/**
 * Holds a request in bounds: spans that could end while the test runs, or one server is ahead of the other,
 * become longer, and what would fill the memory becomes little.
 */
export function hold(words: string[], random: Random): string[] {
  const [name = '', subcommand = ''] = words.map((word) => word.toLowerCase());
  const place = SPAN_PLACES[name];
  if (name === 'spop' || name === 'srandmember') return holdSample(words);
  const fills = name === 'debug' && subcommand === 'populate';
  const draws = name === 'zrandmember';
  return words.map((word, i) => {
    if (draws && /^-\d{3,}$/.test(word)) return '-3';
    // So many fields would be sent.
    if (name === 'hrandfield' && /^-\d{3,}$/.test(word)) return '-7';
    // An ID that comes from the clock would not be the same on both.
    if (name === 'xadd' && word === '*') return '120-*';
    if (fills && /^\d{3,}$/.test(word)) return '3';
    const isSpan = i === place || (i > 2 && SPAN_WORDS.has((words[i - 1] ?? '').toLowerCase()));
    return isSpan && SHORT_SPAN.test(word) ? String(1e9 + random.below(1e9)) : word;
  });
}

/** Asks for all members or none: which of them come is not the same on both servers. */
function holdSample(words: string[]): string[] {
  const [, , count = ''] = words;
  const isPart = words.length === 2 || /^([1-9]\d{0,4}|-\d+)$/.test(count);
  return isPart ? [...words.slice(0, 2), '0', ...words.slice(3)] : words;
}
