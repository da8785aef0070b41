/** Ziplists and zipmaps: how old RDB files hold small collections. They are only read. */

const HEADER_BYTES = 10;
const END = 255;
const LONG_PREVIOUS = 254;

/** The elements of a ziplist; null when the bytes are none. */
export function readZiplist(bytes: Uint8Array): Uint8Array[] | null {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  if (length <= HEADER_BYTES || view.getUint32(0, true) !== length || bytes[length - 1] !== END) {
    return null;
  }
  const elements: Uint8Array[] = [];
  let at = HEADER_BYTES;
  while (at < length - 1) {
    at += bytes[at] === LONG_PREVIOUS ? 5 : 1;
    const next = readElement(bytes, view, at, elements);
    if (next < 0) return null;
    at = next;
  }
  const told = view.getUint16(8, true);
  return at === length - 1 && (told === 0xffff || told === elements.length) ? elements : null;
}

/** Adds the element at `at`, behind the length of the one before. Returns where the next starts; -1 on bad bytes. */
function readElement(bytes: Uint8Array, view: DataView, at: number, into: Uint8Array[]): number {
  const end = bytes.length - 1;
  if (at >= end) return -1;
  const first = bytes[at] as number;
  if (first >= 0xc0) return readInteger(view, at, end, into);
  const headBytes = first < 0x40 ? 1 : first < 0x80 ? 2 : 5;
  if (at + headBytes > end) return -1;
  let length = first & 0x3f;
  if (headBytes === 2) length = (length << 8) | (bytes[at + 1] as number);
  if (headBytes === 5) length = view.getUint32(at + 1);
  const start = at + headBytes;
  if (start + length > end) return -1;
  into.push(bytes.subarray(start, start + length));
  return start + length;
}

/** How many bytes an integer has behind its first, by that. */
const INTEGER_BYTES: ReadonlyMap<number, number> = new Map([
  [0xc0, 2],
  [0xd0, 4],
  [0xe0, 8],
  [0xf0, 3],
  [0xfe, 1],
]);

function readInteger(view: DataView, at: number, end: number, into: Uint8Array[]): number {
  const first = view.getUint8(at);
  const size = INTEGER_BYTES.get(first) ?? 0;
  if (size === 0 && (first < 0xf1 || first > 0xfd)) return -1;
  if (at + 1 + size > end) return -1;
  let value = BigInt((first & 15) - 1);
  if (size > 0) {
    value = 0n;
    for (let i = size; i > 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
    value = BigInt.asIntN(size * 8, value);
  }
  into.push(Buffer.from(value.toString(), 'latin1'));
  return at + 1 + size;
}

/** The keys and values of a zipmap in turn; null when the bytes are none. */
export function readZipmap(bytes: Uint8Array): Uint8Array[] | null {
  const { length } = bytes;
  if (length < 2 || bytes[length - 1] !== END) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const elements: Uint8Array[] = [];
  let at = 1;
  while (at < length - 1) {
    const isValue = elements.length % 2 === 1;
    const isLong = bytes[at] === LONG_PREVIOUS;
    const headBytes = (isLong ? 5 : 1) + (isValue ? 1 : 0);
    if (at + headBytes > length - 1 || bytes[at] === END) return null;
    const size = isLong ? view.getUint32(at + 1, true) : (bytes[at] as number);
    // Behind a value's length: how many unused bytes follow it.
    const unused = isValue ? (bytes[at + headBytes - 1] as number) : 0;
    const start = at + headBytes;
    if (start + size + unused > length - 1) return null;
    elements.push(bytes.subarray(start, start + size));
    at = start + size + unused;
  }
  return elements.length % 2 === 0 ? elements : null;
}
