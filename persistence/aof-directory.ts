/**
 * The folder of the append-only file: the manifest and the files it names, put in place so that a crash at any
 * moment leaves either the old state or the new one.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  promises,
  readFileSync,
  renameSync,
  statSync,
  unlink,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { latin1 } from '../protocol/bytes.js';
import { AofManifest } from './aof-manifest.js';

/** What names the folder and its files: settings, byte strings. */
export interface AofNames {
  /** The folder that everything is in, an absolute path. */
  readonly directory: string;
  /** `appenddirname` */
  readonly folder: string;
  /** `appendfilename` */
  readonly prefix: string;
}

const TEMPORARY = 'temp-';

export class AofDirectory {
  readonly names: AofNames;
  /** The folder, as the file system wants it. */
  readonly path: string;

  constructor(names: AofNames) {
    this.names = names;
    this.path = join(names.directory, toPath(names.folder));
  }

  get manifestName(): string {
    return `${this.names.prefix}.manifest`;
  }

  get temporaryManifestName(): string {
    return `${TEMPORARY}${this.manifestName}`;
  }

  /** Where what is written goes until the first rewrite after the file was turned on is done. */
  get temporaryIncrementName(): string {
    return `${TEMPORARY}${this.names.prefix}.incr`;
  }

  /** The path of a file in the folder. */
  pathOf(name: string): string {
    return join(this.path, toPath(name));
  }

  /** Makes the folder when there is none. */
  make(): void {
    if (isFolder(this.path)) return;
    if (existsSync(this.path)) {
      throw Object.assign(new Error('Not a directory'), { code: 'ENOTDIR' });
    }
    mkdirSync(this.path, { mode: 0o755 });
  }

  has(name: string): boolean {
    try {
      return statSync(this.pathOf(name)).isFile();
    } catch {
      return false;
    }
  }

  /** Bytes of a file. @throws {Error} When it cannot be looked at. */
  sizeOf(name: string): number {
    return statSync(this.pathOf(name)).size;
  }

  /** The file from before there were manifests: beside the folder, not in it. Null when there is none. */
  get oldFile(): string | null {
    const path = join(this.names.directory, toPath(this.names.prefix));
    try {
      return statSync(path).isFile() ? path : null;
    } catch {
      return null;
    }
  }

  /**
   * The manifest, empty when there is none yet.
   *
   * @throws {ManifestError} When it is no manifest.
   * @throws {Error} When it cannot be read.
   */
  readManifest(): AofManifest {
    const path = this.pathOf(this.manifestName);
    if (!this.has(this.manifestName)) return new AofManifest();
    return AofManifest.parse(readFileSync(path, 'latin1'));
  }

  /** Puts a manifest in place of the one there is, for good. @throws {StepError} */
  writeManifest(manifest: AofManifest): void {
    const { temporaryManifestName: from, manifestName: to } = this;
    attempt(`Can't open the AOF manifest file ${from}`, () => {
      const descriptor = openSync(this.pathOf(from), 'w', 0o644);
      try {
        const bytes = latin1(manifest.toString());
        for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    });
    attempt(`Error trying to rename the temporary AOF manifest file ${from} into ${to}`, () =>
      renameSync(this.pathOf(from), this.pathOf(to)),
    );
    attempt(`Fail to fsync AOF directory ${this.names.folder}`, () => this.sync());
  }

  /**
   * Writes what is to be the next manifest, and brings it to disk, while others work. `adopt` puts it in place.
   *
   * @param name - Of a file that nothing else is staged in.
   * @throws {StepError}
   */
  async stage(name: string, manifest: AofManifest): Promise<void> {
    await attemptLater(`Can't open the AOF manifest file ${name}`, async () => {
      const file = await promises.open(this.pathOf(name), 'w', 0o644);
      try {
        await file.writeFile(latin1(manifest.toString()));
        await file.sync();
      } finally {
        await file.close();
      }
    });
  }

  /** Puts a manifest that was staged in place of the one there is: for good after `syncLater`. @throws {StepError} */
  adopt(name: string): void {
    const { manifestName } = this;
    const step = `Error trying to rename the temporary AOF manifest file ${name} into ${manifestName}`;
    attempt(step, () => this.rename(name, manifestName));
  }

  /** As `sync`, while others work. @throws {StepError} */
  async syncLater(): Promise<void> {
    await attemptLater(`Fail to fsync AOF directory ${this.names.folder}`, async () => {
      const folder = await promises.open(this.path, 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    });
  }

  /** Has the folder's own entries be on disk. */
  sync(): void {
    const descriptor = openSync(this.path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Makes an empty file, in place of one that may be there. @throws {StepError} */
  create(name: string): void {
    attempt(`Can't open the append-only file ${name}`, () =>
      closeSync(openSync(this.pathOf(name), 'w', 0o644)),
    );
  }

  rename(from: string, to: string): void {
    renameSync(this.pathOf(from), this.pathOf(to));
  }

  /** Deletes a file in the background: a large one takes its time. */
  removeLater(name: string): void {
    unlink(this.pathOf(name), () => {});
  }

  /** Deletes a file; that it cannot be is no reason for anything to fail. */
  remove(name: string): void {
    try {
      unlinkSync(this.pathOf(name));
    } catch {
      // It is gone, or stays: nothing refers to it.
    }
  }
}

/** A step on the disk failed. The message says which; the cause is the system's error. */
export class StepError extends Error {}

function attempt<T>(step: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new StepError(step, { cause });
  }
}

async function attemptLater(step: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new StepError(step, { cause });
  }
}

/** A byte string as a path in UTF-8. */
function toPath(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
