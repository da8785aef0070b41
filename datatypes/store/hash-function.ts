import { ByteViews } from '../../protocol/byte-views.js';

/**
 * HalfSipHash-1-3: a keyed hash of bytes, 32 bits wide, in 32-bit arithmetic.
 *
 * The key is chosen at random per server, so nobody outside can choose keys that collide.
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012); the half-width variant of its authors.
 */
export class HashFunction {
  private readonly views = new ByteViews();
  private readonly one = new Uint32Array(1);
  private readonly key0: number;
  private readonly key1: number;

  constructor(key0: number, key1: number) {
    this.key0 = key0 | 0;
    this.key1 = key1 | 0;
  }

  /** The hash of `bytes[start, end)`: an unsigned 32-bit integer. */
  hash(bytes: Uint8Array, start: number, end: number): number {
    this.hashInto(this.one, 0, bytes, start, end);
    return this.one[0]!;
  }

  /** Puts the hash of `bytes[start, end)` into `hashes[at]`: as a value of its own, every other would be boxed. */
  hashInto(hashes: Uint32Array, at: number, bytes: Uint8Array, start: number, end: number): void {
    // Known to be 32 bits wide, or additions below would be made in floating point.
    let v0 = this.key0 | 0;
    let v1 = this.key1 | 0;
    let v2 = 0x6c796765 ^ v0;
    let v3 = 0x74656462 ^ v1;
    let i = start;
    const lastWhole = end - 3;
    const view = this.views.of(bytes);
    for (; i < lastWhole; i += 4) {
      const word = view.getInt32(i, true);
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    let last = (end - start) << 24;
    const left = end - i;
    if (left > 0) last |= bytes[i]!;
    if (left > 1) last |= bytes[i + 1]! << 8;
    if (left > 2) last |= bytes[i + 2]! << 16;
    v3 ^= last;
    for (let round = 0; round < 4; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (round === 0) {
        v0 ^= last;
        v2 ^= 0xff;
      }
    }
    hashes[at] = v1 ^ v3;
  }
}
