import t, { type Test } from 'tap';
import { Config } from '../../server/config.js';
import { loadConfiguration } from '../../server/config-file.js';
import { ALL_NAMES } from '../../server/config-table.js';
import { needReference, type RunningReference } from '../helpers/reference.js';
import type { WireConnection } from '../helpers/wire.js';

const ALLOWED = { protectedAllowed: true };

/** The error or OK that a CONFIG SET of the real server gets. */
async function realSet(wire: WireConnection, words: readonly string[]): Promise<string> {
  const request = ['CONFIG', 'SET', ...words].map((one) => Buffer.from(one, 'latin1'));
  return (await wire.send(request)).toString('latin1').trimEnd();
}

/** Names and values of the real CONFIG GET, in the order of the reply. */
async function realGet(wire: WireConnection, patterns: readonly string[]): Promise<string[]> {
  const reply = (await wire.send(['CONFIG', 'GET', ...patterns])).toString('latin1');
  const texts: string[] = [];
  for (let at = reply.indexOf('\n') + 1; at < reply.length; ) {
    const lineEnd = reply.indexOf('\r\n', at);
    const end = lineEnd + 2 + Number(reply.slice(at + 1, lineEnd));
    texts.push(reply.slice(lineEnd + 2, end));
    at = end + 2;
  }
  return texts;
}

function ourSet(config: Config, words: readonly string[]): string {
  const pairs: [string, string][] = [];
  for (let i = 0; i < words.length; i += 2) pairs.push([words[i] ?? '', words[i + 1] ?? '']);
  const refused = config.set(pairs, ALLOWED);
  return refused === undefined ? '+OK' : Buffer.from(refused.bytes).toString('latin1').trimEnd();
}

function ourGet(config: Config, patterns: readonly string[]): string[] {
  return config.get(patterns).flat();
}

/** Settings set up as those of the running real server. */
function twin(reference: RunningReference): Config {
  const config = new Config(reference.directory);
  const args = reference.process.spawnargs.slice(1);
  loadConfiguration(config, args, { version: '9.1.2', readStdin: () => '' });
  return config;
}

/** Sets one value after the other on both and compares answers and what CONFIG GET shows then. */
async function compareSets(
  t: Test,
  reference: RunningReference,
  sets: readonly (readonly string[])[],
): Promise<void> {
  const config = twin(reference);
  const [ours, real]: string[][] = [[], []];
  for (const words of sets) {
    const names = words.filter((_, i) => i % 2 === 0 && words[i] !== '');
    const asked = `${words.join(' | ')} → `;
    real?.push(asked + (await realSet(reference.wire, words)));
    real?.push(asked + (await realGet(reference.wire, names)).join(' '));
    ours?.push(asked + ourSet(config, words));
    ours?.push(asked + ourGet(config, names).join(' '));
  }
  t.strictSame(ours, real);
}

/** Settings that reach outside the process, or to the connection that the comparison needs. */
const LEFT_OUT = [
  'appendonly',
  'bind',
  'io-threads',
  'maxclients',
  'maxmemory-clients',
  'port',
  'rdma-bind',
];

const ANY_VALUES = [
  '',
  'yes',
  'No',
  '0',
  '-1',
  '007',
  '+5',
  ' 5',
  '5.5',
  '99',
  '100000',
  '1048576',
  '2147483648',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551615',
  '99999999999999999999',
  '1mb',
  '2Gb',
  '3kk',
  'default',
  'a b',
  'a/b',
  '\xff"\n',
];

/** Below 16 kB the real server corrects the size of the backlog: the business of replication here. */
const CORRECTED_LATER = ['repl-backlog-size 007', 'repl-backlog-size 99'];

t.test('every parameter answers every kind of value as the real server does', async (t) => {
  const reference = await needReference(t, ['--enable-protected-configs', 'yes']);
  if (!reference) return;
  const sets = ALL_NAMES.filter((name) => !LEFT_OUT.includes(name)).flatMap((name) =>
    ANY_VALUES.map((value) => [name, value]),
  );
  const compared = sets.filter((words) => !CORRECTED_LATER.includes(words.join(' ')));
  await compareSets(t, reference, compared);
});

/** Values that mean something to one parameter; and several parameters at once. */
const SPECIAL_SETS: readonly (readonly string[])[] = [
  ...['900 1', '900 1 300', '0 1', '1 -1', '', '  5   6 ', '10 1 10 2', '-5 1', '60 0'].map(
    (value) => ['save', value],
  ),
  ...['+5 1', '05 1', '5 2147483648', '5 99999999999999999999', '1 x', '""'].map((value) => [
    'save',
    value,
  ]),
  ...[
    'normal 1 2',
    'bad 1 2 3',
    'slave 1mb 1kb 60',
    'replica 2mb 1mb 60',
    'normal 1 1 1 slave 0 0 0',
    'pubsub 1 2 -3',
    'pubsub -1 2 3',
    'pubsub a 2 3',
    'primary 1 1 1',
    '',
    'NORMAL 50mb 5mb +5',
    'normal 1mb 2mb 3 normal 4mb 5mb 06',
    'normal 1 1 9223372036854775808',
    'normal 18446744073709551615 0 5',
    'normal 0 0 0',
  ].map((value) => ['client-output-buffer-limit', value]),
  ...['1 2', '800 200 0', 'a b c', '-2001 1 2', '0 0 2001', '1 2 3 4', '', '1 2 +03'].map(
    (value) => ['oom-score-adj-values', value],
  ),
  ...[
    'KEA',
    'Kx',
    'g$lshzxetdmnK',
    'Kg$',
    'A',
    'q',
    'KEm',
    'KEn',
    'gnK',
    'KEAnm',
    'Eg$lshzxetd',
  ].map((value) => ['notify-keyspace-events', value]),
  ...['101', '-1', 'a', '50.0 100.0 0', '1e1', '99.999999', '50 50', '99.99999999999', 'nan'].map(
    (value) => ['latency-tracking-info-percentiles', value],
  ),
  ...['33.333333333', '5 x', '.5', '5.', 'inf', '0x10', '5  6', '0.0000001', '+5', ''].map(
    (value) => ['latency-tracking-info-percentiles', value],
  ),
  ...[
    'save now',
    'save nosave',
    'SAVE NOW',
    'now force safe save',
    'default save',
    'save  now',
  ].map((value) => ['shutdown-on-sigint', value]),
  ...['/nonexistent', '.', '..', '', '/tmp', '/etc/passwd', '/dev/../tmp/.'].map((value) => [
    'dir',
    value,
  ]),
  ...['0%', '101%', '-5%', '%', '1.5%', '9223372036854775807', '9223372036854775808', '050%'].map(
    (value) => ['maxmemory-clients', value],
  ),
  ...['50%%', '18446744073709551615%', '10%', '100%', '0'].map((v) => ['maxmemory-clients', v]),
  ...['18446744073709551615kb', '20000000000gb', 'kb', '1b', '1K', '1m', '1G', '1t', '%', '0'].map(
    (value) => ['maxmemory', value],
  ),
  ...['-2', '-9223372036854775808', '-01', '18446744073709551615', '-1k', '0'].map((value) => [
    'slot-migration-max-failover-repl-bytes',
    value,
  ]),
  ...[
    '{x}',
    '{title',
    '{title}',
    '{title}x',
    '   ',
    ' {port}',
    '{}',
    '}x',
    '{TITLE}',
    '{config-file}{port}{unixsocket}{tls-port}',
  ].map((value) => ['proc-title-template', value]),
  ...['a_b', 'a.b', 'x'.repeat(255), 'x'.repeat(256), '-a', 'a\xe9'].map((value) => [
    'cluster-announce-hostname',
    value,
  ]),
  ...['x', '1.2.3.4', '::1', ''].map((value) => ['cluster-announce-client-ipv4', value]),
  ...['x', '1.2.3.4', '::1', ''].map((value) => ['cluster-announce-client-ipv6', value]),
  ...['a\x00b', 'x y', '`/:._-\xe9', '1.2.3.4'].map((value) => ['cluster-announce-ip', value]),
  ...['noeviction', 'ALLKEYS-LRU', 'lru'].map((value) => ['maxmemory-policy', value]),
  ...['relative', 'absolute', 'no'].map((value) => ['oom-score-adj', value]),
  ...['501', '500', '0', '1'].map((value) => ['hz', value]),
  ['io-threads', '0'],
  ['io-threads', '257'],
  ['bind', '127.0.0.1 '.repeat(17)],
  ['rdma-bind', '1.1.1.1'],
  ['MAXMEMORY', 'x'],
  ['Slowlog-Max-Len', 'x'],
  ['FOO', '1'],
  ['foo\r\nbar', '1'],
  ['', '1'],
  ['maxmemory', '1gb', 'foo', '2'],
  ['maxmemory', '1gb', 'daemonize', 'no'],
  ['maxmemory', '1gb', 'maxmemory', '2gb'],
  ['maxmemory', '1gb', 'MaxMemory', '2gb'],
  ['slowlog-max-len', '1', 'commandlog-slow-execution-max-len', '2'],
  ['maxmemory', 'x', 'timeout', 'y'],
  ['timeout', 'y', 'foo', '1'],
  ['daemonize', 'yes', 'foo', '1'],
  ['foo', '1', 'daemonize', 'yes'],
  ['maxmemory', 'x', 'maxmemory', '1'],
  ['timeout', '500', 'maxmemory', 'x'],
  ['timeout', '500', 'maxmemory', '1gb', 'hz', '20', 'save', '5 5', 'appendfsync', 'always'],
  ['save', 'a b', 'timeout', '-1'],
];

t.test('parameters with a form of their own answer as the real server does', async (t) => {
  const reference = await needReference(t, ['--enable-protected-configs', 'yes']);
  if (!reference) return;
  await compareSets(t, reference, SPECIAL_SETS);
});

t.test('CONFIG GET finds the same parameters in the same order', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const config = twin(reference);
  for (const patterns of [
    ['*'],
    ['max*', 'MAXMEMORY'],
    ['maxmemory', 'port', 'maxmemory'],
    ['slaveof', 'replicaof'],
    ['SLAVEOF'],
    ['Port', 'p?rt'],
    ['*slowlog*', 'aof-disable-auto-gc'],
    ['aof-disable*'],
    ['lua-enable-insecure-api', 'lua-enable-deprecated-api'],
    ['x'],
    ['\\port'],
  ]) {
    t.strictSame(ourGet(config, patterns), await realGet(reference.wire, patterns), `${patterns}`);
  }
});
