/** The text of manifests, and the files they name. */
import t from 'tap';
import { AofManifest, ManifestError } from '../../persistence/aof-manifest.js';

function problemOf(text: string): readonly string[] {
  try {
    AofManifest.parse(text);
  } catch (error) {
    if (error instanceof ManifestError) return error.entries.slice(1);
  }
  return [];
}

t.test('a manifest is read and written alike', async (t) => {
  const text =
    'file a.2.base.rdb seq 2 type b\n' +
    'file a.1.base.rdb seq 1 type h\n' +
    'file a.4.incr.aof seq 4 type i\n' +
    'file "with \\"quotes\\" \\x01\\n" seq 7 type i\n';
  const manifest = AofManifest.parse(text);
  t.equal(manifest.toString(), text);
  t.same(
    manifest.files.map(({ name }) => name),
    ['a.2.base.rdb', 'a.4.incr.aof', 'with "quotes" \u0001\n'],
  );
  t.equal(manifest.addIncrement('a').name, 'a.8.incr.aof');
  t.equal(manifest.addBase('a', 'aof').name, 'a.3.base.aof');
});

t.test('comments, other pairs and any order of pairs are passed over', async (t) => {
  const manifest = AofManifest.parse('# a comment\nTYPE i next 3 Seq 1 FILE x\n');
  t.same(manifest.files, [{ name: 'x', sequence: 1, type: 'i' }]);
});

t.test('what became needless is history, the latest first', async (t) => {
  const manifest = new AofManifest();
  manifest.addBase('a', 'rdb');
  manifest.addIncrement('a');
  manifest.addIncrement('a');
  manifest.addIncrement('a');
  manifest.addBase('a', 'rdb');
  manifest.retireIncrements(1);
  t.same(
    manifest.history.map(({ name }) => name),
    ['a.1.incr.aof', 'a.2.incr.aof', 'a.1.base.rdb'],
  );
  t.equal(manifest.lastIncrement?.name, 'a.3.incr.aof');
});

t.test('a copy does not change with the original', async (t) => {
  const manifest = new AofManifest();
  const copy = manifest.copy();
  manifest.addIncrement('a');
  t.ok(copy.isEmpty);
});

t.test('what is no manifest is refused, with the line', async (t) => {
  t.same(problemOf(''), ['Found an empty AOF manifest\n']);
  const tooLong = ['The AOF manifest file contains too long line\n'];
  t.same(problemOf('file a seq 1 type i'), tooLong);
  t.same(problemOf(`file a seq 1 type i ${'k'.repeat(500)} ${'v'.repeat(503)}\n`), tooLong);
  t.same(problemOf(`file a seq 1 type i ${'k'.repeat(500)} ${'v'.repeat(502)}\n`), []);
  const second = (line: string) => problemOf(`file a seq 1 type b\n${line}\n`);
  const told = (line: string, problem: string) => [
    'Reading the manifest file, at line 2\n',
    `>>> '${line}'\n`,
    `${problem}\n`,
  ];
  const invalid = 'Invalid AOF manifest file format';
  t.same(second(''), told('', invalid));
  t.same(second('filx b seq 1 type i'), told('filx b seq 1 type i', invalid));
  t.same(second('file b seq 0 type i'), told('file b seq 0 type i', invalid));
  t.same(second('file b seq 1 type i x'), told('file b seq 1 type i x', invalid));
  t.same(second('file "b seq 1 type i'), told('file "b seq 1 type i', invalid));
  const path = 'file ../b seq 1 type i';
  t.same(second(path), told(path, "File can't be a path, just a filename"));
  t.same(second('file b seq 1 type x'), told('file b seq 1 type x', 'Unknown AOF file type'));
  const again = 'file b seq 2 type b';
  t.same(second(again), told(again, 'Found duplicate base file information'));
  t.match(problemOf('file b seq 2 type i\nfile b seq 2 type i\n')[2], /non-monotonic sequence/);
});
