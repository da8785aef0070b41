import t, { type Test } from 'tap';
import type { Random } from '../../../datatypes/random.js';
import { Arena } from '../../../datatypes/store/arena.js';
import { checkIntset, Intset } from '../../../datatypes/store/intset.js';
import { oneOf, seeded } from '../../helpers/seeded.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Integers on both sides of every change of width, and where doubles end to be exact. */
const EDGES = [
  ...['0', '1', '-1', '32767', '32768', '-32768', '-32769', '2147483647', '2147483648'],
  ...['-2147483648', '-2147483649', '4294967295', '4294967296', '-4294967296'],
  ...['9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993'],
  ...['9223372036854775806', '9223372036854775807', '-9223372036854775808'],
];

function parsed(intset: Intset, text: string): Intset {
  if (!intset.parse(latin1(text), 0, text.length)) throw new Error(`${text} is no int64`);
  return intset;
}

function texts(intset: Intset): string[] {
  return Array.from({ length: intset.count }, (_, i) => {
    intset.readText(i);
    return Buffer.from(intset.source.subarray(intset.start, intset.end)).toString();
  });
}

function sorted(model: ReadonlySet<string>): string[] {
  const order = (one: bigint, other: bigint) => (one < other ? -1 : 1);
  return [...model].map(BigInt).sort(order).map(String);
}

t.test('Intset takes canonical digits of an int64 and nothing else', async (t) => {
  const arena = new Arena();
  const intset = new Intset(arena).create();
  const others = ['', '-', '-0', '01', '+1', ' 1', '1.0', '9223372036854775808', 'a', '1\0'];
  for (const text of [...others, '-9223372036854775809', '18446744073709551616']) {
    t.notOk(intset.parse(latin1(text), 0, text.length), JSON.stringify(text));
  }
  for (const text of EDGES) t.ok(intset.parse(latin1(text), 0, text.length), text);
  arena.release(intset.block);
});

t.test('Intset lays its bytes out as the real server does', async (t) => {
  const arena = new Arena();
  const intset = new Intset(arena).create();
  const hex = () => Buffer.from(intset.contents).toString('hex');
  // Each read off DUMP of a set of the real server.
  for (const text of ['5', '-1', '300']) parsed(intset, text).add();
  t.equal(hex(), '0200000003000000ffff05002c01');
  parsed(intset, '70000').add();
  t.equal(hex(), '0400000004000000ffffffff050000002c01000070110100');
  parsed(intset, '-5000000000').add();
  parsed(intset, '-5000000000').remove();
  t.equal(hex().slice(0, 16), '0800000004000000', 'the width stays');
  arena.release(intset.block);
  t.equal(arena.usedBytes, 0);
});

t.test('Intset agrees with a set of numbers', async (t) => {
  const random = seeded(t);
  for (let round = 0; round < 40; round++) agree(t, random);
});

function agree(t: Test, random: Random): void {
  const arena = new Arena();
  const intset = new Intset(arena).create();
  const model = new Set<string>();
  const most = oneOf(random, [20, 40_000, 5e9, 1e17]);
  const draw = () => {
    if (random.below(20) === 0) return oneOf(random, EDGES);
    return String(BigInt(random.below(most)) - BigInt(Math.floor(most / 2)));
  };
  for (let i = 0; i < 400; i++) {
    const text = draw();
    const had = model.has(text);
    if (parsed(intset, text).has() !== had) t.fail(`has ${text}`);
    if (random.below(3) > 0) {
      if (parsed(intset, text).add() === had) t.fail(`add ${text}`);
      model.add(text);
    } else {
      if (parsed(intset, text).remove() !== had) t.fail(`remove ${text}`);
      model.delete(text);
    }
  }
  t.same(texts(intset), sorted(model));
  t.equal(checkIntset(intset.contents, 0, intset.byteLength), model.size);
  arena.release(intset.block);
  t.equal(arena.usedBytes, 0);
}

t.test('Intset copies a block that others hold before it changes it', async (t) => {
  const arena = new Arena();
  const intset = new Intset(arena).create();
  for (const text of ['1', '2', '3']) parsed(intset, text).add();
  const changes = [
    () => parsed(intset, '4').add(),
    () => parsed(intset, '2').remove(),
    () => parsed(intset, '100000').add(),
  ];
  for (const change of changes) {
    const held = intset.block;
    arena.retain(held);
    const before = Buffer.from(intset.contents).toString('hex');
    change();
    t.equal(Buffer.from(new Intset(arena).open(held).contents).toString('hex'), before);
    arena.release(held);
  }
  arena.release(intset.block);
  t.equal(arena.usedBytes, 0);
});

t.test('Intset.take finds what another intset has', async (t) => {
  const arena = new Arena();
  const [narrow, wide] = [new Intset(arena).create(), new Intset(arena).create()];
  for (const text of EDGES) parsed(wide, text).add();
  for (const text of ['-1', '32767', '7']) parsed(narrow, text).add();
  const common = (from: Intset, where: Intset) =>
    texts(from).filter((_, i) => {
      where.take(from, i);
      return where.has();
    });
  t.same(common(wide, narrow), ['-1', '32767']);
  t.same(common(narrow, wide), ['-1', '32767']);
  for (const { block } of [narrow, wide]) arena.release(block);
});

t.test('checkIntset refuses what is no intset', async (t) => {
  const check = (hex: string) => checkIntset(Buffer.from(hex, 'hex'), 0, hex.length / 2);
  t.equal(check('02000000020000000100ff7f'), 2);
  t.equal(check('02000000020000000100ff7f00'), -1, 'too long');
  t.equal(check('02000000020000000100ff'), -1, 'too short');
  t.equal(check('03000000020000000100ff7f'), -1, 'no width');
  t.equal(check('02000000020000000100ffff'), -1, 'out of order');
  t.equal(check('020000000200000001000100'), -1, 'twice the same');
  t.equal(check('0200000000000000'), -1, 'empty');
  t.equal(check('02000000'), -1, 'no header');
  t.equal(check('08000000ffffffff0100000000000000'), -1, 'a count beyond the bytes');
});
