import t from 'tap';
import { createServer } from '../../server/index.js';
import { dumpPayload } from '../helpers/dump-payload.js';
import { dumpedValues } from '../helpers/rdb.js';
import { needReference } from '../helpers/reference.js';
import { seeded } from '../helpers/seeded.js';
import { refusalOf, startServer } from '../helpers/server.js';
import { connect, type WireConnection } from '../helpers/wire.js';

/** Requests that leave a stream `s` with several nodes, deleted entries and two groups. */
const REQUESTS: readonly string[][] = [
  ...Array.from({ length: 250 }, (_, i) => {
    const own = i % 7 === 0 ? ['own', `${i}`] : [];
    return ['XADD', 's', `${1000 + i * i}-${i % 3}`, 'f', `value ${i}`, ...own];
  }),
  ['XDEL', 's', '1000-0', '1025-2', '1100-1'],
  ['XGROUP', 'CREATE', 's', 'g', '0'],
  ['XGROUP', 'CREATE', 's', 'idle', '$', 'ENTRIESREAD', '77'],
  ['XREADGROUP', 'GROUP', 'g', 'one', 'COUNT', '120', 'STREAMS', 's', '>'],
  ['XREADGROUP', 'GROUP', 'g', 'two', 'COUNT', '20', 'STREAMS', 's', '>'],
  ['XGROUP', 'CREATECONSUMER', 's', 'g', 'nobody'],
];

/** Requests that touch all of a stream. */
const USES: readonly string[][] = [
  ['XRANGE', 's', '-', '+'],
  ['XREVRANGE', 's', '+', '-'],
  ['XINFO', 'STREAM', 's', 'FULL', 'COUNT', '0'],
  ['XREADGROUP', 'GROUP', 'g', 'two', 'COUNT', '3', 'STREAMS', 's', '>'],
  ['XAUTOCLAIM', 's', 'g', 'two', '0', '0'],
  ['XADD', 's', 'MAXLEN', '5', '*', 'f', 'v'],
  ['DUMP', 's'],
];

const INFO = ['XINFO', 'STREAM', 's', 'FULL', 'COUNT', '0'];

/** The contents of a bulk string reply. */
function contents(reply: Uint8Array): Buffer {
  const start = reply.indexOf(10) + 1;
  return Buffer.from(reply.subarray(start, reply.length - 2));
}

async function ask(wire: WireConnection, words: readonly (string | Buffer)[]): Promise<Buffer> {
  return Buffer.from(await wire.send([...words]));
}

t.test('a stream goes from one server to the other and back without a change', async (t) => {
  const reference = await needReference(t);
  if (reference === null) return;
  const server = await createServer({ seed: 1 });
  t.teardown(() => server.close());
  const ours = await connect(server.port);
  t.teardown(() => ours.close());
  for (const words of REQUESTS) await ask(ours, words);
  const sides = [ours, reference.wire];
  let from = ours;
  for (let pass = 0; pass < 4; pass++) {
    const to = sides[(pass + 1) % 2] as WireConnection;
    const payload = contents(await ask(from, ['DUMP', 's']));
    t.equal((await ask(to, ['RESTORE', 's', '0', payload, 'REPLACE'])).toString(), '+OK\r\n');
    t.same(contents(await ask(to, ['DUMP', 's'])), payload);
    t.same((await ask(to, INFO)).toString('latin1'), (await ask(from, INFO)).toString('latin1'));
    from = to;
  }
});

t.test('older forms of streams are read as the newest is', async (t) => {
  const { call } = await startServer(t);
  const key = [16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
  const head = [10, 0, 1, 1, 0, 1, 1, 1, 0x81, 0x66, 2, 0, 1];
  const entry = [2, 1, 0, 1, 0, 1, 0x81, 0x76, 2, 4, 1, 0xff];
  const size = 4 + head.length + entry.length;
  const nodes = [1, ...key, size, size, 0, 0, 0, ...head, ...entry];
  const counters = [1, 0, 0, 0, 1];
  const forms = [
    [15, []],
    [19, counters],
    [21, counters],
  ] as const;
  for (const [type, extra] of forms) {
    const body = Uint8Array.from([...nodes, 1, 1, 0, ...extra, 0]);
    await call('RESTORE', `${type}`, '0', dumpPayload(type, body));
    t.same(await call('XRANGE', `${type}`, '-', '+'), [['1-0', ['f', 'v']]]);
    const about = await call('XINFO', 'STREAM', `${type}`);
    t.same(about, await call('XINFO', 'STREAM', '15'));
  }
});

t.test('entries whose IDs do not increase are no stream', async (t) => {
  const { call } = await startServer(t);
  const key = [16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
  const head = [12, 0, 2, 1, 0, 1, 1, 1, 0x81, 0x66, 2, 0, 1];
  const entry = (seq: number) => [2, 1, 0, 1, seq, 1, 0x81, 0x76, 2, 4, 1];
  const payloadOf = (first: number, second: number) => {
    const pack = [...head.slice(2), ...entry(first), ...entry(second), 0xff];
    const size = 6 + pack.length;
    const elements = 5 + 2 * 5;
    const listpack = [size, size, 0, 0, 0, elements, 0, ...pack].slice(1);
    return dumpPayload(
      21,
      Uint8Array.from([1, ...key, size, ...listpack, 2, 1, second, 1, first, 0, 0, 2, 0]),
    );
  };
  t.equal(await call('RESTORE', 'good', '0', payloadOf(3, 4)), 'OK');
  t.same(await call('XLEN', 'good'), 2);
  const refused = 'ERR Bad data format';
  t.equal(await refusalOf(call('RESTORE', 'same', '0', payloadOf(3, 3))), refused);
  t.equal(await refusalOf(call('RESTORE', 'back', '0', payloadOf(3, 2))), refused);
});

t.test('moments of delivery of 64 bits are shown to the last digit', async (t) => {
  const { call, clock, server } = await startServer(t, { config: { rdbcompression: 'no' } });
  await call('XADD', 's', '1-0', 'f', 'v');
  await call('XGROUP', 'CREATE', 's', 'g', '0');
  await call('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>');
  const [value] = dumpedValues(server.engine) as [Buffer];
  const now = Buffer.alloc(8);
  now.writeBigInt64LE(BigInt(clock.now()));
  const payloadOf = (moment: readonly number[]) => {
    const changed = Buffer.from(value);
    changed.set(moment, changed.indexOf(now));
    return dumpPayload(changed[0] ?? 0, changed.subarray(1));
  };
  const shown = async (moment: readonly number[]) => {
    t.equal(await call('RESTORE', 's', '0', payloadOf(moment), 'REPLACE'), 'OK');
    const full = JSON.stringify(await call('XINFO', 'STREAM', 's', 'FULL'), (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    const pending = (await call('XPENDING', 's', 'g', '-', '+', '9')) as unknown[][];
    return [/"c",("?-?\d+"?),1\]/.exec(full)?.[1], pending[0]?.[2]];
  };
  t.same(await shown([1, 0, 0, 0, 0, 0, 0, 0x7f]), ['"9151314442816847873"', 0]);
  const [moment, idle] = await shown([0, 0, 0, 0, 0, 0, 0, 0xc0]);
  t.equal(moment, '"-4611686018427387904"');
  t.ok(typeof idle === 'bigint' && idle > 2n ** 62n, 'longer ago than a number tells');
});

t.test(
  'a payload with a byte changed or cut off is refused or is a stream that works',
  async (t) => {
    const server = await createServer({ seed: 1, config: { rdbcompression: 'no' } });
    t.teardown(() => server.close());
    const wire = await connect(server.port);
    t.teardown(() => wire.close());
    for (const words of REQUESTS.slice(0, 12)) await ask(wire, words);
    for (const words of REQUESTS.slice(250)) await ask(wire, words);
    const dumped = contents(await ask(wire, ['DUMP', 's']));
    const body = dumped.subarray(1, dumped.length - 10);
    const random = seeded(t);
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const changed = Buffer.from(body);
      changed[random.below(body.length)] = random.below(256);
      const cut = random.below(4) === 0 ? changed.subarray(0, random.below(body.length)) : changed;
      const payload = Buffer.from(dumpPayload(21, cut));
      const reply = (await ask(wire, ['RESTORE', 's', '0', payload, 'REPLACE'])).toString();
      if (reply === '-ERR Bad data format\r\n') {
        refused++;
        continue;
      }
      t.equal(reply, '+OK\r\n');
      for (const words of USES) t.notMatch((await ask(wire, words)).toString(), /internal error/);
    }
    t.ok(refused > 300 && refused < 2700, `${refused} refused`);
    await ask(wire, ['FLUSHALL', 'SYNC']);
    server.engine.keyspace.lazyFree.drain();
    t.equal(server.engine.arena.liveBlocks, 0, 'no blocks are leaked');
  },
);
