/** A keyspace without a server: for tests of what works on keys by itself. */
import assert from 'node:assert/strict';
import type { Test } from 'tap';
import { ManualClock } from '../../datatypes/clock.js';
import { type Database, Keyspace } from '../../datatypes/database.js';
import { Random } from '../../datatypes/random.js';
import { Arena } from '../../datatypes/store/arena.js';
import { NEVER } from '../../datatypes/store/entry.js';
import { HashFunction } from '../../datatypes/store/hash-function.js';

export interface StartedKeyspace {
  readonly keyspace: Keyspace;
  readonly clock: ManualClock;
  readonly database: Database;
  /** Sets `key` to `value`, in database 0, with so many ms to live. */
  set(key: string, value: string, livesMs?: number): void;
  has(key: string): boolean;
}

/** A keyspace of four databases that is checked for leaked blocks when the test ends. */
export function startKeyspace(t: Test, activeExpireEffort = 1): StartedKeyspace {
  const clock = new ManualClock();
  const keyspace = new Keyspace({
    arena: new Arena(),
    hash: new HashFunction(1, 2),
    clock,
    random: new Random(3),
    databaseCount: 4,
    activeExpireEffort: () => activeExpireEffort,
  });
  const database = keyspace.databases[0] as Database;
  t.teardown(() => {
    keyspace.stop();
    for (const one of keyspace.databases) one.clear();
    assert.equal(keyspace.arena.liveBlocks, 0, 'blocks are leaked');
    assert.equal(keyspace.arena.outsideBytes, 0, 'bytes beside the arena are leaked');
  });
  return {
    keyspace,
    clock,
    database,
    set: (key, value, livesMs) => setString(database, key, value, livesMs),
    has: (key) => hasKey(database, key),
  };
}

export function setString(database: Database, key: string, value: string, livesMs?: number): void {
  const [name, bytes] = [Buffer.from(key), Buffer.from(value)];
  const atMs = livesMs === undefined ? NEVER : database.keyspace.clock.now() + livesMs;
  database.setString(name, 0, name.length, bytes, 0, bytes.length, atMs);
}

/** Whether the key is in the table, expired or not. */
export function hasKey({ keyspace, keys }: Database, key: string): boolean {
  const name = Buffer.from(key);
  const hash = keyspace.hash.hash(name, 0, name.length);
  return keys.find(hash, name, 0, name.length) !== 0;
}
