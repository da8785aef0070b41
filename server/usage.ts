/**
 * What the program says of itself: `--help`, `--version` and the switches that stand alone.
 *
 * Everything else on the command line is configuration; see command-line.ts. This file, and with it
 * commander, is loaded only when such a switch is given: a server starts without it.
 */
import { Command } from 'commander';
import { versionLine } from './version.js';

const SETTINGS_AND_EXAMPLES = `
Settings:
  --parameter value  any line of a configuration file; valkey.conf explains them all
  -                  reads further lines from standard input

Examples:
  valkey-ts                                        port 6379, everything by default
  valkey-ts /etc/valkey/6379.conf                  settings from a file
  valkey-ts --port 7777 --maxmemory 128mb          settings from the command line
  valkey-ts /etc/valkey/6379.conf --loglevel verbose
                                                   the command line wins over the file
  echo 'maxmemory 128mb' | valkey-ts -             settings from standard input
`;

const NEEDS_THE_REAL_SERVER =
  'is left to the real server: it examines what this one does not depend on';

/** Answers a switch: prints, and sets the exit code. */
export function answerSwitch(args: readonly string[]): void {
  const program = new Command('valkey-ts');
  program
    .usage('[/path/to/valkey.conf] [--parameter value ...] [-]')
    .description('A server for strings, hashes, lists, sets, sorted sets and streams over RESP.')
    .argument('[file]', 'configuration file')
    .version(versionLine(), '-v, --version', 'print the version and end')
    .helpOption('-h, --help', 'print this text and end')
    .addHelpText('after', SETTINGS_AND_EXAMPLES)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => program.error(`error: ${args[0]} ${NEEDS_THE_REAL_SERVER}`, { exitCode: 1 }));
  program.parse([...args], { from: 'user' });
}
