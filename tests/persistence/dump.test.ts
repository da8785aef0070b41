import fc from 'fast-check';
import t from 'tap';
import { LzfCompressor, lzfDecompress } from '../../datatypes/store/lzf.js';
import { Crc64 } from '../../persistence/crc64.js';
import { checkDumpPayload } from '../../persistence/dump.js';
import { RdbReader } from '../../persistence/rdb-reader.js';
import {
  rdbLengthSize,
  rdbStringSizeMax,
  writeRdbLength,
  writeRdbString,
} from '../../persistence/rdb-string.js';
import { latin1 } from '../../protocol/bytes.js';
import { dumpPayload } from '../helpers/dump-payload.js';
import { needReference } from '../helpers/reference.js';
import { startServer } from '../helpers/server.js';

const compressor = new LzfCompressor();

function stored(bytes: Uint8Array): Uint8Array {
  const into = new Uint8Array(rdbStringSizeMax(bytes.length) + 2);
  return into.subarray(2, writeRdbString(bytes, 0, bytes.length, into, 2, compressor));
}

/** Byte strings that repeat themselves, as compression needs. */
const repetitive = fc
  .array(
    fc.oneof(
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 400 })),
      fc.tuple(fc.uint8Array({ maxLength: 60, max: 3 }), fc.constant(1)),
      fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.constant(1)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts.flatMap(([bytes, times]) => Array(times).fill(bytes))));

t.test('Crc64 gives the published check value, in any pieces', async (t) => {
  t.equal(new Crc64().update(latin1('123456789')).toString(), 'e9c6d914c4b8d9ca');
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => (i * 37) & 255);
  const whole = new Crc64().update(bytes).toString();
  for (let cut = 0; cut <= 100; cut++) {
    t.equal(new Crc64().update(bytes, 0, cut).update(bytes, cut).toString(), whole);
  }
});

t.test('LZF gives back what was compressed, with one table for many inputs', async (t) => {
  fc.assert(
    fc.property(repetitive, (bytes) => {
      const packed = new Uint8Array(bytes.length);
      const size = compressor.compress(bytes, 0, bytes.length, packed, 0, bytes.length);
      if (size === 0) return;
      const back = new Uint8Array(bytes.length);
      t.ok(lzfDecompress(packed, 0, size, back, 0, back.length));
      t.equal(Buffer.compare(bytes, back), 0);
    }),
    { numRuns: 300 },
  );
});

t.test('lzfDecompress refuses broken input and writes nothing outside its range', async (t) => {
  const broken = [[5, 1], [0x20, 0], [0, 97, 0xe0, 1], [0, 97, 0x20, 5], [0, 97, 0x20], [0xe0]];
  for (const bytes of broken) {
    const output = new Uint8Array(64);
    t.notOk(lzfDecompress(Uint8Array.from(bytes), 0, bytes.length, output, 0, 64), `${bytes}`);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(50), (bytes, length) => {
      const output = new Uint8Array(100).fill(7);
      lzfDecompress(bytes, 0, bytes.length, output, 20, length);
      t.ok(output.subarray(0, 20).every((byte) => byte === 7));
      t.ok(output.subarray(20 + length).every((byte) => byte === 7));
    }),
  );
});

t.test('the compressor asks for some room more than its result takes', async (t) => {
  const cases: [text: string, packed: string, least: number][] = [
    ['abcabcabc', '\x03abca \x02\x01bc', 11],
    ['a'.repeat(24), '\x01aa\xe0\x0b\x00\x01aa', 10],
    ['xyzxyzxyz!xyz', '\x03xyzx`\x02\x00! \x06', 15],
  ];
  for (const [text, packed, least] of cases) {
    const output = new Uint8Array(64);
    t.equal(compressor.compress(latin1(text), 0, text.length, output, 0, least - 1), 0, text);
    const size = compressor.compress(latin1(text), 0, text.length, output, 0, least);
    t.equal(Buffer.from(output.subarray(0, size)).toString('latin1'), packed, text);
  }
});

t.test('the compressor never writes past its limit', async (t) => {
  fc.assert(
    fc.property(repetitive, fc.nat(80), (bytes, limit) => {
      const output = new Uint8Array(limit + 8).fill(7);
      t.ok(compressor.compress(bytes, 0, bytes.length, output, 0, limit) <= limit);
      t.ok(output.subarray(limit).every((byte) => byte === 7));
    }),
    { numRuns: 300 },
  );
});

t.test('lengths take 1, 2, 5 or 9 bytes and are read back', async (t) => {
  const into = new Uint8Array(16);
  for (const value of [0, 63, 64, 16383, 16384, 0xffffffff, 0x100000000, 2 ** 53 - 1]) {
    const end = writeRdbLength(value, into, 1);
    t.equal(end - 1, rdbLengthSize(value));
    const reader = new RdbReader().point(into, 1, end);
    t.same([reader.length(), reader.at, reader.failed], [value, end, false]);
    for (let cut = 1; cut < end; cut++) {
      t.same([reader.point(into, 1, cut).length(), reader.isShort], [0, true]);
    }
  }
  const beyond = new RdbReader().point(new Uint8Array(9).fill(255).fill(0x81, 0, 1), 0, 9);
  t.same([beyond.length(), beyond.failed, beyond.isShort], [0, true, false]);
});

t.test('small canonical integers are stored short, everything else as text', async (t) => {
  t.same([...stored(latin1('-128'))], [0xc0, 0x80]);
  t.same([...stored(latin1('128'))], [0xc1, 0x80, 0x00]);
  t.same([...stored(latin1('-2147483648'))], [0xc2, 0, 0, 0, 0x80]);
  t.same([...stored(latin1('2147483648'))], [10, ...latin1('2147483648')]);
  t.same([...stored(latin1('007'))], [3, ...latin1('007')]);
});

t.test('a reader refuses every piece of a string and a size no bytes can give', async (t) => {
  for (const text of ['', '-5', '300', '70000', 'text', 'a'.repeat(90), 'x1'.repeat(400)]) {
    const bytes = stored(latin1(text));
    const reader = new RdbReader().point(bytes, 0, bytes.length);
    t.equal(Buffer.from(reader.string() ?? []).toString(), text);
    for (let cut = 0; cut < bytes.length; cut++) {
      t.same([reader.point(bytes, 0, cut).string(), reader.isShort], [null, true]);
    }
  }
  const hostile = Uint8Array.from([0xc3, 1, 0x80, 0xff, 0xff, 0xff, 0xff, 0]);
  t.equal(new RdbReader().point(hostile, 0, hostile.length).string(), null);
  t.equal(new RdbReader().point(Uint8Array.from([0xc4, 1]), 0, 2).string(), null);
});

t.test('checkDumpPayload takes its own payloads and refuses any changed byte', async (t) => {
  const payload = dumpPayload(0, stored(latin1('value')));
  t.equal(checkDumpPayload(payload), payload.length - 10);
  for (let i = 0; i < payload.length; i++) {
    const changed = Uint8Array.from(payload);
    changed[i] = (changed[i] ?? 0) ^ 1;
    t.equal(checkDumpPayload(changed), -1);
  }
  t.equal(checkDumpPayload(payload.subarray(0, 9)), -1);
});

t.test('string payloads are byte for byte those of the real server', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const { wire } = reference;
  const integers = fc
    .integer({ min: -70_000, max: 70_000 })
    .map((value) => Buffer.from(`${value}`));
  const runs = Array.from({ length: 300 }, (_, length) => Buffer.alloc(length, 'a'));
  const values = [...fc.sample(fc.oneof(repetitive, repetitive, integers), 1500), ...runs];
  for (const size of [30_000, 200_000]) values.push(Buffer.alloc(size, 'lorem ipsum 0123 '));
  const replies = await wire.pipeline(
    values.flatMap((value) => [
      ['SET', 'k', value],
      ['DUMP', 'k'],
    ]),
  );
  for (const [i, value] of values.entries()) {
    const reply = replies[2 * i + 1] ?? Buffer.alloc(0);
    const real = reply.subarray(reply.indexOf('\r\n') + 2, -2);
    if (Buffer.compare(dumpPayload(0, stored(value)), real) !== 0) t.fail(value.toString('hex'));
    if (checkDumpPayload(real) !== real.length - 10) t.fail('footer');
  }
  t.equal(replies.length, 2 * values.length);
});

t.test('RESTORE of the real server takes the versions that checkDumpPayload takes', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const { wire } = reference;
  for (const mode of ['strict', 'relaxed']) {
    await wire.send(['CONFIG', 'SET', 'rdb-version-check', mode]);
    for (const version of [0, 1, 6, 11, 12, 79, 80, 81, 500, 65535]) {
      const payload = dumpPayload(0, latin1('\x01v'));
      const footer = payload.length - 10;
      payload[footer] = version & 255;
      payload[footer + 1] = version >> 8;
      new Crc64().update(payload, 0, footer + 2).writeTo(payload, footer + 2);
      const reply = `${await wire.send(['RESTORE', 'k', '0', payload, 'REPLACE'])}`;
      const taken = checkDumpPayload(payload, { relaxed: mode === 'relaxed' }) !== -1;
      const refusal = '-ERR DUMP payload version or checksum are wrong\r\n';
      t.equal(reply, taken ? '+OK\r\n' : refusal, `${mode} ${version}`);
    }
  }
});

t.test('What is wrong with a payload is logged in words, as of a file', async (t) => {
  const { call, server } = await startServer(t);
  const { keyspace } = server.engine;
  const payloads: readonly (readonly [type: number, body: string, words: string | null])[] = [
    [2, '\x02\x01a\x01a', 'Duplicate set members detected'],
    [0, '\xc3\x03\x05\x40aa', 'Invalid LZF compressed string'],
    [2, '\x02\x01a', null],
    [2, '\x82', 'Unknown length encoding 2 in rdbLoadLen()'],
    [0, '\xc4', 'Unknown RDB string encoding type 4'],
    [22, '\x01\x01a\x01b\xfe\xff\xff\xff\xff\xff\xff\xff', null],
    [4, '\x02\x01a\x01b\x01a\x01c', 'Hash with dup elements'],
    [5, '\x01\x01a\x00\x00\x00\x00\x00\x00\xf8\x7f', 'Zset with NAN score detected'],
    [9, '\x05abcde', 'Zipmap integrity check failed.'],
    [11, '\x05abcde', 'Intset integrity check failed.'],
    [13, '\x05abcde', 'Hash ziplist integrity check failed.'],
    [14, '\x01\x05abcde', 'Ziplist integrity check failed.'],
    [18, '\x01\x03\x01a', 'Quicklist integrity check failed.'],
    [18, '\x01\x01\x00', null],
    [20, '\x05abcde', 'Set listpack integrity check failed.'],
  ];
  for (const [type, body, words] of payloads) {
    let logged: string | null = null;
    keyspace.onDamage = (message) => {
      logged = message;
    };
    const payload = dumpPayload(type, latin1(body));
    await t.rejects(call('RESTORE', 'k', 0, payload), /Bad data format/);
    const expected = words === null ? null : `Internal error in RDB reading offset 0 -> ${words}`;
    t.equal(logged, expected, `type ${type}`);
  }
});
