/**
 * BGREWRITEAOF: a new base of the append-only file, made of the data as it is, in place of all that was appended.
 *
 * When it begins, a new file is opened for what comes meanwhile, so that the base and that file together are the
 * data; the files before them are history when the base is there. Rewrites that fail again and again wait
 * longer and longer until the next that begins by itself.
 */
import { AofEncoder } from '../persistence/aof-encoder.js';
import { BackgroundFile, BlockingFile, removeQuietly } from '../persistence/durable-file.js';
import { Snapshot, type SnapshotParts, type SnapshotSink } from '../persistence/snapshot.js';
import { SnapshotRun } from '../persistence/snapshot-run.js';
import type { AppendOnly } from './append-only.js';
import { systemErrorText } from './config-table/system-error.js';
import { filePath } from './file-path.js';
import type { Server } from './server.js';

/** What a base is written as. */
export type BaseFormat = 'rdb' | 'aof';

/** After so many failures in a row a rewrite does not begin by itself at once. */
const FAILURES_BEFORE_DELAY = 3;
const LONGEST_DELAY_MINUTES = 60;
const MINUTE_MS = 60_000;

interface Running {
  readonly run: SnapshotRun;
  readonly file: BackgroundFile;
  readonly format: BaseFormat;
  readonly temporaryName: string;
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
  failuresInARow = 0;
  /** Bytes that the last one had to write out of turn. */
  lastEarlyBytes = 0;

  private readonly server: Server;
  private readonly owner: AppendOnly;
  private running: Running | null = null;
  private filesMade = 0;
  /** Until when none begins by itself, ms since 1970, and how long that was; 0: at any time. */
  private delayedUntilMs = 0;
  private delayMinutes = 0;

  constructor(server: Server, owner: AppendOnly) {
    this.server = server;
    this.owner = owner;
  }

  get inProgress(): boolean {
    return this.running !== null;
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
      if (!this.openNext()) return false;
    } catch (error) {
      this.succeeded = false;
      server.log.warning(owner.failureText(error));
      return false;
    }
    this.count++;
    server.stats.snapshots++;
    const format = server.config.values.aofUseRdbPreamble ? 'rdb' : 'aof';
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
    return true;
  }

  /** What comes from now on goes to a file of its own. False when what came before cannot be written. */
  private openNext(): boolean {
    const { owner, server } = this;
    if (owner.state === 'off') return true;
    owner.flush(true);
    if (owner.writer.bufferedBytes > 0) {
      // In the next file it would be run again, upon data that holds it already.
      server.log.warning(
        'Cannot rewrite the AOF before what waits to be written to it is written.',
      );
      return false;
    }
    const { directory } = owner;
    if (owner.state === 'waiting') {
      const name = directory.temporaryIncrementName;
      owner.openIncrement(directory, { name }, 'w');
      server.log.notice(`Creating AOF incr file ${name} on background rewrite`);
      return true;
    }
    const manifest = owner.manifest.copy();
    const file = manifest.addIncrement(directory.names.prefix);
    // The manifest first: a file that it does not name would be lost with all that is in it.
    directory.create(file.name);
    directory.writeManifest(manifest);
    owner.manifest = manifest;
    owner.openIncrement(directory, file, 'a');
    server.log.notice(`Creating AOF incr file ${file.name} on background rewrite`);
    return true;
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
    const { running, server } = this;
    if (running === null) return;
    server.log.notice(`Killing running AOF rewrite child: ${process.pid}`);
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
    const manifest = owner.manifest.copy();
    const base = manifest.addBase(directory.names.prefix, running.format);
    const path = directory.pathOf(base.name);
    server.log.notice(`Successfully created the temporary AOF base file ${running.temporaryName}`);
    try {
      await running.file.commit(path);
    } catch (error) {
      if (!running.isGivenUp) this.fail(error instanceof Error ? error.cause : error);
      return;
    }
    if (running.isGivenUp) {
      removeQuietly(path);
      return;
    }
    server.background(() => this.settle(running));
  }

  /** The base has its name: has the manifest say so. */
  private settle(running: Running): void {
    const { owner, server } = this;
    const { log } = server;
    const { directory } = owner;
    const manifest = owner.manifest.copy();
    const base = manifest.addBase(directory.names.prefix, running.format);
    log.notice('Background AOF rewrite terminated with success');
    log.notice(
      `Successfully renamed the temporary AOF base file ${running.temporaryName} into ${base.name}`,
    );
    try {
      if (owner.state === 'waiting') {
        const from = directory.temporaryIncrementName;
        const { name } = manifest.addIncrement(directory.names.prefix);
        directory.rename(from, name);
        log.notice(`Successfully renamed the temporary AOF incr file ${from} into ${name}`);
      }
      manifest.retireIncrements(owner.state === 'off' ? 0 : 1);
      directory.writeManifest(manifest);
    } catch (error) {
      directory.remove(base.name);
      log.warning(owner.failureText(error));
      this.fail(null);
      return;
    }
    owner.manifest = manifest;
    this.succeeded = true;
    this.failuresInARow = 0;
    this.delayMinutes = 0;
    this.delayedUntilMs = 0;
    this.ended();
    if (owner.state !== 'off') {
      owner.baseBytes = directory.sizeOf(base.name);
      owner.totalBytes = owner.baseBytes + owner.writer.fileBytes;
      owner.baseBytes = owner.totalBytes;
      owner.state = 'on';
    }
    owner.removeHistory();
    log.notice('Background AOF rewrite finished successfully');
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
    this.failuresInARow++;
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
      if (!this.isDelayed()) this.start();
    } else if (this.isGrown() && !this.isDelayed()) {
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

  /** Whether one that would begin by itself must wait, as those before it failed. */
  private isDelayed(): boolean {
    if (this.failuresInARow < FAILURES_BEFORE_DELAY) {
      this.delayMinutes = 0;
      return false;
    }
    const nowMs = this.server.clock.now();
    if (this.delayMinutes !== 0 && nowMs < this.delayedUntilMs) return true;
    if (this.delayMinutes !== 0 && this.delayedUntilMs !== 0) {
      this.delayedUntilMs = 0;
      return false;
    }
    this.delayMinutes = Math.min(LONGEST_DELAY_MINUTES, Math.max(1, this.delayMinutes * 2));
    this.delayedUntilMs = nowMs + this.delayMinutes * MINUTE_MS;
    this.server.log.warning(
      `Background AOF rewrite has repeatedly failed and triggered the limit, will retry in ${this.delayMinutes} minutes`,
    );
    return true;
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
