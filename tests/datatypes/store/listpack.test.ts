import t from 'tap';
import { Random } from '../../../datatypes/random.js';
import { Arena } from '../../../datatypes/store/arena.js';
import { checkListpack, Listpack } from '../../../datatypes/store/listpack.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Strings on both sides of every change of form. */
const TEXTS = [
  ...['', '0', '-0', '1', '-1', '127', '128', '-4096', '-4097', '4095', '4096', '007', '1.5', ' 1'],
  ...['32767', '32768', '-32768', '-32769', '8388607', '8388608', '-8388608', '-8388609'],
  ...['2147483647', '2147483648', '-2147483648', '-2147483649', '9007199254740991'],
  ...['9007199254740993', '-9007199254740993', '9223372036854775807', '-9223372036854775808'],
  ...['9223372036854775808', '18446744073709551616', '\xff\x00\xfe', 'hello'],
  ...[63, 64, 127, 128, 4095, 4096, 16_384].map((length) => 'x'.repeat(length)),
];

/** All elements from front to back. */
function texts(listpack: Listpack): string[] {
  const all: string[] = [];
  for (let p = listpack.first(); p !== 0; p = listpack.next(p)) {
    all.push(Buffer.from(listpack.copyOf(p)).toString('latin1'));
  }
  return all;
}

function textsBackwards(listpack: Listpack): string[] {
  const all: string[] = [];
  for (let p = listpack.last(); p !== 0; p = listpack.previous(p)) {
    all.push(Buffer.from(listpack.copyOf(p)).toString('latin1'));
  }
  return all.reverse();
}

function isValid(listpack: Listpack): boolean {
  const { contents } = listpack;
  return checkListpack(contents, 0, contents.length) === listpack.count;
}

t.test('Listpack gives back what was written, from both ends', async (t) => {
  const arena = new Arena();
  const listpack = new Listpack(arena).create();
  for (const text of TEXTS) listpack.append(latin1(text), 0, text.length);
  t.strictSame(texts(listpack), TEXTS);
  t.strictSame(textsBackwards(listpack), TEXTS);
  t.equal(listpack.count, TEXTS.length);
  t.ok(isValid(listpack));
  TEXTS.forEach((text, i) => {
    const found = listpack.find(listpack.first(), latin1(text), 0, text.length, 0);
    t.equal(found, listpack.seek(i), JSON.stringify(text.slice(0, 30)));
    t.equal(listpack.seek(i - TEXTS.length), listpack.seek(i));
  });
  t.equal(listpack.seek(TEXTS.length), 0);
  t.equal(listpack.seek(-TEXTS.length - 1), 0);
  arena.release(listpack.block);
  t.equal(arena.usedBytes, 0);
});

t.test('Listpack lays its bytes out as the real server does', async (t) => {
  const arena = new Arena();
  const listpack = new Listpack(arena).create();
  for (const text of ['1', '-1', '4096', '70000', 'ab'])
    listpack.append(latin1(text), 0, text.length);
  // Read off DUMP of a list of the real server.
  const expected = '1900000005000101dfff02f1001003f27011010482616203ff';
  t.equal(Buffer.from(listpack.contents).toString('hex'), expected);
  arena.release(listpack.block);
});

t.test('Listpack.find looks at every other element when told to', async (t) => {
  const arena = new Arena();
  const listpack = new Listpack(arena).create();
  for (const text of ['a', 'b', 'b', '7', '7', 'c']) listpack.append(latin1(text), 0, 1);
  t.equal(listpack.find(listpack.first(), latin1('b'), 0, 1, 1), listpack.seek(2));
  t.equal(listpack.find(listpack.first(), latin1('7'), 0, 1, 1), listpack.seek(4));
  t.equal(listpack.find(listpack.first(), latin1('c'), 0, 1, 1), 0);
  arena.release(listpack.block);
});

t.test('a listpack with two owners is copied before it changes', async (t) => {
  const arena = new Arena();
  const one = new Listpack(arena).create();
  one.append(latin1('a'), 0, 1);
  const { block } = one;
  arena.retain(block);
  one.replace(one.first(), latin1('b'), 0, 1);
  t.not(one.block, block);
  t.strictSame(texts(one), ['b']);
  t.strictSame(texts(new Listpack(arena).open(block)), ['a']);
  arena.release(block);
  arena.release(one.block);
  t.equal(arena.liveBlocks, 0);
});

t.test('beyond 65534 elements they are counted', async (t) => {
  const arena = new Arena();
  const listpack = new Listpack(arena).create();
  for (let i = 0; i < 65_600; i++) listpack.appendInteger(1);
  t.equal(listpack.count, 65_600);
  t.ok(isValid(listpack));
  listpack.remove(listpack.first(), 100);
  t.equal(listpack.count, 65_500);
  listpack.appendInteger(2);
  t.equal(listpack.count, 65_501);
  arena.release(listpack.block);
});

for (const seed of [1, 2, 3]) {
  t.test(`Listpack agrees with an array over random changes (seed ${seed})`, async (t) => {
    const random = new Random(seed);
    const arena = new Arena();
    const listpack = new Listpack(arena).create();
    const model: string[] = [];
    let wrong = 0;
    for (let i = 0; i < 3000; i++) {
      const text = TEXTS[random.below(TEXTS.length)] ?? '';
      const at = random.below(model.length + 1);
      const p = at === model.length ? listpack.endPosition : listpack.seek(at);
      const choice = random.below(10);
      if (choice < 5) {
        listpack.insert(p, latin1(text), 0, text.length);
        model.splice(at, 0, text);
      } else if (choice < 6 && at < model.length) {
        listpack.replace(p, latin1(text), 0, text.length);
        model[at] = text;
      } else if (choice < 7 && at < model.length) {
        listpack.replaceInteger(p, i * 1_000_003);
        model[at] = `${i * 1_000_003}`;
      } else if (at < model.length) {
        const count = 1 + random.below(4);
        const next = listpack.remove(p, count);
        model.splice(at, count);
        if (next !== listpack.seek(at)) wrong++;
      }
      if (!isValid(listpack)) wrong++;
    }
    t.equal(wrong, 0);
    t.strictSame(texts(listpack), model);
    t.strictSame(textsBackwards(listpack), model);
    arena.release(listpack.block);
    t.equal(arena.usedBytes, 0);
  });

  t.test(`checkListpack refuses damaged bytes or reads them whole (seed ${seed})`, async (t) => {
    const random = new Random(seed);
    const arena = new Arena();
    const listpack = new Listpack(arena).create();
    for (const text of TEXTS) if (text.length < 200) listpack.append(latin1(text), 0, text.length);
    const whole = Buffer.from(listpack.contents);
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const damaged = Buffer.from(whole);
      damaged[random.below(damaged.length)] = random.below(256);
      const count = checkListpack(damaged, 0, damaged.length);
      if (count < 0) {
        refused++;
        continue;
      }
      // What is let through can be walked from both ends.
      const copy = new Listpack(arena).load(damaged, 0, damaged.length);
      t.equal(texts(copy).length, count);
      t.equal(textsBackwards(copy).length, count);
      arena.release(copy.block);
    }
    t.ok(refused > 500, `${refused} were refused`);
    for (let end = 0; end < whole.length; end++) t.equal(checkListpack(whole, 0, end), -1);
    arena.release(listpack.block);
  });
}
