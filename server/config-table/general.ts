/** Parameters of the process: logs, watching itself, limits of the machine. */

import { bool, integer, oneOf, optionalText, settled, text } from './kinds.js';
import { INT_MAX, LONG_MAX, withoutEffect } from './parameter.js';
import { directory, percentiles, scoreAdjustments, shutdownOptions } from './special.js';
import { localeName, titleTemplate } from './texts.js';

const ALLOWED = ['no', 'yes', 'local'] as const;
const FACILITIES = ['user', ...Array.from({ length: 8 }, (_, i) => `local${i}`)];

export const general = {
  databases: integer(1, INT_MAX, 16, { immutable: true }),
  dir: directory(),
  hz: settled(integer(0, INT_MAX, 10), (hz) => Math.min(Math.max(hz, 1), 500)),
  'always-show-logo': bool(false, { immutable: true }),
  daemonize: bool(false, { immutable: true }),
  pidfile: optionalText({ immutable: true }),
  'enable-debug-command': oneOf(ALLOWED, 'no', { immutable: true }),
  'enable-module-command': oneOf(ALLOWED, 'no', { immutable: true }),
  'enable-protected-configs': oneOf(ALLOWED, 'no', { immutable: true }),
  'availability-zone': text(''),
  'hash-seed': optionalText({ immutable: true }),
  'shutdown-on-sigint': shutdownOptions(),
  'shutdown-on-sigterm': shutdownOptions(),

  loglevel: oneOf(['debug', 'verbose', 'notice', 'warning', 'nothing'], 'notice'),
  logfile: text('', { immutable: true }),
  'log-format': oneOf(['legacy', 'logfmt', 'json'], 'legacy'),
  'log-timestamp-format': oneOf(['legacy', 'iso8601', 'milliseconds'], 'legacy'),
  'hide-user-data-from-log': bool(true),
  'crash-log-enabled': bool(true),
  'extended-redis-compatibility': bool(false),

  'commandlog-execution-slower-than': integer(-1, LONG_MAX, 10_000, {
    alias: 'slowlog-log-slower-than',
  }),
  'commandlog-slow-execution-max-len': integer(0, LONG_MAX, 128, { alias: 'slowlog-max-len' }),
  'commandlog-request-larger-than': integer(-1, LONG_MAX, 1_048_576),
  'commandlog-large-request-max-len': integer(0, LONG_MAX, 128),
  'commandlog-reply-larger-than': integer(-1, LONG_MAX, 1_048_576),
  'commandlog-large-reply-max-len': integer(0, LONG_MAX, 128),
  'latency-monitor-threshold': integer(0, LONG_MAX, 0),
  'latency-tracking': bool(true),
  'latency-tracking-info-percentiles': percentiles('50 99 99.9'),

  'set-proc-title': bool(true, { immutable: true }),
  'proc-title-template': text('{title} {listen-addr} {server-mode}', {}, titleTemplate),

  'oom-score-adj': oneOf(['no', 'yes', 'relative', 'absolute'], 'no', {}, { relative: 'yes' }),
  'oom-score-adj-values': scoreAdjustments('0 200 800'),

  'busy-reply-threshold': integer(0, LONG_MAX, 5000, { alias: 'lua-time-limit' }),
  'lua-enable-insecure-api': bool(false, {
    hidden: true,
    protected: true,
    alias: 'lua-enable-deprecated-api',
  }),

  ...withoutEffect({
    supervised: oneOf(['upstart', 'systemd', 'auto', 'no'], 'no', { immutable: true }),
    'syslog-enabled': bool(false, { immutable: true }),
    'syslog-ident': text('valkey', { immutable: true }),
    'syslog-facility': oneOf(FACILITIES, 'local0', { immutable: true }),
    'locale-collate': text('', {}, localeName),
    'crash-memcheck-enabled': bool(true),
    'ignore-warnings': text(''),
    'disable-thp': bool(true, { immutable: true }),
    'server-cpulist': optionalText({ immutable: true, alias: 'server_cpulist' }),
    'bio-cpulist': optionalText({ immutable: true, alias: 'bio_cpulist' }),
    'bgsave-cpulist': optionalText({ immutable: true, alias: 'bgsave_cpulist' }),
    'aof-rewrite-cpulist': optionalText({ immutable: true, alias: 'aof_rewrite_cpulist' }),
    'watchdog-period': integer(0, INT_MAX, 0, { hidden: true }),
    'use-exit-on-panic': bool(false, { hidden: true }),
    'enable-debug-assert': bool(false, { hidden: true, immutable: true }),
    'debug-context': text('', { hidden: true }),

    aclfile: text('', { immutable: true }),
    'acllog-max-len': integer(0, LONG_MAX, 128),
    'acl-pubsub-default': oneOf(['allchannels', 'resetchannels'], 'resetchannels'),
  }),
} as const;
