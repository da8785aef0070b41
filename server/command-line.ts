/** What the arguments of the program mean: a file, standard input, and lines put behind both. */

import { quoted, splitWords } from './config-table/quoting.js';

export interface CommandLine {
  /** The configuration file, as given. */
  readonly file: string | undefined;
  /** Whether more lines come from standard input: a lone `-`, first or last. */
  readonly stdin: boolean;
  /** The options as lines of a configuration file. */
  readonly lines: string;
}

/** Options that may stand without a value: the next argument is then an option of its own. */
const VALUE_MAY_LACK = ['save', 'sentinel'];

/**
 * Reads `[file] [--name value …] [-]`.
 *
 * What follows `--name` is its value even if it begins with `--`; the words behind that value belong
 * to it up to the next `--name`. An argument such as `--maxmemory 1gb`, in one piece, is whole.
 *
 * @param args - The arguments behind the program's name, as byte strings.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const rest = [...args];
  const first = rest[0];
  const file = first !== undefined && !first.startsWith('-') ? rest.shift() : undefined;
  let stdin = false;
  if (file === undefined && first === '-') {
    stdin = true;
    rest.shift();
  } else if (rest.at(-1) === '-') {
    stdin = true;
    rest.pop();
  }
  return { file, stdin, lines: optionLines(rest) };
}

function optionLines(args: readonly string[]): string {
  let lines = '';
  let valueDue = false;
  for (const [i, argument] of args.entries()) {
    if (valueDue || !argument.startsWith('--')) {
      lines += `${quoted(argument)} `;
      valueDue = false;
      continue;
    }
    const option = argument.slice(2);
    const next = args[i + 1];
    lines += lines === '' ? option : `\n${option}`;
    valueDue = (splitWords(option)?.length ?? 0) < 2;
    if (VALUE_MAY_LACK.includes(option) && (next === undefined || next.startsWith('--'))) {
      lines += option === 'save' ? ' ""' : '';
      valueDue = false;
    }
    lines += ' ';
  }
  return lines;
}
