/** Values in forms that older versions wrote, as they stand in files: nobody writes them any more. */

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** A length of up to 14 bits and that many bytes. */
export function rdbString(bytes: Uint8Array): Buffer {
  const { length } = bytes;
  const header = length < 64 ? [length] : [0x40 | (length >>> 8), length & 255];
  return Buffer.concat([Uint8Array.from(header), bytes]);
}

/** A ziplist of elements given as their bytes from the encoding on. */
export function ziplist(elements: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  let previous = 0;
  let tail = 10;
  let at = 10;
  for (const element of elements) {
    const back = Buffer.alloc(previous < 254 ? 1 : 5, 254);
    if (previous < 254) back[0] = previous;
    else back.writeUInt32LE(previous, 1);
    parts.push(back, element);
    tail = at;
    previous = back.length + element.length;
    at += previous;
  }
  const header = Buffer.alloc(10);
  header.writeUInt32LE(at + 1, 0);
  header.writeUInt32LE(tail, 4);
  header.writeUInt16LE(elements.length, 8);
  return Buffer.concat([header, ...parts, latin1('\xff')]);
}

/** A string as an element of a ziplist. */
const zipped = (text: string) =>
  text.length < 64
    ? latin1(String.fromCharCode(text.length) + text)
    : latin1(String.fromCharCode(0x40 | (text.length >>> 8), text.length & 255) + text);

/** Every form of an element in a ziplist, behind its text. */
export const ZIPLIST_ELEMENTS: readonly (readonly [string, Buffer])[] = [
  ['a', zipped('a')],
  ['', zipped('')],
  ['b'.repeat(63), zipped('b'.repeat(63))],
  ['c'.repeat(300), zipped('c'.repeat(300))],
  ['d', latin1('\x80\0\0\0\x01d')],
  ['0', latin1('\xf1')],
  ['12', latin1('\xfd')],
  ['-3', latin1('\xfe\xfd')],
  ['1000', latin1('\xc0\xe8\x03')],
  ['-70000', latin1('\xf0\x90\xee\xfe')],
  ['-2', latin1('\xd0\xfe\xff\xff\xff')],
  ['9223372036854775807', latin1('\xe0\xff\xff\xff\xff\xff\xff\xff\x7f')],
];

const ZIPLIST = ziplist(ZIPLIST_ELEMENTS.map(([, bytes]) => bytes));
const SMALL_ZIPLIST = ziplist(['one', 'two', 'three'].map(zipped));
const SCORES = ziplist([
  zipped('x'),
  latin1('\xf2'),
  zipped('y'),
  zipped('2.5'),
  zipped('z'),
  latin1('\xfe\x7f'),
]);
const ZIPMAP = latin1('\x03\x01a\x02\x00xy\x02bc\x01\x02z\0\0\x00\x00\x00\xff');
const INTSETS = [
  latin1('\x02\0\0\0\x03\0\0\0\xff\xff\x01\0\x2c\x01'),
  latin1('\x08\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\x80\x05\0\0\0\0\0\0\0'),
];
const STREAM_NODE = [
  ...[1, 16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 29, 29, 0, 0, 0, 10, 0, 1, 1],
  ...[0, 1, 1, 1, 0x81, 0x66, 2, 0, 1, 2, 1, 0, 1, 0, 1, 0x81, 0x76, 2, 4, 1, 0xff],
];
/** A group with one pending entry of its one consumer; the second form tells how much it has read. */
const groupOf = (facts: readonly number[]) => [
  ...[1, 1, 0x67, 1, 0, ...facts, 1],
  ...[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[1, 1, 0x63, 9, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
];

/** Values of all types that are not written any more: the type byte, then the value. */
export const OLD_VALUES: readonly Buffer[] = [
  latin1('\x01\x03\x01a\xc0\x07\x00'),
  latin1('\x03\x03\x01a\x031.5\x01b\xfe\x01c\xff'),
  Buffer.concat([latin1('\x09'), rdbString(ZIPMAP)]),
  Buffer.concat([latin1('\x0a'), rdbString(ZIPLIST)]),
  ...INTSETS.map((set) => Buffer.concat([latin1('\x0b'), rdbString(set)])),
  Buffer.concat([latin1('\x0c'), rdbString(SCORES)]),
  Buffer.concat([latin1('\x0d'), rdbString(ZIPLIST)]),
  Buffer.concat([latin1('\x0e\x02'), rdbString(SMALL_ZIPLIST), rdbString(ZIPLIST)]),
  Buffer.from([15, ...STREAM_NODE, 1, 1, 0, ...groupOf([])]),
  Buffer.from([19, ...STREAM_NODE, 1, 1, 0, 1, 0, 0, 0, 1, ...groupOf([1])]),
];
