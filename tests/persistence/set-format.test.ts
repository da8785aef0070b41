import t from 'tap';
import type { Random } from '../../datatypes/random.js';
import { latin1 } from '../../protocol/bytes.js';
import { createServer } from '../../server/index.js';
import { dumpPayload } from '../helpers/dump-payload.js';
import { needReference } from '../helpers/reference.js';
import { oneOf, seeded } from '../helpers/seeded.js';
import { startServer } from '../helpers/server.js';
import { connect, type WireConnection } from '../helpers/wire.js';

const range = (count: number, prefix = '') =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

const SETS: readonly (readonly string[])[] = [
  ['1'],
  ['-1', '5', '300'],
  ['70000', '-3'],
  ['9223372036854775807', '-9223372036854775808', '0'],
  range(512),
  ['a'],
  ['', '12', '-4097', '9223372036854775808', 'x'.repeat(64), '\u00ff\u0000'],
  range(128, 'member:'),
  ['x'.repeat(65)],
  range(700),
  [...range(300, 'member:'), '1', '70000', '-1', '99999999999', 'ab'.repeat(500), ''],
];

/** The bulk string of a reply. */
const bulkOf = (reply: Uint8Array) => Buffer.from(reply.subarray(reply.indexOf(10) + 1, -2));

async function both(t: Parameters<typeof needReference>[0]) {
  const reference = await needReference(t, ['--sanitize-dump-payload', 'yes']);
  if (reference === null) return null;
  const server = await createServer({ seed: 1, config: { 'enable-debug-command': 'yes' } });
  const ours = await connect(server.port);
  t.teardown(async () => {
    ours.close();
    await server.close();
  });
  return { ours, real: reference.wire };
}

async function sameDigests(ours: WireConnection, real: WireConnection): Promise<boolean> {
  const ask = (wire: WireConnection) => wire.send(['DEBUG', 'DIGEST-VALUE', 'given', 'taken']);
  return latin1Of(await ask(ours)) === latin1Of(await ask(real));
}

const latin1Of = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

t.test('DUMP of a set is what the real server makes of it, and each reads the other', async (t) => {
  const servers = await both(t);
  if (servers === null) return;
  const { ours, real } = servers;
  for (const members of SETS) {
    const about = JSON.stringify(members).slice(0, 60);
    const bytes = members.map((one) => latin1(one));
    for (const wire of [ours, real]) await wire.send(['DEL', 'given', 'taken']);
    for (const wire of [ours, real]) await wire.send(['SADD', 'given', ...bytes]);
    const [mine, other] = [await ours.send(['DUMP', 'given']), await real.send(['DUMP', 'given'])];
    const packed = mine[mine.indexOf(10) + 1] !== 2;
    if (packed) t.equal(latin1Of(mine), latin1Of(other), about);
    t.equal(mine.length, other.length, about);
    t.equal(latin1Of(await ours.send(['RESTORE', 'taken', '0', bulkOf(other)])), '+OK\r\n', about);
    t.equal(latin1Of(await real.send(['RESTORE', 'taken', '0', bulkOf(mine)])), '+OK\r\n', about);
    t.ok(await sameDigests(ours, real), about);
    const encoding = ['OBJECT', 'ENCODING', 'taken'];
    t.equal(latin1Of(await ours.send(encoding)), latin1Of(await real.send(encoding)), about);
  }
});

/** A payload of a set with some of its bytes spoilt, and a checksum that fits. */
function spoilt(random: Random, payload: Buffer): Buffer {
  const value = Buffer.from(payload.subarray(0, -10));
  for (let i = 1 + random.below(3); i > 0; i--) {
    value[random.below(Math.min(value.length, 60))] = oneOf(random, [
      ...[0, 1, 2, 4, 8, 11, 20, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xf1, 0xf4, 0xff],
      random.below(256),
    ]);
  }
  const kept = random.below(4) === 0 ? random.below(value.length) + 1 : value.length;
  return Buffer.from(dumpPayload(value[0] as number, value.subarray(1, kept)));
}

t.test('RESTORE takes and refuses the spoilt payloads that the real server does', async (t) => {
  const random = seeded(t);
  const servers = await both(t);
  if (servers === null) return;
  const { ours, real } = servers;
  const payloads: Buffer[] = [];
  for (const members of SETS) {
    await real.send(['DEL', 'given']);
    await real.send(['CONFIG', 'SET', 'rdbcompression', oneOf(random, ['yes', 'no'])]);
    await real.send(['SADD', 'given', ...members.map((one) => latin1(one))]);
    payloads.push(bulkOf(await real.send(['DUMP', 'given'])));
  }
  await real.send(['DEL', 'given']);
  for (let i = 0; i < 400; i++) {
    const payload = spoilt(random, oneOf(random, payloads));
    // Other types are other tests' matter.
    if (![2, 11, 20].includes(payload[0] as number)) continue;
    for (const wire of [ours, real]) await wire.send(['DEL', 'taken']);
    const restore = ['RESTORE', 'taken', '0', payload];
    const [mine, other] = [await ours.send(restore), await real.send(restore)];
    const about = payload.toString('hex').slice(0, 200);
    // The real server makes an empty string of compressed bytes that are said to be none.
    const spoiltStrings = payload.includes(0xc3) && latin1Of(other) === '+OK\r\n';
    if (latin1Of(mine) !== latin1Of(other) && !spoiltStrings) {
      t.equal(latin1Of(mine), latin1Of(other), about);
    }
    if (latin1Of(mine) !== latin1Of(other)) await real.send(['DEL', 'taken']);
    if (!(await sameDigests(ours, real))) t.fail(`another value: ${about}`);
  }
});

t.test('RESTORE of a broken set leaves nothing behind', async (t) => {
  const { call } = await startServer(t);
  const refused = async (hex: string) => {
    const value = Buffer.from(hex, 'hex');
    const payload = dumpPayload(value[0] as number, value.subarray(1));
    await t.rejects(call('RESTORE', 'k', 0, payload), { message: 'ERR Bad data format' }, hex);
  };
  await refused('0200');
  await refused('020201610161');
  await refused('0281ffffffffffffffff');
  await refused('0b0802000000000000');
  await refused('0b0c020000000200000001000100');
  await refused('1407070000000000ff');
  t.equal(await call('EXISTS', 'k'), 0);
});
