import fc from 'fast-check';
import t from 'tap';
import {
  compareBytes,
  equalBytes,
  equalsIgnoreCase,
  globMatch,
  latin1,
  toLatin1,
} from '../../protocol/bytes.js';
import { needReference } from '../helpers/reference.js';

function matches(pattern: string, text: string, ignoreCase = false): boolean {
  // A byte on either side shows that the offsets are kept.
  const p = latin1(`*${pattern}*`);
  const s = latin1(`x${text}x`);
  return globMatch(p, 1, p.length - 1, s, 1, s.length - 1, ignoreCase);
}

function bulksOf(reply: Buffer): string[] {
  const lines = reply.toString('latin1').split('\r\n');
  return lines.filter((_, i) => i > 0 && i % 2 === 0);
}

t.test('equalBytes and compareBytes agree with Buffer on any two ranges', async (t) => {
  const range = fc.uint8Array({ maxLength: 6, max: 255 });
  fc.assert(
    fc.property(range, range, (a, b) => {
      const padded = Uint8Array.from([1, ...b, 2]);
      const order = Buffer.compare(a, b);
      t.equal(equalBytes(a, 0, a.length, padded, 1, padded.length - 1), order === 0);
      t.equal(Math.sign(compareBytes(a, 0, a.length, padded, 1, padded.length - 1)), order);
    }),
  );
});

t.test('equalsIgnoreCase takes a word in any case and nothing else', async (t) => {
  const bytes = latin1('.MatCH.');
  t.ok(equalsIgnoreCase(bytes, 1, 6, 'match'));
  t.ok(equalsIgnoreCase(bytes, 1, 6, latin1('match')));
  t.notOk(equalsIgnoreCase(bytes, 1, 5, 'match'));
  t.notOk(equalsIgnoreCase(latin1('[x'), 0, 2, '{x'));
  t.notOk(equalsIgnoreCase(latin1('[x'), 0, 2, latin1('{x')));
});

t.test('latin1 and toLatin1 keep all 256 bytes, also in long texts', async (t) => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i & 255);
  t.same(latin1(toLatin1(bytes, 0, bytes.length)), bytes);
  t.equal(toLatin1(bytes, 65, 68), 'ABC');
});

t.test('globMatch knows stars, question marks, classes and escapes', async (t) => {
  t.ok(matches('h?llo*', 'hello world'));
  t.ok(matches('h[a-e]l\\*o', 'hel*o'));
  t.notOk(matches('h[^a-e]llo', 'hello'));
  t.ok(matches('[c-a]', 'b'), 'a reversed range is turned round');
  t.ok(matches('[abc', 'c'), 'a class may be open at the end');
  t.ok(matches('a\\', 'a\\'), 'a last backslash is itself');
  t.notOk(matches('[]', ']'));
  t.ok(matches('[^]', ']'));
  t.ok(matches('', ''));
  t.notOk(matches('*', ''), 'an empty text fits only an empty pattern');
});

t.test('globMatch folds ASCII letters only when told to', async (t) => {
  t.ok(matches('HE[A-Z]lo', 'heLLo', true));
  t.notOk(matches('HELLO', 'hello'));
});

// Trying every way to share the text among the stars would outlast the runner's timeout by ages.
t.test('globMatch comes to an end when many stars fit in many ways', async (t) => {
  t.notOk(matches(`${'a*'.repeat(500)}b`, 'a'.repeat(5000)));
});

t.test('globMatch agrees with the real server on random patterns', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const { wire } = reference;
  const text = fc.string({ unit: fc.constantFrom(...'abcAB-]^[*?\\\0\xff'), maxLength: 7 });
  const pattern = fc.string({ unit: fc.constantFrom(...'abcABZz--*?[[]^\\\xff'), maxLength: 10 });
  const keys = [...new Set(fc.sample(text, 300))];
  await wire.pipeline(keys.map((key) => ['SET', latin1(key), 'v']));
  const patterns = fc.sample(pattern, 4000).filter((glob) => glob !== '*');
  patterns.push('a*a*a*a*b', '*a'.repeat(1000), '*a'.repeat(1001));
  await wire.send(['SET', 'a'.repeat(1001), 'v']);
  keys.push('a'.repeat(1001));
  const replies = await wire.pipeline(patterns.map((glob) => ['KEYS', latin1(glob)]));
  for (const [i, glob] of patterns.entries()) {
    const expected = bulksOf(replies[i] ?? Buffer.alloc(0)).sort();
    const found = keys.filter((key) => matches(glob, key)).sort();
    if (`${found}` !== `${expected}`) t.same(found, expected, JSON.stringify(glob));
  }
  t.equal(replies.length, patterns.length);
});

t.test('globMatch without case agrees with the real server on its option names', async (t) => {
  const reference = await needReference(t);
  if (!reference) return;
  const { wire } = reference;
  const names = bulksOf(await wire.send(['CONFIG', 'GET', '*'])).filter((_, i) => i % 2 === 0);
  const unit = fc.constantFrom(...'abcdeostABCDEOSTZ-*?[]^');
  const globs = fc.sample(fc.string({ unit, minLength: 1, maxLength: 6 }), 2000);
  const patterns = ['[Z-a]*', '[a-Z]*', '*[D-E]*', '*[^E-D]'].concat(globs.map((g) => `*${g}*`));
  const replies = await wire.pipeline(patterns.map((glob) => ['CONFIG', 'GET', glob]));
  for (const [i, glob] of patterns.entries()) {
    const expected = bulksOf(replies[i] ?? Buffer.alloc(0)).filter((_, j) => j % 2 === 0);
    const found = names.filter((name) => matches(glob, name, true));
    if (`${found.sort()}` !== `${expected.sort()}`) t.same(found, expected, JSON.stringify(glob));
  }
  t.ok(names.length > 100);
});
