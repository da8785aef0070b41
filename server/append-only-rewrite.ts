/**
 * BGREWRITEAOF: a new base of the append-only file, made of the data as it is, in place of all that was appended.
 *
 * When it begins, a new file is opened for what comes meanwhile, so that the base and that file together are the
 * data; the files before them are history when the base is there.
 *
 * Manifests are written in the background: a disk may take tens of milliseconds for one. What remains to be done
 * at once is to rename, and to write to the next file.
 */
import { type AofDirectory, StepError } from '../persistence/aof-directory.js';
import { AofEncoder } from '../persistence/aof-encoder.js';
import type { AofManifest } from '../persistence/aof-manifest.js';
import { BackgroundFile, BlockingFile } from '../persistence/durable-file.js';
import { Snapshot, type SnapshotParts, type SnapshotSink } from '../persistence/snapshot.js';
import { SnapshotRun } from '../persistence/snapshot-run.js';
import type { AppendOnly } from './append-only.js';
import { RewriteDelay } from './append-only-delay.js';
import { systemErrorText } from './config-table/system-error.js';
import { filePath } from './file-path.js';
import type { Server } from './server.js';

/** What a base is written as. */
export type BaseFormat = 'rdb' | 'aof';

interface Running {
  readonly run: SnapshotRun;
  readonly file: BackgroundFile;
  readonly format: BaseFormat;
  readonly temporaryName: string;
  isGivenUp: boolean;
}

/** A rewrite that has yet to begin: the next file is being made. */
interface Preparing {
  isGivenUp: boolean;
}

export class AppendOnlyRewrite {
  /** One is to begin as soon as nothing else of its kind is in progress. */
  isScheduled = false;
  /** Whether the last one succeeded. */
  succeeded = true;
  /** Seconds that the last one took; -1 before the first. */
  lastSeconds = -1;
  /** Rewrites begun. */
  count = 0;
  readonly delay: RewriteDelay;
  /** Bytes that the last one had to write out of turn. */
  lastEarlyBytes = 0;

  private readonly server: Server;
  private readonly owner: AppendOnly;
  private preparing: Preparing | null = null;
  private running: Running | null = null;
  private filesMade = 0;

  constructor(server: Server, owner: AppendOnly) {
    this.server = server;
    this.owner = owner;
    this.delay = new RewriteDelay(server);
  }

  get inProgress(): boolean {
    return this.running !== null || this.preparing !== null;
  }

  /** The snapshot of the rewrite in progress. */
  get snapshot(): Snapshot | null {
    return this.running?.run.snapshot ?? null;
  }

  /** Seconds since the one in progress began; -1 without one. */
  get currentSeconds(): number {
    return this.running?.run.seconds ?? -1;
  }

  /**
   * Whether it must wait: something else of its kind is in progress, or a transaction, whose commands go to the file
   * as a whole when it is done.
   */
  get mustWait(): boolean {
    return this.server.saves.inProgress || this.server.effects.isNested;
  }

  /** Begins one. False, and logged, when that cannot be. */
  start(): boolean {
    if (this.inProgress || this.mustWait) return false;
    const { server, owner } = this;
    this.isScheduled = false;
    try {
      owner.makeFolder();
      if (!this.isWritten()) return false;
      if (owner.state === 'waiting') this.openTemporary();
    } catch (error) {
      this.failedToStart(error);
      return false;
    }
    this.count++;
    server.stats.snapshots++;
    const format = server.config.values.aofUseRdbPreamble ? 'rdb' : 'aof';
    if (owner.state === 'on') void this.prepare(format);
    else this.run(format);
    return true;
  }

  private failedToStart(error: unknown): void {
    this.succeeded = false;
    this.server.log.warning(this.owner.failureText(error));
  }

  /** Whether what came so far is in the file: in the next one it would be run again, upon data that holds it already. */
  private isWritten(): boolean {
    const { owner, server } = this;
    if (owner.state === 'off') return true;
    owner.flush(true);
    if (owner.writer.bufferedBytes === 0) return true;
    server.log.warning('Cannot rewrite the AOF before what waits to be written to it is written.');
    return false;
  }

  /** What comes from now on goes to a file that only this rewrite will make use of. */
  private openTemporary(): void {
    const { directory } = this.owner;
    const name = directory.temporaryIncrementName;
    this.owner.openIncrement(directory, { name }, 'w');
    this.server.log.notice(`Creating AOF incr file ${name} on background rewrite`);
  }

  /** Has a manifest that names the next file be on disk; then what comes goes there, and the rewrite begins. */
  private async prepare(format: BaseFormat): Promise<void> {
    const { owner, server } = this;
    const { directory } = owner;
    const preparing: Preparing = { isGivenUp: false };
    this.preparing = preparing;
    const staged = this.nextStagedName();
    try {
      await this.stage(directory, staged, preparing, (manifest) => {
        manifest.addIncrement(directory.names.prefix);
      });
    } catch (error) {
      directory.remove(staged);
      if (preparing.isGivenUp) return;
      this.preparing = null;
      this.failedToStart(error);
      return;
    }
    server.background(() => {
      if (preparing.isGivenUp) return directory.remove(staged);
      this.preparing = null;
      this.switchOver(directory, staged, format);
    });
  }

  /**
   * Has the next manifest be on disk.
   *
   * @param change - What is to be different in it from the one there is, which may change meanwhile.
   * @throws {StepError}
   */
  private async stage(
    directory: AofDirectory,
    name: string,
    work: { readonly isGivenUp: boolean },
    change: (manifest: AofManifest) => void,
  ): Promise<void> {
    for (let staged = ''; !work.isGivenUp; ) {
      const manifest = this.owner.manifest.copy();
      change(manifest);
      if (manifest.toString() === staged) return;
      staged = manifest.toString();
      await directory.stage(name, manifest);
    }
  }

  /** One that nothing was staged in before: what was given up may still be on its way out. */
  private nextStagedName(): string {
    return `temp-next-${++this.filesMade}.manifest`;
  }

  /** What comes from now on goes to the next file. */
  private switchOver(directory: AofDirectory, staged: string, format: BaseFormat): void {
    const { owner, server } = this;
    try {
      if (!this.isWritten()) return directory.remove(staged);
      const manifest = owner.manifest.copy();
      const file = manifest.addIncrement(directory.names.prefix);
      // The manifest before anything is written: a file that it does not name would be lost with all that is in it.
      directory.create(file.name);
      directory.adopt(staged);
      owner.manifest = manifest;
      if (server.config.values.appendfsync === 'always') directory.sync();
      else void directory.syncLater().catch((error) => owner.logFailure(error));
      owner.openIncrement(directory, file, 'a');
      server.log.notice(`Creating AOF incr file ${file.name} on background rewrite`);
    } catch (error) {
      this.failedToStart(error);
      return;
    }
    this.run(format);
  }

  /** Begins to write the base. */
  private run(format: BaseFormat): void {
    const { server } = this;
    const temporaryName = this.nextTemporaryName();
    const file = new BackgroundFile(this.fileOptions(temporaryName));
    file.onFailure = (failure) => this.fail(failure.cause);
    const run = new SnapshotRun({
      snapshot: new Snapshot(this.snapshotParts(file, format), true),
      clock: server.clock,
      schedule: (delayMs, task) => server.keyspace.schedule(delayMs, task),
      commandsRun: () => server.stats.commandsProcessed,
      onDone: () => void this.finish(),
    });
    this.running = { run, file, format, temporaryName, isGivenUp: false };
    server.log.notice(`Background append only file rewriting started by pid ${process.pid}`);
  }

  /** Writes a base now, while nobody is served: that of a server that begins with nothing. */
  writeBaseNow(path: string, format: BaseFormat): void {
    const file = new BlockingFile(this.fileOptions(this.nextTemporaryName()));
    try {
      new Snapshot(this.snapshotParts(file, format), false).finish();
      file.commit(path);
    } catch (error) {
      file.discard();
      throw error;
    }
  }

  /** Gives up the one in progress, if there is one. */
  cancel(): void {
    const { preparing, running, server } = this;
    if (preparing === null && running === null) return;
    server.log.notice(`Killing running AOF rewrite child: ${process.pid}`);
    if (preparing !== null) preparing.isGivenUp = true;
    this.preparing = null;
    if (running === null) return;
    running.isGivenUp = true;
    running.run.stop();
    running.file.discard();
    this.ended();
    this.removeTemporaryIncrement(false);
  }

  private async finish(): Promise<void> {
    const { running, owner, server } = this;
    if (running === null) return;
    const { directory } = owner;
    const base = owner.manifest.copy().addBase(directory.names.prefix, running.format);
    const staged = this.nextStagedName();
    server.log.notice(`Successfully created the temporary AOF base file ${running.temporaryName}`);
    try {
      await running.file.commit(directory.pathOf(base.name));
      await this.stage(directory, staged, running, (manifest) => this.complete(manifest, running));
    } catch (error) {
      directory.remove(staged);
      if (!running.isGivenUp) this.failToFinish(error, base.name);
      return;
    }
    server.background(() => {
      if (!running.isGivenUp) return this.settle(running, staged);
      directory.remove(staged);
      directory.remove(base.name);
    });
  }

  private failToFinish(error: unknown, baseName: string): void {
    const { owner, server } = this;
    if (error instanceof StepError) {
      owner.directory.remove(baseName);
      server.log.warning(owner.failureText(error));
      this.fail(null);
    } else this.fail(error instanceof Error ? error.cause : error);
  }

  /** Has a manifest name the new base, and what came since it was begun. */
  private complete(manifest: AofManifest, { format }: Running): void {
    const { state, directory } = this.owner;
    const { prefix } = directory.names;
    manifest.addBase(prefix, format);
    if (state === 'waiting') manifest.addIncrement(prefix);
    manifest.retireIncrements(state === 'off' ? 0 : 1);
  }

  /** The base has its name, and the manifest that says so is on disk: puts it in place. */
  private settle(running: Running, staged: string): void {
    const { owner, server } = this;
    const { log } = server;
    const { directory } = owner;
    const manifest = owner.manifest.copy();
    this.complete(manifest, running);
    const base = manifest.base?.name ?? '';
    log.notice('Background AOF rewrite terminated with success');
    log.notice(
      `Successfully renamed the temporary AOF base file ${running.temporaryName} into ${base}`,
    );
    try {
      if (owner.state === 'waiting') {
        const from = directory.temporaryIncrementName;
        const name = manifest.lastIncrement?.name ?? '';
        directory.rename(from, name);
        log.notice(`Successfully renamed the temporary AOF incr file ${from} into ${name}`);
      }
      directory.adopt(staged);
    } catch (error) {
      this.failToFinish(error instanceof StepError ? error : new StepError(String(error)), base);
      return;
    }
    owner.manifest = manifest;
    this.succeeded = true;
    this.delay.succeeded();
    if (owner.state !== 'off') {
      owner.baseBytes = directory.sizeOf(base);
      owner.totalBytes = owner.baseBytes + owner.writer.fileBytes;
      owner.baseBytes = owner.totalBytes;
      owner.state = 'on';
    }
    void this.forgetHistory(running);
  }

  /** What the new base is in place of goes, once the manifest is there for good. */
  private async forgetHistory(running: Running): Promise<void> {
    const { owner, server } = this;
    const { directory } = owner;
    const staged = this.nextStagedName();
    try {
      await directory.syncLater();
      if (!running.isGivenUp && owner.hasHistory) {
        await this.stage(directory, staged, running, (manifest) => {
          manifest.history = [];
        });
        if (!running.isGivenUp) owner.dropHistory(directory, staged);
        else directory.remove(staged);
      }
    } catch (error) {
      directory.remove(staged);
      owner.logFailure(error);
    }
    if (running.isGivenUp) return;
    this.ended();
    server.log.notice('Background AOF rewrite finished successfully');
  }

  /** @param cause - What the system said; null when that is logged already. */
  private fail(cause: unknown): void {
    const { running, owner, server } = this;
    if (running === null || running.isGivenUp) return;
    running.isGivenUp = true;
    running.run.stop();
    running.file.discard();
    if (cause !== null) {
      server.log.warning(`Write error writing append only file on disk: ${systemErrorText(cause)}`);
    }
    server.log.warning('Background AOF rewrite terminated with error');
    this.succeeded = false;
    this.delay.failuresInARow++;
    this.ended();
    this.removeTemporaryIncrement(true);
    if (owner.state === 'waiting') this.isScheduled = true;
  }

  private ended(): void {
    const { running } = this;
    if (running === null) return;
    this.lastSeconds = running.run.seconds;
    this.lastEarlyBytes = running.run.snapshot.earlyBytes;
    this.running = null;
  }

  /** Nothing but this rewrite would have made use of what was appended there. */
  private removeTemporaryIncrement(logs: boolean): void {
    const { owner, server } = this;
    const { directory } = owner;
    const name = directory.temporaryIncrementName;
    if (owner.state === 'on' || !directory.has(name)) return;
    if (logs) server.log.notice(`Removing the temp incr aof file ${name} in the background`);
    owner.writer.close();
    owner.writer.reset();
    directory.remove(name);
  }

  /** Begins what is due. */
  tick(): void {
    if (this.inProgress || this.mustWait || this.server.loading.inProgress) return;
    if (this.isScheduled) {
      if (!this.delay.isInForce()) this.start();
    } else if (this.isGrown() && !this.delay.isInForce()) {
      this.server.log.notice(`Starting automatic rewriting of AOF on ${this.growth}% growth`);
      this.start();
    }
  }

  /** How much was appended since the last rewrite, in percent of what there was. */
  private get growth(): number {
    const { totalBytes, baseBytes } = this.owner;
    return Math.floor((totalBytes * 100) / (baseBytes || 1)) - 100;
  }

  private isGrown(): boolean {
    const { autoAofRewritePercentage, autoAofRewriteMinSize } = this.server.config.values;
    if (this.owner.state !== 'on' || autoAofRewritePercentage === 0) return false;
    if (this.owner.totalBytes <= autoAofRewriteMinSize) return false;
    return this.growth >= autoAofRewritePercentage;
  }

  /** One that no rewrite before had: what those left may still be on its way out. */
  private nextTemporaryName(): string {
    return `temp-rewriteaof-bg-${process.pid}.${++this.filesMade}.aof`;
  }

  private fileOptions(temporaryName: string) {
    const { values } = this.server.config;
    return {
      temporaryPath: filePath(values, temporaryName),
      syncsInPieces: values.aofRewriteIncrementalFsync,
    };
  }

  private snapshotParts(sink: SnapshotSink, format: BaseFormat): SnapshotParts {
    const { config, keyspace, saves } = this.server;
    const parts = {
      keyspace,
      sink,
      facts: saves.facts(true),
      checksum: config.values.rdbchecksum,
      keyDelayUsec: () => Math.max(0, config.values.rdbKeySaveDelay),
    };
    if (format === 'rdb') return parts;
    const annotates = config.values.aofTimestampEnabled;
    return { ...parts, encoder: (of, out) => new AofEncoder(of, out, annotates) };
  }
}
