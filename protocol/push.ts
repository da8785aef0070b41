/**
 * Pushes: what the server sends unasked, often the same to many clients. Each is encoded once for each
 * version of the protocol that somebody among them speaks.
 */
import type { RespVersion } from './reply.js';

/** A bulk string, an integer, nil, nil as some version writes it, or an array of bulk strings. */
export type PushPart =
  | Uint8Array
  | number
  | null
  | { readonly nilIn: RespVersion }
  | readonly Uint8Array[];

const CR = 13;
const LF = 10;
const LONGEST_HEADER_BYTES = 24;

export class PushMessage {
  private readonly parts: readonly PushPart[];
  private second: Uint8Array | null = null;
  private third: Uint8Array | null = null;

  /** @param parts - Kept until the message is encoded, not copied. */
  constructor(parts: readonly PushPart[]) {
    this.parts = parts;
  }

  /** The message as it goes over the wire. Nobody may change these bytes: many may hold them. */
  encoded(resp: RespVersion): Uint8Array {
    if (resp === 3) {
      this.third ??= encode(this.parts, resp);
      return this.third;
    }
    this.second ??= encode(this.parts, resp);
    return this.second;
  }
}

function encode(parts: readonly PushPart[], resp: RespVersion): Uint8Array {
  const bytes = Buffer.allocUnsafe(mostBytes(parts));
  let at = header(bytes, 0, resp === 3 ? '>' : '*', parts.length);
  for (const part of parts) at = encodePart(bytes, at, part, resp);
  return bytes.subarray(0, at);
}

function encodePart(bytes: Buffer, at: number, part: PushPart, resp: RespVersion): number {
  if (part === null) return nil(bytes, at, resp);
  if (typeof part === 'number') return header(bytes, at, ':', part);
  if (part instanceof Uint8Array) return bulk(bytes, at, part);
  if ('nilIn' in part) return nil(bytes, at, part.nilIn);
  let next = header(bytes, at, '*', part.length);
  for (const item of part) next = bulk(bytes, next, item);
  return next;
}

function nil(bytes: Buffer, at: number, resp: RespVersion): number {
  return at + bytes.write(resp === 3 ? '_\r\n' : '$-1\r\n', at, 'latin1');
}

function header(bytes: Buffer, at: number, mark: string, count: number): number {
  return at + bytes.write(`${mark}${count}\r\n`, at, 'latin1');
}

function bulk(bytes: Buffer, at: number, value: Uint8Array): number {
  const start = header(bytes, at, '$', value.length);
  bytes.set(value, start);
  const end = start + value.length;
  bytes[end] = CR;
  bytes[end + 1] = LF;
  return end + 2;
}

function mostBytes(parts: readonly PushPart[]): number {
  let most = LONGEST_HEADER_BYTES;
  for (const part of parts) {
    most += LONGEST_HEADER_BYTES;
    if (part instanceof Uint8Array) most += part.length;
    else if (Array.isArray(part)) {
      for (const item of part) most += LONGEST_HEADER_BYTES + item.length;
    }
  }
  return most;
}
