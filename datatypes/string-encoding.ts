/** Which encoding OBJECT ENCODING tells of a string: facts of the real server, which do not bind our layout. */
import { parseBigInt64, parseSafeInteger } from '../protocol/numbers.js';
import { Encoding } from './store/entry.js';

/** The longest decimal int64, sign included. */
const LONGEST_INTEGER = 20;
/** A key and its value embedded in one object of the real server take at most this much. */
const LARGEST_EMBEDDED_BYTES = 128;
const OBJECT_BYTES = 8;
const EXPIRY_BYTES = 8;

/** The real server's string header: 1 byte up to 31 bytes of key, then 3, 5. */
function keyHeaderBytes(keyLength: number): number {
  if (keyLength < 32) return 1;
  return keyLength < 256 ? 3 : 5;
}

/** The encoding of the string `bytes[start, end)` set anew under a key of `keyLength` bytes. */
export function stringEncoding(
  bytes: Uint8Array,
  start: number,
  end: number,
  keyLength: number,
  expires: boolean,
): Encoding {
  const length = end - start;
  if (length <= LONGEST_INTEGER && isInt64(bytes, start, end)) return Encoding.int;
  return embeddedOrRaw(length, keyLength, expires);
}

/** The encoding of a string of `length` bytes, set anew, that is not to be `int`. */
export function embeddedOrRaw(length: number, keyLength: number, expires: boolean): Encoding {
  const keyBytes = 1 + keyHeaderBytes(keyLength) + keyLength + 1;
  const valueBytes = 3 + length + 1;
  const total = OBJECT_BYTES + (expires ? EXPIRY_BYTES : 0) + keyBytes + valueBytes;
  return total <= LARGEST_EMBEDDED_BYTES ? Encoding.embstr : Encoding.raw;
}

/** Whether the bytes are a canonical decimal int64. */
function isInt64(bytes: Uint8Array, start: number, end: number): boolean {
  // One look at the first byte settles it for most values.
  const first = bytes[start] ?? 0;
  if ((first < 48 || first > 57) && first !== 45) return false;
  return (
    !Number.isNaN(parseSafeInteger(bytes, start, end)) || parseBigInt64(bytes, start, end) !== null
  );
}
