import t from 'tap';
import { ManualClock } from '../../datatypes/clock.js';
import { createServer } from '../../server/index.js';
import { Rates } from '../../server/rates.js';
import { Stats } from '../../server/stats.js';
import { refusalOf, startServer } from '../helpers/server.js';
import { connect } from '../helpers/wire.js';

/** The value of a field; null when it is not there. */
function field(text: unknown, name: string): string | null {
  const line = String(text)
    .split('\r\n')
    .find((one) => one.startsWith(`${name}:`));
  return line === undefined ? null : line.slice(name.length + 1);
}

function titles(text: unknown): string[] {
  return [...String(text).matchAll(/^# (.*)\r$/gm)].map((match) => match[1] ?? '');
}

const DEFAULT =
  'Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace';

/** Goes on by a quarter of a millisecond with each look at it after `refresh`, and counts those. */
class LookedAt extends ManualClock {
  looks = 0;

  override refresh(): number {
    return super.elapsedMs() + this.looks / 4;
  }

  override elapsedMs(): number {
    this.looks++;
    return this.refresh();
  }
}

t.test('short commands that come alone count as much as the last that was timed', async (t) => {
  const clock = new LookedAt();
  await using server = await createServer({ listen: false, clock });
  for (let i = 0; i < 5; i++) await server.call('SET', 'k', 'v');
  const before = clock.looks;
  for (let i = 0; i < 49; i++) await server.call('GET', 'k');
  t.equal(clock.looks - before, 1 + 3, 'the first, and every 16th');
  const text = await server.call('INFO', 'commandstats');
  t.equal(field(text, 'cmdstat_get')?.split(',r')[0], 'calls=49,usec=12250,usec_per_call=250.00');
});

t.test('INFO shows the sections asked for, once, in its own order', async (t) => {
  const { call } = await startServer(t);
  t.same(titles(await call('INFO')), DEFAULT.split(' '));
  t.same(titles(await call('INFO', 'cpu', 'Default')), DEFAULT.split(' '));
  t.same(titles(await call('INFO', 'keyspace', 'CPU', 'cpu', 'nosuch')), ['CPU', 'Keyspace']);
  t.equal(await call('INFO', 'nosuch'), '');
  t.same(titles(await call('INFO', 'debug')), ['Debug']);
  t.equal(titles(await call('INFO', 'all')).length, 16);
  t.equal(titles(await call('INFO', 'everything', 'debug')).length, 17);
});

t.test('INFO server names the server it is compatible with, and itself', async (t) => {
  const { call, clock } = await startServer(t);
  await clock.advance(90_000_000);
  const text = await call('INFO', 'server');
  t.equal(field(text, 'redis_version'), '7.2.4');
  t.equal(field(text, 'valkey_version'), '9.1.2');
  t.equal(field(text, 'server_name'), 'valkey');
  t.match(field(text, 'valkey_ts_version'), /^\d+\.\d+\.\d+$/);
  t.equal(field(text, 'node_version'), process.versions.node);
  t.equal(field(text, 'uptime_in_seconds'), '90000');
  t.equal(field(text, 'uptime_in_days'), '1');
  t.match(field(text, 'run_id'), /^[0-9a-f]{40}$/);
});

t.test('INFO keyspace counts keys, those that expire, and how long they live', async (t) => {
  const { call, clock } = await startServer(t);
  t.equal(await call('INFO', 'keyspace'), '# Keyspace\r\n');
  await call('SET', 'a', '1');
  await call('SET', 'b', '1', 'PX', '5000');
  await clock.advance(1000);
  const shown = 'keys=2,expires=1,avg_ttl=4000,keys_with_volatile_items=0';
  t.equal(field(await call('INFO', 'keyspace'), 'db0'), shown);
});

t.test('INFO memory tells what is stored, and its peak', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'a', 'x'.repeat(100_000));
  const full = await call('INFO', 'memory');
  await call('SET', 'a', '1');
  const empty = await call('INFO', 'memory');
  const difference =
    Number(field(full, 'used_memory_dataset')) - Number(field(empty, 'used_memory_dataset'));
  t.ok(difference >= 99_999 && difference < 140_000, `${difference}`);
  t.equal(field(empty, 'used_memory_peak'), field(full, 'used_memory'));
  t.equal(field(full, 'maxmemory_policy'), 'noeviction');
});

t.test('INFO stats counts hits, misses and commands, until CONFIG RESETSTAT', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'a', '1');
  await call('GET', 'a');
  await call('GET', 'b');
  const before = await call('INFO', 'stats');
  t.equal(field(before, 'keyspace_hits'), '1');
  t.equal(field(before, 'keyspace_misses'), '1');
  t.equal(field(before, 'total_commands_processed'), '3');
  await call('CONFIG', 'RESETSTAT');
  const after = await call('INFO', 'stats', 'commandstats');
  t.equal(field(after, 'keyspace_hits'), '0');
  t.equal(field(after, 'total_commands_processed'), '1');
  t.equal(field(after, 'cmdstat_get'), null);
});

t.test('INFO commandstats tells refused calls from failed ones', async (t) => {
  const { call } = await startServer(t);
  await call('SET', 'a', 'x');
  await refusalOf(call('SET', 'a'));
  await refusalOf(call('SET', 'a', 'x', 'EX', '0'));
  await refusalOf(call('NOSUCH'));
  const text = await call('INFO', 'commandstats', 'errorstats', 'stats');
  t.equal(
    field(text, 'cmdstat_set'),
    'calls=2,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=1',
  );
  t.equal(field(text, 'errorstat_ERR'), 'count=3');
  t.equal(field(text, 'total_error_replies'), '3');
});

t.test('INFO tells bytes as they came, of settings and of errors', async (t) => {
  const { port } = await startServer(t, { listen: true });
  const wire = await connect(port);
  await wire.send(['CONFIG', 'SET', 'availability-zone', Buffer.from('\xff\xc3\xa9', 'latin1')]);
  const script = Buffer.from("return redis.error_reply('\xfe no')", 'latin1');
  t.match(await wire.send(['EVAL', script, '0']), Buffer.from('-\xfe no\r\n', 'latin1'));
  const text = (await wire.send(['INFO', 'everything'])).toString('latin1');
  t.equal(field(text, 'availability_zone'), '\xff\xc3\xa9');
  t.equal(field(text, 'errorstat_\xfe'), 'count=1');
  wire.close();
});

t.test('INFO tells whole microseconds, of calls timed together too', async (t) => {
  const { call, server } = await startServer(t);
  await call('GET', 'a');
  for (const entry of server.engine.commands.all) entry.usec += 0.75;
  server.engine.stats.commandsUsec += 0.75;
  const text = await call('INFO', 'commandstats', 'stats');
  t.match(field(text, 'cmdstat_get'), /^calls=1,usec=\d+,/);
  t.match(field(text, 'eventloop_duration_cmd_sum'), /^\d+$/);
});

t.test('INFO latencystats tells the percentiles asked for, while tracking is on', async (t) => {
  const { call } = await startServer(t);
  await call('CONFIG', 'SET', 'latency-tracking-info-percentiles', '0 50 99.9');
  await call('CONFIG', 'SET', 'latency-tracking', 'no');
  await call('PING');
  await call('CONFIG', 'SET', 'latency-tracking', 'yes');
  await call('GET', 'a');
  const text = await call('INFO', 'latencystats');
  t.equal(field(text, 'latency_percentiles_usec_ping'), null);
  t.equal(field(text, 'latency_percentiles_usec_get'), 'p0=0.500,p50=0.501,p99.9=0.501');
});

t.test('Stats counts codes that scripts make up together beyond 128 codes', async (t) => {
  const stats = new Stats();
  for (let i = 0; i < 130; i++) stats.countError(`${i}`, true);
  stats.countError('ERR');
  stats.countError('0', true);
  t.equal(stats.errorsByCode.get('ERRORSTATS_OVERFLOW'), 2);
  t.equal(stats.errorsByCode.get('ERR'), 1);
  t.equal(stats.errorsByCode.get('0'), 2);
  t.equal(stats.errorReplies, 132);
});

t.test('Rates tells the mean of the last 16 samples', async (t) => {
  const [stats, rates] = [new Stats(), new Rates()];
  for (let i = 0; i <= 20; i++) {
    stats.commandsProcessed = i * 10;
    stats.netInputBytes = i * 1024;
    rates.sample(stats, i * 100);
  }
  t.equal(rates.commandsPerSecond, 100);
  t.equal(rates.inputKilobytesPerSecond, 10);
  rates.reset();
  t.equal(rates.commandsPerSecond, 0);
});

t.test('ROLE, LASTSAVE and LOLWUT answer as a server alone and new does', async (t) => {
  const { call } = await startServer(t);
  t.same(await call('ROLE'), ['master', 0, []]);
  t.equal(await call('LASTSAVE'), 1_700_000_000);
  t.match(await call('LOLWUT', '10', '2'), /^(?:.{10}\n){2}.*Valkey ver\. 9\.1\.2\n$/);
  t.match(await call('LOLWUT', 'VERSION', '5', '6', '7', '8'), /^(?:.{6}\n){7}.*9\.1\.2\n$/);
  t.match(await call('LOLWUT', 'VERSION', '6', '3', '2', 'x'), /^(?:.{3}\n){2}.*9\.1\.2\n$/);
  t.equal(
    await refusalOf(call('LOLWUT', 'VERSION', '5', '1', '2', 'x')),
    'ERR value is not an integer or out of range',
  );
  t.equal(await call('LOLWUT', 'VERSION', '8'), 'Valkey ver.9.1.2\n');
  t.equal(
    await refusalOf(call('LOLWUT', '10')),
    'ERR Syntax error. Use: LOLWUT [columns rows] [real imaginary]',
  );
});

t.test('extended-redis-compatibility has the server say that it is Redis', async (t) => {
  const { call } = await startServer(t);
  await call('CONFIG', 'SET', 'extended-redis-compatibility', 'yes');
  const text = await call('INFO', 'server');
  t.equal(field(text, 'redis_mode'), 'standalone');
  t.equal(field(text, 'server_mode'), null);
  t.match(await call('LOLWUT'), /Redis ver\. 7\.2\.4\n$/);
  t.match(await call('LOLWUT', 'VERSION', '4'), /^Redis ver\.7\.2\.4\n$/);
  t.match(await call('HELLO', '2'), ['server', 'redis', 'version', '7.2.4']);
  await call('CONFIG', 'SET', 'extended-redis-compatibility', 'no');
  t.equal(field(await call('INFO', 'server'), 'server_mode'), 'standalone');
});

t.test('the commands of a script count as those of the client that called it', async (t) => {
  const { call } = await startServer(t);
  await call('EVAL', "redis.call('ping') redis.call('ping')", '0');
  t.match(await call('CLIENT', 'INFO'), / tot-cmds=3\n/);
});

t.test('MODULE tells of Lua, and loads and gives up nothing', async (t) => {
  const { call } = await startServer(t, { config: { 'enable-module-command': 'yes' } });
  t.same(await call('MODULE', 'LIST'), [['name', 'lua', 'ver', 1, 'path', 'lua', 'args', []]]);
  t.match(field(await call('INFO', 'modules'), 'module'), /^name=lua,ver=1,/);
  t.match(await call('MODULE', 'HELP'), [
    'MODULE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  ]);
  const refused = (...args: string[]) => refusalOf(call('MODULE', ...args));
  const notLoaded = 'ERR Error loading the extension. Please check the server logs.';
  t.equal(await refused('LOAD', '/usr/lib/module.so', 'arg'), notLoaded);
  t.equal(await refused('LOADEX', '/usr/lib/module.so', 'CONFIG', 'a', 'b'), notLoaded);
  t.match(await refused('UNLOAD', 'none'), /no such module with that name$/);
  t.match(await refused('UNLOAD', 'lua'), /^ERR Error unloading module: /);
  t.equal(await refused('NONE'), "ERR unknown subcommand 'NONE'. Try MODULE HELP.");
});

t.test('MODULE changes nothing where enable-module-command does not allow it', async (t) => {
  const { call } = await startServer(t);
  for (const request of [
    ['LOAD', 'x'],
    ['LOADEX', 'x'],
    ['UNLOAD', 'lua'],
  ]) {
    t.match(await refusalOf(call('MODULE', ...request)), /^ERR MODULE command not allowed\. /);
  }
});
