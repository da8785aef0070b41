/** The hashes of Lua 5.1 and of the real server's strings: they decide the order of `pairs`. */

const DOUBLE = new Float64Array(1);
const HALVES = new Uint32Array(DOUBLE.buffer);

/** A double's hash: its two halves added, as an unsigned 32-bit number. Not for zero. */
export function hashNumber(value: number): number {
  DOUBLE[0] = value;
  return ((HALVES[0] ?? 0) + (HALVES[1] ?? 0)) >>> 0;
}

function mixed(k: number): number {
  k = Math.imul(k, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

/**
 * A string's hash: MurmurHash3 of 32 bits, seeded with the length.
 *
 * Source: Austin Appleby, "MurmurHash3" (public domain).
 */
export function hashString(text: string): number {
  const length = text.length;
  let hash = length;
  const blocks = length & ~3;
  for (let i = 0; i < blocks; i += 4) {
    const k =
      text.charCodeAt(i) |
      (text.charCodeAt(i + 1) << 8) |
      (text.charCodeAt(i + 2) << 16) |
      (text.charCodeAt(i + 3) << 24);
    hash ^= mixed(k);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = length - 1; i >= blocks; i--) tail = (tail << 8) | text.charCodeAt(i);
  if (length > blocks) hash ^= mixed(tail);
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
