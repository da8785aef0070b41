/** Numbers as Lua 5.1 prints and reads them. */

/** A mantissa's digits and its decimal exponent, in C's `%g` layout for `precision` digits. */
function layOut(mantissa: string, exponent: number, precision: number): string {
  const digits = mantissa.replace('.', '').replace(/0+$/, '') || '0';
  if (exponent < -4 || exponent >= precision) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const power = Math.abs(exponent);
    return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power < 10 ? '0' : ''}${power}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** Whether `text`, rounded up from an exact tie, must become its even neighbour below. */
function isTieToEven(value: number, text: string, digits: number): boolean {
  if (!value.toExponential(digits).includes('5e')) return false;
  const exact = value.toExponential(Math.min(digits + 30, 100));
  const rest = exact.slice(exact.indexOf('.') + digits, exact.indexOf('e'));
  return /^50*$/.test(rest) && Number(text.at(text.indexOf('e') - 1)) % 2 === 1;
}

/** The nearest decimal of `digits` digits behind the point; ties go to even, as in C. */
function toExponent(value: number, digits: number): string {
  const text = value.toExponential(digits);
  if (digits > 70 || !isTieToEven(value, text, digits + 1)) return text;
  const last = text.indexOf('e') - 1;
  return `${text.slice(0, last)}${Number(text[last]) - 1}${text.slice(last + 1)}`;
}

/** C's `%.<precision>g`, precision from 1. The sign of NaN is unknown here: `-nan`, as x86 has it. */
export function formatGeneral(value: number, precision: number): string {
  if (Number.isNaN(value)) return '-nan';
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = toExponent(Math.abs(value), precision - 1);
  const e = text.indexOf('e');
  const laidOut = layOut(text.slice(0, e), Number(text.slice(e + 1)), precision);
  return value < 0 ? `-${laidOut}` : laidOut;
}

/** Zeros before the first digit that counts, for sizes from 1e-4. */
function leadingZeros(size: number): number {
  if (size >= 1) return 0;
  if (size >= 0.01) return size >= 0.1 ? 1 : 2;
  return size >= 0.001 ? 3 : 4;
}

/** A number as `tostring`, `..` and `print` show it: C's `%.14g`. */
export function formatNumber(value: number): string {
  if ((value | 0) === value && value !== 0) return `${value}`;
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const size = value < 0 ? -value : value;
  if (!(size >= 1e-4 && size < 9.9e13)) return formatGeneral(value, 14);
  // The shortest digits that read as this number are those of `%.14g` when they are so few; only
  // when there are 15 may the number be a tie, which JavaScript rounds otherwise than C.
  const shortest = `${value}`;
  const digits = shortest.length - (value < 0 ? 2 : 1) - leadingZeros(size);
  if (digits <= 14) return shortest;
  if (digits === 15) return formatGeneral(value, 14);
  const text = value.toPrecision(14);
  let end = text.length;
  if (!text.includes('.')) return text;
  while (text.charCodeAt(end - 1) === 0x30) end--;
  if (text.charCodeAt(end - 1) === 0x2e) end--;
  return text.slice(0, end);
}

const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?[0-9]+))?/;
const NAMED = /^([+-]?)(inf(?:inity)?|nan(?:\([0-9a-zA-Z_]*\))?)/i;
const SPACE = /[\t\n\v\f\r ]/;

/** What C's `strtod` makes of the start of `text`: the value and the characters it took. */
export function readDouble(text: string): { value: number; length: number } | null {
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null && (hexadecimal[2] !== '' || hexadecimal[3] !== '')) {
    const [whole, sign, integer = '', fraction = '', power = '0'] = hexadecimal;
    let value = 0;
    for (const digit of integer + fraction) value = value * 16 + Number.parseInt(digit, 16);
    value *= 2 ** (Number(power) - 4 * fraction.length);
    return { value: sign === '-' ? -value : value, length: whole.length };
  }
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) return { value: Number(decimal[0]), length: decimal[0].length };
  const named = NAMED.exec(text);
  if (named === null) return null;
  const magnitude = /^n/i.test(named[2] ?? '') ? Number.NaN : Infinity;
  return { value: named[1] === '-' ? -magnitude : magnitude, length: named[0].length };
}

/**
 * A string as a number, by the rules of arithmetic and `tonumber`: white space around it, decimal
 * or hexadecimal, `inf` and `nan`; what follows a NUL byte does not count.
 *
 * @returns `undefined` when it is none.
 */
export function parseNumber(text: string): number | undefined {
  const nul = text.indexOf('\0');
  if (nul >= 0) text = text.slice(0, nul);
  let start = 0;
  while (start < text.length && SPACE.test(text.charAt(start))) start++;
  let end = text.length;
  while (end > start && SPACE.test(text.charAt(end - 1))) end--;
  if (start > 0 || end < text.length) text = text.slice(start, end);
  const read = readDouble(text);
  return read !== null && read.length === text.length ? read.value : undefined;
}

/** The digit a character is in bases up to 36, or 99. */
function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 122 ? letter - 87 : 99;
}

/**
 * A string as a whole number of a base, as C's `strtoul` reads it: 64 bits, where a minus sign
 * wraps around and overflow gives the largest.
 *
 * @returns `undefined` when it is none.
 */
export function parseInBase(text: string, base: number): number | undefined {
  const match = /^[\t\n\v\f\r ]*([+-]?)([0-9a-zA-Z]+)[\t\n\v\f\r ]*(?:\0|$)/.exec(text);
  if (match === null) return undefined;
  const [, sign, written = ''] = match;
  const digits = base === 16 ? written.replace(/^0[xX](?=[0-9a-fA-F])/, '') : written;
  let value = 0n;
  for (let i = 0; i < digits.length; i++) {
    const digit = digitOf(digits.charCodeAt(i));
    if (digit >= base) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  const largest = 2n ** 64n - 1n;
  if (value > largest) return Number(largest);
  return Number(sign === '-' ? BigInt.asUintN(64, -value) : value);
}

/**
 * A double as a C integer of 64 bits, as arguments of library functions are cut: truncated; what
 * does not fit, and NaN, is -2^63. To 32 bits it is cut by `| 0` of the result.
 */
export function toInteger(value: number): number {
  const whole = Math.trunc(value);
  return whole >= -(2 ** 63) && whole < 2 ** 63 ? whole : -(2 ** 63);
}
