/** Parameters of the keyspace: memory, eviction, expiry, encodings, events. */

import { keyspaceEvents } from './keyspace-events.js';
import { bool, integer, memory, oneOf } from './kinds.js';
import { INT_MAX, INT_MIN, LONG_MAX, ULONG_MAX, withoutEffect } from './parameter.js';

const POLICIES = [
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'noeviction',
] as const;

const NO_DEFRAGMENTATION =
  'Active defragmentation cannot be enabled: it requires a server compiled with a modified Jemalloc like the one shipped by default with the source distribution';

export const data = {
  maxmemory: memory(0, ULONG_MAX, 0),
  'maxmemory-policy': oneOf(POLICIES, 'noeviction'),
  'maxmemory-samples': integer(1, 64, 5),
  'maxmemory-eviction-tenacity': integer(0, 100, 10),
  'lfu-log-factor': integer(0, INT_MAX, 10),
  'lfu-decay-time': integer(0, INT_MAX, 1),
  'active-expire-effort': integer(1, 10, 1),
  'notify-keyspace-events': keyspaceEvents(),

  'lazyfree-lazy-eviction': bool(true),
  'lazyfree-lazy-expire': bool(true),
  'lazyfree-lazy-server-del': bool(true),
  'lazyfree-lazy-user-del': bool(true),
  'lazyfree-lazy-user-flush': bool(true),

  'import-mode': bool(false),

  'hash-max-listpack-entries': integer(0, LONG_MAX, 512, { alias: 'hash-max-ziplist-entries' }),
  'hash-max-listpack-value': memory(0, LONG_MAX, 64, { alias: 'hash-max-ziplist-value' }),
  'hll-sparse-max-bytes': memory(0, LONG_MAX, 3000),
  'list-compress-depth': integer(0, INT_MAX, 0),
  'list-max-listpack-size': integer(INT_MIN, INT_MAX, -2, { alias: 'list-max-ziplist-size' }),
  'set-max-intset-entries': integer(0, LONG_MAX, 512),
  'set-max-listpack-entries': integer(0, LONG_MAX, 128),
  'set-max-listpack-value': integer(0, LONG_MAX, 64),
  'stream-node-max-bytes': memory(0, LONG_MAX, 4096),
  'stream-node-max-entries': integer(0, LONG_MAX, 100),
  'zset-max-listpack-entries': integer(0, LONG_MAX, 128, { alias: 'zset-max-ziplist-entries' }),
  'zset-max-listpack-value': memory(0, LONG_MAX, 64, { alias: 'zset-max-ziplist-value' }),

  ...withoutEffect({
    activerehashing: bool(true),
    activedefrag: bool(false, {}, (on) => (on ? NO_DEFRAGMENTATION : undefined)),
    'active-defrag-cycle-max': integer(1, 99, 25),
    'active-defrag-cycle-min': integer(1, 99, 1),
    'active-defrag-cycle-us': integer(0, 100_000, 500),
    'active-defrag-ignore-bytes': memory(1, LONG_MAX, 104_857_600),
    'active-defrag-max-scan-fields': integer(1, LONG_MAX, 1000),
    'active-defrag-threshold-lower': integer(0, 1000, 10),
    'active-defrag-threshold-upper': integer(0, 1000, 100),
    'jemalloc-bg-thread': bool(true),
  }),
} as const;
