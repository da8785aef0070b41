/** A client inside the process: the same road as a socket's, but replies come back as values. */
import { Decoder, Push, ReplyError, type ReplyValue } from '../protocol/decoder.js';
import { encodeRequest, type RequestArgument, RequestWriter } from '../protocol/request-writer.js';
import { DEFAULT_USER } from './authentication.js';
import type { Client } from './client.js';
import { ProcessTransport } from './process-transport.js';
import type { Server } from './server.js';

const { queueMicrotask } = globalThis;

interface Waiting {
  resolve(value: ReplyValue): void;
  reject(error: Error): void;
}

/** First words of messages that answer a command. */
const ANSWERS: ReadonlySet<string> = new Set([
  ...['subscribe', 'psubscribe', 'ssubscribe'],
  ...['unsubscribe', 'punsubscribe', 'sunsubscribe'],
]);
/** First words of messages that answer nothing. */
const MESSAGES: ReadonlySet<string> = new Set(['message', 'pmessage', 'smessage']);

export class LocalConnection extends ProcessTransport {
  /** Told of pushes: messages, invalidations. */
  onPush: (values: ReplyValue[]) => void = () => {};

  private readonly server: Server;
  private readonly client: Client;
  private readonly writer = new RequestWriter();
  private readonly decoder = new Decoder();
  private readonly waiting: Waiting[] = [];

  constructor(server: Server) {
    super();
    this.server = server;
    this.client = server.connect(this);
    server.authentication.admit(this.client, DEFAULT_USER);
  }

  /**
   * Runs one command; an error reply is a rejection with a ReplyError. A command that waits (BLPOP) has those
   * that come after it wait too.
   */
  call(...args: readonly RequestArgument[]): Promise<ReplyValue> {
    const reply = new Promise<ReplyValue>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
    const { client, server } = this;
    if (server.isReadyFor(client)) server.run(client, this.writer.write(args));
    else this.receive(encodeRequest(args));
    return reply;
  }

  private receive(bytes: Uint8Array): void {
    // Who is told of something while a request runs may call at once: it is the next one.
    if (this.server.isServing) queueMicrotask(() => this.receive(bytes));
    else if (this.client.closed) this.giveUp();
    else this.server.receive(this.client, bytes, bytes.length);
  }

  send(bytes: Uint8Array, start?: number, end?: number): boolean {
    this.decoder.add(bytes, start, end);
    this.deliver();
    return true;
  }

  end(): void {
    this.server.forget(this.client);
    this.giveUp();
  }

  destroy(): void {
    this.giveUp();
  }

  /** Closes the connection: calls that wait are rejected. */
  close(): void {
    this.server.closeNow(this.client);
  }

  override resume(): void {
    this.server.resume(this.client);
  }

  private deliver(): void {
    for (let value = this.decoder.next(); value !== undefined; value = this.decoder.next()) {
      const pushed = this.pushedValues(value);
      if (pushed !== null) this.onPush(pushed);
      else this.answer(value instanceof Push ? value.values : value);
    }
  }

  private answer(value: ReplyValue | ReplyError): void {
    const waiting = this.waiting.shift();
    if (value instanceof ReplyError) waiting?.reject(value);
    else waiting?.resolve(value);
  }

  /** What nobody asked for; null for a reply. SUBSCRIBE is answered by the first of its messages. */
  private pushedValues(value: ReplyValue | Push): ReplyValue[] | null {
    if (value instanceof Push) {
      const isAnswer = this.waiting.length > 0 && ANSWERS.has(String(value.values[0]));
      return isAnswer ? null : value.values;
    }
    const { resp, subscriptions } = this.client;
    if (resp !== 2 || subscriptions === null || !Array.isArray(value)) return null;
    return this.waiting.length === 0 || MESSAGES.has(String(value[0])) ? value : null;
  }

  private giveUp(): void {
    for (const { reject } of this.waiting.splice(0)) reject(new Error('Connection is closed'));
  }
}
