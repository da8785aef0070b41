/** Arguments of a request as scripts get them: KEYS and ARGV. */
import { bufferOver, toLatin1 } from '../../protocol/bytes.js';
import type { Request } from '../../protocol/request.js';
import { Table } from '../machine/table.js';

/** Reads arguments. Requests of one connection stand in the same bytes: the Buffer over them is made once. */
export class ArgumentReader {
  private bytes: Uint8Array = Buffer.alloc(0);
  private buffer: Buffer = Buffer.alloc(0);

  /** Argument `i` as a string of one character per byte. */
  text({ bytes, starts, ends }: Request, i: number): string {
    return toLatin1(this.bufferOf(bytes), starts[i] as number, ends[i] as number);
  }

  /** Arguments `from` up to `end`, exclusive, as a table. */
  list({ bytes, starts, ends }: Request, from: number, end: number): Table {
    const table = new Table(end - from);
    if (from === end) return table;
    const buffer = this.bufferOf(bytes);
    for (let i = from; i < end; i++) {
      const text = toLatin1(buffer, starts[i] as number, ends[i] as number);
      table.setInteger(i - from + 1, text);
    }
    return table;
  }

  private bufferOf(bytes: Uint8Array): Buffer {
    if (bytes === this.bytes) return this.buffer;
    const buffer = bufferOver(bytes);
    // A large request must not stay alive with it.
    if (bytes.length <= LARGEST_KEPT_BYTES) {
      this.bytes = bytes;
      this.buffer = buffer;
    }
    return buffer;
  }
}

const LARGEST_KEPT_BYTES = 1 << 20;
