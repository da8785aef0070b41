/** What a server says about its settings before it starts: limits of the system, settings nobody reads. */

import { readFileSync } from 'node:fs';
import type { Config } from './config.js';
import { PARAMETERS } from './config-table.js';

/** Files that the server needs open beside those of its clients. */
const RESERVED_FILES = 32;

interface WarningLog {
  warning(message: string): void;
}

/** How many files this process may have open; infinite where the system does not tell. */
export function openFileLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    return Number(/^Max open files\s+([0-9]+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY; // Not Linux.
  }
}

/** Has CONFIG SET refuse more clients than there may be open files. */
export function limitClients(config: Config, limit = openFileLimit): void {
  config.onChange('maxclients', () => {
    // The real server adds in 32 bits, so the very greatest numbers pass.
    if ((config.values.maxclients + RESERVED_FILES) % 2 ** 32 <= limit()) return undefined;
    return `The operating system is not able to handle the specified number of clients, try with ${limit() - RESERVED_FILES}`;
  });
}

/**
 * Lowers `maxclients` to what the limit of open files allows.
 *
 * @param limit - As `openFileLimit` tells it.
 * @returns Why the server cannot start at all; nothing when it can.
 */
export function fitClients(config: Config, limit: number, log: WarningLog): string | undefined {
  const most = limit - RESERVED_FILES;
  const { maxclients } = config.values;
  if (maxclients <= most) return undefined;
  const needed = maxclients + RESERVED_FILES;
  if (most <= 0) {
    return (
      `Your current 'ulimit -n' of ${limit} is not enough for the server to start. ` +
      `Please increase your open file limit to at least ${needed}. Exiting.`
    );
  }
  log.warning(
    `You requested maxclients of ${maxclients} requiring at least ${needed} max file descriptors.`,
  );
  log.warning(
    `Current maximum open files is ${limit}. maxclients has been reduced to ${most} to compensate ` +
      `for low ulimit. If you need higher maxclients increase 'ulimit -n'.`,
  );
  config.override('maxclients', String(most));
  return undefined;
}

/** Warns of every parameter that somebody set although nothing reads it. */
export function warnOfIdleSettings(config: Config, log: WarningLog): void {
  for (const [name, { effect }] of PARAMETERS) {
    // An empty text asks for nothing: `save ""`.
    if (effect !== 'none' || config.isDefault(name) || config.text(name) === '') continue;
    log.warning(`The parameter '${name}' is set, but nothing in this server depends on it yet.`);
  }
}
