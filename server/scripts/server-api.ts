/** `redis` and `server`, one library under two names: what scripts can ask of the server. */
import { Destination } from '../../persistence/propagation.js';
import { untilZero } from '../../protocol/bytes.js';
import { UNKNOWN_COMMAND_TO_CHECK } from '../../protocol/refusals.js';
import { LuaError } from '../../scripting/engine.js';
import { register } from '../../scripting/library/arguments.js';
import type { Machine } from '../../scripting/machine/machine.js';
import { formatNumber, parseNumber } from '../../scripting/machine/numbers.js';
import { Table } from '../../scripting/machine/table.js';
import type { Thread } from '../../scripting/machine/thread.js';
import type { LuaValue, NativeBody } from '../../scripting/machine/values.js';
import { tagged } from '../../scripting/values/reply-reader.js';
import type { Log } from '../server.js';
import { REDIS_VERSION, VERSION } from '../version.js';
import type { InnerCalls } from './inner-calls.js';
import { sha1Of } from './script-cache.js';
import type { ScriptRun } from './script-run.js';

const LOG_LEVELS = ['debug', 'verbose', 'notice', 'warning'] as const;
const WRONG_ARGUMENTS = 'ERR wrong number or type of arguments';

/** What the library needs of the server. */
export interface ApiParts {
  readonly calls: InnerCalls;
  readonly log: Log;
  /** The script that runs. */
  readonly run: () => ScriptRun;
}

/** A version `a.b.c` as a number: a byte for each part. */
function versionNumber(version: string): number {
  return version.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Constants that are there for whole scripts, functions, and libraries while they are loaded. */
export function registerConstants(table: Table): void {
  const constants: Record<string, LuaValue> = {
    LOG_DEBUG: 0,
    LOG_VERBOSE: 1,
    LOG_NOTICE: 2,
    LOG_WARNING: 3,
    SERVER_NAME: 'valkey',
    REDIS_VERSION,
    REDIS_VERSION_NUM: versionNumber(REDIS_VERSION),
    VALKEY_VERSION: VERSION,
    VALKEY_VERSION_NUM: versionNumber(VERSION),
  };
  for (const [name, value] of Object.entries(constants)) table.set(name, value);
}

/** An error without a place before its text. */
export function apiError(thread: Thread, text: string): number {
  return thread.machine.raise(thread, new LuaError(tagged('err', `ERR ${text}`)));
}

/** An argument as text: strings and numbers are. */
function textOf(value: LuaValue): string | undefined {
  return typeof value === 'number' ? formatNumber(value) : textOnly(value);
}

function textOnly(value: LuaValue): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A number, or a string that is one, as an integer; 0 for anything else. */
function integerOf(value: LuaValue): number {
  const number = typeof value === 'string' ? parseNumber(value) : value;
  return typeof number === 'number' ? Math.trunc(number) : 0;
}

/** Says that a number is wanted: a string that is one will do. */
function isNumeric(value: LuaValue): boolean {
  return (
    typeof value === 'number' || (typeof value === 'string' && parseNumber(value) !== undefined)
  );
}

/** `log(level, message...)`. */
export function logging(log: Log): NativeBody {
  return (thread) => {
    if (thread.argc < 2) return apiError(thread, 'server.log() requires two arguments or more.');
    const first = thread.arg(1);
    if (!isNumeric(first)) {
      return apiError(thread, 'First argument must be a number (log level).');
    }
    const level = LOG_LEVELS[integerOf(first)];
    if (level === undefined) return apiError(thread, 'Invalid log level.');
    const words: string[] = [];
    for (let i = 2; i <= thread.argc; i++) {
      const word = textOf(thread.arg(i));
      if (word !== undefined) words.push(word);
    }
    log[level](words.join(' '));
    return 0;
  };
}

const statusReply: NativeBody = (thread) => {
  const text = thread.argc === 1 ? textOnly(thread.arg(1)) : undefined;
  return thread.answer(text === undefined ? tagged('err', WRONG_ARGUMENTS) : tagged('ok', text));
};

/** A text of one word gets a code put before it; a dash that begins it goes. */
const errorReply: NativeBody = (thread) => {
  const text = thread.argc === 1 ? textOnly(thread.arg(1)) : undefined;
  if (text === undefined) return thread.answer(tagged('err', WRONG_ARGUMENTS));
  const words = untilZero(text.startsWith('-') ? text.slice(1) : text);
  const line = words.replace(/[\r\n]+$/, '').replace(/[\r\n]/g, ' ');
  return thread.answer(tagged('err', line.includes(' ') ? line : `ERR ${line}`));
};

const sha1hex: NativeBody = (thread) => {
  if (thread.argc !== 1) return apiError(thread, 'wrong number of arguments');
  const text = textOf(thread.arg(1)) ?? '';
  thread.machine.charge(text.length);
  return thread.answer(sha1Of(text));
};

/** Functions that look at or change how the script that runs is run. */
function modes({ run, calls }: ApiParts): Record<string, NativeBody> {
  return {
    setresp: (thread) => {
      if (thread.argc !== 1) return apiError(thread, 'server.setresp() requires one argument.');
      const version = integerOf(thread.arg(1));
      if (version !== 2 && version !== 3) {
        return apiError(thread, 'RESP version must be 2 or 3.');
      }
      run().resp = version;
      return 0;
    },
    set_repl: (thread) => {
      if (thread.argc !== 1) return apiError(thread, 'server.set_repl() requires one argument.');
      const destinations = integerOf(thread.arg(1));
      if ((destinations & ~Destination.all) !== 0) {
        return apiError(
          thread,
          'Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.',
        );
      }
      run().destinations = destinations;
      return 0;
    },
    acl_check_cmd: (thread) => {
      const found = calls.readCommand(thread);
      if ('command' in found) return thread.answer(true);
      const isUnknown = found.message.startsWith('ERR Unknown command');
      const { message } = isUnknown ? UNKNOWN_COMMAND_TO_CHECK : found;
      return thread.machine.raise(thread, new LuaError(tagged('err', message)));
    },
  };
}

/** What scripts say to a debugger, if there is one. */
function debugging({ run }: ApiParts): Record<string, NativeBody> {
  return {
    breakpoint: (thread) => {
      const { watcher } = run();
      watcher?.breakHere();
      return thread.answer(watcher !== null);
    },
    debug: (thread) => {
      run().watcher?.debug(thread.stack.slice(thread.base, thread.top));
      return 0;
    },
  };
}

/** Puts the library into the globals. @param isEval - Scripts of EVAL have more than functions. */
export function openServerApi(machine: Machine, isEval: boolean, parts: ApiParts): void {
  const table = new Table();
  registerConstants(table);
  const replication = { REPL_NONE: 0, REPL_AOF: 1, REPL_SLAVE: 2, REPL_REPLICA: 2, REPL_ALL: 3 };
  for (const [name, value] of Object.entries(replication)) table.set(name, value);
  register(table, {
    call: (thread) => parts.calls.invoke(thread, true),
    pcall: (thread) => parts.calls.invoke(thread, false),
    log: logging(parts.log),
    error_reply: errorReply,
    status_reply: statusReply,
    sha1hex,
    ...modes(parts),
  });
  if (isEval) {
    register(table, {
      replicate_commands: (thread) => thread.answer(true),
      ...debugging(parts),
    });
    register(machine.globals, {
      __redis__err__handler: errorHandler,
      __server__err__handler: errorHandler,
    });
  }
  machine.globals.set('redis', table);
  machine.globals.set('server', table);
}

/** Makes an error object of an error, with the place where it came up. */
const errorHandler: NativeBody = (thread) => {
  const value = thread.arg(1);
  const error =
    value instanceof Table ? value : tagged('err', `ERR ${textOf(value) ?? 'unknown error'}`);
  const place = /^(.*):(\d+): $/.exec(thread.machine.where(thread, 1));
  if (place !== null) {
    error.set('source', `@${place[1]}`);
    error.set('line', Number(place[2]));
  }
  return thread.answer(error);
};
