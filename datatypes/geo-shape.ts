/** The shapes that can be searched: circles, boxes and polygons. */
import type { Bounds, Position } from './geo-cells.js';
import {
  angleOf,
  distance,
  isDoubtful,
  latitudeDistance,
  preciseDistance,
  toDegrees,
  toRadians,
} from './geo-distance.js';
import { PRECISE } from './geo-trigonometry.js';

export interface Shape {
  /** What distances are measured from. */
  readonly centre: Position;
  /** Metres that the shape reaches from its centre, about. */
  readonly reachM: number;
  readonly bounds: Bounds;
  /** The distance of a position from the centre, in metres; NaN when it is outside. */
  distanceInside(longitude: number, latitude: number): number;
}

/**
 * Bounds of what is so large. Towards the nearer pole the same width spans more degrees: those count. Beyond the pole
 * they are below zero, as in the real server, and the search then takes larger cells.
 */
function boundsAround({ longitude, latitude }: Position, halfWidthM: number, halfHeightM: number) {
  const north = latitude + toDegrees(angleOf(halfHeightM));
  const south = latitude - toDegrees(angleOf(halfHeightM));
  const edge = latitude < 0 ? south : north;
  const across = toDegrees(angleOf(halfWidthM) / Math.cos(toRadians(edge)));
  return { west: longitude - across, south, east: longitude + across, north };
}

/** More than what rounding makes of an angle in radians. */
const withSlack = (angle: number) => angle * (1 + 1e-9) + 1e-14;

/** What lies so far to the north or south, and to the east or west, of a centre that no shape round it reaches there. */
class Frame {
  private readonly longitude: number;
  private readonly latitude: number;
  private readonly northward: number;
  private readonly eastward: number;

  /** @param widthOf - The most that longitudes differ by, in radians, given the least cosine of a latitude in the frame. */
  constructor(centre: Position, heightM: number, widthOf: (leastCosine: number) => number) {
    this.longitude = toRadians(centre.longitude);
    this.latitude = toRadians(centre.latitude);
    this.northward = withSlack(angleOf(heightM));
    const furthest = Math.abs(this.latitude) + this.northward;
    this.eastward = furthest < Math.PI / 2 ? withSlack(widthOf(Math.cos(furthest))) : Infinity;
  }

  /** Whether a position is outside for sure: asked first, as it takes no sines. */
  excludes(longitude: number, latitude: number): boolean {
    if (Math.abs(toRadians(latitude) - this.latitude) > this.northward) return true;
    const across = Math.abs(toRadians(longitude) - this.longitude);
    return Math.min(across, 2 * Math.PI - across) > this.eastward;
  }
}

/** The sine of half the angle that so many metres are seen under, of half a turn at most. */
const halfSine = (metres: number) => Math.sin(Math.min(angleOf(metres), Math.PI) / 2);

/** The angle whose half has this sine; Infinity when there is none. */
const twiceArcSine = (sine: number) => (sine < 1 ? 2 * Math.asin(sine) : Infinity);

export function circle(centre: Position, radiusM: number): Shape {
  const { longitude, latitude } = centre;
  const sine = halfSine(radiusM);
  const frame = new Frame(centre, radiusM, (leastCosine) =>
    twiceArcSine(sine / Math.sqrt(leastCosine * Math.cos(toRadians(latitude)))),
  );
  return {
    centre,
    reachM: radiusM,
    bounds: boundsAround(centre, radiusM, radiusM),
    distanceInside: (otherLongitude, otherLatitude) => {
      if (frame.excludes(otherLongitude, otherLatitude)) return NaN;
      const metres = distance(longitude, latitude, otherLongitude, otherLatitude);
      if (isDoubtful(metres, radiusM)) {
        const other = { longitude: otherLongitude, latitude: otherLatitude };
        return preciseDistance(centre, other) > radiusM ? NaN : metres;
      }
      return metres > radiusM ? NaN : metres;
    },
  };
}

/** A box whose width is measured along each position's own latitude. */
export function box(centre: Position, widthM: number, heightM: number): Shape {
  const { longitude, latitude } = centre;
  const [halfWidth, halfHeight] = [widthM / 2, heightM / 2];
  const sine = halfSine(halfWidth);
  const frame = new Frame(centre, halfHeight, (leastCosine) => twiceArcSine(sine / leastCosine));
  return {
    centre,
    reachM: Math.sqrt(halfWidth * halfWidth + halfHeight * halfHeight),
    bounds: boundsAround(centre, halfWidth, halfHeight),
    distanceInside: (otherLongitude, otherLatitude) => {
      if (frame.excludes(otherLongitude, otherLatitude)) return NaN;
      if (latitudeDistance(otherLatitude, latitude) > halfHeight) return NaN;
      let across = distance(otherLongitude, otherLatitude, longitude, otherLatitude);
      if (isDoubtful(across, halfWidth)) {
        const other = { longitude: otherLongitude, latitude: otherLatitude };
        across = preciseDistance(other, { longitude, latitude: otherLatitude });
      }
      if (across > halfWidth) return NaN;
      return distance(longitude, latitude, otherLongitude, otherLatitude);
    },
  };
}

/** A polygon on the plane of longitudes and latitudes. Its centre is that of its corners on the sphere. */
export function polygon(corners: readonly Position[]): Shape {
  const bounds = boundsOfCorners(corners);
  const centre = middleOf(corners);
  return {
    centre,
    reachM: reachOf(centre, bounds),
    bounds,
    distanceInside: (longitude, latitude) =>
      isInside(corners, longitude, latitude)
        ? distance(centre.longitude, centre.latitude, longitude, latitude)
        : NaN,
  };
}

/** Where the line from the earth's centre through the mean of the corners, as points in space, comes out. */
function middleOf(corners: readonly Position[]): Position {
  let [x, y, z] = [0, 0, 0];
  for (const corner of corners) {
    const longitude = toRadians(corner.longitude);
    const latitude = toRadians(corner.latitude);
    x += PRECISE.cos(latitude) * PRECISE.cos(longitude);
    y += PRECISE.cos(latitude) * PRECISE.sin(longitude);
    z += PRECISE.sin(latitude);
  }
  const count = corners.length;
  [x, y, z] = [x / count, y / count, z / count];
  return {
    longitude: toDegrees(PRECISE.atan2(y, x)),
    latitude: toDegrees(PRECISE.atan2(z, Math.sqrt(x * x + y * y))),
  };
}

function boundsOfCorners(corners: readonly Position[]): Bounds {
  const bounds = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  for (const { longitude, latitude } of corners) {
    bounds.west = Math.min(bounds.west, longitude);
    bounds.south = Math.min(bounds.south, latitude);
    bounds.east = Math.max(bounds.east, longitude);
    bounds.north = Math.max(bounds.north, latitude);
  }
  return bounds;
}

function reachOf({ longitude, latitude }: Position, { west, south, east, north }: Bounds): number {
  return Math.max(
    distance(longitude, latitude, west, south),
    distance(longitude, latitude, west, north),
    distance(longitude, latitude, east, south),
    distance(longitude, latitude, east, north),
  );
}

/** Whether a ray to the east crosses the polygon's edges an odd number of times. */
function isInside(corners: readonly Position[], longitude: number, latitude: number): boolean {
  let inside = false;
  let previous = corners[corners.length - 1];
  for (const corner of corners) {
    if (previous === undefined) break;
    if (corner.latitude > latitude !== previous.latitude > latitude) {
      const share = (latitude - corner.latitude) / (previous.latitude - corner.latitude);
      const crossing = (previous.longitude - corner.longitude) * share + corner.longitude;
      if (longitude < crossing) inside = !inside;
    }
    previous = corner;
  }
  return inside;
}
