/**
 * Files that are there whole or not at all: written under a temporary name, forced to disk, renamed, and the
 * directory forced to disk too.
 *
 * One class writes at once, for SAVE; the other while the server works.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import type { SnapshotSink } from './snapshot.js';

/** What was being done when the operating system refused. */
export type FileStep = 'open' | 'write' | 'rename' | 'directory';

/** A file could not be written: `cause` is the operating system's error. */
export class FileFailure extends Error {
  readonly step: FileStep;

  constructor(step: FileStep, cause: unknown) {
    super(`Cannot ${step} a file: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.step = step;
  }
}

/** Bytes after which what was written is forced to disk, so that the end need not wait for all of it. */
const SYNC_EVERY_BYTES = 4 * 1024 * 1024;
/** Buffers kept to be used again, and how large each must and may be. */
const MOST_SPARES = 16;
const SMALLEST_SPARE_BYTES = 64 * 1024;
const LARGEST_SPARE_BYTES = 512 * 1024;
/** Bytes that may wait to be written. */
const FULL_BYTES = 4 * 1024 * 1024;

export interface FileOptions {
  /** Where the file is while it is written. */
  readonly temporaryPath: string;
  /** Whether to force it to disk piece by piece, rather than at the end only. */
  readonly syncsInPieces: boolean;
}

/** Buffers whose contents are written. */
class Spares {
  private readonly buffers: Uint8Array[] = [];

  add({ buffer }: Uint8Array): void {
    const { byteLength } = buffer;
    if (byteLength < SMALLEST_SPARE_BYTES || byteLength > LARGEST_SPARE_BYTES) return;
    if (this.buffers.length < MOST_SPARES) this.buffers.push(new Uint8Array(buffer));
  }

  take(): Uint8Array | undefined {
    return this.buffers.pop();
  }
}

function attempt<T>(step: FileStep, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new FileFailure(step, error);
  }
}

async function attemptLater<T>(step: FileStep, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new FileFailure(step, error);
  }
}

/** Renames, and forces the directory to disk. */
export function renameDurably(from: string, to: string): void {
  attempt('rename', () => fs.renameSync(from, to));
  attempt('directory', () => {
    const directory = fs.openSync(dirname(to), 'r');
    try {
      fs.fsyncSync(directory);
    } finally {
      fs.closeSync(directory);
    }
  });
}

/** Deletes a file that may not be there, whatever happens. */
export function removeQuietly(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // It never came to be, or somebody else was quicker.
  }
}

/** Writes at once: nothing else happens meanwhile. */
export class BlockingFile implements SnapshotSink {
  readonly isFull = false;
  private readonly options: FileOptions;
  private readonly file: number;
  private readonly spares = new Spares();
  private unsyncedBytes = 0;

  /** @throws {FileFailure} */
  constructor(options: FileOptions) {
    this.options = options;
    this.file = attempt('open', () => fs.openSync(options.temporaryPath, 'w'));
  }

  /** @throws {FileFailure} */
  write(bytes: Uint8Array): void {
    attempt('write', () => {
      for (let at = 0; at < bytes.length; ) at += fs.writeSync(this.file, bytes, at);
      this.spares.add(bytes);
      this.unsyncedBytes += bytes.length;
      if (!this.options.syncsInPieces || this.unsyncedBytes < SYNC_EVERY_BYTES) return;
      fs.fdatasyncSync(this.file);
      this.unsyncedBytes = 0;
    });
  }

  takeSpare(): Uint8Array | undefined {
    return this.spares.take();
  }

  /** Ends the file and gives it its name. @throws {FileFailure} */
  commit(path: string): void {
    attempt('write', () => {
      fs.fsyncSync(this.file);
      fs.closeSync(this.file);
    });
    renameDurably(this.options.temporaryPath, path);
  }

  /** Leaves nothing of it. */
  discard(): void {
    try {
      fs.closeSync(this.file);
    } catch {
      // Closed by `commit` already.
    }
    removeQuietly(this.options.temporaryPath);
  }
}

/** Takes bytes at any time, and writes them one after the other in the background. */
export class BackgroundFile implements SnapshotSink {
  /** Told of the first error: nothing more is written then. */
  onFailure: (failure: FileFailure) => void = () => {};
  private readonly options: FileOptions;
  private readonly queue: Uint8Array[] = [];
  private readonly spares = new Spares();
  private queuedBytes = 0;
  private unsyncedBytes = 0;
  private isDiscarded = false;
  private file: fs.promises.FileHandle | null = null;
  /** What is being done; null when there is nothing to do. */
  private work: Promise<void> | null = null;
  private failure: FileFailure | null = null;

  constructor(options: FileOptions) {
    this.options = options;
    this.work = this.start();
  }

  get isFull(): boolean {
    return this.queuedBytes >= FULL_BYTES;
  }

  write(bytes: Uint8Array): void {
    if (this.isDiscarded || this.failure !== null) return;
    this.queue.push(bytes);
    this.queuedBytes += bytes.length;
    this.work ??= this.drain();
  }

  takeSpare(): Uint8Array | undefined {
    return this.spares.take();
  }

  /** Writes what waits, ends the file and gives it its name. @throws {FileFailure} */
  async commit(path: string): Promise<void> {
    while (this.work !== null) await this.work;
    if (this.failure !== null) throw this.failure;
    const { file } = this;
    if (this.isDiscarded || file === null) return;
    this.file = null;
    await attemptLater('write', file.sync());
    await attemptLater('write', file.close());
    if (this.isDiscarded) return;
    await attemptLater('rename', fs.promises.rename(this.options.temporaryPath, path));
    await attemptLater('directory', syncDirectory(dirname(path)));
  }

  /** Leaves nothing of it. The name is gone when this returns. */
  discard(): void {
    if (this.isDiscarded) return;
    this.isDiscarded = true;
    this.queue.length = 0;
    this.queuedBytes = 0;
    removeQuietly(this.options.temporaryPath);
    if (this.work === null) this.close();
  }

  private async start(): Promise<void> {
    try {
      this.file = await attemptLater('open', fs.promises.open(this.options.temporaryPath, 'w'));
    } catch (error) {
      this.fail(error as FileFailure);
    }
    // The name may have come to be after it was removed.
    if (this.isDiscarded) removeQuietly(this.options.temporaryPath);
    await this.drain();
  }

  private async drain(): Promise<void> {
    const { file } = this;
    try {
      for (let bytes = this.queue.shift(); bytes && file; bytes = this.queue.shift()) {
        await this.writeWhole(file, bytes);
        this.queuedBytes = Math.max(0, this.queuedBytes - bytes.length);
        this.spares.add(bytes);
      }
    } catch (error) {
      this.fail(error as FileFailure);
    }
    this.work = null;
    if (this.isDiscarded) this.close();
  }

  private async writeWhole(file: fs.promises.FileHandle, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.isDiscarded; ) {
      const { bytesWritten } = await attemptLater('write', file.write(bytes, at));
      at += bytesWritten;
    }
    this.unsyncedBytes += bytes.length;
    if (!this.options.syncsInPieces || this.unsyncedBytes < SYNC_EVERY_BYTES) return;
    this.unsyncedBytes = 0;
    await attemptLater('write', file.datasync());
  }

  private fail(failure: FileFailure): void {
    if (this.failure !== null) return;
    this.failure = failure;
    this.queue.length = 0;
    this.queuedBytes = 0;
    this.onFailure(failure);
  }

  private close(): void {
    void this.file?.close().catch(() => {});
    this.file = null;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await fs.promises.open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
