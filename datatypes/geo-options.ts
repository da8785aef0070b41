/** Reads what the commands that search among positions are given. Arguments only, but for the member to start at. */
import { formatFixed, parseDouble } from '../protocol/doubles.js';
import {
  ANY_WITHOUT_COUNT,
  BOX_NEGATIVE,
  HEIGHT_NOT_A_NUMBER,
  invalidPosition,
  NOT_A_FLOAT,
  noSuchMember,
  oneSearchCentre,
  oneSearchShape,
  RADIUS_NEGATIVE,
  RADIUS_NOT_A_NUMBER,
  type Refusal,
  SEARCH_COUNT_NOT_POSITIVE,
  SYNTAX_ERROR,
  storesAndTells,
  TOO_FEW_VERTICES,
  VERTICES_NOT_A_NUMBER,
  WIDTH_NOT_A_NUMBER,
} from '../protocol/refusals.js';
import type { Call } from './call.js';
import { LATITUDE_MAX, LONGITUDE_MAX, type Position, positionOfScore } from './geo-cells.js';
import { readUnit } from './geo-distance.js';
import { box, circle, polygon, type Shape } from './geo-shape.js';
import { readInt32 } from './options.js';
import type { SortedSet } from './zset-value.js';

/** What is searched for, and what is told of it. */
export interface Search {
  /** Null when there is nothing to search in, and so nothing to start from. */
  readonly shape: Shape | null;
  /** Metres of the unit in which distances are told. */
  readonly unitM: number;
  readonly order: 'none' | 'ascending' | 'descending';
  /** 0 for all. */
  readonly count: number;
  /** Whether the first members found will do, near or far. */
  readonly any: boolean;
  readonly withDistance: boolean;
  readonly withScore: boolean;
  readonly withPosition: boolean;
  /** Which argument is the key to store to; 0 for none. */
  readonly storeAt: number;
  /** Whether distances are stored instead of the members' scores. */
  readonly storesDistance: boolean;
}

function readDouble(call: Call, i: number, otherwise: Refusal): number {
  const value = parseDouble(call.buffer, call.start(i), call.end(i));
  if (Number.isNaN(value)) throw otherwise;
  return value;
}

/** Arguments `i` and `i` + 1 as a position. @throws {Refusal} NOT_A_FLOAT, or invalidPosition when it is beyond the limits. */
export function readPosition(call: Call, i: number): Position {
  const longitude = readDouble(call, i, NOT_A_FLOAT);
  const latitude = readDouble(call, i + 1, NOT_A_FLOAT);
  if (Math.abs(longitude) > LONGITUDE_MAX || Math.abs(latitude) > LATITUDE_MAX) {
    throw invalidPosition(formatFixed(longitude, 6), formatFixed(latitude, 6));
  }
  return { longitude, latitude };
}

/** The position of the member in argument `i`. @throws {Refusal} noSuchMember */
export function positionOfMember(call: Call, set: SortedSet, i: number): Position {
  const score = set.find(call.buffer, call.start(i), call.end(i));
  if (Number.isNaN(score)) throw noSuchMember(call.text(i));
  return positionOfScore(score);
}

/** A length and the unit it is told in, in metres. */
interface Radius {
  readonly radiusM: number;
  readonly unitM: number;
}

/** Reads `radius unit` from argument `i` on. */
export function readRadius(call: Call, i: number): Radius {
  const radius = readDouble(call, i, RADIUS_NOT_A_NUMBER);
  if (radius < 0) throw RADIUS_NEGATIVE;
  const unitM = readUnit(call, i + 1);
  return { radiusM: radius * unitM, unitM };
}

/** Everything but the shape. */
type Manner = { -readonly [name in keyof Omit<Search, 'shape'>]: Search[name] };

function initialManner(unitM: number, storeAt: number): Manner {
  return {
    unitM,
    order: 'none',
    count: 0,
    any: false,
    withDistance: false,
    withScore: false,
    withPosition: false,
    storeAt,
    storesDistance: false,
  };
}

/** Reads the option at argument `i` if every search has it; the index of its last argument, or 0 for another word. */
function readManner(call: Call, i: number, manner: Manner): number {
  if (call.is(i, 'withdist')) manner.withDistance = true;
  else if (call.is(i, 'withhash')) manner.withScore = true;
  else if (call.is(i, 'withcoord')) manner.withPosition = true;
  else if (call.is(i, 'any')) manner.any = true;
  else if (call.is(i, 'asc')) manner.order = 'ascending';
  else if (call.is(i, 'desc')) manner.order = 'descending';
  else if (call.is(i, 'count') && i + 1 < call.argc) {
    manner.count = Number(call.bigint(i + 1));
    if (manner.count <= 0) throw SEARCH_COUNT_NOT_POSITIVE;
    return i + 1;
  } else return 0;
  return i;
}

const tells = (manner: Manner) => manner.withDistance || manner.withScore || manner.withPosition;

/** Some of the nearest are wanted in order, unless any will do. */
function toSearch(manner: Manner, shape: Shape | null): Search {
  const { order, count, any } = manner;
  if (order === 'none' && count > 0 && !any) manner.order = 'ascending';
  return Object.assign(manner, { shape });
}

/** How GEORADIUS and its kin differ. */
export interface RadiusForm {
  /** The argument that is the radius. */
  readonly radiusAt: number;
  /** Whether STORE and STOREDIST are known. */
  readonly stores: boolean;
}

/**
 * Reads the arguments of GEORADIUS and its kin. `set` is null when the key is not there; GEORADIUSBYMEMBER then does
 * not look at member and radius, as the real server.
 */
export function readRadiusSearch(
  call: Call,
  set: SortedSet | null,
  { radiusAt, stores }: RadiusForm,
): Search {
  const fromMember = radiusAt === 3;
  let shape: Shape | null = null;
  let unitM = 1;
  if (!fromMember || set !== null) {
    const centre =
      fromMember && set !== null ? positionOfMember(call, set, 2) : readPosition(call, 2);
    const radius = readRadius(call, radiusAt);
    unitM = radius.unitM;
    shape = circle(centre, radius.radiusM);
  }
  const manner = initialManner(unitM, 0);
  for (let i = radiusAt + 2; i < call.argc; i++) {
    const last = readManner(call, i, manner);
    if (last > 0) i = last;
    else if (stores && i + 1 < call.argc && (call.is(i, 'store') || call.is(i, 'storedist'))) {
      manner.storesDistance = call.is(i, 'storedist');
      manner.storeAt = ++i;
    } else throw SYNTAX_ERROR;
  }
  if (manner.storeAt > 0 && tells(manner)) throw storesAndTells('STORE option in GEORADIUS');
  if (manner.any && manner.count === 0) throw ANY_WITHOUT_COUNT;
  return toSearch(manner, shape);
}

/** What GEOSEARCH looks for, piece by piece. */
interface Outline {
  from: 'nowhere' | 'member' | 'position';
  /** Null also for a member of a key that is not there. */
  centre: Position | null;
  by: 'nothing' | 'circle' | 'box' | 'polygon';
  /** Metres: the radius, or width and height. */
  sizesM: readonly number[];
  corners: readonly Position[];
}

/** Reads the part of the outline at argument `i`; the index of its last argument, or 0 for another word. */
function readOutline(
  call: Call,
  i: number,
  set: SortedSet | null,
  outline: Outline,
  manner: Manner,
): number {
  const left = call.argc - i - 1;
  const { from, by } = outline;
  if (call.is(i, 'frommember') && left >= 1 && from !== 'position' && by !== 'polygon') {
    outline.from = 'member';
    outline.centre = set === null ? null : positionOfMember(call, set, i + 1);
    return i + 1;
  }
  if (call.is(i, 'fromlonlat') && left >= 2 && from !== 'member' && by !== 'polygon') {
    outline.from = 'position';
    outline.centre = readPosition(call, i + 1);
    return i + 2;
  }
  if (call.is(i, 'byradius') && left >= 2 && (by === 'nothing' || by === 'circle')) {
    const { radiusM, unitM } = readRadius(call, i + 1);
    manner.unitM = unitM;
    outline.by = 'circle';
    outline.sizesM = [radiusM];
    return i + 2;
  }
  if (call.is(i, 'bybox') && left >= 3 && (by === 'nothing' || by === 'box')) {
    const { sizesM, unitM } = readBox(call, i + 1);
    manner.unitM = unitM;
    outline.by = 'box';
    outline.sizesM = sizesM;
    return i + 3;
  }
  const mayBePolygon = from === 'nowhere' && (by === 'nothing' || by === 'polygon');
  if (!call.is(i, 'bypolygon') || left < 1 || !mayBePolygon) return 0;
  outline.by = 'polygon';
  outline.corners = readCorners(call, i + 1);
  return i + 1 + 2 * outline.corners.length;
}

function readBox(call: Call, i: number): { sizesM: readonly number[]; unitM: number } {
  const width = readDouble(call, i, WIDTH_NOT_A_NUMBER);
  const height = readDouble(call, i + 1, HEIGHT_NOT_A_NUMBER);
  if (width < 0 || height < 0) throw BOX_NEGATIVE;
  const unitM = readUnit(call, i + 2);
  return { sizesM: [width * unitM, height * unitM], unitM };
}

const CORNERS_MIN = 3;

/** Reads `count longitude latitude ...` from argument `i` on. */
function readCorners(call: Call, i: number): Position[] {
  const count = readInt32(call, i, VERTICES_NOT_A_NUMBER, VERTICES_NOT_A_NUMBER);
  if (count < CORNERS_MIN || count > (call.argc - i - 1) / 2) throw TOO_FEW_VERTICES;
  const corners: Position[] = [];
  for (let n = 0; n < count; n++) corners.push(readPosition(call, i + 1 + 2 * n));
  return corners;
}

function shapeOf({ by, centre, sizesM, corners }: Outline): Shape | null {
  if (by === 'polygon') return polygon(corners);
  if (centre === null) return null;
  const [first = 0, second = 0] = sizesM;
  return by === 'circle' ? circle(centre, first) : box(centre, first, second);
}

/** Reads the arguments of GEOSEARCH or, when there is a key to store to (`storeAt`), of GEOSEARCHSTORE. */
export function readSearch(call: Call, set: SortedSet | null, storeAt: number): Search {
  const manner = initialManner(1, storeAt);
  const outline: Outline = {
    from: 'nowhere',
    centre: null,
    by: 'nothing',
    sizesM: [],
    corners: [],
  };
  for (let i = storeAt > 0 ? 3 : 2; i < call.argc; i++) {
    const last = readManner(call, i, manner) || readOutline(call, i, set, outline, manner);
    if (last > 0) i = last;
    else if (storeAt > 0 && call.is(i, 'storedist')) manner.storesDistance = true;
    else throw SYNTAX_ERROR;
  }
  if (storeAt > 0 && tells(manner)) throw storesAndTells('GEOSEARCHSTORE');
  if (outline.from === 'nowhere' && outline.by !== 'polygon') throw oneSearchCentre(call.text(0));
  if (outline.by === 'nothing') throw oneSearchShape(call.text(0));
  if (manner.any && manner.count === 0) throw ANY_WITHOUT_COUNT;
  return toSearch(manner, shapeOf(outline));
}
