/**
 * What the log keeps of a crash: where the program was, what INFO told, who was connected.
 *
 * Between its first and its last line a report stands alone, to be cut out and sent to somebody. Clients show
 * as `hide-user-data-from-log` has it. `crash-log-enabled no` leaves it out.
 */
import { infoText } from './info.js';
import type { Server } from './server.js';
import { VERSION } from './version.js';

export interface CrashLog {
  raw(text: string): void;
  warning(message: string): void;
}

/** Why the program ends without having been asked to. */
export interface Crash {
  /** What the log says of it, line by line. */
  readonly reason: readonly string[];
  /** Where the program was. */
  readonly stack: string;
}

/** The line by which scripts that watch logs know a crash. */
export function crashedBy(signal: number): string {
  return `valkey ${VERSION} crashed by signal: ${signal}`;
}

/** Writes the report of a crash. Without a server, as when it could not even be made, it is a short one. */
export function reportCrash(log: CrashLog, crash: Crash, server: Server | null): void {
  log.raw('\n\n=== VALKEY BUG REPORT START: Cut & paste starting from here ===');
  for (const line of crash.reason) log.warning(line);
  writeSection(log, 'STACK TRACE', crash.stack);
  log.raw('\n------ STACK TRACE DONE ------');
  if (server !== null) {
    writeSection(log, 'INFO OUTPUT', () => infoText(server, ['everything']).replaceAll('\r', ''));
    writeSection(log, 'CLIENT LIST OUTPUT', () => clientLines(server));
  }
  log.raw('\n=== VALKEY BUG REPORT END. Make sure to include from START to END. ===\n');
}

/** A part that fails in its turn must not cost the rest of the report. */
function writeSection(log: CrashLog, title: string, text: string | (() => string)): void {
  log.raw(`\n------ ${title} ------`);
  try {
    log.raw(typeof text === 'string' ? text : text());
  } catch (error) {
    log.raw(`(cannot be told: ${error})`);
  }
}

function clientLines(server: Server): string {
  return [...server.clients.values()].map((client) => server.describe(client)).join('\n');
}
