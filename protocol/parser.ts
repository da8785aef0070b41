/**
 * Bytes to requests: RESP arrays of bulk strings, and inline lines, across any number of reads.
 *
 * `parse` looks at `bytes[at, end)`. It either completes `request` and moves `at` past it, or says that more
 * bytes are needed and remembers how far it came: the caller then keeps the bytes from `requestStart` on, moves
 * them where it likes (`moved`), and calls again with more. No byte of a long request is looked at twice.
 */
import { parseBigInt64 } from './numbers.js';
import { protocolError, type Refusal } from './refusals.js';
import type { Request } from './request.js';

export const Parsed = { needsMore: 0, complete: 1, invalid: 2 } as const;
export type Parsed = (typeof Parsed)[keyof typeof Parsed];

/** What a parser refuses, as the owner's settings say. */
export interface ParserLimits {
  /** Bytes one bulk string may have. */
  maxBulkBytes: number;
  /** Before authentication only small requests are read. */
  authenticated: boolean;
}

const INLINE_LIMIT_BYTES = 64 * 1024;
const MAX_ARGUMENTS = 2_147_483_647;
const MAX_UNAUTHENTICATED_ARGUMENTS = 10;
const MAX_UNAUTHENTICATED_BULK_BYTES = 16_384;

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;

/** What reading a line gives in place of the offset after it. */
const NO_LINE_END = -1;
const WRONG_LINE_END = -2;
const TOO_LONG_BULK_LINE = 'too big bulk count string';
const BAD_LINE_END = 'invalid CRLF in request';

export class RequestParser {
  /** Where the parser stands. */
  at = 0;
  /** Where the unfinished request begins. */
  requestStart = 0;
  /** Why the bytes are no request, after `Parsed.invalid`. */
  error: Refusal | null = null;
  /** The same for the log. */
  errorKind = '';
  /** Bytes the unfinished request takes as far as is known: what to make room for. */
  wantedBytes = 0;

  private argumentsLeft = 0;
  private bulkLength = -1;
  private number = 0;

  /** Whether the bytes so far are the beginning of a request of many parts. */
  get midRequest(): boolean {
    return this.argumentsLeft > 0;
  }

  /** Tells the parser that the unfinished request now begins at `start`. */
  moved(start: number, request: Request | null): void {
    const distance = this.requestStart - start;
    request?.shift(distance);
    this.at -= distance;
    this.requestStart = start;
  }

  /** Takes back what was read from `start` on: it is to be parsed anew. */
  rewind(start: number): void {
    this.at = start;
    this.requestStart = start;
    this.argumentsLeft = 0;
    this.bulkLength = -1;
  }

  parse(bytes: Uint8Array, end: number, request: Request, limits: ParserLimits): Parsed {
    if (this.argumentsLeft === 0) {
      this.requestStart = this.at;
      if (this.at >= end) return Parsed.needsMore;
      request.clear();
      this.wantedBytes = 0;
      if (bytes[this.at] !== STAR) return this.parseInline(bytes, end, request);
      const outcome = this.parseCount(bytes, end, limits);
      if (outcome !== Parsed.complete) return outcome;
      if (this.argumentsLeft === 0) return Parsed.complete;
      // Numbers are taken in their shortest form only: there is no other way to send the same.
      request.wireStart = this.requestStart;
    }
    request.bytes = bytes;
    return this.parseBulks(bytes, end, request, limits);
  }

  private parseCount(bytes: Uint8Array, end: number, limits: ParserLimits): Parsed {
    const next = this.readNumber(bytes, this.at + 1, end);
    if (next < 0) return this.withoutLine(next, bytes, end, 'too big mbulk count string');
    const count = this.number;
    if (!(count <= MAX_ARGUMENTS)) {
      return this.refuse('invalid multibulk length', 'invalid mbulk count');
    }
    if (count > MAX_UNAUTHENTICATED_ARGUMENTS && !limits.authenticated) {
      return this.refuse('unauthenticated multibulk length', 'unauth mbulk count');
    }
    this.at = next;
    this.argumentsLeft = Math.max(0, count);
    return Parsed.complete;
  }

  private parseBulks(
    bytes: Uint8Array,
    end: number,
    request: Request,
    limits: ParserLimits,
  ): Parsed {
    while (this.argumentsLeft > 0) {
      if (this.bulkLength < 0) {
        const outcome = this.parseBulkLength(bytes, end, limits);
        if (outcome !== Parsed.complete) return outcome;
      }
      const stop = this.at + this.bulkLength;
      if (stop + 2 > end) {
        this.wantedBytes = stop + 2 - this.requestStart;
        return Parsed.needsMore;
      }
      if (bytes[stop] !== CR || bytes[stop + 1] !== LF) return this.refuse(BAD_LINE_END);
      request.push(this.at, stop);
      this.at = stop + 2;
      this.bulkLength = -1;
      this.argumentsLeft--;
    }
    return Parsed.complete;
  }

  private parseBulkLength(bytes: Uint8Array, end: number, limits: ParserLimits): Parsed {
    if (this.at >= end) return Parsed.needsMore;
    if (bytes[this.at] !== DOLLAR) return this.notBulk(bytes, end);
    const next = this.readNumber(bytes, this.at + 1, end);
    if (next < 0) return this.withoutLine(next, bytes, end, TOO_LONG_BULK_LINE);
    const length = this.number;
    if (!(length >= 0 && length <= limits.maxBulkBytes)) return this.refuse('invalid bulk length');
    if (length > MAX_UNAUTHENTICATED_BULK_BYTES && !limits.authenticated) {
      return this.refuse('unauthenticated bulk length', 'unauth bulk length');
    }
    this.at = next;
    this.bulkLength = length;
    return Parsed.complete;
  }

  /** Where a bulk string should begin, something else does. */
  private notBulk(bytes: Uint8Array, end: number): Parsed {
    const cr = bytes.subarray(this.at, end).indexOf(CR);
    if (cr < 0 || this.at + cr + 1 >= end) {
      return this.withoutLine(NO_LINE_END, bytes, end, TOO_LONG_BULK_LINE);
    }
    const got = String.fromCharCode(bytes[this.at] ?? 0);
    return this.refuse(`expected '$', got '${got}'`, 'expected $ but got something else');
  }

  /** Reads the digits from `at` to the line's end into `number` (NaN if they are none); the offset after it. */
  private readNumber(bytes: Uint8Array, at: number, end: number): number {
    let i = at;
    let value = 0;
    for (; i < end; i++) {
      const digit = (bytes[i] ?? 0) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (i + 1 < end && bytes[i] === CR && bytes[i + 1] === LF && i > at && i - at < 11) {
      this.number = bytes[at] === 48 && i - at > 1 ? Number.NaN : value;
      return i + 2;
    }
    return this.readOddNumber(bytes, at, end);
  }

  /** Negative numbers, lines that are no number, and lines not yet whole. */
  private readOddNumber(bytes: Uint8Array, at: number, end: number): number {
    let stop = at;
    while (stop < end && bytes[stop] !== CR) stop++;
    if (stop + 1 >= end) return NO_LINE_END;
    if (bytes[stop + 1] !== LF) return WRONG_LINE_END;
    const value = parseBigInt64(bytes, at, stop);
    this.number = value === null ? Number.NaN : Number(value);
    return stop + 2;
  }

  private withoutLine(why: number, bytes: Uint8Array, end: number, tooLong: string): Parsed {
    if (why === WRONG_LINE_END) return this.refuse(BAD_LINE_END);
    const cr = bytes.subarray(this.at, end).indexOf(CR);
    if (cr < 0 && end - this.at > INLINE_LIMIT_BYTES) return this.refuse(tooLong);
    return Parsed.needsMore;
  }

  /** @param kind - What the log calls it. */
  private refuse(text: string, kind = text): Parsed {
    this.error = protocolError(text);
    this.errorKind = kind;
    return Parsed.invalid;
  }

  private parseInline(bytes: Uint8Array, end: number, request: Request): Parsed {
    const newline = bytes.subarray(this.at, end).indexOf(LF);
    if (newline < 0 || bytes.subarray(this.at, this.at + newline).includes(0)) {
      return end - this.at > INLINE_LIMIT_BYTES
        ? this.refuse('too big inline request')
        : Parsed.needsMore;
    }
    const lineEnd = this.at + newline;
    const stop = newline > 0 && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
    const words = splitWords(bytes.subarray(this.at, stop));
    if (words === null) {
      return this.refuse('unbalanced quotes in request', 'unbalanced quotes in inline request');
    }
    this.at = lineEnd + 1;
    request.bytes = Uint8Array.from(words.flat());
    let offset = 0;
    for (const word of words) {
      request.push(offset, offset + word.length);
      offset += word.length;
    }
    return Parsed.complete;
  }
}

/** White space between words; within a word fewer bytes end it. */
const BLANKS = new Set([32, 9, 10, 11, 12, 13]);
const WORD_ENDS = new Set([32, 9, 10, 13]);
const ESCAPES = new Map(
  [...'nrtba'].map((letter, i) => [letter.charCodeAt(0), [10, 13, 9, 8, 7][i] ?? 0]),
);
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const BACKSLASH = 92;
/** The real server takes this byte for "no byte": it vanishes from a word unless it is written `\\xff`. */
const VANISHING = 255;

const hexDigit = (byte: number | undefined) => Number.parseInt(String.fromCharCode(byte ?? 0), 16);

/**
 * Splits a line into words as the inline protocol does: "..." with \n, \xHH and the like, '...' with \',
 * words parted by white space; quoted pieces that touch are one word. Null when a quote is not closed.
 *
 * @param readable - Up to where the real server looks for an escaped byte: as a rule not at a line's last one.
 */
export function splitWords(line: Uint8Array, readable = line.length): number[][] | null {
  const words: number[][] = [];
  let i = 0;
  for (;;) {
    while (i < line.length && BLANKS.has(line[i] ?? 0)) i++;
    if (i >= line.length) return words;
    const word: number[] = [];
    while (i < line.length && !WORD_ENDS.has(line[i] ?? 0)) {
      const byte = line[i++] ?? 0;
      if (byte === DOUBLE_QUOTE) i = readDoubleQuoted(line, i, word, readable);
      else if (byte === SINGLE_QUOTE) i = readSingleQuoted(line, i, word, readable);
      else if (byte !== VANISHING) word.push(byte);
      if (i < 0) return null;
    }
    words.push(word);
  }
}

/** Reads up to the closing quote into `word`; the offset after it, or -1. */
function readDoubleQuoted(
  line: Uint8Array,
  from: number,
  word: number[],
  readable: number,
): number {
  for (let i = from; i < line.length; i++) {
    const byte = line[i] ?? 0;
    if (byte === DOUBLE_QUOTE) return i + 1;
    if (byte !== BACKSLASH || i + 2 >= readable) {
      if (byte !== VANISHING) word.push(byte);
      continue;
    }
    const next = line[++i] ?? 0;
    const value = hexDigit(line[i + 1]) * 16 + hexDigit(line[i + 2]);
    if (next === 120 && !Number.isNaN(value)) {
      word.push(value);
      i += 2;
    } else if (next !== VANISHING) {
      word.push(ESCAPES.get(next) ?? next);
    }
  }
  return -1;
}

function readSingleQuoted(
  line: Uint8Array,
  from: number,
  word: number[],
  readable: number,
): number {
  for (let i = from; i < line.length; i++) {
    const byte = line[i] ?? 0;
    if (byte === SINGLE_QUOTE) return i + 1;
    if (byte === BACKSLASH && line[i + 1] === SINGLE_QUOTE && i + 2 < readable) i++;
    const literal = line[i] ?? 0;
    if (literal !== VANISHING) word.push(literal);
  }
  return -1;
}
