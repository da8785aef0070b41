import { existsSync, readFileSync, renameSync } from 'node:fs';
import t from 'tap';
import { Log, type LogSettings, logFile } from '../../server/log.js';

// Offsets from UTC would otherwise follow the machine.
process.env.TZ = 'UTC';

const AT_MS = Date.UTC(2026, 10, 2, 3, 4, 5, 67);

interface Changeable {
  loglevel: LogSettings['loglevel'];
  logFormat: LogSettings['logFormat'];
  logTimestampFormat: LogSettings['logTimestampFormat'];
}

function startLog(role: 'primary' | 'replica' | 'child' | 'sentinel' = 'primary') {
  const lines: string[] = [];
  const settings: Changeable = {
    loglevel: 'notice',
    logFormat: 'legacy',
    logTimestampFormat: 'legacy',
  };
  const sink = { write: (line: string) => lines.push(line) };
  const log = new Log({ settings, now: () => AT_MS, role: () => role, pid: 42, sink });
  return { log, lines, settings };
}

t.test('a legacy line has process, role, time and a mark for the level', async (t) => {
  const { log, lines, settings } = startLog();
  settings.loglevel = 'debug';
  log.refresh();
  log.debug('one');
  log.verbose('two');
  log.notice('three %s %d');
  log.warning('four');
  t.same(lines, [
    '42:M 02 Nov 2026 03:04:05.067 . one\n',
    '42:M 02 Nov 2026 03:04:05.067 - two\n',
    '42:M 02 Nov 2026 03:04:05.067 * three %s %d\n',
    '42:M 02 Nov 2026 03:04:05.067 # four\n',
  ]);
});

t.test('each role has its letter and its word', async (t) => {
  for (const [role, letter, word] of [
    ['primary', 'M', 'primary'],
    ['replica', 'S', 'replica'],
    ['child', 'C', 'RDB/AOF'],
    ['sentinel', 'X', 'sentinel'],
  ] as const) {
    const { log, lines, settings } = startLog(role);
    settings.logTimestampFormat = 'milliseconds';
    log.notice('x');
    settings.logFormat = 'logfmt';
    log.notice('x');
    t.same(lines, [
      `42:${letter} ${AT_MS} * x\n`,
      `pid=42 role=${word} timestamp="${AT_MS}" level=notice message="x"\n`,
    ]);
  }
});

t.test('times follow log-timestamp-format', async (t) => {
  const { log, lines, settings } = startLog();
  settings.logTimestampFormat = 'iso8601';
  log.notice('x');
  t.same(lines, ['42:M 2026-11-02T03:04:05.067+00:00 * x\n']);
});

t.test('logfmt and json lines stay one line whatever the message', async (t) => {
  const { log, lines, settings } = startLog();
  settings.loglevel = 'verbose';
  log.refresh();
  settings.logFormat = 'logfmt';
  log.verbose('a "b"\r\n\\c');
  settings.logFormat = 'json';
  log.verbose('a "b"\r\n\\c\x01é');
  t.same(lines, [
    `pid=42 role=primary timestamp="02 Nov 2026 03:04:05.067" level=info message="a 'b'  \\c"\n`,
    '{"pid":42,"role":"primary","timestamp":"02 Nov 2026 03:04:05.067","level":"info",' +
      '"message":"a \\"b\\"\\r\\n\\\\c\\u0001é"}\n',
  ]);
});

t.test('loglevel decides what is written, but for signals', async (t) => {
  const { log, lines, settings } = startLog();
  log.verbose('hidden');
  t.equal(log.says('verbose'), false);
  log.raw('the logo');
  settings.loglevel = 'nothing';
  log.refresh();
  log.warning('hidden');
  log.raw('hidden');
  log.signal('Received SIGTERM scheduling shutdown...');
  t.same(lines, [
    'the logo\n',
    '42:signal-handler (1793588645) Received SIGTERM scheduling shutdown...\n',
  ]);
});

t.test('a long message is cut to 1023 bytes', async (t) => {
  const { log, lines } = startLog();
  log.notice('é'.repeat(600));
  log.notice(`a${'é'.repeat(600)}`);
  t.same(lines, [
    `42:M 02 Nov 2026 03:04:05.067 * ${'é'.repeat(511)}\n`,
    `42:M 02 Nov 2026 03:04:05.067 * a${'é'.repeat(511)}\n`,
  ]);
});

t.test('a log file that was moved away is made anew', async (t) => {
  const path = `${t.testdir({})}/server.log`;
  const sink = logFile(path);
  sink.write('one\n');
  renameSync(path, `${path}.1`);
  sink.write('two\n');
  t.equal(readFileSync(path, 'utf8'), 'two\n');
  t.equal(readFileSync(`${path}.1`, 'utf8'), 'one\n');
  t.equal(existsSync(path), true);
  t.doesNotThrow(() => logFile('/nonexistent/server.log').write('lost\n'));
});
