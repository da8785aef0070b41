/** What a snapshot in progress wants to be told of before it is too late. */
import type { Database } from './database.js';
import type { Ref } from './store/arena.js';
import type { Dict } from './store/dict.js';

/** A snapshot shows all data as it was when it began, so whoever changes a key shows the key to it first. */
export interface SnapshotGuard {
  /** The entry, its key or its value is about to change or to go. Called more often than needed. */
  beforeChange(database: Database, ref: Ref): void;
  /** All keys of a database are about to go. True when the snapshot takes the table over, and will free it. */
  takesTable(keys: Dict): boolean;
}
