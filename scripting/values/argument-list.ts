/** Arguments of a request as scripts get them: KEYS and ARGV. */
import type { Request } from '../../protocol/request.js';
import { Table } from '../machine/table.js';
import { byteString } from './reply-reader.js';

/** The same bytes, as a Buffer. */
function bufferOf(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Argument `i` as a string of one character per byte. */
export function argumentText({ bytes, starts, ends }: Request, i: number): string {
  return byteString(bufferOf(bytes), starts[i] as number, ends[i] as number);
}

/** Arguments `from` up to `end`, exclusive, as a table. */
export function argumentList({ bytes, starts, ends }: Request, from: number, end: number): Table {
  const table = new Table(end - from);
  if (from === end) return table;
  const buffer = bufferOf(bytes);
  for (let i = from; i < end; i++) {
    const text = byteString(buffer, starts[i] as number, ends[i] as number);
    table.setInteger(i - from + 1, text);
  }
  return table;
}
