/**
 * Random requests of every command to the real server and to ours: each reply must be the same.
 *
 * A command that comes to be is tested with the weight of its group; what follows are the exceptions:
 * commands that come more often or never, pools for their arguments, and replies of which not every
 * byte is determined. `SEED` and `COUNT` in the environment give another run.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { Random } from '../../datatypes/random.js';
import { createServer } from '../../server/index.js';
import type { CommandFacts } from '../helpers/command-facts.js';
import { needReference } from '../helpers/reference.js';
import {
  type Comparison,
  clientLines,
  dumped,
  exact,
  information,
  kind,
  logged,
  moments,
  near,
  nearEach,
  parameters,
  scanned,
  shape,
  sorted,
  spans,
  unordered,
} from '../helpers/reply-comparison.js';
import { type Pool, RequestGenerator, type Words } from '../helpers/request-generator.js';
import {
  between,
  COMMON_POOLS,
  GEO_POOLS,
  GEO_TEMPLATES,
  hold,
  mixed,
  oddities,
  oneOf,
  SORTED_SET_POOLS,
} from '../helpers/request-pools.js';
import { SCRIPT_POOLS, SCRIPT_TEMPLATES, SCRIPT_WEIGHTS } from '../helpers/script-requests.js';
import { STREAM_POOLS, STREAM_TEMPLATES, STREAM_WEIGHTS } from '../helpers/stream-requests.js';
import { connect, type WireConnection } from '../helpers/wire.js';

const SEED = Number(process.env.SEED ?? 20_261_121);
const COUNT = Number(process.env.COUNT ?? 20_000);
const BATCH = 100;
const MOST_REPORTED = 8;
const REPORTED_BYTES = 300;

const FACTS: ReadonlyMap<string, CommandFacts> = new Map(
  readFileSync(new URL('../../../tests/fixtures/command-facts.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): [string, CommandFacts] => JSON.parse(line)),
);

/** How often a command comes, by its group. */
const GROUP_WEIGHTS: Readonly<Record<string, number>> = {
  string: 10,
  generic: 8,
  list: 12,
  set: 8,
  sorted_set: 8,
  hash: 6,
  stream: 6,
};
const OTHER_WEIGHT = 2;

/** Commands that come more often or less; 0: never. */
const WEIGHTS: Readonly<Record<string, number>> = {
  // Their answers are messages, several to a request.
  ...{ subscribe: 0, psubscribe: 0, ssubscribe: 0 },
  ...{ unsubscribe: 0, punsubscribe: 0, sunsubscribe: 0 },
  // They end the connection, the server or the order of replies, or hold requests back.
  ...{ save: 0, bgsave: 0, bgrewriteaof: 0 },
  ...{ quit: 0, shutdown: 0, monitor: 0, 'client|reply': 0, 'client|pause': 0, 'client|kill': 0 },
  // They would hold back what comes after them: templates have them wait for a moment only.
  ...{ blpop: 0, brpop: 0, blmove: 0, brpoplpush: 0, blmpop: 0 },
  ...{ bzpopmin: 0, bzpopmax: 0, bzmpop: 0 },
  // The real server's engine begins anew by CONFIG GET, which INFO and the command log show.
  ...{ 'script|flush': 0, 'function|flush': 0 },
  // It is refused in a pipeline, which the requests are sent in.
  'script|debug': 0,
  // They wait, and the real server asks its replicas, which ROLE shows even when there are none.
  ...{ wait: 0, waitaof: 0 },
  // What is queued is compared only as one; another test has whole transactions.
  ...{ multi: 0, exec: 1, discard: 1 },
  // It deletes the expired keys that it meets, which are not the same on both.
  randomkey: 0,
  // Replies made of all commands, of which ours are fewer as yet; another test compares them.
  ...{ command: 0, 'command|count': 0, 'command|docs': 0, 'command|list': 0, 'command|info': 0 },
  // Held in bounds by templates.
  ...{
    scan: 0,
    debug: 0,
    hscan: 0,
    'config|set': 0,
    'config|get': 0,
    'config|rewrite': 0,
    keys: 3,
  },
  // Words of our own.
  ...{ 'latency|doctor': 0, 'memory|doctor': 0, lolwut: 0 },
  ...{
    'module|help': 0,
    'module|list': 0,
    'module|load': 0,
    'module|loadex': 0,
    'module|unload': 0,
  },
  ...{ set: 40, flushdb: 0.3, flushall: 0.3, swapdb: 1, select: 2, hello: 1, reset: 0.3 },
  // In large sorted sets of different scores, what a range of members is depends on chance.
  ...{ zlexcount: 0, zrangebylex: 0, zrevrangebylex: 0, zremrangebylex: 0 },
  ...{ zadd: 60, zscan: 0, zrange: 20 },
  ...STREAM_WEIGHTS,
  ...SCRIPT_WEIGHTS,
  ...{ del: 3, unlink: 3, getdel: 4, restore: 12, 'restore-asking': 2 },
  // What they choose is not the same on both: templates ask them for all members or none.
  ...{ spop: 0, srandmember: 0, sscan: 4, sadd: 40 },
};

/** More members than are packed. */
const MANY = Array.from({ length: 140 }, (_, i) => 3 * i - 100);

const TEMPLATES: readonly (readonly [number, string])[] = [
  [8, 'scan 0 count 1000'],
  [4, 'scan 0 count 1000 match {pattern}'],
  [4, 'scan 0 type {type-name} count 1000'],
  [1, 'scan {integer} count {integer}'],
  [4, 'set {key} {string}'],
  [8, 'zadd {key} {score} {member} {score} {member} {score} {member}'],
  [6, 'zadd {key} 0 {member} 0 {member} 0 {member} 0 {member}'],
  [4, 'zscan {key} 0 count 1000'],
  [2, 'zscan {key} 0 match {pattern} count 1000 noscores'],
  [4, 'zrange {key} {score-bound} {score-bound} byscore'],
  [2, 'zrangestore {key} {key} {score-bound} {score-bound} byscore limit {few} {few}'],
  [30, 'hset {key} {field} {string} {field} {string}'],
  [4, 'hscan {key} 0 count 1000'],
  [4, 'hscan {key} 0 match {pattern} novalues'],
  [1, 'hscan {key} {integer} count {integer}'],
  [2, 'debug object {key}'],
  [2, 'debug digest'],
  [2, 'debug digest-value {key} {key}'],
  [1, 'debug error {string}'],
  [3, 'debug protocol {protocol-type}'],
  [1, 'debug sdslen {key}'],
  [1, 'debug change-repl-id'],
  [1, 'debug populate {few} {key}'],
  [1, 'debug populate {few} {key} {few}'],
  [4, 'config get {parameter}'],
  [2, 'config get {parameter} {parameter}'],
  [4, 'config set {parameter} {setting}'],
  [2, 'config set {parameter} {setting} {parameter} {setting}'],
  [1, 'client kill addr {address}'],
  [1, 'client kill id {large-id} skipme {yes-no}'],
  [1, 'client list id {large-id}'],
  [1, 'client list type {client-type}'],
  [2, 'command getkeys {command-name} {key} {string} {integer} {key}'],
  [2, 'command getkeysandflags {command-name} {key} {string} {token} {key}'],
  [4, 'object encoding {key}'],
  [3, 'linsert {key} {where} {list-element} {string}'],
  [3, 'lrem {key} {list-count} {list-element}'],
  [3, 'lpos {key} {list-element} rank {list-count} count {few}'],
  [3, 'rpush {key} {list-element} {string} {list-element}'],
  [2, `sadd {key} ${MANY.join(' ')}`],
  [2, `sadd {key} ${MANY.map((i) => `m${i}`).join(' ')}`],
  [2, 'sscan {key} 0 match {pattern}'],
  [4, 'sort {key} alpha'],
  [4, 'sort {key} by {by-pattern} get {get-pattern}'],
  [4, 'sort {key} by {by-pattern} get {get-pattern} get # alpha desc'],
  [3, 'spop {key} {all-or-none}'],
  [3, 'srandmember {key} {all-or-none}'],
  [1, 'blpop {key} {key} 0.001'],
  [1, 'brpop {key} 0.001'],
  [1, 'blmove {key} {key} {side} {side} 0.001'],
  [1, 'brpoplpush {key} {key} 0.001'],
  [1, 'blmpop 0.001 2 {key} {key} {side} count {few}'],
  [1, 'bzpopmin {key} {key} 0.001'],
  [1, 'bzpopmax {key} 0.001'],
  [1, 'bzmpop 0.001 2 {key} {key} min count {few}'],
  [1, 'xread block 1 streams {key} $'],
  ...STREAM_TEMPLATES,
  ...SCRIPT_TEMPLATES,
  ...GEO_TEMPLATES,
];

const POOLS: Readonly<Record<string, Pool>> = {
  ...COMMON_POOLS,
  'by-pattern': oneOf('*', 'nosort', '[*]*?', '*->', '*->f', '', '**', 'x*', '#'),
  'get-pattern': oneOf('*', '#', '', 'a*', '*->f', '*->', 'x', '*\u0000'),
  'all-or-none': oneOf('0', '100000', '9223372036854775807', 'x', '-x', '1.5', ''),
  member: mixed(between(-3, 12), oneOf('a', 'b', 'c', 'd', 'e', ''), COMMON_POOLS.string as Pool),
  ...SORTED_SET_POOLS,
  ...STREAM_POOLS,
  ...SCRIPT_POOLS,
  ...GEO_POOLS,
  'type-name': oneOf('string', 'list', 'hash', 'STRING', 'nothing', ''),
  // Not `push`, which is no reply.
  'protocol-type': oneOf(
    ...['string', 'integer', 'double', 'null', 'array', 'set', 'map', 'attrib', 'verbatim'],
    ...['true', 'false', 'bignum', 'Map', 'x', ''],
  ),
  field: oneOf('a', 'b', '7', '', '\u00ff\u0000', 'field', 'x'.repeat(70)),
  numfields: mixed(between(1, 3), between(1, 3), between(1, 3), COMMON_POOLS.integer as Pool),
  few: between(0, 5),
  side: oneOf('left', 'RIGHT', 'left', 'right', 'up'),
  where: oneOf('before', 'AFTER', 'before', 'in'),
  'list-element': oneOf('a', '1', '', 'hello'),
  'list-count': between(-3, 3),
  'lset.index': between(-6, 6),
  'lindex.index': between(-6, 6),
  limit: mixed(between(0, 3), COMMON_POOLS.integer as Pool),
  parameter: oneOf(
    ...['hash-max-listpack-entries', 'hash-max-listpack-value', 'lfu-decay-time', 'lfu-log-factor'],
    ...['maxmemory-policy', 'latency-tracking', 'lazyfree-lazy-user-del', 'slowlog-max-len'],
    ...['set-max-intset-entries', 'set-max-listpack-entries', 'set-max-listpack-value'],
    ...['maxmemory-samples', 'tcp-keepalive', 'list-compress-depth', 'nothing', 'HZ'],
    'list-max-listpack-size',
    ...['zset-max-listpack-entries', 'zset-max-listpack-value'],
  ),
  setting: mixed(
    oneOf('yes', 'no', 'allkeys-lfu', 'volatile-lru', 'noeviction', '0', '1', '10', '128', ''),
    COMMON_POOLS.integer as Pool,
  ),
  address: oneOf('127.0.0.1:1', '', 'x', '[::1]:99999'),
  'large-id': oneOf('999999', '0', '-1', 'x', '99999999999999999999'),
  'yes-no': oneOf('yes', 'no', 'YES', 'maybe', ''),
  'client-type': oneOf('replica', 'pubsub', 'master', 'primary', 'slave', 'nothing'),
  'command-name': oneOf('set', 'get', 'mset', 'del', 'object', 'copy', 'nothing', 'ping', 'GETEX'),
  token: oneOf('GET', 'NX', 'EX', 'PXAT', 'x'),
  protover: oneOf('2', '3', '2', '3', '1', '4', 'x', '-3', '3.0'),
  'swapdb.index1': mixed(between(0, 3), COMMON_POOLS.integer as Pool),
  'swapdb.index2': mixed(between(0, 3), COMMON_POOLS.integer as Pool),
  index: mixed(between(0, 2), between(0, 2), COMMON_POOLS.integer as Pool),
  'client|setname.connection-name': oneOf('me', '', 'a b', 'x\n', '\u00ff', 'long'.repeat(30)),
  libname: oneOf('lib', '', 'a b', 'x-1.0', '\n'),
  libver: oneOf('1.0', '', 'a b', '\n'),
  clientname: oneOf('me', '', 'a b', 'x'),
  event: oneOf('command', 'fast-command', 'x', ''),
  'memory|usage.count': oneOf('0', '5', '-1', 'x', ''),
  section: oneOf('server', 'keyspace', 'stats', 'all', 'default', 'everything', 'nothing', ''),
};

/** Replies that need not be the same in every byte. */
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  keys: unordered,
  dump: dumped,
  ...{ smembers: unordered, sinter: unordered, sunion: unordered, sdiff: unordered },
  ...{ sort: sorted, sort_ro: sorted },
  ...{ spop: unordered, srandmember: unordered, sscan: scanned },
  ...{ zrandmember: kind, zscan: scanned },
  scan: scanned,
  ...{ hgetall: unordered, hkeys: unordered, hvals: unordered, hscan: scanned, hrandfield: kind },
  ...{ httl: nearEach(30), hpttl: nearEach(30_000) },
  ...{ hexpiretime: nearEach(30), hpexpiretime: nearEach(30_000) },
  // Of all commands, and there are more on the real server as yet.
  command: kind,
  ...{ ttl: near(30), pttl: near(30_000), expiretime: near(30), pexpiretime: near(30_000) },
  ...{ 'object|idletime': kind, 'object|freq': kind },
  // A reply still being sent may hold the value too.
  'object|refcount': kind,
  time: shape,
  lastsave: shape,
  'debug|help': kind,
  'memory|usage': kind,
  'memory|stats': kind,
  'memory|malloc-stats': kind,
  info: information,
  hello: shape,
  ...{ 'client|id': shape, 'client|info': clientLines, 'client|list': clientLines },
  'config|get': parameters,
  ...{ 'debug|object': kind, 'debug|sdslen': kind },
  ...{ 'slowlog|get': logged, 'commandlog|get': logged },
  ...{ xpending: spans, 'xinfo|consumers': spans, 'xinfo|stream': moments },
  ...{ 'latency|histogram': kind, 'latency|graph': shape },
};

function comparisonOf(words: Words): Comparison {
  const [name, subcommand] = words.map((word) => word.toLowerCase());
  return COMPARISONS[`${name}|${subcommand}`] ?? COMPARISONS[name ?? ''] ?? exact;
}

/** What differs between two replies to a request, to be shown; null when nothing does. */
function difference(words: Words, ours: string, real: string): string | null {
  if (ours === real) return null;
  const refused = ours.startsWith('-') || real.startsWith('-');
  const comparison = refused ? exact : comparisonOf(words);
  if (comparison.same(ours, real, words)) return null;
  const [mine, other] = [comparison.lines(ours), comparison.lines(real)];
  const at = mine.findIndex((line, i) => line !== other[i]);
  const part = (lines: readonly string[]) => cut(lines.slice(Math.max(0, at - 1)).join(' | '));
  return `${cut(words.join(' '))}\n  ours ${part(mine)}\n  real ${part(other)}`;
}

/** Weights of all commands that `names` tells and that are no mere containers. */
function weightsOf(names: readonly string[]): Map<string, number> {
  const containers = new Set(
    names
      .map((name) => name.split('|')[0])
      .filter((name) => names.some((one) => one.startsWith(`${name}|`))),
  );
  const known = names.filter((name) => FACTS.has(name) && !containers.has(name));
  return new Map(
    known.map((name) => {
      const group = String(FACTS.get(name)?.docs.group);
      return [name, WEIGHTS[name] ?? GROUP_WEIGHTS[group] ?? OTHER_WEIGHT];
    }),
  );
}

const toBytes = (words: Words): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'));

async function ask(wire: WireConnection, requests: readonly Words[]): Promise<string[]> {
  const replies = await wire.pipeline(requests.map(toBytes));
  return replies.map((reply) => reply.toString('latin1'));
}

/** The keys of all databases, each with what it holds and when it expires. */
async function stored(wire: WireConnection): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  await ask(wire, [['RESET']]);
  for (let database = 0; database < 16; database++) {
    const [, keys = ''] = await ask(wire, [
      ['SELECT', `${database}`],
      ['KEYS', '*'],
    ]);
    for (const key of bulks(keys)) {
      const [infos = ''] = await ask(wire, [['XINFO', 'GROUPS', key]]);
      // What is pending has moments in it, which are not the same on both.
      const hasGroups = infos.startsWith('*') && infos !== '*0\r\n';
      const about = [
        hasGroups ? ['XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'] : ['DUMP', key],
        ['OBJECT', 'ENCODING', key],
        ['PEXPIRETIME', key],
        ['DEBUG', 'DIGEST-VALUE', key],
      ];
      found.set(`${database}:${key}`, await ask(wire, about));
    }
  }
  return found;
}

/** The bulk strings of an array. */
function bulks(reply: string): string[] {
  const texts: string[] = [];
  for (let at = reply.indexOf('\n') + 1; at < reply.length; ) {
    const start = reply.indexOf('\r\n', at) + 2;
    const end = start + Number(reply.slice(at + 1, start - 2));
    texts.push(reply.slice(start, end));
    at = end + 2;
  }
  return texts;
}

/** Where the time that a command waits at most stands: behind a word, or at an index (from the end when below 0). */
const TIMEOUTS: Readonly<Record<string, number | string>> = {
  ...{ blpop: -1, brpop: -1, blmove: -1, brpoplpush: -1, bzpopmin: -1, bzpopmax: -1 },
  ...{ blmpop: 1, bzmpop: 1, xread: 'block', xreadgroup: 'block' },
};

/** Whether a request waits for more than a moment: for ever, perhaps. */
function waitsLong(words: Words): boolean {
  const place = TIMEOUTS[(words[0] ?? '').toLowerCase()];
  if (place === undefined) return false;
  const at =
    typeof place === 'number' ? place : words.findIndex((one) => one.toLowerCase() === place);
  if (typeof place === 'string' && at === -1) return false;
  const timeout = typeof place === 'string' ? words[at + 1] : words.at(at);
  return !['0.001', '1', '-1', 'x', ''].includes(timeout ?? '');
}

/** Words that make a request one of those that may differ, and what is stored by them. */
const LEFT_OUT: readonly (readonly string[])[] = [
  // Elements whose weights are texts, and may be none, come in any order.
  ['sort', 'by', 'alpha', 'store'],
  // The last digit of a distance: see docs/compatibility.md.
  ['storedist'],
  // The real server multiplies this count of fields by two, and takes what is left of it.
  ['hsetex', '-9223372036854775807'],
];

function isLeftOut(words: Words): boolean {
  const given = new Set(words.map((word) => word.toLowerCase()));
  return LEFT_OUT.some((all) => all.every((word) => given.has(word)));
}

/** The start of a long text. */
function cut(text: string): string {
  const start = JSON.stringify(text.slice(0, REPORTED_BYTES));
  return text.length > REPORTED_BYTES ? `${start}…` : start;
}

const SETTINGS: Readonly<Record<string, string>> = {
  'proto-max-bulk-len': '1mb',
  'enable-debug-command': 'yes',
  'notify-keyspace-events': 'KEAmn',
  'commandlog-execution-slower-than': '0',
  'commandlog-request-larger-than': '200',
  // The size of a reply of INFO or CLIENT LIST is not the same on both.
  'commandlog-reply-larger-than': '-1',
};

/** A client that is told of keyspace events, and of all keys that change. */
async function listen(port: number): Promise<WireConnection> {
  const wire = await connect(port);
  await ask(wire, [
    ['HELLO', '3'],
    ['CLIENT', 'TRACKING', 'ON', 'BCAST'],
  ]);
  wire.socket.write('PSUBSCRIBE __key*__:* end\r\n');
  await wire.nextPush();
  await wire.nextPush();
  return wire;
}

const INVALIDATION = '>2\r\n$10\r\ninvalidate\r\n';
const NIL = '_\r\n';

/** What came since it was last asked: events, `channel message`, and then the keys that changed. */
async function heard(
  listener: WireConnection | undefined,
  wire: WireConnection,
): Promise<string[]> {
  const events: string[] = [];
  const changed = new Set<string>();
  await wire.send(['PUBLISH', 'end', '']);
  for (;;) {
    const push = (await listener?.nextPush())?.toString('latin1') ?? '';
    if (push.startsWith(INVALIDATION)) {
      const keys = push.slice(INVALIDATION.length);
      for (const key of keys === NIL ? ['all'] : bulks(keys)) changed.add(`changed ${key}`);
      continue;
    }
    const [, , channel = '', message] = bulks(push);
    if (channel === 'end') break;
    events.push(`${channel} ${message}`);
  }
  return [...withMissesSorted(events), ...[...changed].sort()];
}

/** Events, those of keys that are missed one after the other sorted: SORT looks for them as a set tells them. */
function withMissesSorted(events: readonly string[]): string[] {
  const sorted: string[] = [];
  let missed: string[] = [];
  for (const event of events) {
    if (event.includes('keymiss')) {
      missed.push(event);
      continue;
    }
    sorted.push(...missed.sort(), event);
    missed = [];
  }
  sorted.push(...missed.sort());
  return sorted;
}

/** Where two lists of events differ, to be shown; null when they do not. */
function eventDifference(ours: readonly string[], real: readonly string[]): string | null {
  const longer = ours.length > real.length ? ours : real;
  const at = longer.findIndex((_, i) => ours[i] !== real[i]);
  if (at === -1) return null;
  const near = (events: readonly string[]) =>
    cut(events.slice(Math.max(0, at - 2), at + 3).join(' | '));
  return `events\n  ours ${near(ours)}\n  real ${near(real)}`;
}

/** What the real server is started with here in any case. */
const OURS = { bind: '127.0.0.1', save: '' };

t.test(`${COUNT} random requests get the replies of the real server, SEED=${SEED}`, async (t) => {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => [`--${name}`, value]);
  const reference = await needReference(t, settings);
  if (reference === null) return;
  const server = await createServer({ seed: 1, config: { ...SETTINGS, ...OURS } });
  t.teardown(() => server.close());
  const ours = await connect(server.port);
  t.teardown(() => ours.close());
  const [[list = '']] = await Promise.all([
    ask(ours, [['COMMAND', 'LIST']]),
    ask(reference.wire, [['COMMAND', 'LIST']]),
  ]);
  // The real server's modules have asked for parameters when it started.
  const afresh = [
    ['CONFIG', 'RESETSTAT'],
    ['SLOWLOG', 'RESET'],
    // Keys whose time has come go when a request meets them, not before.
    ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
  ];
  for (const wire of [ours, reference.wire]) await ask(wire, afresh);
  const names = new Set(bulks(list));
  const random = new Random(SEED);
  const generator = new RequestGenerator({
    ...{
      random,
      facts: FACTS,
      pools: POOLS,
      weights: weightsOf([...names]),
      templates: TEMPLATES,
    },
    ...{ oddities, mutateOneIn: 4 },
  });
  const next = (): Words => {
    for (;;) {
      const words = generator.next();
      if (waitsLong(words) || isLeftOut(words)) continue;
      // A mutation can name a command that we do not have yet.
      if (!FACTS.has((words[0] ?? '').toLowerCase()) || names.has((words[0] ?? '').toLowerCase()))
        return words;
    }
  };
  const differences: string[] = [];
  const listeners = [await listen(server.port), await listen(reference.port)];
  t.teardown(() => listeners.forEach((listener) => void listener.close()));
  for (const resp of ['2', '3']) {
    for (const wire of [ours, reference.wire]) await ask(wire, [['HELLO', resp]]);
    for (let i = 0; i < COUNT / 2 && differences.length < MOST_REPORTED; i += BATCH) {
      const requests = Array.from({ length: BATCH }, () => hold(next(), random));
      const [mine, real] = await Promise.all([ask(ours, requests), ask(reference.wire, requests)]);
      for (const [at, words] of requests.entries()) {
        const shown = difference(words, mine[at] ?? '', real[at] ?? '');
        if (shown !== null) differences.push(`${i + at} ${shown}`);
      }
      const [events = [], realEvents = []] = await Promise.all([
        heard(listeners[0], ours),
        heard(listeners[1], reference.wire),
      ]);
      const shown = eventDifference(events, realEvents);
      if (shown !== null) differences.push(`${i} ${shown}`);
    }
  }
  t.same(differences.slice(0, MOST_REPORTED), []);
  const [mine, real] = [await stored(ours), await stored(reference.wire)];
  t.same([...mine.keys()].sort(), [...real.keys()].sort());
  const wrong = [...mine].filter(([key, [dump = '', encoding, moment = '', digest]]) => {
    const other = real.get(key);
    const sameMoment = near(30_000).same(moment, other?.[2] ?? '', []);
    const isDump = dump.startsWith('$');
    const sameDump = (isDump ? dumped : moments).same(dump, other?.[0] ?? '', []);
    return !sameDump || encoding !== other?.[1] || digest !== other?.[3] || !sameMoment;
  });
  t.same(wrong, []);
  await server.close();
  for (const database of server.engine.keyspace.databases) database.clear();
  server.engine.keyspace.lazyFree.drain();
  t.equal(server.engine.arena.liveBlocks, 0, 'no blocks are leaked');
});
