/** CONFIG SET maxclients: not more than the operating system gives files for. */
import { readFileSync } from 'node:fs';
import type { Server } from './server.js';

/** Files that are no connections: the log, data files, listening sockets. */
const OTHER_FILES = 32;

export function followMaxClients(server: Server): void {
  server.config.onChange('maxclients', () => {
    const most = openFilesMax() - OTHER_FILES;
    if (server.config.values.maxclients <= most) return undefined;
    return `The operating system is not able to handle the specified number of clients, try with ${most}`;
  });
}

/** How many files the process may have open; Infinity where the system does not tell. */
function openFilesMax(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    return limit ? Number(limit[1]) : Infinity;
  } catch {
    return Infinity;
  }
}
