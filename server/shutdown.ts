/**
 * The way out: SHUTDOWN, SIGTERM and SIGINT.
 *
 * Others add what must be done before the end (`before`: replicas have caught up, data is saved), and
 * each may refuse; and what is tidied away when nothing can stop it any more (`tidy`). What the end
 * is, the owner of the process says: a program exits, a server inside another program just closes.
 */
import type { Timer } from '../datatypes/clock.js';
import type { ShutdownOption } from './config-table/special.js';
import type { Server } from './server.js';

export type ShutdownOptions = ReadonlySet<ShutdownOption>;

/** Does its part before the end. False when the server must not end now; it has logged why. */
export type ShutdownStep = (options: ShutdownOptions) => boolean | Promise<boolean>;

/**
 * How long a signal waits before it is followed, in ms. The real server looks once in a tenth of a
 * second; until then SHUTDOWN ABORT takes the signal back.
 */
const SIGNAL_DELAY_MS = 50;

export class Shutdown {
  /** In this order, one after the other. */
  readonly before: ShutdownStep[] = [];
  /** Once it is certain, in this order. */
  readonly tidy: (() => void)[] = [];
  /** Ends the process, or what stands for it, with this exit code. */
  end: (exitCode: number) => void;

  private readonly server: Server;
  private scheduled: Timer | null = null;
  /** Counts beginnings and abortions, so that a step which ends late sees that it is not asked any more. */
  private attempt = 0;
  private running = false;
  private readonly abortListeners: (() => void)[] = [];

  constructor(server: Server) {
    this.server = server;
    this.end = () => void server.close();
  }

  /** Whether the server is on its way out. */
  get inProgress(): boolean {
    return this.running || this.scheduled !== null;
  }

  /** Whether steps towards the end are being taken, rather than waited for. */
  get isEnding(): boolean {
    return this.running;
  }

  /** Has the server end soon, as a signal asks. Nothing new when it is on its way already. */
  schedule(options: ShutdownOptions): void {
    if (this.inProgress) return;
    this.scheduled = this.server.clock.after(SIGNAL_DELAY_MS, () => {
      this.scheduled = null;
      this.begin(options, '', () => {});
    });
  }

  /**
   * Ends the server, step by step.
   *
   * @param asker - What the log says of who asked, or nothing.
   * @param refused - Called when a step refuses or SHUTDOWN ABORT comes. The server goes on.
   */
  begin(options: ShutdownOptions, asker: string, refused: () => void): void {
    this.scheduled?.cancel();
    this.scheduled = null;
    this.abortListeners.push(refused);
    if (this.running) return;
    this.running = true;
    this.attempt++;
    this.server.log.notice(`User requested shutdown...${asker}`);
    this.takeSteps(options, 0);
  }

  /** Takes it back. False when the server was not on its way out, or cannot stop any more. */
  abort(): boolean {
    if (!this.inProgress) return false;
    this.scheduled?.cancel();
    this.scheduled = null;
    this.server.log.notice('Shutdown manually aborted.');
    this.giveUp();
    return true;
  }

  /** Goes on from step `from`. Stays within this turn as long as the steps do. */
  private takeSteps(options: ShutdownOptions, from: number): void {
    for (let i = from; i < this.before.length; i++) {
      const outcome = this.before[i]?.(options) ?? true;
      if (outcome instanceof Promise) {
        this.continueAfter(outcome, options, i + 1);
        return;
      }
      if (!outcome) {
        this.refuse();
        return;
      }
    }
    this.finish();
  }

  private continueAfter(outcome: Promise<boolean>, options: ShutdownOptions, next: number): void {
    const attempt = this.attempt;
    const settle = (agreed: boolean) => {
      if (attempt !== this.attempt) return;
      if (agreed) this.takeSteps(options, next);
      else this.refuse();
    };
    outcome.then(settle, (error: unknown) => {
      this.server.log.warning(`A step of the shutdown failed: ${error}`);
      settle(false);
    });
  }

  /** A step refuses. */
  private refuse(): void {
    this.server.log.warning(
      'Errors trying to shut down the server. Check the logs for more information.',
    );
    this.giveUp();
  }

  private giveUp(): void {
    this.running = false;
    this.attempt++;
    for (const refused of this.abortListeners.splice(0)) refused();
  }

  private finish(): void {
    for (const task of this.tidy) task();
    // Nobody is to get in between the end of the first connection and that of the process.
    void this.server.listener.close();
    this.server.log.warning('Valkey is now ready to exit, bye bye...');
    this.end(0);
  }
}
