/** Bytes to values: replies of either version as JavaScript values, for links, tests and the in-process API. */

/** An error reply as an `Error`: `message` is its whole text, `code` its first word. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError';
  readonly code: string;

  constructor(text: string) {
    super(text);
    this.code = text.split(' ', 1)[0] ?? '';
  }
}

/** Text of a named format, RESP3's verbatim string, is told as its text alone. */
export type ReplyValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | ReplyError
  | ReplyValue[]
  | Map<ReplyValue, ReplyValue>
  | Set<ReplyValue>;

export interface DecoderOptions {
  /** Bulk strings come as bytes; otherwise as UTF-8 text. */
  readonly buffers?: boolean;
}

/** A push of version 3: a message that answers no request. */
export class Push {
  readonly values: ReplyValue[];

  constructor(values: ReplyValue[]) {
    this.values = values;
  }
}

const INCOMPLETE = Symbol('incomplete');

/**
 * Takes replies apart, across any number of chunks.
 *
 * `add` takes the next bytes; `next` answers the next whole reply, or undefined when more bytes are needed.
 * Bytes that are no RESP throw a SyntaxError.
 */
export class Decoder {
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  private readonly buffers: boolean;

  constructor(options: DecoderOptions = {}) {
    this.buffers = options.buffers ?? false;
  }

  add(bytes: Uint8Array): void {
    this.bytes = Buffer.concat([this.bytes.subarray(this.at), bytes]);
    this.at = 0;
  }

  next(): ReplyValue | Push | undefined {
    const start = this.at;
    try {
      return this.read();
    } catch (error) {
      if (error !== INCOMPLETE) throw error;
      this.at = start;
      return undefined;
    }
  }

  private read(): ReplyValue | Push {
    const mark = String.fromCharCode(this.byte());
    const line = this.line();
    switch (mark) {
      case '+':
        return line;
      case '-':
        return new ReplyError(line);
      case '!':
        return new ReplyError(this.body(Number(line)).toString());
      case ':':
        return integerOf(line);
      case '(':
        return BigInt(line);
      case ',':
        return doubleOf(line);
      case '#':
        return line === 't';
      case '_':
        return null;
      case '$':
        return line === '-1' ? null : this.bulk(Number(line));
      case '=':
        return this.body(Number(line)).toString().slice(4);
      default:
        return this.aggregate(mark, line);
    }
  }

  private aggregate(mark: string, line: string): ReplyValue | Push {
    const count = Number(line);
    switch (mark) {
      case '*':
        return count === -1 ? null : this.values(count);
      case '~':
        return new Set(this.values(count));
      case '>':
        return new Push(this.values(count));
      case '%':
        return this.map(count);
      case '|':
        this.map(count);
        return this.read();
      default:
        throw new SyntaxError(
          `Cannot decode a reply: no shape begins with ${JSON.stringify(mark)}`,
        );
    }
  }

  private values(count: number): ReplyValue[] {
    const values: ReplyValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.read() as ReplyValue);
    return values;
  }

  private map(pairs: number): Map<ReplyValue, ReplyValue> {
    const map = new Map<ReplyValue, ReplyValue>();
    for (let i = 0; i < pairs; i++) {
      const key = this.read() as ReplyValue;
      map.set(key, this.read() as ReplyValue);
    }
    return map;
  }

  private bulk(length: number): string | Uint8Array {
    const body = this.body(length);
    return this.buffers ? Uint8Array.from(body) : body.toString();
  }

  private byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw INCOMPLETE;
    return byte;
  }

  private line(): string {
    const end = this.bytes.indexOf('\r\n', this.at, 'latin1');
    if (end < 0) throw INCOMPLETE;
    const line = this.bytes.toString('utf8', this.at, end);
    this.at = end + 2;
    return line;
  }

  private body(length: number): Buffer {
    const start = this.at;
    if (start + length + 2 > this.bytes.length) throw INCOMPLETE;
    this.at = start + length + 2;
    return this.bytes.subarray(start, start + length);
  }
}

/** An integer reply: a bigint only where a number would not hold it. */
function integerOf(line: string): number | bigint {
  const value = Number(line);
  return Number.isSafeInteger(value) ? value : BigInt(line);
}

function doubleOf(line: string): number {
  if (line === 'inf') return Number.POSITIVE_INFINITY;
  if (line === '-inf') return Number.NEGATIVE_INFINITY;
  return Number(line);
}

/** A request as clients send it: an array of bulk strings. */
export function encodeRequest(args: readonly (string | number | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

const CRLF = Buffer.from('\r\n');
