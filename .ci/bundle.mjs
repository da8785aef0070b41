// Puts what was compiled into the few files of the package: Node takes longer to find and link hundreds of modules
// than a server takes to start. What tests import stays as it was compiled, beside them.
//
// dist/bundle   the program
// dist/package  the library: one file of CommonJS for each entry, and a module that exports the same things, so
//               that `import` and `require` of one process meet the same classes
// dist/types    the library's types
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

const SERVER = 'server/index';
const IN_USE = 'server/testing/server-in-use';
const ENTRIES = [
  SERVER,
  IN_USE,
  'server/testing/ioredis',
  'server/testing/jest',
  'server/testing/node-test',
];
/** vitest has no CommonJS: who requires it has its hooks as globals, as in jest. */
const MODULE_ENTRIES = ['server/testing/vitest'];
const isShared = (path) => [SERVER, IN_USE].some((entry) => path === `dist/${entry}.js`);

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: false,
  legalComments: 'none',
  logLevel: 'warning',
};

/** Entries share the server and which one is in use: those are bundled once. */
const shareEntries = (extension) => ({
  name: 'share-entries',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ path, resolveDir, kind }) => {
      const target = join(resolveDir.slice(process.cwd().length + 1), path);
      if (kind === 'entry-point' || !isShared(target)) return undefined;
      return { path: `./${basename(target, '.js')}${extension}`, external: true };
    });
  },
});

for (const folder of ['bundle', 'package', 'types']) {
  rmSync(`dist/${folder}`, { recursive: true, force: true });
}
await build({
  ...common,
  entryPoints: ['dist/server/main.js'],
  outdir: 'dist/bundle',
  splitting: true,
  format: 'esm',
  sourcemap: true,
});
await build({
  ...common,
  entryPoints: ENTRIES.map((entry) => ({
    in: `dist/${entry}.js`,
    out: entry === SERVER ? 'library' : basename(entry),
  })),
  outdir: 'dist/package',
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [shareEntries('.cjs')],
});
// A module that imports CommonJS has all of it searched for names, which takes longer than running it: here that is
// a small file.
const library = createRequire(import.meta.url)('../dist/package/library.cjs');
const names = Object.keys(library).map((name) => `exports.${name} = library.${name};\n`);
writeFileSync(
  'dist/package/index.cjs',
  `'use strict';\nconst library = require('./library.cjs');\n${names.join('')}`,
);
// As ioredis itself: what is required is the class, with all exports on it. Where jest puts it in place of ioredis,
// it is still the true one that it builds upon.
const FOUND =
  "const ioredis = typeof jest === 'object' ? jest.requireActual('ioredis') : require('ioredis');";
const REPLACED = `const all = module.exports;
module.exports = all.Redis;
Object.defineProperty(module.exports, '__esModule', { value: true });
for (const name of Object.keys(all)) {
  if (Object.hasOwn(module.exports, name)) continue;
  Object.defineProperty(module.exports, name, { enumerable: true, get: () => all[name] });
}
`;
const dropIn = readFileSync('dist/package/ioredis.cjs', 'utf8');
writeFileSync(
  'dist/package/ioredis.cjs',
  `${FOUND}\n${dropIn.replaceAll('require("ioredis")', 'ioredis')}${REPLACED}`,
);
await build({
  ...common,
  entryPoints: MODULE_ENTRIES.map((entry) => `dist/${entry}.js`),
  outdir: 'dist/package',
  entryNames: '[name]',
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  plugins: [shareEntries('.mjs')],
});

// Types: those compiled, said to be CommonJS, as the code is.
for (const file of readdirSync('dist', { recursive: true })) {
  if (!file.endsWith('.d.ts') || /^(tests|bench|bundle|package|types)\b/.test(file)) continue;
  mkdirSync(dirname(`dist/types/${file}`), { recursive: true });
  cpSync(`dist/${file}`, `dist/types/${file}`);
}
writeFileSync('dist/types/package.json', '{ "type": "commonjs" }\n');

for (const entry of [...ENTRIES, ...MODULE_ENTRIES]) {
  const name = basename(entry);
  const write = (extension, text) => writeFileSync(`dist/package/${name}${extension}`, text);
  const types = typesOf(`../types/${entry}.js`, name);
  write('.d.mts', types);
  write('.d.cts', types);
  if (MODULE_ENTRIES.includes(entry)) continue;
  write('.mjs', exportsOf(`./${name}.cjs`, name));
}

/** Everything that `path` exports; what the class of ioredis replaces comes before what ioredis exports. */
function exportsOf(path, name) {
  if (name !== 'ioredis') return `export * from '${path}';\n`;
  return `export * from 'ioredis';\nexport { Redis, Redis as default, setServer, unsetServer } from '${path}';\n`;
}

function typesOf(path, name) {
  return `export * from '${path}';\n${name === 'ioredis' ? `export { default } from '${path}';\n` : ''}`;
}
