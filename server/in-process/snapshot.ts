/** All data of a server at one moment, to come back to. */
import type { OwnClient } from './own-client.js';

interface KeptKey {
  readonly db: number;
  readonly key: Uint8Array;
  /** As DUMP gives it. */
  readonly payload: Uint8Array;
  /** ms since 1970; 0 for never. */
  readonly expireAtMs: number;
}

/** May be restored any number of times, into any server. */
export class Snapshot {
  private readonly keys: readonly KeptKey[];
  /** As FUNCTION DUMP gives them; null where there are none. */
  private readonly functions: Uint8Array | null;

  private constructor(keys: readonly KeptKey[], functions: Uint8Array | null) {
    this.keys = keys;
    this.functions = functions;
  }

  /** The data that the server has now. */
  static take(own: OwnClient, databases: number): Snapshot {
    const keys: KeptKey[] = [];
    for (let db = 0; db < databases; db++) {
      own.select(db);
      for (const key of own.list('KEYS', '*')) {
        const payload = own.run('DUMP', key) as Uint8Array;
        const expireAtMs = Math.max(0, Number(own.run('PEXPIRETIME', key)));
        keys.push({ db, key, payload, expireAtMs });
      }
    }
    own.select(0);
    const functions = own.knows('function|dump') ? own.run('FUNCTION', 'DUMP') : null;
    return new Snapshot(keys, functions as Uint8Array | null);
  }

  /** How many keys there are. */
  get size(): number {
    return this.keys.length;
  }

  /** Puts the data in place of what the server has. What has expired since does not come back. */
  restoreTo(own: OwnClient): void {
    own.run('FLUSHALL', 'SYNC');
    if (this.functions !== null) own.run('FUNCTION', 'RESTORE', this.functions, 'FLUSH');
    let selected = 0;
    for (const { db, key, payload, expireAtMs } of this.keys) {
      if (db !== selected) own.select(db);
      selected = db;
      own.run('RESTORE', key, expireAtMs, payload, 'REPLACE', 'ABSTTL');
    }
    if (selected !== 0) own.select(0);
  }
}
