/** The library `bit`: operations on 32-bit integers. */
import type { Machine } from '../machine/machine.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import type { NativeBody } from '../machine/values.js';
import { checkNumber, register } from './arguments.js';

const DOUBLE = new Float64Array(1);
const WORDS = new Int32Array(DOUBLE.buffer);
/** Added to a double, it moves the integer it is nearest to into the low word. */
const MAGIC = 2 ** 52 + 2 ** 51;

/** Argument `i` as 32 bits: rounded to the nearest integer, ties to even; the low bits of it. */
function checkBits(thread: Thread, i: number): number {
  const value = checkNumber(thread, i);
  if ((value | 0) === value) return value;
  DOUBLE[0] = value + MAGIC;
  return WORDS[0] ?? 0;
}

function combine(join: (x: number, y: number) => number): NativeBody {
  return (thread) => {
    const { argc } = thread;
    let bits = checkBits(thread, 1);
    for (let i = 2; i <= argc; i++) bits = join(bits, checkBits(thread, i));
    return thread.answer(bits | 0);
  };
}

function shift(move: (x: number, by: number) => number): NativeBody {
  return (thread) => {
    const bits = checkBits(thread, 1);
    return thread.answer(move(bits, checkBits(thread, 2) & 31) | 0);
  };
}

function unary(change: (x: number) => number): NativeBody {
  return (thread) => thread.answer(change(checkBits(thread, 1)) | 0);
}

const tohex: NativeBody = (thread) => {
  const bits = checkBits(thread, 1);
  const given = thread.argc >= 2 ? checkBits(thread, 2) : 8;
  const digits = Math.min(Math.abs(given), 8);
  const text = (bits >>> 0)
    .toString(16)
    .padStart(8, '0')
    .slice(8 - digits);
  return thread.answer(given < 0 ? text.toUpperCase() : text);
};

/** Makes the table `bit`. */
export function openBit(machine: Machine): void {
  const library = new Table();
  register(library, {
    tobit: unary((x) => x),
    bnot: unary((x) => ~x),
    bswap: unary((x) => (x << 24) | ((x & 0xff00) << 8) | ((x >>> 8) & 0xff00) | (x >>> 24)),
    band: combine((x, y) => x & y),
    bor: combine((x, y) => x | y),
    bxor: combine((x, y) => x ^ y),
    lshift: shift((x, by) => x << by),
    rshift: shift((x, by) => x >>> by),
    arshift: shift((x, by) => x >> by),
    rol: shift((x, by) => (x << by) | (x >>> (32 - by))),
    ror: shift((x, by) => (x >>> by) | (x << (32 - by))),
    tohex,
  });
  machine.globals.set('bit', library);
}
