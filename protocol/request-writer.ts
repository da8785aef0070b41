/** Values to requests: what a client inside the process asks, as bytes. */
import { integerLength, writeInteger } from './numbers.js';
import { Request } from './request.js';

export type RequestArgument = string | number | Uint8Array;

const FIRST_BYTES = 1024;
/** A buffer that one request made larger than this is let go. */
const LARGEST_KEPT_BYTES = 1 << 20;
/** Up to this length text is written by its characters: calling native code costs more. */
const SHORT_TEXT = 24;
/** A mark, a length of up to 16 digits and two line ends. */
const MOST_FRAME_BYTES = 24;
const STAR = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;
const CR = 0x0d;
const LF = 0x0a;

/** Puts requests down as clients send them, one after the other in the same buffer. */
export class RequestWriter {
  private readonly request = new Request();
  private buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private at = 0;

  /** The request of these arguments, text as UTF-8. It holds until the next is written. */
  write(args: readonly RequestArgument[]): Request {
    const { request } = this;
    request.clear();
    if (this.buffer.length > LARGEST_KEPT_BYTES) this.buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.at = 0;
    this.reserve(MOST_FRAME_BYTES);
    this.frame(STAR, args.length);
    for (const arg of args) {
      if (typeof arg === 'string') this.text(arg);
      else if (typeof arg === 'number') this.text(String(arg));
      else this.bytes(arg);
    }
    request.bytes = this.buffer;
    request.wireStart = 0;
    return request;
  }

  /** The bytes of the request that was written last. */
  get written(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  private text(text: string): void {
    const { length } = text;
    if (length > SHORT_TEXT) return this.bytes(Buffer.from(text));
    const before = this.at;
    this.reserve(length + MOST_FRAME_BYTES);
    this.frame(DOLLAR, length);
    const { buffer, at } = this;
    let units = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      units |= unit;
      buffer[at + i] = unit;
    }
    if (units < 0x80) return this.endArgument(length);
    // Not ASCII: its bytes are more than its units.
    this.at = before;
    this.bytes(Buffer.from(text));
  }

  private bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.reserve(length + MOST_FRAME_BYTES);
    this.frame(DOLLAR, length);
    this.buffer.set(bytes, this.at);
    this.endArgument(length);
  }

  private endArgument(length: number): void {
    const start = this.at;
    this.at += length;
    this.request.push(start, this.at);
    this.endLine();
  }

  private frame(mark: number, count: number): void {
    this.buffer[this.at++] = mark;
    if (count < 10) this.buffer[this.at++] = ZERO + count;
    else {
      writeInteger(count, this.buffer, this.at);
      this.at += integerLength(count);
    }
    this.endLine();
  }

  private endLine(): void {
    this.buffer[this.at++] = CR;
    this.buffer[this.at++] = LF;
  }

  private reserve(bytes: number): void {
    const wanted = this.at + bytes;
    if (wanted <= this.buffer.length) return;
    const wider = Buffer.allocUnsafeSlow(Math.max(wanted, this.buffer.length * 2));
    this.buffer.copy(wider, 0, 0, this.at);
    this.buffer = wider;
  }
}

/** A request as clients send it: an array of bulk strings. */
export function encodeRequest(args: readonly RequestArgument[]): Uint8Array {
  const writer = new RequestWriter();
  writer.write(args);
  return writer.written;
}
