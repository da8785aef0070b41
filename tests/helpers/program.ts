/** The program as a child process, for tests of its command line. Each gets a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithParent } from './end-with-parent.js';

const MAIN = fileURLToPath(new URL('../../server/main.js', import.meta.url));

/** What is needed of a tap test. */
interface Test {
  teardown(undo: () => unknown): void;
}

/** How a program ended, and what it said until then. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly process: ChildProcess;
  /** Where it was started. */
  readonly directory: string;
  /** All of its standard output so far. */
  stdout(): string;
  /** Resolves when standard output holds `text`; rejects when the program ends before. */
  says(text: string): Promise<void>;
  /** Resolves when the program has ended and its output is closed. */
  ended(): Promise<Ended>;
}

/** A folder that is removed at teardown. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'valkey-ts-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A port that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/**
 * Starts the program in a folder of its own; it is killed at teardown if it still runs.
 *
 * @param input - What it finds on standard input; nothing at all by default.
 * @param node - Options for Node itself.
 */
export function startProgram(
  t: Test,
  args: readonly string[],
  input?: string,
  node: readonly string[] = [],
): Program {
  const directory = temporaryFolder(t);
  const words = [...node, MAIN, ...args];
  const child = spawn(process.execPath, words, { cwd: directory, stdio: 'pipe' });
  endWithParent(child);
  child.stdin.end(input ?? '');
  const listeners = new Set<() => void>();
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (stdout.includes(text)) resolve();
      };
      listeners.add(look);
      look();
      void ended.then(({ code }) =>
        reject(new Error(`It ended with ${code} and never said "${text}":\n${stdout}${stderr}`)),
      );
    });
  return { process: child, directory, stdout: () => stdout, says, ended: () => ended };
}
