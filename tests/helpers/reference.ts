/**
 * The real server, for tests that compare with it: where it is, and a private instance of it.
 *
 * Its programs are looked for in `$VALKEY_REFERENCE/bin`, then along PATH. A test that needs them
 * calls `needReference(t)`, which skips the test, and says so, when they are not there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { endWithParent } from './end-with-parent.js';
import { connect, type WireConnection } from './wire.js';

/** Paths of the real server's programs. */
export interface Reference {
  readonly server: string;
  readonly cli: string;
  readonly benchmark: string;
}

/** A running private instance. */
export interface RunningReference {
  readonly port: number;
  readonly directory: string;
  readonly process: ChildProcess;
  /** A connection that is closed at teardown. */
  readonly wire: WireConnection;
  /** Another connection, also closed at teardown. */
  connect(): Promise<WireConnection>;
}

/** What `startReference` needs of a tap test. */
interface Test {
  teardown(undo: () => unknown): void;
  plan(count: number, comment?: string): void;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Finds the real server's programs, or gives null when one of them is missing. */
export function findReference(): Reference | null {
  const own = process.env.VALKEY_REFERENCE;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  if (own) folders.unshift(join(own, 'bin'));
  for (const folder of folders) {
    const found = {
      server: join(folder, 'valkey-server'),
      cli: join(folder, 'valkey-cli'),
      benchmark: join(folder, 'valkey-benchmark'),
    };
    if (Object.values(found).every(isExecutable)) return found;
  }
  return null;
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

/** Resolves when the child has said it accepts connections; rejects when it ends before. */
function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (text: string) => {
      log = (log + text).slice(-20_000);
      if (log.includes('Ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The real server ended with ${code}:\n${log}`)));
  });
}

function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/**
 * Starts a private real server: a free port, no persistence, a temporary directory.
 *
 * @param args - More command-line options, e.g. `['--cluster-enabled', 'yes']`.
 * @throws {Error} When the programs are missing or the server does not come up.
 */
export async function startReference(
  t: Test,
  args: readonly string[] = [],
): Promise<RunningReference> {
  const found = findReference();
  if (!found) throw new Error('Cannot start the real server: its programs are not on this machine');
  const directory = mkdtempSync(join(tmpdir(), 'reference-'));
  const port = await freePort();
  const base = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory];
  const quiet = ['--save', '', '--appendonly', 'no', '--enable-debug-command', 'yes'];
  const child = spawn(found.server, [...base, ...quiet, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  endWithParent(child);
  const connections: WireConnection[] = [];
  t.teardown(async () => {
    for (const connection of connections) connection.close();
    await endProcess(child);
    rmSync(directory, { recursive: true, force: true });
  });
  await untilReady(child);
  const open = async () => {
    const connection = await connect(port);
    connections.push(connection);
    return connection;
  };
  return { port, directory, process: child, wire: await open(), connect: open };
}

/** `startReference`, or null after skipping the test because the programs are missing. */
export async function needReference(
  t: Test,
  args: readonly string[] = [],
): Promise<RunningReference | null> {
  if (findReference()) return startReference(t, args);
  t.plan(0, 'SKIPPED: the real server is not on this machine: set VALKEY_REFERENCE to its folder');
  return null;
}
