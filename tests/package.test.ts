/** What the package gives to those who install it: the program, the library and its types. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type * as Library from '../server/index.js';

const ROOT = new URL('../../', import.meta.url);
const { bin, exports } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
const { types, default: entry } = exports['.'];

t.test('The program of the package is the server', async (t) => {
  const program = fileURLToPath(new URL(bin['valkey-ts'], ROOT));
  const said = execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8' });
  t.match(said, /^Valkey server v=9\.1\.2 /);
});

t.test('The library of the package serves, and has types', async (t) => {
  t.ok(existsSync(new URL(types, ROOT)));
  const { createServer }: typeof Library = await import(new URL(entry, ROOT).href);
  const server = await createServer({ listen: false });
  t.equal(await server.call('PING'), 'PONG');
  await server.close();
});
