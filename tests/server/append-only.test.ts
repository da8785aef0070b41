/** The append-only file of a running server: what is loaded after a start, a rewrite, a crash at any byte. */
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ReplyError } from '../../protocol/decoder.js';
import { dataDigest } from '../../server/data-digest.js';
import { createServer, type ValkeyServer } from '../../server/index.js';
import { freePort, startProgram, temporaryFolder } from '../helpers/program.js';
import { seeded } from '../helpers/seeded.js';
import { refusalOf } from '../helpers/server.js';
import { makeVariedData } from '../helpers/varied-data.js';
import { connect } from '../helpers/wire.js';

type Settings = Readonly<Record<string, string>>;

/** Starts a server that appends in a folder, and is closed at teardown. */
async function startAppending(t: Test, dir: string, settings: Settings = {}) {
  const config = { dir, appendonly: 'yes', 'enable-debug-command': 'yes', ...settings };
  const server = await createServer({ listen: false, seed: 1, config });
  t.teardown(() => server.close());
  return server;
}

const folderOf = (dir: string) => join(dir, 'appendonlydir');
const manifestOf = (dir: string) =>
  readFileSync(join(folderOf(dir), 'appendonly.aof.manifest'), 'latin1')
    .trimEnd()
    .split('\n');
const digestOf = (server: ValkeyServer) => dataDigest(server.engine.keyspace).hex;

/** A request as it stands in the file. */
const request = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

/** A folder whose append-only file is one increment with these bytes. */
function folderWith(t: Test, bytes: string): string {
  const dir = temporaryFolder(t);
  writeFileSync(join(dir, 'appendonly.aof'), bytes, 'latin1');
  return dir;
}

async function infoOf(server: ValkeyServer, field: string): Promise<string | undefined> {
  const info = String(await server.call('INFO', 'persistence'));
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(info)?.[1];
}

/** Waits until no rewrite is in progress. */
async function untilRewritten(server: ValkeyServer): Promise<void> {
  while (server.engine.appendOnly.rewrite.inProgress) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

t.test('what was appended is there after a start', async (t) => {
  const dir = temporaryFolder(t);
  const first = await startAppending(t, dir);
  t.same(manifestOf(dir), [
    'file appendonly.aof.1.base.rdb seq 1 type b',
    'file appendonly.aof.1.incr.aof seq 1 type i',
  ]);
  await makeVariedData((...args) => first.call(...args), seeded(t), 20);
  await first.close();
  const second = await startAppending(t, dir);
  t.equal(digestOf(second), digestOf(first));
});

for (const preamble of ['yes', 'no']) {
  t.test(`a rewrite with aof-use-rdb-preamble ${preamble} holds the same data`, async (t) => {
    const dir = temporaryFolder(t);
    const first = await startAppending(t, dir, { 'aof-use-rdb-preamble': preamble });
    await makeVariedData((...args) => first.call(...args), seeded(t), 40);
    t.equal(await first.call('BGREWRITEAOF'), 'Background append only file rewriting started');
    await first.call('SET', 'while', 'it is written');
    await untilRewritten(first);
    await first.call('SET', 'after', 'it was written');
    const format = preamble === 'yes' ? 'rdb' : 'aof';
    t.same(manifestOf(dir), [
      `file appendonly.aof.2.base.${format} seq 2 type b`,
      'file appendonly.aof.2.incr.aof seq 2 type i',
    ]);
    await first.close();
    const second = await startAppending(t, dir);
    t.equal(digestOf(second), digestOf(first));
    const groups = await second.call('KEYS', '*');
    t.ok(Array.isArray(groups));
  });
}

t.test('the base is of the form that was set when the rewrite began', async (t) => {
  const dir = temporaryFolder(t);
  const server = await startAppending(t, dir, { 'aof-use-rdb-preamble': 'no' });
  await server.call('SET', 'k', 'v');
  await server.call('BGREWRITEAOF');
  await server.call('CONFIG', 'SET', 'aof-use-rdb-preamble', 'yes');
  await untilRewritten(server);
  t.equal(manifestOf(dir)[0], 'file appendonly.aof.2.base.aof seq 2 type b');
});

t.test('a rewrite as requests keeps pending entries, consumers and field expiries', async (t) => {
  const dir = temporaryFolder(t);
  const first = await startAppending(t, dir, { 'aof-use-rdb-preamble': 'no' });
  await first.call('XADD', 'x', '1-1', 'a', 'b');
  await first.call('XADD', 'x', '2-1', 'a', 'b');
  await first.call('XGROUP', 'CREATE', 'x', 'g', '0');
  await first.call('XREADGROUP', 'GROUP', 'g', 'reader', 'COUNT', '1', 'STREAMS', 'x', '>');
  await first.call('XGROUP', 'CREATECONSUMER', 'x', 'g', 'idle');
  await first.call('XGROUP', 'CREATE', 'empty', 'g', '$', 'MKSTREAM');
  await first.call('XDEL', 'x', '2-1');
  await first.call('HSET', 'h', 'f', '1', 'g', '2');
  await first.call('HPEXPIREAT', 'h', '9999999999999', 'FIELDS', '1', 'f');
  await first.call('SET', 's', 'v', 'PXAT', '9999999999999');
  await first.call('BGREWRITEAOF');
  await untilRewritten(first);
  const before = await first.call('XINFO', 'STREAM', 'x');
  const pending = await first.call('XPENDING', 'x', 'g');
  await first.close();
  const second = await startAppending(t, dir);
  t.same(await second.call('XINFO', 'STREAM', 'x'), before);
  t.same(await second.call('XPENDING', 'x', 'g'), pending);
  t.equal(await second.call('XLEN', 'empty'), 0);
  t.same(await second.call('HPEXPIRETIME', 'h', 'FIELDS', '2', 'f', 'g'), [9999999999999, -1]);
  t.equal(await second.call('PEXPIRETIME', 's'), 9999999999999);
});

t.test('turned on while the server runs, it begins with a rewrite', async (t) => {
  const dir = temporaryFolder(t);
  const first = await startAppending(t, dir, { appendonly: 'no' });
  await first.call('SET', 'before', '1');
  await first.call('CONFIG', 'SET', 'appendonly', 'yes');
  t.equal(await infoOf(first, 'aof_enabled'), '1');
  t.equal(await infoOf(first, 'aof_rewrite_in_progress'), '1');
  await first.call('SET', 'during', '2');
  await untilRewritten(first);
  await first.call('SET', 'after', '3');
  t.same(readdirSync(folderOf(dir)).sort(), [
    'appendonly.aof.1.base.rdb',
    'appendonly.aof.1.incr.aof',
    'appendonly.aof.manifest',
  ]);
  await first.close();
  const second = await startAppending(t, dir);
  t.same(await second.call('MGET', 'before', 'during', 'after'), ['1', '2', '3']);
  await second.call('CONFIG', 'SET', 'appendonly', 'no');
  await second.call('SET', 'not', 'appended');
  await second.close();
  const third = await startAppending(t, dir);
  t.equal(await third.call('DBSIZE'), 3);
});

t.test('a file that grew enough is rewritten by itself', async (t) => {
  const dir = temporaryFolder(t);
  const settings = { 'auto-aof-rewrite-min-size': '1kb', 'auto-aof-rewrite-percentage': '100' };
  const server = await startAppending(t, dir, settings);
  for (let i = 0; i < 100; i++) await server.call('SET', 'k', 'x'.repeat(100));
  t.ok(Number(await infoOf(server, 'aof_current_size')) > 10_000);
  while ((await infoOf(server, 'aof_rewrites')) === '0') {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await untilRewritten(server);
  t.ok(Number(await infoOf(server, 'aof_current_size')) < 1000);
  t.equal(await infoOf(server, 'aof_base_size'), await infoOf(server, 'aof_current_size'));
});

t.test('needless files stay when aof-disable-auto-gc asks for it', async (t) => {
  const dir = temporaryFolder(t);
  const server = await startAppending(t, dir, { 'aof-disable-auto-gc': 'yes' });
  await server.call('BGREWRITEAOF');
  await untilRewritten(server);
  t.same(manifestOf(dir), [
    'file appendonly.aof.2.base.rdb seq 2 type b',
    'file appendonly.aof.1.incr.aof seq 1 type h',
    'file appendonly.aof.1.base.rdb seq 1 type h',
    'file appendonly.aof.2.incr.aof seq 2 type i',
  ]);
});

t.test('DEBUG LOADAOF loads what is appended, and goes on appending', async (t) => {
  const dir = temporaryFolder(t);
  const server = await startAppending(t, dir);
  await server.call('SET', 'k', '1');
  await server.call('DEBUG', 'LOADAOF');
  await server.call('INCR', 'k');
  await server.call('DEBUG', 'LOADAOF');
  t.equal(await server.call('GET', 'k'), '2');
  t.equal(await infoOf(server, 'rdb_changes_since_last_save'), '0');
});

t.test('a file from before manifests becomes the base', async (t) => {
  const dir = folderWith(t, request('SET', 'old', '1'));
  const server = await startAppending(t, dir);
  t.equal(await server.call('GET', 'old'), '1');
  t.same(manifestOf(dir), [
    'file appendonly.aof seq 1 type b',
    'file appendonly.aof.1.incr.aof seq 1 type i',
  ]);
});

t.test('what runs from a file is not held to limits, and its keys do not expire', async (t) => {
  const dir = folderWith(
    t,
    request('SET', 'k', 'v', 'PXAT', '1') +
      request('APPEND', 'k', 'w') +
      request('PERSIST', 'k') +
      request('XADD', 's', 'MAXLEN', '=', '2', 'LIMIT', '1', '1-1', 'f', 'v') +
      '#TS:1600000000\r\n' +
      request('LPUSH', 'k', 'wrong type') +
      request('INCR', 'n'),
  );
  const server = await startAppending(t, dir, { maxmemory: '1' });
  await server.call('CONFIG', 'SET', 'maxmemory', '0');
  t.equal(await server.call('GET', 'k'), 'vw');
  t.equal(await server.call('XLEN', 's'), 1);
  t.equal(await server.call('GET', 'n'), '1');
});

t.test('a file that ends within a transaction holds nothing of it', async (t) => {
  const whole = request('SET', 'a', '1') + request('MULTI') + request('SET', 'b', '2');
  const server = await startAppending(t, folderWith(t, whole));
  t.equal(await server.call('DBSIZE'), 1);
  const closed = await startAppending(t, folderWith(t, whole + request('EXEC')));
  t.equal(await closed.call('DBSIZE'), 2);
});

t.test('a damaged file keeps the server from starting', async (t) => {
  const refuses = async (bytes: string, settings: Settings = {}) =>
    refusalOf(startAppending(t, folderWith(t, bytes), settings));
  const failed = 'Cannot load the data: the log tells why';
  const set = request('SET', 'a', '1');
  t.equal(await refuses(`${set}!!!`), failed);
  t.equal(await refuses(`${set}*0\r\n`), failed);
  t.equal(await refuses(`${set}*1\r\n$4\r\nPINGxx`), failed);
  t.equal(await refuses(set + request('NOTHING', 'a')), failed);
  t.equal(await refuses(set + request('SET', 'a')), failed);
  t.equal(await refuses(set.slice(0, -1), { 'aof-load-truncated': 'no' }), failed);
  t.equal(await refuses(`${set}${request('MULTI')}`, { 'aof-load-truncated': 'no' }), failed);
});

t.test('cut at any byte of its last 4 KB a file loads up to there, or is refused', async (t) => {
  const dir = temporaryFolder(t);
  const server = await startAppending(t, dir, { 'aof-use-rdb-preamble': 'no' });
  const file = join(folderOf(dir), 'appendonly.aof.1.incr.aof');
  const units: string[] = [];
  for (let i = 0; units.join('').length < 4096; i++) {
    const push = request('RPUSH', 'list', `${i}`.repeat(1 + (i % 30)));
    units.push(i % 5 === 0 ? request('MULTI') + push + request('EXEC') : push);
  }
  const text = units.join('');
  const ends = units.map((_, i) => units.slice(0, i + 1).join('').length);
  let wrong = 0;
  for (let size = 0; size <= text.length; size++) {
    // Some disks are slow to empty a file.
    rmSync(file, { force: true });
    writeFileSync(file, text.slice(0, size));
    await server.call('DEBUG', 'LOADAOF');
    const whole = ends.filter((end) => end <= size).length;
    if ((await server.call('LLEN', 'list')) !== whole) wrong++;
  }
  t.equal(wrong, 0, 'loads what is whole');
  await server.call('CONFIG', 'SET', 'aof-load-truncated', 'no');
  for (let size = text.length - 1024; size <= text.length; size++) {
    rmSync(file, { force: true });
    writeFileSync(file, text.slice(0, size));
    const loaded = await server.call('DEBUG', 'LOADAOF').then(
      () => true,
      (error: unknown) => !(error instanceof ReplyError),
    );
    if (loaded !== ends.includes(size)) wrong++;
  }
  t.equal(wrong, 0, 'refuses what is not');
});

t.test('annotations are written and passed over', async (t) => {
  const dir = temporaryFolder(t);
  const first = await startAppending(t, dir, { 'aof-timestamp-enabled': 'yes' });
  await first.call('SET', 'k', 'v');
  const file = join(folderOf(dir), 'appendonly.aof.1.incr.aof');
  t.match(readFileSync(file, 'latin1'), /^#TS:[0-9]{10}\r\n\*2/);
  await first.close();
  appendFileSync(file, '#TS:12');
  const second = await startAppending(t, dir);
  t.equal(await second.call('GET', 'k'), 'v');
});

t.test('a disk that refuses makes writes be refused, until it takes them', async (t) => {
  const server = await startAppending(t, temporaryFolder(t));
  const { writer } = server.engine.appendOnly;
  const disk = { isFull: true, bytes: 0 };
  const file = {
    write(_bytes: Uint8Array, start: number, end: number) {
      if (disk.isFull) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      disk.bytes += end - start;
      return end - start;
    },
    truncate() {},
    sync() {},
    syncInBackground: (done: (error: Error | null) => void) => done(null),
    close() {},
  };
  writer.open(file, 0);
  t.equal(await server.call('SET', 'a', '1'), 'OK', 'it is in the buffer');
  const refusal = 'MISCONF Errors writing to the AOF file: No space left on device';
  t.equal(await refusalOf(server.call('SET', 'a', '2')), refusal);
  t.equal(await refusalOf(server.call('PING')), refusal);
  t.equal(await server.call('GET', 'a'), '1');
  t.equal(await infoOf(server, 'aof_last_write_status'), 'err');
  t.match(await refusalOf(server.call('BGREWRITEAOF')), /^ERR Can't execute an AOF/);
  disk.isFull = false;
  await server.call('GET', 'a');
  t.equal(await server.call('SET', 'a', '3'), 'OK');
  t.equal(await infoOf(server, 'aof_last_write_status'), 'ok');
  t.ok(disk.bytes > 0);
});

t.test('WAITAOF waits for what its own connection wrote', async (t) => {
  // Nothing is brought to disk but by a rewrite.
  const server = await startAppending(t, temporaryFolder(t), { appendfsync: 'no' });
  const [writer, reader] = [server.client(), server.client()];
  await reader.call('SET', 'a', '1');
  await server.call('BGREWRITEAOF');
  await untilRewritten(server);
  await writer.call('SET', 'b', '1');
  await reader.call('GET', 'b');
  await reader.call('SET', 'a', '1', 'NX');
  t.same(await reader.call('WAITAOF', '1', '0', '0'), [1, 0]);
  t.same(await writer.call('WAITAOF', '1', '0', '1'), [0, 0]);
  await writer.call('MULTI');
  await writer.call('SET', 'c', '1');
  await writer.call('EXEC');
  t.same(await writer.call('WAITAOF', '1', '0', '1'), [0, 0]);
});

t.test('a script that takes long while the file loads lets others be told', async (t) => {
  const slow = "redis.call('SET', KEYS[1], 'y'); for i = 1, 10000000 do local x = i end";
  const text = `${request('EVAL', slow, '1', 'a')}${request('MULTI')}${request('SET', 'b', '1')}${request('EVAL', slow, '1', 'c')}${request('SET', 'd', '2')}${request('EXEC')}`;
  const port = await freePort();
  const settings = { dir: folderWith(t, text), appendonly: 'yes', 'busy-reply-threshold': '5' };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const program = startProgram(t, ['--port', `${port}`, '--save', '', ...options]);
  await program.says('Slow script detected');
  const wire = await connect(port);
  t.teardown(() => wire.close());
  t.match(String(await wire.send(['PING'])), /^-LOADING /);
  t.match(String(await wire.send(['INFO'])), /^-BUSY /);
  await program.says('DB loaded from append only file');
  t.equal(
    String(await wire.send(['MGET', 'a', 'b', 'c', 'd'])),
    '*4\r\n$1\r\ny\r\n$1\r\n1\r\n$1\r\ny\r\n$1\r\n2\r\n',
  );
});

/** Words in turn: `name` and a number, and what else there is. */
const numbered = (count: number, words: (i: number) => readonly (string | number)[]) =>
  Array.from({ length: count }, (_, i) => words(i)).flat();

/** Makes large values of all types, and small ones beside them. */
async function makeLargeValues(server: ValkeyServer): Promise<void> {
  const call: ValkeyServer['call'] = (...words) => server.call(...words);
  await call('SADD', 'set', ...numbered(3000, (i) => [`member ${i}`]));
  await call('ZADD', 'zset', ...numbered(3000, (i) => [i / 3, `member ${i}`]));
  await call('HSET', 'hash', ...numbered(3000, (i) => [`field ${i}`, i]));
  await call('HSET', 'timed', ...numbered(1000, (i) => [`field ${i}`, i]));
  await call('HPEXPIREAT', 'timed', '9999999999999', 'FIELDS', '2', 'field 7', 'field 8');
  await call('RPUSH', 'list', ...numbered(3000, (i) => ['x'.repeat(100) + i]));
  await call('SET', 'string', 'y'.repeat(1_000_000), 'PXAT', '9999999999999');
  for (let i = 1; i <= 6000; i++) await call('XADD', 'stream', `${i}-1`, 'f', i);
  await call('XGROUP', 'CREATE', 'stream', 'group', '0');
  const read = ['XREADGROUP', 'GROUP', 'group'];
  await call(...read, 'one', 'COUNT', '900', 'STREAMS', 'stream', '>');
  await call(...read, 'other', 'COUNT', '300', 'STREAMS', 'stream', '>');
  for (let i = 0; i < 500; i++) await call('SET', `n${i}`, i);
}

/** Changes each of them in a way that done twice, or not at all, has another outcome. */
async function changeLargeValues(server: ValkeyServer, i: number): Promise<void> {
  const call: ValkeyServer['call'] = (...words) => server.call(...words);
  await call('SPOP', 'set');
  await call('ZINCRBY', 'zset', '1.5', `member ${i}`);
  await call('HINCRBY', 'hash', `field ${i}`, '7');
  await call('HINCRBY', 'timed', `field ${i}`, '7');
  await call('RPOPLPUSH', 'list', 'list');
  await call('APPEND', 'string', 'z');
  await call('XADD', 'stream', '*', 'f', 'new');
  await call('XACK', 'stream', 'group', `${i + 1}-1`);
  await call('INCRBY', `n${i}`, '1000');
}

t.test('a rewrite as requests holds large values as they were when it began', async (t) => {
  const dir = temporaryFolder(t);
  const first = await startAppending(t, dir, { 'aof-use-rdb-preamble': 'no' });
  await makeLargeValues(first);
  await first.call('BGREWRITEAOF');
  let changes = 0;
  for (; first.engine.appendOnly.rewrite.inProgress && changes < 100; changes++) {
    await changeLargeValues(first, changes);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await untilRewritten(first);
  t.ok(changes > 5, `${changes} rounds of changes meanwhile`);
  const about = async (of: ValkeyServer) => [
    await of.call('XINFO', 'STREAM', 'stream'),
    await of.call('XPENDING', 'stream', 'group'),
    await of.call('PEXPIRETIME', 'string'),
    await of.call('HPEXPIRETIME', 'timed', 'FIELDS', '2', 'field 7', 'field 9'),
    await of.call('LRANGE', 'list', '0', '9'),
  ];
  const before = await about(first);
  await first.close();
  const second = await startAppending(t, dir);
  t.equal(digestOf(second), digestOf(first));
  t.same(await about(second), before);
});
