/**
 * Numbers in C's formats `%d %u %x %o %e %f %g`, every flag, digit for digit.
 *
 * JavaScript's `toFixed` and `toExponential` give up to 100 exact digits, as C does, with two
 * differences: an exact tie goes up and not to the even neighbour, and from 1e21 `toFixed` gives up.
 */

/** The parts of a conversion specification: `%-+ #05.2f`. */
export class Conversion {
  left = false;
  plus = false;
  space = false;
  alternate = false;
  zero = false;
  width = 0;
  /** -1 when there is none. */
  precision = -1;
  /** The letter, as a character code. */
  letter = 0;
}

/** Pads a number, zeros going between sign (or prefix) and digits. */
function pad(sign: string, digits: string, { width, left, zero }: Conversion): string {
  const missing = width - sign.length - digits.length;
  if (missing <= 0) return sign + digits;
  if (left) return sign + digits + ' '.repeat(missing);
  if (zero) return sign + '0'.repeat(missing) + digits;
  return ' '.repeat(missing) + sign + digits;
}

/** Pads text with spaces. */
export function padText(text: string, { width, left }: Conversion): string {
  if (text.length >= width) return text;
  return left ? text.padEnd(width) : text.padStart(width);
}

function signOf(negative: boolean, { plus, space }: Conversion): string {
  if (negative) return '-';
  if (plus) return '+';
  return space ? ' ' : '';
}

/** Digits of an integer, at least as many as its precision says; zeros do not fill then. */
function formatDigits(sign: string, digits: string, conversion: Conversion): string {
  const { precision } = conversion;
  if (precision < 0) return pad(sign, digits, conversion);
  if (precision === 0 && digits === '0') digits = '';
  return pad(sign, digits.padStart(precision, '0'), { ...conversion, zero: false });
}

const TWO_63 = 2 ** 63;
const TWO_64 = 2 ** 64;

/** `%d`: a double cut to 64 bits; what does not fit is -2^63. */
export function formatSigned(value: number, conversion: Conversion): string {
  const fits = value >= -TWO_63 && value < TWO_63;
  const whole = fits ? Math.trunc(value) : -TWO_63;
  const negative = whole < 0;
  const size = Math.abs(whole);
  const digits = Number.isSafeInteger(size) ? `${size}` : BigInt(size).toString();
  return formatDigits(signOf(negative, conversion), digits, conversion);
}

/** A double as 64 bits without sign, as x86 converts it. */
export function toUnsigned(value: number): number | bigint {
  if (value >= TWO_63) return value < TWO_64 ? BigInt(value) : 0;
  if (!(value >= -TWO_63)) return BigInt(TWO_63);
  const whole = Math.trunc(value);
  return Number.isSafeInteger(whole) && whole >= 0 ? whole : BigInt.asUintN(64, BigInt(whole));
}

/** `%u`, `%o`, `%x` and `%X`: base 10, 8 and 16. */
export function formatUnsigned(value: number, base: number, conversion: Conversion): string {
  let digits = toUnsigned(value).toString(base);
  if (digits === '-0') digits = '0';
  const { alternate, precision } = conversion;
  const prefix = alternate && base === 16 && digits !== '0' ? '0x' : '';
  if (!alternate || base !== 8) return formatDigits(prefix, digits, conversion);
  // An alternate octal number starts with a zero, also one that would have no digits.
  if (digits !== '0') digits = `0${digits}`;
  return formatDigits('', digits, { ...conversion, precision: precision === 0 ? 1 : precision });
}

/**
 * Whether a double lies exactly between two decimals with `digits` digits behind the point. A
 * negative count of digits stands for zeros before the point.
 */
function isTie(value: number, digits: number): boolean {
  if (digits >= 0) {
    // A tie is an odd multiple of a half of the last digit, and that is so in binary, too: times
    // 2^(digits + 1) it is odd. Larger products are even, and exact all the same.
    const scaled = value * 2 ** (digits + 1);
    return scaled % 2 === 1;
  }
  if (!Number.isInteger(value)) return false;
  const unit = 10n ** BigInt(-digits);
  return (BigInt(value) * 2n) % (unit * 2n) === unit;
}

/** A digit sequence rounded up from a tie, brought to the even neighbour below. */
function toEven(text: string, last: number): string {
  const digit = text.charCodeAt(last) - 48;
  return digit % 2 === 0 ? text : `${text.slice(0, last)}${digit - 1}${text.slice(last + 1)}`;
}

/** C's `%.<precision>f` of a finite number that is not negative. */
function fixed(value: number, precision: number): string {
  if (value >= 1e21) {
    const whole = BigInt(value).toString();
    return precision > 0 ? `${whole}.${'0'.repeat(precision)}` : whole;
  }
  const text = value.toFixed(precision);
  return isTie(value, precision) ? toEven(text, text.length - 1) : text;
}

/** Digits and decimal exponent of C's `%.<precision>e`. */
function exponential(value: number, precision: number): { digits: string; exponent: number } {
  let text = value.toExponential(precision);
  let e = text.indexOf('e');
  let exponent = Number(text.slice(e + 1));
  // The exponent before rounding counts; one too high only makes a tie go unseen when all digits
  // were nines, and then the neighbour above is the even one.
  if (value !== 0 && isTie(value, precision - exponent)) {
    text = toEven(text, e - 1);
    e = text.indexOf('e');
    exponent = Number(text.slice(e + 1));
  }
  return { digits: text.slice(0, e), exponent };
}

function exponentText(exponent: number): string {
  const size = Math.abs(exponent);
  return `e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`;
}

/** C's `%g`: the digits that matter, in the shorter layout. */
function general(value: number, precision: number, alternate: boolean): string {
  if (precision === 0) precision = 1;
  const { digits, exponent } = exponential(value, precision - 1);
  const trim = (text: string): string =>
    alternate || !text.includes('.') ? text : text.replace(/\.?0+$/, '');
  if (exponent < -4 || exponent >= precision) {
    return (alternate ? withPoint(digits) : trim(digits)) + exponentText(exponent);
  }
  const text = fixed(value, precision - 1 - exponent);
  return alternate ? withPoint(text) : trim(text);
}

function withPoint(text: string): string {
  return text.includes('.') ? text : `${text}.`;
}

const LETTER_E = 0x65;
const LETTER_F = 0x66;

/** `%e`, `%E`, `%f`, `%g` and `%G`. */
export function formatFloat(value: number, conversion: Conversion): string {
  const { letter, alternate } = conversion;
  if (!Number.isFinite(value)) return formatNotFinite(value, conversion);
  const precision = conversion.precision < 0 ? 6 : conversion.precision;
  const negative = value < 0 || Object.is(value, -0);
  const size = Math.abs(value);
  let text: string;
  if (letter === LETTER_F) {
    text = fixed(size, precision);
    if (alternate) text = withPoint(text);
  } else if ((letter | 32) === LETTER_E) {
    const { digits, exponent } = exponential(size, precision);
    text = (alternate ? withPoint(digits) : digits) + exponentText(exponent);
  } else text = general(size, precision, alternate);
  if (letter < 0x61) text = text.toUpperCase();
  return pad(signOf(negative, conversion), text, conversion);
}

function formatNotFinite(value: number, conversion: Conversion): string {
  const text = Number.isNaN(value) ? 'nan' : 'inf';
  // x86 makes negative NaNs; the sign of one is nothing that JavaScript would tell.
  const sign = signOf(value !== Infinity, conversion);
  const shown = conversion.letter < 0x61 ? text.toUpperCase() : text;
  return pad(sign, shown, { ...conversion, zero: false });
}
