/** What one `cjson` module has been told: each `cjson.new()` has its own. */

/** How NaN and infinities are written: refused, as they are, or as null. */
export const InvalidNumbers = { refused: 0, written: 1, null: 2 } as const;

export class JsonSettings {
  /** Whether sparse arrays become objects; otherwise they are refused. */
  convertSparse = false;
  /** An array is sparse with more than so many slots per element; 0 asks for no check. */
  sparseRatio = 2;
  /** Arrays that end before this index are never sparse. */
  sparseSafe = 10;
  encodeMaxDepth = 1000;
  decodeMaxDepth = 1000;
  /** An `InvalidNumbers`. */
  encodeInvalidNumbers: number = InvalidNumbers.refused;
  /** Whether `NaN`, `0x10` and the like are read. */
  decodeInvalidNumbers = true;
  /** Digits of numbers. */
  numberPrecision = 14;
  /** Kept for those who ask; there is no buffer to keep. */
  keepBuffer = true;
}
