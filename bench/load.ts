/** Load from valkey-benchmark, the real server's own tool. */
import { spawn } from 'node:child_process';
import { reference } from './servers.js';

/** Numbers, of twelve digits below `keys`, take the place of this: another one in each place. */
export const NUMBER = '__rand_int__';
/** A value of `valueBytes` takes the place of this. */
export const VALUE = '__data__';

export interface Load {
  /** A command and its arguments, in which `NUMBER` and `VALUE` may stand. */
  readonly command: readonly string[];
  readonly requests: number;
  /** Connections at the same time. */
  readonly clients: number;
  /** Requests that a connection sends before it waits for replies. */
  readonly pipeline: number;
  readonly valueBytes: number;
  /** How many different numbers there are. */
  readonly keys: number;
  /** Each number in its turn, rather than by chance: so that all of them are there. */
  readonly sequential?: boolean;
}

/** Puts the load on the server at this port. Resolves to requests per second. */
export async function runLoad(port: number, load: Load): Promise<number> {
  const args = [
    ...['-p', `${port}`, '-n', `${load.requests}`, '-c', `${load.clients}`],
    ...['-P', `${load.pipeline}`, '-d', `${load.valueBytes}`, '-r', `${load.keys}`, '--csv'],
    ...(load.sequential ? ['--sequential'] : []),
    ...['--', ...load.command],
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
  const found = /^".*?","([\d.]+)"/m.exec(output.slice(output.indexOf('\n') + 1));
  if (code === 0 && found) return Number(found[1]);
  const [name] = load.command;
  throw new Error(`Cannot measure ${name}: valkey-benchmark ended with ${code}: ${output}`);
}

/** Fills a server with keys `key:000000000000` and on. */
export async function fill(
  port: number,
  keys: number,
  valueBytes: number,
  clients = 50,
): Promise<void> {
  const shape = { command: SET, clients, pipeline: 16, sequential: true } as const;
  await runLoad(port, { ...shape, requests: keys, keys, valueBytes });
}

export const SET = ['SET', `key:${NUMBER}`, VALUE] as const;
export const GET = ['GET', `key:${NUMBER}`] as const;
