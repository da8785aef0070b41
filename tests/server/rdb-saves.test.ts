/** SAVE, BGSAVE, save points, loading: what is on disk, and what INFO and errors tell of it. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { freePort, startProgram, temporaryFolder } from '../helpers/program.js';
import { refusalOf, type StartedServer, startServer } from '../helpers/server.js';
import { connect } from '../helpers/wire.js';

const NO_SAVE = 'ERR Background saving is currently not in progress or scheduled';

/** A server that saves to a folder of its own. */
async function startSaver(
  t: Test,
  config: Record<string, string> = {},
): Promise<StartedServer & { dir: string }> {
  const dir = temporaryFolder(t);
  return { ...(await startServer(t, { config: { dir, ...config } })), dir };
}

/** A field of INFO persistence. */
async function info({ call }: StartedServer, field: string): Promise<string> {
  const text = String(await call('INFO', 'persistence', 'stats'));
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(text)?.[1] ?? 'missing';
}

/** Lets time pass until nothing is being saved: the disk takes time of its own. */
async function untilSaved({ server, clock }: StartedServer): Promise<void> {
  while (server.engine.saves.inProgress) {
    await clock.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

t.test('SAVE writes a file that another server loads', async (t) => {
  const { call, dir } = await startSaver(t);
  await call('SET', 'k', 'v');
  await call('SELECT', 3);
  await call('SET', 'e', 'v', 'PX', 5000);
  t.equal(await call('SAVE'), 'OK');
  t.same(readdirSync(dir), ['dump.rdb']);
  const other = await startServer(t, { config: { dir } });
  t.equal(await other.call('GET', 'k'), 'v');
  await other.call('SELECT', 3);
  t.equal(await other.call('PTTL', 'e'), 5000);
  t.equal(await info(other, 'rdb_last_load_keys_loaded'), '2');
});

t.test(
  'A server that is not told a folder loads nothing, and saves nothing by itself',
  async (t) => {
    const { call, server } = await startServer(t);
    t.same(await call('CONFIG', 'GET', 'save'), ['save', '']);
    t.equal(server.engine.loading.keysLoaded, 0);
  },
);

t.test('Keys whose time has come are passed over at a load', async (t) => {
  const { call, clock, dir } = await startSaver(t);
  await call('SET', 'k', 'v', 'PX', 100);
  await call('HSET', 'h', 'f', 'v', 'g', 'w');
  await call('HPEXPIRE', 'h', 100, 'FIELDS', 1, 'f');
  await call('SAVE');
  const later = await startServer(t, { config: { dir } });
  await later.clock.advance(clock.now() - later.clock.now() + 200);
  await later.call('FLUSHALL');
  later.server.engine.loading.loadNow({ empties: true, replaces: false, dropsExpired: true });
  t.equal(await later.call('EXISTS', 'k'), 0);
  t.same(await later.call('HGETALL', 'h'), ['g', 'w']);
  t.equal(await info(later, 'rdb_last_load_keys_expired'), '1');
});

t.test('BGSAVE counts what changed while it saved as still to be saved', async (t) => {
  const saver = await startSaver(t);
  const { call, dir } = saver;
  for (let i = 0; i < 50; i++) await call('SET', `k${i}`, i);
  t.equal(await call('BGSAVE'), 'Background saving started');
  t.equal(await refusalOf(call('BGSAVE')), 'ERR Background save already in progress');
  t.equal(await refusalOf(call('SAVE')), 'ERR Background save already in progress');
  await call('SET', 'k1', 'changed');
  t.equal(await info(saver, 'rdb_bgsave_in_progress'), '1');
  t.equal(await info(saver, 'current_save_keys_total'), '50');
  await untilSaved(saver);
  t.equal(await info(saver, 'rdb_changes_since_last_save'), '1');
  t.equal(await info(saver, 'rdb_last_bgsave_status'), 'ok');
  t.equal(await info(saver, 'rdb_saves'), '1');
  t.equal(await info(saver, 'total_forks'), '1');
  const other = await startServer(t, { config: { dir } });
  t.equal(await other.call('GET', 'k1'), '1');
});

t.test('BGSAVE CANCEL leaves no file, and is refused when nothing is saved', async (t) => {
  const saver = await startSaver(t, { 'rdb-key-save-delay': '1000000' });
  const { call, dir } = saver;
  await call('SET', 'k', 'v');
  t.equal(await refusalOf(call('BGSAVE', 'CANCEL')), NO_SAVE);
  await call('BGSAVE');
  t.equal(await call('BGSAVE', 'CANCEL'), 'Background saving cancelled');
  t.equal(await info(saver, 'rdb_bgsave_in_progress'), '0');
  t.equal(await info(saver, 'rdb_last_bgsave_status'), 'ok');
  t.equal(await info(saver, 'rdb_changes_since_last_save'), '1');
  t.notOk(existsSync(join(dir, 'dump.rdb')));
  t.equal(await refusalOf(call('BGSAVE', 'CANCEL')), NO_SAVE);
  t.equal(await refusalOf(call('BGSAVE', 'LATER')), 'ERR syntax error');
});

t.test('FLUSHALL ends a save in the background', async (t) => {
  const saver = await startSaver(t, { 'rdb-key-save-delay': '1000000' });
  const { call } = saver;
  for (let i = 0; i < 5; i++) await call('SET', `k${i}`, i);
  await call('BGSAVE');
  await call('FLUSHALL');
  t.equal(await info(saver, 'rdb_bgsave_in_progress'), '0');
});

t.test('A save point saves when enough changed and time has passed', async (t) => {
  const saver = await startSaver(t, { save: '10 2' });
  const { call, clock, dir } = saver;
  await call('SET', 'k', 'v');
  await clock.advance(20_000);
  t.notOk(existsSync(join(dir, 'dump.rdb')));
  await call('SET', 'k', 'w');
  await clock.advance(200);
  await untilSaved(saver);
  t.ok(existsSync(join(dir, 'dump.rdb')));
  t.equal(await info(saver, 'rdb_changes_since_last_save'), '0');
  t.equal(await call('LASTSAVE'), Math.floor(clock.now() / 1000));
});

t.test('Writes are refused while saving fails, and taken again when it succeeds', async (t) => {
  const saver = await startSaver(t, { save: '10 1' });
  const { call, dir } = saver;
  await call('SET', 'k', 'v');
  mkdirSync(join(dir, 'dump.rdb'));
  t.equal(await refusalOf(call('SAVE')), 'ERR');
  await call('BGSAVE');
  await untilSaved(saver);
  t.equal(await info(saver, 'rdb_last_bgsave_status'), 'err');
  t.match(
    await refusalOf(call('SET', 'k', 'w')),
    /^MISCONF Valkey is configured to save RDB snapshots/,
  );
  t.match(await refusalOf(call('PING')), /^MISCONF/);
  await call('MULTI');
  t.match(await refusalOf(call('SET', 'k', 'w')), /^MISCONF/);
  t.match(await refusalOf(call('EXEC')), /^EXECABORT/);
  t.equal(await call('GET', 'k'), 'v');
  await call('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
  t.equal(await call('SET', 'k', 'w'), 'OK');
  await call('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes');
  t.match(await refusalOf(call('SET', 'k', 'w')), /^MISCONF/);
  rmdirSync(join(dir, 'dump.rdb'));
  await call('BGSAVE');
  await untilSaved(saver);
  t.equal(await call('SET', 'k', 'x'), 'OK');
  t.same(readdirSync(dir), ['dump.rdb']);
});

t.test('A damaged file keeps a server from starting', async (t) => {
  const { call, dir } = await startSaver(t);
  await call('SET', 'k', 'v');
  await call('SAVE');
  const file = join(dir, 'dump.rdb');
  const bytes = readFileSync(file);
  for (const damage of [
    bytes.subarray(0, bytes.length - 9),
    Buffer.concat([Buffer.from('VALKEX'), bytes.subarray(6)]),
    Buffer.concat([bytes.subarray(0, bytes.length - 8), Buffer.from('12345678')]),
  ]) {
    writeFileSync(file, damage);
    await t.rejects(startServer(t, { config: { dir } }));
  }
});

t.test('DEBUG RELOAD keeps all data, and with MERGE what the file does not know', async (t) => {
  const saver = await startSaver(t, { 'enable-debug-command': 'yes' });
  const { call } = saver;
  await call('SET', 'k', 'v');
  t.equal(await call('DEBUG', 'RELOAD'), 'OK');
  await call('SET', 'k', 'changed');
  await call('SET', 'other', 'v');
  t.equal(await call('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH', 'MERGE'), 'OK');
  t.same(await call('MGET', 'k', 'other'), ['v', 'v']);
  t.equal(await call('DEBUG', 'RELOAD', 'NOSAVE'), 'OK');
  t.same(await call('MGET', 'k', 'other'), ['v', null]);
  t.equal(
    await refusalOf(call('DEBUG', 'RELOAD', 'SLOWLY')),
    'ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.',
  );
});

t.test('A file that is not read leaves the data as they are', async (t) => {
  const { call, dir } = await startSaver(t, { 'enable-debug-command': 'yes' });
  await call('SET', 'k', 'v');
  writeFileSync(join(dir, 'dump.rdb'), 'VALKEY987');
  t.match(
    await refusalOf(call('DEBUG', 'RELOAD', 'NOSAVE')),
    /^ERR Error trying to load the RDB dump/,
  );
  t.equal(await call('GET', 'k'), 'v');
});

t.test(
  'A program saves when a signal ends it, and has the data back at its next start',
  async (t) => {
    const port = await freePort();
    const dir = temporaryFolder(t);
    const args = ['--port', `${port}`, '--dir', dir, '--save', '900 1'];
    const first = startProgram(t, args);
    await first.says('Ready to accept connections');
    const wire = await connect(port);
    await wire.send(['SET', 'k', 'v']);
    first.process.kill('SIGTERM');
    const { code, stdout } = await first.ended();
    wire.close();
    t.equal(code, 0);
    t.match(stdout, /Saving the final RDB snapshot before exiting\.[\s\S]*DB saved on disk/);
    t.same(readdirSync(dir), ['dump.rdb']);
    const second = startProgram(t, args);
    await second.says('Ready to accept connections');
    t.match(second.stdout(), /Done loading RDB, keys loaded: 1[\s\S]*DB loaded from disk/);
    const again = await connect(port);
    t.equal(String(await again.send(['GET', 'k'])), '$1\r\nv\r\n');
    again.close();
  },
);

t.test('A program does not start from a damaged file, and says why', async (t) => {
  const dir = temporaryFolder(t);
  writeFileSync(join(dir, 'dump.rdb'), Buffer.from('VALKEY080\xfa', 'latin1'));
  const program = startProgram(t, ['--port', `${await freePort()}`, '--dir', dir]);
  const { code, stdout } = await program.ended();
  t.equal(code, 1);
  t.match(stdout, 'Short read or OOM loading DB. Unrecoverable error, aborting now.');
  t.equal(readFileSync(join(dir, 'dump.rdb')).length, 10);
});

t.test('While data is loaded most commands are refused', async (t) => {
  const { call, server } = await startServer(t);
  const { loading } = server.engine;
  await call('SET', 'k', 'v', 'PX', 1);
  loading.begin(null);
  t.equal(await refusalOf(call('GET', 'k')), 'LOADING Valkey is loading the dataset in memory');
  t.match(await call('INFO', 'persistence'), /^loading:1\r$[\s\S]*^loading_start_time:/m);
  await server.clock.advance(2000);
  t.equal(server.engine.keyspace.size, 1, 'keys do not go by themselves');
  loading.end();
  t.equal(await call('GET', 'k'), null);
});
