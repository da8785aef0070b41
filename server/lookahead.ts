/**
 * The requests that stand whole in one read, parsed together before the first of them runs.
 *
 * What a request waits for most is memory: the slot of its key and the entry, somewhere among all keys. When
 * several requests are known, their places are read one after the other without waiting in between, so that
 * the waits overlap; what runs then finds everything at hand. The hash of each key is kept for the command.
 */
import type { Keyspace } from '../datatypes/database.js';
import { type Dict, ReadAhead } from '../datatypes/store/dict.js';
import { Parsed } from '../protocol/parser.js';
import { Request } from '../protocol/request.js';
import type { Client } from './client.js';
import type { CommandEntry, CommandTable } from './command-table.js';

/** Requests parsed at a time. */
const DEPTH = 16;
/** Fewer keys than this are in the processor's cache anyway. */
const WORTH_WARMING = 10_000;

export class Lookahead {
  /** How the last attempt to parse ended: at `DEPTH` requests, it was the last of them. */
  outcome: Parsed = Parsed.needsMore;
  /** Whole requests that were parsed. */
  count = 0;

  private readonly keyspace: Keyspace;
  private readonly commands: CommandTable;
  private readonly requests = Array.from({ length: DEPTH }, () => new Request());
  private readonly entries: (CommandEntry | undefined)[] = new Array(DEPTH).fill(undefined);
  /** Where each request begins and ends. */
  private readonly starts = new Float64Array(DEPTH);
  private readonly ends = new Float64Array(DEPTH);
  /** Which of the `keyed` hashes is the request's; -1 for none. */
  private readonly hashOf = new Int32Array(DEPTH);
  private readonly ahead = new ReadAhead(DEPTH);
  private keyed = 0;
  /** The table that was asked for the keys ahead of time; null when it is not worth it. */
  private asked: Dict | null = null;
  /** The request that was begun and is not whole. */
  private unfinished = 0;

  constructor(keyspace: Keyspace, commands: CommandTable) {
    this.keyspace = keyspace;
    this.commands = commands;
  }

  request(i: number): Request {
    return this.requests[i] as Request;
  }

  /** The command that request `i` names. */
  entry(i: number): CommandEntry | undefined {
    return this.entries[i];
  }

  startOf(i: number): number {
    return this.starts[i] as number;
  }

  endOf(i: number): number {
    return this.ends[i] as number;
  }

  /**
   * Parses whole requests in `bytes[parser.at, end)`, beginning with what the client has unfinished. Before
   * authentication it is one at a time: what is allowed after it depends on its outcome.
   */
  parse(client: Client, bytes: Uint8Array, end: number): void {
    const { parser, limits } = client;
    const depth = limits.authenticated ? DEPTH : 1;
    if (parser.midRequest && client.partial !== null) this.requests[0] = client.partial;
    client.partial = null;
    let count = 0;
    do {
      const request = this.requests[count] as Request;
      this.outcome = parser.parse(bytes, end, request, limits);
      if (this.outcome !== Parsed.complete) break;
      if (request.argc === 0) continue;
      this.starts[count] = parser.requestStart;
      this.ends[count] = parser.at;
      this.entries[count] = this.commands.resolve(request);
      count++;
    } while (count < depth && parser.at < end);
    this.count = count;
    this.unfinished = count;
    if (count > 1) this.warm(client);
    else this.hashOf[0] = -1;
  }

  /** Has the command of request `i`, which runs next, find the hash of its key. */
  focus(i: number): void {
    const hash = this.hashOf[i] as number;
    const { known } = this.keyspace;
    if (hash < 0) {
      known.forget();
      return;
    }
    const request = this.requests[i] as Request;
    const key = (this.entries[i] as CommandEntry).firstKey;
    known.bytes = request.bytes;
    known.start = request.starts[key] as number;
    known.end = request.ends[key] as number;
    known.hash = this.ahead.hashes[hash] as number;
    if (this.asked !== null && this.asked.departures === this.ahead.departures) {
      this.asked.expect(known.hash, this.ahead.refs[hash] as number);
    }
  }

  /** Hands the request that is not whole to the client, to go on with when more bytes come. */
  leaveUnfinished(client: Client): void {
    client.partial = this.request(this.unfinished);
    this.requests[this.unfinished] = new Request();
  }

  /** Hashes the keys and reads their places ahead. */
  private warm(client: Client): void {
    const { keyspace, hashOf } = this;
    const { hashes } = this.ahead;
    const { keys } = client.db;
    this.keyed = 0;
    for (let i = 0; i < this.count; i++) {
      const request = this.requests[i] as Request;
      const key = this.entries[i]?.firstKey ?? 0;
      hashOf[i] = -1;
      if (key === 0 || key >= request.argc) continue;
      const start = request.starts[key] as number;
      keyspace.hash.hashInto(hashes, this.keyed, request.bytes, start, request.ends[key] as number);
      hashOf[i] = this.keyed++;
    }
    this.asked = keys.size > WORTH_WARMING ? keys : null;
    this.asked?.warm(this.ahead, this.keyed);
  }
}
