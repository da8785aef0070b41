/**
 * LZF, the compression of inner list nodes, and of strings in RDB files and DUMP payloads.
 *
 * A stream is runs of literals (a byte 0 to 31, then that many bytes plus one) and back references:
 * 3 bits of length, 5 high bits of distance, for lengths above 8 one more byte of length, the low
 * byte of distance. Lengths go to 264 bytes, distances to 8192.
 *
 * Compressing is finding and writing. One table tells where each 3 bytes were last seen; what is
 * found there is referred to, and the bytes passed over are written as literals before it.
 *
 * Source: the stream is that of liblzf's format notes. What is stored must be what the real server
 * stores, so these facts about liblzf, which it uses, are kept: the hash, that the first byte is
 * never referred to, the places entered after a match, how far one goes near the end (`longestMatch`)
 * and when it gives up for want of room. They are checked against DUMP payloads of the real server.
 */

const HASH_BITS = 16;
const LITERALS_MAX = 32;
const DISTANCE_MAX = 8192;
const MATCH_MIN = 3;
const MATCH_MAX = 264;
/** See `longestMatch`, in bytes: learnt from DUMP of runs of one byte. */
const EAGER_MATCH = 19;
/** Bytes the longest reference takes, and the shortest run of literals. */
const REFERENCE_SIZE_MAX = 3;
const RUN_SIZE_MIN = 2;
/** Table entries stay below this, so that they are small integers; past 2 GB nothing is found. */
const ENTRY_END = 2 ** 31 - 1;

/** The table slot of three bytes, first byte highest. */
function slotOf(three: number): number {
  return ((three >>> (24 - HASH_BITS)) - three * 5) & ((1 << HASH_BITS) - 1);
}

function threeAt(input: Uint8Array, at: number): number {
  return (
    ((input[at] as number) << 16) | ((input[at + 1] as number) << 8) | (input[at + 2] as number)
  );
}

/**
 * A compressor with its hash table, to be kept and used again.
 *
 * Table entries count on from input to input, so the table needs no clearing between them.
 */
export class LzfCompressor {
  private readonly table = new Int32Array(1 << HASH_BITS);
  /** The entry of the last byte of the last input. */
  private lastEntry = 0;

  /**
   * Compresses a range into `output`.
   *
   * @param limit - The most bytes the result may take; more means it does not pay.
   * @returns How many bytes were written from `at` on; 0 when they would not fit, or come so near to
   *   the limit that the real server gives up.
   */
  compress(
    input: Uint8Array,
    start: number,
    end: number,
    output: Uint8Array,
    at: number,
    limit: number,
  ): number {
    const shift = this.entriesFor(end - start) - start; // a place's entry is the place + shift
    const table = this.table;
    const lastThree = end - MATCH_MIN;
    let size = 0;
    let written = start; // the input before it is in the output
    let three = start <= lastThree ? threeAt(input, start) >>> 8 : 0;
    for (let i = start; i <= lastThree; i++) {
      three = ((three << 8) | (input[i + 2] as number)) & 0xffffff;
      const slot = slotOf(three);
      const entry = table[slot] as number;
      table[slot] = i + shift;
      const distance = i + shift - entry;
      // Entries up to the first byte's are of earlier inputs, and that byte is never referred to.
      if (entry <= start + shift || distance > DISTANCE_MAX) continue;
      if (threeAt(input, i - distance) !== three) continue;

      size += literalsSize(i - written);
      // A reference is taken only if a literal can follow it.
      if (size + REFERENCE_SIZE_MAX + RUN_SIZE_MIN > limit) return 0;
      writeLiterals(input, written, i, output, at + size);
      const length = matchLength(input, i, distance, end);
      size += writeReference(output, at + size, length, distance);
      written = i + length;
      if (written > lastThree) break;
      three = this.enterLastTwo(input, written, shift);
      i = written - 1;
    }
    // Two literals at least are reckoned with, and a run of its own for the last.
    const literals = end - written;
    if (size + literalsSize(Math.max(literals, 2) - 1) + RUN_SIZE_MIN > limit) return 0;
    size += literalsSize(literals);
    writeLiterals(input, written, end, output, at + size);
    return size;
  }

  /**
   * Enters the last two places of a match that ends at `end`: of those inside it, only these.
   *
   * @returns The three bytes at the last place.
   */
  private enterLastTwo(input: Uint8Array, end: number, shift: number): number {
    const before = threeAt(input, end - 2);
    const last = ((before << 8) | (input[end + 1] as number)) & 0xffffff;
    this.table[slotOf(before)] = end - 2 + shift;
    this.table[slotOf(last)] = end - 1 + shift;
    return last;
  }

  /** Takes entries for `length` places, and gives the first. */
  private entriesFor(length: number): number {
    if (this.lastEntry + length >= ENTRY_END) {
      this.table.fill(0);
      this.lastEntry = 0;
    }
    const first = this.lastEntry + 1;
    this.lastEntry += length;
    return first;
  }
}

/**
 * How long a match may be with so many bytes left: the last two stay literals, except that lengths
 * up to `EAGER_MATCH` are taken whole where so many bytes are left.
 */
function longestMatch(left: number): number {
  if (left < EAGER_MATCH) return Math.max(left - 2, MATCH_MIN);
  return Math.min(Math.max(left - 2, EAGER_MATCH), MATCH_MAX);
}

/** How long the bytes from `at` on repeat those `distance` before them; three are known to. */
function matchLength(input: Uint8Array, at: number, distance: number, end: number): number {
  const longest = longestMatch(end - at);
  let length = MATCH_MIN;
  while (length < longest && input[at - distance + length] === input[at + length]) length++;
  return length;
}

/** The bytes that so many literals take: one more for each run. */
function literalsSize(count: number): number {
  return count + ((count + LITERALS_MAX - 1) >>> 5);
}

/** Writes a range of the input as runs of literals that end before `outputEnd`. */
function writeLiterals(
  input: Uint8Array,
  from: number,
  to: number,
  output: Uint8Array,
  outputEnd: number,
): void {
  let out = outputEnd - literalsSize(to - from);
  for (let i = from; i < to; ) {
    const runEnd = Math.min(i + LITERALS_MAX, to);
    output[out++] = runEnd - i - 1;
    for (; i < runEnd; i++) output[out++] = input[i] as number;
  }
}

/** Writes a reference and gives its size. */
function writeReference(output: Uint8Array, at: number, length: number, distance: number): number {
  const far = (distance - 1) >>> 8;
  const near = (distance - 1) & 255;
  if (length <= 8) {
    output[at] = ((length - 2) << 5) | far;
    output[at + 1] = near;
    return 2;
  }
  output[at] = (7 << 5) | far;
  output[at + 1] = length - 9;
  output[at + 2] = near;
  return REFERENCE_SIZE_MAX;
}

/** From this length on, a run of one byte is faster filled than copied. */
const LONG_RUN = 32;

/**
 * Undoes the compression of a range.
 *
 * @param length - How many bytes must come out, from `at` on in `output`.
 * @returns Whether the input was well formed and gave exactly `length` bytes; nothing is read or
 *   written out of bounds when it was not.
 */
export function lzfDecompress(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  at: number,
  length: number,
): boolean {
  const outputEnd = at + length;
  if (outputEnd > output.length || end > input.length) return false;
  let i = start;
  let out = at;
  while (i < end) {
    const control = input[i++] as number;
    if (control < LITERALS_MAX) {
      const count = control + 1;
      if (i + count > end || out + count > outputEnd) return false;
      for (let n = 0; n < count; n++) output[out++] = input[i++] as number;
      continue;
    }
    let count = (control >>> 5) + 2;
    if (count === 9) {
      if (i >= end) return false;
      count += input[i++] as number;
    }
    if (i >= end) return false;
    let from = out - (((control & 31) << 8) | (input[i++] as number)) - 1;
    if (from < at || out + count > outputEnd) return false;
    if (from === out - 1 && count >= LONG_RUN) {
      output.fill(output[from] as number, out, out + count);
      out += count;
      continue;
    }
    // Byte by byte, as the two places may overlap: that is how runs are made.
    for (let n = 0; n < count; n++) output[out++] = output[from++] as number;
  }
  return out === outputEnd;
}
