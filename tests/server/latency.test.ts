import t from 'tap';
import { Request } from '../../protocol/request.js';
import { CommandLog, type LoggedCall } from '../../server/command-log.js';
import { Config } from '../../server/config.js';
import { LatencyMonitor } from '../../server/latency.js';
import { latencyGraph } from '../../server/latency-graph.js';
import { LatencyHistogram } from '../../server/latency-histogram.js';
import { refusalOf, startServer } from '../helpers/server.js';

t.test(
  'LatencyHistogram counts calls up to powers of two, short and long ones alike',
  async (t) => {
    const histogram = new LatencyHistogram();
    for (const usec of [0, 1, 3, 15, 63, 64, 20_000, 5_000_000]) histogram.record(usec);
    t.equal(histogram.count, 8);
    t.same(histogram.buckets(), [
      { usec: 1, count: 1 },
      { usec: 2, count: 2 },
      { usec: 4, count: 3 },
      { usec: 16, count: 4 },
      { usec: 66, count: 6 },
      { usec: 33_816, count: 7 },
      { usec: 1_082_130, count: 8 },
    ]);
    histogram.reset();
    t.same(histogram.buckets(), []);
  },
);

t.test('LatencyHistogram tells percentiles with two digits', async (t) => {
  const histogram = new LatencyHistogram();
  for (let i = 0; i < 99; i++) histogram.record(10);
  histogram.record(1138);
  t.same(histogram.percentilesUsec([50, 99, 100]), [10.559, 10.559, 1138.687]);
});

t.test('LatencyMonitor keeps the worst spike of each second, 160 seconds long', async (t) => {
  const config = new Config();
  let nowMs = 1_000_000;
  const monitor = new LatencyMonitor(config.values, () => nowMs);
  monitor.note('command', 1000);
  t.equal(monitor.events.size, 0, 'a threshold of 0 is no threshold');
  config.override('latency-monitor-threshold', '10');
  monitor.note('command', 9);
  t.equal(monitor.events.size, 0);
  for (const ms of [20, 30.7, 25]) monitor.note('command', ms);
  const event = monitor.events.get('command');
  t.same(event?.samples.toArray(), [{ atSeconds: 1000, ms: 30 }]);
  t.match(event, { worstMs: 30, sumMs: 75, count: 3 });
  for (let i = 0; i < 200; i++) {
    nowMs += 1000;
    monitor.note('command', 10);
  }
  t.equal(event?.samples.length, 160);
  t.equal(monitor.reset('nothing'), 0);
  t.equal(monitor.reset(), 1);
});

t.test('LATENCY GRAPH draws each sample as high as it is long', async (t) => {
  const config = new Config();
  config.override('latency-monitor-threshold', '1');
  let nowMs = 0;
  const monitor = new LatencyMonitor(config.values, () => nowMs);
  for (const ms of [10, 30, 50, 20, 100, 60]) {
    monitor.note('command', ms);
    nowMs += 50_000;
  }
  const event = monitor.events.get('command');
  t.ok(event);
  if (!event) return;
  t.equal(
    latencyGraph('command', event, 300),
    [
      'command - high 100 ms, low 10 ms (all time high 100 ms)',
      '-'.repeat(80),
      '    # ',
      '    |_',
      '  # ||',
      '_#|o||',
      '      ',
      '543215',
      'mmmmm0',
      '     s',
      '',
    ].join('\n'),
  );
});

function callOf(...args: string[]): LoggedCall {
  const request = Request.of(args);
  return { request, redacted: null, address: '127.0.0.1:1', clientName: 'n', atMs: 5_999 };
}

t.test('CommandLog shortens arguments, and says by how much', async (t) => {
  const config = new Config();
  const log = new CommandLog(config.values);
  const many = Array.from({ length: 33 }, (_, i) => `${i}`);
  log.add(callOf('set', 'k', 'x'.repeat(129)), 10_000, 0, 0);
  log.add(callOf(...many), 10_000, 0, 0);
  const [second, first] = log.latest('slow', 10);
  t.match(first, { id: 0, atSeconds: 5, amount: 10_000, address: '127.0.0.1:1', clientName: 'n' });
  t.equal(`${first?.args[2]}`, `${'x'.repeat(128)}... (1 more bytes)`);
  t.equal(second?.args.length, 32);
  t.equal(`${second?.args[30]}`, '30');
  t.equal(`${second?.args[31]}`, '... (2 more arguments)');
});

t.test('CommandLog keeps as many entries as it may, and counts on after a reset', async (t) => {
  const config = new Config();
  config.override('commandlog-slow-execution-max-len', '2');
  const log = new CommandLog(config.values);
  for (let i = 0; i < 3; i++) log.add(callOf('ping'), 10_000, 0, 0);
  t.same(
    log.latest('slow', 9).map((entry) => entry.id),
    [2, 1],
  );
  log.reset('slow');
  log.add(callOf('ping'), 10_000, 0, 0);
  t.same(
    log.latest('slow', 9).map((entry) => entry.id),
    [3],
  );
  t.equal(log.length('large-reply'), 0);
});

t.test('COMMANDLOG tells large requests and replies by their size on the wire', async (t) => {
  const { call } = await startServer(t, {
    config: { 'commandlog-request-larger-than': '30', 'commandlog-reply-larger-than': '7' },
  });
  await call('SET', 'foo', 'bar');
  await call('SET', 'a', '1');
  await call('GET', 'a');
  const requests = await call('COMMANDLOG', 'GET', '1', 'large-request');
  t.match(requests, [[0, Number, 31, ['SET', 'foo', 'bar'], /^127/, '']]);
  const replies = await call('COMMANDLOG', 'GET', '-1', 'large-reply');
  t.match((replies as unknown[]).at(-1), [0, Number, 7, ['GET', 'a']]);
});

t.test('SLOWLOG leaves out what commands hide, and passwords', async (t) => {
  const { call } = await startServer(t, { config: { 'slowlog-log-slower-than': '0' } });
  await call('CONFIG', 'SET', 'primaryauth', 'secret', 'hz', '10');
  t.match(await call('SLOWLOG', 'GET'), [
    [0, Number, 0, ['CONFIG', 'SET', 'primaryauth', '(redacted)', 'hz', '10']],
  ]);
  t.equal(await call('SLOWLOG', 'LEN'), 2);
  t.equal(await call('SLOWLOG', 'RESET'), 'OK');
  t.equal(await call('SLOWLOG', 'LEN'), 1);
});

t.test('SLOWLOG shows a request that waited as it was sent', async (t) => {
  const { call, clock } = await startServer(t, { config: { 'slowlog-log-slower-than': '0' } });
  await call('XADD', 's', '1-1', 'f', 'v');
  const sent = ['XREAD', 'BLOCK', '10', 'STREAMS', 's', '$'];
  const timedOut = call(...sent);
  await clock.advance(11);
  t.equal(await timedOut, null);
  t.match(await call('SLOWLOG', 'GET', '1'), [[1, Number, 0, sent]]);
});

t.test('SLOWLOG shows how a new world of Lua asks for its setting', async (t) => {
  const { call } = await startServer(t, {
    config: { 'slowlog-log-slower-than': '0', 'commandlog-reply-larger-than': '42' },
  });
  const asked = ['CONFIG', 'GET', 'lua-enable-insecure-api'];
  await call('FUNCTION', 'FLUSH');
  const flushed = [1, Number, 0, ['FUNCTION', 'FLUSH'], /^127/, ''];
  t.match(await call('SLOWLOG', 'GET'), [flushed, [0, Number, 0, asked, '', '']]);
  const replies = await call('COMMANDLOG', 'GET', '-1', 'large-reply');
  t.match((replies as unknown[]).at(-1), [0, Number, 42, asked]);
});

t.test('a command log of no length numbers no calls', async (t) => {
  const { call } = await startServer(t, {
    config: { 'slowlog-log-slower-than': '0', 'slowlog-max-len': '0' },
  });
  await call('PING');
  await call('CONFIG', 'SET', 'slowlog-max-len', '10');
  t.match(await call('SLOWLOG', 'GET'), [[0, Number, 0, ['CONFIG', 'SET', String, '10']]]);
});

t.test('COMMANDLOG and SLOWLOG refuse counts and kinds that are none', async (t) => {
  const { call } = await startServer(t);
  const badCount = 'ERR count should be greater than or equal to -1';
  const badKind = 'ERR type should be one of the following: slow, large-request, large-reply';
  t.equal(await refusalOf(call('SLOWLOG', 'GET', '-2')), badCount);
  t.equal(await refusalOf(call('SLOWLOG', 'GET', 'x')), badCount);
  t.equal(await refusalOf(call('COMMANDLOG', 'GET', 'x', 'slow')), badCount);
  t.equal(await refusalOf(call('COMMANDLOG', 'LEN', 'fast')), badKind);
  t.equal(
    await refusalOf(call('SLOWLOG', 'GET', '1', '2')),
    "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.",
  );
});

t.test(
  'LATENCY HISTOGRAM tells of the commands named, of a container its subcommands',
  async (t) => {
    const { call } = await startServer(t);
    await call('PING');
    await call('CONFIG', 'RESETSTAT');
    await call('PING');
    await call('PING');
    const once = ['calls', 1, 'histogram_usec', [1, 1]];
    const twice = ['calls', 2, 'histogram_usec', [1, 2]];
    t.same(await call('LATENCY', 'HISTOGRAM', 'PING', 'nosuch', 'get'), ['ping', twice]);
    t.same(await call('LATENCY', 'HISTOGRAM', 'config'), ['config|resetstat', once]);
  },
);

t.test('LATENCY tells of events, and of none', async (t) => {
  const { call, server } = await startServer(t, { config: { 'latency-monitor-threshold': '5' } });
  t.same(await call('LATENCY', 'LATEST'), []);
  t.match(await call('LATENCY', 'DOCTOR'), /^No latency spike/);
  t.equal(
    await refusalOf(call('LATENCY', 'GRAPH', 'fork')),
    "ERR No samples available for event 'fork'",
  );
  server.engine.latency.note('fork', 7.5);
  t.same(await call('LATENCY', 'LATEST'), [['fork', 1_700_000_000, 7, 7, 7, 1]]);
  t.same(await call('LATENCY', 'HISTORY', 'fork'), [[1_700_000_000, 7]]);
  t.match(await call('LATENCY', 'DOCTOR'), /1\. fork: 1 latency spikes \(average 7ms/);
  t.equal(await call('LATENCY', 'RESET', 'fork', 'fork'), 1);
});
