/** Distances on a sphere of the earth's size, and the units they are told in. */
import { UNSUPPORTED_UNIT } from '../protocol/refusals.js';
import { oneOf, word } from '../protocol/spec.js';
import type { Call } from './call.js';

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

/** Metres between two positions, in degrees: by the haversine formula. */
export function distance(
  longitude: number,
  latitude: number,
  otherLongitude: number,
  otherLatitude: number,
): number {
  const eastward = Math.sin((toRadians(otherLongitude) - toRadians(longitude)) / 2);
  if (eastward === 0) return latitudeDistance(latitude, otherLatitude);
  const one = toRadians(latitude);
  const other = toRadians(otherLatitude);
  const northward = Math.sin((other - one) / 2);
  const square = northward * northward + Math.cos(one) * Math.cos(other) * eastward * eastward;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(square));
}

const UNITS: readonly (readonly [string, number])[] = [
  ['m', 1],
  ['km', 1000],
  ['ft', 0.3048],
  ['mi', 1609.34],
];

/** What commands say of a unit. */
export const UNIT_ARGUMENT = oneOf('unit', [word('m'), word('km'), word('ft'), word('mi')]);

/** Argument `i` as a unit: its length in metres. @throws {Refusal} UNSUPPORTED_UNIT */
export function readUnit(call: Call, i: number): number {
  for (const [name, metres] of UNITS) if (call.is(i, name)) return metres;
  throw UNSUPPORTED_UNIT;
}

/** A distance as it is replied: with four decimals. */
export function formatDistance(value: number): string {
  const tenThousandths = Math.round(value * 10_000);
  const whole = Math.floor(tenThousandths / 10_000);
  return `${whole}.${String(tenThousandths - whole * 10_000).padStart(4, '0')}`;
}
