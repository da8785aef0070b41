import t from 'tap';
import {
  type IntegerType,
  Overflow,
  readInteger,
  settable,
  sumOf,
  writeInteger,
} from '../../datatypes/bitmap-integers.js';
import { countBits, findBit } from '../../datatypes/bitmap-words.js';
import type { Database } from '../../datatypes/database.js';
import type { Random } from '../../datatypes/random.js';
import { BitMachine, type BitOperation, PIECE_BYTES } from '../../datatypes/store/bit-machine.js';
import { seeded } from '../helpers/seeded.js';
import { refusalOf, startServer } from '../helpers/server.js';

/** `length` bytes by chance, of which many are 0 or 255, somewhere in a page. */
function randomBytes(random: Random, length: number) {
  const start = random.below(20);
  const bytes = new Uint8Array(start + length + 8).fill(0x55);
  const usual = random.below(3) * 255;
  for (let i = 0; i < length; i++) {
    bytes[start + i] = random.below(20) > 0 && usual < 256 ? usual : random.below(256);
  }
  return { start, bytes, text: bitText(bytes, start, length) };
}

/** The bits of some bytes as a text of 0 and 1: the plain model. */
function bitText(bytes: Uint8Array, start: number, length: number): string {
  const part = [...bytes.subarray(start, start + length)];
  return part.map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

const ones = (text: string): number => text.replaceAll('0', '').length;

t.test('BitMachine counts what stands between any two bytes, in pieces', (t) => {
  const random = seeded(t);
  const machine = new BitMachine();
  const wrong: string[] = [];
  for (let i = 0; i < 1000; i++) {
    const length = random.below(i % 50 === 0 ? 3 * PIECE_BYTES : 60);
    const { start, bytes, text } = randomBytes(random, length);
    const count = machine.countOnes(bytes, start, start + length);
    if (count !== ones(text)) wrong.push(`${length} bytes from ${start} on: ${count}`);
  }
  t.same(wrong, []);
  t.equal(machine.countOnes(new Uint8Array(100_000).fill(255), 1, 99_999), 799_984);
  t.end();
});

t.test(
  'BitMachine finds the first byte that is another, before the end of what it is given',
  (t) => {
    const machine = new BitMachine();
    const bytes = new Uint8Array(3 * PIECE_BYTES).fill(255);
    const last = 2 * PIECE_BYTES + 7;
    bytes[last] = 254;
    t.equal(machine.findOther(bytes, 5, bytes.length, 255), last);
    t.equal(machine.findOther(bytes, 5, last, 255), last);
    t.equal(machine.findOther(bytes, 5, last - 3, 255), last - 3);
    t.equal(machine.findOther(bytes, last, bytes.length, 255), last);
    t.equal(machine.findOther(bytes, 5, bytes.length, 0), 5);
    t.end();
  },
);

t.test('countBits and findBit agree with a text of bits in any range', (t) => {
  const random = seeded(t);
  const machine = new BitMachine();
  const wrong: string[] = [];
  for (let i = 0; i < 3000; i++) {
    const length = 1 + random.below(i % 10 === 0 ? 3000 : 100);
    const { start, bytes, text } = randomBytes(random, length);
    const first = random.below(length * 8);
    const last = first + random.below(length * 8 - first);
    const range = text.slice(first, last + 1);
    const found = [
      countBits(machine, bytes, start, first, last),
      findBit(machine, bytes, start, first, last, 0),
      findBit(machine, bytes, start, first, last, 1),
    ];
    const at = (bit: string) => (range.includes(bit) ? first + range.indexOf(bit) : -1);
    const expected = [ones(range), at('0'), at('1')];
    if (`${found}` !== `${expected}`) wrong.push(`${first} to ${last}: ${found}, not ${expected}`);
  }
  t.same(wrong, []);
  t.end();
});

const COMBINED = {
  and: (one: number, other: number) => one & other,
  or: (one: number, other: number) => one | other,
  xor: (one: number, other: number) => one ^ other,
};

t.test(
  'BitMachine combines what it holds as each byte is combined, zeros for those lacking',
  (t) => {
    const random = seeded(t);
    const machine = new BitMachine();
    const wrong: string[] = [];
    const bytes = () => Uint8Array.from({ length: random.below(80) }, () => random.below(256));
    for (let i = 0; i < 2000; i++) {
      const [one, other] = [bytes(), bytes()];
      const operation = (['and', 'or', 'xor'] as const)[i % 3] as BitOperation;
      const length = Math.max(one.length, other.length);
      const into = new Uint8Array(length + 2).fill(0xaa);
      machine.begin(one, 0, one.length, length);
      machine.combine(operation, other, 0, other.length, length);
      machine.finish(into, 1, length);
      const expected = into.map((_, at) =>
        at === 0 || at > length ? 0xaa : COMBINED[operation](one[at - 1] ?? 0, other[at - 1] ?? 0),
      );
      if (Buffer.compare(into, expected) !== 0) wrong.push(`${operation} of ${length} bytes`);
    }
    t.same(wrong, []);
    t.end();
  },
);

t.test('BitMachine turns the bits it holds', (t) => {
  const machine = new BitMachine();
  const into = new Uint8Array(20);
  machine.begin(Uint8Array.of(0, 255, 0x0f), 0, 3, 18);
  machine.invert(18);
  machine.finish(into, 0, 18);
  t.same([...into], [255, 0, 0xf0, ...new Array(15).fill(255), 0, 0]);
  t.end();
});

/** What the type makes of a value: the rules of BITFIELD over exact numbers. */
function fittedByRule({ signed, bits }: IntegerType, value: bigint, overflow: Overflow) {
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const most = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n;
  if (value >= least && value <= most) return value;
  if (overflow === Overflow.fail) return null;
  if (overflow === Overflow.saturate) return value > most ? most : least;
  const range = 2n ** BigInt(bits);
  return ((((value - least) % range) + range) % range) + least;
}

function randomInt64(random: Random): bigint {
  const value = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
  return BigInt.asIntN(64, value) >> BigInt(random.below(64));
}

const asOperand = (value: bigint): number | bigint =>
  BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;

t.test(
  'Integers of every width and offset are read as they were written, the bits beside them kept',
  (t) => {
    const random = seeded(t);
    const wrong: string[] = [];
    for (let i = 0; i < 5000; i++) {
      const signed = random.below(2) === 1;
      const type = { signed, bits: 1 + random.below(signed ? 64 : 63) };
      const bytes = Uint8Array.from({ length: 20 }, () => random.below(256));
      const string = { bytes, start: 2, end: 18 };
      const offset = random.below(128 - type.bits + 1);
      const before = bitText(bytes, 0, 20);
      const value = fittedByRule(type, randomInt64(random), Overflow.wrap) as bigint;
      writeInteger(string, offset, type, value);
      const pattern = BigInt.asUintN(type.bits, value).toString(2).padStart(type.bits, '0');
      const at = 16 + offset;
      const expected = before.slice(0, at) + pattern + before.slice(at + type.bits);
      const read = readInteger(string, offset, type);
      if (bitText(bytes, 0, 20) !== expected || BigInt(read) !== value)
        wrong.push(`${type.bits} bits at ${offset}: ${read}, not ${value}`);
    }
    t.same(wrong, []);
    t.end();
  },
);

t.test('readInteger takes bits beyond the end for zeros', (t) => {
  const string = { bytes: Uint8Array.of(255, 255, 255, 255), start: 1, end: 3 };
  t.equal(readInteger(string, 8, { signed: false, bits: 16 }), 0xff00);
  t.equal(readInteger(string, 16, { signed: false, bits: 8 }), 0);
  t.equal(readInteger(string, 8, { signed: true, bits: 64 }), -(2n ** 56n));
  t.equal(readInteger(string, 4_000_000_000, { signed: true, bits: 64 }), 0n);
  t.end();
});

t.test('sumOf and settable fit sums and values of every type as the rules say', (t) => {
  const random = seeded(t);
  const wrong: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    const signed = random.below(2) === 1;
    const type = { signed, bits: 1 + random.below(signed ? 64 : 63) };
    const overflow = random.below(3) as Overflow;
    const held = fittedByRule(type, randomInt64(random), Overflow.wrap) as bigint;
    const stored = type.bits > 41 ? held : Number(held);
    const operand = randomInt64(random);
    const sum = sumOf(type, stored, asOperand(operand), overflow);
    const given = signed || operand >= 0n ? operand : operand + 2n ** 64n;
    const set = settable(type, asOperand(operand), overflow);
    const expectedSum = fittedByRule(type, held + operand, overflow);
    // Beyond what an int64 tells of the distance: another test's matter.
    const tooFar = signed && overflow === Overflow.saturate && operand < -(2n ** 62n);
    const expectedSet = tooFar ? set : fittedByRule(type, given, overflow);
    if (`${sum} ${set}` !== `${expectedSum} ${expectedSet}`)
      wrong.push(`${signed ? 'i' : 'u'}${type.bits} ${held} ${operand} ${overflow}: ${sum} ${set}`);
  }
  t.same(wrong, []);
  t.end();
});

t.test('SETBIT in random order makes the string that a list of bits makes', async (t) => {
  const random = seeded(t);
  const { call, server } = await startServer(t);
  const bits = new Uint8Array(60_000);
  const wrong: number[] = [];
  for (let i = 0; i < 3000; i++) {
    const offset = random.below(1 + i * 20);
    const bit = random.below(2);
    if ((await call('SETBIT', 'k', offset, bit)) !== bits[offset]) wrong.push(offset);
    bits[offset] = bit;
    if (i % 500 === 250) await call('COPY', 'k', 'copy', 'REPLACE');
  }
  t.same(wrong, []);
  t.equal(await call('BITCOUNT', 'k'), ones(bits.join('')));
  const database = server.engine.keyspace.databases[0] as Database;
  const { bytes, start, length } = database.stringAt(database.peek(Buffer.from('k'), 0, 1));
  t.equal(bitText(bytes, start, length), bits.join('').slice(0, length * 8));
});

t.test('SETBIT leaves the copy of a long value alone', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'k', 'x'.repeat(10_000));
  await call('COPY', 'k', 'copy');
  await call('SETBIT', 'k', 0, 1);
  t.equal(await call('GET', 'copy'), 'x'.repeat(10_000));
  t.equal(await call('GETBIT', 'k', 0), 1);
});

t.test('SETBIT and BITFIELD keep the expiry, BITOP takes it away', async (t) => {
  const { call, clock } = await startServer(t);
  for (const key of ['set', 'field', 'op']) await call('SET', key, 'x', 'PX', 100);
  await call('SETBIT', 'set', 1000, 1);
  await call('BITFIELD', 'field', 'SET', 'u8', 1000, 1);
  await call('BITOP', 'OR', 'op', 'op');
  await clock.advance(101);
  t.equal(await call('EXISTS', 'set', 'field'), 0);
  t.equal(await call('GET', 'op'), 'x');
});

t.test('BITOP stores its result over any of its sources', async (t) => {
  const { call } = await startServer(t);
  const long = 'a'.repeat(9001);
  await call('MSET', 'a', long, 'b', 'b'.repeat(5), 'c', `${'\0'.repeat(7000)}zz`);
  t.equal(await call('BITOP', 'XOR', 'b', 'a', 'b', 'c'), 9001);
  const expected = `${'\u0003'.repeat(5)}${'a'.repeat(6995)}\u001b\u001b${'a'.repeat(1999)}`;
  t.equal(await call('GET', 'b'), expected);
  t.equal(await call('BITOP', 'AND', 'a', 'a', 'c'), 9001);
  t.equal(await call('GET', 'a'), `${'\0'.repeat(7000)}\`\`${'\0'.repeat(1999)}`);
});

t.test('BITOP puts a long result where the value of its destination stands', async (t) => {
  const { call } = await startServer(t);
  const [a, b] = ['a'.repeat(100_000), 'b'.repeat(90_000)];
  const tail = 'a'.repeat(10_000);
  await call('MSET', 'a', a, 'b', b, 'short', 'b'.repeat(70_000));
  t.equal(await call('BITOP', 'OR', 'a', 'a', 'b'), 100_000);
  t.equal(await call('GET', 'a'), 'c'.repeat(90_000) + tail);
  t.equal(await call('BITOP', 'XOR', 'a', 'b', 'a', 'a', 'a'), 100_000);
  t.equal(await call('GET', 'a'), '\u0001'.repeat(90_000) + tail);
  t.equal(await call('BITOP', 'NOT', 'a', 'short'), 70_000);
  t.equal(await call('BITOP', 'NOT', 'a', 'a'), 70_000);
  t.equal(await call('GET', 'a'), 'b'.repeat(70_000));
  await call('COPY', 'a', 'copy');
  await call('EXPIRE', 'a', 1000);
  t.equal(await call('BITOP', 'AND', 'a', 'a', 'b'), 90_000);
  t.equal(await call('TTL', 'a'), -1);
  t.equal(await call('BITOP', 'XOR', 'a', 'a', 'a'), 90_000);
  t.equal(await call('GET', 'a'), '\0'.repeat(90_000));
  t.equal(await call('GET', 'copy'), 'b'.repeat(70_000));
});

t.test(
  'BITPOS and BITCOUNT see the last bit of a string of 512 MB, and SETBIT goes no farther',
  async (t) => {
    const { call } = await startServer(t);
    t.equal(await call('SETBIT', 'k', 4_294_967_295, 1), 0);
    t.equal(await call('STRLEN', 'k'), 536_870_912);
    t.equal(await call('BITCOUNT', 'k'), 1);
    t.equal(await call('BITPOS', 'k', 1), 4_294_967_295);
    t.equal(await call('GETBIT', 'k', 4_294_967_295), 1);
    t.same(await call('BITFIELD', 'k', 'GET', 'u8', 4_294_967_288), [1]);
    t.match(
      await refusalOf(call('SETBIT', 'k', 4_294_967_296, 1)),
      'ERR bit offset is not an integer or out of range',
    );
  },
);
