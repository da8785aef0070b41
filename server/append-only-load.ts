/**
 * Loads the data that the append-only file holds: its base, then what was appended, file by file.
 *
 * Requests run as they did when they were written: past the gate, telling nobody. A script that takes long is left
 * in the middle now and then, for others to hear that it does. A transaction that the file ends
 * within is as if it had never begun; what a crash cut short at the very end is cut off, if the settings allow it.
 */
import { closeSync, openSync, readSync, renameSync, truncateSync } from 'node:fs';
import type { AofDirectory } from '../persistence/aof-directory.js';
import type { AofManifest } from '../persistence/aof-manifest.js';
import { AofRead, AofReader } from '../persistence/aof-reader.js';
import { equalsIgnoreCase } from '../protocol/bytes.js';
import { Refusal, wrongArity } from '../protocol/refusals.js';
import { ReplyWriter } from '../protocol/reply.js';
import type { Request } from '../protocol/request.js';
import type { AppendOnly } from './append-only.js';
import { systemErrorText } from './config-table/system-error.js';
import { unknownCommandOf, unknownSubcommandOf } from './gate.js';
import { LoadFailure } from './loading.js';
import type { Server } from './server.js';
import { ServerCall } from './server-call.js';

/** What an RDB file begins with, old and new: a name, then its version. */
const RDB_HEAD = /^(REDIS|VALKEY)[0-9]{3}/;
const RDB_HEAD_BYTES = 9;
/** Commands between two looks at the time. */
const COMMANDS_PER_LOOK = 1024;

/** Work in pieces: each pause is to last so many milliseconds at least. */
export type Pieces<T> = Generator<number, T>;

export class AppendOnlyLoader {
  private readonly server: Server;
  private readonly owner: AppendOnly;
  private readonly reply: ReplyWriter;
  /** Bytes of the files that are done. */
  private doneBytes = 0;
  /** The requests of a transaction that is not whole yet; null outside of one. */
  private transaction: Request[] | null = null;
  /** Of a transaction that is being run, what is still to run, the next one last. */
  private rest: Request[] = [];
  /** Error replies before the request that runs. */
  private errorsBefore = 0;

  constructor(server: Server, owner: AppendOnly) {
    this.server = server;
    this.owner = owner;
    this.reply = new ReplyWriter(server.arena);
  }

  /**
   * Loads all that a manifest names. An old single file beside the folder is taken in first.
   *
   * @returns Whether there was anything.
   * @throws {LoadFailure} When the data cannot be loaded; the log tells why.
   */
  *load(): Pieces<boolean> {
    const { effects, loading } = this.server;
    this.takeInOldFile();
    const { directory, manifest } = this.owner;
    if (manifest.isEmpty) return false;
    const totalBytes = this.measure(directory, manifest);
    effects.muted = true;
    loading.begin(null);
    loading.totalBytes = totalBytes;
    try {
      yield* this.loadFiles(directory, manifest);
    } finally {
      effects.muted = false;
      loading.end();
    }
    return true;
  }

  private *loadFiles(directory: AofDirectory, manifest: AofManifest): Pieces<void> {
    const { clock, log } = this.server;
    const { files } = manifest;
    this.doneBytes = 0;
    for (const file of files) {
      const startMs = clock.elapsedMs();
      const bytes = directory.sizeOf(file.name);
      const wasCut = yield* this.loadFile(directory, file.name);
      this.doneBytes += bytes;
      const seconds = ((clock.elapsedMs() - startMs) / 1000).toFixed(3);
      const isLast = file === files.at(-1);
      if (wasCut && !isLast) {
        log.warning('Fatal error: the truncated file is not the last file');
        throw new LoadFailure(false);
      }
      const kind = file === manifest.base ? 'base' : 'incr';
      if (bytes > 0) log.notice(`DB loaded from ${kind} file ${file.name}: ${seconds} seconds`);
    }
    this.owner.baseBytes = manifest.base === null ? 0 : directory.sizeOf(manifest.base.name);
    this.owner.totalBytes = files.reduce((sum, { name }) => sum + directory.sizeOf(name), 0);
  }

  /** Bytes of all files. @throws {LoadFailure} When one of them is not there. */
  private measure(directory: AofDirectory, manifest: AofManifest): number {
    let bytes = 0;
    for (const { name } of manifest.files) {
      try {
        bytes += directory.sizeOf(name);
      } catch (error) {
        this.server.log.warning(
          `Unable to obtain the AOF file ${name} length. stat: ${systemErrorText(error)}`,
        );
        throw new LoadFailure();
      }
    }
    return bytes;
  }

  /** A file from before there were manifests becomes the base. */
  private takeInOldFile(): void {
    const { owner, server } = this;
    const { directory } = owner;
    const { oldFile, names } = directory;
    if (oldFile === null || !this.isBeforeManifests(directory)) return;
    const manifest = owner.manifest.copy();
    manifest.adoptBase(names.prefix);
    try {
      owner.makeFolder(directory);
      directory.writeManifest(manifest);
      renameSync(oldFile, directory.pathOf(names.prefix));
    } catch (error) {
      owner.logFailure(error);
      throw new LoadFailure();
    }
    owner.manifest = manifest;
    server.log.notice(
      `Successfully migrated an old-style AOF file (${names.prefix}) into the AOF directory (${names.folder}).`,
    );
  }

  /** Whether no manifest was ever written, or one whose file was about to be moved when the server ended. */
  private isBeforeManifests(directory: AofDirectory): boolean {
    const { manifest } = this.owner;
    const { prefix } = directory.names;
    if (directory.has(prefix)) return false;
    if (manifest.isEmpty) return !directory.has(directory.manifestName);
    return manifest.base?.name === prefix && manifest.increments.length === 0;
  }

  /** Whether the file ended too soon and was cut. */
  private *loadFile(directory: AofDirectory, name: string): Pieces<boolean> {
    const path = directory.pathOf(name);
    let reader: AofReader | null = null;
    try {
      const offset = isRdb(path) ? yield* this.loadRdb(path) : 0;
      reader = new AofReader(path, offset);
      return yield* this.loadRequests(reader, path, name);
    } catch (error) {
      if (error instanceof LoadFailure) throw error;
      this.server.log.warning(
        `Unrecoverable error reading the append only file ${name}: ${systemErrorText(error)}`,
      );
      throw new LoadFailure(false);
    } finally {
      reader?.close();
    }
  }

  /** Loads the RDB file that a file begins with. Returns where that ends. */
  private *loadRdb(path: string): Pieces<number> {
    const { loading, log } = this.server;
    log.notice('Reading RDB base file on AOF loading...');
    const file = openSync(path, 'r');
    const rules = { empties: false, replaces: false, dropsExpired: false };
    try {
      const loader = loading.makeLoader(rules);
      while (!loader.isDone) {
        const room = loader.room();
        const count = readSync(file, room, 0, room.length, null);
        if (count === 0) loader.finish();
        else loader.take(count);
        loading.loadedBytes = this.doneBytes + loader.bytesTaken;
        yield 0;
      }
      loading.summarize(loader);
      return loader.bytesTaken - loader.rest.length;
    } catch (error) {
      throw loading.failure(error);
    } finally {
      closeSync(file);
    }
  }

  private *loadRequests(reader: AofReader, path: string, name: string): Pieces<boolean> {
    const { loading, config, clock, keyspace, scripts } = this.server;
    const call = this.makeCall();
    const intervalBytes = config.values.loadingProcessEventsIntervalBytes;
    this.transaction = null;
    this.rest = [];
    let validBytes = reader.offset;
    let pausedAtBytes = reader.offset;
    let owedUsec = 0;
    for (let count = 1; ; count++) {
      const read = reader.next();
      if (read === AofRead.invalid) throw this.badFormat(name);
      if (read !== AofRead.request) {
        if (read === AofRead.end && this.transaction === null) return false;
        return this.endsTooSoon(path, name, validBytes);
      }
      this.take(call, reader.request, name);
      while (scripts.isBusy) {
        yield 0;
        scripts.goOnLoading();
        if (scripts.isBusy) continue;
        this.finish(call, call.entry?.fullName ?? '');
        this.runRest(call, name);
      }
      if (this.transaction === null) validBytes = reader.offset;
      owedUsec += Math.max(0, config.values.keyLoadDelay);
      const isDue = reader.offset - pausedAtBytes >= intervalBytes || owedUsec >= 1000;
      if (!isDue && count % COMMANDS_PER_LOOK !== 0) continue;
      loading.loadedBytes = this.doneBytes + reader.offset;
      if (!isDue) continue;
      pausedAtBytes = reader.offset;
      yield owedUsec / 1000;
      owedUsec = 0;
      clock.refresh();
      keyspace.known.forget();
    }
  }

  /** A client for the requests of one file, and the call that they run in. */
  private makeCall(): ServerCall {
    const call = new ServerCall(this.server, this.server.makeClient(null));
    call.client.authenticated = true;
    call.reply = this.reply;
    call.mustObey = true;
    return call;
  }

  /** Runs a request, or has it wait for the end of its transaction. */
  private take(call: ServerCall, request: Request, name: string): void {
    const verb = request.argc === 1 ? verbOf(request) : '';
    if (verb === 'multi' && this.transaction === null) {
      this.transaction = [];
    } else if (verb === 'exec' && this.transaction !== null) {
      this.rest = this.transaction.reverse();
      this.transaction = null;
      this.runRest(call, name);
    } else if (verb === 'discard' && this.transaction !== null) {
      this.transaction = null;
    } else if (this.transaction !== null) {
      this.check(request, name);
      this.transaction.push(request.copy());
    } else {
      this.run(call, request, name);
    }
  }

  /** Runs what is left of a transaction, up to a script that takes long. */
  private runRest(call: ServerCall, name: string): void {
    while (!this.server.scripts.isBusy) {
      const request = this.rest.pop();
      if (request === undefined) return;
      this.run(call, request, name);
    }
  }

  private run(call: ServerCall, request: Request, name: string): void {
    const entry = this.check(request, name);
    const { client, reply } = call;
    this.errorsBefore = reply.errors;
    call.request = request;
    call.db = client.db;
    call.entry = entry;
    try {
      entry.command.run(call);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      reply.error(error);
    }
    if (!this.server.scripts.isBusy) this.finish(call, entry.fullName);
  }

  /** A request has run to its end. */
  private finish({ reply }: ServerCall, command: string): void {
    if (reply.errors !== this.errorsBefore && reply.lastError !== null) {
      this.logRefusal(reply.lastError, command);
    }
    reply.discard();
  }

  /** The command that a request names. @throws {LoadFailure} When there is none, or not with these arguments. */
  private check(request: Request, name: string) {
    const { commands, log } = this.server;
    const entry = commands.resolve(request);
    let refusal: Refusal | null = null;
    if (entry === undefined) refusal = unknownCommandOf(request);
    else if (entry.subcommands !== null && request.argc > 1) refusal = unknownSubcommandOf(request);
    else if (!entry.arityFits(request.argc)) refusal = wrongArity(entry.fullName);
    if (entry !== undefined && refusal === null) return entry;
    log.warning(`Error reading the append only file ${name}, error: ${textOf(refusal)}`);
    throw new LoadFailure(false);
  }

  /** What ran once must run again: that it does not is worth a look. */
  private logRefusal(refusal: Refusal, command: string): void {
    const shown = refusal.code === 'ERR' ? textOf(refusal) : `-${refusal.message}`;
    this.server.log.warning(
      `== CRITICAL == This server is sending an error to its AOF-loading-client: '${shown}' after processing the command '${command}'`,
    );
  }

  private badFormat(name: string): LoadFailure {
    this.server.log.warning(
      `Bad file format reading the append only file ${name}: make a backup of your AOF file, then use ./valkey-check-aof --fix <filename.manifest>`,
    );
    return new LoadFailure(false);
  }

  /** The file ends within a request or a transaction: cuts it behind the last one that is whole. */
  private endsTooSoon(path: string, name: string, validBytes: number): boolean {
    const { config, log } = this.server;
    if (this.transaction !== null) {
      log.warning(`Revert incomplete MULTI/EXEC transaction in AOF file ${name}`);
      this.transaction = null;
    }
    if (!config.values.aofLoadTruncated) {
      log.warning(
        `Unexpected end of file reading the append only file ${name}. You can: 1) Make a backup of your AOF file, then use ./valkey-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.`,
      );
      throw new LoadFailure(false);
    }
    log.warning(`!!! Warning: short read while loading the AOF file ${name}!!!`);
    log.warning(`!!! Truncating the AOF ${name} at offset ${validBytes} !!!`);
    try {
      truncateSync(path, validBytes);
    } catch (error) {
      log.warning(`Error truncating the AOF file ${name}: ${systemErrorText(error)}`);
      throw new LoadFailure(false);
    }
    log.warning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`);
    return true;
  }
}

/** The text of a refusal as it follows its code. */
function textOf(refusal: Refusal | null): string {
  return refusal === null ? '' : refusal.message.slice(refusal.code.length + 1);
}

const VERBS = ['multi', 'exec', 'discard'];

/** The word that a request consists of, when it is about a transaction. */
function verbOf({ bytes, starts, ends }: Request): string {
  const [start = 0, end = 0] = [starts[0], ends[0]];
  return VERBS.find((verb) => equalsIgnoreCase(bytes, start, end, verb)) ?? '';
}

function isRdb(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(RDB_HEAD_BYTES);
    const head = bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0));
    return RDB_HEAD.test(head);
  } finally {
    closeSync(file);
  }
}
