/**
 * Loading: data comes from a file, at the start or for DEBUG RELOAD. Meanwhile most commands are refused.
 */
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { pause } from '../datatypes/clock.js';
import { type LoadListener, RdbFailure, RdbLoader } from '../persistence/rdb-load.js';
import { toLatin1 } from '../protocol/bytes.js';
import { systemErrorText } from './config-table/system-error.js';
import { filePath } from './file-path.js';
import type { Server } from './server.js';

/** The data cannot be loaded; the log tells why. */
export class LoadFailure extends Error {
  /** Whether nothing was touched: the file is not one that this server reads. */
  readonly isHarmless: boolean;

  constructor(isHarmless = true) {
    super('Cannot load the data: the log tells why');
    this.isHarmless = isHarmless;
  }
}

export interface LoadRules {
  /** Whether the databases are emptied once the file turns out to be one that can be read. */
  readonly empties: boolean;
  /** Whether keys that are there already give way. */
  readonly replaces: boolean;
  /** Whether keys whose time has come are passed over. */
  readonly dropsExpired: boolean;
}

/** Facts of a file that are known, and say nothing to this server. */
const IGNORED_FACTS = new Set(['redis-bits', 'lua', 'repl-stream-db', 'repl-id', 'repl-offset']);
/** Empty keys that the log names one by one. */
const MOST_LOGGED_KEYS = 10;

export class Loading {
  /** Whether data is being loaded. */
  inProgress = false;
  /** Whether nobody is heard before all of it is there. */
  isUninterrupted = false;
  startedAtMs = 0;
  totalBytes = 0;
  loadedBytes = 0;
  /** What the server that wrote the file used, in bytes. */
  rdbUsedMemory = 0;
  /** Of the last load. */
  keysLoaded = 0;
  keysExpired = 0;
  /** Loads a library of functions; why it cannot, or null. */
  loadFunctionLibrary: (code: Uint8Array, replaces: boolean) => string | null = () => null;
  /** Deletes all function libraries, and takes that back if what comes is no good. */
  flushFunctions: () => void = () => {};

  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  /** Seconds that loading will still take, about. */
  get secondsLeft(): number {
    const elapsed = Math.floor((this.server.clock.now() - this.startedAtMs) / 1000);
    if (this.loadedBytes === 0) return 1;
    return Math.floor((elapsed * (this.totalBytes - this.loadedBytes)) / this.loadedBytes);
  }

  get percent(): number {
    return this.totalBytes === 0 ? 0 : (this.loadedBytes / this.totalBytes) * 100;
  }

  /**
   * Loads the RDB file at the start, if there is one, while the server answers.
   *
   * @throws {LoadFailure}
   */
  async loadAtStart(): Promise<void> {
    const { clock, config, log } = this.server;
    const startMs = clock.elapsedMs();
    const file = this.open();
    if (file === null) return;
    this.begin(file);
    try {
      const loader = this.makeLoader({ empties: false, replaces: false, dropsExpired: true });
      const interval = config.values.loadingProcessEventsIntervalBytes;
      let untilBytes = interval;
      let owedMs = 0;
      while (!loader.isDone) {
        const keys = loader.keysLoaded;
        this.readSome(file, loader, Math.max(1024, untilBytes - loader.bytesTaken));
        owedMs += this.delayMs(loader.keysLoaded - keys);
        if (loader.bytesTaken < untilBytes) continue;
        untilBytes = loader.bytesTaken + interval;
        if (owedMs >= 1) await pause(clock, owedMs);
        else await setImmediate();
        owedMs = 0;
        clock.refresh();
      }
      this.summarize(loader);
    } catch (error) {
      throw this.failure(error);
    } finally {
      fs.closeSync(file);
      this.end();
    }
    const seconds = (clock.elapsedMs() - startMs) / 1000;
    log.notice(`DB loaded from disk: ${seconds.toFixed(3)} seconds`);
  }

  /** Loads the RDB file now, while nobody is served. @throws {LoadFailure} */
  loadNow(rules: LoadRules): void {
    const file = this.open();
    if (file === null) throw new LoadFailure();
    this.begin(file);
    try {
      const loader = this.makeLoader(rules);
      while (!loader.isDone) this.readSome(file, loader, Infinity);
      this.summarize(loader);
    } catch (error) {
      throw this.failure(error);
    } finally {
      fs.closeSync(file);
      this.end();
    }
  }

  /** Data begins to come. */
  begin(file: number | null): void {
    const { clock, expiryRule } = this.server;
    this.inProgress = true;
    this.startedAtMs = clock.now();
    this.totalBytes = file === null ? 0 : fs.fstatSync(file).size;
    this.loadedBytes = 0;
    this.rdbUsedMemory = 0;
    expiryRule.refresh();
  }

  /** All data is there. */
  end(): void {
    this.inProgress = false;
    this.server.expiryRule.refresh();
  }

  /** The file; null when there is none. @throws {LoadFailure} When it cannot be opened. */
  private open(): number | null {
    const { values } = this.server.config;
    try {
      return fs.openSync(filePath(values, values.dbfilename), 'r');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      this.server.log.warning(
        `Fatal error: can't open the RDB file ${values.dbfilename} for reading: ${systemErrorText(error)}`,
      );
      this.server.log.warning('Fatal error loading the DB, check server logs. Exiting.');
      throw new LoadFailure();
    }
  }

  private readSome(file: number, loader: RdbLoader, most: number): void {
    const room = loader.room();
    const count = fs.readSync(file, room, 0, Math.min(room.length, most), null);
    if (count === 0) loader.finish();
    else loader.take(count);
    this.loadedBytes = loader.bytesTaken;
  }

  /** The pause that `key-load-delay` asks for after so many keys. */
  private delayMs(keys: number): number {
    return (Math.max(0, this.server.config.values.keyLoadDelay) * keys) / 1000;
  }

  /** What takes in an RDB file by these rules. */
  makeLoader(rules: LoadRules): RdbLoader {
    const { config, keyspace } = this.server;
    const { rdbVersionCheck, rdbchecksum } = config.values;
    const loader = new RdbLoader({
      keyspace,
      listener: this.listener(rules),
      relaxed: rdbVersionCheck === 'relaxed',
      verifiesChecksum: rdbchecksum && !keyspace.skipsChecksums,
      dropsExpired: rules.dropsExpired,
      replaces: rules.replaces,
      namesKeys: !this.server.config.values.hideUserDataFromLog,
    });
    loader.bytesLeft = this.totalBytes;
    return loader;
  }

  private listener(rules: LoadRules): LoadListener {
    const { config, keyspace, log } = this.server;
    let emptyKeys = 0;
    return {
      started: () => {
        if (!rules.empties) return;
        log.notice('RDB signature and version check passed. Flushing old data');
        for (const database of keyspace.databases) database.clear();
        this.flushFunctions();
      },
      fact: (name, value) => this.noteFact(name, toLatin1(value, 0, value.length)),
      functionLibrary: (code) => this.loadFunctionLibrary(code, rules.replaces),
      emptyKey: (key) => {
        if (++emptyKeys > MOST_LOGGED_KEYS) return;
        const shown = config.values.hideUserDataFromLog ? '' : `: ${toLatin1(key, 0, key.length)}`;
        log.notice(`rdbLoadObject skipping empty key${shown}`);
      },
      noChecksum: () =>
        log.notice('RDB file was saved with checksum disabled: no check performed.'),
    };
  }

  private noteFact(name: string, value: string): void {
    const { clock, log } = this.server;
    if (name.startsWith('%')) log.notice(`RDB '${name}': ${value}`);
    else if (name === 'valkey-ver') log.notice(`Loading RDB produced by Valkey version ${value}`);
    else if (name === 'redis-ver') log.notice(`Loading RDB produced by Redis version ${value}`);
    else if (name === 'ctime') {
      const age = Math.floor(clock.now() / 1000) - Number(value);
      log.notice(`RDB age ${Math.max(0, age)} seconds`);
    } else if (name === 'used-mem') {
      this.rdbUsedMemory = Number(value);
      log.notice(`RDB memory usage when created ${(Number(value) / 2 ** 20).toFixed(2)} Mb`);
    } else if (name === 'aof-preamble') {
      if (Number(value) > 0) log.notice('RDB has an AOF tail');
    } else if (name === 'aof-base') {
      if (Number(value) > 0) log.notice('RDB is base AOF');
    } else if (!IGNORED_FACTS.has(name)) log.debug(`Unrecognized RDB AUX field: '${name}'`);
  }

  /** Logs and keeps what came of an RDB file. */
  summarize(loader: RdbLoader): void {
    const { keysLoaded, keysExpired, emptyKeys, expiredHashes } = loader;
    const empty = emptyKeys > 0 ? `, empty keys skipped: ${emptyKeys}` : '';
    this.server.log.notice(
      `Done loading RDB, keys loaded: ${keysLoaded}, keys expired: ${keysExpired}${empty}, all fields expired hashes: ${expiredHashes}.`,
    );
    this.keysLoaded = keysLoaded;
    this.keysExpired = keysExpired;
  }

  /** Logs why loading failed. */
  failure(error: unknown): LoadFailure {
    const { log } = this.server;
    if (!(error instanceof RdbFailure)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.warning(`Unexpected error loading the DB: ${text}`);
      return new LoadFailure(false);
    }
    if (error.isShort) {
      log.warning('Short read or OOM loading DB. Unrecoverable error, aborting now.');
    }
    for (const line of error.message.split('\n')) log.warning(line);
    log.warning(
      error.isForeign
        ? 'Fatal error loading the DB, check server logs. Exiting.'
        : 'Terminating server after rdb file reading failure.',
    );
    return new LoadFailure(error.isForeign);
  }
}
