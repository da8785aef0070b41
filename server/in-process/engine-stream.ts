/**
 * A connection without a socket: a Duplex whose other end is the engine.
 *
 * What is written to it is a client's requests, what is read from it the replies, both as bytes. It behaves as a
 * socket does, so that client libraries take it for one: requests are taken in a later round of the event loop,
 * replies that nobody reads wait and count against the client's output limit, `end` lets those on their way
 * arrive, and a connection that the server closes comes to its end here.
 */
import { Duplex } from 'node:stream';
import { SystemClock, type Timer } from '../../datatypes/clock.js';
import { nextTurn } from '../../datatypes/event-loop.js';
import { Decoder, type ReplyValue } from '../../protocol/decoder.js';
import { MAX_CLIENTS } from '../../protocol/refusals.js';
import { type RequestArgument, RequestWriter } from '../../protocol/request-writer.js';
import { type Client, ReplyMode } from '../client.js';
import type { CommandEntry } from '../command-table.js';
import { OWN_ADDRESS, ProcessTransport } from '../process-transport.js';
import type { Server } from '../server.js';

type Callback = (error?: Error | null) => void;

const { queueMicrotask } = globalThis;

/** A command as a client library calls it: each name with an index of its own, from 0 on. */
export interface NamedCommand {
  readonly name: string;
  readonly index: number;
}

export class EngineStream extends Duplex {
  readonly remoteAddress = OWN_ADDRESS;
  readonly remoteFamily = 'IPv4';
  /** It leads to no port. */
  readonly remotePort = 0;
  /** It is connected from the start. */
  readonly connecting = false;

  private readonly server: Server;
  private readonly client: Client | null = null;
  /** Replies that nobody has read yet. */
  private readonly replies: Uint8Array[] = [];
  private repliesBytes = 0;
  /** Whether the reader takes more. */
  private wanted = false;
  private delivering = false;
  /** Whether nothing comes after `replies`. */
  private over = false;
  private told = false;
  /** The commands that were run at once, by their index. */
  private readonly entries: (CommandEntry | undefined)[] = [];
  /** For commands that are run at once; made at the first. */
  private writer: RequestWriter | null = null;
  private readonly decoder = new Decoder({ rounds: true });
  private readonly readReply = (bytes: Buffer, start: number, end: number) => {
    this.decoder.add(bytes, start, end);
    return this.decoder.next() as ReplyValue;
  };
  private readonly idle = new IdleTimer(() => this.emit('timeout'));

  /** @param refused - Why there is no connection: the stream ends with this error. */
  constructor(server: Server, refused: Error | null = null) {
    super({ allowHalfOpen: false, decodeStrings: true });
    this.server = server;
    if (refused !== null) {
      this.destroy(refused);
      return;
    }
    if (server.clients.size >= server.config.values.maxclients) {
      server.stats.rejectedConnections++;
      this.keep(MAX_CLIENTS.bytes);
      this.finish();
      return;
    }
    this.client = server.connect(new StreamTransport(this));
  }

  /** Bytes of replies that nobody has read yet. */
  get unreadBytes(): number {
    return this.repliesBytes;
  }

  /**
   * Runs a command at once and answers its reply in the shapes of RESP2, without any bytes on the stream; undefined,
   * and nothing is done, when it has to go the usual way: what was written before is not answered yet, the command or
   * the client's state is such that there may be other than one reply, or a fault is to meet it.
   */
  runNow(command: NamedCommand, args: readonly RequestArgument[]): ReplyValue | undefined {
    const { client, server } = this;
    if (client === null || this.isBusy || !server.isReadyFor(client) || !repliesOnce(client))
      return;
    const { name, index } = command;
    this.entries[index] ??= server.commands.get(name);
    const entry = this.entries[index];
    if (!entry?.repliesAtOnce) return undefined;
    this.writer ??= new RequestWriter();
    const request = this.writer.writeCommand(name, args);
    this.idle.touch();
    const { resp } = client;
    client.resp = 2;
    const reply = server.ask(client, request, entry, this.readReply);
    client.resp = resp;
    return reply;
  }

  /** Whether bytes are on their way, either way. */
  private get isBusy(): boolean {
    return this.over || this.writableLength > 0 || this.repliesBytes > 0;
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Callback): void {
    this.idle.touch();
    nextTurn(() => {
      this.receive(chunk);
      done();
    });
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Callback): void {
    this.idle.touch();
    nextTurn(() => {
      this.receive(Buffer.concat(chunks.map(({ chunk }) => chunk)));
      done();
    });
  }

  override _final(done: Callback): void {
    if (this.client !== null) this.server.forget(this.client);
    this.finish();
    done();
  }

  override _read(): void {
    this.wanted = true;
    if (this.repliesBytes > 0 || this.over) this.deliverSoon();
  }

  override _destroy(error: Error | null, done: Callback): void {
    if (this.client !== null) this.server.forget(this.client);
    this.replies.length = 0;
    this.repliesBytes = 0;
    this.idle.stop();
    done(error);
  }

  /** Keeps `bytes[start, end)`, replies, for the reader. They may be used again after the call. */
  keep(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (this.destroyed || this.over) return;
    this.replies.push(Buffer.from(bytes.subarray(start, end)));
    this.repliesBytes += end - start;
    this.deliverSoon();
  }

  /** Nothing comes after the replies so far. */
  finish(): void {
    this.over = true;
    this.deliverSoon();
  }

  /** Goes on with requests that waited. */
  resumeRequests(): void {
    if (this.client !== null) this.server.resume(this.client);
  }

  /** As of a socket; here nothing is held back. */
  setNoDelay(): this {
    return this;
  }

  /** As of a socket; here nothing can be lost on the way. */
  setKeepAlive(): this {
    return this;
  }

  /** As of a socket: emits `timeout` when nothing was written or read for so long. ms; 0 for never. */
  setTimeout(timeoutMs: number, listener?: () => void): this {
    this.idle.set(timeoutMs);
    if (listener === undefined) return this;
    return timeoutMs === 0 ? this.off('timeout', listener) : this.once('timeout', listener);
  }

  /** As of a socket; nothing here keeps a process alive. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  private receive(bytes: Uint8Array): void {
    const { client } = this;
    if (client === null || client.closed) return;
    this.server.receive(client, bytes, bytes.length);
    this.deliver();
  }

  /** Readers run outside of the engine's turn: they may write at once. */
  private deliverSoon(): void {
    if (this.delivering) return;
    this.delivering = true;
    queueMicrotask(() => {
      this.delivering = false;
      this.deliver();
    });
  }

  private deliver(): void {
    while (this.wanted && this.replies.length > 0) {
      const bytes = this.replies.length === 1 ? this.replies[0] : Buffer.concat(this.replies);
      this.replies.length = 0;
      this.repliesBytes = 0;
      this.idle.touch();
      this.wanted = this.push(bytes);
    }
    if (!this.over || this.told || this.replies.length > 0) return;
    this.told = true;
    this.push(null);
  }
}

/** Whether a command of this client's is answered by one reply, and nothing else is said to it. */
function repliesOnce(client: Client): boolean {
  if (client.replyMode !== ReplyMode.on || client.transaction?.isOpen) return false;
  return client.subscriptions === null && client.tracking === null;
}

/** Rings when a connection was idle for so long, in real time: the client's patience is not the server's. */
class IdleTimer {
  private readonly clock = new SystemClock();
  private readonly ring: () => void;
  private afterMs = 0;
  private timer: Timer | null = null;

  constructor(ring: () => void) {
    this.ring = ring;
  }

  set(afterMs: number): void {
    this.afterMs = afterMs;
    this.touch();
  }

  touch(): void {
    if (this.afterMs === 0 && this.timer === null) return;
    this.stop();
    if (this.afterMs > 0) this.timer = this.clock.after(this.afterMs, this.ring);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }
}

/** The engine's side of it. */
class StreamTransport extends ProcessTransport {
  private readonly stream: EngineStream;

  constructor(stream: EngineStream) {
    super();
    this.stream = stream;
  }

  override get unsentBytes(): number {
    return this.stream.unreadBytes;
  }

  send(bytes: Uint8Array, start?: number, end?: number): boolean {
    this.stream.keep(bytes, start, end);
    return true;
  }

  destroy(): void {
    this.stream.destroy();
  }

  end(): void {
    this.stream.finish();
  }

  override resume(): void {
    this.stream.resumeRequests();
  }
}
