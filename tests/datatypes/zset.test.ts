import t, { type Test } from 'tap';
import { Random } from '../../datatypes/random.js';
import { Type } from '../../datatypes/store/entry.js';
import { LargeSortedSet } from '../../datatypes/zset-large.js';
import { refusalOf, type StartedServer, startServer } from '../helpers/server.js';

type Pair = [member: string, score: number];

/** What a sorted set holds, worked out from a Map at each look. */
class Model {
  readonly scores = new Map<string, number>();

  get pairs(): Pair[] {
    return [...this.scores].sort(([a, x], [b, y]) =>
      x === y ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : x - y,
    );
  }

  get flat(): string[] {
    return flat(this.pairs);
  }
}

const flat = (pairs: Pair[]) => pairs.flatMap(([member, score]) => [member, String(score)]);

/** One random change, made to both. */
async function change({ call }: StartedServer, model: Model, random: Random): Promise<void> {
  const member = `m${random.below(300)}`;
  const score = random.below(200) / 4;
  const { scores } = model;
  switch (random.below(12)) {
    case 0:
      if ((await call('ZREM', 'z', member)) === 1) scores.delete(member);
      return;
    case 1:
      await call('ZINCRBY', 'z', score, member);
      scores.set(member, (scores.get(member) ?? 0) + score);
      return;
    case 2:
      await call('ZADD', 'z', 'NX', score, member);
      if (!scores.has(member)) scores.set(member, score);
      return;
    case 3:
      await call('ZADD', 'z', 'GT', score, member);
      scores.set(member, Math.max(scores.get(member) ?? score, score));
      return;
    case 4: {
      const from = random.below(20);
      await call('ZREMRANGEBYRANK', 'z', from, from + 1);
      for (const [gone] of model.pairs.slice(from, from + 2)) scores.delete(gone);
      return;
    }
    case 5: {
      await call('ZREMRANGEBYSCORE', 'z', `(${score}`, score + 1);
      for (const [gone, own] of model.pairs) {
        if (own > score && own <= score + 1) scores.delete(gone);
      }
      return;
    }
    default:
      await call('ZADD', 'z', score, member);
      scores.set(member, score);
  }
}

async function compare(t: Test, { call }: StartedServer, model: Model, random: Random) {
  const { pairs } = model;
  const members = pairs.map(([member]) => member);
  t.strictSame(await call('ZRANGE', 'z', 0, -1, 'WITHSCORES'), model.flat);
  t.strictSame(await call('ZREVRANGE', 'z', 2, 9), [...members].reverse().slice(2, 10));
  t.equal(await call('ZCARD', 'z'), members.length);
  const [low, high] = [random.below(25), 25 + random.below(25)];
  const within = pairs.filter(([, score]) => score >= low && score < high);
  t.strictSame(await call('ZRANGEBYSCORE', 'z', low, `(${high}`, 'WITHSCORES'), flat(within));
  t.strictSame(
    await call('ZRANGE', 'z', `(${high}`, low, 'BYSCORE', 'REV', 'LIMIT', 1, 5),
    within
      .map(([member]) => member)
      .reverse()
      .slice(1, 6),
  );
  t.equal(await call('ZCOUNT', 'z', low, `(${high}`), within.length);
  const at = random.below(members.length);
  t.equal(await call('ZRANK', 'z', members[at] as string), at);
  t.equal(await call('ZREVRANK', 'z', members[at] as string), members.length - 1 - at);
}

t.test('sorted sets of both forms do what a sorted list of pairs would', async (t) => {
  for (const [entries, encoding] of [
    [1000, 'listpack'],
    [0, 'skiplist'],
  ] as const) {
    const started = await startServer(t);
    const random = new Random(entries + 3);
    await started.call('CONFIG', 'SET', 'zset-max-listpack-entries', entries);
    const model = new Model();
    for (let step = 0; step < 2000; step++) {
      await change(started, model, random);
      if (step % 50 === 49) await compare(t, started, model, random);
    }
    t.equal(await started.call('OBJECT', 'ENCODING', 'z'), encoding);
    const { keyspace } = started.server.engine;
    for (const database of keyspace.databases) {
      database.keys.forEach((ref) => {
        if (keyspace.entries.type(ref) !== Type.zset || encoding === 'listpack') return;
        keyspace.large(ref, LargeSortedSet).check();
      });
    }
  }
});

t.test(
  'a sorted set becomes a skiplist by count or length, and only STORE makes it small',
  async (t) => {
    const { call } = await startServer(t);
    await call('CONFIG', 'SET', 'zset-max-listpack-entries', 3, 'zset-max-listpack-value', 5);
    await call('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c');
    t.equal(await call('OBJECT', 'ENCODING', 'z'), 'listpack');
    await call('ZADD', 'z', 4, 'd');
    t.equal(await call('OBJECT', 'ENCODING', 'z'), 'skiplist');
    await call('ZREM', 'z', 'a', 'b');
    t.equal(await call('OBJECT', 'ENCODING', 'z'), 'skiplist');
    await call('ZUNIONSTORE', 'z', 1, 'z');
    t.equal(await call('OBJECT', 'ENCODING', 'z'), 'listpack');
    await call('ZADD', 'z', 9, 'longer');
    t.equal(await call('OBJECT', 'ENCODING', 'z'), 'skiplist');
    await call('ZADD', 'many', 1, 'a', 1, 'a', 1, 'a', 1, 'a');
    t.equal(await call('OBJECT', 'ENCODING', 'many'), 'skiplist');
  },
);

t.test('an emptied sorted set is no key, and one copied changes on its own', async (t) => {
  const { call } = await startServer(t);
  for (const entries of [128, 0]) {
    await call('CONFIG', 'SET', 'zset-max-listpack-entries', entries);
    await call('ZADD', 'z', 1, 'a', 2, 'b');
    await call('COPY', 'z', 'copy');
    await call('ZADD', 'copy', 7, 'a');
    t.strictSame(await call('ZPOPMIN', 'z', 5), ['a', '1', 'b', '2']);
    t.equal(await call('EXISTS', 'z'), 0);
    t.strictSame(await call('ZPOPMAX', 'copy', 5), ['a', '7', 'b', '2']);
    await call('ZADD', 'z', 1, 'a');
    t.equal(await call('ZDIFFSTORE', 'z', 2, 'z', 'z'), 0);
    t.equal(await call('EXISTS', 'z'), 0);
  }
});

t.test('ZSCAN of a large sorted set returns every member that stays', async (t) => {
  const { call } = await startServer(t);
  const members = Array.from({ length: 500 }, (_, i) => `m${i}`);
  await call('ZADD', 'z', ...members.flatMap((member, i) => [i, member]));
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, rows] = (await call('ZSCAN', 'z', cursor, 'COUNT', 20)) as [string, string[]];
    for (let i = 0; i < rows.length; i += 2) found.add(rows[i] as string);
    await call('ZADD', 'z', 1, `new${found.size}`);
    cursor = next;
  } while (cursor !== '0');
  for (const member of members) if (!found.has(member)) t.fail(`${member} was not returned`);
  t.ok(found.size >= 500);
});

t.test('ZRANDMEMBER returns each member, with a count each only once', async (t) => {
  const { call } = await startServer(t);
  const members = Array.from({ length: 20 }, (_, i) => `m${i}`);
  await call('ZADD', 'z', ...members.flatMap((member, i) => [i, member]));
  const met = new Set<string>();
  for (let i = 0; i < 300; i++) met.add((await call('ZRANDMEMBER', 'z')) as string);
  t.equal(met.size, 20);
  for (const count of [1, 7, 19, 20, 25]) {
    const some = (await call('ZRANDMEMBER', 'z', count)) as string[];
    t.equal(new Set(some).size, Math.min(count, 20));
    t.equal(some.length, Math.min(count, 20));
  }
  t.equal(((await call('ZRANDMEMBER', 'z', -50)) as string[]).length, 50);
});

t.test('opposite infinities make 0 in a union and are refused as an increment', async (t) => {
  const { call } = await startServer(t);
  await call('ZADD', 'a', 'inf', 'm');
  await call('ZADD', 'b', '-inf', 'm');
  t.strictSame(await call('ZUNION', 2, 'a', 'b', 'WITHSCORES'), ['m', '0']);
  t.strictSame(await call('ZUNION', 1, 'a', 'WEIGHTS', 0, 'WITHSCORES'), ['m', '0']);
  t.equal(
    await refusalOf(call('ZINCRBY', 'a', '-inf', 'm')),
    'ERR resulting score is not a number (NaN)',
  );
  t.equal(await call('ZSCORE', 'a', 'm'), 'inf');
});

t.test('MEMORY USAGE of a sorted set grows and shrinks with it', async (t) => {
  const { call } = await startServer(t);
  const sizes: number[] = [];
  for (const count of [1, 100, 200, 5000]) {
    const pairs = Array.from({ length: count }, (_, i) => [i, `m${i}`]).flat();
    await call('ZADD', 'z', ...pairs);
    sizes.push((await call('MEMORY', 'USAGE', 'z')) as number);
  }
  t.strictSame(
    sizes,
    [...sizes].sort((one, other) => one - other),
  );
  await call('ZREMRANGEBYRANK', 'z', 10, -1);
  t.ok(((await call('MEMORY', 'USAGE', 'z')) as number) < 2500);
});
