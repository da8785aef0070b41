/** Crashes of the program: each leaves a report in the log, and ends the process as it would have ended. */
import { type Crash, crashedBy, reportCrash } from './crash-report.js';
import type { Log } from './log.js';
import type { Server } from './server.js';

const ABORT = 6;
/** Where the program is when a signal reaches it. */
const IDLE = '(between two events)';

export class Crashes {
  private readonly log: Log;
  private readonly settings: { readonly crashLogEnabled: boolean };
  private server: Server | null = null;

  constructor(log: Log, settings: { readonly crashLogEnabled: boolean }) {
    this.log = log;
    this.settings = settings;
  }

  /** An error that nobody handled leaves the data in a state nobody knows: the process ends. */
  followErrors(): void {
    process.on('uncaughtException', (error) => {
      const reason = ['The server ends: an error was not handled'];
      const stack = error.stack ?? String(error);
      if (this.settings.crashLogEnabled) this.report({ reason, stack });
      else for (const line of [...reason, ...stack.split('\n')]) this.log.warning(line);
      process.exit(1);
    });
  }

  /** Lets DEBUG crash the server; and follows the signals that tell a process to abort, or where it is. */
  follow(server: Server): void {
    this.server = server;
    server.crash = (crash, signal) => this.end(crash, signal);
    process.on('SIGABRT', () => this.end({ reason: [crashedBy(ABORT)], stack: IDLE }, 'SIGABRT'));
    process.on('SIGALRM', () => this.log.signal('Received SIGALRM'));
  }

  private end(crash: Crash, signal: NodeJS.Signals): void {
    if (this.settings.crashLogEnabled) this.report(crash);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }

  private report(crash: Crash): void {
    reportCrash(this.log, crash, this.server);
  }
}
