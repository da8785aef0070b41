import t from 'tap';
import { Random } from '../../datatypes/random.js';
import { dumpPayload } from '../helpers/dump-payload.js';
import { runOnBoth, type Words } from '../helpers/twins.js';

/** Words of one line, split at spaces; `''` is an empty word. */
function lines(text: string): Words[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' '))
    .map((words) => words.map((word) => (word === "''" ? '' : word)));
}

/** What is told besides replies: events, and what travels to replicas. */
const TOLD = lines(`
  ZADD z 1 a 2 b 3 c
  ZADD z 1 a
  ZADD z XX CH 5 a 6 absent
  ZADD z NX 5 a
  ZADD z GT CH 4 a 9 b
  ZADD z INCR 2 c
  ZADD z LT INCR 2 c
  ZINCRBY z -0.5 c
  ZADD absent XX 1 a
  ZREM z a nothing
  ZREM z nothing
  ZADD z 1 a 4 d 5 e 6 f 7 g
  ZPOPMIN z
  ZPOPMAX z 2
  ZPOPMIN z 0
  ZMPOP 2 absent z MAX
  ZMPOP 1 absent MAX
  ZMPOP 1 z MIN COUNT 10
  EXISTS z
  ZADD z 1 a 2 b 3 c 4 d
  BZPOPMIN absent z 1
  BZPOPMAX z 1
  BZMPOP 1 1 z MIN COUNT 5
  ZADD z 1 a 2 b 3 c 4 d
  ZREMRANGEBYRANK z 0 0
  ZREMRANGEBYRANK z 9 10
  ZREMRANGEBYSCORE z (2 3
  ZREMRANGEBYLEX z - +
  ZADD z 1 a 2 b 3 c
  ZADD y 1.5 b -2 c 7 d
  ZUNIONSTORE to 2 z y
  ZINTERSTORE to 2 z y WEIGHTS 2 -1 AGGREGATE MAX
  ZDIFFSTORE to 2 z y
  ZRANGESTORE to z 0 1
  ZRANGESTORE to z 5 6
  ZDIFFSTORE to 2 z z
  SET to string
  ZUNIONSTORE to 1 z
  SET to string
  ZINTERSTORE to 2 z absent
  COPY z to
  RENAME to from
  DUMP from
  DEL from
`);

const MEMBERS = ['', 'a', 'aa', 'ab', 'b', 'b\x00', 'c', '10', '9', '\xff', 'z'];
const BOUNDS = ['-', '+', '[', '(', ...MEMBERS.flatMap((member) => [`[${member}`, `(${member}`])];

/** Ranges of members, in a set of which all scores are the same. */
function lexical(seed: number): Words[] {
  const random = new Random(seed);
  const pick = (words: readonly string[]) => words[random.below(words.length)] as string;
  const fill = ['ZADD', 'z', ...MEMBERS.flatMap((member) => ['0', member])];
  const script: Words[] = [fill];
  for (let i = 0; i < 400; i++) {
    const bounds = [pick(BOUNDS), pick(BOUNDS)];
    script.push(
      ['ZLEXCOUNT', 'z', ...bounds],
      ['ZRANGEBYLEX', 'z', ...bounds, 'LIMIT', String(random.below(4) - 1), pick(['-1', '0', '2'])],
      ['ZREVRANGEBYLEX', 'z', ...bounds],
      ['ZRANGE', 'z', ...bounds, 'BYLEX', 'REV'],
    );
    if (i % 20 === 0) script.push(['ZREMRANGEBYLEX', 'z', ...bounds], fill);
  }
  return script;
}

for (const entries of ['128', '0']) {
  const first: Words = ['CONFIG', 'SET', 'zset-max-listpack-entries', entries];
  const form = entries === '0' ? 'large' : 'packed';

  t.test(`commands on ${form} sorted sets tell what the real server tells`, async (t) => {
    const both = await runOnBoth(t, [first, ...TOLD]);
    if (both !== null) t.strictSame(both.ours, both.real);
  });

  t.test(`ranges of members of ${form} sorted sets are the real server's`, async (t) => {
    const both = await runOnBoth(t, [first, ...lexical(5)]);
    if (both !== null) t.strictSame(both.ours, both.real);
  });
}

/** RDB bytes, type byte first: good ones and broken ones. */
const VALUES = [
  '\x05\x01\x01a\0\0\0\0\0\0\xf8?',
  '\x05\x01\x01a\0\0\0\0\0\0\xf8\x7f',
  '\x05\0',
  '\x05\x02\x01a\0\0\0\0\0\0\xf0?\x01a\0\0\0\0\0\0\0@',
  '\x03\x01\x01a\x031.5',
  '\x03\x01\x01a\xfd',
  '\x03\x01\x01a\xff',
  '\x11\r\r\0\0\0\x02\0\x81a\x02\x811\x02\xff',
  '\x11\n\n\0\0\0\x01\0\x81a\x02\xff',
  '\x11\x07\x07\0\0\0\0\0\xff',
  '\x0c\x19\x19\0\0\0\x13\0\0\0\x04\0\0\x01a\x03\x011\x03\x01b\x03\x032.5\xff',
  '\x0c\x14\x14\0\0\0\x10\0\0\0\x03\0\0\x01a\x03\x011\x03\x01b\xff',
];

t.test(
  'sorted sets of every form in RDB are restored, or refused, as by the real server',
  async (t) => {
    const script = VALUES.flatMap((value): Words[] => {
      const bytes = Buffer.from(value, 'latin1');
      const payload = dumpPayload(bytes[0] ?? 0, bytes.subarray(1));
      const words = ['RESTORE', 'k', '0', Buffer.from(payload).toString('latin1'), 'REPLACE'];
      return [words, ['ZRANGE', 'k', '0', '-1', 'WITHSCORES'], ['DUMP', 'k']];
    });
    const both = await runOnBoth(t, script);
    if (both !== null) t.strictSame(both.ours.replies, both.real.replies);
  },
);
