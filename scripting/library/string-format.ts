/** `string.format`. */
import type { LuaError } from '../machine/error.js';
import { formatNumber } from '../machine/numbers.js';
import type { Thread } from '../machine/thread.js';
import type { NativeBody } from '../machine/values.js';
import { argumentError, checkNumber, checkString, fail } from './arguments.js';
import { Conversion, formatFloat, formatSigned, formatUnsigned, padText } from './number-format.js';
import { replaceEach } from './text-builder.js';

const PERCENT = 0x25;
/** More flags than there are kinds of them, in a row. */
const TOO_MANY_FLAGS = 6;
/** From this length on, in bytes, `%s` takes text as it is, whatever its width. */
const LONG_TEXT = 100;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Reads a conversion that is more than a letter. @returns Where its letter is. */
function readConversion(
  thread: Thread,
  text: string,
  start: number,
  conversion: Conversion,
): number {
  let at = start;
  for (; ; at++) {
    const flag = text.charCodeAt(at);
    if (flag === 0x2d) conversion.left = true;
    else if (flag === 0x2b) conversion.plus = true;
    else if (flag === 0x20) conversion.space = true;
    else if (flag === 0x23) conversion.alternate = true;
    else if (flag === 0x30) conversion.zero = true;
    else break;
  }
  if (at - start >= TOO_MANY_FLAGS) throw fail(thread, 'invalid format (repeated flags)');
  for (let digits = 0; digits < 2 && isDigit(text.charCodeAt(at)); digits++, at++) {
    conversion.width = conversion.width * 10 + text.charCodeAt(at) - 0x30;
  }
  if (text.charCodeAt(at) === 0x2e) {
    at++;
    conversion.precision = 0;
    for (let digits = 0; digits < 2 && isDigit(text.charCodeAt(at)); digits++, at++) {
      conversion.precision = conversion.precision * 10 + text.charCodeAt(at) - 0x30;
    }
  }
  if (isDigit(text.charCodeAt(at))) {
    throw fail(thread, 'invalid format (width or precision too long)');
  }
  conversion.letter = text.charCodeAt(at);
  return at;
}

function beforeNul(text: string): string {
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}

/** `%s`: as C prints it, up to a NUL byte, unless it is long and need not be cut. */
function formatText(text: string, conversion: Conversion): string {
  const { precision } = conversion;
  if (precision < 0 && text.length >= LONG_TEXT) return text;
  const shown = beforeNul(text);
  return padText(precision >= 0 ? shown.slice(0, precision) : shown, conversion);
}

/** `%c`: what C prints ends before a NUL byte, padding included. */
function formatCharacter(code: number, conversion: Conversion): string {
  return beforeNul(padText(String.fromCharCode(code & 0xff), conversion));
}

/** A double as x86 makes a C `int` of it, of which the low byte counts: 0 when it does not fit. */
function characterOf(value: number): number {
  return value > -(2 ** 31) - 1 && value < 2 ** 31 ? Math.trunc(value) : 0;
}

const QUOTED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\\n',
  '\r': '\\r',
  '\0': '\\000',
};

function quote(text: string): string {
  return `"${replaceEach(text, /["\\\n\r\0]/g, (character) => QUOTED[character] ?? character)}"`;
}

function invalidOption(thread: Thread, letter: number): LuaError {
  const shown = letter > 0 ? String.fromCharCode(letter) : '';
  return fail(thread, `invalid option '%${shown}' to 'format'`);
}

/** One argument in its conversion. */
function convert(thread: Thread, i: number, conversion: Conversion): string {
  switch (conversion.letter) {
    case 0x63: // c
      return formatCharacter(characterOf(checkNumber(thread, i)), conversion);
    case 0x64: // d
    case 0x69: // i
      return formatSigned(checkNumber(thread, i), conversion);
    case 0x6f: // o
      return formatUnsigned(checkNumber(thread, i), 8, conversion);
    case 0x75: // u
      return formatUnsigned(checkNumber(thread, i), 10, conversion);
    case 0x78: // x
      return formatUnsigned(checkNumber(thread, i), 16, conversion);
    case 0x58: // X
      return formatUnsigned(checkNumber(thread, i), 16, conversion).toUpperCase();
    case 0x65: // e
    case 0x45: // E
    case 0x66: // f
    case 0x67: // g
    case 0x47: // G
      return formatFloat(checkNumber(thread, i), conversion);
    case 0x71: // q
      return quote(checkString(thread, i));
    case 0x73: // s
      return formatText(checkString(thread, i), conversion);
    default:
      throw invalidOption(thread, conversion.letter);
  }
}

/** The commonest conversions, without flags, of the commonest values; null for all others. */
function convertPlainly(thread: Thread, i: number, letter: number): string | null {
  const value = thread.arg(i);
  if (letter === 0x73) {
    if (typeof value === 'string') {
      return value.length >= LONG_TEXT ? value : beforeNul(value);
    }
    return typeof value === 'number' ? formatNumber(value) : null;
  }
  if (letter === 0x64 && typeof value === 'number' && (value | 0) === value) return `${value | 0}`;
  return null;
}

export const format: NativeBody = (thread) => {
  const text = checkString(thread, 1);
  const { argc } = thread;
  let out = '';
  let argument = 1;
  let from = 0;
  for (;;) {
    const percent = text.indexOf('%', from);
    if (percent < 0) break;
    if (percent > from) out += text.slice(from, percent);
    let at = percent + 1;
    const letter = text.charCodeAt(at);
    if (letter === PERCENT) {
      out += '%';
      from = at + 1;
      continue;
    }
    if (++argument > argc) throw argumentError(thread, argument, 'no value');
    let piece = convertPlainly(thread, argument, letter);
    if (piece === null) {
      const conversion = new Conversion();
      at = readConversion(thread, text, at, conversion);
      piece = convert(thread, argument, conversion);
    }
    out += piece;
    if (out.length > 1_000_000) thread.machine.charge(piece.length);
    from = at + 1;
  }
  return thread.answer(from === 0 ? text : out + text.slice(from));
};
