/**
 * One request: where its arguments stand in a buffer. Nothing is copied and no string is made.
 *
 * A server reads most requests straight from its read buffer, so the offsets hold only until the next read;
 * `copy` makes a request that keeps.
 */
import { integerLength } from './numbers.js';

export class Request {
  bytes: Uint8Array = EMPTY;
  argc = 0;
  /**
   * Where in `bytes` the request begins as it came, up to the line end behind its last argument, if it came just
   * as this server would write it: an array of bulk strings. Else -1.
   */
  wireStart = -1;
  /** Offsets in `bytes`: argument i is `bytes[starts[i], ends[i])`. */
  starts: Int32Array;
  ends: Int32Array;

  /** @param width - Arguments it has room for at first. */
  constructor(width = 16) {
    this.starts = new Int32Array(width);
    this.ends = new Int32Array(width);
  }

  push(start: number, end: number): void {
    const i = this.argc++;
    if (i === this.starts.length) this.widen();
    this.starts[i] = start;
    this.ends[i] = end;
  }

  /** Moves every offset back by `distance`: the bytes before the request were dropped. */
  shift(distance: number): void {
    for (let i = 0; i < this.argc; i++) {
      this.starts[i] = (this.starts[i] ?? 0) - distance;
      this.ends[i] = (this.ends[i] ?? 0) - distance;
    }
    if (this.wireStart >= 0) this.wireStart -= distance;
  }

  /** How many bytes the request takes on the wire, sent as an array of bulk strings. */
  get wireBytes(): number {
    const { argc } = this;
    let bytes = 3 + integerLength(argc);
    for (let i = 0; i < argc; i++) {
      const length = (this.ends[i] as number) - (this.starts[i] as number);
      bytes += 5 + integerLength(length) + length;
    }
    return bytes;
  }

  /** A bound on `wireBytes` that costs no walk over the arguments. */
  get mostWireBytes(): number {
    const { argc } = this;
    return argc === 0 ? 0 : this.spanBytes + 24 * (argc + 1);
  }

  /** Bytes from the first argument's start to the last one's end. */
  get spanBytes(): number {
    const { argc } = this;
    return argc === 0 ? 0 : (this.ends[argc - 1] as number) - (this.starts[0] as number);
  }

  clear(): void {
    this.argc = 0;
    this.wireStart = -1;
    this.bytes = EMPTY;
    // A request of a million arguments does not keep its room for good.
    if (this.starts.length > WIDEST_KEPT) {
      this.starts = new Int32Array(16);
      this.ends = new Int32Array(16);
    }
  }

  /** A request with the same arguments in bytes of its own. */
  copy(): Request {
    const { spanBytes } = this;
    if (this.argc === 0) return new Request(0);
    const from = this.starts[0] as number;
    const bytes = Buffer.allocUnsafe(spanBytes);
    bytes.set(this.bytes.subarray(from, from + spanBytes));
    return this.movedTo(bytes, -from);
  }

  /** A request with the same arguments, which stand in `bytes`, by so much further on. */
  movedTo(bytes: Uint8Array, distance: number): Request {
    const { argc, starts, ends } = this;
    const moved = new Request(argc);
    moved.argc = argc;
    moved.bytes = bytes;
    for (let i = 0; i < argc; i++) {
      moved.starts[i] = (starts[i] as number) + distance;
      moved.ends[i] = (ends[i] as number) + distance;
    }
    return moved;
  }

  /** As `copy`, with other bytes for some arguments, by index. */
  copyWith(replaced: ReadonlyMap<number, Uint8Array>): Request {
    return Request.of(
      Array.from({ length: this.argc }, (_, i) => replaced.get(i) ?? this.argument(i)),
    );
  }

  /** Bytes of all arguments. */
  get argumentBytes(): number {
    let bytes = 0;
    for (let i = 0; i < this.argc; i++)
      bytes += (this.ends[i] as number) - (this.starts[i] as number);
    return bytes;
  }

  /** Argument `i` as a view of the buffer. */
  argument(i: number): Uint8Array {
    return this.bytes.subarray(this.starts[i], this.ends[i]);
  }

  /** A request of the given arguments, copied; strings are taken as UTF-8. */
  static of(args: readonly (string | Uint8Array)[]): Request {
    const parts = args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg) : arg));
    const request = new Request();
    request.bytes = Buffer.concat(parts);
    let at = 0;
    for (const part of parts) {
      request.push(at, at + part.length);
      at += part.length;
    }
    return request;
  }

  private widen(): void {
    const starts = new Int32Array(Math.max(16, this.starts.length * 2));
    const ends = new Int32Array(starts.length);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}

const EMPTY = new Uint8Array(0);
const WIDEST_KEPT = 4096;
