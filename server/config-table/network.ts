/** Parameters of connections: where the server listens, who may come in, what a client may cost. */

import { bool, integer, memory, memoryOrPercent, octal, oneOf, optionalText } from './kinds.js';
import { INT_MAX, LONG_MAX, UINT_MAX, withoutEffect } from './parameter.js';
import { addresses, outputBufferLimits } from './special.js';

const MEBIBYTE = 1024 * 1024;
const NO_TLS = 'Unable to update TLS configuration. Check server logs.';
const noTls = (wanted: number | boolean) => (wanted ? NO_TLS : undefined);
const NO_RDMA = 'No RDMA building support.';
const noRdma = (port: number) => (port === 0 ? undefined : NO_RDMA);

export const network = {
  port: integer(0, 65535, 6379),
  bind: addresses('* -::*', 16),
  'protected-mode': bool(true),
  'tcp-backlog': integer(0, INT_MAX, 511, { immutable: true }),
  'tcp-keepalive': integer(0, INT_MAX, 300),
  timeout: integer(0, INT_MAX, 0),
  unixsocket: optionalText({ immutable: true }),
  unixsocketgroup: optionalText({ immutable: true }),
  unixsocketperm: octal(0o777, 0, { immutable: true }),
  maxclients: integer(1, UINT_MAX, 10_000),
  requirepass: optionalText({ sensitive: true }),

  'client-query-buffer-limit': memory(MEBIBYTE, LONG_MAX, 1024 * MEBIBYTE),
  'client-output-buffer-limit': outputBufferLimits(
    'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
  ),
  'maxmemory-clients': memoryOrPercent(0),
  'proto-max-bulk-len': memory(MEBIBYTE, LONG_MAX, 512 * MEBIBYTE),
  'tracking-table-max-keys': integer(0, LONG_MAX, 1_000_000),
  'min-string-size-avoid-copy-reply': integer(0, INT_MAX, 16_384, { hidden: true }),

  ...withoutEffect({
    'max-new-connections-per-cycle': integer(1, 1000, 10),
    mptcp: bool(false, { immutable: true }),
    'bind-source-addr': optionalText(),
    'socket-mark-id': integer(0, UINT_MAX, 0, { immutable: true }),
    'io-threads': integer(1, 256, 1),
    'io-threads-always-active': bool(false, { hidden: true }),
    'prefetch-batch-max-size': integer(0, 128, 16),
    'min-io-threads-avoid-copy-reply': integer(0, INT_MAX, 7, { hidden: true }),
    'min-string-size-avoid-copy-reply-threaded': integer(0, INT_MAX, 65_536, { hidden: true }),
    'rdma-port': integer(0, 65535, 0, {}, noRdma),
    'rdma-bind': { ...addresses('', 16), refused: NO_RDMA },
    'rdma-rx-size': integer(64 * 1024, 16 * MEBIBYTE, MEBIBYTE, { immutable: true }),
    'rdma-completion-vector': integer(-1, 1024, -1, { immutable: true }),

    'max-new-tls-connections-per-cycle': integer(1, 1000, 1),
    'tls-port': integer(0, 65535, 0, {}, noTls),
    'tls-auth-clients': oneOf(['no', 'yes', 'optional'], 'yes'),
    'tls-auth-clients-user': oneOf(['CN', 'URI', 'off'], 'off'),
    'tls-auto-reload-interval': integer(0, INT_MAX, 0),
    'tls-ca-cert-dir': optionalText(),
    'tls-ca-cert-file': optionalText(),
    'tls-cert-file': optionalText(),
    'tls-ciphers': optionalText(),
    'tls-ciphersuites': optionalText(),
    'tls-client-cert-file': optionalText(),
    'tls-client-key-file': optionalText(),
    'tls-client-key-file-pass': optionalText({ sensitive: true }),
    'tls-cluster': bool(false, {}, noTls),
    'tls-dh-params-file': optionalText(),
    'tls-key-file': optionalText(),
    'tls-key-file-pass': optionalText({ sensitive: true }),
    'tls-prefer-server-ciphers': bool(false),
    'tls-protocols': optionalText(),
    'tls-replication': bool(false, {}, noTls),
    'tls-session-cache-size': integer(0, INT_MAX, 20_480),
    'tls-session-cache-timeout': integer(0, INT_MAX, 300),
    'tls-session-caching': bool(true),
  }),
} as const;
