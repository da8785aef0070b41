/** Values to requests: what a client inside the process asks, as bytes. */
import { GrowingBytes } from './growing-bytes.js';
import { Request } from './request.js';

export type RequestArgument = string | number | Uint8Array;

const FIRST_BYTES = 1024;

/** Puts requests down one after the other, in the same buffer, as if they had been read from a connection. */
export class RequestWriter {
  private readonly request = new Request();
  private readonly written = new GrowingBytes(FIRST_BYTES);
  /** The name that `written` begins with, up to `nameEnd`. */
  private name = '';
  private nameEnd = 0;

  /** The request of these arguments, text as UTF-8. It holds until the next is written. */
  write(args: readonly RequestArgument[]): Request {
    this.request.clear();
    this.name = '';
    this.written.empty();
    return this.add(args);
  }

  /** As `write`, of a command's name and its arguments. The same command again finds its name in place. */
  writeCommand(name: string, args: readonly RequestArgument[]): Request {
    this.request.clear();
    if (name === this.name) {
      this.written.cut(this.nameEnd);
      this.request.push(0, this.nameEnd);
    } else this.begin(name);
    return this.add(args);
  }

  private begin(name: string): void {
    this.written.empty();
    this.text(name);
    this.name = name;
    this.nameEnd = this.written.used;
  }

  private add(args: readonly RequestArgument[]): Request {
    for (const arg of args) {
      if (typeof arg === 'string') this.text(arg);
      else if (typeof arg === 'number') this.text(String(arg));
      else this.bytes(arg);
    }
    this.request.bytes = this.written.bytes;
    return this.request;
  }

  private text(text: string): void {
    const start = this.written.used;
    this.written.utf8(text);
    this.request.push(start, this.written.used);
  }

  private bytes(bytes: Uint8Array): void {
    const start = this.written.used;
    this.written.copy(bytes, 0, bytes.length);
    this.request.push(start, this.written.used);
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
