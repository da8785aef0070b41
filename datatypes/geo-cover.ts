/** The cells that a search looks into: few, and together at least as large as the shape. */
import {
  type Bounds,
  boundsOf,
  type Cell,
  cellAt,
  LATITUDE_MAX,
  neighbour,
  STEPS_MAX,
} from './geo-cells.js';
import type { Shape } from './geo-shape.js';

/** Half the earth's circumference as web maps draw it, in metres. */
const HALF_EQUATOR_M = 20037726.37;
/** Degrees from where on cells are much narrower than they are at the equator. */
const NORTHERN = 66;
const FAR_NORTHERN = 80;

/** How small cells may be for a cell and its neighbours to hold a circle of this radius. */
function stepFor(radiusM: number, latitude: number): number {
  let step = -1;
  for (let metres = Math.max(radiusM, Number.MIN_VALUE); metres < HALF_EQUATOR_M; metres *= 2) {
    step++;
    if (step > 2 * STEPS_MAX) break;
  }
  if (Math.abs(latitude) > NORTHERN) step--;
  if (Math.abs(latitude) > FAR_NORTHERN) step--;
  return Math.max(1, Math.min(STEPS_MAX, step));
}

/** Whether the shape reaches beyond the neighbours of its centre's cell. */
function reachesBeyond(middle: Cell, shape: Bounds): boolean {
  return (
    boundsOf(neighbour(middle, 0, 1)).north < shape.north ||
    boundsOf(neighbour(middle, 0, -1)).south > shape.south ||
    boundsOf(neighbour(middle, 1, 0)).east < shape.east ||
    boundsOf(neighbour(middle, -1, 0)).west > shape.west
  );
}

/** Columns and rows from the middle, in the order in which the real server looks. */
const DIRECTIONS: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
];

/** The cells in which members inside a shape may lie, each once, in the order in which they are to be visited. */
export function cellsCovering(shape: Shape): Cell[] {
  const { centre, bounds } = shape;
  // A polygon round a pole has its centre there, where no cell is: the real server finds nothing then.
  if (Math.abs(centre.latitude) > LATITUDE_MAX) return [];
  let step = stepFor(shape.reachM, centre.latitude);
  let middle = cellAt(centre.longitude, centre.latitude, step);
  if (step > 1 && reachesBeyond(middle, bounds)) {
    step--;
    middle = cellAt(centre.longitude, centre.latitude, step);
  }
  const own = boundsOf(middle);
  const cells: Cell[] = [];
  for (const [columns, rows] of DIRECTIONS) {
    // With two columns and rows all others are neighbours, and none can be left out.
    const spared =
      step >= 2 &&
      ((rows < 0 && own.south < bounds.south) ||
        (rows > 0 && own.north > bounds.north) ||
        (columns < 0 && own.west < bounds.west) ||
        (columns > 0 && own.east > bounds.east));
    if (!spared) cells.push(neighbour(middle, columns, rows));
  }
  return cells.filter((cell, i) => i === 0 || !isSame(cell, cells[i - 1]));
}

/** With two columns, the neighbours on both sides are the same. */
function isSame(one: Cell, other: Cell | undefined): boolean {
  return one.column === other?.column && one.row === other.row;
}
