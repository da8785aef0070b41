/**
 * Reading the configuration: a file, standard input and the command line make one text of lines.
 *
 * A line is a name and words; see quoting.ts for the words. Later lines win over earlier ones, except
 * for `save`, whose lines add up until an empty one. `include` reads another file in place.
 */

import { closeSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CommandLine, readCommandLine } from './command-line.js';
import type { Config } from './config.js';
import { InvalidSetting } from './config-table/parameter.js';
import { splitWords } from './config-table/quoting.js';
import { systemErrorText } from './config-table/system-error.js';
import { PARAMETERS, type ParameterName, parameterNamed } from './config-table.js';
import { expandGlob } from './glob.js';

/** The configuration cannot be used. The message is what the program prints before it ends with 1. */
export class FatalConfigError extends Error {
  override readonly name = 'FatalConfigError';
}

/** A file cannot be read. The message is a warning for the log; the program ends with 1. */
export class UnreadableConfigFile extends Error {
  override readonly name = 'UnreadableConfigFile';
}

/** Lines that are no parameters: their words behind the name, in the order read. */
export interface Directives {
  readonly 'rename-command': (readonly string[])[];
  readonly user: (readonly string[])[];
  readonly loadmodule: (readonly string[])[];
}

/** Where configuration texts come from, and who knows what the lines that are no parameters mean. */
export interface ConfigSources {
  /** The server's version, which the message of a fatal error names. */
  readonly version: string;
  /** All of standard input, as a byte string. */
  readonly readStdin: () => string;
  /** Returns what is wrong with such a line, or nothing. */
  readonly refuse?: (name: keyof Directives, words: readonly string[]) => string | undefined;
}

/** What was read beside the parameters. */
export interface LoadedConfiguration extends CommandLine {
  readonly directives: Directives;
}

/** How many files may include one another: more is a circle. */
const MAX_INCLUDE_DEPTH = 64;

const BAD_DIRECTIVE = 'Bad directive or wrong number of arguments';

/** Parameters of older versions: one word is read and forgotten. */
const FORGOTTEN = [
  'dynamic-hz',
  'events-per-io-thread',
  'io-threads-do-reads',
  'list-max-ziplist-entries',
  'list-max-ziplist-value',
  'lua-replicate-commands',
  'sanitize-dump-payload',
];

/** Whether a line with this name and so many words is one of those that are no parameters. */
function isDirective(name: string, words: number): name is keyof Directives {
  if (name === 'rename-command') return words === 3;
  return (name === 'user' || name === 'loadmodule') && words >= 2;
}

/**
 * Sets up `config` from the arguments of the program.
 *
 * @param args - The arguments behind the program's name, as byte strings.
 * @throws {FatalConfigError} When a line is wrong.
 * @throws {UnreadableConfigFile} When a file is.
 */
export function loadConfiguration(
  config: Config,
  args: readonly string[],
  sources: ConfigSources,
): LoadedConfiguration {
  const commandLine = readCommandLine(args);
  const { file, stdin, lines } = commandLine;
  if (file !== undefined) config.file = resolve(config.path('dir'), nameOf(file));
  let text = file === undefined ? '' : readFiles(file, config.path('dir'));
  if (stdin) text += sources.readStdin();
  if (lines !== '') text += `\n${lines}`;
  const loader = new Loader(config, sources);
  loader.load(text);
  const reason = refusedTogether(config);
  if (reason !== undefined) throw new FatalConfigError(fatalText(sources.version, reason));
  return { ...commandLine, directives: loader.directives };
}

/** What is wrong with settings that are right one by one. */
function refusedTogether({ values }: Config): string | undefined {
  if (values.clusterEnabled && values.replicaof !== '') {
    return 'replicaof directive not allowed in cluster mode';
  }
  if (values.logfile === '') return undefined;
  try {
    closeSync(openSync(resolve(nameOf(values.dir), nameOf(values.logfile)), 'a'));
    return undefined;
  } catch (error) {
    return `Can't open the log file: ${systemErrorText(error)}`;
  }
}

function fatalText(version: string, reason: string): string {
  return `\n*** FATAL CONFIG FILE ERROR (Version ${version}) ***\n${reason}\n`;
}

/** A file's name as Node takes it, from a byte string. */
function nameOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

/** Reads a file, or all that fit a glob, one behind the other; relative names start at `folder`. */
function readFiles(pattern: string, folder: string): string {
  if (!/[*?[]/.test(pattern)) return readOne(nameOf(pattern), folder);
  const paths = expandGlob(resolve(folder, nameOf(pattern)));
  return paths.map((path) => readOne(path, folder)).join('');
}

function readOne(path: string, folder: string): string {
  try {
    return readFileSync(resolve(folder, path), 'latin1');
  } catch (error) {
    const reason = systemErrorText(error);
    throw new UnreadableConfigFile(`Fatal error, can't open config file '${path}': ${reason}`);
  }
}

class Loader {
  readonly directives: Directives = { 'rename-command': [], user: [], loadmodule: [] };
  readonly #config: Config;
  readonly #sources: ConfigSources;
  readonly #seen = new Set<string>();
  #depth = 0;

  constructor(config: Config, sources: ConfigSources) {
    this.#config = config;
    this.#sources = sources;
  }

  load(text: string): void {
    for (const [index, raw] of text.split('\n').entries()) {
      const line = raw.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
      if (line === '' || line.startsWith('#')) continue;
      const reason = this.#loadLine(line);
      if (reason !== undefined) throw this.#fatal(index + 1, line, reason);
    }
  }

  #fatal(lineNumber: number, line: string, reason: string): FatalConfigError {
    const place = `Reading the configuration file, at line ${lineNumber}\n>>> '${line}'\n`;
    return new FatalConfigError(fatalText(this.#sources.version, place + reason));
  }

  #loadLine(line: string): string | undefined {
    const words = splitWords(line);
    if (words === null) return 'Unbalanced quotes in configuration line';
    const [given = '', ...values] = words;
    const name = given.toLowerCase();
    const parameter = parameterNamed(name);
    if (parameter !== undefined) return this.#loadParameter(parameter, values);
    if (FORGOTTEN.includes(name)) return values.length === 1 ? undefined : BAD_DIRECTIVE;
    return this.#loadDirective(name, words);
  }

  #loadParameter(name: ParameterName, values: readonly string[]): string | undefined {
    const parameter = PARAMETERS.get(name);
    const [only = ''] = values;
    const words = values.length === 1 && parameter?.manyWords ? only.split(' ') : values;
    const adds = parameter?.accumulates && this.#seen.has(name) && words.join('') !== '';
    const earlier = adds ? this.#config.text(name) : '';
    this.#seen.add(name);
    try {
      this.#config.load(name, earlier === '' ? words : [...earlier.split(' '), ...words]);
    } catch (error) {
      if (error instanceof InvalidSetting) return error.message;
      throw error;
    }
    return undefined;
  }

  #loadDirective(name: string, words: readonly string[]): string | undefined {
    if (name === 'sentinel') {
      return words.length === 1 ? undefined : 'sentinel directive while not in sentinel mode';
    }
    if (name === 'include' && words.length === 2) return this.#include(words[1] ?? '');
    if (!isDirective(name, words.length)) return BAD_DIRECTIVE;
    const rest = words.slice(1);
    this.directives[name].push(rest);
    return this.#sources.refuse?.(name, rest);
  }

  #include(pattern: string): string | undefined {
    if (this.#depth === MAX_INCLUDE_DEPTH) return 'Too many files include one another';
    this.#depth++;
    this.load(readFiles(pattern, this.#config.path('dir')));
    this.#depth--;
    return undefined;
  }
}
