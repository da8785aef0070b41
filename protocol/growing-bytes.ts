/** Bytes gathered one behind the other, in a buffer that grows as it must. */
import { ByteViews, copyWords, LONG_COPY_BYTES } from './byte-views.js';
import { integerLength, writeInteger } from './numbers.js';

/** A buffer that grew larger than this is let go when it is emptied. */
const LARGEST_KEPT_BYTES = 1 << 20;
/** Up to this length text is written by its characters: calling native code costs more. */
const SHORT_TEXT = 24;
/** Taken once: where a library has a subclass of String, as ioredis, each look for a method takes long. */
const { charCodeAt } = String.prototype;

export class GrowingBytes {
  /** What is gathered is `bytes[0, used)`. */
  bytes: Buffer;
  used = 0;

  private readonly smallestBytes: number;
  private readonly sources = new ByteViews();
  private readonly targets = new ByteViews();

  constructor(smallestBytes: number) {
    this.smallestBytes = smallestBytes;
    this.bytes = Buffer.allocUnsafeSlow(smallestBytes);
  }

  /** Room for `bytes` more. */
  reserve(bytes: number): void {
    const wanted = this.used + bytes;
    if (wanted <= this.bytes.length) return;
    const wider = Buffer.allocUnsafeSlow(Math.max(wanted, this.bytes.length * 2));
    this.bytes.copy(wider, 0, 0, this.used);
    this.bytes = wider;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.used++] = value;
  }

  /** Adds `source[start, end)`. */
  copy(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.reserve(length);
    if (length < LONG_COPY_BYTES) {
      copyWords(this.sources.of(source), start, this.targets.of(this.bytes), this.used, length);
    } else this.bytes.set(source.subarray(start, end), this.used);
    this.used += length;
  }

  /** Adds a text of Latin-1. */
  text(text: string): void {
    const { length } = text;
    if (length <= SHORT_TEXT) this.units(text);
    else {
      this.reserve(length);
      this.bytes.write(text, this.used, 'latin1');
    }
    this.used += length;
  }

  /** Adds a text in UTF-8. */
  utf8(text: string): void {
    const { length } = text;
    if (length <= SHORT_TEXT && this.units(text) < 0x80) this.used += length;
    else {
      this.reserve(Buffer.byteLength(text));
      this.used += this.bytes.write(text, this.used);
    }
  }

  /** Writes the characters of a short text as bytes, to be added or not. Returns all of their bits. */
  private units(text: string): number {
    const { length } = text;
    this.reserve(length);
    const { bytes, used } = this;
    let bits = 0;
    for (let i = 0; i < length; i++) {
      const unit = charCodeAt.call(text, i);
      bits |= unit;
      bytes[used + i] = unit;
    }
    return bits;
  }

  /** Adds a whole number as decimal digits. */
  integer(value: number): void {
    const length = integerLength(value);
    this.reserve(length);
    writeInteger(value, this.bytes, this.used);
    this.used += length;
  }

  /** Forgets `bytes[0, end)`; what stands behind it moves to the front. */
  drop(end: number): void {
    this.bytes.copyWithin(0, end, this.used);
    this.used -= end;
  }

  /** Forgets all behind `bytes[0, kept)`, and lets go of a buffer that grew large. */
  cut(kept: number): void {
    if (this.bytes.length > LARGEST_KEPT_BYTES) {
      const smaller = Buffer.allocUnsafeSlow(Math.max(this.smallestBytes, kept));
      this.bytes.copy(smaller, 0, 0, kept);
      this.bytes = smaller;
    }
    this.used = kept;
  }

  /** Forgets all, and lets go of a buffer that grew large. */
  empty(): void {
    this.cut(0);
  }
}
