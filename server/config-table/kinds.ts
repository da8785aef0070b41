/** The plain types of parameters: yes/no, integers, sizes, one word of a list, texts. */

import { untilZero } from '../../protocol/bytes.js';
import { type Flags, InvalidSetting, type Parameter } from './parameter.js';
import { quoted } from './quoting.js';

/** Refuses a text that was read well but does not fit. Returns the reason, or nothing when it fits. */
export type Check<T> = (value: T) => string | undefined;

const KILOBYTE = 1024n;

function onlyWord(words: readonly string[]): string {
  const [word] = words;
  if (words.length !== 1 || word === undefined)
    throw new InvalidSetting('wrong number of arguments');
  return word;
}

function checked<T>(value: T, check: Check<T> | undefined): T {
  const reason = check?.(value);
  if (reason !== undefined) throw new InvalidSetting(reason);
  return value;
}

export function bool(standard: boolean, flags?: Flags, check?: Check<boolean>): Parameter<boolean> {
  return {
    ...flags,
    default: standard ? 'yes' : 'no',
    read(words) {
      const text = untilZero(onlyWord(words)).toLowerCase();
      if (text !== 'yes' && text !== 'no') {
        throw new InvalidSetting("argument must be 'yes' or 'no'");
      }
      return { value: checked(text === 'yes', check), text };
    },
    lines: ({ text }) => [text],
  };
}

/** Reads a decimal integer as strictly as a command argument: no blanks, no plus, no leading zero. */
function readInteger(word: string): bigint {
  if (/^(?:0|-?[1-9][0-9]{0,18})$/.test(word)) {
    const value = BigInt(word);
    if (BigInt.asIntN(64, value) === value) return value;
  }
  throw new InvalidSetting("argument couldn't be parsed into an integer");
}

function inRange(value: bigint, min: bigint, max: bigint, radix = 10): bigint {
  if (value < min || value > max) {
    const bounds = `${min.toString(radix)} and ${max.toString(radix)}`;
    throw new InvalidSetting(`argument must be between ${bounds} inclusive`);
  }
  return value;
}

/** A whole number from `min` to `max`, both included. */
export function integer(
  min: number | bigint,
  max: number | bigint,
  standard: number,
  flags?: Flags,
  check?: Check<number>,
): Parameter<number> {
  return {
    ...flags,
    default: String(standard),
    read(words) {
      const exact = inRange(readInteger(onlyWord(words)), BigInt(min), BigInt(max));
      return { value: checked(Number(exact), check), text: String(exact) };
    },
    lines: ({ text }) => [text],
  };
}

/** Corrects the integers that `parameter` takes, without a word about it. */
export function settled(
  parameter: Parameter<number>,
  settle: (value: number) => number,
): Parameter<number> {
  return {
    ...parameter,
    read(words, current) {
      const setting = parameter.read(words, current);
      const value = settle(setting.value);
      return value === setting.value ? setting : { value, text: String(value) };
    },
  };
}

/** File permissions: read and shown in base 8. */
export function octal(max: number, standard: number, flags?: Flags): Parameter<number> {
  return {
    ...flags,
    default: standard.toString(8),
    read(words) {
      const word = onlyWord(words);
      if (!/^[0-7]{1,21}$/.test(word)) {
        throw new InvalidSetting("argument couldn't be parsed as an octal number");
      }
      const value = Number(inRange(BigInt(`0o${word}`), 0n, BigInt(max), 8));
      return { value, text: value.toString(8) };
    },
    lines: ({ text }) => [text],
  };
}

const UNITS: Readonly<Record<string, bigint>> = {
  '': 1n,
  b: 1n,
  k: 1000n,
  kb: KILOBYTE,
  m: 1000n ** 2n,
  mb: KILOBYTE ** 2n,
  g: 1000n ** 3n,
  gb: KILOBYTE ** 3n,
};

/** Bytes from `64mb` and its like, or null. A product past 64 bits wraps around, as in C. */
function readBytes(word: string): bigint | null {
  const parts = /^([0-9]*)([a-zA-Z]*)$/.exec(word);
  const unit = UNITS[parts?.[2]?.toLowerCase() ?? '?'];
  const digits = parts?.[1] ?? '';
  if (!parts || unit === undefined || digits.length > 127) return null;
  const count = BigInt(digits);
  if (BigInt.asUintN(64, count) !== count) return null;
  return BigInt.asUintN(64, count * unit);
}

/** The greatest unit that says these bytes without a rest, as in `64mb`. */
export function bytesText(bytes: bigint): string {
  for (const unit of ['gb', 'mb', 'kb']) {
    const size = UNITS[unit] ?? 1n;
    if (bytes !== 0n && bytes % size === 0n) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

/** A size in bytes; the words may carry a unit. `min` below zero lets plain negative numbers in. */
export function memory(
  min: number | bigint,
  max: number | bigint,
  standard: number,
  flags?: Flags,
): Parameter<number> {
  return {
    ...flags,
    default: String(standard),
    read(words) {
      const word = untilZero(onlyWord(words));
      const negative = min < 0 && /^-[1-9][0-9]{0,18}$/.test(word);
      const read = negative ? BigInt(word) : readBytes(word);
      if (read === null) throw new InvalidSetting('argument must be a memory value');
      const bytes = min < 0 ? BigInt.asIntN(64, read) : read;
      const exact = inRange(bytes, BigInt(min), BigInt(max));
      return { value: Number(exact), text: String(exact) };
    },
    lines: ({ text }) => [bytesText(BigInt(text))],
  };
}

/** A limit in bytes, or as a share of `maxmemory`. */
export interface MemoryOrPercent {
  readonly amount: number;
  readonly unit: 'bytes' | 'percent';
}

function readMemoryOrPercent(word: string): MemoryOrPercent & { exact: bigint } {
  const percent = /^(?:0|[1-9][0-9]{0,17})%$/.test(word);
  const read = percent ? -BigInt(word.slice(0, -1)) : readBytes(word);
  if (read === null) throw new InvalidSetting('argument must be a memory or percent value');
  // Shares are the negative numbers of the same 64 bits: huge sizes turn into shares, too.
  const signed = BigInt.asIntN(64, read);
  if (signed < -100n) {
    throw new InvalidSetting('percentage argument must be less or equal to 100');
  }
  const exact = signed < 0n ? -signed : signed;
  return { exact, amount: Number(exact), unit: signed < 0n ? 'percent' : 'bytes' };
}

export function memoryOrPercent(standard: number, flags?: Flags): Parameter<MemoryOrPercent> {
  return {
    ...flags,
    default: String(standard),
    read(words) {
      const { amount, unit, exact } = readMemoryOrPercent(onlyWord(words));
      return { value: { amount, unit }, text: unit === 'percent' ? `${exact}%` : String(exact) };
    },
    lines: ({ text, value }) => [value.unit === 'percent' ? text : bytesText(BigInt(text))],
  };
}

/** One of some words, in any case. `same` maps words that mean another one. */
export function oneOf<const W extends string>(
  words: readonly W[],
  standard: NoInfer<W>,
  flags?: Flags,
  same?: Readonly<Partial<Record<W, W>>>,
): Parameter<W> {
  return {
    ...flags,
    default: standard,
    read(given) {
      const sought = untilZero(onlyWord(given)).toLowerCase();
      const word = words.find((one) => one.toLowerCase() === sought);
      if (word === undefined) throw new InvalidSetting(notOneOf(words));
      const value = same?.[word] ?? word;
      return { value, text: value };
    },
    lines: ({ text }) => [text],
  };
}

export function notOneOf(words: readonly string[]): string {
  return `argument(s) must be one of the following: ${words.join(', ')}`;
}

/** Any bytes, or nothing at all: then CONFIG REWRITE leaves no line. */
export function optionalText(flags?: Flags, check?: Check<string>): Parameter<string> {
  return {
    ...text('', flags, check),
    lines: ({ text: value }) => (value === '' ? [] : [quoted(value)]),
  };
}

/** Any bytes. */
export function text(standard: string, flags?: Flags, check?: Check<string>): Parameter<string> {
  return {
    ...flags,
    default: standard,
    read(words) {
      const value = checked(onlyWord(words), check);
      return { value, text: value };
    },
    lines: ({ text: value }) => [quoted(value)],
  };
}
