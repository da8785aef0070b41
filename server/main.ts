#!/usr/bin/env node
/** The command line: `valkey-ts [file] [--parameter value ...] [-]`. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SystemClock } from '../datatypes/clock.js';
import { Config } from './config.js';
import { FatalConfigError, loadConfiguration, UnreadableConfigFile } from './config-file.js';
import { Log, logFile, standardOutput } from './log.js';
import { Server } from './server.js';

const VERSION = '9.1.2';

/** The arguments behind the program's name as byte strings: one character a byte. */
function byteStrings(args: readonly string[]): string[] {
  return args.map((argument) => Buffer.from(argument).toString('latin1'));
}

function loadOrExit(config: Config, args: readonly string[]): void {
  try {
    loadConfiguration(config, args, {
      version: VERSION,
      readStdin: () => readFileSync(0, 'latin1'),
    });
  } catch (error) {
    if (!(error instanceof FatalConfigError || error instanceof UnreadableConfigFile)) throw error;
    process.stderr.write(error.message);
    process.exit(1);
  }
}

async function main(): Promise<void> {
  const clock = new SystemClock();
  const config = new Config();
  loadOrExit(config, byteStrings(process.argv.slice(2)));
  const { values } = config;
  const log = new Log({
    settings: values,
    now: () => clock.refresh(),
    role: () => 'primary',
    pid: process.pid,
    sink: values.logfile === '' ? standardOutput() : logFile(values.logfile),
  });
  log.notice('oO0OoO0OoO0Oo Valkey is starting oO0OoO0OoO0Oo');
  log.notice(
    `Valkey version=${VERSION}, bits=64, commit=00000000, modified=0, pid=${process.pid}, just started`,
  );
  log.notice('Configuration loaded');
  const server = new Server({ config, clock, log, seed: randomBytes(4).readUInt32LE() });
  const host = `${config.text('bind')}`.split(' ')[0]?.replace(/^-/, '') ?? '';
  try {
    if (values.port > 0) await server.listener.listen(values.port, host === '*' ? '0.0.0.0' : host);
  } catch {
    log.warning(`Failed listening on port ${values.port} (tcp), aborting.`);
    process.exit(1);
  }
  log.raw(`\n  Port: ${values.port}\n  PID: ${process.pid}\n`);
  log.notice('Server initialized');
  log.notice('Ready to accept connections tcp');
  process.on('SIGTERM', () => void server.close().then(() => process.exit(0)));
}

await main();
