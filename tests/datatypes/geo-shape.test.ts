/** Circles and boxes take in what their distances say, however large they are and wherever they lie. */
import fc from 'fast-check';
import t from 'tap';
import { distance, latitudeDistance } from '../../datatypes/geo-distance.js';
import { box, circle } from '../../datatypes/geo-shape.js';

const longitudes = fc.oneof(
  fc.double({ min: -180, max: 180, noNaN: true }),
  fc.constantFrom(-180, 180),
);
const latitudes = fc.double({ min: -85.05, max: 85.05, noNaN: true });
const position = fc.record({ longitude: longitudes, latitude: latitudes });
/** From a thumb's breadth to more than half round the earth. */
const metres = fc.double({ min: -2, max: 7.4, noNaN: true }).map((exponent) => 10 ** exponent);
/** Where the other position lies, in parts of the shape's size: most near the edge. */
const parts = fc.tuple(
  fc.double({ min: -1.1, max: 1.1, noNaN: true }),
  fc.constantFrom(0, 0.7, 1, -1),
);

const METRES_PER_DEGREE = 111_226;

/** A position that lies so many parts of `reachM` to the east and north. */
function beside(
  { longitude, latitude }: { longitude: number; latitude: number },
  reachM: number,
  [eastward, northward]: readonly [number, number],
) {
  const degrees = reachM / METRES_PER_DEGREE;
  const north = Math.max(-85.05, Math.min(85.05, latitude + northward * degrees));
  const east = longitude + (eastward * degrees) / Math.cos((north * Math.PI) / 180);
  return { longitude: ((((east + 180) % 360) + 360) % 360) - 180, latitude: north };
}

/** Twice as sure as rounding lets one be. */
const isNear = (one: number, other: number) => Math.abs(one - other) <= other * 1e-11;

t.test('a circle takes in what is no further than its radius', async (t) => {
  fc.assert(
    fc.property(
      position,
      metres,
      parts,
      position,
      fc.boolean(),
      (centre, radiusM, part, any, far) => {
        const other = far ? any : beside(centre, radiusM, part);
        const apart = distance(centre.longitude, centre.latitude, other.longitude, other.latitude);
        if (isNear(apart, radiusM)) return;
        const inside = circle(centre, radiusM).distanceInside(other.longitude, other.latitude);
        t.equal(Number.isNaN(inside), apart > radiusM);
      },
    ),
    { numRuns: 3000 },
  );
});

t.test(
  'a box takes in what is neither too far north or south nor too far along its own latitude',
  async (t) => {
    fc.assert(
      fc.property(
        position,
        metres,
        metres,
        parts,
        position,
        fc.boolean(),
        (centre, w, h, part, any, far) => {
          const other = far ? any : beside(centre, Math.min(w, h) / 2, part);
          const across = distance(
            other.longitude,
            other.latitude,
            centre.longitude,
            other.latitude,
          );
          const up = latitudeDistance(centre.latitude, other.latitude);
          if (isNear(across, w / 2) || isNear(up, h / 2)) return;
          const inside = box(centre, w, h).distanceInside(other.longitude, other.latitude);
          t.equal(Number.isNaN(inside), across > w / 2 || up > h / 2);
        },
      ),
      { numRuns: 3000 },
    );
  },
);
