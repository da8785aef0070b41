import t, { type Test } from 'tap';
import type { Random } from '../../datatypes/random.js';
import { oneOf, seeded } from '../helpers/seeded.js';
import { runOnBoth, type Words } from '../helpers/twins.js';

const words = (text: string): Words[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' '));

const NUMBER = /^\d+(\.\d+)?(e[+-]\d+)?$/;
/** Near the other side of the earth a last digit makes centimetres. */
const TOLERANCE = 1e-8;

/**
 * Whether replies with distances are the same but for last digits, and so the lengths of these: the C library's
 * sines are off by one now and then, ours are not.
 */
function isNear(ours: string, real: string): boolean {
  const [mine, others] = [ours.split('\r\n'), real.split('\r\n')];
  const differing = mine.filter((line, i) => {
    const other = others[i] ?? '';
    if (line === other || (line.startsWith('$') && other.startsWith('$'))) return false;
    const areNumbers = NUMBER.test(line) && NUMBER.test(other);
    return !areNumbers || Math.abs(Number(line) - Number(other)) > TOLERANCE * Number(other);
  });
  return mine.length === others.length && differing.length === 0;
}

async function compare(t: Test, script: readonly Words[], resp: 2 | 3 = 2): Promise<void> {
  const both = await runOnBoth(t, script, resp);
  if (both === null) return;
  const { ours, real } = both;
  for (let i = 0; i < script.length; i++) {
    const [mine, other] = [ours.replies[i] ?? '', real.replies[i] ?? ''];
    const tellsDistances = script[i]?.[0] === 'ZRANGE' || script[i]?.includes('WITHDIST');
    if (mine === other || (tellsDistances && isNear(mine, other))) continue;
    const request = `${script[i]?.join(' ').slice(0, 500)}`;
    t.equal(ours.replies[i], real.replies[i], request);
  }
  t.strictSame(
    { ...ours, replies: [] },
    { ...real, replies: [] },
    'events, what is propagated and what is stored',
  );
}

const EVERYTHING = words(`
  GEOADD g 181 0 a
  GEOADD g 1 86 a
  GEOADD g 200.0078125 -1e22 a
  GEOADD g -inf 1e-300 a
  GEOADD g x 0 a
  GEOADD g 0 nan a
  GEOADD g NX XX 1 1 a
  GEOADD g GT 1 1 a
  GEOADD g 1 1
  GEOADD g nx ch nx
  GEOADD g 10 20 a 30 40 b
  GEOADD g 10 20 a
  GEOADD g XX CH 11 20 a 1 1 absent
  GEOADD g NX CH 12 20 a 2 2 new
  GEOADD g 1 1 c 200 1 d
  GEOADD absent XX 1 1 a
  GEOADD numbers -122.407107 37.794300 1 -122.227336 37.794300 2
  GEOSEARCH numbers FROMLONLAT -122.407107 37.794300 BYRADIUS 30 mi ASC WITHDIST
  GEOADD g 180 85.05112878 corner -180 -85.05112878 other 180 0 east -180 0 west 0 0 middle
  GEOPOS g a b corner other east west middle absent
  GEOPOS g
  GEOPOS absent a b
  GEOHASH g a b corner other east west middle absent
  GEOHASH absent a
  GEODIST g a b
  GEODIST g a b KM
  GEODIST g a b ft
  GEODIST g a b Mi
  GEODIST g a a
  GEODIST g a b yd
  GEODIST g a b km m
  GEODIST absent a b yd
  GEODIST g a absent
  GEODIST g east west
  ZRANGE g 0 -1 WITHSCORES
  SET s x
  GEOADD s 1 1 a
  GEOADD s 1 x a
  GEODIST s a b
  GEODIST s a b x
  GEOPOS s a
  GEOHASH s a
  GEORADIUS s x x x
  GEORADIUS s x x x x x
  GEOSEARCH s a a a a a
  GEOSEARCHSTORE d s a a a a a
  GEOSEARCHSTORE s g FROMMEMBER a BYRADIUS 10000 km
  TYPE s
  GEOSEARCH g FROMMEMBER a BYRADIUS 5000 km
  GEOSEARCH g FROMMEMBER a BYRADIUS 5000 km WITHDIST WITHCOORD WITHHASH ASC
  GEOSEARCH g FROMMEMBER a BYRADIUS 5000 km WITHCOORD DESC COUNT 2
  GEOSEARCH g FROMMEMBER a BYBOX 5000 4000 mi WITHHASH COUNT 2
  GEOSEARCH g FROMMEMBER a BYBOX 5000 4000 mi COUNT 2 ANY
  GEOSEARCH g FROMMEMBER a BYBOX 5000 4000 mi ANY
  GEOSEARCH g FROMMEMBER a BYBOX 5000 4000 mi ANY COUNT 0
  GEOSEARCH g FROMMEMBER absent BYBOX 5000 4000 mi
  GEOSEARCH g FROMMEMBER a FROMMEMBER b BYBOX 5000 4000 mi BYBOX 1 1 m
  GEOSEARCH g FROMMEMBER a FROMLONLAT 1 1 BYBOX 5000 4000 mi
  GEOSEARCH g FROMMEMBER a BYRADIUS 1 m BYBOX 5000 4000 mi
  GEOSEARCH g FROMMEMBER a BYRADIUS -1 q
  GEOSEARCH g FROMMEMBER a BYRADIUS 1 q
  GEOSEARCH g FROMMEMBER a BYBOX 1 -1 q
  GEOSEARCH g FROMMEMBER a BYBOX -1 1 m
  GEOSEARCH g FROMMEMBER a BYBOX 1 q m
  GEOSEARCH g FROMMEMBER a BYBOX q 1 m
  GEOSEARCH g FROMMEMBER a BYBOX 1 1 q
  GEOSEARCH g FROMMEMBER a ASC ASC ASC
  GEOSEARCH g BYRADIUS 1 m ASC ASC
  geoSearch g byradius 1 m asc asc
  geosearchstore d g frommember a asc asc asc
  geosearchstore d g frommember a byradius 1 m withdist
  GEOSEARCH g BYPOLYGON 2147483648 0 0 90 0 45 60
  GEOSEARCH g BYPOLYGON 2147483647 0 0 90 0 45 60
  GEOSEARCH g FROMLONLAT 181 1 BYRADIUS 1 m
  GEOSEARCH g FROMLONLAT 18 x BYRADIUS 1 m
  GEOSEARCH g BYPOLYGON 3 0 0 90 0 45 60 WITHDIST WITHHASH WITHCOORD
  GEOSEARCH g BYPOLYGON 4 -90 -10 90 0 45 60 -90 60 WITHDIST COUNT 1 DESC
  GEOSEARCH g BYPOLYGON 4 0 0 90 0 45 60
  GEOSEARCH g BYPOLYGON 4 -19.67 -58.64 -23.03 64.71 129.85 36.01 -128.26 66.05 WITHDIST
  GEOSEARCH g BYPOLYGON 4 -170 -60 -170 60 170 60 170 -60 WITHDIST
  GEOSEARCH g BYPOLYGON 2 0 0 90 0 45 60
  GEOSEARCH g BYPOLYGON x 0 0 90 0 45 60
  GEOSEARCH g BYPOLYGON 3 0 0 90 0 45 600
  GEOSEARCH g BYPOLYGON 3 0 0 90 0 45 x
  GEOSEARCH g BYPOLYGON 3 0 0 90 0 45 60 FROMMEMBER a
  GEOSEARCH g FROMMEMBER a BYPOLYGON 3 0 0 90 0 45 60
  GEOSEARCH absent FROMMEMBER a BYRADIUS 1 m
  GEOSEARCH absent FROMMEMBER a BYRADIUS 1 q
  GEOSEARCH absent BYPOLYGON 3 0 0 90 0 45 60 WITHDIST
  GEOSEARCHSTORE d g FROMMEMBER a BYRADIUS 5000 km
  ZRANGE d 0 -1 WITHSCORES
  GEOSEARCHSTORE d g FROMMEMBER a BYRADIUS 5000 km STOREDIST COUNT 2
  ZRANGE d 0 -1 WITHSCORES
  GEOSEARCHSTORE d g FROMMEMBER a BYRADIUS 5000 km WITHDIST
  GEOSEARCHSTORE d g BYRADIUS 5000 km WITHDIST ASC
  GEOSEARCHSTORE d g BYRADIUS 5000 km ASC DESC
  GEOSEARCHSTORE d g FROMMEMBER a BYRADIUS 5000 km STORE x
  GEOSEARCHSTORE d g FROMLONLAT 60 60 BYRADIUS 1 km
  EXISTS d
  GEOSEARCHSTORE d absent FROMMEMBER a BYRADIUS 1 m
  GEOSEARCHSTORE d g BYPOLYGON 3 0 0 90 0 45 60 STOREDIST
  GEOSEARCHSTORE d absent FROMMEMBER a BYRADIUS 1 m
  GEORADIUS g 10 20 5000 km
  GEORADIUS g 10 20 5000 km WITHDIST WITHHASH WITHCOORD COUNT 3
  GEORADIUS g 10 20 5000 km ANY
  GEORADIUS g 10 20 x km
  GEORADIUS g 10 20 -1 km
  GEORADIUS g 10 20 1 q
  GEORADIUS g 10 x 1 q
  GEORADIUS g 10 20 5000 km STORE
  GEORADIUS g 10 20 5000 km STORE d
  GEORADIUS g 10 20 5000 km STORE e STOREDIST d
  ZRANGE d 0 -1 WITHSCORES
  GEORADIUS g 10 20 5000 km STOREDIST e STORE d
  ZRANGE d 0 -1 WITHSCORES
  GEORADIUS g 10 20 5000 km STORE d WITHDIST
  GEORADIUS g 60 60 1 km STORE d
  GEORADIUS g 60 60 1 km STORE d
  GEORADIUS_RO g 10 20 5000 km WITHDIST
  GEORADIUS_RO g 10 20 5000 km STORE d
  GEORADIUSBYMEMBER g a 5000 km DESC
  GEORADIUSBYMEMBER g a 5000 km STOREDIST d
  GEORADIUSBYMEMBER g absent 5000 km
  GEORADIUSBYMEMBER g absent x q
  GEORADIUSBYMEMBER absent a x q
  GEORADIUSBYMEMBER absent a x q q
  GEORADIUSBYMEMBER absent a x q STORE d
  GEORADIUSBYMEMBER_RO g a 5000 km WITHCOORD
  GEORADIUSBYMEMBER_RO g a 5000 km STORE d
  COMMAND GETKEYS GEORADIUS g 0 0 1 km STORE a STOREDIST b
  COMMAND GETKEYSANDFLAGS GEORADIUS g 0 0 1 km STORE a
  COMMAND GETKEYSANDFLAGS GEORADIUS g 0 0 1 km ASC
  COMMAND GETKEYSANDFLAGS GEORADIUSBYMEMBER g a 1 km STOREDIST a
  COMMAND GETKEYSANDFLAGS GEORADIUSBYMEMBER g a 1 STOREDIST a
  COMMAND GETKEYSANDFLAGS GEORADIUSBYMEMBER_RO g a 1 km
  COMMAND GETKEYSANDFLAGS GEOSEARCHSTORE d g BYRADIUS 1 km
  ZADD w -1 a -1e20 b inf c -inf d 1e15 e 1.5e18 f 1e19 g 1e20 h 0 i 4503599627370496 j 4503599627370495 k
  ZADD w 4503599627370495.5 l -0.5 m -9223372036854775808 n 9223372036854775808 o 18446744073709551615 p
  GEOPOS w a b c d e f g h i j k l m n o p
  GEOHASH w a b c d e f g h i j k l m n o p
  GEODIST w a e
  GEOSEARCH w FROMMEMBER d BYRADIUS 40000 km WITHDIST WITHHASH
  GEOSEARCH w FROMMEMBER a BYRADIUS 40000 km WITHDIST WITHHASH
  GEOSEARCH w FROMMEMBER e BYRADIUS inf km WITHDIST WITHHASH
  GEOSEARCH w FROMMEMBER e BYBOX inf 1e300 km WITHDIST WITHHASH
  GEOSEARCH w FROMMEMBER e BYBOX 0 0 km WITHDIST WITHHASH
  GEOSEARCH w FROMMEMBER e BYRADIUS 0 km WITHDIST WITHHASH
`);

for (const resp of [2, 3] as const) {
  t.test(`geo commands answer and tell what the real server does, version ${resp}`, (t) =>
    compare(t, EVERYTHING, resp),
  );
}

const LONGITUDES = ['180', '-180', '0', '179.9999', '-179.9999', '90', '-90', '45', '0.0001'];
const LATITUDES = ['85.05112878', '-85.05112878', '0', '85', '-85', '66.1', '-66.1', '80.1', '45'];

/** Anywhere, or near a place where many are, or at an edge. */
class Places {
  private readonly random: Random;
  private readonly longitude: number;
  private readonly latitude: number;

  constructor(random: Random) {
    this.random = random;
    this.longitude = this.between(-179, 179);
    this.latitude = this.between(-84, 84);
  }

  between(least: number, most: number): number {
    return least + (this.random.below(1_000_000_007) / 1_000_000_007) * (most - least);
  }

  place(): [string, string] {
    const { random, longitude, latitude } = this;
    const kind = random.below(8);
    if (kind === 0) return [oneOf(random, LONGITUDES), oneOf(random, LATITUDES)];
    if (kind < 4) return [String(this.between(-180, 180)), String(this.between(-85.05, 85.05))];
    const spread = 10 ** -random.below(7);
    return [
      String(longitude + this.between(-spread, spread)),
      String(latitude + this.between(-spread, spread)),
    ];
  }

  length(): string {
    if (this.random.below(20) === 0) return oneOf(this.random, ['0', '1e300', '20037726', 'inf']);
    return String(10 ** this.between(-1, 8));
  }

  shape(members: number): string[] {
    const { random } = this;
    const member = `m${random.below(members)}`;
    const from = random.below(2) === 0 ? ['FROMMEMBER', member] : ['FROMLONLAT', ...this.place()];
    const unit = oneOf(random, ['m', 'm', 'km', 'ft', 'mi']);
    switch (random.below(3)) {
      case 0:
        return [...from, 'BYRADIUS', this.length(), unit];
      case 1:
        return [...from, 'BYBOX', this.length(), this.length(), unit];
      default:
        return this.polygon();
    }
  }

  /** None that reaches round a pole: what the real server then finds is left to chance. */
  private polygon(): string[] {
    const corners = 3 + this.random.below(6);
    const middle = this.between(-120, 120);
    const reach = this.random.below(2) === 0 ? 60 : 3;
    const places: string[] = [];
    for (let i = 0; i < corners; i++) {
      const longitude = this.between(middle - reach, middle + reach);
      places.push(String(longitude), String(this.between(-80, 80)));
    }
    return ['BYPOLYGON', String(corners), ...places];
  }

  how(): string[] {
    const { random } = this;
    const how: string[] = [];
    // Which of those equally far comes first is the sort's own business: so all are wanted, or an order is not.
    if (random.below(4) === 0) how.push('COUNT', String(1 + random.below(20)), 'ANY');
    if (random.below(3) > 0) how.push('WITHDIST');
    if (random.below(6) === 0) how.push('WITHCOORD', 'WITHHASH');
    return how;
  }
}

function randomScript(random: Random, members: number, searches: number): Words[] {
  const places = new Places(random);
  const script: Words[] = [];
  for (let i = 0; i < members; i++) script.push(['GEOADD', 'g', ...places.place(), `m${i}`]);
  const member = () => `m${random.below(members)}`;
  for (let i = 0; i < searches; i++) {
    script.push(['GEOSEARCH', 'g', ...places.shape(members), ...places.how()]);
    if (i % 4 === 0) {
      script.push(
        ['GEODIST', 'g', member(), member(), oneOf(random, ['m', 'km', 'mi', 'ft'])],
        ['GEOPOS', 'g', member()],
        ['GEOHASH', 'g', member()],
      );
    }
    if (i % 8 === 0) {
      script.push(
        ['GEOSEARCHSTORE', 'd', 'g', ...places.shape(members), 'STOREDIST'],
        ['ZRANGE', 'd', '0', '-1', 'WITHSCORES'],
      );
    }
  }
  return script;
}

for (const members of [60, 1500]) {
  t.test(
    `random searches of ${members} members find the same, as far away, in the same order`,
    (t) => compare(t, randomScript(seeded(t), members, 1000)),
  );
}
