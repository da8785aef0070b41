/** The debugger's commands, by name. */
import { parseBigInt64 } from '../../../protocol/numbers.js';
import { callsOf } from './calls.js';
import type { DebuggedScript } from './debugged-script.js';
import { DEBUGGER_HELP } from './help.js';
import type { DebugLog } from './log.js';
import type { DebuggedSource } from './source.js';

/** What commands work on. */
interface DebuggerDesk {
  readonly log: DebugLog;
  readonly source: DebuggedSource;
  readonly script: DebuggedScript;
}

/** What becomes of the script after a command. */
type NextMove = 'wait' | 'step' | 'continue' | 'abort';

interface DebuggerCommand {
  readonly names: readonly string[];
  /** Words, the command's name included. */
  readonly fewest: number;
  readonly most: number;
  /** Runs it; what it returns is `wait` when left out. */
  run(desk: DebuggerDesk, words: readonly string[]): NextMove | undefined;
}

const UNKNOWN = '<error> Unknown debugger command or wrong number of arguments.';

const COMMANDS: readonly DebuggerCommand[] = [
  {
    names: ['h', 'help'],
    fewest: 1,
    most: 1,
    run: ({ log }) => say(log, DEBUGGER_HELP),
  },
  { names: ['s', 'step', 'n', 'next'], fewest: 1, most: 1, run: () => 'step' },
  { names: ['c', 'continue'], fewest: 1, most: 1, run: () => 'continue' },
  { names: ['a', 'abort'], fewest: 1, most: 1, run: () => 'abort' },
  { names: ['max', 'maxlen'], fewest: 1, most: 2, run: maxlen },
  {
    names: ['l', 'list'],
    fewest: 1,
    most: 3,
    run: ({ log, source }, [, line, context]) =>
      say(
        log,
        source.list(
          leadingInteger(line),
          context === undefined ? undefined : leadingInteger(context),
        ),
      ),
  },
  {
    names: ['w', 'whole'],
    fewest: 1,
    most: 1,
    run: ({ log, source }) => say(log, source.all()),
  },
  { names: ['p', 'print'], fewest: 1, most: 2, run: print },
  { names: ['b', 'break'], fewest: 1, most: 2, run: breakpoints },
  { names: ['t', 'trace'], fewest: 1, most: 1, run: trace },
  { names: ['e', 'eval'], fewest: 2, most: Infinity, run: evaluate },
  {
    names: ['v', 'valkey', 'r', 'redis', 'server'],
    fewest: 2,
    most: Infinity,
    run: callServer,
  },
];

/** Runs a command; what it has to say goes to the log. */
export function obey(desk: DebuggerDesk, words: readonly string[]): NextMove {
  const name = words[0]?.toLowerCase() ?? '';
  const command = COMMANDS.find(({ names }) => names.includes(name));
  if (command === undefined || words.length < command.fewest || words.length > command.most) {
    desk.log.add(UNKNOWN);
    return 'wait';
  }
  return command.run(desk, words) ?? 'wait';
}

function say(log: DebugLog, lines: readonly string[]): undefined {
  for (const line of lines) log.add(line);
}

/** A number at the beginning of a word; 0 when there is none. */
function leadingInteger(word: string | undefined): number {
  return Number.parseInt(word ?? '', 10) || 0;
}

/** A word that is an integer in its plain form; else null. */
function wholeInteger(word: string): number | null {
  const bytes = Buffer.from(word, 'latin1');
  const value = parseBigInt64(bytes, 0, bytes.length);
  return value === null ? null : Number(value);
}

function maxlen({ log }: DebuggerDesk, [, word]: readonly string[]): undefined {
  if (word === undefined) return say(log, [`Current maxlen is ${log.maxBytes}`]);
  const bytes = wholeInteger(word);
  if (bytes === null || bytes < 0) return say(log, ['<error> Invalid maxlen value.']);
  log.limit(bytes);
  const limit = log.maxBytes === 0 ? 'not truncated.' : `truncated at ${log.maxBytes} bytes.`;
  return say(log, [`<value> replies are ${limit}`]);
}

function print({ log, script }: DebuggerDesk, [, name]: readonly string[]): undefined {
  const calls = callsOf(script.machine, script.chunk, script.line);
  if (name !== undefined) {
    const found = calls.flatMap(({ locals }) => locals).find((local) => local.name === name);
    if (found !== undefined) log.addValue(`<value> ${script.show(found.value)}`);
    else if (name === 'KEYS' || name === 'ARGV') {
      log.addValue(`<value> ${script.show(script.machine.globals.get(name))}`);
    } else log.add('No such variable.');
    return;
  }
  const locals = calls[0]?.isInnermost ? calls[0].locals : [];
  for (const local of locals) log.addValue(`<value> ${local.name} = ${script.show(local.value)}`);
  if (locals.length === 0) log.add('No local variables in the current context.');
}

function breakpoints({ log, source }: DebuggerDesk, [, word]: readonly string[]): undefined {
  if (word === undefined) return listBreakpoints(log, source);
  const line = wholeInteger(word);
  if (line === null) return say(log, [`Invalid argument:'${word}'`]);
  if (line === 0) {
    source.breakpoints.length = 0;
    return say(log, ['All breakpoints removed.']);
  }
  if (line < 0) {
    const wasThere = source.removeBreakpoint(-line);
    const said = wasThere ? 'Breakpoint removed.' : 'No breakpoint in the specified line.';
    return say(log, [said]);
  }
  const refused = source.setBreakpoint(line);
  return say(log, refused === null ? source.list(line, 1) : [refused]);
}

function listBreakpoints(log: DebugLog, source: DebuggedSource): undefined {
  const { breakpoints: lines } = source;
  if (lines.length === 0) return say(log, ["No breakpoints set. Use 'b <line>' to add one."]);
  const shown = lines.map((line) => source.show(line));
  return say(log, [`${lines.length} breakpoints set:`, ...shown]);
}

function trace({ log, script, source }: DebuggerDesk): undefined {
  for (const { isInnermost, line, name } of callsOf(script.machine, script.chunk, script.line)) {
    log.add(`${isInnermost ? 'In' : 'From'} ${name ?? 'top level'}:`);
    log.add(source.show(line));
  }
}

function evaluate({ log, script }: DebuggerDesk, words: readonly string[]): undefined {
  const { text, isError } = script.evaluate(words.slice(1).join(' '));
  if (isError) log.add(text);
  else log.addValue(`<retval> ${text}`);
}

function callServer({ log, script }: DebuggerDesk, words: readonly string[]): undefined {
  const { text, isError } = script.callServer(words.slice(1));
  if (isError) log.add(text);
}
