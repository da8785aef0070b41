/** Load from valkey-benchmark, the real server's own tool. */
import { spawn } from 'node:child_process';
import { reference } from './servers.js';

export interface Load {
  readonly command: 'set' | 'get';
  readonly requests: number;
  /** Connections at the same time. */
  readonly clients: number;
  /** Requests that a connection sends before it waits for replies. */
  readonly pipeline: number;
  readonly valueBytes: number;
  /** Keys are `key:` and 12 digits: this many different ones. */
  readonly keys: number;
  /** Each key in its turn, rather than by chance: so that all of them are there. */
  readonly sequential?: boolean;
}

/** Puts the load on the server at this port. Resolves to requests per second. */
export async function runLoad(port: number, load: Load): Promise<number> {
  const args = [
    ...['-p', `${port}`, '-t', load.command, '-n', `${load.requests}`, '-c', `${load.clients}`],
    ...['-P', `${load.pipeline}`, '-d', `${load.valueBytes}`, '-r', `${load.keys}`, '--csv'],
    ...(load.sequential ? ['--sequential'] : []),
  ];
  const child = spawn(reference().benchmark, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const found = new RegExp(`^"${load.command}","([\\d.]+)"`, 'im').exec(output);
  if (code === 0 && found) return Number(found[1]);
  throw new Error(`Cannot measure ${load.command}: valkey-benchmark ended with ${code}: ${output}`);
}

/** Fills a server with keys `key:000000000000` and on. */
export async function fill(
  port: number,
  keys: number,
  valueBytes: number,
  clients = 50,
): Promise<void> {
  const shape = { command: 'set', clients, pipeline: 16, sequential: true } as const;
  await runLoad(port, { ...shape, requests: keys, keys, valueBytes });
}
