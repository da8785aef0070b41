/** Parameters of the cluster: identity, timeouts, slots on the move. */

import { bool, integer, memory, oneOf, optionalText, text } from './kinds.js';
import { INT_MAX, LONG_MAX, LONG_MIN, ULONG_MAX, withoutEffect } from './parameter.js';
import { announcedAddress, hostName, ipv4, ipv6, nodeName } from './texts.js';

export const cluster = withoutEffect({
  'cluster-enabled': bool(false, { immutable: true }),
  'cluster-databases': integer(1, INT_MAX, 1, { immutable: true }),
  'cluster-config-file': text('nodes.conf', { immutable: true }),
  'cluster-config-save-behavior': oneOf(['sync', 'best-effort'], 'sync'),
  'cluster-port': integer(0, 65535, 0, { immutable: true }),
  'cluster-node-timeout': integer(0, LONG_MAX, 15_000),
  'cluster-ping-interval': integer(0, LONG_MAX, 0, { hidden: true }),
  'cluster-message-gossip-perc': integer(1, 100, 10, { hidden: true }),
  'cluster-manual-failover-timeout': integer(1, INT_MAX, 5000),
  // The real server's range is that of an unsigned long, its reader's that of a signed one.
  'cluster-blacklist-ttl': integer(LONG_MIN, LONG_MAX, 60),
  'cluster-link-sendbuf-limit': memory(0, ULONG_MAX, 0),
  'cluster-require-full-coverage': bool(true),
  'cluster-allow-reads-when-down': bool(false),
  'cluster-allow-pubsubshard-when-down': bool(true),
  'cluster-allow-replica-migration': bool(true),
  'cluster-migration-barrier': integer(0, INT_MAX, 1),
  'cluster-replica-no-failover': bool(false, { alias: 'cluster-slave-no-failover' }),
  'cluster-replica-validity-factor': integer(0, INT_MAX, 10, {
    alias: 'cluster-slave-validity-factor',
  }),
  'cluster-preferred-endpoint-type': oneOf(['ip', 'hostname', 'unknown-endpoint'], 'ip'),
  'cluster-slot-stats-enabled': bool(false),
  'cluster-slot-migration-log-max-len': integer(0, LONG_MAX, 1000),
  'slot-migration-max-failover-repl-bytes': memory(-1, LONG_MAX, 0),

  'cluster-announce-ip': optionalText({}, announcedAddress),
  'cluster-announce-port': integer(0, 65535, 0),
  'cluster-announce-tls-port': integer(0, 65535, 0),
  'cluster-announce-bus-port': integer(0, 65535, 0),
  'cluster-announce-client-ipv4': optionalText({}, ipv4),
  'cluster-announce-client-ipv6': optionalText({}, ipv6),
  'cluster-announce-client-port': integer(0, 65535, 0),
  'cluster-announce-client-tls-port': integer(0, 65535, 0),
  'cluster-announce-hostname': optionalText({}, hostName),
  'cluster-announce-human-nodename': optionalText({}, nodeName),
});
