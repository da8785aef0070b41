import t from 'tap';
import {
  boundsOf,
  cellAt,
  cellOfScore,
  firstScore,
  geohashText,
  LATITUDE_MAX,
  neighbour,
  positionOfScore,
  scoreCount,
} from '../../datatypes/geo-cells.js';
import { cellsCovering } from '../../datatypes/geo-cover.js';
import { distance, formatDistance, preciseDistance } from '../../datatypes/geo-distance.js';
import { box, circle, polygon, type Shape } from '../../datatypes/geo-shape.js';
import { PRECISE } from '../../datatypes/geo-trigonometry.js';
import type { Random } from '../../datatypes/random.js';
import { formatDecimals, formatFixed } from '../../protocol/doubles.js';
import { seeded } from '../helpers/seeded.js';

const between = (random: Random, least: number, most: number) =>
  least + (random.below(1_000_000_007) / 1_000_000_007) * (most - least);

const anywhere = (random: Random, latitudeMax = LATITUDE_MAX) => ({
  longitude: between(random, -180, 180),
  latitude: between(random, -latitudeMax, latitudeMax),
});

t.test('cellAt and firstScore give the scores that the real server gives', async (t) => {
  t.equal(firstScore(cellAt(13.361389, 38.115556)), 3479099956230698);
  t.equal(firstScore(cellAt(15.087269, 37.502669)), 3479447370796909);
  t.equal(firstScore(cellAt(-180, -LATITUDE_MAX)), 0);
});

t.test('positionOfScore is at most half a cell away from what was encoded', async (t) => {
  const random = seeded(t);
  for (let i = 0; i < 20_000; i++) {
    const { longitude, latitude } = anywhere(random);
    const found = positionOfScore(firstScore(cellAt(longitude, latitude)));
    const apart = [found.longitude - longitude, found.latitude - latitude].map(Math.abs);
    if ((apart[0] ?? 1) > 180 / 2 ** 26 || (apart[1] ?? 1) > 86 / 2 ** 26) {
      t.fail(`${longitude},${latitude} became ${found.longitude},${found.latitude}`);
    }
  }
});

t.test('cellOfScore undoes firstScore', async (t) => {
  const random = seeded(t);
  for (let i = 0; i < 500; i++) {
    const cell = { column: random.below(2 ** 26), row: random.below(2 ** 26), step: 26 };
    t.same(cellOfScore(firstScore(cell)), cell);
  }
});

t.test('a cell holds the scores of the positions inside it, and no others', async (t) => {
  const random = seeded(t);
  for (let i = 0; i < 5000; i++) {
    const place = anywhere(random);
    const other = anywhere(random);
    const cell = cellAt(place.longitude, place.latitude, 1 + random.below(26));
    const isIn = (score: number) =>
      score >= firstScore(cell) && score < firstScore(cell) + scoreCount(cell);
    const { west, south, east, north } = boundsOf(cell);
    const within =
      other.longitude >= west &&
      other.longitude < east &&
      other.latitude >= south &&
      other.latitude < north;
    const own = isIn(firstScore(cellAt(place.longitude, place.latitude)));
    const others = isIn(firstScore(cellAt(other.longitude, other.latitude)));
    if (!own || others !== within) t.fail(JSON.stringify({ place, other, cell }));
  }
});

t.test('neighbour goes on at the other side of the earth', async (t) => {
  t.same(neighbour({ column: 7, row: 0, step: 3 }, 1, 0), { column: 0, row: 0, step: 3 });
  t.same(neighbour({ column: 0, row: 0, step: 3 }, -1, 1), { column: 7, row: 1, step: 3 });
});

t.test('geohashText is the geohash of a position', async (t) => {
  t.equal(geohashText({ longitude: -5.6, latitude: 42.6 }), 'ezs42e44yx0');
});

t.test('a score that is no position is one all the same', async (t) => {
  t.same(positionOfScore(-1), { longitude: 180, latitude: LATITUDE_MAX });
  t.same(positionOfScore(-Infinity).longitude, 180);
  t.same(positionOfScore(Infinity), positionOfScore(0));
});

/** Searches by cells, and one position after the other. */
function missedBy(shape: Shape, places: readonly { longitude: number; latitude: number }[]) {
  const cells = cellsCovering(shape);
  return places.filter(({ longitude, latitude }) => {
    if (Number.isNaN(shape.distanceInside(longitude, latitude))) return false;
    const score = firstScore(cellAt(longitude, latitude));
    return !cells.some(
      (cell) => score >= firstScore(cell) && score < firstScore(cell) + scoreCount(cell),
    );
  });
}

t.test('cellsCovering leaves out nothing that is inside the shape', async (t) => {
  const random = seeded(t);
  const places = Array.from({ length: 2000 }, () => anywhere(random, 70));
  for (let i = 0; i < 200; i++) {
    const centre = anywhere(random, 70);
    const size = () => 10 ** between(random, 4, 6.5);
    t.same(missedBy(circle(centre, size()), places), []);
    t.same(missedBy(box(centre, size(), size()), places), []);
    const corner = () => ({
      longitude: Math.max(-180, Math.min(180, centre.longitude + between(random, -30, 30))),
      latitude: Math.max(-80, Math.min(80, centre.latitude + between(random, -30, 30))),
    });
    t.same(missedBy(polygon([corner(), corner(), corner(), corner()]), places), []);
  }
});

t.test('a search visits few cells, and each once', async (t) => {
  const random = seeded(t);
  for (let i = 0; i < 500; i++) {
    const cells = cellsCovering(circle(anywhere(random), 10 ** between(random, -2, 9)));
    t.ok(cells.length <= 9);
    t.equal(new Set(cells.map(firstScore)).size, cells.length);
  }
});

t.test('PRECISE agrees with what is known to more digits', async (t) => {
  // 1/2, and numbers from tables of 30 digits.
  t.equal(PRECISE.sin(0.5), 0.479425538604203);
  t.equal(PRECISE.cos(0.5), 0.8775825618903728);
  t.equal(PRECISE.sin(Math.PI), 1.2246467991473532e-16);
  t.equal(PRECISE.cos(Math.PI / 2), 6.123233995736766e-17);
  t.equal(PRECISE.asin(0.5), 0.5235987755982989);
  t.equal(PRECISE.asin(1), Math.PI / 2);
  t.equal(PRECISE.atan2(-1, -1), (-3 * Math.PI) / 4);
  t.equal(PRECISE.atan2(0, 0), 0);
});

t.test('PRECISE and Math differ by a last digit at most', async (t) => {
  const random = seeded(t);
  for (let i = 0; i < 2000; i++) {
    const x = between(random, -Math.PI, Math.PI);
    const pairs = [
      [PRECISE.sin(x), Math.sin(x)],
      [PRECISE.cos(x), Math.cos(x)],
      [PRECISE.asin(x / 4), Math.asin(x / 4)],
      [PRECISE.atan2(x, 1.5), Math.atan2(x, 1.5)],
    ];
    for (const [one = 0, other = 1] of pairs) {
      if (Math.abs(one - other) > Math.abs(other) * 4e-16) t.fail(`${x}: ${one}, ${other}`);
    }
  }
});

t.test('distance and preciseDistance are the same but for last digits', async (t) => {
  const random = seeded(t);
  for (let i = 0; i < 2000; i++) {
    const [one, other] = [anywhere(random), anywhere(random)];
    const rough = distance(one.longitude, one.latitude, other.longitude, other.latitude);
    const precise = preciseDistance(one, other);
    if (Math.abs(rough - precise) > 1e-5) t.fail(JSON.stringify({ one, other, rough, precise }));
  }
});

t.test('formatDistance asks for the precise distance only when it decides', async (t) => {
  const never = () => t.fail('it was asked') as never;
  t.equal(formatDistance(0, 1, never), '0.0000');
  t.equal(formatDistance(1234.56781, 1, never), '1234.5678');
  t.equal(formatDistance(1609.34, 1609.34, never), '1.0000');
  t.equal(
    formatDistance(0.00004999999, 1, () => 0.0000500001),
    '0.0001',
  );
});

t.test('formatFixed rounds what lies in the middle to the even digit', async (t) => {
  t.equal(formatFixed(200.0078125, 6), '200.007812');
  t.equal(formatFixed(200.0234375, 6), '200.023438');
  t.equal(formatFixed(-1e22, 6), '-10000000000000000000000.000000');
  t.equal(formatFixed(1e308, 1).length, 311);
  t.equal(formatFixed(-0, 2), '-0.00');
  t.equal(formatFixed(-Infinity, 6), '-inf');
});

t.test('formatDecimals prints up to 17 decimals and no zeros after them', async (t) => {
  t.equal(formatDecimals(10.000002086162567), '10.00000208616256714');
  t.equal(formatDecimals(180), '180');
  t.equal(formatDecimals(-0), '0');
});
