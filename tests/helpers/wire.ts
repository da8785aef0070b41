/**
 * A RESP client for tests that hands back replies as the raw bytes they came in.
 *
 * Tests that compare two servers must see every byte, so nothing is decoded here: `replyEnd` only
 * finds where one reply ends, in RESP2 and RESP3. Requests go out as arrays of bulk strings.
 */
import net from 'node:net';

type Argument = string | Uint8Array;

const CR = 0x0d;

/** Where the header line that starts at `at` ends (offset after CRLF), or -1 while it is incomplete. */
function lineEnd(bytes: Buffer, at: number): number {
  const cr = bytes.indexOf(CR, at);
  return cr === -1 || cr + 1 >= bytes.length ? -1 : cr + 2;
}

/** Skips `count` replies from `at` on; -1 while one of them is incomplete. */
function skipReplies(bytes: Buffer, at: number, count: number): number {
  let next = at;
  for (let i = 0; i < count && next !== -1; i++) next = replyEnd(bytes, next);
  return next;
}

/**
 * Finds the end of the reply that starts at byte `at`.
 *
 * An attribute (`|`) belongs to the reply after it, so both are taken together.
 *
 * @returns The offset after the reply, or -1 when more bytes are needed.
 * @throws {SyntaxError} When the first byte is no RESP type.
 */
export function replyEnd(bytes: Buffer, at: number): number {
  if (at >= bytes.length) return -1;
  const type = String.fromCharCode(bytes[at] ?? 0);
  const next = lineEnd(bytes, at);
  if (next === -1) return -1;
  const count = () => Math.max(Number(bytes.toString('latin1', at + 1, next - 2)), 0);
  switch (type) {
    case '+':
    case '-':
    case ':':
    case ',':
    case '#':
    case '(':
    case '_':
      return next;
    case '$':
    case '=':
    case '!': {
      if (bytes[at + 1] === 0x2d) return next; // $-1 has no body
      const end = next + count() + 2;
      return end <= bytes.length ? end : -1;
    }
    case '*':
    case '~':
    case '>':
      return skipReplies(bytes, next, count());
    case '%':
      return skipReplies(bytes, next, 2 * count());
    case '|':
      return skipReplies(bytes, next, 2 * count() + 1);
    default:
      throw new SyntaxError(
        `Cannot split replies: no RESP type starts with ${JSON.stringify(type)}`,
      );
  }
}

/** The bytes of one request: an array of bulk strings; strings travel as UTF-8. */
export function encodeRequest(args: readonly Argument[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === 'string' ? Buffer.from(arg) : arg;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

interface Waiter {
  resolve(reply: Buffer): void;
  reject(error: Error): void;
}

/** One connection; replies are matched to requests in order. */
export class WireConnection {
  readonly socket: net.Socket;
  /** Push messages, and replies no request waits for, oldest first; `nextPush` takes from here. */
  readonly pushes: Buffer[] = [];
  private readonly replyWaiters: Waiter[] = [];
  private readonly pushWaiters: Waiter[] = [];
  private received: Buffer = Buffer.alloc(0);
  private chunks: Buffer[] = [];
  private chunkBytes = 0;
  private closedBy: Error | null = null;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('The server closed the connection')));
  }

  /** Sends one request; resolves with the raw bytes of its reply. */
  send(args: readonly Argument[]): Promise<Buffer> {
    return this.sendRaw(encodeRequest(args), 1).then(([reply]) => reply as Buffer);
  }

  /** Sends all requests in one write; resolves with their raw replies, in order. */
  pipeline(list: readonly (readonly Argument[])[]): Promise<Buffer[]> {
    return this.sendRaw(Buffer.concat(list.map(encodeRequest)), list.length);
  }

  /** Writes bytes as they are (inline commands, broken requests) and awaits `replies` replies. */
  sendRaw(bytes: Uint8Array | string, replies: number): Promise<Buffer[]> {
    const waits = Array.from({ length: replies }, () => this.wait(this.replyWaiters));
    this.socket.write(bytes);
    return Promise.all(waits);
  }

  /** The next push message (RESP3), or the next reply that answers no request (RESP2 pub/sub). */
  nextPush(): Promise<Buffer> {
    const ready = this.pushes.shift();
    return ready ? Promise.resolve(ready) : this.wait(this.pushWaiters);
  }

  /** Resolves once the server has closed this connection. */
  closed(): Promise<void> {
    if (this.closedBy) return Promise.resolve();
    return new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** Ends the connection at once. */
  close(): void {
    this.socket.destroy();
  }

  private wait(queue: Waiter[]): Promise<Buffer> {
    if (this.closedBy) return Promise.reject(this.closedBy);
    return new Promise((resolve, reject) => queue.push({ resolve, reject }));
  }

  private receive(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.chunkBytes += chunk.length;
    if (this.chunkBytes < this.missingBytes()) return;
    this.received = Buffer.concat([this.received, ...this.chunks]);
    this.chunks = [];
    this.chunkBytes = 0;
    let at = 0;
    for (let end = this.next(at); end !== -1; end = this.next(at)) {
      this.deliver(Buffer.from(this.received.subarray(at, end)));
      at = end;
    }
    this.received = this.received.subarray(at);
  }

  /** What a lone bulk string still lacks, in bytes: a value of megabytes is then joined only once. */
  private missingBytes(): number {
    if (this.received[0] !== 0x24) return 0;
    const bodyAt = lineEnd(this.received, 0);
    if (bodyAt === -1) return 0;
    const length = Number(this.received.toString('latin1', 1, bodyAt - 2));
    return bodyAt + length + 2 - this.received.length;
  }

  private next(at: number): number {
    try {
      return replyEnd(this.received, at);
    } catch (error) {
      this.fail(error as Error);
      this.close();
      return -1;
    }
  }

  private deliver(reply: Buffer): void {
    const isPush = reply[0] === 0x3e;
    const waiter = isPush ? this.pushWaiters.shift() : this.replyWaiters.shift();
    const late = waiter ?? this.pushWaiters.shift();
    if (late) late.resolve(reply);
    else this.pushes.push(reply);
  }

  private fail(error: Error): void {
    this.closedBy ??= error;
    for (const waiter of this.replyWaiters.splice(0)) waiter.reject(this.closedBy);
    for (const waiter of this.pushWaiters.splice(0)) waiter.reject(this.closedBy);
  }
}

/** Connects to a TCP port of this machine (a number) or to a Unix socket (its path). */
export function connect(target: number | string): Promise<WireConnection> {
  return new Promise((resolve, reject) => {
    const options =
      typeof target === 'number' ? { host: '127.0.0.1', port: target } : { path: target };
    const socket = net.createConnection(options);
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new WireConnection(socket));
    });
  });
}
