import t from 'tap';
import { oneOf, seeded } from '../helpers/seeded.js';
import { refusalOf, type StartedServer, startServer } from '../helpers/server.js';

type Call = StartedServer['call'];

const range = (count: number, prefix = '') =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

async function members(call: Call, key: string): Promise<string[]> {
  return [...((await call('SMEMBERS', key)) as Iterable<string>)].sort();
}

t.test(
  'SADD and SREM count what they change, and the last member takes the key along',
  async (t) => {
    const { call } = await startServer(t);
    t.equal(await call('SADD', 's', 'a', 'b', 'a'), 2);
    t.equal(await call('SADD', 's', 'b', 'c'), 1);
    t.equal(await call('SREM', 's', 'a', 'x', 'a'), 1);
    t.same(await members(call, 's'), ['b', 'c']);
    t.equal(await call('SREM', 's', 'b', 'c'), 2);
    t.equal(await call('EXISTS', 's'), 0);
  },
);

t.test('OBJECT ENCODING tells a set of integers, a small one and a large one apart', async (t) => {
  const { call } = await startServer(t);
  const encoding = () => call('OBJECT', 'ENCODING', 's');
  await call('SADD', 's', ...range(512));
  t.equal(await encoding(), 'intset');
  await call('SADD', 's', '512');
  t.equal(await encoding(), 'hashtable');
  await call('DEL', 's');
  await call('SADD', 's', ...range(127), 'a');
  t.equal(await encoding(), 'listpack');
  await call('SADD', 's', 'b');
  t.equal(await encoding(), 'hashtable');
  await call('DEL', 's');
  await call('SADD', 's', '1');
  await call('SADD', 's', 'x'.repeat(65));
  t.equal(await encoding(), 'hashtable');
  t.same(await members(call, 's'), ['1', 'x'.repeat(65)]);
});

t.test('sets take any bytes, and integers to the ends of 64 bits', async (t) => {
  const { call } = await startServer(t);
  const all = ['', '9223372036854775807', '-9223372036854775808', '9223372036854775808', '-0'];
  for (const size of [0, 200]) {
    await call('SADD', 's', ...all, ...range(size, 'm'));
    for (const member of all) t.equal(await call('SISMEMBER', 's', member), 1, member);
    t.equal(await call('SISMEMBER', 's', '0'), 0);
    t.same(await call('SMISMEMBER', 's', '-0', '00'), [1, 0]);
  }
});

t.test('COPY of a large set changes on its own', async (t) => {
  const { call } = await startServer(t);
  await call('SADD', 's', ...range(300, 'm'));
  await call('COPY', 's', 'copy');
  await call('SREM', 's', ...range(299, 'm'));
  t.equal(await call('SCARD', 's'), 1);
  t.equal(await call('SCARD', 'copy'), 300);
  t.equal(await call('SISMEMBER', 'copy', 'm17'), 1);
});

t.test('a reply of long members is whole though the set goes at once', async (t) => {
  const { call } = await startServer(t);
  const long = ['x', 'y', 'z'].map((letter) => letter.repeat(100_000));
  await call('SADD', 's', ...long);
  const [all] = await Promise.all([
    call('SMEMBERS', 's'),
    call('DEL', 's'),
    call('SADD', 's', 'a'),
  ]);
  t.same([...(all as Iterable<string>)].sort(), long);
});

t.test('SPOP and SRANDMEMBER give each member in time, and SPOP none twice', async (t) => {
  const { call } = await startServer(t);
  const kinds = [range(50), range(50, 'm'), range(300, 'm')];
  for (const all of kinds) {
    await call('SADD', 's', ...all);
    const drawn = (await call('SRANDMEMBER', 's', -all.length * 30)) as string[];
    t.equal(drawn.length, all.length * 30);
    t.same([...new Set(drawn)].sort(), [...all].sort());
    for (const count of [1, 5, all.length - 1]) {
      const some = (await call('SRANDMEMBER', 's', count)) as string[];
      t.equal(new Set(some).size, count);
      t.ok(some.every((member) => all.includes(member)));
    }
    const popped: string[] = [(await call('SPOP', 's')) as string];
    for (const count of [3, all.length - 10, 1000]) {
      popped.push(...((await call('SPOP', 's', count)) as Iterable<string>));
    }
    t.same(popped.sort(), [...all].sort());
    t.equal(await call('EXISTS', 's'), 0);
  }
});

t.test('what SPOP leaves of a large set is packed when it is little', async (t) => {
  const { call } = await startServer(t);
  await call('SADD', 's', ...range(200, 'm'));
  await call('SPOP', 's', 100);
  t.equal(await call('OBJECT', 'ENCODING', 's'), 'hashtable');
  await call('SPOP', 's', 90);
  t.equal(await call('OBJECT', 'ENCODING', 's'), 'listpack');
  t.equal(await call('SCARD', 's'), 10);
});

t.test('SSCAN meets every member that stays, however the set changes', async (t) => {
  const { call } = await startServer(t);
  const staying = range(500, 'stays:');
  await call('SADD', 's', ...staying, ...range(500, 'goes:'));
  const met = new Set<string>();
  let cursor = '0';
  let calls = 0;
  do {
    const [next, found] = (await call('SSCAN', 's', cursor, 'COUNT', 20)) as [string, string[]];
    for (const member of found) met.add(member);
    cursor = next;
    await call('SREM', 's', `goes:${calls}`);
    await call('SADD', 's', `new:${calls}`, `newer:${calls}`);
    calls++;
  } while (cursor !== '0' && calls < 1000);
  t.ok(calls > 20 && calls < 1000);
  t.ok(staying.every((member) => met.has(member)));
});

t.test('MEMORY USAGE of a large set counts its members', async (t) => {
  const { call } = await startServer(t);
  const all = range(1000, 'm').map((member) => member.padEnd(200, '.'));
  await call('SADD', 's', ...all);
  const whole = (await call('MEMORY', 'USAGE', 's', 'SAMPLES', 0)) as number;
  t.ok(whole > 1000 * 200 && whole < 1000 * 300, `${whole}`);
  t.equal(
    await call('MEMORY', 'USAGE', 's'),
    whole,
    'members of the same length need no more samples',
  );
});

t.test('sets of other types of key are refused', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'k', 'v');
  const wrongType = 'WRONGTYPE Operation against a key holding the wrong kind of value';
  for (const command of ['SADD k a', 'SMEMBERS k', 'SPOP k 0', 'SINTER none k', 'SDIFF none k']) {
    t.equal(await refusalOf(call(...command.split(' '))), wrongType, command);
  }
});

/** What random operations draw from: small sets meet, large ones are tables. */
const POOLS = [range(30), [...range(10), ...range(20, 'm')], range(400, 'm'), range(700)];
const KEYS = ['a', 'b', 'c', 'd'];

const UNITE = (sets: Set<string>[]) => new Set(sets.flatMap((set) => [...set]));
const INTERSECT = ([first = new Set<string>(), ...others]: Set<string>[]) =>
  new Set([...first].filter((one) => others.every((other) => other.has(one))));
const SUBTRACT = ([first = new Set<string>(), ...others]: Set<string>[]) =>
  new Set([...first].filter((one) => !others.some((other) => other.has(one))));

t.test('sets agree with a model of sets', async (t) => {
  const random = seeded(t);
  const { call } = await startServer(t);
  const model = new Map(KEYS.map((key) => [key, new Set<string>()]));
  const setOf = (key: string) => model.get(key) as Set<string>;
  const some = () => {
    const pool = oneOf(random, POOLS);
    return Array.from({ length: 1 + random.below(60) }, () => oneOf(random, pool));
  };
  for (let i = 0; i < 3000; i++) {
    const [key, other] = [oneOf(random, KEYS), oneOf(random, KEYS)];
    const [own, theirs] = [setOf(key), setOf(other)];
    const list = some();
    switch (random.below(7)) {
      case 0:
      case 1: {
        const added = new Set(list.filter((one) => !own.has(one)));
        t.equal(await call('SADD', key, ...list), added.size);
        for (const one of list) own.add(one);
        break;
      }
      case 2: {
        const gone = new Set(list.filter((one) => own.has(one)));
        t.equal(await call('SREM', key, ...list), gone.size);
        for (const one of gone) own.delete(one);
        break;
      }
      case 3: {
        const [one = ''] = list;
        t.equal(await call('SMOVE', key, other, one), own.has(one) ? 1 : 0);
        if (own.delete(one)) theirs.add(one);
        break;
      }
      case 4: {
        const popped = [...((await call('SPOP', key, random.below(40))) as Iterable<string>)];
        t.ok(popped.every((one) => own.delete(one)));
        break;
      }
      case 5: {
        const sources = Array.from({ length: 1 + random.below(3) }, () => oneOf(random, KEYS));
        const sets = sources.map(setOf);
        t.equal(await call('SINTERCARD', sources.length, ...sources), INTERSECT(sets).size);
        for (const [name, work] of [
          ['SUNION', UNITE],
          ['SINTER', INTERSECT],
          ['SDIFF', SUBTRACT],
        ] as const) {
          const found = [...((await call(name, ...sources)) as Iterable<string>)];
          t.same(found.sort(), [...work(sets)].sort(), name);
        }
        break;
      }
      default: {
        const sources = [oneOf(random, KEYS), oneOf(random, KEYS)];
        const [name, work] = oneOf(random, [
          ['SUNIONSTORE', UNITE],
          ['SINTERSTORE', INTERSECT],
          ['SDIFFSTORE', SUBTRACT],
        ] as const);
        const result = work(sources.map(setOf));
        t.equal(await call(name, key, ...sources), result.size);
        model.set(key, result);
      }
    }
    if (i % 50 === 0) {
      for (const one of KEYS) t.same(await members(call, one), [...setOf(one)].sort());
    }
  }
});

t.test('more elements than a reply can hold are not drawn', async (t) => {
  const { call } = await startServer(t);
  await call('SADD', 's', 'a');
  await call('ZADD', 'z', '1', 'a');
  await call('HSET', 'h', 'a', '1');
  const refused = 'ERR value is out of range';
  t.equal(await refusalOf(call('SRANDMEMBER', 's', '-9223372036854775807')), refused);
  t.equal(await refusalOf(call('ZRANDMEMBER', 'z', '-9223372036854775807')), refused);
  t.equal(await refusalOf(call('HRANDFIELD', 'h', '-4611686018427387903', 'WITHVALUES')), refused);
  t.same(await call('SRANDMEMBER', 'absent', '-9223372036854775807'), []);
  t.same(await call('SRANDMEMBER', 's', '-3'), ['a', 'a', 'a']);
});
