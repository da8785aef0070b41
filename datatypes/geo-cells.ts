/**
 * Cells of the earth, and the 52-bit numbers that stand for them in a sorted set.
 *
 * Longitude and latitude are each halved up to 26 times; which half was taken each time makes a column and a row
 * number, and their bits, interleaved with the row's lowest first, the score: a Morton number. So every cell of fewer
 * steps is one range of scores, and what lies near each other mostly has scores near each other. Latitudes end at
 * 85.05° as in web maps, so that cells are about square.
 *
 * Longitude 180 itself lies one column beyond the last, as in the real server: what is stored there has a score above
 * 2^52. Sources: Morton, "A Computer Oriented Geodetic Data Base" (IBM, 1966); geohash.org.
 */

export const STEPS_MAX = 26;
const SMALLEST_SHARE = 2 ** -STEPS_MAX;
/** Degrees. */
export const LONGITUDE_MAX = 180;
/** Degrees. */
export const LATITUDE_MAX = 85.05112878;

/** A cell `step` halvings small. */
export interface Cell {
  readonly column: number;
  readonly row: number;
  readonly step: number;
}

/** A position in degrees. */
export interface Position {
  readonly longitude: number;
  readonly latitude: number;
}

/** Degrees from `south` to `north` and `west` to `east`. */
export interface Bounds {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

/** Which of `parts` equal parts of -most to most a value lies in. */
const partOf = (value: number, most: number, parts: number) =>
  Math.floor(((value + most) / (most + most)) * parts);

/** Where part `part` begins. @param share - One of the parts: a power of two, by which nothing is lost. */
const partStart = (part: number, most: number, share: number) =>
  -most + part * share * (most + most);

/** The cell of a position within the limits. */
export function cellAt(
  longitude: number,
  latitude: number,
  step = STEPS_MAX,
  latitudeMax = LATITUDE_MAX,
): Cell {
  const parts = 2 ** step;
  const column = partOf(longitude, LONGITUDE_MAX, parts);
  return { column, row: partOf(latitude, latitudeMax, parts), step };
}

/** The cell so many columns to the east and rows to the north; round the earth it goes on at the other side. */
export function neighbour({ column, row, step }: Cell, columns: number, rows: number): Cell {
  const mask = 2 ** step - 1;
  return {
    column: columns === 0 ? column : (column + columns) & mask,
    row: rows === 0 ? row : (row + rows) & mask,
    step,
  };
}

export function boundsOf({ column, row, step }: Cell): Bounds {
  const share = 2 ** -step;
  return {
    west: partStart(column, LONGITUDE_MAX, share),
    south: partStart(row, LATITUDE_MAX, share),
    east: partStart(column + 1, LONGITUDE_MAX, share),
    north: partStart(row + 1, LATITUDE_MAX, share),
  };
}

/** Puts a zero before each of the low 16 bits. */
function spread(bits: number): number {
  let spaced = bits & 0xffff;
  spaced = (spaced | (spaced << 8)) & 0x00ff00ff;
  spaced = (spaced | (spaced << 4)) & 0x0f0f0f0f;
  spaced = (spaced | (spaced << 2)) & 0x33333333;
  return (spaced | (spaced << 1)) & 0x55555555;
}

/** Takes every second bit, from the lowest: undoes `spread`. */
function gather(spaced: number): number {
  let bits = spaced & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0xffff;
}

const interleave = (column: number, row: number) => ((spread(column) << 1) | spread(row)) >>> 0;

/** The lowest score in a cell. */
export function firstScore({ column, row, step }: Cell): number {
  const scale = 2 ** (STEPS_MAX - step);
  const [x, y] = [column * scale, row * scale];
  return interleave(x >>> 16, y >>> 16) * 2 ** 32 + interleave(x, y);
}

/** How many scores there are in a cell. */
export const scoreCount = ({ step }: Cell): number => 2 ** (2 * (STEPS_MAX - step));

/** The smallest cell of a score. Any number will do, as any may have been given to ZADD. */
export function cellOfScore(score: number): Cell {
  let high = Math.floor(score / 2 ** 32);
  let low = score - high * 2 ** 32;
  if (!(score >= 0 && score < 2 ** 63)) {
    const bits = asUint64(score);
    high = Number(bits >> 32n);
    low = Number(bits & 0xffff_ffffn);
  }
  return {
    column: gather(high >>> 1) * 2 ** 16 + gather(low >>> 1),
    row: gather(high) * 2 ** 16 + gather(low),
    step: STEPS_MAX,
  };
}

/** What processors of the x86 family make of a double that does not fit: C leaves it open. */
function asUint64(score: number): bigint {
  if (score < 0)
    return score < -(2 ** 63) ? 2n ** 63n : BigInt.asUintN(64, BigInt(Math.ceil(score)));
  return score < 2 ** 64 ? BigInt(score) : 0n;
}

/** The middle of the smallest of parts, which is within the limits whatever the part. */
function middleOf(part: number, most: number): number {
  const start = partStart(part, most, SMALLEST_SHARE);
  const middle = (start + partStart(part + 1, most, SMALLEST_SHARE)) / 2;
  return Math.max(-most, Math.min(most, middle));
}

/** The middle of the cell of a score. */
export function positionOfScore(score: number): Position {
  const { column, row } = cellOfScore(score);
  return { longitude: middleOf(column, LONGITUDE_MAX), latitude: middleOf(row, LATITUDE_MAX) };
}

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';
const TEXT_LENGTH = 11;

/** The geohash of a position: eleven characters, the last of which is always 0, as 52 bits have no more. */
export function geohashText({ longitude, latitude }: Position): string {
  // Geohashes count latitudes from pole to pole.
  const score = firstScore(cellAt(longitude, latitude, STEPS_MAX, 90));
  let text = '';
  let scale = 2 ** 52;
  for (let i = 1; i < TEXT_LENGTH; i++) {
    scale /= 32;
    text += ALPHABET.charAt(Math.floor(score / scale) % 32);
  }
  return `${text}0`;
}
