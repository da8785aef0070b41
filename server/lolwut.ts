/** LOLWUT: a Julia set in characters, a new one each time, and the version below it. */

import { parseDouble } from '../protocol/doubles.js';
import { NOT_A_FLOAT, WRONG_LOLWUT } from '../protocol/refusals.js';
import type { ServerCall } from './server-call.js';
import { announcement } from './version.js';

/** From far outside the set to within it. */
const SHADES = ' .:-=+*%#@';
const MOST_STEPS = SHADES.length * 4;
/** Beyond this a point never comes back. */
const ESCAPE_SQUARED = 4;
const MOST_COLUMNS = 160;
const MOST_ROWS = 80;
/** How many numbers the versions before this one take; what comes after them does not matter. */
const OLDER_NUMBERS: ReadonlyMap<number, number> = new Map([
  [5, 3],
  [6, 2],
]);

interface Picture {
  readonly columns: number;
  readonly rows: number;
  /** The set's constant. */
  readonly real: number;
  readonly imaginary: number;
}

/** Reads the arguments, and draws. @throws {Refusal} WRONG_LOLWUT, NOT_AN_INTEGER or NOT_A_FLOAT. */
export function drawing(call: ServerCall): string {
  const { title, version: ourVersion } = announcement(call.server.config.values);
  const versioned = call.argc > 2 && call.is(1, 'version');
  const version = versioned ? call.int(2) : 9;
  const from = versioned ? 3 : 1;
  const older = OLDER_NUMBERS.get(version);
  if (older === undefined && version !== 9) return `${title} ver.${ourVersion}\n`;
  const picture = older === undefined ? readPicture(call, from) : readOlder(call, from, older);
  const constant = `${picture.real.toFixed(2)} + ${picture.imaginary.toFixed(2)}i`;
  return `${draw(picture)}Julia set of ${constant}. ${title} ver. ${ourVersion}\n`;
}

function readPicture(call: ServerCall, from: number): Picture {
  const count = call.argc - from;
  if (count !== 0 && count !== 2 && count !== 4) throw WRONG_LOLWUT;
  const [columns, rows] = count > 0 ? [call.int(from), call.int(from + 1)] : [];
  const picture = randomPicture(call, columns, rows);
  if (count !== 4) return picture;
  return { ...picture, real: readDouble(call, from + 2), imaginary: readDouble(call, from + 3) };
}

/** The arguments of an older version, as far as it takes any: what they say of sizes holds here too. */
function readOlder(call: ServerCall, from: number, most: number): Picture {
  const numbers: number[] = [];
  for (let i = from; i < Math.min(call.argc, from + most); i++) numbers.push(call.int(i));
  return randomPicture(call, numbers[0], numbers[1]);
}

function randomPicture({ random }: ServerCall, columns = 80, rows = 40): Picture {
  return {
    columns: Math.min(Math.max(columns, 1), MOST_COLUMNS),
    rows: Math.min(Math.max(rows, 1), MOST_ROWS),
    real: random.unit() * 2 - 1,
    imaginary: random.unit() * 2 - 1,
  };
}

function readDouble(call: ServerCall, i: number): number {
  const value = parseDouble(call.buffer, call.start(i), call.end(i));
  if (Number.isNaN(value)) throw NOT_A_FLOAT;
  return value;
}

function draw(picture: Picture): string {
  const { columns, rows } = picture;
  let text = '';
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const x = ((column + 0.5) / columns) * 3.6 - 1.8;
      const y = ((row + 0.5) / rows) * 2.8 - 1.4;
      const shade = Math.floor((stepsToEscape(x, y, picture) / MOST_STEPS) * (SHADES.length - 1));
      text += SHADES[shade];
    }
    text += '\n';
  }
  return text;
}

/** How many rounds of z = z² + c it takes until the point is gone for good. */
function stepsToEscape(x: number, y: number, { real, imaginary }: Picture): number {
  let steps = 0;
  while (steps < MOST_STEPS && x * x + y * y < ESCAPE_SQUARED) {
    [x, y] = [x * x - y * y + real, 2 * x * y + imaginary];
    steps++;
  }
  return steps;
}
