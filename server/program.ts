/** A run of the program, from its arguments to the last signal. */
import { randomBytes } from 'node:crypto';
import { SystemClock } from '../datatypes/clock.js';
import { byteString } from '../protocol/bytes.js';
import { startInBackground, takeBackgroundMark } from './background.js';
import { banner } from './banner.js';
import { readCommandLine } from './command-line.js';
import { CommandTable } from './command-table.js';
import { COMMANDS } from './commands/index.js';
import { Config } from './config.js';
import { FatalConfigError, loadConfiguration, UnreadableConfigFile } from './config-file.js';
import type { ConfigValues } from './config-table.js';
import { Crashes } from './crashes.js';
import { filePath } from './file-path.js';
import { LoadFailure } from './loading.js';
import { Log, logFile, standardOutput } from './log.js';
import { OomScore } from './oom-score.js';
import { openPorts, StartRefused } from './open-ports.js';
import { pidFilePath, removePidFile, writePidFile } from './pid-file.js';
import { followTitleTemplate } from './process-title.js';
import { Server } from './server.js';
import { obeySignals } from './signals.js';
import { fitClients, openFileLimit, warnOfIdleSettings } from './startup-checks.js';
import { COMMIT, VERSION } from './version.js';

/** Where Linux keeps how readily it ends this process for want of memory. */
const OOM_SCORE_FILE = '/proc/self/oom_score_adj';

/** What a program is started with. */
export interface Invocation {
  /** The path of the script. */
  readonly script: string;
  /** The arguments behind it. */
  readonly args: readonly string[];
}

/** Starts what the arguments describe. Ends the process with 1 when that cannot be. */
export async function run(invocation: Invocation): Promise<void> {
  const args = invocation.args.map(byteString);
  const stdin = readCommandLine(args).stdin ? await readStandardInput() : undefined;
  const isBackground = takeBackgroundMark(process.env);
  const directory = process.cwd();
  const config = new Config();
  const commands = new CommandTable(COMMANDS);
  try {
    loadConfiguration(config, args, {
      version: VERSION,
      readStdin: () => stdin ?? '',
      refuse: (directive, [from = '', to = '']) =>
        directive === 'rename-command' ? commands.rename(from, to) : undefined,
    });
  } catch (error) {
    giveUpOver(error, config);
    return;
  }
  if (config.values.daemonize && !isBackground) {
    const command = [invocation.script, ...invocation.args];
    await startInBackground({ command, stdin, directory });
    return;
  }
  await serve(config, {
    commands,
    title: byteString(invocation.script),
    isBare: args.length === 0,
    readStdin: stdin !== undefined,
  });
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

function giveUpOver(error: unknown, config: Config): void {
  process.exitCode = 1;
  if (error instanceof FatalConfigError) {
    process.stderr.write(Buffer.from(error.message, 'latin1'));
  } else if (error instanceof UnreadableConfigFile) {
    makeLog(config.values, new SystemClock()).warning(error.message);
  } else {
    throw error;
  }
}

function makeLog(values: ConfigValues, clock: SystemClock): Log {
  return new Log({
    settings: values,
    now: () => Math.floor(clock.nowMicros() / 1000),
    role: () => 'primary',
    pid: process.pid,
    sink: values.logfile === '' ? standardOutput() : logFile(filePath(values, values.logfile)),
  });
}

/** How the program was started. */
interface Start {
  readonly commands: CommandTable;
  /** The path of the script, a byte string. */
  readonly title: string;
  /** Nothing was configured. */
  readonly isBare: boolean;
  /** Settings came from standard input. */
  readonly readStdin: boolean;
}

async function serve(config: Config, start: Start): Promise<void> {
  const { commands, title, isBare, readStdin } = start;
  const { values } = config;
  const clock = new SystemClock();
  const log = makeLog(values, clock);
  config.onChange('loglevel', () => log.refresh());
  const crashes = new Crashes(log, values);
  crashes.followErrors();
  greet(log, isBare, readStdin);
  warnOfIdleSettings(config, log);
  const refused = fitClients(config, openFileLimit(), log);
  if (refused !== undefined) {
    log.warning(refused);
    process.exitCode = 1;
    return;
  }
  const server = new Server({ config, clock, log, commands, seed: randomBytes(4).readUInt32LE() });
  crashes.follow(server);
  server.shutdown.end = (exitCode) => process.exit(exitCode);
  obeySignals(server, log);
  const pidFile = pidFilePath(values);
  if (pidFile !== undefined) keepPidFile(server, filePath(values, pidFile));
  followTitleTemplate({ title, config }, (text) => {
    process.title = text;
  });
  introduce(values, log);
  const oomScore = new OomScore({ config, log, path: OOM_SCORE_FILE, isReplica: () => false });
  await open(server);
  oomScore.apply();
}

/** The lines before anything is done. */
function greet(log: Log, isBare: boolean, readStdin: boolean): void {
  if (readStdin) log.notice('Reading config from stdin');
  log.notice('oO0OoO0OoO0Oo Valkey is starting oO0OoO0OoO0Oo');
  log.notice(
    `Valkey version=${VERSION}, bits=64, commit=${COMMIT}, modified=0, pid=${process.pid}, just started`,
  );
  if (isBare) {
    log.warning(
      'Warning: No config file specified, using the default config. ' +
        'In order to specify a config file use valkey-ts /path/to/valkey.conf',
    );
  } else {
    log.notice('Configuration loaded');
  }
}

/** The banner, for eyes at a terminal and for those who want it always; otherwise a line. */
function introduce(values: ConfigValues, log: Log): void {
  const mode = values.clusterEnabled ? 'cluster' : 'standalone';
  const isWatched = values.logfile === '' && process.stdout.isTTY;
  if (isWatched || values.alwaysShowLogo) {
    log.raw(banner({ port: values.port, pid: process.pid, mode }));
  } else {
    log.notice(`Running mode=${mode}, port=${values.port}.`);
  }
}

function keepPidFile(server: Server, path: string): void {
  writePidFile(path, process.pid, server.log);
  server.shutdown.tidy.push(() => removePidFile(path, server.log));
}

async function open(server: Server): Promise<void> {
  try {
    const kinds = await openPorts(server);
    server.log.notice('Server initialized');
    await server.appendOnly.begin();
    for (const kind of kinds) server.log.notice(`Ready to accept connections ${kind}`);
  } catch (error) {
    if (error instanceof StartRefused) server.log.warning(error.message);
    else if (!(error instanceof LoadFailure)) throw error;
    process.exit(1);
  }
}
