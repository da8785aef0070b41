/** Readers of options that several commands share. Each reads arguments only: no data is touched. */

import { longDoubleToNumber, parseLongDouble } from '../protocol/long-double.js';
import { INT64_MAX, parseSafeInteger } from '../protocol/numbers.js';
import {
  invalidExpire,
  LIMIT_NEGATIVE,
  NOT_AN_INTEGER,
  OUT_OF_INT_RANGE,
  OUT_OF_RANGE,
  type Refusal,
  SYNTAX_ERROR,
  TIMEOUT_NEGATIVE,
  TIMEOUT_NOT_A_FLOAT,
  TIMEOUT_NOT_AN_INTEGER,
  TIMEOUT_OUT_OF_RANGE,
} from '../protocol/refusals.js';
import type { Call } from './call.js';
import type { Moment } from './moments.js';

/** The words that say when and for how long a value is set, one bit each. */
export const SetOption = {
  nx: 1 << 0,
  xx: 1 << 1,
  ifeq: 1 << 2,
  get: 1 << 3,
  keepTtl: 1 << 4,
  persist: 1 << 5,
  ex: 1 << 6,
  px: 1 << 7,
  exat: 1 << 8,
  pxat: 1 << 9,
  fnx: 1 << 10,
  fxx: 1 << 11,
} as const;

/** The options that carry a moment or a span. */
export const EXPIRY_OPTIONS = SetOption.ex | SetOption.px | SetOption.exat | SetOption.pxat;
/** The options that make SET depend on what is there. */
export const CONDITION_OPTIONS = SetOption.nx | SetOption.xx | SetOption.ifeq;

const IN_SECONDS = SetOption.ex | SetOption.exat;
const RELATIVE = SetOption.ex | SetOption.px;
const LIFETIME_OPTIONS = EXPIRY_OPTIONS | SetOption.keepTtl | SetOption.persist;

interface OptionRule {
  readonly word: string;
  readonly bit: number;
  /** Options that must not have been given before it. */
  readonly excludes: number;
  /** Whether the next argument belongs to it. */
  readonly takesValue: boolean;
}

function lifetime(word: string, bit: number): OptionRule {
  const excludes = LIFETIME_OPTIONS & ~bit;
  return { word, bit, excludes, takesValue: (bit & EXPIRY_OPTIONS) !== 0 };
}

/** Most words may be said twice, of which the last counts; IFEQ may not. */
const RULES: readonly OptionRule[] = [
  lifetime('ex', SetOption.ex),
  lifetime('px', SetOption.px),
  { word: 'nx', bit: SetOption.nx, excludes: SetOption.xx | SetOption.ifeq, takesValue: false },
  { word: 'xx', bit: SetOption.xx, excludes: SetOption.nx | SetOption.ifeq, takesValue: false },
  { word: 'get', bit: SetOption.get, excludes: 0, takesValue: false },
  lifetime('keepttl', SetOption.keepTtl),
  lifetime('exat', SetOption.exat),
  lifetime('pxat', SetOption.pxat),
  { word: 'ifeq', bit: SetOption.ifeq, excludes: CONDITION_OPTIONS, takesValue: true },
  lifetime('persist', SetOption.persist),
  { word: 'fnx', bit: SetOption.fnx, excludes: SetOption.fxx, takesValue: false },
  { word: 'fxx', bit: SetOption.fxx, excludes: SetOption.fnx, takesValue: false },
];

export interface SetOptions {
  /** The options given, as bits of `SetOption`. */
  readonly given: number;
  /** Argument index of the number after EX, PX, EXAT or PXAT; 0 when there is none. */
  readonly expiryAt: number;
  /** Argument index of the value after IFEQ; 0 when there is none. */
  readonly comparisonAt: number;
}

/**
 * Reads the options from argument `from` up to `to`, or the last, in any order and case.
 *
 * @param allowed - The options the command knows, as bits of `SetOption`.
 * @throws {Refusal} SYNTAX_ERROR on other words, on words that exclude each other, and when a value lacks.
 */
export function readSetOptions(
  call: Call,
  from: number,
  allowed: number,
  to = call.argc,
): SetOptions {
  let given = 0;
  let expiryAt = 0;
  let comparisonAt = 0;
  for (let i = from; i < to; i++) {
    const rule = ruleOf(call, i);
    if (rule === undefined || (rule.bit & allowed) === 0 || (rule.excludes & given) !== 0) {
      throw SYNTAX_ERROR;
    }
    given |= rule.bit;
    if (!rule.takesValue) continue;
    if (++i === to) throw SYNTAX_ERROR;
    if (rule.bit === SetOption.ifeq) comparisonAt = i;
    else expiryAt = i;
  }
  return { given, expiryAt, comparisonAt };
}

function ruleOf(call: Call, i: number): OptionRule | undefined {
  for (const rule of RULES) if (call.is(i, rule.word)) return rule;
  return undefined;
}

/** Whether argument `i` is EX, PX, EXAT or PXAT. */
export function isExpiryOption(call: Call, i: number): boolean {
  return ((ruleOf(call, i)?.bit ?? 0) & EXPIRY_OPTIONS) !== 0;
}

/**
 * Reads argument `i` as the moment that `option` makes of it.
 *
 * @param option - What says how to take the number: one of EXPIRY_OPTIONS, other bits do not matter.
 * @param command - The command's name, for the refusal.
 * @param least - The smallest number that is taken.
 * @throws {Refusal} NOT_AN_INTEGER; invalidExpire when it is less or the moment is no int64.
 */
export function readExpireAt(
  call: Call,
  i: number,
  option: number,
  command: string,
  least = 1n,
): Moment {
  const scale = (option & IN_SECONDS) !== 0 ? 1000 : 1;
  const nowMs = (option & RELATIVE) !== 0 ? call.clock.now() : 0;
  const amount = parseSafeInteger(call.buffer, call.start(i), call.end(i));
  const atMs = amount * scale + nowMs;
  if (amount > 0 && atMs <= Number.MAX_SAFE_INTEGER) return atMs;
  const exactAmount = call.bigint(i);
  if (exactAmount < least) throw invalidExpire(command);
  const exactAtMs = exactAmount * BigInt(scale) + BigInt(nowMs);
  if (exactAtMs > INT64_MAX) throw invalidExpire(command);
  return exactAtMs <= Number.MAX_SAFE_INTEGER ? Number(exactAtMs) : exactAtMs;
}

/**
 * Argument `i`, an int64, as a number: exact up to 2^53, farther only about right, which is
 * enough for a position in a string.
 *
 * @throws {Refusal} NOT_AN_INTEGER
 */
export function readPosition(call: Call, i: number): number {
  const value = parseSafeInteger(call.buffer, call.start(i), call.end(i));
  return Number.isNaN(value) ? Number(call.bigint(i)) : value;
}

/** As `readPosition`, but of a larger integer only the lowest 32 bits count: where the real server keeps no more. */
export function readShortPosition(call: Call, i: number): number {
  const value = parseSafeInteger(call.buffer, call.start(i), call.end(i));
  return Number.isNaN(value) ? Number(BigInt.asIntN(32, call.bigint(i))) : value | 0;
}

/** Whether position `first`, argument `i`, is after `last`, the next one: also where rounding made both the same. */
export function isReversed(call: Call, i: number, first: number, last: number): boolean {
  if (first !== last || Number.isSafeInteger(first)) return first > last;
  return call.bigint(i) > call.bigint(i + 1);
}

/** Argument `i`, an integer of at least 1; beyond 2^53 only about right. @throws {Refusal} `otherwise` */
export function readPositive(call: Call, i: number, otherwise: Refusal): number {
  const value = Number(call.bigint(i, otherwise));
  if (value < 1) throw otherwise;
  return value;
}

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

/** The largest timeout, in ms: an int64. */
const LONGEST_TIMEOUT_MS = 2 ** 63;

/**
 * Argument `i`, seconds with decimals, as the time that a blocking command waits at most: ms, 0 for ever.
 *
 * @throws {Refusal} TIMEOUT_NOT_A_FLOAT, TIMEOUT_OUT_OF_RANGE or TIMEOUT_NEGATIVE.
 */
export function readTimeout(call: Call, i: number): number {
  const ms = readSeconds(call, i) * 1000;
  if (ms >= LONGEST_TIMEOUT_MS) throw TIMEOUT_OUT_OF_RANGE;
  if (ms <= -1) throw TIMEOUT_NEGATIVE;
  return Math.max(Math.ceil(ms), 0);
}

/** Argument `i` as a number of seconds. @throws {Refusal} TIMEOUT_NOT_A_FLOAT. */
function readSeconds(call: Call, i: number): number {
  const whole = parseSafeInteger(call.buffer, call.start(i), call.end(i));
  if (!Number.isNaN(whole)) return whole;
  const seconds = parseLongDouble(call.buffer, call.start(i), call.end(i));
  if (seconds === null) throw TIMEOUT_NOT_A_FLOAT;
  return longDoubleToNumber(seconds);
}

/**
 * Argument `i` as the whole milliseconds that a command waits at most: 0 for ever.
 *
 * @throws {Refusal} TIMEOUT_NOT_AN_INTEGER, TIMEOUT_NEGATIVE or TIMEOUT_OUT_OF_RANGE.
 */
export function readMilliseconds(call: Call, i: number): number {
  const timeoutMs = Number(call.bigint(i, TIMEOUT_NOT_AN_INTEGER));
  if (timeoutMs < 0) throw TIMEOUT_NEGATIVE;
  if (timeoutMs + call.clock.now() >= LONGEST_TIMEOUT_MS) throw TIMEOUT_OUT_OF_RANGE;
  return timeoutMs;
}

/** So many elements, some more than once, are drawn at most. The real server draws on until it has no memory left. */
const MOST_DRAWN = 2 ** 30;

/** Refuses to draw more elements than a reply can hold. @throws {Refusal} OUT_OF_RANGE */
export function checkDrawn(count: number): void {
  if (count > MOST_DRAWN) throw OUT_OF_RANGE;
}

/** Reads `[LIMIT limit]` from argument `from` on; Infinity for none. */
export function readLimit(call: Call, from: number): number {
  let limit = 0n;
  for (let i = from; i < call.argc; i += 2) {
    if (!call.is(i, 'limit') || i + 1 === call.argc) throw SYNTAX_ERROR;
    limit = call.bigint(i + 1, LIMIT_NEGATIVE);
    if (limit < 0n) throw LIMIT_NEGATIVE;
  }
  return limit === 0n ? Infinity : Number(limit);
}
