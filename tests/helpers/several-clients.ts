/** Several clients talking to one server, step by step: what each of them is sent after each step. */
import { once } from 'node:events';
import net from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { encodeRequest } from './wire.js';

/** Who asks, by number from 0, and the request, one character a byte; `{id:2}` stands for the ID of client 2. */
export type Step = readonly [client: number, ...words: string[]];

/** So often a client that was not answered is looked at. */
const MOST_LOOKS = 200;

const toBytes = (words: readonly string[]) => words.map((word) => Buffer.from(word, 'latin1'));

/** One connection, and what came on it, one character a byte. */
class Speaker {
  id = '';
  /** Whether something was said that was not answered. */
  isWaiting = false;
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
    this.isWaiting = true;
    if (this.socket.writable) this.socket.write(encodeRequest(toBytes(words)));
  }

  /** Says something that is answered at once. */
  async ask(words: readonly string[]): Promise<string> {
    const answered = once(this.socket, 'data');
    this.say(words);
    await answered;
    return this.take();
  }

  get hasNews(): boolean {
    return this.heard !== '';
  }

  take(): string {
    const { heard } = this;
    if (heard !== '') this.isWaiting = false;
    this.heard = '';
    return heard;
  }
}

/** What became of steps. */
export interface Played {
  /** Those that were taken. */
  readonly steps: Step[];
  /** For each of them, what each client was sent. */
  readonly heard: string[];
}

/**
 * Has clients send requests, which may have to wait, one step after the other. The clients quit in the end,
 * blocked or not.
 *
 * @param goesAhead - Whether a client that still waits for an answer is to send this request nevertheless; by
 * default, all do.
 */
export async function playSteps(
  port: number,
  clients: number,
  steps: readonly Step[],
  speaksResp3: (client: number) => boolean = () => false,
  goesAhead: () => boolean = () => true,
): Promise<Played> {
  const speakers: Speaker[] = [];
  for (let i = 0; i < clients; i++) speakers.push(await Speaker.connect(port));
  const last = await Speaker.connect(port);
  for (const [i, speaker] of speakers.entries()) {
    if (speaksResp3(i)) await speaker.ask(['HELLO', '3']);
  }
  const played: Played = { steps: [], heard: [] };
  for (const step of steps) {
    const [who, ...words] = step;
    const speaker = speakers[who] as Speaker;
    if (speaker.isWaiting && !goesAhead()) continue;
    speaker.say(
      words.map((word) => word.replace(/\{id:(\d+)\}/g, (_, i) => speakers[i]?.id ?? '0')),
    );
    await settled(speaker, last);
    const news = speakers.map((one, i) => [i, one.take()] as const);
    const shown = news.filter(([, text]) => text !== '').map(([i, text]) => `${i}: ${text}`);
    played.steps.push(step);
    played.heard.push(`${who} ${words.join(' ')} => ${shown.join(' ')}`);
  }
  for (const { socket } of [...speakers, last]) {
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
  }
  return played;
}

/** Until a request was answered, or is known to wait; and all that it brought anybody is here. */
async function settled(speaker: Speaker, last: Speaker): Promise<void> {
  for (let i = 0; i < MOST_LOOKS; i++) {
    // When another client was answered after that, all that was sent before is here too.
    const line = await last.ask(['CLIENT', 'LIST', 'ID', speaker.id]);
    await setImmediate();
    if (speaker.hasNews || / flags=\w*b/.test(line) || !line.includes('id=')) break;
  }
  await last.ask(['PING']);
  await setImmediate();
}
