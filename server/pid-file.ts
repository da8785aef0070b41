/** The file that tells the process id: for those who stop or watch a server in the background. */
import { rmSync, writeFileSync } from 'node:fs';
import { systemErrorText } from './config-table/system-error.js';
import type { ConfigValues } from './config-table.js';
import type { Log } from './server.js';

const USUAL_PATH = '/var/run/valkey.pid';

/** Where the file belongs: as set; by default only a server in the background has one. */
export function pidFilePath({ pidfile, daemonize }: ConfigValues): string | undefined {
  if (pidfile !== '') return pidfile;
  return daemonize ? USUAL_PATH : undefined;
}

/** Writes the file. That it cannot is logged, and no reason not to start. */
export function writePidFile(path: string, pid: number, log: Log): void {
  try {
    writeFileSync(path, `${pid}\n`);
  } catch (error) {
    log.warning(`Failed to write PID file: ${systemErrorText(error)}`);
  }
}

export function removePidFile(path: string, log: Log): void {
  log.notice('Removing the pid file.');
  rmSync(path, { force: true });
}
