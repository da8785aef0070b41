/** Rules about the sources that neither the compiler nor the linter knows. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

/** Lowest first: a file imports from its own layer and those before it. */
const LAYERS = [
  'protocol',
  'datatypes',
  'persistence',
  'replication',
  'cluster',
  'scripting',
  'modules',
  'server',
];

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The sources of these folders that are there, as paths from the root. */
function sourcesIn(folders: readonly string[]): string[] {
  const present = new Set(readdirSync(ROOT));
  return folders
    .filter((folder) => present.has(folder))
    .flatMap((folder) =>
      readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' }).map(
        (path) => `${folder}/${path.split(sep).join('/')}`,
      ),
    )
    .filter((path) => path.endsWith('.ts'));
}

function read(file: string): string {
  return readFileSync(ROOT + file, 'utf8');
}

/** The lines on which a pattern is found, as `file:line`. */
function linesWith(pattern: RegExp, files: readonly string[]): string[] {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}`] : [])),
  );
}

/** What a file imports from other folders of this project: the folder's layer. */
function importedLayers(file: string): string[] {
  const specifiers = read(file).matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g);
  return [...specifiers].map(
    ([, specifier = '']) => posix.join(posix.dirname(file), specifier).split('/')[0] ?? '',
  );
}

const SOURCES = sourcesIn(LAYERS);
/** All but this file, which names what it forbids. */
const OTHERS = sourcesIn([...LAYERS, 'tests', 'bench']).filter(
  (file) => file !== 'tests/tidy.test.ts',
);

t.test('there are sources to look at', async (t) => {
  t.ok(SOURCES.includes('server/main.ts'));
  t.ok(SOURCES.includes('datatypes/store/arena.ts'));
});

t.test('imports point down: no layer knows of those above it', async (t) => {
  const upwards = SOURCES.flatMap((file) => {
    const own = LAYERS.indexOf(file.split('/')[0] ?? '');
    return importedLayers(file)
      .filter((layer) => LAYERS.indexOf(layer) > own || !LAYERS.includes(layer))
      .map((layer) => `${file} imports from ${layer}`);
  });
  t.same(upwards, []);
});

t.test('no module keeps state: there is no `let` outside a function', async (t) => {
  t.same(linesWith(/^(export )?(let|var) /, SOURCES), []);
});

t.test('time is handed in: only the clock reads it', async (t) => {
  const files = SOURCES.filter((file) => file !== 'datatypes/clock.ts');
  const reading = /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bhrtime\b/;
  t.same(linesWith(reading, files), []);
  t.same(linesWith(/\b(setTimeout|setInterval)\((?!\w+: )/, files), []);
});

t.test('chance is handed in: nothing asks Math for it', async (t) => {
  t.same(linesWith(/\bMath\.random\b/, SOURCES), []);
});

t.test('nothing is left for later, and no type is waved through', async (t) => {
  t.same(linesWith(/\b(TODO|FIXME|XXX)\b/, OTHERS), []);
  t.same(linesWith(/\bas any\b(?! \w)/, OTHERS), []);
  t.same(linesWith(/@ts-(ignore|expect-error|nocheck)|biome-ignore/, OTHERS), []);
});

t.test('`!` after an element is left to the structures that know their bounds', async (t) => {
  const files = SOURCES.filter((file) => !file.startsWith('datatypes/store/'));
  t.same(linesWith(/\w\]!/, files), []);
});
