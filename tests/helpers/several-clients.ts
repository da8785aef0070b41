/** Several clients talking to one server, step by step: what each of them is sent after each step. */
import { once } from 'node:events';
import net from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { encodeRequest } from './wire.js';

/** Who asks, by number from 0, and the request, one character a byte; `{id:2}` stands for the ID of client 2. */
export type Step = readonly [client: number, ...words: string[]];

/** Who of the clients speaks version 3. */
export type SpeaksResp3 = (client: number) => boolean;

const toBytes = (words: readonly string[]) => words.map((word) => Buffer.from(word, 'latin1'));

/** One connection, and what came on it, one character a byte. */
class Speaker {
  id = '';
  private heard = '';
  readonly socket: net.Socket;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.heard += bytes.toString('latin1');
    });
    socket.on('close', () => {
      this.heard += '(closed)';
    });
    socket.on('error', () => {});
  }

  static async connect(port: number): Promise<Speaker> {
    const socket = net.createConnection(port, '127.0.0.1');
    await once(socket, 'connect');
    const speaker = new Speaker(socket);
    speaker.id = (await speaker.ask(['CLIENT', 'ID'])).slice(1, -2);
    return speaker;
  }

  say(words: readonly string[]): void {
    if (this.socket.writable) this.socket.write(encodeRequest(toBytes(words)));
  }

  /** Says something that is answered at once. */
  async ask(words: readonly string[]): Promise<string> {
    const answered = once(this.socket, 'data');
    this.say(words);
    await answered;
    return this.take();
  }

  take(): string {
    const { heard } = this;
    this.heard = '';
    return heard;
  }
}

/**
 * Has clients send requests, which may have to wait, one step after the other.
 *
 * @returns For each step what each client was sent, `client: bytes`; the clients quit in the end, blocked or not.
 */
export async function playSteps(
  port: number,
  clients: number,
  steps: readonly Step[],
  speaksResp3: SpeaksResp3 = () => false,
): Promise<string[]> {
  const speakers: Speaker[] = [];
  for (let i = 0; i < clients; i++) speakers.push(await Speaker.connect(port));
  const last = await Speaker.connect(port);
  for (const [i, speaker] of speakers.entries()) {
    if (speaksResp3(i)) await speaker.ask(['HELLO', '3']);
  }
  const idOf = (_: string, who: string) => speakers[Number(who)]?.id ?? '0';
  const heard: string[] = [];
  for (const [who, ...words] of steps) {
    speakers[who]?.say(words.map((word) => word.replace(/\{id:(\d+)\}/g, idOf)));
    // When another client was answered after that, all that this request brought anybody is here too.
    for (let i = 0; i < 2; i++) await last.ask(['PING']);
    await setImmediate();
    const news = speakers.map((speaker, i) => [i, speaker.take()] as const);
    const shown = news.filter(([, text]) => text !== '').map(([i, text]) => `${i}: ${text}`);
    heard.push(`${who} ${words.join(' ')} => ${shown.join(' ')}`);
  }
  for (const { socket } of [...speakers, last]) {
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
  }
  return heard;
}
