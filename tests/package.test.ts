/** What the package gives to those who install it: the program, the library and its types. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type * as Library from '../server/index.js';

const ROOT = new URL('../../', import.meta.url);
const { bin, exports } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
// The compiler must not look for what is only built after it.
const NAME: string = 'valkey-ts';
const require = createRequire(new URL('package.json', ROOT));

/** All files that exports name. */
function filesOf(target: string | Record<string, unknown>): string[] {
  if (typeof target === 'string') return [target];
  return Object.values(target).flatMap((one) => filesOf(one as string));
}

t.test('The program of the package is the server', async (t) => {
  const program = fileURLToPath(new URL(bin['valkey-ts'], ROOT));
  const said = execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8' });
  t.match(said, /^Valkey server v=9\.1\.2 /);
});

t.test('All files that the package exports are there', async (t) => {
  const missing = filesOf(exports).filter((file) => !existsSync(new URL(file, ROOT)));
  t.same(missing, []);
});

t.test('The library serves whoever imports or requires it, with the same classes', async (t) => {
  const imported: typeof Library = await import(NAME);
  const required: typeof Library = require('valkey-ts');
  t.equal(imported.createServer, required.createServer);
  t.equal(imported.ManualClock, required.ManualClock);
  const server = await imported.createServer({ listen: false });
  t.equal(await server.call('PING'), 'PONG');
  t.match(await server.call('INFO', 'server'), /valkey_version:9\.1\.2/);
  await server.close();
});

t.test('The class for ioredis is what its own module would give', async (t) => {
  const imported = await import(`${NAME}/ioredis`);
  const required = require('valkey-ts/ioredis');
  t.equal(imported.default, imported.Redis);
  t.equal(required, imported.Redis);
  t.equal(required.default, imported.Redis);
  t.equal(required.Redis, imported.Redis);
  t.equal(typeof imported.Cluster, 'function');
  t.equal(typeof required.Command, 'function');
});

t.test('A process ends by itself though a server in it was not closed', async (t) => {
  const script = `
    const Redis = require('valkey-ts/ioredis');
    const { createServer } = require('valkey-ts');
    createServer({ listen: false });
    new Redis().ping().then(console.log);
  `;
  const options = { encoding: 'utf8', cwd: fileURLToPath(ROOT), timeout: 20_000 } as const;
  t.equal(execFileSync(process.execPath, ['-e', script], options), 'PONG\n');
});

t.test('A process ends by itself after close', async (t) => {
  const script = `
    const { createServer } = require('valkey-ts');
    createServer().then(async (server) => {
      await server.call('SET', 'k', 'v', 'EX', '100');
      server.faults.delay({}, 60000);
      server.client().call('BLPOP', 'k', '100').catch(() => console.log('closed'));
      await server.close();
    });
  `;
  const options = { encoding: 'utf8', cwd: fileURLToPath(ROOT), timeout: 20_000 } as const;
  t.equal(execFileSync(process.execPath, ['-e', script], options), 'closed\n');
});
