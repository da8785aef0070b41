/** Readers of arguments that several families share. */
import { NOT_AN_INTEGER, OUT_OF_INT_RANGE, type Refusal } from '../protocol/refusals.js';
import type { Call } from './call.js';

const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;

/** Argument `i` as a 32-bit integer. @throws {Refusal} `malformed` or, for one that is longer, `outOfRange`. */
export function readInt32(
  call: Call,
  i: number,
  malformed: Refusal = NOT_AN_INTEGER,
  outOfRange: Refusal = OUT_OF_INT_RANGE,
): number {
  const value = Number(call.bigint(i, malformed));
  if (value < INT32_MIN || value > INT32_MAX) throw outOfRange;
  return value;
}
