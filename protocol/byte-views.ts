/**
 * Word-wise access to byte arrays: a DataView reads and writes four bytes at a time at any offset, which
 * is several times faster than a loop over bytes and, for short runs, than a call of `set`.
 */

/** Bytes that carry their DataView, over all of their memory: those that many views would be asked for. */
export interface ViewedBytes extends Uint8Array {
  view?: DataView;
}

/** Scratch memory that carries its view. */
export function scratchBytes(length: number): Uint8Array {
  const bytes: ViewedBytes = new Uint8Array(length);
  bytes.view = new DataView(bytes.buffer);
  return bytes;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/**
 * The DataView of a byte array: its own, or one that is made. The last one made is remembered, as most
 * requests stand in the same read buffer; making one costs as much as copying some hundred bytes.
 */
export class ByteViews {
  private bytes = NO_BYTES;
  private view = NO_VIEW;

  of(bytes: ViewedBytes): DataView {
    if (bytes === this.bytes) return this.view;
    if (bytes.view !== undefined) return bytes.view;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return this.view;
  }
}

/** From this length on, one native copy is faster than a loop. */
export const LONG_COPY_BYTES = 128;

/** Copies `length` bytes, few of them; the ranges do not overlap. */
export function copyWords(
  from: DataView,
  fromAt: number,
  to: DataView,
  toAt: number,
  length: number,
): void {
  let i = 0;
  for (const whole = length - 3; i < whole; i += 4) {
    to.setInt32(toAt + i, from.getInt32(fromAt + i, true), true);
  }
  for (; i < length; i++) to.setUint8(toAt + i, from.getUint8(fromAt + i));
}
