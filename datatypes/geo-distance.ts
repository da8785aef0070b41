/** Distances on a sphere of the earth's size, and the units they are told in. */
import { UNSUPPORTED_UNIT } from '../protocol/refusals.js';
import { oneOf, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import type { Position } from './geo-cells.js';
import { PRECISE, type Trigonometry } from './geo-trigonometry.js';

const EARTH_RADIUS_M = 6372797.560856;
const RADIANS = Math.PI / 180;

export const toRadians = (degrees: number): number => degrees * RADIANS;
export const toDegrees = (radians: number): number => radians / RADIANS;

/** The angle, in radians, that so many metres on the ground are seen under from the earth's centre. */
export const angleOf = (metres: number): number => metres / EARTH_RADIUS_M;

/** Metres between two latitudes, in degrees. */
export function latitudeDistance(one: number, other: number): number {
  return EARTH_RADIUS_M * Math.abs(toRadians(other) - toRadians(one));
}

/** From here on, of 1, a last digit makes more and more of a difference to the angle: up to 20 cm on the ground. */
const STEEP = 0.999;

/** Metres between two positions, in degrees: by the haversine formula. */
export function distance(
  longitude: number,
  latitude: number,
  otherLongitude: number,
  otherLatitude: number,
  trigonometry: Trigonometry = Math,
): number {
  const { sin, cos, asin } = trigonometry;
  const eastward = sin((toRadians(otherLongitude) - toRadians(longitude)) / 2);
  if (eastward === 0) return latitudeDistance(latitude, otherLatitude);
  const one = toRadians(latitude);
  const other = toRadians(otherLatitude);
  const northward = sin((other - one) / 2);
  const square = northward * northward + cos(one) * cos(other) * eastward * eastward;
  if (square > STEEP && trigonometry !== PRECISE) {
    return distance(longitude, latitude, otherLongitude, otherLatitude, PRECISE);
  }
  return 2 * EARTH_RADIUS_M * asin(Math.sqrt(square));
}

/** As `distance`, to the last digit. */
export function preciseDistance(one: Position, other: Position): number {
  return distance(one.longitude, one.latitude, other.longitude, other.latitude, PRECISE);
}

/** Part of a distance by which `distance` may be wrong, and more. */
const DOUBT = 1e-12;

/** Whether a distance is too near to a limit to be sure on which side it is. */
export const isDoubtful = (metres: number, limitM: number): boolean =>
  Math.abs(metres - limitM) <= limitM * DOUBT;

/** What commands say of a unit. */
export const UNIT_ARGUMENT = oneOf('unit', [word('M'), word('KM'), word('FT'), word('MI')]);

const UNITS: readonly (readonly [string, number])[] = [
  ['m', 1],
  ['km', 1000],
  ['ft', 0.3048],
  ['mi', 1609.34],
];

/** Argument `i` as a unit: its length in metres. @throws {Refusal} UNSUPPORTED_UNIT */
export function readUnit(call: Call, i: number): number {
  for (const [name, metres] of UNITS) if (call.is(i, name)) return metres;
  throw UNSUPPORTED_UNIT;
}

/** Ten-thousandths from the middle between two within which it takes the last digits to round. */
const MIDDLE = 1e-3;

/**
 * A distance as it is replied: with four decimals.
 *
 * @param precise - Works it out to the last digit, in metres; asked only when that decides.
 */
export function formatDistance(metres: number, unitM: number, precise: () => number): string {
  const rough = (metres / unitM) * 10_000;
  const inDoubt = Math.abs(rough - Math.floor(rough) - 0.5) < MIDDLE;
  const tenThousandths = Math.round(inDoubt ? (precise() / unitM) * 10_000 : rough);
  const whole = Math.floor(tenThousandths / 10_000);
  return `${whole}.${String(tenThousandths - whole * 10_000).padStart(4, '0')}`;
}
