/**
 * Byte ranges: compare, search, glob. A range is a buffer and two offsets, so nothing is copied.
 */

/** Says whether two ranges hold the same bytes. */
export function equalBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  const length = aEnd - aStart;
  if (length !== bEnd - bStart) return false;
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** Orders two ranges as memcmp does, then by length: below, at or above 0. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aLength = aEnd - aStart;
  const bLength = bEnd - bStart;
  const shared = Math.min(aLength, bLength);
  for (let i = 0; i < shared; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** An ASCII letter in lower case; any other byte as it is. */
export function lowerByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/**
 * Says whether a range is `word` in any case.
 *
 * @param word - ASCII, already in lower case.
 */
export function equalsIgnoreCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  word: Uint8Array | string,
): boolean {
  if (end - start !== word.length) return false;
  if (typeof word === 'string') {
    for (let i = 0; i < word.length; i++) {
      if (lowerByte(bytes[start + i] as number) !== word.charCodeAt(i)) return false;
    }
    return true;
  }
  for (let i = 0; i < word.length; i++) {
    if (lowerByte(bytes[start + i] as number) !== word[i]) return false;
  }
  return true;
}

/** The bytes of a text whose every character is below 256. */
export function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The bytes of a text in UTF-8, one character each: how names of unknown encoding are held. */
export function byteString(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Up to this length text is put together faster than a native call makes it. */
export const SHORT_TEXT_BYTES = 16;

const { fromCharCode } = String;

/** A range as text, one character a byte. */
export function toLatin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= SHORT_TEXT_BYTES) return shortText(bytes, start, end);
  return bufferOver(bytes).toString('latin1', start, end);
}

/** The same memory as a Buffer. */
export function bufferOver(bytes: Uint8Array): Buffer {
  if (bytes instanceof Buffer) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * As `toLatin1`, for at most `SHORT_TEXT_BYTES`: in one go. Joined by parts it would take twice as long, and from
 * 13 characters on be a rope, which costs again when it is read.
 */
export function shortText(bytes: Uint8Array, at: number, end: number): string {
  if (at === end) return '';
  const a = bytes[at] as number;
  if (end === at + 1) return fromCharCode(a);
  const b = bytes[at + 1] as number;
  if (end === at + 2) return fromCharCode(a, b);
  const c = bytes[at + 2] as number;
  if (end === at + 3) return fromCharCode(a, b, c);
  const d = bytes[at + 3] as number;
  if (end === at + 4) return fromCharCode(a, b, c, d);
  const e = bytes[at + 4] as number;
  if (end === at + 5) return fromCharCode(a, b, c, d, e);
  const f = bytes[at + 5] as number;
  if (end === at + 6) return fromCharCode(a, b, c, d, e, f);
  const g = bytes[at + 6] as number;
  if (end === at + 7) return fromCharCode(a, b, c, d, e, f, g);
  const h = bytes[at + 7] as number;
  if (end === at + 8) return fromCharCode(a, b, c, d, e, f, g, h);
  const i = bytes[at + 8] as number;
  if (end === at + 9) return fromCharCode(a, b, c, d, e, f, g, h, i);
  const j = bytes[at + 9] as number;
  if (end === at + 10) return fromCharCode(a, b, c, d, e, f, g, h, i, j);
  const k = bytes[at + 10] as number;
  if (end === at + 11) return fromCharCode(a, b, c, d, e, f, g, h, i, j, k);
  const l = bytes[at + 11] as number;
  if (end === at + 12) return fromCharCode(a, b, c, d, e, f, g, h, i, j, k, l);
  const m = bytes[at + 12] as number;
  if (end === at + 13) return fromCharCode(a, b, c, d, e, f, g, h, i, j, k, l, m);
  const n = bytes[at + 13] as number;
  if (end === at + 14) return fromCharCode(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  const o = bytes[at + 14] as number;
  if (end === at + 15) return fromCharCode(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
  const p = bytes[at + 15] as number;
  return fromCharCode(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
}

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const DASH = 0x2d;
const BACKSLASH = 0x5c;

/** Stars that may await a longer match inside one another; the real server gives up past these. */
const NESTED_STARS_MAX = 1000;

/**
 * Matches a range against a glob: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a literal byte.
 *
 * Only the last star met is ever retried: if what follows it fits nowhere, a longer match of an
 * earlier star cannot help. So the cost is at most pattern length × text length, for `*a*a*b` too.
 * As in the real server: an empty text fits only an empty pattern; a class that is not closed ends
 * with the pattern; a reversed range is turned round; `[]` fits nothing and `[^]` every byte.
 */
export function globMatch(
  pattern: Uint8Array,
  patternStart: number,
  patternEnd: number,
  text: Uint8Array,
  textStart: number,
  textEnd: number,
  ignoreCase: boolean,
): boolean {
  if (textStart === textEnd) return patternStart === patternEnd;
  let p = patternStart;
  let s = textStart;
  let retryPattern = -1;
  let retryText = -1;
  let stars = 0;
  for (;;) {
    if (p < patternEnd && pattern[p] === STAR) {
      while (p < patternEnd && pattern[p] === STAR) p++;
      if (p === patternEnd) return true;
      if (++stars > NESTED_STARS_MAX) return false;
      retryPattern = p;
      retryText = s;
    } else if (s === textEnd) {
      return p === patternEnd; // what is left of the pattern needs a byte: nothing longer helps
    } else {
      const next = p < patternEnd ? matchOne(pattern, p, patternEnd, text, s, ignoreCase) : -1;
      if (next !== -1) {
        p = next;
        s++;
      } else {
        if (retryPattern === -1) return false;
        p = retryPattern;
        s = ++retryText;
      }
    }
  }
}

/** Fits the text's byte at `s` to the element at `p` (no star); gives the offset after the element, or -1. */
function matchOne(
  pattern: Uint8Array,
  p: number,
  end: number,
  text: Uint8Array,
  s: number,
  ignoreCase: boolean,
): number {
  const byte = text[s] as number;
  let wanted = pattern[p] as number;
  if (wanted === QUESTION) return p + 1;
  if (wanted === OPEN) return matchClass(pattern, p + 1, end, byte, ignoreCase);
  let at = p;
  if (wanted === BACKSLASH && p + 1 < end) wanted = pattern[++at] as number;
  const same = ignoreCase ? lowerByte(wanted) === lowerByte(byte) : wanted === byte;
  return same ? at + 1 : -1;
}

/** A byte as C's signed char: ranges put bytes from 128 on below the others. */
function signed(byte: number): number {
  return (byte << 24) >> 24;
}

/** Fits one byte to the class whose first byte after `[` is at `start`. */
function matchClass(
  pattern: Uint8Array,
  start: number,
  end: number,
  textByte: number,
  ignoreCase: boolean,
): number {
  const negated = start < end && pattern[start] === CARET;
  const byte = signed(ignoreCase ? lowerByte(textByte) : textByte);
  let found = false;
  let p = negated ? start + 1 : start;
  for (; p < end && pattern[p] !== CLOSE; p++) {
    let low = signed(pattern[p] as number);
    let high = low;
    if (low === BACKSLASH && p + 1 < end) {
      low = high = signed(pattern[++p] as number);
    } else if (p + 2 < end && pattern[p + 1] === DASH) {
      high = signed(pattern[p + 2] as number);
      if (low > high) [low, high] = [high, low];
      p += 2;
    }
    if (ignoreCase) {
      low = lowerByte(low);
      high = lowerByte(high);
    }
    if (byte >= low && byte <= high) found = true;
  }
  if (found === negated) return -1;
  return p < end ? p + 1 : end;
}

/** A text up to its first zero byte: what is left of it where the real server keeps it as a C string. */
export function untilZero(text: string): string {
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}
