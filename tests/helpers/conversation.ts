/** Several clients talking to one server, step by step: all that each of them is sent. */
import { once } from 'node:events';
import net from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { encodeRequest } from './wire.js';

/** Who asks, by number from 0, and the request; one character a byte. */
export type Step = readonly [client: number, ...words: string[]];

/**
 * Has clients send requests, each after the last one was answered, and quit in the end. So every request
 * must bring its client something.
 *
 * @returns What each client was sent, one character a byte.
 */
export async function converse(port: number, steps: readonly Step[]): Promise<string[]> {
  const count = 1 + Math.max(...steps.map(([who]) => who));
  const speakers = await Promise.all(Array.from({ length: count }, () => Speaker.connect(port)));
  const last = await Speaker.connect(port);
  for (const [who, ...words] of steps) {
    await (speakers[who] as Speaker).ask(words);
    // When another client was answered after that, all that this request brought anybody is here too.
    await last.ask(['PING']);
    await setImmediate();
  }
  await last.quit();
  for (const speaker of speakers) await speaker.quit();
  return speakers.map(({ heard }) => heard);
}

class Speaker {
  heard = '';
  private readonly socket: net.Socket;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.heard += bytes.toString('latin1');
    });
  }

  static async connect(port: number): Promise<Speaker> {
    const socket = net.createConnection(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Speaker(socket);
  }

  async ask(words: readonly string[]): Promise<void> {
    const answered = once(this.socket, 'data');
    this.socket.write(encodeRequest(words.map((word) => Buffer.from(word, 'latin1'))));
    await answered;
  }

  async quit(): Promise<void> {
    const ended = once(this.socket, 'close');
    this.socket.write(encodeRequest(['QUIT']));
    await ended;
  }
}
