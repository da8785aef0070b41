/**
 * LZF, the compression of strings in RDB files and DUMP payloads.
 *
 * A stream is runs of literals (a byte 0 to 31, then that many bytes plus one) and back references:
 * 3 bits of length, 5 high bits of distance, for lengths above 8 one more byte of length, the low
 * byte of distance. Lengths go to 264 bytes, distances to 8192. The compressor finds matches through
 * one hash table of the last place of each 3 bytes, with the hash and the order of updates that
 * make its output what the real server stores.
 * Source: the format notes of liblzf, and DUMP payloads of the real server.
 */

const HASH_BITS = 16;
const LITERALS_MAX = 32;
const DISTANCE_MAX = 8192;
const MATCH_MAX = 264;
/** See `matchLength`, in bytes: learnt from DUMP of runs of one byte. */
const EAGER_MATCH = 19;

/** The table slot of three bytes, first byte highest. */
function slotOf(three: number): number {
  return ((three >>> (24 - HASH_BITS)) - three * 5) & ((1 << HASH_BITS) - 1);
}

/**
 * A compressor with its hash table, to be kept and used again.
 *
 * Table entries count from `base`, which grows with every input, so the table needs no clearing.
 */
export class LzfCompressor {
  private readonly table = new Uint32Array(1 << HASH_BITS);
  private base = 0;

  /**
   * Compresses a range into `output`.
   *
   * @param limit - The most bytes the result may take; more means it does not pay.
   * @returns How many bytes were written from `at` on, or 0 when the result would not fit.
   */
  compress(
    input: Uint8Array,
    start: number,
    end: number,
    output: Uint8Array,
    at: number,
    limit: number,
  ): number {
    if (end - start < 1 || limit < 1) return 0;
    this.makeRoom(end - start);
    const shift = this.base + 1 - start; // table entry = offset + shift, always above `base`
    const oldest = this.base + 1;
    this.base += end - start;
    const table = this.table;
    const outputEnd = at + limit;
    let out = at + 1; // one byte is kept for the length of the first literal run
    let literals = 0;
    let i = start;
    let three = ((input[start] as number) << 8) | (input[start + 1] ?? 0);
    while (i < end - 2) {
      three = ((three << 8) | (input[i + 2] as number)) & 0xffffff;
      const slot = slotOf(three);
      const entry = table[slot] as number;
      table[slot] = i + shift;
      const reference = entry - shift;
      const distance = i - reference;
      if (entry > oldest && distance <= DISTANCE_MAX && sameThree(input, reference, i)) {
        const length = this.matchLength(input, reference, i, end);
        if (out - (literals === 0 ? 1 : 0) + 4 >= outputEnd) return 0;
        if (literals === 0) out--;
        else output[out - literals - 1] = literals - 1;
        literals = 0;
        out = writeReference(output, out, length, distance - 1);
        out++; // the length byte of the next literal run
        i += length;
        if (i >= end - 2) break;
        // Only the last two places inside a match are entered, as the fast variant does.
        three = ((input[i - 2] as number) << 8) | (input[i - 1] as number);
        three = this.enter(input, i - 2, three, shift);
        three = this.enter(input, i - 1, three, shift);
        continue;
      }
      if (out >= outputEnd) return 0;
      output[out++] = input[i++] as number;
      if (++literals === LITERALS_MAX) {
        output[out - literals - 1] = literals - 1;
        literals = 0;
        out++;
      }
    }
    if (out + 3 > outputEnd) return 0;
    for (; i < end; i++) {
      output[out++] = input[i] as number;
      if (++literals === LITERALS_MAX) {
        output[out - literals - 1] = literals - 1;
        literals = 0;
        out++;
      }
    }
    if (literals === 0) out--;
    else output[out - literals - 1] = literals - 1;
    return out - at;
  }

  private enter(input: Uint8Array, at: number, three: number, shift: number): number {
    const next = ((three << 8) | (input[at + 2] as number)) & 0xffffff;
    this.table[slotOf(next)] = at + shift;
    return next;
  }

  /**
   * How long the bytes at `reference` go on like those at `i`. The last two bytes stay literals,
   * except that lengths up to `EAGER_MATCH` are taken whole where so many bytes are left.
   */
  private matchLength(input: Uint8Array, reference: number, i: number, end: number): number {
    const left = end - i;
    const longest = Math.min(Math.max(left - 2, left < EAGER_MATCH ? 3 : EAGER_MATCH), MATCH_MAX);
    let length = 3;
    while (length < longest && input[reference + length] === input[i + length]) length++;
    return length;
  }

  private makeRoom(length: number): void {
    if (this.base + length < 0xffffffff) return;
    this.table.fill(0);
    this.base = 0;
  }
}

function sameThree(input: Uint8Array, a: number, b: number): boolean {
  return input[a] === input[b] && input[a + 1] === input[b + 1] && input[a + 2] === input[b + 2];
}

function writeReference(output: Uint8Array, at: number, length: number, offset: number): number {
  const code = length - 2;
  let out = at;
  if (code < 7) {
    output[out++] = (code << 5) | (offset >>> 8);
  } else {
    output[out++] = (7 << 5) | (offset >>> 8);
    output[out++] = code - 7;
  }
  output[out++] = offset & 255;
  return out;
}

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
    // Byte by byte, as the two places may overlap: that is how runs are made.
    for (let n = 0; n < count; n++) output[out++] = output[from++] as number;
  }
  return out === outputEnd;
}
