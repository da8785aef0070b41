import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { readCommandLine } from '../../server/command-line.js';
import { Config } from '../../server/config.js';
import { loadConfiguration } from '../../server/config-file.js';
import { rewriteConfigFile, rewrittenText } from '../../server/config-rewrite.js';
import { quoted, splitWords } from '../../server/config-table/quoting.js';

const SOURCES = { version: '9.1.2', readStdin: () => '' };

/** Settings as `lines` in a file make them. */
function loaded(t: Test, lines: string, args: readonly string[] = []): Config {
  const directory = t.testdir({ 'valkey.conf': lines });
  const config = new Config(directory);
  loadConfiguration(config, [join(directory, 'valkey.conf'), ...args], SOURCES);
  return config;
}

t.test('splitWords reads quotes and escapes as they are in a file', async (t) => {
  t.same(splitWords('  save  900\t1 '), ['save', '900', '1']);
  t.same(splitWords(String.raw`"a\n\r\t\b\a\x41\q\"\x4" 'a\'b\n' ab"c d"e ""`), [
    'a\n\r\t\b\x07Aq"x4',
    "a'b\\n",
    'abc de',
    '',
  ]);
  t.equal(splitWords('a "b'), null);
  t.equal(splitWords("a 'b\\'"), null);
  const odd = '\x00 "\\\n\r\t\b\x07\x7f\xff\'';
  t.same(splitWords(quoted(odd)), [odd]);
});

t.test('quoted writes any bytes so that splitWords reads them back', async () => {
  const bytes = fc.uint8Array().map((array) => Buffer.from(array).toString('latin1'));
  fc.assert(
    fc.property(fc.array(bytes), (words) => {
      const read = splitWords(words.map(quoted).join(' '));
      return JSON.stringify(read) === JSON.stringify(words);
    }),
  );
});

t.test('the command line names a file, standard input and lines', async (t) => {
  t.same(readCommandLine([]), { file: undefined, stdin: false, lines: '' });
  t.same(readCommandLine(['my.conf', '--port', '0', '--bind', '127.0.0.1', '::1', '-']), {
    file: 'my.conf',
    stdin: true,
    lines: 'port "0" \nbind "127.0.0.1" "::1" ',
  });
  t.equal(
    readCommandLine(['my.conf', 'timeout', '5', '--hz', '9']).lines,
    '"timeout" "5" \nhz "9" ',
  );
  t.same(readCommandLine(['-', '--save', '--loglevel verbose', '--x', '--y', '--save']), {
    file: undefined,
    stdin: true,
    lines: 'save "" \nloglevel verbose \nx "--y" \nsave "" ',
  });
});

t.test('later lines win, and only lines of save add up', async (t) => {
  const config = loaded(t, 'TIMEOUT 5\ntimeout 6\nsave 900 1\nsave 300 10\n', [
    '--save',
    '60',
    '5',
  ]);
  t.equal(config.values.timeout, 6);
  t.equal(config.text('save'), '900 1 300 10 60 5');
  t.equal(loaded(t, 'save 1 2\nsave ""\nsave 3 4\n').text('save'), '3 4');
});

t.test('include reads other files in place, and every file that fits a glob', async (t) => {
  const directory = t.testdir({
    'a.conf': 'timeout 1\nhz 20\n',
    'b.conf': 'timeout 2\n',
    '.hidden.conf': 'timeout 3\n',
    'circle.conf': '',
  });
  const config = new Config(directory);
  const load = (text: string) =>
    loadConfiguration(config, ['-'], { ...SOURCES, readStdin: () => text });
  load(`timeout 9\ninclude ${directory}/*[ab].conf\ninclude ${directory}/none*\n`);
  t.equal(config.values.timeout, 2);
  t.equal(config.values.hz, 20);
  load(`timeout 8\ndir ${directory}\ninclude b.conf\n`);
  t.equal(config.values.timeout, 2, 'a relative name starts at dir');
  t.throws(() => load(`include ${directory}/none`), {
    name: 'UnreadableConfigFile',
    message: `Fatal error, can't open config file '${directory}/none': No such file or directory`,
  });
  writeFileSync(`${directory}/circle.conf`, `include ${directory}/circle.conf`);
  t.throws(() => load(`include ${directory}/circle.conf`), /Too many files include one another/);
});

t.test('users, renamed commands and modules are handed on, and may be refused', async (t) => {
  const lines = 'rename-command GET ""\nuser ann on "+@all"\nloadmodule /x.so 1\n';
  const config = new Config();
  const seen = loadConfiguration(config, ['-'], { ...SOURCES, readStdin: () => lines });
  t.same(seen.directives, {
    'rename-command': [['GET', '']],
    user: [['ann', 'on', '+@all']],
    loadmodule: [['/x.so', '1']],
  });
  const refuse = () => 'No such command in rename-command';
  t.throws(
    () => loadConfiguration(config, ['-'], { ...SOURCES, readStdin: () => lines, refuse }),
    /at line 1\n>>> 'rename-command GET ""'\nNo such command in rename-command\n$/,
  );
});

t.test('a rewrite keeps comments and order, and puts what is new at the end', async (t) => {
  const before = [
    '# a comment',
    'port 7000',
    '',
    'slowlog-max-len 5',
    'timeout 3',
    'timeout 4',
    'save 900 1',
    'save 300 10',
    'requirepass "a"',
    'rename-command flushall ""',
    'user ann on',
    'no-such-thing 1',
    'hz 10',
    '',
  ].join('\n');
  const config = loaded(t, before.replace('no-such-thing 1\n', ''));
  config.set([
    ['timeout', '8'],
    ['requirepass', ''],
    ['maxmemory', '100mb'],
    ['client-output-buffer-limit', 'replica 1gb 1mb 5'],
  ]);
  const users = ['ann off', 'default on nopass'];
  const lines = rewrittenText(before, config, { users }).split('\n');
  t.same(lines.slice(0, 14), [
    '# a comment',
    'port 7000',
    '',
    'commandlog-slow-execution-max-len 5',
    'timeout 8',
    '',
    'save 900 1 300 10',
    '',
    'rename-command flushall ""',
    'user ann off',
    '# ??? no-such-thing 1',
    'hz 10',
    '',
    '# Generated by CONFIG REWRITE',
  ]);
  t.same(lines.slice(14).sort(), [
    '',
    'client-output-buffer-limit replica 1gb 1mb 5',
    `dir "${config.values.dir}"`,
    'latency-tracking-info-percentiles 50 99 99.9',
    'maxmemory 100mb',
    'user default on nopass',
  ]);
});

t.test('a rewrite that fails leaves the file and no other', async (t) => {
  const directory = t.testdir({ 'valkey.conf': { 'a-folder': '' } });
  t.throws(() => rewriteConfigFile(`${directory}/valkey.conf`, new Config()), { code: 'EISDIR' });
  t.equal(existsSync(`${directory}/valkey.conf/a-folder`), true);
  rewriteConfigFile(`${directory}/new.conf`, new Config(directory));
  t.match(readFileSync(`${directory}/new.conf`, 'latin1'), /^# Generated by CONFIG REWRITE\n/);
});
