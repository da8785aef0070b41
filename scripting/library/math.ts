/** The library `math`, with the real server's own random numbers. */
import type { Machine } from '../machine/machine.js';
import { Table } from '../machine/table.js';
import type { NativeBody } from '../machine/values.js';
import { argumentError, checkInt, checkNumber, fail, register } from './arguments.js';
import type { ScriptRandom } from './script-random.js';

/** A function of one number. */
function unary(compute: (x: number) => number): NativeBody {
  return (thread) => thread.answer(compute(checkNumber(thread, 1)));
}

function binary(compute: (x: number, y: number) => number): NativeBody {
  return (thread) => {
    const x = checkNumber(thread, 1);
    return thread.answer(compute(x, checkNumber(thread, 2)));
  };
}

/** C's `pow`: JavaScript differs where a base of 1 or -1 meets infinity or NaN. */
function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
  return x ** y;
}

/** The greatest or least argument: the first that no later one beats. */
function extreme(beats: (x: number, best: number) => boolean): NativeBody {
  return (thread) => {
    const { argc } = thread;
    let best = checkNumber(thread, 1);
    for (let i = 2; i <= argc; i++) {
      const x = checkNumber(thread, i);
      if (beats(x, best)) best = x;
    }
    return thread.answer(best);
  };
}

/** `x * 2^power`, in steps that neither overflow nor lose bits before the last. */
function scale(x: number, exponent: number): number {
  let left = Math.max(Math.min(exponent, 2200), -2200);
  if (left < -1022) {
    // Only the last step may round: the result is brought near the smallest numbers exactly.
    const { fraction, power: own } = split(x);
    left += own;
    if (left >= -1021) return fraction * 2 ** left;
    return fraction * 2 ** -537 * 2 ** Math.max(left + 537, -1074);
  }
  for (; left > 1023; left -= 1023) x *= 2 ** 1023;
  return x * 2 ** left;
}

/** A number as a fraction from 0.5 to below 1, and a power of two. */
function split(x: number): { fraction: number; power: number } {
  if (x === 0 || !Number.isFinite(x)) return { fraction: x, power: 0 };
  let exponent = 0;
  let size = Math.abs(x);
  if (size < 2 ** -1022) {
    size *= 2 ** 54;
    exponent = -54;
  }
  let guess = Math.floor(Math.log2(size)) + 1;
  while (size / 2 ** (guess - 1) >= 2) guess++;
  while (size / 2 ** (guess - 1) < 1) guess--;
  const fraction = size / 2 ** (guess - 1) / 2;
  return { fraction: x < 0 ? -fraction : fraction, power: guess + exponent };
}

const frexp: NativeBody = (thread) => {
  const { fraction, power: exponent } = split(checkNumber(thread, 1));
  thread.push(fraction);
  thread.push(exponent);
  return 2;
};

const ldexp: NativeBody = (thread) => {
  const x = checkNumber(thread, 1);
  return thread.answer(scale(x, checkInt(thread, 2)));
};

const modf: NativeBody = (thread) => {
  const x = checkNumber(thread, 1);
  const whole = Math.trunc(x);
  const fraction = Number.isFinite(x) ? x - whole : 0;
  thread.push(whole);
  thread.push(Number.isNaN(x) ? x : x < 0 || Object.is(x, -0) ? -Math.abs(fraction) : fraction);
  return 2;
};

/** `random` and `randomseed`. */
function randomFunctions(random: ScriptRandom): Record<'random' | 'randomseed', NativeBody> {
  return {
    random: (thread) => {
      const r = random.next();
      const { argc } = thread;
      if (argc === 0) return thread.answer(r);
      if (argc > 2) throw fail(thread, 'wrong number of arguments');
      const first = checkInt(thread, 1);
      const low = argc === 1 ? 1 : first;
      const high = argc === 1 ? first : checkInt(thread, 2);
      if (low > high) throw argumentError(thread, argc, 'interval is empty');
      // C counts in an `int` here, which intervals of more than half of all integers overflow.
      const count = argc === 1 ? high : (high - low + 1) | 0;
      return thread.answer(Math.floor(r * count) + low);
    },
    randomseed: (thread) => {
      random.seed(checkInt(thread, 1));
      return 0;
    },
  };
}

/** Makes the table `math`. */
export function openMath(machine: Machine, random: ScriptRandom): void {
  const library = new Table();
  const { abs, acos, asin, atan, ceil, cos, cosh, exp, floor, log, log10, sin, sinh } = Math;
  const { sqrt, tan, tanh, atan2 } = Math;
  const plain = { abs, acos, asin, atan, ceil, cos, cosh, exp, floor, log, log10, sin, sinh };
  for (const [name, compute] of Object.entries({ ...plain, sqrt, tan, tanh })) {
    register(library, { [name]: unary(compute) });
  }
  const remainder = binary((x, y) => x % y);
  register(library, {
    ...{ atan2: binary(atan2), fmod: remainder, mod: remainder, pow: binary(power) },
    deg: unary((x) => x / (Math.PI / 180)),
    rad: unary((x) => x * (Math.PI / 180)),
    max: extreme((x, best) => x > best),
    min: extreme((x, best) => x < best),
    ...{ frexp, ldexp, modf },
    ...randomFunctions(random),
  });
  library.set('pi', Math.PI);
  library.set('huge', Infinity);
  machine.globals.set('math', library);
}
