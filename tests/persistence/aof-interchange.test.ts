/** Append-only files that one server writes and the other loads, both ways. */
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { dataDigest } from '../../server/data-digest.js';
import { createServer, type ValkeyServer } from '../../server/index.js';
import { temporaryFolder } from '../helpers/program.js';
import { findReference, needReference, type RunningReference } from '../helpers/reference.js';
import { seeded } from '../helpers/seeded.js';
import { makeVariedData } from '../helpers/varied-data.js';

const KEYS = 40;

/** A library of one function, named as the library, that returns a number. */
const library = (name: string, answer: number) =>
  `#!lua name=${name}\nserver.register_function('${name}', function() return ${answer} end)`;

/** Starts our server that appends in a folder. */
async function startOurs(t: Test, dir: string, preamble = 'yes'): Promise<ValkeyServer> {
  const config = { dir, appendonly: 'yes', 'aof-use-rdb-preamble': preamble };
  const server = await createServer({ listen: false, config });
  t.teardown(() => server.close());
  return server;
}

const digestOf = (server: ValkeyServer) => dataDigest(server.engine.keyspace).hex;
const realDigest = async ({ wire }: RunningReference) =>
  (await wire.send(['DEBUG', 'DIGEST'])).toString().slice(1, -2);

async function untilRewritten(ask: () => Promise<unknown>): Promise<void> {
  while (/aof_rewrite_in_progress:1/.test(String(await ask()))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const preamble of ['yes', 'no']) {
  t.test(`The real server loads what we append and rewrite, preamble ${preamble}`, async (t) => {
    const found = findReference();
    if (found === null) return t.plan(0, 'SKIPPED: the real server is not on this machine');
    const dir = temporaryFolder(t);
    const ours = await startOurs(t, dir, preamble);
    const random = seeded(t);
    // Of keys that are there with another type nothing comes.
    const run = (...args: (string | number | Uint8Array)[]) => ours.call(...args).catch(() => null);
    await makeVariedData(run, random, KEYS);
    await ours.call('BGREWRITEAOF');
    await untilRewritten(() => ours.call('INFO', 'persistence'));
    await makeVariedData(run, random, KEYS / 2);
    const manifest = join(dir, 'appendonlydir', 'appendonly.aof.manifest');
    const checker = join(dirname(found.server), 'valkey-check-aof');
    // It takes no base in RDB of this version for one, the real server's own included.
    if (preamble === 'no') {
      t.match(String(execFileSync(checker, [manifest])), 'All AOF files and manifest are valid');
    }
    await ours.close();
    const reference = await needReference(t, ['--dir', dir, '--appendonly', 'yes']);
    if (reference === null) return;
    t.equal(await realDigest(reference), digestOf(ours));
  });

  t.test(`We load what the real server appends and rewrites, preamble ${preamble}`, async (t) => {
    const settings = ['--appendonly', 'yes', '--aof-use-rdb-preamble', preamble];
    const reference = await needReference(t, settings);
    if (reference === null) return;
    const random = seeded(t);
    const { wire } = reference;
    const run = (...args: (string | number | Uint8Array)[]) =>
      wire.send(args.map((arg) => (typeof arg === 'number' ? String(arg) : arg)));
    await makeVariedData(run, random, KEYS);
    await run('BGREWRITEAOF');
    await untilRewritten(() => run('INFO', 'persistence'));
    await makeVariedData(run, random, KEYS / 2);
    const dir = temporaryFolder(t);
    cpSync(reference.directory, dir, { recursive: true });
    const ours = await startOurs(t, dir);
    t.equal(digestOf(ours), await realDigest(reference));
  });
}

for (const preamble of ['yes', 'no']) {
  t.test(`Function libraries are rewritten and appended, preamble ${preamble}`, async (t) => {
    if (findReference() === null) {
      return t.plan(0, 'SKIPPED: the real server is not on this machine');
    }
    const dir = temporaryFolder(t);
    const ours = await startOurs(t, dir, preamble);
    await ours.call('FUNCTION', 'LOAD', library('first', 1));
    await ours.call('BGREWRITEAOF');
    await untilRewritten(() => ours.call('INFO', 'persistence'));
    await ours.call('FUNCTION', 'LOAD', library('second', 2));
    await ours.close();
    const settings = ['--dir', dir, '--appendonly', 'yes', '--aof-use-rdb-preamble', preamble];
    const reference = await needReference(t, settings);
    if (reference === null) return;
    const { wire } = reference;
    t.equal(String(await wire.send(['FCALL', 'first', '0'])), ':1\r\n');
    t.equal(String(await wire.send(['FCALL', 'second', '0'])), ':2\r\n');
    await wire.send(['FUNCTION', 'LOAD', library('third', 3)]);
    await wire.send(['BGREWRITEAOF']);
    await untilRewritten(() => wire.send(['INFO', 'persistence']));
    await wire.send(['FUNCTION', 'DELETE', 'first']);
    const copy = temporaryFolder(t);
    cpSync(dir, copy, { recursive: true });
    const next = await startOurs(t, copy, preamble);
    t.equal(await next.call('FCALL', 'third', '0'), 3);
    t.equal(await next.call('FCALL', 'second', '0'), 2);
    await t.rejects(next.call('FCALL', 'first', '0'), /Function not found/);
  });
}
