/** Bytes to values: replies of either version as JavaScript values, for links, tests and the in-process API. */

import { bufferOver, SHORT_TEXT_BYTES, shortText } from './bytes.js';

/** An error reply as an `Error`: `message` is its whole text, `code` its first word. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
  readonly code: string;

  constructor(text: string) {
    super(text);
    this.code = text.split(' ', 1)[0] ?? '';
  }
}

/** Text of a named format, RESP3's verbatim string, is told as its text alone. */
export type ReplyValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | ReplyError
  | ReplyValue[]
  | Map<ReplyValue, ReplyValue>
  | Set<ReplyValue>;

export interface DecoderOptions {
  /** Bulk strings come as bytes; otherwise as UTF-8 text. */
  readonly buffers?: boolean;
  /** All integers come as numbers, those beyond 2^53 rounded; otherwise these as bigints. */
  readonly rounds?: boolean;
}

/** A push of version 3: a message that answers no request. */
export class Push {
  readonly values: ReplyValue[];

  constructor(values: ReplyValue[]) {
    this.values = values;
  }
}

const INCOMPLETE = Symbol('incomplete');
const NO_BYTES = Buffer.alloc(0);
const CR = 0x0d;
const MINUS = 0x2d;
const ZERO = 0x30;
/** So many digits a number holds exactly. */
const EXACT_DIGITS = 15;

/** The first byte of each shape. */
const Mark = {
  simple: 0x2b,
  error: 0x2d,
  bulkError: 0x21,
  integer: 0x3a,
  bigNumber: 0x28,
  double: 0x2c,
  boolean: 0x23,
  null: 0x5f,
  bulk: 0x24,
  verbatim: 0x3d,
  array: 0x2a,
  set: 0x7e,
  push: 0x3e,
  map: 0x25,
  attribute: 0x7c,
} as const;

/**
 * Takes replies apart, across any number of chunks.
 *
 * `add` takes the next bytes; `next` answers the next whole reply, or undefined when more bytes are needed: the
 * bytes may be used again from then on. Bytes that are no RESP throw a SyntaxError.
 */
export class Decoder {
  /** What is not read yet: `bytes[at, end)`. */
  private bytes: Uint8Array = NO_BYTES;
  private at = 0;
  private end = 0;
  /** Whether `bytes` are the decoder's own, not those of whoever added them. */
  private owned = true;
  private readonly buffers: boolean;
  private readonly rounds: boolean;

  constructor(options: DecoderOptions = {}) {
    this.buffers = options.buffers ?? false;
    this.rounds = options.rounds ?? false;
  }

  /** Takes `bytes[start, end)`. */
  add(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.owned = this.at < this.end;
    if (this.owned) {
      const rest = this.bytes.subarray(this.at, this.end);
      this.bytes = Buffer.concat([rest, bytes.subarray(start, end)]);
      this.at = 0;
      this.end = this.bytes.length;
      return;
    }
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  next(): ReplyValue | Push | undefined {
    const start = this.at;
    if (start < this.end) {
      try {
        return this.read();
      } catch (error) {
        if (error !== INCOMPLETE) throw error;
      }
    }
    this.keep(start);
    return undefined;
  }

  /** Keeps what stands from `start` on until there is more of it. */
  private keep(start: number): void {
    const rest = this.bytes.subarray(start, this.end);
    if (start === this.end) this.bytes = NO_BYTES;
    else this.bytes = this.owned ? rest : Buffer.from(rest);
    this.owned = true;
    this.at = 0;
    this.end = this.bytes.length;
  }

  private read(): ReplyValue | Push {
    if (this.at >= this.end) throw INCOMPLETE;
    const mark = this.bytes[this.at++] as number;
    switch (mark) {
      case Mark.simple:
        return this.line();
      case Mark.error:
        return new ReplyError(this.line());
      case Mark.integer:
        return this.integer();
      case Mark.bulk:
        return this.bulk();
      case Mark.array:
        return this.array();
      default:
        return this.readThird(mark);
    }
  }

  /** Shapes that RESP3 has beyond those of RESP2. */
  private readThird(mark: number): ReplyValue | Push {
    switch (mark) {
      case Mark.bulkError:
        return new ReplyError(this.body(this.count()).toString());
      case Mark.bigNumber:
        return BigInt(this.line());
      case Mark.double:
        return doubleOf(this.line());
      case Mark.boolean:
        return this.line() === 't';
      case Mark.null:
        this.line();
        return null;
      case Mark.verbatim:
        return this.body(this.count()).toString().slice(4);
      case Mark.set:
        return new Set(this.values(this.count()));
      case Mark.push:
        return new Push(this.values(this.count()));
      case Mark.map:
        return this.map(this.count());
      case Mark.attribute:
        this.map(this.count());
        return this.read();
      default:
        throw new SyntaxError(
          `Cannot decode a reply: no shape begins with ${JSON.stringify(String.fromCharCode(mark))}`,
        );
    }
  }

  private bulk(): ReplyValue {
    const length = this.count();
    if (length < 0) return null;
    if (this.buffers) return Uint8Array.from(this.body(length));
    const start = this.at;
    this.skip(length);
    return this.text(start, start + length);
  }

  private array(): ReplyValue {
    const count = this.count();
    return count < 0 ? null : this.values(count);
  }

  private values(count: number): ReplyValue[] {
    const values: ReplyValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.read() as ReplyValue);
    return values;
  }

  private map(pairs: number): Map<ReplyValue, ReplyValue> {
    const map = new Map<ReplyValue, ReplyValue>();
    for (let i = 0; i < pairs; i++) {
      const key = this.read() as ReplyValue;
      map.set(key, this.read() as ReplyValue);
    }
    return map;
  }

  /** An integer reply: a bigint only where a number would not hold it. */
  private integer(): number | bigint {
    const start = this.at;
    const end = this.lineEnd();
    if (end - start <= EXACT_DIGITS) return this.count();
    const text = this.line();
    const value = Number(text);
    return this.rounds || Number.isSafeInteger(value) ? value : BigInt(text);
  }

  /** A line of few digits, as a number. */
  private count(): number {
    const { bytes } = this;
    const end = this.lineEnd();
    const isNegative = bytes[this.at] === MINUS;
    let value = 0;
    for (let i = isNegative ? this.at + 1 : this.at; i < end; i++) {
      value = value * 10 + (bytes[i] as number) - ZERO;
    }
    this.at = end + 2;
    return isNegative ? -value : value;
  }

  private line(): string {
    const start = this.at;
    const end = this.lineEnd();
    this.at = end + 2;
    return this.text(start, end);
  }

  private text(start: number, end: number): string {
    const { bytes } = this;
    return end - start <= SHORT_TEXT_BYTES && isAscii(bytes, start, end)
      ? shortText(bytes, start, end)
      : bufferOver(bytes).toString('utf8', start, end);
  }

  /** Where the line ends that stands next. */
  private lineEnd(): number {
    const { bytes } = this;
    let end = this.at;
    while (end < this.end && bytes[end] !== CR) end++;
    if (end + 2 > this.end) throw INCOMPLETE;
    return end;
  }

  private body(length: number): Buffer {
    const start = this.at;
    this.skip(length);
    return bufferOver(this.bytes).subarray(start, start + length);
  }

  /** Passes so many bytes, and the line end behind them. */
  private skip(length: number): void {
    if (this.at + length + 2 > this.end) throw INCOMPLETE;
    this.at += length + 2;
  }
}

/** Whether a range is text of the same characters in UTF-8 and one a byte. */
function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let seen = 0;
  for (let at = start; at < end; at++) seen |= bytes[at] as number;
  return seen < 0x80;
}

function doubleOf(line: string): number {
  if (line === 'inf') return Number.POSITIVE_INFINITY;
  if (line === '-inf') return Number.NEGATIVE_INFINITY;
  return Number(line);
}
