import { readFileSync } from 'node:fs';
import t from 'tap';
import { Config } from '../../server/config.js';
import { ALL_NAMES, PARAMETERS } from '../../server/config-table.js';
import { refusalOf, startServer } from '../helpers/server.js';

t.test('values are plain fields of their own types', async (t) => {
  const { values } = new Config('/tmp');
  t.equal(values.maxmemory, 0);
  t.equal(values.activerehashing, true);
  t.equal(values.maxmemoryPolicy, 'noeviction');
  t.equal(values.dir, '/tmp');
  t.same(values.save, [
    { seconds: 3600, changes: 1 },
    { seconds: 300, changes: 100 },
    { seconds: 60, changes: 10_000 },
  ]);
  t.same(values.clientOutputBufferLimit.pubsub, {
    hardBytes: 33_554_432,
    softBytes: 8_388_608,
    softSeconds: 60,
  });
  t.same(values.maxmemoryClients, { amount: 0, unit: 'bytes' });
});

t.test('every default is a setting of its own parameter', async (t) => {
  for (const [name, parameter] of PARAMETERS) {
    if (name === 'dir') continue;
    const words = parameter.manyWords ? parameter.default.split(' ') : [parameter.default];
    t.equal(parameter.read(words).text, parameter.default, name);
  }
  t.equal(ALL_NAMES.length, new Set(ALL_NAMES).size);
});

t.test('a listener sees new values once for all parameters it listens to', async (t) => {
  const config = new Config();
  const seen: number[] = [];
  config.onChange(['port', 'timeout'], () => {
    seen.push(config.values.port, config.values.timeout);
    return undefined;
  });
  t.equal(
    config.set([
      ['timeout', '7'],
      ['hz', '20'],
      ['port', '7000'],
    ]),
    undefined,
  );
  t.same(seen, [7000, 7]);
  config.set([['timeout', '7']]);
  t.same(seen, [7000, 7], 'nothing changed, nothing told');
  t.throws(() => config.onChange('port', () => undefined), /it has one already/);
});

t.test('a listener that refuses takes all back, and others are told again', async (t) => {
  const config = new Config();
  const hz: number[] = [];
  config.onChange('hz', () => {
    hz.push(config.values.hz);
    return undefined;
  });
  config.onChange('maxclients', () =>
    config.values.maxclients > 100 ? 'too many for this system' : undefined,
  );
  const refused = config.set([
    ['hz', '50'],
    ['timeout', '9'],
    ['maxclients', '20000'],
  ]);
  t.equal(
    refused?.message,
    "ERR CONFIG SET failed (possibly related to argument 'maxclients') - too many for this system",
  );
  t.same(hz, [50, 10]);
  t.equal(config.values.timeout, 0);
  t.equal(config.text('maxclients'), '10000');
});

t.test('what must not change while loading is refused then', async (t) => {
  const config = new Config();
  const refused = config.set([['appendonly', 'yes']], { loading: true });
  t.equal(refused?.message, 'LOADING Valkey is loading the dataset in memory');
});

t.test('a setting past 2^53 keeps its exact text', async (t) => {
  const config = new Config();
  config.set([['maxmemory', '9223372036854775809']]);
  t.equal(config.text('maxmemory'), '9223372036854775809');
  t.equal(config.values.maxmemory, 2 ** 63);
});

t.test('CONFIG GET answers names and values in pairs, a map in RESP3', async (t) => {
  const { call } = await startServer(t);
  t.same(await call('CONFIG', 'GET', 'maxmemory-p*', 'TIMEOUT'), [
    'TIMEOUT',
    '0',
    'maxmemory-policy',
    'noeviction',
  ]);
  t.same(await call('CONFIG', 'GET', 'none'), []);
});

t.test('CONFIG SET changes all or nothing', async (t) => {
  const { call, server } = await startServer(t);
  t.equal(await call('CONFIG', 'SET', 'maxmemory', '1gb', 'TIMEOUT', '5'), 'OK');
  t.equal(server.engine.config.values.maxmemory, 1024 ** 3);
  t.equal(
    await refusalOf(call('CONFIG', 'SET', 'timeout', '6', 'hz', 'x')),
    "ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer",
  );
  t.same(await call('CONFIG', 'GET', 'timeout'), ['timeout', '5']);
  t.equal(await refusalOf(call('CONFIG', 'SET', 'timeout', '6', 'hz')), 'ERR syntax error');
  t.equal(
    await refusalOf(call('CONFIG', 'SET', 'dbfilename', 'x')),
    "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config",
  );
});

t.test('CONFIG SET changes protected parameters when the server lets local clients', async (t) => {
  const { call } = await startServer(t, { config: { 'enable-protected-configs': 'local' } });
  t.equal(await call('CONFIG', 'SET', 'dbfilename', 'x.rdb'), 'OK');
});

t.test('CONFIG REWRITE needs a file, and tells why it failed', async (t) => {
  const { call, server } = await startServer(t);
  t.equal(
    await refusalOf(call('CONFIG', 'REWRITE')),
    'ERR The server is running without a config file',
  );
  const directory = t.testdir({ 'valkey.conf': '# mine\ntimeout 3\n' });
  server.engine.config.file = `${directory}/valkey.conf`;
  await call('CONFIG', 'SET', 'timeout', '8');
  t.equal(await call('CONFIG', 'REWRITE'), 'OK');
  t.match(readFileSync(`${directory}/valkey.conf`, 'latin1'), /^# mine\ntimeout 8\n\n# Generated/);
  server.engine.config.file = directory;
  t.equal(await refusalOf(call('CONFIG', 'REWRITE')), 'ERR Rewriting config file: Is a directory');
});

t.test('CONFIG RESETSTAT sets counters to zero, CONFIG HELP lists subcommands', async (t) => {
  const { call, server } = await startServer(t);
  await refusalOf(call('CONFIG', 'SET', 'none', '1'));
  t.equal(server.engine.stats.errorReplies, 1);
  t.equal(await call('CONFIG', 'RESETSTAT'), 'OK');
  t.equal(server.engine.stats.errorReplies, 0);
  const help = (await call('CONFIG', 'HELP')) as string[];
  t.equal(help.at(0), 'CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
  t.same(help.slice(-2), ['HELP', '    Print this help.']);
});
