/**
 * SAVE, BGSAVE and the save points: when the data is written to `dbfilename`, and what came of it.
 *
 * A save in the background is a snapshot whose slices run between the turns of clients; see `Snapshot`.
 */
import { setImmediate } from 'node:timers/promises';
import { pause } from '../datatypes/clock.js';
import {
  BackgroundFile,
  BlockingFile,
  FileFailure,
  removeQuietly,
} from '../persistence/durable-file.js';
import type { FileFacts } from '../persistence/rdb-encoder.js';
import { Snapshot, type SnapshotParts, type SnapshotSink } from '../persistence/snapshot.js';
import { SnapshotRun } from '../persistence/snapshot-run.js';
import { systemErrorText } from './config-table/system-error.js';
import { filePath } from './file-path.js';
import type { Server } from './server.js';
import type { ShutdownOptions } from './shutdown.js';
import { VERSION } from './version.js';

/** How often the save points are looked at. ms. */
const CHECK_PERIOD_MS = 100;
/** A save that failed is not tried again sooner, unless somebody asks. s. */
const RETRY_DELAY_SECONDS = 5;
const FINAL_SLICE_MS = 8;

/** A save in progress. */
interface Running {
  readonly run: SnapshotRun;
  readonly file: BackgroundFile;
  readonly dirtyBefore: number;
  /** Nobody wants it any more. */
  isGivenUp: boolean;
}

export class RdbSaves {
  /** Whether the last save in the background succeeded. */
  succeeded = true;
  /** Saves begun. */
  saves = 0;
  /** Seconds the last save in the background took; -1 before the first. */
  lastSeconds = -1;
  /** Bytes that the last save in the background had to write out of turn. */
  lastEarlyBytes = 0;
  /** One is to begin as soon as nothing else of its kind is in progress. */
  isScheduled = false;
  /** What else keeps a save from beginning: an append-only file that is rewritten. */
  isBlocked: () => boolean = () => false;
  /** The code of all function libraries. */
  functionLibraries: () => readonly Uint8Array[] = () => [];

  private readonly server: Server;
  private running: Running | null = null;
  private triedAtMs = 0;
  private filesMade = 0;
  /** The file that the final save is writing. */
  private unfinishedPath: string | null = null;

  constructor(server: Server) {
    this.server = server;
    server.cron.every('saves', () => this.check(), CHECK_PERIOD_MS);
    server.shutdown.before.push((options) => this.beforeShutdown(options));
    server.keyspace.onFlushedAll = () => this.flushedAll();
  }

  /** Whether a save in the background is in progress. */
  get inProgress(): boolean {
    return this.running !== null;
  }

  /** The snapshot of the save in progress. */
  get snapshot(): Snapshot | null {
    return this.running?.run.snapshot ?? null;
  }

  /** Seconds since the save in progress began; -1 without one. */
  get currentSeconds(): number {
    return this.running?.run.seconds ?? -1;
  }

  /** Whether writes are refused because saving fails. */
  get refusesWrites(): boolean {
    if (this.succeeded) return false;
    const { stopWritesOnBgsaveError, save } = this.server.config.values;
    return stopWritesOnBgsaveError && save.length > 0;
  }

  /** Saves now. False, and logged, when that failed. */
  save(): boolean {
    const { server } = this;
    this.saves++;
    let file: BlockingFile | null = null;
    const name = `temp-${process.pid}.rdb`;
    try {
      file = new BlockingFile(this.fileOptions(name));
      new Snapshot(this.snapshotParts(file), false).finish();
      file.commit(this.path);
    } catch (error) {
      file?.discard();
      this.logFailure(error, name);
      return false;
    }
    server.log.notice('DB saved on disk');
    this.saved(server.effects.dirty);
    return true;
  }

  /** Begins to save in the background. Nothing else of its kind may be in progress. */
  start(): void {
    const { server } = this;
    const { clock, effects, keyspace, stats } = server;
    const name = `temp-${process.pid}.${++this.filesMade}.rdb`;
    this.saves++;
    this.isScheduled = false;
    this.triedAtMs = clock.now();
    const file = new BackgroundFile(this.fileOptions(name));
    file.onFailure = (failure) => this.fail(failure, name);
    stats.snapshots++;
    const run = new SnapshotRun({
      snapshot: new Snapshot(this.snapshotParts(file), true),
      clock,
      schedule: (delayMs, task) => keyspace.schedule(delayMs, task),
      commandsRun: () => stats.commandsProcessed,
      onDone: () => void this.commit(file, name),
    });
    this.running = {
      run,
      file,
      dirtyBefore: effects.dirty,
      isGivenUp: false,
    };
    server.log.notice(`Background saving started by pid ${process.pid}`);
  }

  /** Gives up the save in progress, or that which is scheduled. Which of them; null when there is none. */
  cancel(): 'running' | 'scheduled' | null {
    const { log } = this.server;
    if (this.running !== null) {
      log.notice('Background saving will be aborted due to user request');
      this.giveUp();
      return 'running';
    }
    if (!this.isScheduled) return null;
    log.notice('Scheduled background saving will be cancelled due to user request');
    this.isScheduled = false;
    return 'scheduled';
  }

  /** Gives up the save in progress, if there is one: its file is gone when this returns. */
  giveUp(): void {
    const { running } = this;
    if (running === null) return;
    running.isGivenUp = true;
    running.run.stop();
    running.file.discard();
    this.ended();
    this.server.log.notice('Background saving cancelled');
  }

  /** The server closes. */
  stop(): void {
    this.giveUp();
  }

  private async commit(file: BackgroundFile, name: string): Promise<void> {
    const { running } = this;
    try {
      await file.commit(this.path);
    } catch (error) {
      if (this.running === running) this.fail(error, name);
      return;
    }
    if (running === null || running.isGivenUp) return;
    this.server.log.notice('DB saved on disk');
    this.succeeded = true;
    this.ended();
    this.saved(running.dirtyBefore);
    this.server.log.notice('Background saving terminated with success');
  }

  private fail(error: unknown, name: string): void {
    const { running } = this;
    if (running === null || running.isGivenUp) return;
    running.isGivenUp = true;
    running.run.stop();
    running.file.discard();
    this.logFailure(error, name);
    this.succeeded = false;
    this.ended();
    this.server.log.warning('Background saving error');
  }

  private ended(): void {
    const { running } = this;
    if (running === null) return;
    this.lastSeconds = running.run.seconds;
    this.lastEarlyBytes = running.run.snapshot.earlyBytes;
    this.running = null;
  }

  /** The data as it was `changes` changes after the last save is on disk. */
  private saved(changes: number): void {
    const { server } = this;
    server.effects.dirty -= changes;
    server.lastSavedAtMs = server.clock.now();
    this.succeeded = true;
  }

  /** Begins what is due. */
  private check(): void {
    const { clock, config, effects, lastSavedAtMs, loading, log } = this.server;
    if (this.running !== null || loading.inProgress || this.isBlocked()) return;
    if (!this.succeeded && clock.now() - this.triedAtMs <= RETRY_DELAY_SECONDS * 1000) return;
    if (this.isScheduled) return this.start();
    const elapsed = Math.floor(clock.now() / 1000) - Math.floor(lastSavedAtMs / 1000);
    for (const { seconds, changes } of config.values.save) {
      if (effects.dirty < changes || elapsed <= seconds) continue;
      log.notice(`${changes} changes in ${seconds} seconds. Saving...`);
      return this.start();
    }
  }

  /** All data is gone: a save in progress would bring it back, and so would the file. */
  private flushedAll(): void {
    this.giveUp();
    if (this.server.config.values.save.length > 0) this.save();
  }

  private beforeShutdown(options: ShutdownOptions): boolean | Promise<boolean> {
    const { config, loading, log } = this.server;
    // What is there is a part of the data only: it must not take the place of all of it.
    if (loading.inProgress) return true;
    if (this.running !== null) {
      log.warning('There is a child saving an .rdb. Killing it!');
      this.giveUp();
    }
    const isWanted =
      options.has('save') || (config.values.save.length > 0 && !options.has('nosave'));
    if (!isWanted) return true;
    log.notice('Saving the final RDB snapshot before exiting.');
    return this.saveFinally().then((saved) => {
      if (!saved) log.warning("Error trying to save the DB, can't exit.");
      return saved || options.has('force');
    });
  }

  /** Saves while nobody is served, but the event loop goes on: a second signal is heard. */
  private async saveFinally(): Promise<boolean> {
    const { pauses, clock } = this.server;
    const name = `temp-${process.pid}.rdb`;
    this.saves++;
    pauses.begin('all', Number.MAX_SAFE_INTEGER);
    let file: BlockingFile | null = null;
    const { temporaryPath } = this.fileOptions(name);
    try {
      file = new BlockingFile(this.fileOptions(name));
      this.unfinishedPath = temporaryPath;
      const snapshot = new Snapshot(this.snapshotParts(file), false);
      let untilMs = clock.elapsedMs() + FINAL_SLICE_MS;
      while (!snapshot.step(() => clock.elapsedMs() >= untilMs)) {
        if (snapshot.restMs > 0) await pause(clock, snapshot.restMs);
        else await setImmediate();
        untilMs = clock.elapsedMs() + FINAL_SLICE_MS;
      }
      file.commit(this.path);
    } catch (error) {
      file?.discard();
      this.logFailure(error, name);
      pauses.end();
      return false;
    } finally {
      this.unfinishedPath = null;
    }
    this.server.log.notice('DB saved on disk');
    this.saved(this.server.effects.dirty);
    return true;
  }

  /** The process ends at once: what was not written to the end goes. */
  removeUnfinished(): void {
    this.running?.file.discard();
    if (this.unfinishedPath !== null) removeQuietly(this.unfinishedPath);
  }

  private get path(): string {
    const { values } = this.server.config;
    return filePath(values, values.dbfilename);
  }

  private fileOptions(name: string) {
    const { values } = this.server.config;
    return {
      temporaryPath: filePath(values, name),
      syncsInPieces: values.rdbSaveIncrementalFsync,
    };
  }

  private snapshotParts(sink: SnapshotSink): SnapshotParts {
    const { config, keyspace } = this.server;
    return {
      keyspace,
      sink,
      facts: this.facts(false),
      checksum: config.values.rdbchecksum,
      keyDelayUsec: () => Math.max(0, config.values.rdbKeySaveDelay),
    };
  }

  /** What a file says of itself. */
  facts(isAofBase: boolean): FileFacts {
    const { clock, config, memory } = this.server;
    const { maxmemoryPolicy } = config.values;
    let access: FileFacts['access'] = 'none';
    if (maxmemoryPolicy.endsWith('-lru')) access = 'idle';
    if (maxmemoryPolicy.endsWith('-lfu')) access = 'frequency';
    return {
      serverVersion: VERSION,
      createdAtSeconds: Math.floor(clock.now() / 1000),
      usedMemoryBytes: memory.usedBytes,
      isAofBase,
      replication: null,
      access,
      functionLibraries: this.functionLibraries(),
    };
  }

  private logFailure(error: unknown, name: string): void {
    const { config, log } = this.server;
    const { dir, dbfilename } = config.values;
    if (!(error instanceof FileFailure)) {
      log.warning(`Cannot save the DB: ${error instanceof Error ? error.stack : String(error)}`);
      return;
    }
    const text = systemErrorText(error.cause);
    if (error.step === 'open') {
      log.warning(
        `Failed opening the temp RDB file ${name} (in server root dir ${dir}) for saving: ${text}`,
      );
    } else if (error.step === 'rename') {
      log.warning(
        `Error moving temp DB file ${name} on the final destination ${dbfilename} (in server root dir ${dir}): ${text}`,
      );
    } else if (error.step === 'directory') {
      log.warning(`Failed to fsync directory while saving DB: ${text}`);
    } else log.warning(`Write error while saving DB to the disk(write): ${text}`);
  }
}
