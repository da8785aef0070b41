/** Numbers as bytes and back, where a byte is a character of a string. */

const BYTES = new DataView(new ArrayBuffer(8));

/** The bytes that were written into the view, in its order. */
function written(count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) text += String.fromCharCode(BYTES.getUint8(i));
  return text;
}

function load(text: string, at: number, count: number): void {
  for (let i = 0; i < count; i++) BYTES.setUint8(i, text.charCodeAt(at + i));
}

/** A double; NaN has its sign set, as x86 makes it. */
export function doubleBytes(value: number, little: boolean): string {
  BYTES.setFloat64(0, value, little);
  if (Number.isNaN(value)) BYTES.setUint16(little ? 6 : 0, 0xfff8, little);
  return written(8);
}

/** The nearest float of 32 bits. */
export function floatBytes(value: number, little: boolean): string {
  BYTES.setFloat32(0, value, little);
  if (Number.isNaN(value)) BYTES.setUint16(little ? 2 : 0, 0xffc0, little);
  return written(4);
}

/** The low `size` bytes of an integer of 32 bits, `size` to 4, the highest first. */
export function smallBytes(value: number, size: number): string {
  let text = '';
  for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    text += String.fromCharCode((value >> shift) & 0xff);
  }
  return text;
}

/** An integer of 64 bits, the highest byte first. */
export function longBytes(value: bigint): string {
  BYTES.setBigUint64(0, BigInt.asUintN(64, value));
  return written(8);
}

export function readDoubleAt(text: string, at: number, little: boolean): number {
  load(text, at, 8);
  return BYTES.getFloat64(0, little);
}

export function readFloatAt(text: string, at: number, little: boolean): number {
  load(text, at, 4);
  return BYTES.getFloat32(0, little);
}

/** An integer without sign of `size` bytes, up to 4, the highest first. */
export function readSmallAt(text: string, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + text.charCodeAt(at + i);
  return value;
}

/** An integer of 64 bits with sign, the highest byte first. */
export function readLongAt(text: string, at: number): bigint {
  load(text, at, 8);
  return BYTES.getBigInt64(0);
}
