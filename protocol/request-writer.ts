/** Values to requests: what a client inside the process asks, as bytes. */
import { Request } from './request.js';

export type RequestArgument = string | number | Uint8Array;

const FIRST_BYTES = 1024;
/** A buffer that one request made larger than this is let go. */
const LARGEST_KEPT_BYTES = 1 << 20;
/** Up to this length text is written by its characters: calling native code costs more. */
const SHORT_TEXT = 24;
/** Taken once: where a library has a subclass of String, as ioredis, each look for a method takes long. */
const { charCodeAt } = String.prototype;

/** Puts requests down one after the other, in the same buffer, as if they had been read from a connection. */
export class RequestWriter {
  private readonly request = new Request();
  private buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private at = 0;

  /** The request of these arguments, text as UTF-8. It holds until the next is written. */
  write(args: readonly RequestArgument[]): Request {
    this.begin();
    return this.add(args);
  }

  /** As `write`, of a command's name and its arguments. */
  writeCommand(name: string, args: readonly RequestArgument[]): Request {
    this.begin();
    this.text(name);
    return this.add(args);
  }

  private begin(): void {
    this.request.clear();
    if (this.buffer.length > LARGEST_KEPT_BYTES) this.buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.at = 0;
  }

  private add(args: readonly RequestArgument[]): Request {
    for (const arg of args) {
      if (typeof arg === 'string') this.text(arg);
      else if (typeof arg === 'number') this.text(String(arg));
      else this.bytes(arg);
    }
    this.request.bytes = this.buffer;
    return this.request;
  }

  private text(text: string): void {
    const { length } = text;
    if (length > SHORT_TEXT) return this.bytes(Buffer.from(text));
    this.reserve(length);
    const { buffer, at } = this;
    let units = 0;
    for (let i = 0; i < length; i++) {
      const unit = charCodeAt.call(text, i);
      units |= unit;
      buffer[at + i] = unit;
    }
    if (units < 0x80) this.push(length);
    // Not ASCII: its bytes are more than its units.
    else this.bytes(Buffer.from(text));
  }

  private bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.at);
    this.push(bytes.length);
  }

  /** The next `length` bytes are an argument. */
  private push(length: number): void {
    const start = this.at;
    this.at += length;
    this.request.push(start, this.at);
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
  const request = new RequestWriter().write(args);
  const bytes = Buffer.allocUnsafe(request.wireBytes);
  let at = bytes.write(`*${request.argc}\r\n`);
  for (let i = 0; i < request.argc; i++) {
    const argument = request.argument(i);
    at += bytes.write(`$${argument.length}\r\n`, at);
    bytes.set(argument, at);
    at += argument.length;
    at += bytes.write('\r\n', at);
  }
  return bytes;
}
