/**
 * The append-only file while the server runs: what changed data is gathered, written once in each round of the event
 * loop, before the replies of that round leave, and brought to disk as `appendfsync` says.
 *
 * always: each round's writes share one fsync, and replies wait for it. everysec: once in a second, in the
 * background; a write that would have to wait behind an fsync that is not done is put off, by two seconds at most. no: the
 * system decides. What could not be written stays in the buffer and is tried again.
 */
import { GrowingBytes } from '../protocol/growing-bytes.js';
import { integerLength } from '../protocol/numbers.js';
import type { AppendFile } from './append-file.js';
import { Destination, type PropagationSink } from './propagation.js';

export interface AofWriterSettings {
  readonly appendfsync: 'always' | 'everysec' | 'no';
  readonly noAppendfsyncOnRewrite: boolean;
  readonly aofTimestampEnabled: boolean;
}

/** What the writer needs of the engine. */
export interface AofWriterHost {
  readonly settings: AofWriterSettings;
  /** ms since 1970. */
  now(): number;
  /** ms on a scale that never goes back. */
  elapsedMs(): number;
  notice(message: string): void;
  warning(message: string): void;
  /** An event of the latency monitor took so long. */
  spent(event: string, ms: number): void;
  /** Whether a snapshot or a rewrite is being written. */
  isSaving(): boolean;
  /** What the system says of an error. */
  textOf(error: unknown): string;
  /** Something waits to be written: `flush` is to be called at the end of this round. */
  wake(): void;
}

/** The server cannot go on: what it told clients would not be true. The message is for the log. */
export class AofFatalError extends Error {}

const SMALLEST_BUFFER_BYTES = 16 * 1024;
const SYNC_PERIOD_MS = 1000;
const LONGEST_DELAY_MS = 2000;
const ERROR_LOG_PERIOD_MS = 30_000;
const NO_DATABASE = -1;
const NO_SPACE = 'No space left on device';

export class AofWriter implements PropagationSink {
  readonly destination = Destination.appendOnlyFile;
  /** Bytes of the file that is written to. */
  fileBytes = 0;
  /** Writes that did not wait for an fsync that took too long. */
  delayedSyncs = 0;
  /** Fsyncs in the background that are not done. */
  pendingSyncs = 0;
  /** Why the last write failed; null when it did not. */
  writeError: string | null = null;
  /** Why the last fsync in the background failed; null when it did not. */
  syncError: string | null = null;
  /** How long each write takes longer than it must, in ms: DEBUG AOF-FLUSH-SLEEP. */
  flushDelayMs = 0;
  /** Requests taken in so far, and those among them that are on disk for sure. */
  taken = 0;
  synced = 0;
  /** Called when `synced` grew. */
  onSynced: () => void = () => {};

  private readonly host: AofWriterHost;
  private file: AppendFile | null = null;
  private readonly buffer = new GrowingBytes(SMALLEST_BUFFER_BYTES);
  private database = NO_DATABASE;
  /** Second of the last annotation. */
  private annotatedSeconds = 0;
  private syncedBytes = 0;
  private syncedAtMs = 0;
  /** Of the fsyncs that are not done, those of files that nothing is written to any more. */
  private lastSyncs = 0;
  /** Since when a write is being put off; 0 when none is. */
  private delayedSinceMs = 0;
  private errorLoggedAtMs = -Infinity;

  constructor(host: AofWriterHost) {
    this.host = host;
  }

  get isOpen(): boolean {
    return this.file !== null;
  }

  /** Bytes that wait to be written. */
  get bufferedBytes(): number {
    return this.buffer.used;
  }

  /** What the buffer takes. */
  get bufferBytes(): number {
    return this.buffer.bytes.length;
  }

  /** Writes go to `file` from now on, which has `size` bytes already. The file before is brought to disk. */
  open(file: AppendFile, size: number): void {
    if (this.file !== null && this.fileBytes !== this.syncedBytes) this.syncLast(this.file);
    this.close();
    this.file = file;
    this.fileBytes = size;
    this.syncedBytes = size;
    this.syncedAtMs = this.host.elapsedMs();
    this.database = NO_DATABASE;
    this.delayedSinceMs = 0;
  }

  /** Closes the file. What was not written stays. */
  close(): void {
    this.file?.close();
    this.file = null;
  }

  /** Forgets what waits to be written, and that anything failed. */
  reset(): void {
    this.buffer.used = 0;
    this.database = NO_DATABASE;
    this.delayedSinceMs = 0;
    this.writeError = null;
    this.syncError = null;
  }

  write(database: number, bytes: Uint8Array, start: number, end: number): void {
    // Without a file a rewrite is to come, which finds all this in the data.
    if (this.file === null) return;
    if (this.buffer.used === 0) this.host.wake();
    this.taken++;
    if (this.host.settings.aofTimestampEnabled) this.annotate();
    if (database !== this.database && database !== NO_DATABASE) this.select(database);
    this.buffer.copy(bytes, start, end);
  }

  private annotate(): void {
    const seconds = Math.floor(this.host.now() / 1000);
    if (seconds <= this.annotatedSeconds) return;
    this.annotatedSeconds = seconds;
    this.buffer.text(`#TS:${seconds}\r\n`);
  }

  private select(database: number): void {
    this.database = database;
    const { buffer } = this;
    buffer.text(`*2\r\n$6\r\nSELECT\r\n$${integerLength(database)}\r\n`);
    buffer.integer(database);
    buffer.text('\r\n');
  }

  /**
   * Writes what waits, and brings it to disk if that is due.
   *
   * @param force - Also when an fsync in the background is not done.
   * @throws {AofFatalError} Under `always`, when it cannot be written or brought to disk.
   */
  flush(force = false): void {
    const { file } = this;
    if (file === null) return;
    if (this.buffer.used > 0) {
      if (!force && this.mustWait()) return;
      this.delayedSinceMs = 0;
      if (!this.writeBuffer(file)) return;
    }
    if (this.fileBytes !== this.syncedBytes) this.syncIfDue(file);
  }

  /** Whether there is something to write, or to bring to disk before long. */
  get isIdle(): boolean {
    return this.buffer.used === 0 && this.fileBytes === this.syncedBytes;
  }

  /** Brings all that was written to disk. @throws {Error} When the system cannot. */
  syncNow(): void {
    this.file?.sync();
    this.noteSynced(this.fileBytes, this.taken);
  }

  /** Whether a write would only wait behind the fsync that is being done. */
  private mustWait(): boolean {
    if (this.host.settings.appendfsync !== 'everysec') return false;
    if (this.pendingSyncs === this.lastSyncs) return false;
    const nowMs = this.host.elapsedMs();
    if (this.delayedSinceMs === 0) this.delayedSinceMs = nowMs;
    if (nowMs - this.delayedSinceMs < LONGEST_DELAY_MS) return true;
    this.delayedSyncs++;
    this.host.notice(
      'Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down the server.',
    );
    return false;
  }

  /** Whether all that waited could be written. */
  private writeBuffer(file: AppendFile): boolean {
    const { host } = this;
    const startMs = host.elapsedMs();
    let written = 0;
    let failure: string | null = null;
    try {
      written = file.write(this.buffer.bytes, 0, this.buffer.used);
    } catch (error) {
      failure = host.textOf(error);
    }
    if (this.flushDelayMs > 0) sleep(this.flushDelayMs);
    this.noteWriteTime(host.elapsedMs() - startMs);
    if (written < this.buffer.used) {
      this.writeFailed(file, written, failure);
      return false;
    }
    if (this.writeError !== null) {
      host.notice('AOF write error looks solved. The server can write again.');
      this.writeError = null;
    }
    this.fileBytes += written;
    this.buffer.empty();
    return true;
  }

  private noteWriteTime(ms: number): void {
    const { host } = this;
    if (this.pendingSyncs > 0) host.spent('aof-write-pending-fsync', ms);
    else if (host.isSaving()) host.spent('aof-write-active-child', ms);
    else host.spent('aof-write-alone', ms);
    host.spent('aof-write', ms);
  }

  /** Takes back what was written in part: the file must end with a whole request. */
  private writeFailed(file: AppendFile, written: number, failure: string | null): void {
    const { host } = this;
    const nowMs = host.elapsedMs();
    const logs = nowMs - this.errorLoggedAtMs >= ERROR_LOG_PERIOD_MS;
    if (logs) {
      this.errorLoggedAtMs = nowMs;
      host.warning(
        failure === null
          ? `Short write while writing to the AOF file: (nwritten=${written}, expected=${this.buffer.used})`
          : `Error writing to the AOF file: ${failure}`,
      );
    }
    if (written > 0 && !this.takeBack(file, logs)) {
      // The part stays in the file: the rest goes behind it.
      this.buffer.drop(written);
      this.fileBytes += written;
    }
    if (host.settings.appendfsync === 'always') {
      throw new AofFatalError(
        "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
      );
    }
    this.writeError = failure ?? NO_SPACE;
  }

  private takeBack(file: AppendFile, logs: boolean): boolean {
    try {
      file.truncate(this.fileBytes);
      return true;
    } catch (error) {
      if (logs) {
        this.host.warning(
          `Could not remove short write from the append-only file.  The server may refuse to load the AOF the next time it starts.  ftruncate: ${this.host.textOf(error)}`,
        );
      }
      return false;
    }
  }

  private syncIfDue(file: AppendFile): void {
    const { host } = this;
    const { appendfsync, noAppendfsyncOnRewrite } = host.settings;
    if (appendfsync === 'no' || (noAppendfsyncOnRewrite && host.isSaving())) return;
    if (appendfsync === 'always') this.syncOrDie(file);
    else if (host.elapsedMs() - this.syncedAtMs >= SYNC_PERIOD_MS) this.syncLater(file);
  }

  private syncOrDie(file: AppendFile): void {
    const { host } = this;
    const startMs = host.elapsedMs();
    try {
      file.sync();
    } catch (error) {
      throw new AofFatalError(
        `Can't persist AOF for fsync error when the AOF fsync policy is 'always': ${host.textOf(error)}. Exiting...`,
      );
    }
    host.spent('aof-fsync-always', host.elapsedMs() - startMs);
    this.noteSynced(this.fileBytes, this.taken);
  }

  private syncLater(file: AppendFile): void {
    if (this.pendingSyncs > 0) return;
    const { host } = this;
    const { fileBytes, taken } = this;
    this.pendingSyncs++;
    this.syncedAtMs = host.elapsedMs();
    file.syncInBackground((error) => {
      this.pendingSyncs--;
      if (error === null) {
        this.syncError = null;
        if (file === this.file) this.noteSynced(fileBytes, taken);
      } else {
        if (this.syncError === null)
          host.warning(`Fail to fsync the AOF file: ${host.textOf(error)}`);
        this.syncError = host.textOf(error);
      }
      // What was put off meanwhile need not wait for the next request.
      if (this.buffer.used > 0) host.wake();
    });
  }

  /** Brings to disk what was written to a file that is about to be closed. */
  private syncLast(file: AppendFile): void {
    const { taken } = this;
    this.pendingSyncs++;
    this.lastSyncs++;
    file.syncInBackground((error) => {
      this.pendingSyncs--;
      this.lastSyncs--;
      if (error === null) {
        this.synced = Math.max(this.synced, taken);
        this.onSynced();
      } else this.host.warning(`Fail to fsync the AOF file: ${this.host.textOf(error)}`);
    });
  }

  private noteSynced(bytes: number, taken: number): void {
    this.syncedBytes = bytes;
    this.syncedAtMs = this.host.elapsedMs();
    this.synced = taken;
    this.onSynced();
  }
}

/** Keeps the process from doing anything for `ms` milliseconds. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
