/** What signals do to a program that serves. */
import type { ShutdownOption } from './config-table/special.js';
import type { Log } from './log.js';
import type { Server } from './server.js';

/**
 * SIGTERM and SIGINT end the server, with the options set for each; SIGINT again, while it is ending,
 * ends it at once. SIGHUP, which comes when a terminal is closed, does nothing.
 */
export function obeySignals(server: Server, log: Log): void {
  const { values } = server.config;
  process.on('SIGHUP', () => {});
  process.on('SIGTERM', () => end(server, log, 'SIGTERM', values.shutdownOnSigterm));
  process.on('SIGINT', () => {
    if (server.shutdown.isEnding) {
      log.signal('You insist... exiting now.');
      server.saves.removeUnfinished();
      process.exit(1);
    }
    end(server, log, 'SIGINT', values.shutdownOnSigint);
  });
}

function end(server: Server, log: Log, signal: string, options: readonly ShutdownOption[]): void {
  log.signal(`Received ${signal} scheduling shutdown...`);
  server.shutdown.schedule(new Set(options));
}
