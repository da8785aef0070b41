/** A session of the debugger: what a client says, and all that it hears. */
import { once } from 'node:events';
import net from 'node:net';
import { encodeRequest } from './wire.js';

export interface DebuggerSession {
  readonly name: string;
  /** `yes` or `sync`. */
  readonly mode: 'yes' | 'sync';
  /** Requests before SCRIPT DEBUG. */
  readonly before: readonly (readonly string[])[];
  /** The request that begins the session: EVAL or the like, with its arguments. */
  readonly begin: readonly string[];
  /** Commands of the debugger, each parted by blanks; an array is one of words as they are. */
  readonly says: readonly (string | readonly string[])[];
}

/** What a client hears after each request; one character a byte, addresses left out. */
export async function hold(port: number, session: DebuggerSession): Promise<string[]> {
  const line = await Line.open(port);
  const heard: string[] = [];
  try {
    for (const words of session.before) await line.ask(words);
    await line.ask(['FLUSHALL']);
    await line.ask(['SCRIPT', 'DEBUG', session.mode]);
    heard.push(await line.ask(session.begin));
    for (const said of session.says) {
      if (line.isClosed) break;
      heard.push(await line.ask(typeof said === 'string' ? said.split(' ') : said));
    }
  } finally {
    line.close();
  }
  return heard.map((text) => text.replace(/0x[0-9a-f]{4,}/g, '0x...'));
}

/** A connection that knows when an answer is whole: a status, an array of them, or all until it closes. */
class Line {
  isClosed = false;
  private heard = '';
  private readonly socket: net.Socket;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.heard += bytes.toString('latin1');
      socket.emit('heard');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      socket.emit('heard');
    });
  }

  static async open(port: number): Promise<Line> {
    const socket = net.createConnection(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Line(socket);
  }

  async ask(words: readonly string[]): Promise<string> {
    this.socket.write(encodeRequest(words.map((word) => Buffer.from(word, 'latin1'))));
    while (!this.isClosed && !isWhole(this.heard)) await once(this.socket, 'heard');
    const { heard } = this;
    this.heard = '';
    return heard;
  }

  close(): void {
    this.socket.destroy();
  }
}

function isWhole(heard: string): boolean {
  const lines = heard.split('\r\n');
  if (lines.length < 2 || lines.includes('+<endsession>')) return false;
  const [first = ''] = lines;
  return !first.startsWith('*') || lines.length > Number(first.slice(1)) + 1;
}
