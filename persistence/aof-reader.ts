/**
 * Reads requests from a file in RESP, one after the other, without taking in the file as a whole.
 *
 * Told apart is how it ends: behind a whole request, within one (a crash cut it short), or with bytes that are none.
 * Lines that begin with # are annotations and passed over.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Request } from '../protocol/request.js';

export const AofRead = { request: 0, end: 1, short: 2, invalid: 3 } as const;
export type AofRead = (typeof AofRead)[keyof typeof AofRead];

const CHUNK_BYTES = 512 * 1024;
/** The longest line with a count or a length, in bytes. */
const LONGEST_LINE_BYTES = 128;
/** The longest argument: what the real server refuses to take in. */
const LONGEST_ARGUMENT_BYTES = 2 ** 32;

const STAR = 42;
const DOLLAR = 36;
const HASH = 35;
const CR = 13;
const LF = 10;

/** What `readLine` and the like find instead of a number. */
const NEEDS_MORE = -1;
const IS_NONE = -2;

export class AofReader {
  /** The request read last; holds until the next is read. */
  readonly request = new Request();
  /** Bytes of the whole file. */
  readonly fileBytes: number;

  private readonly descriptor: number;
  private buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  /** What was read and is not used up: `buffer[at, end)`. */
  private at = 0;
  private end = 0;
  /** Where `buffer[0]` stands in the file. */
  private origin: number;

  /**
   * @param offset - Where the first request stands.
   * @throws {Error} When the file cannot be read.
   */
  constructor(path: string, offset = 0) {
    this.descriptor = openSync(path, 'r');
    this.fileBytes = fstatSync(this.descriptor).size;
    this.origin = offset;
  }

  /** Where in the file reading goes on. Bytes. */
  get offset(): number {
    return this.origin + this.at;
  }

  close(): void {
    closeSync(this.descriptor);
  }

  /** The first bytes of what is left, at most `count`. */
  peek(count: number): Uint8Array {
    while (this.end - this.at < count && this.fill());
    return this.buffer.subarray(this.at, Math.min(this.end, this.at + count));
  }

  /** Reads on. After anything but a request, `offset` is where the last whole request ended. */
  next(): AofRead {
    for (;;) {
      const outcome = this.parse();
      if (outcome !== NEEDS_MORE) return outcome;
      if (!this.fill()) return this.at === this.end ? AofRead.end : AofRead.short;
    }
  }

  /** Reads a request from what is in the buffer: its outcome, or NEEDS_MORE. */
  private parse(): AofRead | typeof NEEDS_MORE {
    const { buffer, end, request } = this;
    let at = this.at;
    while (at < end && buffer[at] === HASH) {
      const after = buffer.subarray(at, end).indexOf(LF);
      if (after === -1) return this.annotationGoesOn(at);
      at += after + 1;
      this.at = at;
    }
    if (at >= end) return NEEDS_MORE;
    if (buffer[at] !== STAR) return AofRead.invalid;
    const count = this.readLine(at + 1);
    if (count < 1) return count === NEEDS_MORE ? NEEDS_MORE : AofRead.invalid;
    at = this.lineEnd;
    request.clear();
    request.bytes = buffer;
    for (let i = 0; i < count; i++) {
      if (at >= end) return NEEDS_MORE;
      if (buffer[at] !== DOLLAR) return AofRead.invalid;
      const length = this.readLine(at + 1);
      if (length === NEEDS_MORE) return NEEDS_MORE;
      if (length < 0 || length > LONGEST_ARGUMENT_BYTES) return AofRead.invalid;
      const start = this.lineEnd;
      at = start + length + 2;
      if (at > end) return this.argumentGoesOn(at);
      if (buffer[at - 2] !== CR || buffer[at - 1] !== LF) return AofRead.invalid;
      request.push(start, start + length);
    }
    this.at = at;
    return AofRead.request;
  }

  /** An annotation that the file ends with need not be whole. */
  private annotationGoesOn(at: number): AofRead | typeof NEEDS_MORE {
    if (this.origin + this.end < this.fileBytes) return NEEDS_MORE;
    this.at = at;
    return AofRead.end;
  }

  /** An argument is announced that ends at `at`: does the file go as far? */
  private argumentGoesOn(at: number): AofRead | typeof NEEDS_MORE {
    if (this.origin + at > this.fileBytes) return AofRead.short;
    if (at > this.buffer.length) this.widen(at);
    return NEEDS_MORE;
  }

  private lineEnd = 0;

  /** Reads the number from `at` to the end of its line, and where the next line begins into `lineEnd`. */
  private readLine(at: number): number {
    const { buffer, end } = this;
    let i = at;
    let value = 0;
    for (; i < end; i++) {
      const digit = (buffer[i] as number) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (i - at > LONGEST_LINE_BYTES) return IS_NONE;
    if (i >= end) return NEEDS_MORE;
    if (i === at || buffer[i] !== CR) return IS_NONE;
    if (i + 1 >= end) return NEEDS_MORE;
    if (buffer[i + 1] !== LF) return IS_NONE;
    this.lineEnd = i + 2;
    return value;
  }

  /** Reads more of the file into the buffer. False when there is no more. */
  private fill(): boolean {
    if (this.at > 0) {
      this.buffer.copyWithin(0, this.at, this.end);
      this.origin += this.at;
      this.end -= this.at;
      this.at = 0;
    }
    if (this.end === this.buffer.length) this.widen(this.end * 2);
    const { descriptor, buffer, end } = this;
    const read = readSync(descriptor, buffer, end, buffer.length - end, this.origin + end);
    this.end += read;
    return read > 0;
  }

  private widen(bytes: number): void {
    const wider = Buffer.allocUnsafe(bytes);
    this.buffer.copy(wider, 0, this.at, this.end);
    this.origin += this.at;
    this.end -= this.at;
    this.at = 0;
    this.buffer = wider;
  }
}
