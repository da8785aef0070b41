/** A snapshot shows one instant, whatever commands do while it is written. */
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Random } from '../../datatypes/random.js';
import { dataDigest } from '../../server/data-digest.js';
import type { CommandFacts } from '../helpers/command-facts.js';
import { beginSnapshot, loadBytes, MemorySink, savedBytes } from '../helpers/rdb.js';
import { RequestGenerator } from '../helpers/request-generator.js';
import {
  between,
  COMMON_POOLS,
  hold,
  KEYS,
  oddities,
  oneOf,
  SORTED_SET_POOLS,
} from '../helpers/request-pools.js';
import { seeded } from '../helpers/seeded.js';
import { type StartedServer, startServer } from '../helpers/server.js';
import { STREAM_POOLS, STREAM_TEMPLATES } from '../helpers/stream-requests.js';

const ROUNDS = Number(process.env.COUNT ?? 4);

const FACTS: ReadonlyMap<string, CommandFacts> = new Map(
  readFileSync(new URL('../../../tests/fixtures/command-facts.jsonl', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): [string, CommandFacts] => JSON.parse(line)),
);
const CHANGING_GROUPS = ['string', 'generic', 'list', 'set', 'sorted_set', 'hash', 'stream'];
const BLOCKING = [
  'blpop',
  'brpop',
  'blmove',
  'brpoplpush',
  'blmpop',
  'bzpopmin',
  'bzpopmax',
  'bzmpop',
  'xread',
  'xreadgroup',
  'wait',
  'waitaof',
];
/** Short nodes, so that a value of some hundred elements has many. */
const CONFIG = { 'list-max-listpack-size': '16', 'stream-node-max-entries': '10' };
/** Many elements: large values are what is written part by part. */
const MANY = Array.from({ length: 700 }, (_, i) => `element-${i}`);

/** How often each command comes: all that may change data, and those that empty all of it seldom. */
function weights(): ReadonlyMap<string, number> {
  const chosen = new Map<string, number>([
    ['flushdb', 0.1],
    ['flushall', 0.1],
    ['swapdb', 0.5],
    ['select', 2],
    ['pfcount', 1],
  ]);
  for (const [name, { docs }] of FACTS) {
    if (CHANGING_GROUPS.includes(String(docs.group)) && !BLOCKING.includes(name))
      chosen.set(name, 1);
  }
  return chosen;
}

function generator(random: Random): RequestGenerator {
  return new RequestGenerator({
    random,
    facts: FACTS,
    pools: {
      ...COMMON_POOLS,
      ...SORTED_SET_POOLS,
      ...STREAM_POOLS,
      element: oneOf(...MANY),
      ids: oneOf('1-1', '7-1', '20-1', '49-1'),
      few: between(0, 3),
      'swapdb.index1': between(0, 2),
      'swapdb.index2': between(0, 2),
      index: between(0, 2),
    },
    weights: weights(),
    templates: [
      ...STREAM_TEMPLATES,
      [40, 'hset big-hash {element} {string}'],
      [10, 'hdel big-hash {element}'],
      [20, 'hpexpire big-hash {few} fields 1 {element}'],
      [10, 'hgetex big-hash persist fields 1 {element}'],
      [20, 'zadd big-zset {score} {element}'],
      [20, 'zincrby big-zset {few} {element}'],
      [10, 'zrem big-zset {element}'],
      [40, 'srem big-set {element}'],
      [10, 'sadd big-set {string}'],
      [40, 'lset big-list {few} {string}'],
      [10, 'linsert big-list before {element} {string}'],
      [10, 'xadd stream * f {string}'],
      [10, 'xack stream group {ids}'],
      [10, 'xreadgroup group group c count 1 streams stream >'],
      [10, 'setrange {key} {few} {string}'],
      [1, 'spop big-set 300'],
      [1, 'zremrangebyrank big-zset 0 300'],
      [1, 'rename {key} {key}'],
    ],
    oddities,
    mutateOneIn: 100,
  });
}

/** Fills three databases with values small and large of all types. */
async function fill({ call }: StartedServer, random: Random): Promise<void> {
  const makers: ((key: string) => (string | number)[])[] = [
    (key) => ['SET', key, 'x'.repeat(random.below(400_000))],
    (key) => ['SADD', key, ...MANY.slice(0, random.below(700) + 1)],
    (key) => ['RPUSH', key, ...MANY.slice(0, random.below(300) + 1)],
    (key) => ['HSET', key, ...MANY.slice(0, (random.below(350) + 1) * 2)],
    (key) => ['ZADD', key, ...MANY.slice(0, random.below(700) + 1).flatMap((m, i) => [i, m])],
    (key) => ['PFADD', key, ...MANY.slice(0, 100)],
    (key) => ['SETRANGE', key, random.below(20), 'abc'],
  ];
  for (let database = 0; database < 3; database++) {
    await call('SELECT', database);
    for (const key of KEYS) {
      const make = makers[random.below(makers.length)] as (key: string) => (string | number)[];
      await call(...make(key));
      if (random.below(3) === 0) await call('PEXPIRE', key, 1 + random.below(30));
    }
    await call('HSET', 'big-hash', ...MANY.flatMap((field) => [field, 'value']));
    await call('HPEXPIRE', 'big-hash', 20, 'FIELDS', 5, ...MANY.slice(0, 5));
    await call('ZADD', 'big-zset', ...MANY.flatMap((member, i) => [i, member]));
    await call('SADD', 'big-set', ...MANY);
    await call('RPUSH', 'big-list', ...MANY);
    for (let i = 0; i < 100; i++) await call('SET', `small:${i}`, i);
    for (let i = 1; i < 700; i++) await call('XADD', 'stream', `${i}-1`, 'f', 'v');
    await call('XGROUP', 'CREATE', 'stream', 'group', 0);
    await call('XREADGROUP', 'GROUP', 'group', 'c', 'COUNT', 50, 'STREAMS', 'stream', '>');
  }
}

function digestOf({ engine }: StartedServer['server']): string {
  return dataDigest(engine.keyspace).hex;
}

/** Loads a file into another server whose clock shows the same, and answers its digest. */
async function digestOfFile(t: Test, bytes: Buffer, nowMs: number): Promise<unknown> {
  const other = await startServer(t);
  await other.clock.advance(nowMs - other.clock.now());
  loadBytes(other.server.engine, bytes, 10_000);
  return digestOf(other.server);
}

t.test(
  'A snapshot shows the instant at which it began while commands of all kinds run',
  async (t) => {
    const random = seeded(t);
    for (let round = 0; round < ROUNDS; round++) {
      const started = await startServer(t, { seed: random.uint32(), config: CONFIG });
      const { call, clock, server } = started;
      await fill(started, random);
      const requests = generator(random);
      const nowMs = clock.now();
      const before = digestOf(server);
      const sink = new MemorySink();
      const snapshot = beginSnapshot(server.engine, sink);
      const keys = snapshot.keysTotal;
      while (!snapshot.step(() => true)) {
        for (let i = random.below(20); i > 0; i--) {
          const words = hold(requests.next(), random);
          await call(...words.map((word) => Buffer.from(word, 'latin1'))).catch(() => {});
        }
        if (random.below(10) === 0) await clock.advance(random.below(8));
      }
      t.equal(snapshot.keysDone, keys, 'each key is written once');
      t.equal(await digestOfFile(t, sink.bytes, nowMs), before, `round ${round}`);
    }
  },
);

t.test(
  'A snapshot that is given up leaves nothing behind, and the next one is whole',
  async (t) => {
    const started = await startServer(t, { config: CONFIG });
    const { call, clock, server } = started;
    await fill(started, new Random(5));
    // More often than there are stamps to tell snapshots apart.
    for (let i = 0; i < 80; i++) {
      const snapshot = beginSnapshot(server.engine, new MemorySink());
      for (let steps = 0; steps < i; steps++) snapshot.step(() => true);
      await call('APPEND', `small:${i}`, 'x');
      await call('SADD', 'a', `new-${i}`).catch(() => {});
      snapshot.abandon();
    }
    const before = digestOf(server);
    const sink = new MemorySink();
    const snapshot = beginSnapshot(server.engine, sink);
    snapshot.step(() => true);
    await call('FLUSHALL', 'ASYNC');
    while (!snapshot.step(() => true));
    t.equal(await digestOfFile(t, sink.bytes, clock.now()), before);
  },
);

t.test('A file loads alike in pieces of any size', async (t) => {
  const started = await startServer(t, { config: CONFIG });
  await fill(started, new Random(7));
  const bytes = savedBytes(started.server.engine);
  const before = digestOf(started.server);
  for (const pieceBytes of [997, 65_536, bytes.length]) {
    const other = await startServer(t);
    loadBytes(other.server.engine, bytes, pieceBytes);
    t.equal(digestOf(other.server), before);
  }
});
