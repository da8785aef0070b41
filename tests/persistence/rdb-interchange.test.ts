/** Files that one server saves and the other loads, both ways, and old files of all kinds. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { dataDigest } from '../../server/data-digest.js';
import { createServer } from '../../server/index.js';
import { temporaryFolder } from '../helpers/program.js';
import {
  findReference,
  needReference,
  type RunningReference,
  startReference,
} from '../helpers/reference.js';
import { seeded } from '../helpers/seeded.js';
import { makeVariedData } from '../helpers/varied-data.js';

const KEYS = 60;
const ANSWER_LIBRARY =
  "#!lua name=answers\nserver.register_function('answer', function() return 42 end)";

/** Of the real server's data, without the marks of a status reply. */
async function digestOf({ wire }: RunningReference): Promise<string> {
  return (await wire.send(['DEBUG', 'DIGEST'])).toString().slice(1, -2);
}

t.test('The real server loads what we save, and its checker finds no fault', async (t) => {
  const reference = await needReference(t);
  const found = findReference();
  if (reference === null || found === null) return;
  const ours = await createServer({ listen: false, config: { dir: reference.directory } });
  t.teardown(() => ours.close());
  const random = seeded(t);
  await makeVariedData((...args) => ours.call(...args), random, KEYS);
  await ours.call('SAVE');
  const file = join(reference.directory, 'dump.rdb');
  t.match(
    String(execFileSync(join(dirname(found.server), 'valkey-check-rdb'), [file])),
    'looks OK',
  );
  await reference.wire.send(['DEBUG', 'RELOAD', 'NOSAVE']);
  t.equal(await digestOf(reference), dataDigest(ours.engine.keyspace).hex);
});

t.test('We load what the real server saves, compressed or not', async (t) => {
  for (const compression of ['yes', 'no']) {
    const reference = await needReference(t, ['--rdbcompression', compression]);
    if (reference === null) return;
    const random = seeded(t);
    await makeVariedData(
      (...args) =>
        reference.wire.send(args.map((arg) => (typeof arg === 'number' ? String(arg) : arg))),
      random,
      KEYS,
    );
    await reference.wire.send(['SAVE']);
    const ours = await createServer({ listen: false, config: { dir: reference.directory } });
    t.teardown(() => ours.close());
    t.equal(dataDigest(ours.engine.keyspace).hex, await digestOf(reference));
  }
});

t.test('Function libraries are part of the file, both ways', async (t) => {
  const reference = await needReference(t);
  if (reference === null) return;
  const dir = reference.directory;
  const ours = await createServer({ listen: false, config: { dir } });
  t.teardown(() => ours.close());
  await ours.call('FUNCTION', 'LOAD', ANSWER_LIBRARY);
  await ours.call('SAVE');
  await reference.wire.send(['DEBUG', 'RELOAD', 'NOSAVE']);
  t.equal(String(await reference.wire.send(['FCALL', 'answer', '0'])), ':42\r\n');
  await reference.wire.send(['FUNCTION', 'LOAD', 'REPLACE', ANSWER_LIBRARY.replace('42', '43')]);
  await reference.wire.send(['SAVE']);
  const next = await createServer({ listen: false, config: { dir } });
  t.teardown(() => next.close());
  t.equal(await next.call('FCALL', 'answer', '0'), 43);
});

t.test('Files of all ages load as on the real server', async (t) => {
  const assets = join(process.env.VALKEY_REFERENCE ?? '', 'source/tests/assets');
  if (findReference() === null || !existsSync(assets)) {
    return t.plan(0, 'SKIPPED: the files of the real server are not on this machine');
  }
  const files = readdirSync(assets).filter((name) => name.endsWith('.rdb'));
  for (const name of files) {
    const dir = temporaryFolder(t);
    copyFileSync(join(assets, name), join(dir, 'dump.rdb'));
    const config = { dir, 'rdb-version-check': 'relaxed' };
    const ours = await createServer({ listen: false, config }).catch(() => null);
    const reference = await startReference(t, [
      ...['--dir', dir, '--rdb-version-check', 'relaxed', '--sanitize-dump-payload', 'yes'],
    ]).catch(() => null);
    t.equal(ours === null, reference === null, `${name}: loaded by both or by none`);
    if (ours === null || reference === null) continue;
    t.equal(dataDigest(ours.engine.keyspace).hex, await digestOf(reference), name);
    await ours.close();
  }
});
