/**
 * The append-only file as the engine sees it: turned on and off, written before replies leave, and a reason to refuse
 * writes when the disk does not take them.
 *
 * Turned on while the server runs it begins with a rewrite: until that is done, what is written goes to a temporary
 * file, and a crash finds the old files, if any.
 */
import { setImmediate } from 'node:timers/promises';
import { AofDirectory, StepError } from '../persistence/aof-directory.js';
import { type AofFile, AofManifest, ManifestError } from '../persistence/aof-manifest.js';
import { AofFatalError, AofWriter } from '../persistence/aof-writer.js';
import { DiskAppendFile } from '../persistence/append-file.js';
import { AppendOnlyLoader, type Pieces } from './append-only-load.js';
import { AppendOnlyRewrite } from './append-only-rewrite.js';
import { systemErrorText } from './config-table/system-error.js';
import { LoadFailure } from './loading.js';
import { StartRefused } from './open-ports.js';
import type { Server } from './server.js';

/** `waiting`: on, but the first rewrite is not done. */
export type AppendOnlyState = 'off' | 'waiting' | 'on';

const REFUSED = 'Unable to turn on AOF. Check server logs.';

export class AppendOnly {
  state: AppendOnlyState = 'off';
  manifest = new AofManifest();
  /** Bytes of all files that hold data, but for what waits to be written. */
  totalBytes = 0;
  /** What they were after the last rewrite, or at the start. */
  baseBytes = 0;
  readonly writer: AofWriter;
  readonly rewrite: AppendOnlyRewrite;

  private readonly server: Server;
  private isStarted = false;

  constructor(server: Server) {
    this.server = server;
    const { clock, config, log, latency, memory } = server;
    this.writer = new AofWriter({
      settings: config.values,
      now: () => clock.now(),
      elapsedMs: () => clock.elapsedMs(),
      notice: (message) => log.notice(message),
      warning: (message) => log.warning(message),
      spent: (event, ms) => latency.note(event, ms),
      isSaving: () => server.saves.inProgress || this.rewrite.inProgress,
      textOf: systemErrorText,
      wake: () => server.outbox.schedule(),
    });
    this.rewrite = new AppendOnlyRewrite(server, this);
    this.writer.onSynced = () => server.blockedClients.acknowledged();
    server.acknowledgements.offset = () => this.writer.taken;
    server.acknowledgements.count = (offset) => ({
      local: this.holds(offset) ? 1 : 0,
      replicas: 0,
    });
    memory.parts.appendOnlyBuffer = () => (this.state === 'off' ? 0 : this.writer.bufferBytes);
    server.saves.isBlocked = () => this.rewrite.inProgress;
    config.onChange('appendonly', () => this.settingChanged());
    server.cron.every('append-only file', () => this.tick());
    // Before the data is saved: a file that is not complete may be a reason not to end.
    server.shutdown.before.unshift((options) => this.beforeShutdown(options.has('force')));
  }

  /** The folder and its names, as the settings are now. */
  get directory(): AofDirectory {
    const { config } = this.server;
    return new AofDirectory({
      directory: config.path('dir'),
      folder: config.text('appenddirname'),
      prefix: config.text('appendfilename'),
    });
  }

  /** Whether everything before a place in what was appended is on disk. */
  private holds(offset: number): boolean {
    return this.state === 'on' && this.writer.synced >= offset;
  }

  /** Why the disk cannot be trusted with writes; null when it can. */
  get diskError(): string | null {
    return this.state === 'off' ? null : (this.writer.writeError ?? this.writer.syncError);
  }

  /**
   * Loads the data, from the append-only file when that is on, else from an RDB file; then opens what is written to.
   *
   * @throws {LoadFailure} When there is data that cannot be loaded; the log tells why.
   * @throws {StartRefused} When the files cannot be written.
   */
  async begin(): Promise<void> {
    const { config, loading } = this.server;
    this.readManifest();
    if (config.values.appendonly) await this.loadAtStart();
    else await loading.loadAtStart();
    this.start();
  }

  private async loadAtStart(): Promise<void> {
    const { clock, log } = this.server;
    const startMs = clock.elapsedMs();
    const pieces = new AppendOnlyLoader(this.server, this).load();
    let step = pieces.next();
    for (; !step.done; step = pieces.next()) {
      if (step.value >= 1) await this.rest(step.value);
      else await setImmediate();
    }
    if (!step.value) return;
    const seconds = ((clock.elapsedMs() - startMs) / 1000).toFixed(3);
    log.notice(`DB loaded from append only file: ${seconds} seconds`);
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => this.server.clock.after(ms, resolve));
  }

  /**
   * Loads the data anew from the files: DEBUG LOADAOF.
   *
   * @throws {LoadFailure} When it cannot be loaded. Nothing is appended any more then.
   */
  *reload(): Pieces<void> {
    const { effects, keyspace } = this.server;
    this.flush(true);
    const { state } = this;
    this.state = 'off';
    effects.removeSink(this.writer);
    for (const database of keyspace.databases) database.clear();
    this.readManifest();
    this.removeHistory();
    yield* new AppendOnlyLoader(this.server, this).load();
    effects.dirty = 0;
    this.state = state;
    if (state !== 'off') effects.addSink(this.writer);
  }

  /**
   * Opens what is written to from now on, once the data is loaded: at the start of the server, when it is on.
   *
   * @throws {StartRefused} When that cannot be.
   */
  start(): void {
    this.isStarted = true;
    if (!this.server.config.values.appendonly) return;
    try {
      this.openAtStart();
    } catch (error) {
      throw new StartRefused(this.failureText(error));
    }
    this.state = 'on';
    this.server.effects.addSink(this.writer);
  }

  private openAtStart(): void {
    const { directory } = this;
    const { log, config } = this.server;
    this.makeFolder(directory);
    const manifest = this.manifest.copy();
    let isNew = false;
    if (manifest.isEmpty) {
      const format = config.values.aofUseRdbPreamble ? 'rdb' : 'aof';
      const base = manifest.addBase(directory.names.prefix, format);
      this.rewrite.writeBaseNow(directory.pathOf(base.name), format);
      log.notice(`Creating AOF base file ${base.name} on server start`);
      isNew = true;
    }
    let file = manifest.lastIncrement;
    const isContinued = file !== null;
    file ??= manifest.addIncrement(directory.names.prefix);
    this.openIncrement(directory, file, isContinued ? 'a' : 'w');
    if (isNew || !isContinued) directory.writeManifest(manifest);
    this.manifest = manifest;
    log.notice(
      `${isContinued ? 'Opening' : 'Creating'} AOF incr file ${file.name} on server start`,
    );
    this.removeHistory();
  }

  /** Makes the folder when there is none. @throws {StepError} */
  makeFolder(directory = this.directory): void {
    try {
      directory.make();
    } catch (cause) {
      const { folder } = directory.names;
      throw new StepError(`Can't open or create append-only dir ${folder}`, { cause });
    }
  }

  /** Writes go to this file from now on. @throws {StepError} */
  openIncrement(directory: AofDirectory, { name }: Pick<AofFile, 'name'>, flags: 'a' | 'w'): void {
    try {
      const file = new DiskAppendFile(directory.pathOf(name), flags);
      this.writer.open(file, file.size);
    } catch (cause) {
      throw new StepError(`Can't open the append-only file ${name}`, { cause });
    }
  }

  /** Reads the manifest. @throws {LoadFailure} When it cannot be read; the log tells why. */
  private readManifest(): void {
    try {
      this.manifest = this.directory.readManifest();
    } catch (error) {
      this.logFailure(error);
      throw new LoadFailure();
    }
  }

  /** Whether there are files that the manifest still names, though nobody needs them, and that are to go. */
  get hasHistory(): boolean {
    return this.manifest.history.length > 0 && !this.server.config.values.aofDisableAutoGc;
  }

  /** Deletes files that no manifest needs, and lets the manifest forget them. */
  removeHistory(): void {
    if (!this.hasHistory) return;
    const { directory } = this;
    this.deleteHistory(directory);
    directory.writeManifest(this.manifest);
  }

  /** As `removeHistory`, with a manifest that is staged already. @throws {StepError} */
  dropHistory(directory: AofDirectory, staged: string): void {
    directory.adopt(staged);
    this.deleteHistory(directory);
  }

  private deleteHistory(directory: AofDirectory): void {
    for (const { name } of this.manifest.history) {
      this.server.log.notice(`Removing the history file ${name} in the background`);
      directory.removeLater(name);
    }
    this.manifest.history = [];
  }

  /** What the log tells of a step that failed. */
  failureText(error: unknown): string {
    if (!(error instanceof StepError)) return String(error);
    return `${error.message}: ${systemErrorText(error.cause)}`;
  }

  /** Tells the log why the files cannot be used. */
  logFailure(error: unknown): void {
    const { log } = this.server;
    if (error instanceof ManifestError) for (const entry of error.entries) log.warning(entry);
    else log.warning(this.failureText(error));
  }

  /**
   * Writes what waits. To be called before replies leave.
   *
   * @returns False when the server is at its end, and no reply must leave.
   */
  flush(force = false): boolean {
    if (this.state === 'off') return true;
    const before = this.writer.fileBytes;
    try {
      this.writer.flush(force);
    } catch (error) {
      if (!(error instanceof AofFatalError)) throw error;
      this.server.log.warning(error.message);
      this.server.shutdown.end(1);
      return false;
    }
    this.totalBytes += this.writer.fileBytes - before;
    return true;
  }

  private tick(): void {
    if (this.state !== 'off' && !this.writer.isIdle) this.flush();
    this.rewrite.tick();
  }

  private settingChanged(): string | undefined {
    if (!this.isStarted) return undefined;
    if (!this.server.config.values.appendonly) {
      if (this.state !== 'off') this.turnOff();
      return undefined;
    }
    if (this.state !== 'off') return undefined;
    return this.turnOn() ? undefined : REFUSED;
  }

  private turnOff(): void {
    const { log } = this.server;
    this.flush(true);
    try {
      this.writer.syncNow();
    } catch (error) {
      log.warning(`Fail to fsync the AOF file: ${systemErrorText(error)}`);
    }
    this.server.effects.removeSink(this.writer);
    this.writer.close();
    this.writer.reset();
    this.state = 'off';
    if (this.rewrite.isScheduled) {
      this.rewrite.isScheduled = false;
      log.notice('AOF was disabled but there is a scheduled AOF background, cancel it.');
    }
    this.rewrite.cancel();
    this.server.blockedClients.acknowledged();
  }

  /** Whether the rewrite that it begins with could be started, or is going to be. */
  private turnOn(): boolean {
    const { server } = this;
    this.state = 'waiting';
    if (this.rewrite.mustWait) {
      this.rewrite.isScheduled = true;
      server.log.notice(
        'AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible.',
      );
    } else {
      if (this.rewrite.inProgress) {
        server.log.notice(
          'AOF was enabled but there is already an AOF rewriting in background. Stopping background AOF and starting a rewrite now.',
        );
        this.rewrite.cancel();
      }
      if (!this.rewrite.start()) {
        this.state = 'off';
        server.log.warning(
          "The server needs to enable the AOF but can't trigger a background AOF rewrite operation. Check the above logs for more info about the error.",
        );
        return false;
      }
    }
    if (this.writer.writeError !== null) {
      server.log.warning('AOF reopen, just ignore the last error.');
      this.writer.writeError = null;
    }
    server.effects.addSink(this.writer);
    return true;
  }

  private beforeShutdown(isForced: boolean): boolean {
    const { log } = this.server;
    if (this.state === 'off') return true;
    if (this.rewrite.inProgress) {
      if (this.state === 'waiting' && !isForced) {
        log.warning("Writing initial AOF, can't exit.");
        return false;
      }
      if (this.state === 'waiting') log.warning('Writing initial AOF. Exit anyway.');
      log.warning('There is a child rewriting the AOF. Killing it!');
      this.rewrite.cancel();
    }
    this.flush(true);
    if (!this.writer.isOpen) return true;
    log.notice('Calling fsync() on the AOF file.');
    try {
      this.writer.syncNow();
    } catch (error) {
      log.warning(`Fail to fsync the AOF file: ${systemErrorText(error)}.`);
    }
    return true;
  }

  /** Ends with the server: what was written stays as it is. */
  stop(): void {
    this.rewrite.cancel();
    this.flush(true);
    this.writer.close();
    this.state = 'off';
  }
}
