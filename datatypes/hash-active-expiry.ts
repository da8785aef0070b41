/**
 * Active expiry of fields: takes away those whose time has come and that nobody writes to.
 *
 * A walk over the hashes with fields that expire, in the order of the hashes of their keys, looks at some
 * hundreds at each tick; a hash tells at once whether anything of it is due, and what. While a good part of
 * what was looked at had something due, the walk goes on, for about a millisecond; the rest waits for the next tick.
 */
import type { Database, Keyspace } from './database.js';
import { OnExpiry } from './on-expiry.js';
import type { Ref } from './store/arena.js';
import { ValueView } from './store/entry.js';
import { FieldTable } from './store/field-table.js';

const KEYS_AT_ONCE = 400;
/** Fields that go together, in one message to replicas. */
const FIELDS_AT_ONCE = 80;
const SLICE_MS = 1;
/** Rounds of one tick at most, for clocks that stand still. */
const MOST_ROUNDS = 16;

export class FieldExpiry {
  private readonly keyspace: Keyspace;
  private readonly cursors: number[];
  private readonly due: Ref[] = [];
  private readonly field = new ValueView();

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.cursors = keyspace.databases.map(() => 0);
  }

  /** Expires for about a millisecond; called at each tick. */
  run(): void {
    const { clock, activeExpiry, onExpiry, databases } = this.keyspace;
    if (!activeExpiry.enabled || activeExpiry.suspended || onExpiry !== OnExpiry.remove) return;
    const untilMs = clock.elapsedMs() + SLICE_MS;
    for (const database of databases) {
      if (database.volatile.size === 0) continue;
      for (let round = 0; round < MOST_ROUNDS && this.walk(database); round++) {
        if (clock.elapsedMs() >= untilMs) return;
      }
    }
  }

  /** Looks at the next hashes of a database. True when it is worth to go on. */
  private walk(database: Database): boolean {
    const { keyspace, due } = this;
    const nowMs = keyspace.clock.now();
    const from = this.cursors[database.id] as number;
    this.cursors[database.id] = database.volatile.scan(from, KEYS_AT_ONCE, (ref) => {
      if (keyspace.large(ref, FieldTable).deadlines.soonestMs < nowMs) due.push(ref);
    });
    const found = due.length;
    let isMoreLeft = false;
    for (const ref of due) isMoreLeft = this.expireIn(database, ref, nowMs) || isMoreLeft;
    due.length = 0;
    return isMoreLeft || found * 10 > Math.min(KEYS_AT_ONCE, database.volatile.size);
  }

  /** Takes due fields out of a hash, and an emptied hash away. True when it has more of them. */
  private expireIn(database: Database, ref: Ref, nowMs: number): boolean {
    const { keyspace, field } = this;
    database.beforeChange(ref);
    const table = keyspace.large(ref, FieldTable);
    const gone: Uint8Array[] = [];
    while (gone.length < FIELDS_AT_ONCE && table.deadlines.soonestMs < nowMs) {
      const { soonest } = table.deadlines;
      const { bytes, start, end } = table.viewField(soonest, field);
      gone.push(Uint8Array.prototype.slice.call(bytes, start, end));
      table.remove(keyspace.hash.hash(bytes, start, end), soonest);
    }
    keyspace.stats.expiredFields += gone.length;
    keyspace.onElementsExpired(database, ref, gone);
    if (table.size === 0) {
      keyspace.onEmptied(database, ref);
      database.removeEntry(database.hashOf(ref), ref);
      return false;
    }
    database.setVolatile(ref, table.isVolatile);
    return table.deadlines.soonestMs < nowMs;
  }
}
