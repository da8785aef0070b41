/**
 * IDs of stream entries: two unsigned 64-bit numbers, milliseconds and a sequence, as `ms-seq`.
 *
 * Each number is held in two halves of 32 bits, exact without BigInt; only texts and differences beyond
 * 2^53, which no clock makes, take the slow way.
 */
import { parseLenientUint64, writeInteger } from '../../protocol/numbers.js';

const TWO_32 = 2 ** 32;
/** High halves below this belong to numbers that a double holds exactly. */
const SAFE_HIGH = 2 ** 21;
/** Longer texts are no IDs. */
const LONGEST_TEXT = 127;
/** Bytes `writeText` may need. */
export const LONGEST_ID = 41;
const DASH = 0x2d;
const STAR = 0x2a;
const PLUS = 0x2b;

/** What stands where the sequence is expected. */
export const Sequence = { given: 0, missing: 1, auto: 2 } as const;
export type Sequence = (typeof Sequence)[keyof typeof Sequence];

export class StreamId {
  msHigh: number;
  msLow: number;
  seqHigh: number;
  seqLow: number;
  /** What `parse` found after the milliseconds. */
  sequence: Sequence = Sequence.given;

  constructor(msHigh = 0, msLow = 0, seqHigh = 0, seqLow = 0) {
    this.msHigh = msHigh;
    this.msLow = msLow;
    this.seqHigh = seqHigh;
    this.seqLow = seqLow;
  }

  set(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    this.msHigh = msHigh;
    this.msLow = msLow;
    this.seqHigh = seqHigh;
    this.seqLow = seqLow;
    return this;
  }

  copy(other: StreamId): this {
    return this.set(other.msHigh, other.msLow, other.seqHigh, other.seqLow);
  }

  toZero(): this {
    return this.set(0, 0, 0, 0);
  }

  /** The greatest ID. */
  toMax(): this {
    return this.set(TWO_32 - 1, TWO_32 - 1, TWO_32 - 1, TWO_32 - 1);
  }

  /** Milliseconds (a safe integer) with sequence 0. */
  toMs(ms: number): this {
    return this.set(Math.floor(ms / TWO_32), ms % TWO_32, 0, 0);
  }

  get isZero(): boolean {
    return this.msHigh === 0 && this.msLow === 0 && this.seqHigh === 0 && this.seqLow === 0;
  }

  get isMax(): boolean {
    return this.msHigh + this.msLow + this.seqHigh + this.seqLow === 4 * (TWO_32 - 1);
  }

  /** Below, at or above 0. */
  compare(other: StreamId): number {
    return (
      this.msHigh - other.msHigh ||
      this.msLow - other.msLow ||
      this.seqHigh - other.seqHigh ||
      this.seqLow - other.seqLow
    );
  }

  equals(other: StreamId): boolean {
    return this.compare(other) === 0;
  }

  hasMsOf(other: StreamId): boolean {
    return this.msHigh === other.msHigh && this.msLow === other.msLow;
  }

  /** Becomes the next ID with the same milliseconds. False, unchanged, when there is none. */
  incrementSequence(): boolean {
    if (this.seqLow < TWO_32 - 1) this.seqLow++;
    else if (this.seqHigh < TWO_32 - 1) {
      this.seqHigh++;
      this.seqLow = 0;
    } else return false;
    return true;
  }

  /** Becomes the next ID. False, and the least, when it was the greatest. */
  increment(): boolean {
    if (this.incrementSequence()) return true;
    this.seqHigh = 0;
    this.seqLow = 0;
    if (this.msLow < TWO_32 - 1) this.msLow++;
    else if (this.msHigh < TWO_32 - 1) {
      this.msHigh++;
      this.msLow = 0;
    } else {
      this.toZero();
      return false;
    }
    return true;
  }

  /** Becomes the ID before. False, and the greatest, when it was the least. */
  decrement(): boolean {
    if (this.isZero) {
      this.toMax();
      return false;
    }
    if (this.seqLow > 0) this.seqLow--;
    else {
      this.seqLow = TWO_32 - 1;
      if (this.seqHigh > 0) this.seqHigh--;
      else {
        this.seqHigh = TWO_32 - 1;
        if (this.msLow > 0) this.msLow--;
        else {
          this.msLow = TWO_32 - 1;
          this.msHigh--;
        }
      }
    }
    return true;
  }

  /**
   * Reads `ms`, `ms-seq` or `ms-*`; a missing sequence is left 0, and `sequence` tells.
   *
   * @returns False when the text is no ID.
   */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > LONGEST_TEXT) return false;
    let dash = -1;
    let stop = start;
    // A zero byte ends the text, as in C.
    for (; stop < end && bytes[stop] !== 0; stop++) {
      if (bytes[stop] === DASH && dash < 0) dash = stop;
    }
    this.sequence = Sequence.missing;
    this.seqHigh = 0;
    this.seqLow = 0;
    if (!this.parseHalf(bytes, start, dash < 0 ? stop : dash, true)) return false;
    if (dash < 0) return true;
    if (stop === dash + 2 && bytes[dash + 1] === STAR) {
      this.sequence = Sequence.auto;
      return true;
    }
    this.sequence = Sequence.given;
    return this.parseHalf(bytes, dash + 1, stop, false);
  }

  /**
   * Reads an ID that bounds a range: as `parse`, but `-` and `+` are the least and the greatest, a missing
   * sequence is the least, or the greatest when `isEnd`, and no sequence is `*`.
   */
  parseBound(bytes: Uint8Array, start: number, end: number, isEnd: boolean): boolean {
    if (end - start === 1 && bytes[start] === DASH) {
      this.toZero();
      return true;
    }
    if (end - start === 1 && bytes[start] === PLUS) {
      this.toMax();
      return true;
    }
    return this.parseStrict(bytes, start, end, isEnd);
  }

  /** As `parseBound`, without `-` and `+`. */
  parseStrict(bytes: Uint8Array, start: number, end: number, isEnd = false): boolean {
    if (!this.parse(bytes, start, end) || this.sequence === Sequence.auto) return false;
    if (this.sequence === Sequence.missing && isEnd) {
      this.seqHigh = TWO_32 - 1;
      this.seqLow = TWO_32 - 1;
    }
    return true;
  }

  private parseHalf(bytes: Uint8Array, start: number, end: number, isMs: boolean): boolean {
    let value = 0;
    let i = start;
    if (end - start <= 15) {
      for (; i < end; i++) {
        const digit = (bytes[i] as number) - 48;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
      }
    }
    if (i === start || i < end) {
      const exact = parseLenientUint64(bytes, start, end);
      if (exact === null) return false;
      this.put(Number(exact >> 32n), Number(exact & 0xffff_ffffn), isMs);
      return true;
    }
    this.put(Math.floor(value / TWO_32), value % TWO_32, isMs);
    return true;
  }

  private put(high: number, low: number, isMs: boolean): void {
    if (isMs) {
      this.msHigh = high;
      this.msLow = low;
    } else {
      this.seqHigh = high;
      this.seqLow = low;
    }
  }

  /** Writes `ms-seq`, at most LONGEST_ID bytes; gives the offset after it. */
  writeText(into: Uint8Array, at: number): number {
    const dash = writeHalf(this.msHigh, this.msLow, into, at);
    into[dash] = DASH;
    return writeHalf(this.seqHigh, this.seqLow, into, dash + 1);
  }

  toString(): string {
    return `${exactHalf(this.msHigh, this.msLow)}-${exactHalf(this.seqHigh, this.seqLow)}`;
  }

  /** Writes 16 bytes, in the order in which IDs sort. */
  writeBytes(into: Uint8Array, at: number): void {
    writeWord(this.msHigh, into, at);
    writeWord(this.msLow, into, at + 4);
    writeWord(this.seqHigh, into, at + 8);
    writeWord(this.seqLow, into, at + 12);
  }

  /** Reads what `writeBytes` wrote. */
  readBytes(bytes: Uint8Array, at: number): this {
    return this.set(
      readWord(bytes, at),
      readWord(bytes, at + 4),
      readWord(bytes, at + 8),
      readWord(bytes, at + 12),
    );
  }
}

function exactHalf(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function writeHalf(high: number, low: number, into: Uint8Array, at: number): number {
  if (high < SAFE_HIGH) return writeInteger(high * TWO_32 + low, into, at);
  const text = exactHalf(high, low).toString();
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
  return at + text.length;
}

function writeWord(word: number, into: Uint8Array, at: number): void {
  for (let i = 0; i < 4; i++) into[at + i] = word >>> (24 - 8 * i);
}

function readWord(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word = word * 256 + bytes[at + i]!;
  return word;
}
