import t from 'tap';
import { elementPlace } from '../../datatypes/hyperloglog-hash.js';
import { DENSE_BYTES, denseRegister, writeDense } from '../../datatypes/hyperloglog-registers.js';
import { joinRuns } from '../../datatypes/hyperloglog-sparse.js';
import type { Random } from '../../datatypes/random.js';
import { BitMachine } from '../../datatypes/store/bit-machine.js';
import { oneOf, seeded } from '../helpers/seeded.js';
import { refusalOf, startServer } from '../helpers/server.js';

const MULTIPLIER = 0xc6a4a7935bd1e995n;
const product = (value: bigint): bigint => BigInt.asUintN(64, value * MULTIPLIER);
const mixed = (value: bigint): bigint => value ^ (value >> 47n);

/** The published hash and what is taken of it, over exact numbers: the plain model. */
function placeByRule(element: Uint8Array): { register: number; count: number } {
  let hash = 0xadc83b19n ^ product(BigInt(element.length));
  const whole = element.length - (element.length % 8);
  const number = (part: Uint8Array) =>
    part.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  for (let at = 0; at < whole; at += 8) {
    const part = number(element.subarray(at, at + 8));
    hash = product(hash ^ product(mixed(product(part))));
  }
  if (whole < element.length) hash = product(hash ^ number(element.subarray(whole)));
  hash = mixed(product(mixed(hash)));
  const run = (hash >> 14n).toString(2).padStart(50, '0').split('').reverse().indexOf('1');
  return { register: Number(hash & 16383n), count: (run === -1 ? 50 : run) + 1 };
}

const randomBytes = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => random.below(256));

t.test('elementPlace is what the hash says, for elements of every length', (t) => {
  const random = seeded(t);
  const wrong: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    const bytes = randomBytes(random, 50);
    const start = random.below(8);
    const end = start + random.below(42);
    const place = elementPlace(bytes, start, end);
    const { register, count } = placeByRule(bytes.subarray(start, end));
    if ((place & 16383) !== register || place >>> 14 !== count) wrong.push(`${bytes}`);
  }
  t.same(wrong, []);
  t.end();
});

t.test('Dense registers hold six bits each, beside one another', (t) => {
  const random = seeded(t);
  const bytes = new Uint8Array(DENSE_BYTES + 2).fill(0xaa, 0, 1).fill(0xaa, DENSE_BYTES + 1);
  const plain = new Uint8Array(16384);
  for (let i = 0; i < 100_000; i++) {
    const index = random.below(16384);
    plain[index] = random.below(64);
    writeDense(bytes, 1, index, plain[index] as number);
  }
  const read = plain.map((_, i) => denseRegister(bytes, 1, i));
  t.equal(Buffer.compare(read, plain), 0);
  t.equal(bytes[0], 0xaa);
  t.equal(bytes[DENSE_BYTES + 1], 0xaa);
  t.end();
});

t.test('BitMachine raises registers to dense ones, writes them as such, and counts them', (t) => {
  const random = seeded(t);
  const machine = new BitMachine();
  const plain = Uint8Array.from({ length: 16384 }, () => random.below(64));
  const lower = plain.map((count) => random.below(count + 1));
  const bytes = new Uint8Array(DENSE_BYTES + 2).fill(0xaa);
  const written = new Uint8Array(DENSE_BYTES + 2).fill(0xaa);
  for (const [i, count] of plain.entries()) writeDense(bytes, 1, i, count);
  machine.clearRegisters().set(lower);
  machine.raiseToDense(bytes, 1, DENSE_BYTES + 1);
  t.equal(Buffer.compare(machine.registers, plain), 0);
  machine.writeDense(written, 1, DENSE_BYTES + 1);
  t.equal(Buffer.compare(written, bytes), 0);
  machine.registers.set(lower.map((count) => 63 - count));
  machine.raiseToDense(bytes, 1, DENSE_BYTES + 1);
  const greater = plain.map((count, i) => Math.max(count, 63 - (lower[i] as number)));
  t.equal(Buffer.compare(machine.registers, greater), 0);
  const expected = new Int32Array(64);
  for (const count of greater) expected[count] = (expected[count] as number) + 1;
  const counts = new Int32Array(64);
  machine.countRegisters(counts);
  t.same(counts, expected);
  t.end();
});

t.test(
  'joinRuns joins up to four registers of a value, and looks no farther than five runs',
  (t) => {
    const of = (...bytes: number[]) => Uint8Array.from(bytes);
    const joined = (bytes: Uint8Array) => [...bytes.subarray(0, joinRuns(bytes, 0, bytes.length))];
    t.same(joined(of(0x80, 0x80)), [0x81]);
    t.same(joined(of(0x82, 0x81)), [0x82, 0x81]);
    t.same(joined(of(0x80, 0x84)), [0x80, 0x84]);
    t.same(joined(of(0x00, 0x00)), [0x00, 0x00]);
    t.same(joined(of(0x80, 0x80, 0x80, 0x80, 0x80)), [0x83, 0x80]);
    t.same(joined(of(0x40, 0x80, 0x80)), [0x40, 0x80, 0x80]);
    t.same(joined(of(0x80, 0, 0x80, 0, 0x80, 0x80, 0x80)), [0x80, 0, 0x80, 0, 0x81, 0x80]);
    t.end();
  },
);

t.test(
  'PFADD raises the registers that the hash says, in either form and between them',
  async (t) => {
    const random = seeded(t);
    const { call } = await startServer(t);
    const wrong: string[] = [];
    for (let round = 0; round < 12; round++) {
      const registers = new Uint8Array(16384);
      const limit = oneOf(random, ['0', '30', '200', '3000', '15000']);
      await call('CONFIG', 'SET', 'hll-sparse-max-bytes', limit);
      const rounds = 1 + random.below(300);
      for (let i = 0; i < rounds; i++) {
        const element = randomBytes(random, random.below(20));
        const { register, count } = placeByRule(element);
        const raises = count > (registers[register] as number);
        registers[register] = Math.max(count, registers[register] as number);
        const changed = await call('PFADD', `k${round}`, element);
        if (changed !== (raises ? 1 : 0)) wrong.push(`${round} ${i}`);
      }
      await call('COPY', `k${round}`, 'copy', 'REPLACE');
      t.same(await call('PFDEBUG', 'GETREG', 'copy'), [...registers]);
      t.equal(await call('PFCOUNT', `k${round}`), await call('PFCOUNT', 'copy'));
    }
    t.same(wrong, []);
  },
);

t.test('PFMERGE and PFCOUNT of several take the highest of each register', async (t) => {
  const random = seeded(t);
  const { call } = await startServer(t);
  const add = async (key: string, count: number) => {
    const elements = Array.from({ length: count }, () => `${random.below(5000)}`);
    await call('PFADD', key, ...elements);
    await call('PFADD', 'all', ...elements);
  };
  for (const sizes of [
    [10, 20, 5],
    [50, 4000, 5],
    [3000, 4000, 100],
  ]) {
    await call('FLUSHALL');
    for (const [i, size] of sizes.entries()) await add(`k${i}`, size);
    const expected = await call('PFCOUNT', 'all');
    t.equal(await call('PFCOUNT', 'k0', 'k1', 'none', 'k2'), expected);
    t.equal(await call('PFMERGE', 'k0', 'k1', 'none', 'k2', 'k0'), 'OK');
    t.equal(await call('PFCOUNT', 'k0'), expected);
    t.same(await call('PFDEBUG', 'GETREG', 'k0'), await call('PFDEBUG', 'GETREG', 'all'));
  }
});

t.test('PFCOUNT is within four percent of a hundred thousand elements', async (t) => {
  const { call } = await startServer(t);
  for (let i = 0; i < 100_000; i += 1000) {
    await call('PFADD', 'k', ...Array.from({ length: 1000 }, (_, j) => `element:${i + j}`));
  }
  const count = Number(await call('PFCOUNT', 'k'));
  t.ok(count > 96_000 && count < 104_000, `${count}`);
});

t.test('PFADD leaves a copy alone and keeps the expiry', async (t) => {
  const { call, clock } = await startServer(t);
  await call('PFADD', 'k', 'a', 'b');
  await call('PFDEBUG', 'TODENSE', 'k');
  await call('PEXPIRE', 'k', 100);
  await call('COPY', 'k', 'copy');
  await call('PERSIST', 'copy');
  await call('PFADD', 'k', 'c', 'd', 'e');
  t.equal(await call('PFCOUNT', 'copy'), 2);
  t.equal(await call('PFCOUNT', 'k'), 5);
  await clock.advance(101);
  t.same(await call('EXISTS', 'k', 'copy'), 1);
});

t.test('PFCOUNT keeps its estimate until a register changes', async (t) => {
  const { call } = await startServer(t);
  await call('PFADD', 'k', 'a', 'b', 'c');
  t.equal(await call('PFCOUNT', 'k'), 3);
  t.equal(await call('GETRANGE', 'k', 8, 15), '\u0003\0\0\0\0\0\0\0');
  await call('PFADD', 'k', 'a');
  t.equal(await call('GETRANGE', 'k', 8, 8), '\u0003');
  await call('SETRANGE', 'k', 8, '\u0007');
  t.equal(await call('PFCOUNT', 'k'), 7);
  await call('PFADD', 'k', 'd');
  t.equal(await call('PFCOUNT', 'k'), 4);
});

t.test('PFSELFTEST holds', async (t) => {
  const { call } = await startServer(t);
  t.equal(await call('PFSELFTEST'), 'OK');
});

t.test('PFADD refuses what is no HyperLogLog, PFCOUNT what is a broken one', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'k', 'HYLL');
  const refused = 'WRONGTYPE Key is not a valid HyperLogLog string value.';
  t.equal(await refusalOf(call('PFADD', 'k', 'a')), refused);
  await call('PFADD', 'broken', 'a', 'b');
  await call('APPEND', 'broken', 'x');
  const broken = 'INVALIDOBJ Corrupted HLL object detected';
  t.equal(await refusalOf(call('PFCOUNT', 'broken')), broken);
  t.equal(await refusalOf(call('PFMERGE', 'other', 'broken')), broken);
  t.equal(await call('EXISTS', 'other'), 0);
});
