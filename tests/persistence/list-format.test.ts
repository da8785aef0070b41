/** Lists as RESTORE takes them in: all forms there have been, whole and damaged. */
import t from 'tap';
import { dumpPayload } from '../helpers/dump-payload.js';
import { rdbString, ZIPLIST_ELEMENTS, ziplist } from '../helpers/old-values.js';
import { needReference } from '../helpers/reference.js';
import { seeded } from '../helpers/seeded.js';
import { refusalOf, startServer } from '../helpers/server.js';
import { connect, type WireConnection } from '../helpers/wire.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

const TEXTS = ZIPLIST_ELEMENTS.map(([text]) => text);
const ZIPLIST = ziplist(ZIPLIST_ELEMENTS.map(([, bytes]) => bytes));
const LISTPACK = latin1(
  '\x19\0\0\0\x05\0\x01\x01\xdf\xff\x02\xf1\0\x10\x03\xf2\x70\x11\x01\x04\x82ab\x03\xff',
);
const EMPTY_LISTPACK = latin1('\x07\0\0\0\0\0\xff');

const PAYLOADS: Readonly<Record<string, Uint8Array>> = {
  strings: dumpPayload(1, latin1('\x03\x01a\xc0\x07\0')),
  ziplist: dumpPayload(10, rdbString(ZIPLIST)),
  ziplists: dumpPayload(
    14,
    Buffer.concat([latin1('\x03'), rdbString(ziplist([])), rdbString(ZIPLIST), rdbString(ZIPLIST)]),
  ),
  nodes: dumpPayload(
    18,
    Buffer.concat([
      ...[latin1('\x04\x02'), rdbString(LISTPACK), latin1('\x01\x02hi\x02')],
      ...[rdbString(EMPTY_LISTPACK), latin1('\x02'), rdbString(LISTPACK)],
    ]),
  ),
  'one node': dumpPayload(18, Buffer.concat([latin1('\x01\x02'), rdbString(LISTPACK)])),
};

const EMPTY: readonly Uint8Array[] = [
  dumpPayload(1, latin1('\0')),
  dumpPayload(10, rdbString(ziplist([]))),
  dumpPayload(14, Buffer.concat([latin1('\x01'), rdbString(ziplist([]))])),
  dumpPayload(14, latin1('\0')),
  dumpPayload(18, Buffer.concat([latin1('\x01\x02'), rdbString(EMPTY_LISTPACK)])),
  dumpPayload(18, latin1('\0')),
];

t.test('RESTORE reads every form that lists have had', async (t) => {
  const { call } = await startServer(t);
  for (const [name, payload] of Object.entries(PAYLOADS)) await call('RESTORE', name, '0', payload);
  const packed = ['1', '-1', '4096', '70000', 'ab'];
  t.same(await call('LRANGE', 'strings', '0', '-1'), ['a', '7', '']);
  t.same(await call('LRANGE', 'ziplist', '0', '-1'), TEXTS);
  t.same(await call('LRANGE', 'ziplists', '0', '-1'), [...TEXTS, ...TEXTS]);
  t.same(await call('LRANGE', 'nodes', '0', '-1'), [...packed, 'hi', ...packed]);
  t.same(await call('LRANGE', 'one node', '0', '-1'), packed);
  t.equal(await call('OBJECT', 'ENCODING', 'ziplist'), 'listpack');
  t.equal(await call('OBJECT', 'ENCODING', 'nodes'), 'quicklist');
});

t.test('RESTORE refuses lists without elements', async (t) => {
  const { call } = await startServer(t);
  for (const payload of EMPTY) {
    t.equal(await refusalOf(call('RESTORE', 'key', '0', payload)), 'ERR Bad data format');
  }
  t.equal(await call('EXISTS', 'key'), 0);
});

t.test('RESTORE of damaged lists is refused or gives a list that can be used', async (t) => {
  const { call } = await startServer(t);
  const random = seeded(t);
  const payloads = Object.values(PAYLOADS);
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const payload = payloads[i % payloads.length] ?? new Uint8Array(0);
    const body = payload.slice(1, payload.length - 10);
    for (let n = random.below(3); n >= 0; n--) body[random.below(body.length)] = random.below(256);
    const cut = random.below(4) === 0 ? random.below(body.length) : body.length;
    const damaged = dumpPayload(payload[0] ?? 0, body.subarray(0, cut));
    const reply = await call('RESTORE', 'key', '0', damaged, 'REPLACE').catch((error: Error) => {
      t.equal(error.message, 'ERR Bad data format');
      return 'refused';
    });
    if (reply === 'refused') refused++;
    else {
      const length = Number(await call('LLEN', 'key'));
      const all = await call('LRANGE', 'key', '0', '-1');
      if (!Array.isArray(all) || all.length !== length)
        t.fail('a list has not as many elements as it says');
      await call('LPOP', 'key', '1');
    }
  }
  t.ok(refused > 500, 'most damage is seen');
  t.ok(refused < 3000, 'some does no harm');
});

async function bulk(wire: WireConnection, ...words: (string | Uint8Array)[]): Promise<string> {
  const reply = await wire.send(words.map((word) => Buffer.from(word)));
  return reply.toString('latin1');
}

/** The bytes of a bulk string. */
function content(reply: string): Buffer {
  return latin1(reply.slice(reply.indexOf('\r\n') + 2, -2));
}

t.test('lists go to the real server and come back, byte for byte', async (t) => {
  const reference = await needReference(t, ['--list-compress-depth', '1']);
  if (reference === null) return;
  const { port } = await startServer(t, { listen: true, config: { 'list-compress-depth': '1' } });
  const ours = await connect(port);
  t.teardown(() => ours.close());
  const { wire } = reference;
  for (const [name, payload] of [
    ...Object.entries(PAYLOADS),
    ...EMPTY.map((one, i) => [`${i}`, one] as const),
  ]) {
    const [mine, real] = [
      await bulk(ours, 'RESTORE', name, '0', payload),
      await bulk(wire, 'RESTORE', name, '0', payload),
    ];
    t.equal(mine, real, name);
  }
  for (const side of [ours, wire]) {
    await bulk(
      side,
      'RPUSH',
      'long',
      ...Array.from({ length: 3000 }, (_, i) => `element number ${i}`),
    );
    await bulk(side, 'RPUSH', 'long', 'x'.repeat(20_000), 'y');
  }
  for (const name of [...Object.keys(PAYLOADS), 'long']) {
    const [mine, real] = [await bulk(ours, 'DUMP', name), await bulk(wire, 'DUMP', name)];
    t.equal(mine, real, name);
    await bulk(ours, 'RESTORE', `${name} back`, '0', content(real));
    await bulk(wire, 'RESTORE', `${name} back`, '0', content(mine));
    t.equal(await bulk(ours, 'DUMP', `${name} back`), real, name);
    t.equal(await bulk(wire, 'DUMP', `${name} back`), real, name);
    const encoding = await bulk(wire, 'OBJECT', 'ENCODING', `${name} back`);
    t.equal(await bulk(ours, 'OBJECT', 'ENCODING', `${name} back`), encoding, name);
  }
});
