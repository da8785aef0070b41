/**
 * What goes to the append-only file and to replicas: the requests that changed data, or others in their place.
 *
 * All that belongs to one unit (a command, a transaction, a script) is gathered in RESP and handed on when the
 * unit ends; several requests of one unit stand between MULTI and EXEC, so that whoever reads them runs all
 * of them or none.
 */
import { GrowingBytes } from '../protocol/growing-bytes.js';
import type { Request } from '../protocol/request.js';

/** Who is to get a request, one bit each. */
export const Destination = { appendOnlyFile: 1, replicas: 2, all: 3 } as const;

/** A place that requests go to. */
export interface PropagationSink {
  /** One of `Destination`. */
  readonly destination: number;
  /**
   * Takes in `bytes[start, end)`: one request in RESP, or several that belong to the same database. The bytes
   * hold for this call only.
   *
   * @param database - The number of the database it is for; -1 for MULTI and EXEC, which are for any.
   */
  write(database: number, bytes: Uint8Array, start: number, end: number): void;
}

/** A request gathered: where its bytes stand, and whose it is. */
interface Gathered {
  database: number;
  destinations: number;
  start: number;
  end: number;
}

const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n');
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n');
const SMALLEST_BUFFER_BYTES = 4096;
const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const LINE_END_BYTES = 2;

export class Propagation {
  private readonly sinks: PropagationSink[] = [];
  /** Destinations that some sink has. */
  private wanted = 0;
  private readonly buffer = new GrowingBytes(SMALLEST_BUFFER_BYTES);
  private readonly gathered: Gathered[] = [];
  private count = 0;

  /** Whether anything is to be handed on. */
  get isPending(): boolean {
    return this.count > 0;
  }

  /** Whether there is any sink. */
  get isWanted(): boolean {
    return this.sinks.length > 0;
  }

  add(sink: PropagationSink): void {
    this.sinks.push(sink);
    this.wanted |= sink.destination;
  }

  remove(sink: PropagationSink): void {
    const at = this.sinks.indexOf(sink);
    if (at !== -1) this.sinks.splice(at, 1);
    this.wanted = this.sinks.reduce((bits, one) => bits | one.destination, 0);
  }

  /** Gathers a request as a client sent it. */
  gather(database: number, request: Request, destinations: number = Destination.all): void {
    if ((destinations & this.wanted) === 0) return;
    const { argc, bytes, starts, ends, wireStart } = request;
    const { buffer } = this;
    const start = buffer.used;
    if (wireStart >= 0) {
      buffer.copy(bytes, wireStart, (ends[argc - 1] as number) + LINE_END_BYTES);
      return this.note(database, destinations, start);
    }
    this.writeHeader(STAR, argc);
    for (let i = 0; i < argc; i++) {
      const from = starts[i] as number;
      const to = ends[i] as number;
      this.writeHeader(DOLLAR, to - from);
      buffer.copy(bytes, from, to);
      this.endLine();
    }
    this.note(database, destinations, start);
  }

  /** Gathers a request made up; strings are Latin-1. */
  gatherWords(
    database: number,
    words: readonly (string | Uint8Array)[],
    destinations: number = Destination.all,
  ): void {
    if ((destinations & this.wanted) === 0) return;
    const { buffer } = this;
    const start = buffer.used;
    this.writeHeader(STAR, words.length);
    for (const word of words) {
      this.writeHeader(DOLLAR, word.length);
      if (typeof word === 'string') buffer.text(word);
      else buffer.copy(word, 0, word.length);
      this.endLine();
    }
    this.note(database, destinations, start);
  }

  /** The unit ended: hands on what was gathered. */
  settle(): void {
    const { count } = this;
    this.count = 0;
    for (const sink of this.sinks) this.handOn(sink, count);
    this.buffer.empty();
  }

  private handOn(sink: PropagationSink, count: number): void {
    const { gathered, buffer } = this;
    let meant = 0;
    for (let i = 0; i < count; i++) {
      if (((gathered[i] as Gathered).destinations & sink.destination) !== 0) meant++;
    }
    if (meant > 1) sink.write(-1, MULTI, 0, MULTI.length);
    for (let i = 0; i < count; i++) {
      const { database, destinations, start, end } = gathered[i] as Gathered;
      if ((destinations & sink.destination) !== 0) sink.write(database, buffer.bytes, start, end);
    }
    if (meant > 1) sink.write(-1, EXEC, 0, EXEC.length);
  }

  private note(database: number, destinations: number, start: number): void {
    const one = this.gathered[this.count];
    const end = this.buffer.used;
    if (one === undefined) {
      this.gathered.push({ database, destinations, start, end });
    } else {
      one.database = database;
      one.destinations = destinations;
      one.start = start;
      one.end = end;
    }
    this.count++;
  }

  private writeHeader(kind: number, count: number): void {
    this.buffer.byte(kind);
    this.buffer.integer(count);
    this.endLine();
  }

  private endLine(): void {
    this.buffer.byte(CR);
    this.buffer.byte(LF);
  }
}
