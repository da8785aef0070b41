/**
 * Writes the parts of an RDB file, one after the other: head, facts, keys with their values, end.
 *
 * Keys may come in any order, of any database: each change of the database is written.
 */
import type { Keyspace } from '../datatypes/database.js';
import type { Ref } from '../datatypes/store/arena.js';
import { latin1 } from '../protocol/bytes.js';
import { RDB_VERSION } from './dump.js';
import type { FrozenValue } from './frozen-value.js';
import { MAGIC, Opcode } from './rdb-format.js';
import type { RdbWriter } from './rdb-writer.js';
import { type ValueWriter, valueWriterOf } from './value-formats.js';

/** What is noted of a key's use. */
export type AccessFact = 'none' | 'idle' | 'frequency';

/** What a file tells of itself besides the data. */
export interface FileFacts {
  /** The version of the server that writes. */
  readonly serverVersion: string;
  /** Seconds since 1970. */
  readonly createdAtSeconds: number;
  readonly usedMemoryBytes: number;
  /** Whether the file is the base of an append-only file. */
  readonly isAofBase: boolean;
  /** Where in the history of changes the data stands; null when that is of no use to a reader. */
  readonly replication: {
    readonly database: number;
    readonly id: string;
    readonly offset: number;
  } | null;
  readonly access: AccessFact;
  /** The code of each library of functions. */
  readonly functionLibraries: readonly Uint8Array[];
}

/** How data is written: what a snapshot hands its keys to. */
export interface SnapshotEncoder {
  readonly out: RdbWriter;
  head(facts: FileFacts): void;
  announce(database: number, keys: number, expires: number): void;
  entry(database: number, ref: Ref): void;
  /** Takes hold of a key with a value too large to be written at once; null for one that is not. */
  freeze?(ref: Ref): FrozenValue | null;
  select(database: number): void;
  forgetDatabase(): void;
  end(): void;
}

export class RdbEncoder implements SnapshotEncoder {
  readonly out: RdbWriter;
  private readonly keyspace: Keyspace;
  private readonly access: AccessFact;
  /** The database of the key before; -1 at the start. */
  private database = -1;

  constructor(keyspace: Keyspace, out: RdbWriter, access: AccessFact) {
    this.keyspace = keyspace;
    this.out = out;
    this.access = access;
  }

  /** Forgets which database was selected: what was written goes where nobody knows. */
  forgetDatabase(): void {
    this.database = -1;
  }

  head(facts: FileFacts): void {
    const { out } = this;
    out.raw(latin1(MAGIC + String(RDB_VERSION).padStart(3, '0')));
    this.fact('valkey-ver', facts.serverVersion);
    this.fact('redis-bits', '64');
    this.fact('ctime', String(facts.createdAtSeconds));
    this.fact('used-mem', String(facts.usedMemoryBytes));
    if (facts.replication !== null) {
      this.fact('repl-stream-db', String(facts.replication.database));
      this.fact('repl-id', facts.replication.id);
      this.fact('repl-offset', String(facts.replication.offset));
    }
    this.fact('aof-base', facts.isAofBase ? '1' : '0');
    for (const library of facts.functionLibraries) {
      out.byte(Opcode.function2);
      out.string(library);
    }
  }

  /** Announces how many keys of a database follow, and how many of them expire. */
  announce(database: number, keys: number, expires: number): void {
    this.select(database);
    this.out.byte(Opcode.resizeDatabase);
    this.out.length(keys);
    this.out.length(expires);
  }

  /** All that stands before a value, but the selection of its database: the key, and what is known of it. */
  keyAlone(ref: Ref, writer: ValueWriter): void {
    const { keyspace, out } = this;
    const { entries } = keyspace;
    if (entries.hasExpiry(ref)) {
      const atMs = entries.expireAtMs(ref);
      out.byte(Opcode.expireAtMs);
      out.moment(atMs <= Number.MAX_SAFE_INTEGER ? atMs : entries.exactExpireAtMs(ref));
    }
    if (this.access !== 'none') this.writeAccess(entries.access(ref));
    out.byte(writer.typeOf(keyspace, ref));
    const start = entries.keyStart(ref);
    const page = keyspace.arena.bytes[ref >>> 16] as Uint8Array;
    out.stringOf(page, start, start + entries.keyLength(ref));
  }

  /** A key with its value. */
  entry(database: number, ref: Ref): void {
    const writer = valueWriterOf(this.keyspace, ref);
    if (database !== this.database) this.select(database);
    this.keyAlone(ref, writer);
    writer.write(this.keyspace, ref, this.out);
  }

  /** The last byte before the checksum. */
  end(): void {
    this.out.byte(Opcode.end);
  }

  /** Selects the database of what follows. */
  select(database: number): void {
    this.database = database;
    this.out.byte(Opcode.selectDatabase);
    this.out.length(database);
  }

  private fact(name: string, value: string): void {
    this.out.byte(Opcode.aux);
    this.out.string(latin1(name));
    this.out.string(latin1(value));
  }

  private writeAccess(access: number): void {
    const { accessClock } = this.keyspace;
    if (this.access === 'idle') {
      this.out.byte(Opcode.idle);
      this.out.length(accessClock.idleSeconds(access));
    } else {
      this.out.byte(Opcode.frequency);
      this.out.byte(accessClock.frequency(access));
    }
  }
}
