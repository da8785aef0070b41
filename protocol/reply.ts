/**
 * The reply writer: one method per RESP shape; only here is version 2 told from version 3.
 *
 * Replies are encoded straight into one large buffer, which goes out in one write and is used again when
 * that write completed at once. What does not fit goes on in further buffers; a large value that stands in
 * an arena block is not copied, but held by reference until it is written.
 */
import { ByteViews, copyWords } from './byte-views.js';
import { formatDouble } from './doubles.js';
import { integerLength, writeInteger } from './numbers.js';
import type { Refusal } from './refusals.js';

export type RespVersion = 2 | 3;

/** Keeps an arena block alive while a reply that points into it is being written. */
export interface BlockHolder {
  /** The page of a block, by `block >>> 16`, for reads at any offset. */
  readonly views: readonly DataView[];
  retain(block: number): void;
  release(block: number): boolean;
}

/** Where finished replies go. */
export interface ReplySink {
  /**
   * Takes `bytes[start, end)`, by default all: true when they are already written, and may be used again; false when
   * kept.
   */
  send(bytes: Uint8Array, start?: number, end?: number): boolean;
  /** Takes several parts at once; each `done` is called when its part is written or given up. */
  sendAll(parts: readonly ReplyPart[]): void;
}

/** Where replies wait that stand in one piece. */
export interface ReplyKeeper {
  keep(bytes: Uint8Array, start: number, end: number): void;
}

export interface ReplyPart {
  readonly bytes: Uint8Array;
  readonly done?: () => void;
  /** Whether the bytes are sent from where they are stored. */
  readonly isHeld?: boolean;
}

/** A place in the replies to come back to, once a count is known. */
export interface Deferred {
  readonly parts: number;
  readonly at: number;
}

const BUFFER_BYTES = 128 * 1024;
/** Buffers kept for the next long replies. */
const MOST_SPARE = 8;
/** From this length on bytes that may be sent from where they stand are not copied. */
const HELD_BYTES = 16 * 1024;
const LONGEST_HEADER_BYTES = 24;
/** Up to this length a loop is faster than a native copy. */
const SHORT_BYTES = 64;

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const OK = bytesOf('+OK\r\n');
const PONG = bytesOf('+PONG\r\n');
const QUEUED = bytesOf('+QUEUED\r\n');
const NIL = bytesOf('$-1\r\n');
const NIL_ARRAY = bytesOf('*-1\r\n');
const NULL = bytesOf('_\r\n');
const TRUE = bytesOf('#t\r\n');
const FALSE = bytesOf('#f\r\n');
const ZERO = bytesOf(':0\r\n');
const ONE = bytesOf(':1\r\n');
const CR = 13;
const LF = 10;
/** Both, as a word in the order of bytes. */
const CRLF = 0x0a0d;
/** The first four bytes of the headers of bulk strings up to `SHORT_BYTES`: all of them up to nine bytes. */
const SHORT_HEADERS = Int32Array.from({ length: SHORT_BYTES + 1 }, (_, length) =>
  Buffer.from(`$${length}\r\n`).readInt32LE(),
);

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** The first byte of each shape. */
const Mark = {
  simple: 43,
  integer: 58,
  bulk: 36,
  array: 42,
  map: 37,
  set: 126,
  push: 62,
  double: 44,
  bigNumber: 40,
  verbatim: 61,
  attribute: 124,
} as const;

export class ReplyWriter {
  resp: RespVersion = 2;
  /** Error replies written so far: who runs a command sees by it whether the command failed. */
  errors = 0;
  lastError: Refusal | null = null;
  /** Of the bytes pending, those that are sent from where they are stored. */
  heldBytes = 0;
  /** From this length on a stored value is sent from where it stands. */
  heldFromBytes = HELD_BYTES;
  /** Told each time replies grew by another buffer: it may be more than they are wanted for. */
  onLong: (() => void) | null = null;
  /** Nobody wants these replies any more: what is written goes nowhere, until `discard`. */
  isAbandoned = false;

  private buffer: Buffer;
  private view: DataView;
  /** Bytes that the buffer has. */
  private capacity: number;
  private at = 0;
  /** Where the replies begin that were not taken: what stands before them is still to be written. */
  private start = 0;
  /** Whether some of what was taken is still being written after `written`. */
  private kept = false;
  private readonly views = new ByteViews();
  private parts: ReplyPart[] = [];
  /** Buffers whose replies are written. */
  private readonly spare: Buffer[] = [];
  private partBytes = 0;
  private readonly holder: BlockHolder;

  /** @param firstBytes - What the buffer has room for until more is needed. */
  constructor(holder: BlockHolder, firstBytes = BUFFER_BYTES) {
    this.holder = holder;
    this.capacity = firstBytes;
    this.buffer = Buffer.allocUnsafeSlow(firstBytes);
    this.view = viewOf(this.buffer);
  }

  /** Bytes written and not yet sent. */
  get pendingBytes(): number {
    return this.partBytes + this.at - this.start;
  }

  /** Bytes of the buffer that replies are first written to. */
  get bufferBytes(): number {
    return this.capacity;
  }

  ok(): void {
    this.raw(OK);
  }

  pong(): void {
    this.raw(PONG);
  }

  queued(): void {
    this.raw(QUEUED);
  }

  /** A status line; `text` is Latin-1, without line ends. */
  simple(text: string): void {
    this.line(Mark.simple, text);
  }

  error(refusal: Refusal): void {
    this.errors++;
    this.lastError = refusal;
    this.raw(refusal.bytes);
  }

  integer(value: number | bigint): void {
    if (value === 0) return this.raw(ZERO);
    if (value === 1) return this.raw(ONE);
    if (typeof value === 'bigint') return this.line(Mark.integer, value.toString());
    this.header(Mark.integer, value);
  }

  /** `bytes[start, end)` as a bulk string, copied. */
  bulk(bytes: Uint8Array, start = 0, end = bytes.length): void {
    const length = end - start;
    if (length <= SHORT_BYTES) return this.shortBulk(this.views.of(bytes), start, length);
    this.header(Mark.bulk, length);
    this.body(bytes, start, end);
  }

  /** As `bulk`, of bytes that stand in arena block `block`: long ones are sent from there. */
  bulkFrom(block: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length <= SHORT_BYTES)
      return this.shortBulk(this.holder.views[block >>> 16] as DataView, start, length);
    if (length < this.heldFromBytes) return this.bulk(bytes, start, end);
    this.header(Mark.bulk, length);
    this.closeBuffer();
    this.holder.retain(block);
    this.heldBytes += length;
    const done = () => {
      this.holder.release(block);
    };
    this.addPart({ bytes: bytes.subarray(start, end), done, isHeld: true });
    this.crlf();
  }

  /** Text as a bulk string, in UTF-8. */
  text(text: string): void {
    if (text.length <= SHORT_BYTES && isAscii(text)) return this.latin1(text);
    const bytes = Buffer.from(text);
    this.bulk(bytes, 0, bytes.length);
  }

  /** A bulk string that holds a whole number; one that is no BigInt is a safe integer. */
  bulkInteger(value: number | bigint): void {
    if (typeof value === 'bigint') return this.latin1(value.toString());
    this.header(Mark.bulk, integerLength(value));
    this.room(LONGEST_HEADER_BYTES);
    this.endLine(writeInteger(value, this.buffer, this.at));
  }

  nil(): void {
    this.raw(this.resp === 3 ? NULL : NIL);
  }

  /** The absence of an array: told from `nil` in version 2. */
  nilArray(): void {
    this.raw(this.resp === 3 ? NULL : NIL_ARRAY);
  }

  emptyArray(): void {
    this.array(0);
  }

  array(count: number): void {
    this.header(Mark.array, count);
  }

  /** `pairs` keys and values follow. */
  map(pairs: number): void {
    if (this.resp === 3) this.header(Mark.map, pairs);
    else this.header(Mark.array, pairs * 2);
  }

  set(count: number): void {
    this.header(this.resp === 3 ? Mark.set : Mark.array, count);
  }

  push(count: number): void {
    this.header(this.resp === 3 ? Mark.push : Mark.array, count);
  }

  /** Attributes exist in version 3 only: the caller writes none in version 2. */
  attribute(pairs: number): void {
    this.header(Mark.attribute, pairs);
  }

  double(value: number): void {
    const isWhole = Number.isSafeInteger(value) && !Object.is(value, -0);
    if (this.resp === 3) {
      if (isWhole) this.header(Mark.double, value);
      else this.line(Mark.double, formatDouble(value));
    } else if (isWhole) this.bulkInteger(value);
    else this.latin1(formatDouble(value));
  }

  /** A double in other digits than the shortest: decimal text. */
  decimal(text: string): void {
    if (this.resp === 3) this.line(Mark.double, text);
    else this.latin1(text);
  }

  boolean(value: boolean): void {
    if (this.resp === 3) this.raw(value ? TRUE : FALSE);
    else this.integer(value ? 1 : 0);
  }

  /** An integer of any size, in decimal digits. */
  bigNumber(digits: string): void {
    if (this.resp === 3) this.line(Mark.bigNumber, digits);
    else this.latin1(digits);
  }

  /** Latin-1 text of a format of three letters, such as `txt`; a plain bulk string in version 2. */
  verbatim(format: string, text: string): void {
    if (this.resp === 2) return this.bulk(bytesOf(text));
    const bytes = bytesOf(`${format}:${text}`);
    this.header(Mark.verbatim, bytes.length);
    this.body(bytes, 0, bytes.length);
  }

  /** Bytes that are a reply already. */
  raw(bytes: Uint8Array): void {
    const length = bytes.length;
    if (length > BUFFER_BYTES) {
      this.closeBuffer();
      this.addPart({ bytes: Uint8Array.prototype.slice.call(bytes) });
      return;
    }
    this.room(length);
    const { buffer, at } = this;
    if (length > SHORT_BYTES) buffer.set(bytes, at);
    else for (let i = 0; i < length; i++) buffer[at + i] = bytes[i] as number;
    this.at = at + length;
  }

  /** As `raw`, of bytes that stay as they are for ever: long ones are sent from where they stand. */
  shared(bytes: Uint8Array): void {
    if (bytes.length < HELD_BYTES) return this.raw(bytes);
    this.closeBuffer();
    this.addPart({ bytes });
  }

  /** Leaves out the header of an array, map or set whose size comes later by `resolve…`. */
  defer(): Deferred {
    return { parts: this.parts.length, at: this.at - this.start };
  }

  resolveArray(deferred: Deferred, count: number): void {
    this.insert(deferred, Mark.array, count);
  }

  resolveMap(deferred: Deferred, pairs: number): void {
    if (this.resp === 3) this.insert(deferred, Mark.map, pairs);
    else this.insert(deferred, Mark.array, pairs * 2);
  }

  resolveSet(deferred: Deferred, count: number): void {
    this.insert(deferred, this.resp === 3 ? Mark.set : Mark.array, count);
  }

  /** The reply of SCAN where there is nothing. */
  emptyScan(): void {
    this.resolveScan(this.defer(), 0, 0);
  }

  /** As `resolveArray`, for SCAN: a cursor, then an array of what was written since. */
  resolveScan(deferred: Deferred, cursor: number, count: number): void {
    const digits = String(cursor);
    this.insertText(deferred, `*2\r\n$${digits.length}\r\n${digits}\r\n*${count}\r\n`);
  }

  /** Takes back everything written since `mark`, for replies nobody wants. */
  rewind(mark: Deferred): void {
    if (this.isAbandoned) return;
    if (mark.parts < this.parts.length) {
      const [first, ...others] = this.parts.splice(mark.parts) as [ReplyPart, ...ReplyPart[]];
      for (const part of others) this.dropPart(part);
      if (mark.at === 0) this.dropPart(first);
      else {
        // What stands before the mark stays, and with it the part's memory.
        this.partBytes -= first.bytes.length;
        this.addPart({ ...first, bytes: first.bytes.subarray(0, mark.at) });
      }
      this.at = this.start;
      return;
    }
    this.at = this.start + mark.at;
  }

  /**
   * Gives up the replies to `keeper`, to be written later: they stay as they are until `written` is called. False, and
   * nothing is done, when they do not stand in one piece.
   */
  hand(keeper: ReplyKeeper): boolean {
    if (this.parts.length > 0) return false;
    const { buffer, start, at } = this;
    this.start = at;
    keeper.keep(buffer, start, at);
    return true;
  }

  /** All that was taken is written, but for what is `kept` by the network. */
  written(kept: boolean): void {
    if (kept) this.kept = true;
    // Else there are newer replies behind what is written.
    if (this.start === this.at) this.reuse();
  }

  /** Hands all replies to `sink` and begins anew. */
  flush(sink: ReplySink): void {
    if (this.parts.length === 0) {
      if (this.at === this.start) return;
      const { buffer, start, at } = this;
      // Whoever reads them may have more written at once.
      this.start = at;
      if (!sink.send(buffer, start, at)) this.kept = true;
      if (start === 0 && this.at === at) this.reuse();
      return;
    }
    this.closeBuffer();
    const parts = this.parts;
    this.parts = [];
    this.partBytes = 0;
    this.heldBytes = 0;
    sink.sendAll(parts);
  }

  /** Has `read` read all replies, `bytes[start, end)`, and drops them. The bytes hold for this call only. */
  consume<T>(read: (bytes: Buffer, start: number, end: number) => T): T {
    if (this.parts.length === 0) {
      const { start, at } = this;
      this.at = start;
      return read(this.buffer, start, at);
    }
    this.closeBuffer();
    const whole = Buffer.concat(this.parts.map((part) => part.bytes));
    this.discard();
    return read(whole, 0, whole.length);
  }

  /** Begins the buffer again, in memory of its own when the old one is still being written. */
  private reuse(): void {
    if (this.kept) this.renewBuffer();
    this.start = 0;
    this.at = 0;
  }

  /** Drops all replies. */
  discard(): void {
    this.isAbandoned = false;
    this.rewind({ parts: 0, at: 0 });
  }

  private header(mark: number, count: number): void {
    this.room(LONGEST_HEADER_BYTES);
    const { buffer } = this;
    let at = this.at;
    buffer[at++] = mark;
    if (count >= 0 && count < 10) buffer[at++] = 48 + count;
    else at = writeInteger(count, buffer, at);
    buffer[at] = CR;
    buffer[at + 1] = LF;
    this.at = at + 2;
  }

  private body(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length + 2 > BUFFER_BYTES) {
      this.closeBuffer();
      this.addPart({ bytes: Uint8Array.prototype.slice.call(bytes, start, end) });
      this.crlf();
      return;
    }
    this.room(length + 2);
    const { buffer, at } = this;
    buffer.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    this.endLine(at + length);
  }

  private shortBulk(from: DataView, start: number, length: number): void {
    this.room(length + LONGEST_HEADER_BYTES);
    const { view } = this;
    let { at } = this;
    view.setInt32(at, SHORT_HEADERS[length] as number, true);
    at += 4;
    if (length > 9) view.setUint8(at++, LF);
    copyWords(from, start, view, at, length);
    view.setInt16(at + length, CRLF, true);
    this.at = at + length + 2;
  }

  /** Ends a line, before which `at` bytes stand. */
  private endLine(at: number): void {
    this.view.setInt16(at, CRLF, true);
    this.at = at + 2;
  }

  private crlf(): void {
    this.room(2);
    this.endLine(this.at);
  }

  /** Latin-1 text as a bulk string. */
  latin1(text: string): void {
    if (text.length > SHORT_BYTES) return this.bulk(bytesOf(text));
    this.header(Mark.bulk, text.length);
    this.line(0, text);
  }

  /** Text up to the end of the line, behind `mark` unless that is 0. */
  private line(mark: number, text: string): void {
    if (text.length > SHORT_BYTES) {
      return this.raw(bytesOf(`${mark === 0 ? '' : String.fromCharCode(mark)}${text}\r\n`));
    }
    this.room(text.length + LONGEST_HEADER_BYTES);
    const { buffer } = this;
    let { at } = this;
    if (mark !== 0) buffer[at++] = mark;
    for (let i = 0; i < text.length; i++) buffer[at++] = text.charCodeAt(i);
    this.endLine(at);
  }

  private room(bytes: number): void {
    if (this.at + bytes > this.capacity) this.makeRoom(bytes);
  }

  /** Makes a small buffer larger; goes on in another one when it is as large as buffers get. */
  private makeRoom(bytes: number): void {
    const wanted = this.at + bytes;
    if (wanted > BUFFER_BYTES) {
      this.capacity = BUFFER_BYTES;
      this.closeBuffer();
      return;
    }
    const { buffer, at } = this;
    this.capacity = Math.min(BUFFER_BYTES, Math.max(wanted, this.capacity * 2));
    this.renewBuffer();
    this.buffer.set(buffer.subarray(this.start, at), this.start);
  }

  private closeBuffer(): void {
    if (this.at > this.start) this.addBuffer();
    if (this.at > 0) this.renewBuffer();
    this.start = 0;
    this.at = 0;
  }

  /** Adds what stands in the buffer as a part, after which the buffer is used again. */
  private addBuffer(): void {
    const { buffer, start, at } = this;
    const bytes = buffer.subarray(start, at);
    // Nobody tells when what was taken from it is written.
    if (start > 0 || this.kept) return this.addPart({ bytes });
    const done = () => {
      const isFull = buffer.length === BUFFER_BYTES;
      if (isFull && this.spare.length < MOST_SPARE) this.spare.push(buffer);
    };
    this.addPart({ bytes, done });
  }

  private renewBuffer(): void {
    const spare = this.capacity === BUFFER_BYTES ? this.spare.pop() : undefined;
    this.buffer = spare ?? Buffer.allocUnsafeSlow(this.capacity);
    this.view = viewOf(this.buffer);
    this.kept = false;
  }

  private dropPart(part: ReplyPart): void {
    this.partBytes -= part.bytes.length;
    if (part.isHeld) this.heldBytes -= part.bytes.length;
    part.done?.();
  }

  private addPart(part: ReplyPart): void {
    if (this.isAbandoned) return part.done?.();
    this.parts.push(part);
    this.partBytes += part.bytes.length;
    this.onLong?.();
  }

  private insert(deferred: Deferred, mark: number, count: number): void {
    const { parts, at } = this;
    if (deferred.parts !== parts.length || at + LONGEST_HEADER_BYTES > this.capacity) {
      return this.insertText(deferred, `${String.fromCharCode(mark)}${count}\r\n`);
    }
    const { buffer } = this;
    const from = this.start + deferred.at;
    const length = integerLength(count) + 3;
    buffer.copyWithin(from + length, from, at);
    buffer[from] = mark;
    this.endLine(writeInteger(count, buffer, from + 1));
    this.at = at + length;
  }

  private insertText(deferred: Deferred, text: string): void {
    if (this.isAbandoned) return;
    const header = bytesOf(text);
    if (deferred.parts === this.parts.length) this.room(header.length);
    if (deferred.parts === this.parts.length) {
      const from = this.start + deferred.at;
      this.buffer.copyWithin(from + header.length, from, this.at);
      this.buffer.set(header, from);
      this.at += header.length;
      return;
    }
    const split = this.parts[deferred.parts] as ReplyPart;
    const before = { bytes: split.bytes.subarray(0, deferred.at) };
    const bytes = split.bytes.subarray(deferred.at);
    // Of two parts of one buffer, neither alone can tell when it is free.
    const after = split.isHeld ? { ...split, bytes } : { bytes };
    this.parts.splice(deferred.parts, 1, before, { bytes: header }, after);
    this.partBytes += header.length;
  }
}
