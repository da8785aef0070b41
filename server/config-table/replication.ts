/** Parameters of primaries and replicas. */

import { bool, integer, memory, oneOf, optionalText } from './kinds.js';
import { INT_MAX, LONG_MAX, withoutEffect } from './parameter.js';
import { primaryAddress } from './special.js';

export const replication = withoutEffect({
  replicaof: primaryAddress({ alias: 'slaveof' }),
  primaryauth: optionalText({ alias: 'masterauth', sensitive: true }),
  primaryuser: optionalText({ alias: 'masteruser', sensitive: true }),
  'replica-read-only': bool(true, { alias: 'slave-read-only' }),
  'replica-serve-stale-data': bool(true, { alias: 'slave-serve-stale-data' }),
  'replica-lazy-flush': bool(true, { alias: 'slave-lazy-flush' }),
  'replica-priority': integer(0, INT_MAX, 100, { alias: 'slave-priority' }),
  'replica-ignore-maxmemory': bool(true, { alias: 'slave-ignore-maxmemory' }),
  'replica-ignore-disk-write-errors': bool(false),
  'replica-announced': bool(true),
  'replica-announce-ip': optionalText({ alias: 'slave-announce-ip' }),
  'replica-announce-port': integer(0, 65535, 0, { alias: 'slave-announce-port' }),
  'repl-backlog-size': memory(1, LONG_MAX, 10_485_760),
  'repl-backlog-ttl': integer(0, LONG_MAX, 3600),
  'repl-timeout': integer(1, INT_MAX, 60),
  'repl-ping-replica-period': integer(1, INT_MAX, 10, { alias: 'repl-ping-slave-period' }),
  'repl-disable-tcp-nodelay': bool(false),
  'shutdown-timeout': integer(0, INT_MAX, 10),
  'repl-mptcp': bool(false, { immutable: true }),
  'repl-diskless-sync': bool(true),
  'repl-diskless-sync-delay': integer(0, INT_MAX, 5),
  'repl-diskless-sync-max-replicas': integer(0, INT_MAX, 0),
  'repl-diskless-load': oneOf(
    ['disabled', 'on-empty-db', 'swapdb', 'flush-before-load'],
    'disabled',
    { denyLoading: true },
  ),
  'dual-channel-replication-enabled': bool(false),
  'min-replicas-to-write': integer(0, INT_MAX, 0, { alias: 'min-slaves-to-write' }),
  'min-replicas-max-lag': integer(0, INT_MAX, 10, { alias: 'min-slaves-max-lag' }),
  'propagation-error-behavior': oneOf(['ignore', 'panic', 'panic-on-replicas'], 'ignore'),
});
