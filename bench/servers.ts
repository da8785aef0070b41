/** The two servers that are compared: child processes on ports of their own, without persistence. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findReference, type Reference } from '../tests/helpers/reference.js';
import { connect } from '../tests/helpers/wire.js';

const MAIN = fileURLToPath(new URL('../bundle/main.js', import.meta.url));
const TURN_WATCH = new URL('turn-watch.js', import.meta.url).href;

/** Linux counts the time of processes in hundredths of a second. */
const MICROSECONDS_PER_TICK = 10_000;

/** How a server is started. */
export interface Contestant {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Whether it tells how long the turns of its event loop take. */
  readonly isWatched?: boolean;
}

/** The real server's programs. Throws when they are not on this machine. */
export function reference(): Reference {
  const found = findReference();
  if (found) return found;
  throw new Error(
    'Cannot compare: the real server must be on PATH, or in the bin folder of $VALKEY_REFERENCE: it is in neither',
  );
}

/** Ours, then the real one. */
export function contestants(): readonly [Contestant, Contestant] {
  return [
    { name: 'valkey-ts', command: [process.execPath, MAIN] },
    { name: 'Valkey', command: [reference().server] },
  ];
}

/** Ours, which tells how long its turns take; then the real one. */
export function watchedContestants(): readonly [Contestant, Contestant] {
  const [ours, real] = contestants();
  const [program, ...args] = ours.command;
  const command = [program, '--import', TURN_WATCH, ...args] as const;
  return [{ name: ours.name, command, isWatched: true }, real];
}

/** A running server, and what the system knows of its process. */
export class MeasuredServer {
  readonly name: string;
  readonly port: number;
  private readonly child: ChildProcess;

  private constructor(name: string, port: number, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.child = child;
  }

  /** Resolves when the server accepts connections. @param more - Further settings for it. */
  static async start(
    { name, command }: Contestant,
    more: readonly string[] = [],
  ): Promise<MeasuredServer> {
    const [program, ...args] = command;
    const port = await freePort();
    const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir()];
    const child = spawn(program, [...args, ...settings, ...more], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) =>
        reject(new Error(`Cannot start ${name}: it ended with ${code}`)),
      );
      let log = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (log.includes('Ready to accept connections')) resolve();
      });
    });
    return new MeasuredServer(name, port, child);
  }

  /** The longest turn of the event loop since this was asked last, in ms; only of one that is watched. */
  longestTurnMs(): Promise<number> {
    return new Promise((resolve) => {
      this.child.once('message', (longestMs) => resolve(Number(longestMs)));
      this.child.send('longest');
    });
  }

  /** Processor time used so far, all threads, in microseconds. */
  cpuMicros(): number {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'latin1');
    // The fields behind the program's name, which may hold blanks: utime and stime are the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
  }

  /** Memory of the process that is in RAM, in bytes. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'latin1');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  /** A number that INFO tells; null when it does not. */
  async info(section: string, field: string): Promise<number | null> {
    const wire = await connect(this.port);
    const reply = `${await wire.send(['INFO', section])}`;
    wire.close();
    const found = new RegExp(`^${field}:(\\d+)`, 'm').exec(reply);
    return found ? Number(found[1]) : null;
  }

  /** Ends the process, whatever it is doing. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.child.once('exit', () => resolve());
      this.child.kill('SIGKILL');
    });
  }
}

/**
 * Starts both, runs `work` with them, and stops them whatever happens.
 *
 * @param settings - Further settings for each server: asked for once a server.
 */
export async function withBoth<T>(
  work: (ours: MeasuredServer, real: MeasuredServer) => Promise<T>,
  settings: () => readonly string[] = () => [],
): Promise<T> {
  const [first, second] = contestants();
  const ours = await MeasuredServer.start(first, settings());
  try {
    const real = await MeasuredServer.start(second, settings());
    try {
      return await work(ours, real);
    } finally {
      await real.stop();
    }
  } finally {
    await ours.stop();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
