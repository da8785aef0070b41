/**
 * Random list commands to the real server and to ours: replies, and after each of them the bytes of DUMP, which
 * show how the elements are spread over nodes, must be the same.
 */
import t from 'tap';
import { Random } from '../../datatypes/random.js';
import { createServer } from '../../server/index.js';
import { needReference } from '../helpers/reference.js';
import { connect, type WireConnection } from '../helpers/wire.js';

const SEED = Number(process.env.SEED ?? 20_261_122);
const COUNT = Number(process.env.COUNT ?? 2000);
const BATCH = 50;
const KEYS = ['a', 'b', 'c'];

type Words = readonly string[];

function pick<T>(random: Random, of: readonly T[]): T {
  return of[random.below(of.length)] as T;
}

/** An element: mostly short, some that fill a node, some that no node holds, integers, bytes of all kinds. */
function element(random: Random): string {
  const length = pick(random, [3, 3, 3, 60, 300, 1500, 3000, 5000, 9000]);
  switch (random.below(6)) {
    case 0:
      return String(random.below(10));
    case 1:
      return String((random.unit() - 0.5) * 10 ** random.below(19)).replace(/\..*|e.*/, '');
    case 2:
      return String.fromCharCode(...Array.from({ length: 20 }, () => random.below(256)));
    case 3:
      return pick(random, ['x', 'y', '']);
    case 4:
      return random.hex(length & ~1);
    default:
      return 'z'.repeat(random.below(length));
  }
}

const SETTINGS: readonly Words[] = [
  ...['-2', '-1', '-5', '1', '2', '5', '40', '0', '-2'].map((value) => [
    'list-max-listpack-size',
    value,
  ]),
  ...['0', '0', '1', '2', '3'].map((value) => ['list-compress-depth', value]),
];

function next(random: Random, keys: readonly string[]): Words {
  const key = pick(random, keys);
  const index = () => String(random.below(60) - 30);
  const ends = () => pick(random, ['LEFT', 'RIGHT']);
  const some = () => Array.from({ length: 1 + random.below(5) }, () => element(random));
  switch (random.below(24)) {
    case 0:
    case 1:
      return ['LPUSH', key, ...some()];
    case 2:
    case 3:
    case 4:
      return ['RPUSH', key, ...some()];
    case 5:
      return [pick(random, ['LPUSHX', 'RPUSHX']), key, ...some()];
    case 6:
    case 7:
    case 8:
      return [
        'LINSERT',
        key,
        pick(random, ['BEFORE', 'AFTER']),
        pick(random, ['x', '1', 'y', '']),
        element(random),
      ];
    case 9:
    case 10:
    case 11:
      return ['LSET', key, index(), element(random)];
    case 12:
      return ['LREM', key, String(random.below(5) - 2), pick(random, ['x', '1', '', '5', 'y'])];
    case 13:
      return [pick(random, ['LPOP', 'RPOP']), key];
    case 14:
      return [pick(random, ['LPOP', 'RPOP']), key, String(random.below(8))];
    case 15:
      return random.below(3) === 0 ? ['LTRIM', key, index(), index()] : ['LTRIM', key, '1', '-2'];
    case 16:
      return ['LMOVE', key, pick(random, keys), ends(), ends()];
    case 17:
      return ['LRANGE', key, index(), index()];
    case 18:
      return [
        'LPOS',
        key,
        pick(random, ['x', '1', '']),
        'RANK',
        pick(random, ['1', '2', '-1', '-2']),
        'COUNT',
        '0',
        'MAXLEN',
        pick(random, ['0', '10']),
      ];
    case 19:
      return ['LINDEX', key, index()];
    case 20:
      return ['LMPOP', '2', key, pick(random, keys), ends(), 'COUNT', String(1 + random.below(4))];
    case 21:
      return ['COPY', key, pick(random, keys), 'REPLACE'];
    case 22:
      return random.below(6) > 0
        ? ['LLEN', key]
        : ['DEBUG', 'QUICKLIST-PACKED-THRESHOLD', pick(random, ['0', '100b', '1kb'])];
    default:
      return random.below(4) > 0
        ? ['OBJECT', 'ENCODING', key]
        : ['CONFIG', 'SET', ...pick(random, SETTINGS)];
  }
}

const toBytes = (words: Words): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'));

async function ask(wire: WireConnection, requests: readonly Words[]): Promise<string[]> {
  const replies = await wire.pipeline(requests.map(toBytes));
  return replies.map((reply) => reply.toString('latin1'));
}

const cut = (text: string) => JSON.stringify(text.length > 400 ? `${text.slice(0, 400)}…` : text);

t.test(
  `${COUNT} random list commands do what they do on the real server, SEED=${SEED}`,
  async (t) => {
    const reference = await needReference(t, ['--enable-debug-command', 'yes']);
    if (reference === null) return;
    const server = await createServer({
      seed: 1,
      config: { 'enable-debug-command': 'yes', save: '' },
    });
    t.teardown(() => server.close());
    const ours = await connect(server.port);
    t.teardown(() => ours.close());
    const random = new Random(SEED);
    let differences: string[] = [];
    for (let i = 0; i < COUNT && differences.length === 0; i += BATCH) {
      const requests = Array.from({ length: BATCH }, () => next(random, KEYS)).flatMap((words) => [
        words,
        ...KEYS.map((key) => ['DUMP', key]),
        ...KEYS.map((key) => ['OBJECT', 'ENCODING', key]),
      ]);
      const [mine, real] = await Promise.all([ask(ours, requests), ask(reference.wire, requests)]);
      differences = requests.flatMap((words, at) => {
        if (mine[at] === real[at]) return [];
        const before = requests
          .slice(0, at)
          .filter(([name]) => name !== 'DUMP' && name !== 'OBJECT');
        const last = cut(
          before
            .slice(-2)
            .map((one) => one.map((word) => word.slice(0, 40)).join(' '))
            .join(' ; '),
        );
        return [
          `${i} after ${last}: ${cut(words.join(' '))}\n ours ${cut(mine[at] ?? '')}\n real ${cut(real[at] ?? '')}`,
        ];
      });
    }
    t.same(differences.slice(0, 2), []);
    const [digest, other] = [
      await ask(ours, [['DEBUG', 'DIGEST']]),
      await ask(reference.wire, [['DEBUG', 'DIGEST']]),
    ];
    t.same(digest, other);
    await server.close();
    for (const database of server.engine.keyspace.databases) database.clear();
    server.engine.keyspace.lazyFree.drain();
    t.equal(server.engine.arena.liveBlocks, 0, 'no blocks are leaked');
  },
);
