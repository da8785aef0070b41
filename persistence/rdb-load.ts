/**
 * Loads an RDB file, or a stream of one, into the databases, from bytes that come piece by piece.
 *
 * A window of the file is in memory. Parts (a key with its value, a fact, an opcode) are read from it as long
 * as they are whole; one that is not stays until more bytes came, the window growing when it must. So memory
 * is bounded by the largest value, and a length that a damaged file claims costs nothing until the bytes are there.
 */
import type { Database, Keyspace } from '../datatypes/database.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import { NEVER } from '../datatypes/store/entry.js';
import { toLatin1 } from '../protocol/bytes.js';
import { Crc64 } from './crc64.js';
import { damageOf, typeText } from './damage.js';
import { canReadRdbVersion, isForeignVersion, RDB_VERSION } from './dump.js';
import { CHECKSUM_SINCE, HEAD_BYTES, MAGIC, OLD_MAGIC, Opcode } from './rdb-format.js';
import { moduleTypeName, RDB_MODULE_1, RDB_MODULE_2 } from './rdb-modules.js';
import { RdbReader } from './rdb-reader.js';
import { RDB_STREAM_3 } from './stream-format.js';
import { type EntryFacts, VALUE_READERS } from './value-formats.js';

/** Why a file cannot be loaded. */
export class RdbFailure extends Error {
  /** Whether the file is of a kind this server does not read, rather than damaged. */
  readonly isForeign: boolean;
  /** Whether it ends too soon. */
  readonly isShort: boolean;

  constructor(message: string, { isForeign = false, isShort = false } = {}) {
    super(message);
    this.isForeign = isForeign;
    this.isShort = isShort;
  }
}

/** What is told of a load while it goes on. */
export interface LoadListener {
  /** The file is one that this server reads: data may be emptied now. */
  started(): void;
  /** A fact of the file about itself. */
  fact(name: string, value: Uint8Array): void;
  /** A library of functions. Why it cannot be loaded, or null. */
  functionLibrary(code: Uint8Array): string | null;
  /** A key without elements was passed over. */
  emptyKey(key: Uint8Array): void;
  /** The file has no checksum. */
  noChecksum(): void;
}

export interface LoadOptions {
  readonly keyspace: Keyspace;
  readonly listener: LoadListener;
  /** See `canReadRdbVersion`. */
  readonly relaxed: boolean;
  /** Whether the checksum counts. */
  readonly verifiesChecksum: boolean;
  /** Whether keys and fields whose time has come are passed over. */
  readonly dropsExpired: boolean;
  /** Whether the message of a failure may name the key. */
  readonly namesKeys: boolean;
  /** Whether a key that is there already gives way: else the file is damaged. */
  readonly replaces: boolean;
}

const FIRST_WINDOW_BYTES = 1024 * 1024;
/** A key with its value takes at least about so many bytes of a file. */
const BYTES_A_KEY = 8;
/** The first type byte that differs from one fork of this format to the other. */
const FIRST_DISPUTED_TYPE = RDB_STREAM_3 + 1;

export class RdbLoader {
  keysLoaded = 0;
  keysExpired = 0;
  emptyKeys = 0;
  /** Hashes all of whose fields had expired. */
  expiredHashes = 0;
  /** Bytes that came. */
  bytesTaken = 0;
  /** Bytes still to come, if somebody knows: a length beyond them is an error at once. */
  bytesLeft = Infinity;
  isDone = false;

  private readonly options: LoadOptions;
  private readonly reader = new RdbReader();
  private readonly crc: Crc64 | null;
  private window = new Uint8Array(FIRST_WINDOW_BYTES);
  /** What is in the window, and up to where the checksum covers it. */
  private from = 0;
  private to = 0;
  private summed = 0;
  /** Bytes of the file before the window. */
  private offset = 0;
  private version = 0;
  private database: Database;
  private isEnded = false;

  /** Of the key that follows. */
  private expireAtMs = NO_EXPIRY;
  private idleSeconds = -1;
  private frequency = -1;

  constructor(options: LoadOptions) {
    this.options = options;
    this.crc = options.verifiesChecksum ? new Crc64() : null;
    this.database = options.keyspace.databases[0] as Database;
  }

  /** Where the next bytes of the file are to be put; then `take` is to be called. */
  room(): Uint8Array {
    if (this.from > 0) this.compact();
    if (this.to === this.window.length) this.widen();
    return this.window.subarray(this.to);
  }

  /** `count` bytes were put into `room()`: reads what is whole now. @throws {RdbFailure} */
  take(count: number): void {
    this.to += count;
    this.bytesTaken += count;
    this.bytesLeft -= count;
    this.readParts();
  }

  /** No more bytes will come. @throws {RdbFailure} When the file is not whole. */
  finish(): void {
    this.isEnded = true;
    if (!this.isDone) this.readParts();
  }

  /** Bytes behind the end of the file's contents that came with them. */
  get rest(): Uint8Array {
    return this.window.subarray(this.from, this.to);
  }

  private readParts(): void {
    const { reader } = this;
    while (!this.isDone) {
      reader.point(this.window, this.from, this.to);
      if (this.version === 0) this.readHead();
      else this.readPart();
      if (reader.failed) {
        if (reader.isShort && reader.missingBytes <= this.bytesLeft && !this.isEnded) return;
        if (!reader.isShort && reader.reason !== null) throw this.damaged(reader.reason);
        throw this.damaged('Unexpected EOF reading RDB file', true);
      }
      this.from = reader.at;
    }
  }

  /** Moves what is still to be read to the start of the window. */
  private compact(): void {
    this.sumUp(this.from);
    this.window.copyWithin(0, this.from, this.to);
    this.offset += this.from;
    this.to -= this.from;
    this.from = 0;
    this.summed = 0;
  }

  private widen(): void {
    const wider = new Uint8Array(this.window.length * 2);
    wider.set(this.window);
    this.window = wider;
  }

  /** Has the checksum cover the window up to `end`. */
  private sumUp(end: number): void {
    if (end > this.summed) this.crc?.update(this.window, this.summed, end);
    this.summed = end;
  }

  private damaged(reason: string, isShort = false): RdbFailure {
    const offset = this.offset + this.from;
    const message = `Internal error in RDB reading offset ${offset} -> ${reason}`;
    return new RdbFailure(message, { isShort });
  }

  /** What the value of `key` is not. The offset is that of its type. */
  private damagedValue(type: number, key: Uint8Array): RdbFailure {
    const { message } = this.damaged(damageOf(type, this.reader) ?? 'value of no known form');
    const details = [
      '--- RDB ERROR DETECTED ---',
      `[offset ${this.offset + this.reader.at}] ${message}`,
      ...(this.options.namesKeys
        ? [`[additional info] Reading key '${toLatin1(key, 0, key.length)}'`]
        : []),
      `[additional info] Reading type ${typeText(type)}`,
      `[info] ${this.keysLoaded} keys read`,
    ];
    return new RdbFailure([message, ...details].join('\n'));
  }

  private readHead(): void {
    const at = this.reader.take(HEAD_BYTES);
    if (this.reader.failed) return;
    const head = toLatin1(this.window, at, at + HEAD_BYTES);
    const isNew = head.startsWith(MAGIC);
    if (!isNew && !head.startsWith(OLD_MAGIC)) {
      throw new RdbFailure(`Wrong signature trying to load DB from file: ${head}`, {
        isForeign: true,
      });
    }
    const version = Number.parseInt(head.slice(isNew ? MAGIC.length : OLD_MAGIC.length), 10) || 0;
    const isOwn = version > 0 && isNew === version >= FIRST_OWN_VERSION;
    if (!isOwn || !canReadRdbVersion(version, this.options.relaxed)) {
      throw new RdbFailure(`Can't handle RDB format version ${version}`, { isForeign: true });
    }
    this.version = version;
    this.options.listener.started();
  }

  private readPart(): void {
    const { reader } = this;
    const opcode = reader.byte();
    if (reader.failed) return;
    switch (opcode) {
      case Opcode.expireAtSeconds:
        this.expireAtMs = BigInt(reader.word() | 0) * 1000n;
        return;
      case Opcode.expireAtMs:
        this.expireAtMs = reader.exactMoment();
        return;
      case Opcode.frequency:
        this.frequency = reader.byte();
        return;
      case Opcode.idle:
        this.idleSeconds = reader.length();
        return;
      case Opcode.selectDatabase:
        return this.selectDatabase();
      case Opcode.resizeDatabase:
        return this.makeRoom();
      case Opcode.slotInfo:
        return this.skipLengths(3);
      case Opcode.slotImport:
        return this.skipSlotImport();
      case Opcode.aux:
        return this.readFact();
      case Opcode.function2:
        return this.readFunctions();
      case Opcode.functionPreview:
        throw this.damaged('Pre-release function format not supported.');
      case Opcode.moduleAux:
        return this.refuseModuleFact();
      case Opcode.end:
        return this.readEnd();
      default:
        return this.readKey(opcode);
    }
  }

  private selectDatabase(): void {
    const id = this.reader.length();
    if (this.reader.failed) return;
    const database = this.options.keyspace.use(id);
    if (database === undefined) {
      const most = this.options.keyspace.databases.length;
      throw new RdbFailure(
        `FATAL: Data file was created with a Valkey server configured to handle more than ${most} databases. Exiting`,
      );
    }
    this.database = database;
  }

  /** The file says how many keys come; that it cannot hold more of them than it has bytes is known. */
  private makeRoom(): void {
    const keys = this.reader.length();
    this.skipLengths(1);
    const most = this.bytesLeft === Infinity ? 0 : this.bytesLeft / BYTES_A_KEY;
    if (!this.reader.failed) this.database.keys.reserve(Math.min(keys, most));
  }

  private skipLengths(count: number): void {
    for (let i = 0; i < count; i++) this.reader.length();
  }

  /** Where slots are on their way to this node: that ended with the process that wrote it. */
  private skipSlotImport(): void {
    const { reader } = this;
    reader.text();
    const ranges = reader.length();
    for (let i = 0; i < ranges && !reader.failed; i++) this.skipLengths(2);
  }

  private readFact(): void {
    const { reader } = this;
    const name = reader.string();
    const value = reader.string();
    if (name === null || value === null) return;
    this.options.listener.fact(toLatin1(name, 0, name.length), value);
  }

  private readFunctions(): void {
    const code = this.reader.string();
    if (code === null) return;
    const refusal = this.options.listener.functionLibrary(code);
    if (refusal !== null)
      throw new RdbFailure(`Failed loading library, ${refusal}`, { isForeign: true });
  }

  private refuseModuleFact(): void {
    const id = this.reader.length64();
    if (this.reader.failed) return;
    throw new RdbFailure(
      `The RDB file contains AUX module data I can't load: no matching module '${moduleTypeName(id)}'`,
    );
  }

  private refuseModuleValue(): void {
    const id = this.reader.length64();
    if (this.reader.failed) return;
    throw this.damaged(
      `The RDB file contains module data I can't load: no matching module type '${moduleTypeName(id)}'`,
    );
  }

  private readEnd(): void {
    const { reader } = this;
    const end = reader.at;
    if (this.version >= CHECKSUM_SINCE) {
      const at = reader.take(8);
      if (reader.failed) return;
      this.checkSum(end, at);
    }
    this.isDone = true;
  }

  private checkSum(end: number, at: number): void {
    const { crc, window } = this;
    if (crc === null) return;
    this.sumUp(end);
    if (window.subarray(at, at + 8).every((byte) => byte === 0)) {
      this.options.listener.noChecksum();
    } else if (!crc.equals(window, at)) {
      const found = this.reader.view.getBigUint64(at, true).toString(16);
      const expected = crc.toString().replace(/^0+(?=.)/, '');
      throw new RdbFailure(
        `Wrong RDB checksum expected: (${expected}) but got (${found}). Aborting now.\n${this.damaged('RDB CRC error').message}`,
      );
    }
  }

  /** A key and its value, of a type told by the byte before them. */
  private readKey(type: number): void {
    const { reader } = this;
    this.refuseDisputed(type);
    const read = VALUE_READERS.get(type);
    if (read === undefined && !isModuleType(type)) throw this.unknown(type);
    if (!reader.text()) return;
    const { textBytes, textStart, textEnd } = reader;
    // What is not a view of the window would be overwritten by what is read next.
    const isView = textBytes === this.window;
    const key = isView ? textBytes : textBytes.slice(textStart, textEnd);
    const keyStart = isView ? textStart : 0;
    const keyEnd = isView ? textEnd : key.length;
    if (read === undefined) return this.refuseModuleValue();
    const { keyspace, dropsExpired, listener } = this.options;
    const nowMs = keyspace.clock.now();
    const facts: EntryFacts = {
      key,
      keyStart,
      keyEnd,
      expireAtMs: this.expireAtMs === NO_EXPIRY ? NEVER : Math.max(0, Number(this.expireAtMs)),
      access: this.access(),
      dropFieldsBeforeMs: dropsExpired ? nowMs : 0,
    };
    const ref = read(keyspace, reader, facts);
    if (ref === NONE && reader.isExpiredValue) this.expiredHashes++;
    else if (ref === NONE && reader.isEmptyValue) {
      this.emptyKeys++;
      listener.emptyKey(key.subarray(keyStart, keyEnd));
    } else if (ref === NONE) {
      // What failed to read for no known reason is said to be too short, as the real server does.
      if (reader.isShort || (reader.failed && reader.reason === null)) return;
      throw this.damagedValue(type, key.subarray(keyStart, keyEnd));
    } else if (dropsExpired && facts.expireAtMs !== NEVER && facts.expireAtMs < nowMs) {
      keyspace.releaseEntry(ref);
      this.keysExpired++;
    } else {
      if (facts.expireAtMs > Number.MAX_SAFE_INTEGER) {
        keyspace.entries.setExactExpireAtMs(ref, this.expireAtMs);
      }
      this.add(key, keyStart, keyEnd, ref);
    }
    this.expireAtMs = NO_EXPIRY;
    this.idleSeconds = -1;
    this.frequency = -1;
  }

  private add(key: Uint8Array, start: number, end: number, ref: Ref): void {
    const { keyspace, replaces } = this.options;
    const { database } = this;
    const hash = keyspace.hash.hash(key, start, end);
    const previous = database.keys.find(hash, key, start, end);
    if (previous !== NONE) {
      if (!replaces) {
        keyspace.releaseEntry(ref);
        throw new RdbFailure(
          `RDB has duplicated key in DB ${database.id}\nDuplicated key found in RDB file`,
        );
      }
      database.removeEntry(hash, previous);
    }
    database.putEntry(hash, NONE, ref);
    this.keysLoaded++;
  }

  /** The access word of the key that is read. */
  private access(): number {
    const { accessClock } = this.options.keyspace;
    if (accessClock.isLfu && this.frequency >= 0) return accessClock.fromFrequency(this.frequency);
    if (!accessClock.isLfu && this.idleSeconds >= 0) return accessClock.fromIdle(this.idleSeconds);
    return this.options.keyspace.initialAccess();
  }

  /** Types from here on mean other things in files of the other fork. */
  private refuseDisputed(type: number): void {
    if (type < FIRST_DISPUTED_TYPE || !isForeignVersion(this.version)) return;
    throw new RdbFailure(
      `Can't handle foreign type or opcode ${type} in RDB with version ${this.version}`,
      { isForeign: true },
    );
  }

  /** In a file of a version to come, a type that is not known is no damage. */
  private unknown(type: number): RdbFailure {
    if (this.version <= RDB_VERSION) return this.damaged(`Unknown RDB encoding type ${type}`);
    return new RdbFailure(
      'Unknown type or opcode when loading DB. Unrecoverable error, aborting now.',
      { isForeign: true },
    );
  }
}

const isModuleType = (type: number) => type === RDB_MODULE_1 || type === RDB_MODULE_2;

const NO_EXPIRY = -1n;

/** The first version of files with the name of this server in their head. */
const FIRST_OWN_VERSION = 80;
