/** What the keyspace tells of its own accord, spread to those who listen. */
import { EventClass } from '../datatypes/call.js';
import { Removal } from '../datatypes/removal.js';
import type { Server } from './server.js';

/** Connects the keyspace of a server with its effects and settings. Called once. */
export function watchKeyspace(server: Server): void {
  const { config, effects, keyspace, latency } = server;
  const { values } = config;
  keyspace.onExpired = (database, ref) => {
    const key = keyspace.entries.key(ref);
    effects.propagateBefore(database, [values.lazyfreeLazyExpire ? 'UNLINK' : 'DEL', key]);
    effects.changedUnasked(database, key);
    effects.notify(database, EventClass.expired, 'expired', key);
  };
  keyspace.onElementsExpired = (database, ref, elements) => {
    const key = keyspace.entries.key(ref);
    effects.propagateBefore(database, ['HDEL', key, ...elements]);
    effects.changedUnasked(database, key);
    effects.notify(database, EventClass.hash, 'hexpired', key);
  };
  keyspace.onEmptied = (database, ref) => {
    const key = keyspace.entries.key(ref);
    effects.propagateBefore(database, [values.lazyfreeLazyExpire ? 'UNLINK' : 'DEL', key]);
    effects.notify(database, EventClass.generic, 'del', key);
  };
  keyspace.onCreated = (database, ref) => {
    if ((values.notifyKeyspaceEvents & EventClass.newKey) === 0) return;
    effects.notify(database, EventClass.newKey, 'new', keyspace.entries.key(ref));
  };
  keyspace.onMissed = (database, bytes, start, end) => {
    if ((values.notifyKeyspaceEvents & EventClass.keyMiss) === 0) return;
    effects.notify(database, EventClass.keyMiss, 'keymiss', bytes.subarray(start, end));
  };
  keyspace.activeExpiry.onSlice = (ms) => latency.note('expire-cycle', ms);
  keyspace.onFreed = (removal, ms) => {
    if (removal === Removal.expired) latency.note('expire-del', ms);
    else if (removal === Removal.evicted) latency.note('eviction-del', ms);
  };
  const tune = () => {
    const { accessClock } = keyspace;
    accessClock.isLfu = values.maxmemoryPolicy.endsWith('-lfu');
    accessClock.logFactor = values.lfuLogFactor;
    accessClock.decayMinutes = values.lfuDecayTime;
    return undefined;
  };
  tune();
  config.onChange(['maxmemory-policy', 'lfu-log-factor', 'lfu-decay-time'], tune);
}
