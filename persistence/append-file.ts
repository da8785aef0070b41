/** A file that is only ever appended to, as the operating system gives it; tests put others in its place. */
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  writeSync,
} from 'node:fs';

export interface AppendFile {
  /** Appends `bytes[start, end)`. Returns how many bytes the disk took. @throws {Error} When it took none. */
  write(bytes: Uint8Array, start: number, end: number): number;
  /** Cuts the file. */
  truncate(size: number): void;
  /** Returns when all that was written is on disk. */
  sync(): void;
  /** Has all that was written so far brought to disk; `done` is told of the error, or null. */
  syncInBackground(done: (error: Error | null) => void): void;
  /** Closes the file; one that is being synced, after that. */
  close(): void;
}

export class DiskAppendFile implements AppendFile {
  private readonly descriptor: number;
  private syncs = 0;
  private closing = false;

  /** @param flags - `a` to go on, `w` to begin anew. @throws {Error} When the file cannot be opened. */
  constructor(path: string, flags: 'a' | 'w') {
    const { O_WRONLY, O_APPEND, O_CREAT, O_TRUNC } = constants;
    const anew = flags === 'w' ? O_TRUNC : 0;
    this.descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | anew, 0o644);
  }

  get size(): number {
    return fstatSync(this.descriptor).size;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    return writeSync(this.descriptor, bytes, start, end - start);
  }

  truncate(size: number): void {
    ftruncateSync(this.descriptor, size);
  }

  sync(): void {
    fdatasyncSync(this.descriptor);
  }

  syncInBackground(done: (error: Error | null) => void): void {
    this.syncs++;
    fdatasync(this.descriptor, (error) => {
      this.syncs--;
      if (this.closing && this.syncs === 0) closeSync(this.descriptor);
      done(error);
    });
  }

  close(): void {
    this.closing = true;
    if (this.syncs === 0) closeSync(this.descriptor);
  }
}
