/**
 * How much a node of a list, and a packed list, may hold: `list-max-listpack-size`.
 *
 * A positive limit counts elements, and 8 KiB are never exceeded; a negative one is a class of bytes:
 * -1 to -5 for 4 KiB to 64 KiB.
 */

/** Bytes of a node whose elements are counted. */
const SAFE_BYTES = 8192;
const CLASS_BYTES = [4096, 8192, 16_384, 32_768, 65_536] as const;
/** What an element is reckoned to need besides its bytes. */
const ELEMENT_OVERHEAD = 8;

/** The bytes a limit allows for, or Infinity where elements are counted. */
export function byteLimit(limit: number): number {
  if (limit >= 0) return Number.POSITIVE_INFINITY;
  return CLASS_BYTES[Math.min(-limit, CLASS_BYTES.length) - 1] as number;
}

/** The elements a limit allows for, or Infinity where bytes are. */
export function countLimit(limit: number): number {
  return limit >= 0 ? Math.max(limit, 1) : Number.POSITIVE_INFINITY;
}

/** Whether so many bytes of so many elements are too much for one node. */
export function exceedsLimit(limit: number, bytes: number, count: number): boolean {
  if (limit < 0) return bytes > byteLimit(limit);
  return bytes > SAFE_BYTES || count > countLimit(limit);
}

/** Whether a node of `bytes` bytes and `count` elements may take one more of `length` bytes. */
export function takesOneMore(limit: number, bytes: number, count: number, length: number): boolean {
  return !exceedsLimit(limit, bytes + length + ELEMENT_OVERHEAD, count + 1);
}

/** Whether an element of so many bytes is never packed. */
export function isHuge(limit: number, length: number): boolean {
  return length > (limit < 0 ? byteLimit(limit) : SAFE_BYTES);
}
