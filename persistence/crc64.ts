/**
 * The CRC-64 that ends RDB files and DUMP payloads: Jones polynomial, reflected, start and end 0.
 *
 * A value is two unsigned halves of 32 bits, as JavaScript's bit operations know no more. Eight bytes
 * are folded at once ("slicing by 8"): table k holds the CRC of a byte with k zero bytes after it.
 */

/** 0xad93d23594c935a9 with its bits in reverse order. */
const POLYNOMIAL_HIGH = 0x95ac9329;
const POLYNOMIAL_LOW = 0xac4bc9b5;

const SLICES = 8;

function makeTables(): { low: Uint32Array; high: Uint32Array } {
  const low = new Uint32Array(SLICES * 256);
  const high = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let l = byte;
    let h = 0;
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (odd) {
        l ^= POLYNOMIAL_LOW;
        h ^= POLYNOMIAL_HIGH;
      }
    }
    low[byte] = l;
    high[byte] = h;
  }
  for (let i = 256; i < SLICES * 256; i++) {
    const l = low[i - 256] as number;
    const h = high[i - 256] as number;
    const byte = l & 255;
    low[i] = ((l >>> 8) | (h << 24)) ^ (low[byte] as number);
    high[i] = (h >>> 8) ^ (high[byte] as number);
  }
  return { low, high };
}

const { low: LOW, high: HIGH } = makeTables();

/** A running CRC-64: `update` with every piece in order, then read it. */
export class Crc64 {
  private low = 0;
  private high = 0;

  /** Starts anew. */
  reset(): this {
    this.low = 0;
    this.high = 0;
    return this;
  }

  /** Takes in a range of bytes. */
  update(bytes: Uint8Array, start = 0, end = bytes.length): this {
    let l = this.low;
    let h = this.high;
    let i = start;
    for (; i + 8 <= end; i += 8) {
      l ^= word(bytes, i);
      h ^= word(bytes, i + 4);
      const a = 1792 + (l & 255);
      const b = 1536 + ((l >>> 8) & 255);
      const c = 1280 + ((l >>> 16) & 255);
      const d = 1024 + (l >>> 24);
      const e = 768 + (h & 255);
      const f = 512 + ((h >>> 8) & 255);
      const g = 256 + ((h >>> 16) & 255);
      const k = h >>> 24;
      l = fold(LOW, a, b, c, d) ^ fold(LOW, e, f, g, k);
      h = fold(HIGH, a, b, c, d) ^ fold(HIGH, e, f, g, k);
    }
    for (; i < end; i++) {
      const at = (l ^ (bytes[i] as number)) & 255;
      l = ((l >>> 8) | (h << 24)) ^ (LOW[at] as number);
      h = (h >>> 8) ^ (HIGH[at] as number);
    }
    this.low = l;
    this.high = h;
    return this;
  }

  /** Writes the 8 bytes, little-endian; gives the offset after them. */
  writeTo(into: Uint8Array, at: number): number {
    for (let i = 0; i < 4; i++) {
      into[at + i] = this.low >>> (8 * i);
      into[at + 4 + i] = this.high >>> (8 * i);
    }
    return at + 8;
  }

  /** Says whether the 8 bytes at `at`, little-endian, are this value. */
  equals(bytes: Uint8Array, at: number): boolean {
    return word(bytes, at) === (this.low | 0) && word(bytes, at + 4) === (this.high | 0);
  }

  /** The value as 16 hexadecimal digits, for messages and tests. */
  toString(): string {
    const half = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
    return half(this.high) + half(this.low);
  }
}

function fold(table: Uint32Array, a: number, b: number, c: number, d: number): number {
  return (table[a] as number) ^ (table[b] as number) ^ (table[c] as number) ^ (table[d] as number);
}

/** Four bytes as a little-endian signed number. */
function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
