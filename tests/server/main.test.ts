/** The command line, from the outside: what scripts and service managers see. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { freePort, type Program, startProgram, temporaryFolder } from '../helpers/program.js';
import { connect } from '../helpers/wire.js';

const READY = 'Ready to accept connections tcp';

/** The log's messages: what stands behind pid, role, time and level. */
function messages(log: string): string[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\d+:[A-Z] \d\d \w{3} \d{4} [\d:.]+ [.\-*#] /, ''));
}

async function started(t: Tap, args: readonly string[] = [], input?: string) {
  const port = await freePort();
  const program = startProgram(t, ['--port', `${port}`, '--save', '', ...args], input);
  await program.says(READY);
  return { program, port };
}

type Tap = Parameters<typeof startProgram>[0];

/** The program's own way of ending: a signal, and what it logs from there on. */
async function endBy(program: Program, signal: NodeJS.Signals): Promise<string[]> {
  const before = program.stdout().length;
  program.process.kill(signal);
  const { stdout } = await program.ended();
  return messages(stdout.slice(before));
}

async function eventually(holds: () => boolean, what: string): Promise<void> {
  const giveUpAtMs = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > giveUpAtMs) throw new Error(`It never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

t.test('--version prints the line that tools read the version from', async (t) => {
  for (const option of ['-v', '--version']) {
    const { code, stdout } = await startProgram(t, [option]).ended();
    t.equal(code, 0);
    t.match(stdout, /^Valkey server v=9\.1\.2 sha=\w{8}:0 malloc=\S+ bits=64 build=\w{16}\n$/);
  }
});

t.test('--help prints how to start it', async (t) => {
  const { code, stdout } = await startProgram(t, ['--help']).ended();
  t.equal(code, 0);
  t.match(stdout, /^Usage: valkey-ts \[\/path\/to\/valkey\.conf\]/);
  t.match(stdout, 'valkey-ts --port 7777');
});

t.test('--check-system says that it cannot, and ends with 1', async (t) => {
  const { code, stderr } = await startProgram(t, ['--check-system']).ended();
  t.equal(code, 1);
  t.match(stderr, '--check-system is left to the real server');
});

t.test('a wrong setting ends it with 1, and the line on standard error', async (t) => {
  const { code, stdout, stderr } = await startProgram(t, ['--port', 'ten']).ended();
  t.equal(code, 1);
  t.equal(stdout, '');
  t.equal(
    stderr,
    '\n*** FATAL CONFIG FILE ERROR (Version 9.1.2) ***\n' +
      'Reading the configuration file, at line 2\n' +
      `>>> 'port "ten"'\n` +
      "argument couldn't be parsed into an integer\n",
  );
});

t.test('a file that is not there ends it with 1', async (t) => {
  const { code, stdout } = await startProgram(t, ['/none/valkey.conf']).ended();
  t.equal(code, 1);
  t.same(messages(stdout), [
    "Fatal error, can't open config file '/none/valkey.conf': No such file or directory",
  ]);
});

t.test('a log file that cannot be written ends it with 1', async (t) => {
  const { code, stderr } = await startProgram(t, ['--logfile', '/none/log']).ended();
  t.equal(code, 1);
  t.match(stderr, "Can't open the log file: No such file or directory");
});

t.test('the log tells the start, step by step', async (t) => {
  const { program, port } = await started(t);
  t.same(messages(program.stdout()), [
    'oO0OoO0OoO0Oo Valkey is starting oO0OoO0OoO0Oo',
    `Valkey version=9.1.2, bits=64, commit=00000000, modified=0, pid=${program.process.pid}, just started`,
    'Configuration loaded',
    `Running mode=standalone, port=${port}.`,
    'Server initialized',
    READY,
  ]);
});

t.test('the logo names port and pid', async (t) => {
  const { program, port } = await started(t, ['--always-show-logo', 'yes']);
  t.match(program.stdout(), ` Port: ${port}\n`);
  t.match(program.stdout(), ` PID: ${program.process.pid}\n`);
});

t.test('settings come from a file, then standard input, then the command line', async (t) => {
  const file = join(temporaryFolder(t), 'valkey.conf');
  const port = await freePort();
  writeFileSync(file, 'maxclients 100\ntimeout 100\nhz 100\nsave ""\n');
  const program = startProgram(
    t,
    [file, '--timeout', '300', '--port', `${port}`, '-'],
    'timeout 200\nhz 200\nalways-show-logo yes\n',
  );
  await program.says(READY);
  t.match(messages(program.stdout())[0], 'Reading config from stdin');
  t.match(program.stdout(), ` Port: ${port}\n`);
});

t.test('without arguments it warns that it has no configuration file', async (t) => {
  const program = startProgram(t, []);
  await program.says('just started');
  await program.says('Warning: No config file specified, using the default config.');
});

t.test('SIGTERM ends it with 0 and a farewell', async (t) => {
  const { program } = await started(t);
  const [signal, ...rest] = await endBy(program, 'SIGTERM');
  t.match(signal, /^\d+:signal-handler \(\d+\) Received SIGTERM scheduling shutdown\.\.\.$/);
  t.same(rest, ['User requested shutdown...', 'Valkey is now ready to exit, bye bye...']);
  t.equal(program.process.exitCode, 0);
});

t.test('SIGINT ends it as SIGTERM does', async (t) => {
  const { program } = await started(t);
  const [signal, ...rest] = await endBy(program, 'SIGINT');
  t.match(signal, 'Received SIGINT scheduling shutdown...');
  t.same(rest, ['User requested shutdown...', 'Valkey is now ready to exit, bye bye...']);
  t.equal(program.process.exitCode, 0);
});

t.test('SIGHUP does nothing', async (t) => {
  const { program, port } = await started(t);
  program.process.kill('SIGHUP');
  const wire = await connect(port);
  t.teardown(() => wire.close());
  t.equal(`${await wire.send(['PING'])}`, '+PONG\r\n');
  t.equal(program.process.signalCode, null);
});

t.test('SHUTDOWN ends it, and names who asked', async (t) => {
  const { program, port } = await started(t);
  const wire = await connect(port);
  t.teardown(() => wire.close());
  const reply = wire.send(['SHUTDOWN', 'NOSAVE']);
  await t.rejects(reply);
  const { code, stdout } = await program.ended();
  t.equal(code, 0);
  t.match(stdout, /User requested shutdown\.\.\. \(user request from 'id=\d+ addr=127\.0\.0\.1:/);
});

t.test('SHUTDOWN ABORT takes a signal back', async (t) => {
  const { program, port } = await started(t);
  const wire = await connect(port);
  t.teardown(() => wire.close());
  t.equal(`${await wire.send(['SHUTDOWN', 'ABORT'])}`, '-ERR No shutdown in progress.\r\n');
  program.process.kill('SIGTERM');
  await program.says('Received SIGTERM');
  t.equal(`${await wire.send(['SHUTDOWN', 'ABORT'])}`, '+OK\r\n');
  t.match(program.stdout(), 'Shutdown manually aborted.');
});

t.test('a port in use ends it with 1', async (t) => {
  const { port } = await started(t);
  const { code, stdout } = await startProgram(t, ['--port', `${port}`]).ended();
  t.equal(code, 1);
  t.same(messages(stdout).slice(-2), [
    `Warning: Could not create server TCP listening socket *:${port}: bind: Address already in use`,
    `Failed listening on port ${port} (tcp), aborting.`,
  ]);
});

t.test('an address of bind that is not here matters unless it begins with a minus', async (t) => {
  const port = `${await freePort()}`;
  const bind = ['--port', port, '--bind', '127.0.0.1'];
  const strict = await startProgram(t, [...bind, '192.0.2.1']).ended();
  t.equal(strict.code, 1);
  t.match(strict.stdout, `192.0.2.1:${port}: bind: Cannot assign requested address`);
  await startProgram(t, [...bind, '-192.0.2.1']).says(READY);
});

t.test('nothing to listen on ends it with 1', async (t) => {
  const { code, stdout } = await startProgram(t, ['--port', '0']).ended();
  t.equal(code, 1);
  t.equal(messages(stdout).at(-1), 'Configured to not listen anywhere, exiting.');
});

t.test(
  'a port with no address to bind is no reason to end while a Unix socket serves',
  async (t) => {
    const noAddress = ['--port', `${await freePort()}`, '--bind', '', '--save', ''];
    const { code, stdout } = await startProgram(t, noAddress).ended();
    t.equal(code, 1);
    t.equal(messages(stdout).at(-1), 'Configured to not listen anywhere, exiting.');
    const path = join(temporaryFolder(t), 'valkey.sock');
    await startProgram(t, [...noAddress, '--unixsocket', path]).says(
      'Ready to accept connections tcp',
    );
    const wire = await connect(path);
    t.teardown(() => wire.close());
    t.equal(`${await wire.send(['CONFIG', 'GET', 'bind'])}`, '*2\r\n$4\r\nbind\r\n$0\r\n\r\n');
  },
);

t.test('a Unix socket serves, with its permissions, and goes with the server', async (t) => {
  const path = join(temporaryFolder(t), 'valkey.sock');
  const socket = ['--unixsocket', path, '--unixsocketperm', '700'];
  const program = startProgram(t, ['--port', '0', '--save', '', ...socket]);
  await program.says('Ready to accept connections unix');
  t.equal(statSync(path).mode & 0o777, 0o700);
  const wire = await connect(path);
  t.equal(`${await wire.send(['PING'])}`, '+PONG\r\n');
  wire.close();
  const log = await endBy(program, 'SIGTERM');
  t.ok(log.includes('Removing the unix socket file.'));
  t.notOk(existsSync(path));
});

t.test('a Unix socket that a crash left behind is replaced', async (t) => {
  const path = join(temporaryFolder(t), 'valkey.sock');
  const args = ['--port', '0', '--save', '', '--unixsocket', path];
  const first = startProgram(t, args);
  await first.says('Ready to accept connections unix');
  first.process.kill('SIGKILL');
  await first.ended();
  t.ok(existsSync(path));
  await startProgram(t, args).says('Ready to accept connections unix');
});

t.test('pidfile is written at the start and removed at the end', async (t) => {
  const path = join(temporaryFolder(t), 'valkey.pid');
  const { program } = await started(t, ['--pidfile', path]);
  t.equal(readFileSync(path, 'utf8'), `${program.process.pid}\n`);
  const log = await endBy(program, 'SIGTERM');
  t.ok(log.includes('Removing the pid file.'));
  t.notOk(existsSync(path));
});

t.test('a pid file that cannot be written is no reason not to start', async (t) => {
  const { program } = await started(t, ['--pidfile', '/none/valkey.pid']);
  t.match(program.stdout(), 'Failed to write PID file: No such file or directory');
});

t.test('log lines follow log-format, loglevel and logfile', async (t) => {
  const json = await started(t, ['--log-format', 'json']);
  const first = JSON.parse(json.program.stdout().split('\n')[0] ?? '');
  t.equal(first.pid, json.program.process.pid);
  t.equal(first.message, 'oO0OoO0OoO0Oo Valkey is starting oO0OoO0OoO0Oo');

  const folder = temporaryFolder(t);
  const port = `${await freePort()}`;
  const quiet = startProgram(t, ['--dir', folder, '--logfile', 'a.log', '--port', port]);
  await eventually(
    () =>
      existsSync(join(folder, 'a.log')) &&
      readFileSync(join(folder, 'a.log'), 'utf8').includes(READY),
    'the log file holds all of the start',
  );
  t.equal(quiet.stdout(), '');
});

t.test(
  'daemonize: the parent ends with 0 at once, the server goes on with its files',
  async (t) => {
    const folder = temporaryFolder(t);
    const [log, pidFile] = [join(folder, 'd.log'), join(folder, 'd.pid')];
    const port = await freePort();
    const parent = startProgram(
      t,
      ['--daemonize', 'yes', '--dir', folder, '--logfile', 'd.log', '--pidfile', 'd.pid', '-'],
      `port ${port}\nsave ""\n`,
    );
    // `ended` also waits for its output to be closed: the server must not hold on to it.
    t.equal((await parent.ended()).code, 0);
    await eventually(
      () => existsSync(log) && readFileSync(log, 'utf8').includes(READY),
      'the server in the background is ready',
    );
    const pid = Number(readFileSync(pidFile, 'utf8'));
    t.teardown(() => killIfAlive(pid));
    t.not(pid, parent.process.pid);
    const wire = await connect(port);
    t.equal(`${await wire.send(['PING'])}`, '+PONG\r\n');
    await t.rejects(wire.send(['SHUTDOWN']));
    await eventually(() => !existsSync(pidFile), 'the pid file is gone');
    t.match(readFileSync(log, 'utf8'), 'bye bye...');
  },
);

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, as it should.
  }
}

t.test('twenty servers that start at the same time are all ready within 20 seconds', async (t) => {
  const beganAtMs = performance.now();
  const servers = await Promise.all(Array.from({ length: 20 }, () => started(t)));
  const tookMs = performance.now() - beganAtMs;
  t.equal(new Set(servers.map(({ port }) => port)).size, 20);
  t.comment(`all ready after ${Math.round(tookMs)} ms`);
  t.ok(tookMs < 20_000, `it took ${Math.round(tookMs)} ms`);
});

t.test('a server that a test started ends when the test is killed', async (t) => {
  const port = await freePort();
  const helper = new URL('../helpers/program.js', import.meta.url).href;
  const script = `import { startProgram } from '${helper}';
    const program = startProgram({ teardown() {} }, ['--port', '${port}', '--save', '']);
    await program.says('${READY}');
    console.log(program.process.pid);`;
  const test = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const [pid] = await once(test.stdout, 'data');
  const wire = await connect(port);
  t.equal(`${await wire.send(['PING'])}`, '+PONG\r\n');
  test.kill('SIGKILL');
  await wire.closed();
  await eventually(() => !isAlive(Number(pid)), 'the server has ended');
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What the system shows as the command line of a process: its title, once one is set. */
function titleOf({ process: child }: Program): string {
  const shown = readFileSync(`/proc/${child.pid}/cmdline`, 'latin1');
  return (shown.split('\0')[0] ?? '').trimEnd();
}

/** Sends CONFIG SET for one parameter; resolves with the raw reply. */
async function configSet(port: number, name: string, value: string): Promise<string> {
  const wire = await connect(port);
  const reply = await wire.send(['CONFIG', 'SET', name, value]);
  wire.close();
  return reply.toString();
}

t.test('the title of the process follows proc-title-template', async (t) => {
  const { program, port } = await started(t, ['--proc-title-template', 'db {listen-addr}']);
  t.equal(titleOf(program), `db *:${port}`);
  await configSet(port, 'proc-title-template', '{tls-port} {port} {server-mode} ');
  t.equal(titleOf(program), `0 ${port}`);
  await configSet(port, 'bind', '127.0.0.1');
  await configSet(port, 'proc-title-template', '{listen-addr}');
  t.equal(titleOf(program), `127.0.0.1:${port}`);
});

t.test('a template that would leave the title empty is refused', async (t) => {
  const { program, port } = await started(t, ['--proc-title-template', 'db']);
  t.equal(
    await configSet(port, 'proc-title-template', '{server-mode}'),
    "-ERR CONFIG SET failed (possibly related to argument 'proc-title-template') - " +
      'template format is invalid or contains unknown variables\r\n',
  );
  t.equal(titleOf(program), 'db');
});

t.test('set-proc-title no leaves the title alone', async (t) => {
  const { program, port } = await started(t, ['--set-proc-title', 'no']);
  t.equal(await configSet(port, 'proc-title-template', 'db {port}'), '+OK\r\n');
  t.equal(titleOf(program), process.execPath);
});

t.test('oom-score-adj gives the process its score', async (t) => {
  const values = ['--oom-score-adj-values', '5 6 7'];
  const { program, port } = await started(t, ['--oom-score-adj', 'yes', ...values]);
  const score = () => Number(readFileSync(`/proc/${program.process.pid}/oom_score_adj`, 'latin1'));
  const base = Number(readFileSync('/proc/self/oom_score_adj', 'latin1'));
  await configSet(port, 'timeout', '0');
  t.equal(score(), base + 5);
  await configSet(port, 'oom-score-adj-values', '9 9 9');
  t.equal(score(), base + 9);
  await configSet(port, 'oom-score-adj', 'no');
  t.equal(score(), base);
});

t.test('rename-command has a command called by another name, or by none', async (t) => {
  const renames = ['--rename-command', 'FLUSHDB', 'Badger', '--rename-command', 'get', ''];
  const { port } = await started(t, renames);
  const wire = await connect(port);
  t.teardown(() => wire.close());
  t.match(`${await wire.send(['FLUSHDB'])}`, /^-ERR unknown command 'FLUSHDB'/);
  t.equal(`${await wire.send(['badger'])}`, '+OK\r\n');
  t.match(`${await wire.send(['GET', 'k'])}`, /^-ERR unknown command 'GET'/);
  t.match(`${await wire.send(['INFO', 'commandstats'])}`, /cmdstat_flushdb:calls=1,/);
});

t.test('rename-command refuses what is no command, and a name that is taken', async (t) => {
  const nobody = await startProgram(t, ['--rename-command', 'nobody', 'x']).ended();
  t.match(nobody.stderr, /\nNo such command in rename-command\n$/);
  const taken = await startProgram(t, ['--rename-command', 'get', 'SET']).ended();
  t.match(taken.stderr, /\nTarget command name already exists\n$/);
});

t.test('DEBUG SEGFAULT ends it by that signal, and the log has a report', async (t) => {
  const { program, port } = await started(t, ['--enable-debug-command', 'yes']);
  const wire = await connect(port);
  await wire.send(['CLIENT', 'SETNAME', 'secret']);
  await t.rejects(wire.send(['DEBUG', 'SEGFAULT']));
  const { signal, stdout } = await program.ended();
  t.equal(signal, 'SIGSEGV');
  t.match(stdout, '\n=== VALKEY BUG REPORT START');
  t.match(stdout, '# valkey 9.1.2 crashed by signal: 11\n');
  t.match(stdout, /\n------ STACK TRACE ------\n +at (Object\.)?segfault /);
  t.match(stdout, /\n------ INFO OUTPUT ------\n# Server\n/);
  t.match(stdout, /\n------ CLIENT LIST OUTPUT ------\nid=\d+ .* name=\*redacted\* /);
  t.match(stdout, '\n=== VALKEY BUG REPORT END.');
});

t.test('DEBUG PANIC and SIGABRT end it by SIGABRT', async (t) => {
  const debug = ['--enable-debug-command', 'yes'];
  const panic = await started(t, debug);
  const wire = await connect(panic.port);
  await t.rejects(wire.send(['DEBUG', 'PANIC']));
  const { signal, stdout } = await panic.program.ended();
  t.equal(signal, 'SIGABRT');
  t.match(stdout, 'Guru Meditation: DEBUG PANIC called');
  const { program } = await started(t);
  program.process.kill('SIGABRT');
  const ended = await program.ended();
  t.equal(ended.signal, 'SIGABRT');
  t.match(ended.stdout, '# valkey 9.1.2 crashed by signal: 6\n');
});

t.test('crash-log-enabled no leaves the report out', async (t) => {
  const { program, port } = await started(t, [
    ...['--enable-debug-command', 'yes'],
    ...['--crash-log-enabled', 'no'],
  ]);
  const wire = await connect(port);
  await t.rejects(wire.send(['DEBUG', 'SEGFAULT']));
  const { signal, stdout } = await program.ended();
  t.equal(signal, 'SIGSEGV');
  t.notMatch(stdout, 'crashed');
});

t.test('SIGALRM is logged, and the program goes on', async (t) => {
  const { program, port } = await started(t);
  program.process.kill('SIGALRM');
  await program.says(':signal-handler (');
  t.match(program.stdout(), /:signal-handler \(\d+\) Received SIGALRM\n/);
  const wire = await connect(port);
  t.teardown(() => wire.close());
  t.equal(`${await wire.send(['PING'])}`, '+PONG\r\n');
});
