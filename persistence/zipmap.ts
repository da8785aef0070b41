/** Zipmaps: how the oldest RDB files hold small hashes. They are only read. */

const END = 255;
const LONG_LENGTH = 254;

/** The keys and values of a zipmap in turn; null when the bytes are none. */
export function readZipmap(bytes: Uint8Array): Uint8Array[] | null {
  const { length } = bytes;
  if (length < 2 || bytes[length - 1] !== END) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const elements: Uint8Array[] = [];
  let at = 1;
  while (at < length - 1) {
    const isValue = elements.length % 2 === 1;
    const isLong = bytes[at] === LONG_LENGTH;
    const headBytes = (isLong ? 5 : 1) + (isValue ? 1 : 0);
    if (at + headBytes > length - 1 || bytes[at] === END) return null;
    const size = isLong ? view.getUint32(at + 1, true) : (bytes[at] as number);
    // As the real server, which refuses a short length in the long form.
    if (isLong && size < LONG_LENGTH) return null;
    // Behind a value's length: how many unused bytes follow it.
    const unused = isValue ? (bytes[at + headBytes - 1] as number) : 0;
    const start = at + headBytes;
    if (start + size + unused > length - 1) return null;
    elements.push(bytes.subarray(start, start + size));
    at = start + size + unused;
  }
  return elements.length % 2 === 0 ? elements : null;
}
