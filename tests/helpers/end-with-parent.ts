/** Child processes that do not outlive the process of their test, even when that is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Has a child killed as soon as this process ends, however it ends: a shell waits for the end of a pipe that
 * only this process holds. The shell ends with the child.
 */
export function endWithParent(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const watcher = spawn('/bin/sh', ['-c', 'read line; kill -9 "$0"', `${child.pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Whoever interrupts the test from its terminal does not interrupt this.
    detached: true,
  });
  watcher.once('error', () => {});
  watcher.unref();
  (watcher.stdin as Socket).unref();
  child.once('exit', () => watcher.kill('SIGKILL'));
}
