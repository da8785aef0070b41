/** `valkey-cli --ldb`, the program that people debug with, against both servers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findReference, needReference } from '../../helpers/reference.js';
import { startServer } from '../../helpers/server.js';

const SCRIPT =
  "local a = redis.call('incr', KEYS[1])\nlocal b = {1, 2}\nredis.breakpoint()\nreturn {a, ARGV[1]}\n";

const TYPED: Record<string, readonly string[]> = {
  'to the end': [
    's',
    'p',
    'list',
    'b 3',
    'r get k',
    'e 1 + 1',
    'maxlen',
    'h',
    't',
    'w',
    'xyz',
    'c',
    'c',
    'c',
  ],
  'begun again': ['s', 'p', 'restart', 's', 'p', 'quit'],
  aborted: ['s', 'abort', 'get k'],
};

/** What the program prints. */
async function debugWith(
  cli: string,
  args: readonly string[],
  typed: readonly string[],
): Promise<string> {
  const child = spawn(cli, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      printed += bytes.toString('latin1');
    });
  }
  child.stdin.end(`${typed.join('\n')}\n`);
  await once(child, 'close');
  return printed;
}

t.test(
  'valkey-cli shows the same of a script that it debugs on ours as on the real server',
  async (t) => {
    const real = await needReference(t);
    const found = findReference();
    if (real === null || found === null) return;
    const { port, call } = await startServer(t, { listen: true });
    const directory = mkdtempSync(join(tmpdir(), 'debugged-'));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, 'script.lua');
    writeFileSync(file, SCRIPT);
    for (const mode of ['--ldb', '--ldb-sync-mode']) {
      for (const [name, typed] of Object.entries(TYPED)) {
        const printed = (of: number) =>
          debugWith(found.cli, ['-p', String(of), mode, '--eval', file, 'k', ',', 'first'], typed);
        const ours = await printed(port);
        t.match(ours, 'Stopped at 2', 'it stopped');
        t.equal(ours, await printed(real.port), `${mode}, ${name}`);
      }
      t.equal(await call('GET', 'k'), mode === '--ldb' ? null : '4');
    }
  },
);
