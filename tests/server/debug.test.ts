import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { Config } from '../../server/config.js';
import { loadConfiguration } from '../../server/config-file.js';
import { BytesClient } from '../helpers/bytes-client.js';
import { temporaryFolder } from '../helpers/program.js';
import { refusalOf, startServer } from '../helpers/server.js';

const ALLOWED = { config: { 'enable-debug-command': 'yes' } };

t.test('DEBUG is refused unless it is enabled, or local and asked for locally', async (t) => {
  const no = await startServer(t);
  t.match(await refusalOf(no.call('DEBUG', 'SLEEP', '0')), /^ERR DEBUG command not allowed\. If/);
  const local = await startServer(t, { config: { 'enable-debug-command': 'local' } });
  t.equal(await local.call('DEBUG', 'SLEEP', '0'), 'OK');
  const answerTo = async (remoteIp: string) => {
    const client = new BytesClient(local.server.engine, remoteIp);
    client.write('DEBUG SLEEP 0\r\n');
    await setImmediate();
    return client.text;
  };
  for (const ip of ['127.0.0.2', '::1']) t.equal(await answerTo(ip), '+OK\r\n', ip);
  t.match(await answerTo('10.127.0.1'), /^-ERR DEBUG command not allowed/);
});

t.test('DEBUG refuses what it does not know, and says what is not there', async (t) => {
  const { call } = await startServer(t, ALLOWED);
  const unknown = "ERR unknown subcommand or wrong number of arguments for 'foo'. Try DEBUG HELP.";
  t.equal(await refusalOf(call('DEBUG', 'foo')), unknown);
  t.match(await refusalOf(call('DEBUG', 'LOG')), /wrong number of arguments for 'LOG'/);
  t.equal(
    await refusalOf(call('DEBUG', 'segfault')),
    'ERR DEBUG SEGFAULT is not there in this server',
  );
});

t.test('DEBUG DIGEST and DIGEST-VALUE are those of the real server', async (t) => {
  const { call } = await startServer(t, ALLOWED);
  const nothing = '0000000000000000000000000000000000000000';
  t.equal(await call('DEBUG', 'DIGEST'), nothing);
  await call('SET', 'a', '1');
  t.equal(await call('DEBUG', 'DIGEST'), '943d800368fb9c0e951138f1bc0e313ac769d91f');
  await call('SET', 'b', '1', 'EX', '100');
  t.same(await call('DEBUG', 'DIGEST-VALUE', 'a', 'b', 'none'), [
    'b4fc66738120fba0b5aa500ab5c2bf89cea1c5da',
    '5279988c5d1911f474bcbbf2f0a87012d40f8459',
    nothing,
  ]);
});

t.test('DEBUG POPULATE makes keys that are not there, of the size given', async (t) => {
  const { call } = await startServer(t, ALLOWED);
  await call('SET', 'p:0', 'mine');
  t.equal(await call('DEBUG', 'POPULATE', '2', 'p', '5'), 'OK');
  t.equal(await call('GET', 'p:0'), 'mine');
  t.equal(await call('GET', 'p:1'), 'value');
  await call('DEBUG', 'POPULATE', '1', 'q', '9');
  t.equal(await call('GET', 'q:0'), 'value:0\0\0');
  await call('DEBUG', 'POPULATE', '1');
  t.equal(await call('GET', 'key:0'), 'value:0');
  t.equal(
    await refusalOf(call('DEBUG', 'POPULATE', '-1')),
    'ERR value is out of range, must be positive',
  );
});

t.test('DEBUG OBJECT and SDSLEN tell how a value is stored', async (t) => {
  const { call } = await startServer(t, ALLOWED);
  await call('SET', 'n', '-70000');
  await call('SET', 's', 'hello world');
  t.match(
    await call('DEBUG', 'OBJECT', 'n'),
    /^Value at:0x\w+ refcount:1 encoding:int serializedlength:5 lru:/,
  );
  t.match(await call('DEBUG', 'OBJECT', 's', 'fast'), / encoding:embstr lru:\d+ lru_seconds_idle:/);
  t.match(await call('DEBUG', 'SDSLEN', 's'), /^key_sds_len:1 .* val_sds_len:11 /);
  t.equal(await refusalOf(call('DEBUG', 'SDSLEN', 'n')), 'ERR Not an sds encoded string.');
  t.equal(await refusalOf(call('DEBUG', 'OBJECT', 'none')), 'ERR no such key');
});

t.test('DEBUG HTSTATS tells the sizes of the tables', async (t) => {
  const { call } = await startServer(t, ALLOWED);
  await call('SET', 'a', '1');
  t.match(
    await call('DEBUG', 'HTSTATS', '0'),
    /^\[Dictionary HT\]\nHash table 0 stats \(main hash table\):\n table size: \d+\n number of entries: 1\n/,
  );
  t.equal(await call('DEBUG', 'HTSTATS', '1'), '[Dictionary HT]\n[Expires HT]\n');
  t.equal(await refusalOf(call('DEBUG', 'HTSTATS', '16')), 'ERR Out of range database');
});

t.test('DEBUG PROTOCOL and ERROR reply as they are told', async (t) => {
  const { call } = await startServer(t, ALLOWED);
  t.equal(await call('DEBUG', 'PROTOCOL', 'string'), 'Hello World');
  t.same(await call('DEBUG', 'PROTOCOL', 'MAP'), [0, 0, 1, 1, 2, 0]);
  t.equal(await call('DEBUG', 'PROTOCOL', 'double'), '3.141');
  t.match(await refusalOf(call('DEBUG', 'PROTOCOL', 'toString')), /^ERR Wrong protocol type name/);
  t.equal(await refusalOf(call('DEBUG', 'ERROR', 'FOO bar baz')), 'FOO bar baz');
  t.equal(await refusalOf(call('DEBUG', 'ERROR', 'FOO')), 'FOO');
});

t.test(
  'DEBUG CHANGE-REPL-ID, PAUSE-CRON and SET-ACTIVE-EXPIRE change what they name',
  async (t) => {
    const { call, server } = await startServer(t, ALLOWED);
    const { replicationId, cron, keyspace } = server.engine;
    await call('DEBUG', 'CHANGE-REPL-ID');
    t.not(server.engine.replicationId, replicationId);
    await call('DEBUG', 'PAUSE-CRON', '1');
    await call('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
    t.equal(cron.paused, true);
    t.equal(keyspace.activeExpiry.enabled, false);
  },
);

t.test(
  'DEBUG CONFIG-REWRITE-FORCE-ALL writes every parameter, and the file still loads',
  async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'valkey.conf');
    const { call, server } = await startServer(t, ALLOWED);
    t.equal(
      await refusalOf(call('DEBUG', 'CONFIG-REWRITE-FORCE-ALL')),
      'ERR CONFIG-REWRITE-FORCE-ALL failed: Bad address',
    );
    server.engine.config.file = path;
    await call('CONFIG', 'SET', 'maxmemory', '7mb');
    t.equal(await call('DEBUG', 'CONFIG-REWRITE-FORCE-ALL'), 'OK');
    const config = new Config();
    loadConfiguration(config, [path], { version: '', readStdin: () => '' });
    t.same(config.get(['*']), server.engine.config.get(['*']));
    t.match(readFileSync(path, 'latin1'), /\nlfu-decay-time 1\n/);
  },
);

t.test('DEBUG SET-SKIP-CHECKSUM-VALIDATION has RESTORE take any checksum', async (t) => {
  const { call } = await startServer(t, ALLOWED);
  // A string of five letters, RDB version 80, and eight bytes that are not its checksum.
  const payload = Buffer.from('\x00\x05hello\x50\x00\x01\x02\x03\x04\x05\x06\x07\x08', 'latin1');
  const restore = () => call('RESTORE', 'k', '0', payload, 'REPLACE');
  t.match(await refusalOf(restore()), /version or checksum are wrong/);
  await call('DEBUG', 'SET-SKIP-CHECKSUM-VALIDATION', '1');
  t.equal(await restore(), 'OK');
  t.equal(await call('GET', 'k'), 'hello');
  await call('DEBUG', 'SET-SKIP-CHECKSUM-VALIDATION', '0');
  t.match(await refusalOf(restore()), /version or checksum are wrong/);
});

t.test('DEBUG HTSTATS-KEY tells of the table of a large hash, set or sorted set', async (t) => {
  const { call } = await startServer(t, ALLOWED);
  const numbers = Array.from({ length: 600 }, (_, i) => i);
  const pairs = numbers.flatMap((i) => [i, `m${i}`]);
  await call('HSET', 'h', ...pairs);
  await call('SADD', 's', ...pairs);
  await call('ZADD', 'z', ...pairs);
  await call('RPUSH', 'l', 'a');
  t.match(await call('DEBUG', 'HTSTATS-KEY', 'h'), /number of entries: 600\n/);
  t.match(await call('DEBUG', 'HTSTATS-KEY', 's'), /number of entries: 1200\n/);
  t.match(await call('DEBUG', 'HTSTATS-KEY', 'z'), /number of entries: 600\n/);
  t.match(await refusalOf(call('DEBUG', 'HTSTATS-KEY', 'l')), /not represented using an hash/);
});

t.test('DEBUG OBJECT tells of the nodes of a quicklist', async (t) => {
  const { call } = await startServer(t, ALLOWED);
  await call('CONFIG', 'SET', 'list-max-listpack-size', '100', 'list-compress-depth', '2');
  await call('RPUSH', 'l', ...Array.from({ length: 250 }, () => 'abc'));
  const nodes = 'ql_nodes:3 ql_avg_node:83.33 ql_listpack_max:100 ql_compressed:1';
  t.match(await call('DEBUG', 'OBJECT', 'l'), `${nodes} ql_uncompressed_size:1271`);
  t.match(await call('DEBUG', 'OBJECT', 'l', 'FAST'), new RegExp(`${nodes}$`));
});
