/** Parameters of snapshots and of the append-only file. */

import { bool, integer, memory, oneOf, text } from './kinds.js';
import { INT_MAX, INT_MIN, LONG_MAX, withoutEffect } from './parameter.js';
import { savePoints } from './special.js';
import { fileName } from './texts.js';

export const persistence = {
  'key-load-delay': integer(INT_MIN, INT_MAX, 0, { hidden: true }),
  'loading-process-events-interval-bytes': integer(1024, INT_MAX, 2_097_152, { hidden: true }),
  rdbcompression: bool(true),
  'rdb-version-check': oneOf(['strict', 'relaxed'], 'strict'),
  save: savePoints('3600 1 300 100 60 10000'),
  dbfilename: text('dump.rdb', { protected: true }, fileName('dbfilename')),
  rdbchecksum: bool(true, { immutable: true }),
  'rdb-save-incremental-fsync': bool(true),
  'rdb-key-save-delay': integer(INT_MIN, INT_MAX, 0, { hidden: true }),
  'stop-writes-on-bgsave-error': bool(true),

  appendonly: bool(false, { denyLoading: true }),
  appendfilename: text('appendonly.aof', { immutable: true }, fileName('appendfilename')),
  appenddirname: text('appendonlydir', { immutable: true }, fileName('appenddirname', 'dirname')),
  appendfsync: oneOf(['everysec', 'always', 'no'], 'everysec'),
  'no-appendfsync-on-rewrite': bool(false),
  'auto-aof-rewrite-percentage': integer(0, INT_MAX, 100),
  'auto-aof-rewrite-min-size': memory(0, LONG_MAX, 67_108_864),
  'aof-load-truncated': bool(true),
  'aof-rewrite-incremental-fsync': bool(true),
  'aof-timestamp-enabled': bool(false),
  'aof-use-rdb-preamble': bool(true),
  'aof-disable-auto-gc': bool(false, { hidden: true }),

  ...withoutEffect({
    'rdb-del-sync-files': bool(false),
  }),
} as const;
