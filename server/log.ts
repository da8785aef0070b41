/**
 * The server's log: pino decides what is said, this file how it looks and where it goes.
 *
 * A line looks as the real server's does in each `log-format` and `log-timestamp-format`. The log file
 * is opened anew for each line, as there: a log moved away by rotation leaves nobody writing into it.
 * Messages are texts, not byte strings; they go out as UTF-8, cut to what the real server's buffer holds.
 */

import { appendFileSync } from 'node:fs';
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { ConfigValues } from './config-table.js';

/** What the process is at the moment of a line. */
export type LogRole = 'primary' | 'replica' | 'child' | 'sentinel';

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning';

/** Settings that lines follow; read at each line, except the level: see `refresh`. */
export type LogSettings = Pick<ConfigValues, 'loglevel' | 'logFormat' | 'logTimestampFormat'>;

export interface LogOptions {
  readonly settings: LogSettings;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly role: () => LogRole;
  readonly pid: number;
  /** Takes whole lines, each with its line feed. */
  readonly sink: LogSink;
}

export interface LogSink {
  write(line: string): unknown;
}

/** The greatest message, in bytes: longer ones lose their end. */
const MAX_MESSAGE_BYTES = 1023;

const LEVELS: Readonly<Record<LogLevel, { value: number; mark: string; word: string }>> = {
  debug: { value: 20, mark: '.', word: 'debug' },
  verbose: { value: 30, mark: '-', word: 'info' },
  notice: { value: 40, mark: '*', word: 'notice' },
  warning: { value: 50, mark: '#', word: 'warning' },
};

const ROLES: Readonly<Record<LogRole, { letter: string; word: string }>> = {
  primary: { letter: 'M', word: 'primary' },
  replica: { letter: 'S', word: 'replica' },
  child: { letter: 'C', word: 'RDB/AOF' },
  sentinel: { letter: 'X', word: 'sentinel' },
};

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const CUSTOM_LEVELS = {
  debug: LEVELS.debug.value,
  verbose: LEVELS.verbose.value,
  notice: LEVELS.notice.value,
  warning: LEVELS.warning.value,
};

export class Log {
  readonly #options: LogOptions;
  readonly #logger: Logger<LogLevel>;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#logger = pino<LogLevel>(
      {
        base: null,
        timestamp: false,
        customLevels: CUSTOM_LEVELS,
        useOnlyCustomLevels: true,
        level: 'notice',
      },
      this.#formatter(),
    );
    this.refresh();
  }

  debug(message: string): void {
    this.#logger.debug(message);
  }

  verbose(message: string): void {
    this.#logger.verbose(message);
  }

  notice(message: string): void {
    this.#logger.notice(message);
  }

  warning(message: string): void {
    this.#logger.warning(message);
  }

  /** Whether lines of this level are written: for messages that cost something to make. */
  says(level: LogLevel): boolean {
    return this.#logger.isLevelEnabled(level);
  }

  /** A line without time and level, such as the logo; written at level notice. */
  raw(text: string): void {
    if (this.says('notice')) this.#options.sink.write(`${text}\n`);
  }

  /** A line about a signal: in every format the same, and whatever the level. */
  signal(message: string): void {
    const { pid, now, sink } = this.#options;
    sink.write(`${pid}:signal-handler (${Math.floor(now() / 1000)}) ${message}\n`);
  }

  /** Takes up the level in the settings. Listen to changes of `loglevel` with this. */
  refresh(): undefined {
    const { loglevel } = this.#options.settings;
    this.#logger.level = loglevel === 'nothing' ? 'silent' : loglevel;
  }

  /** A stream for pino that gets level and message as they are, beside pino's own line. */
  #formatter(): DestinationStream {
    const stream = {
      [Symbol.for('pino.metadata')]: true,
      lastLevel: 0,
      lastMsg: '',
      write: () => {
        const level = levelOf(stream.lastLevel);
        this.#options.sink.write(this.#line(level, cut(stream.lastMsg)));
      },
    };
    return stream;
  }

  #line(level: LogLevel, message: string): string {
    const { settings, now, role, pid } = this.#options;
    const time = timestamp(settings.logTimestampFormat, now());
    const { letter, word } = ROLES[role()];
    const { mark, word: levelWord } = LEVELS[level];
    switch (settings.logFormat) {
      case 'legacy':
        return `${pid}:${letter} ${time} ${mark} ${message}\n`;
      case 'logfmt':
        return `pid=${pid} role=${word} timestamp="${time}" level=${levelWord} message="${plain(message)}"\n`;
      case 'json':
        return `${JSON.stringify({ pid, role: word, timestamp: time, level: levelWord, message })}\n`;
    }
  }
}

function levelOf(value: number): LogLevel {
  const names = Object.keys(LEVELS) as LogLevel[];
  return names.find((name) => LEVELS[name].value === value) ?? 'warning';
}

/** Without what would end a quoted logfmt value, or the line. */
function plain(message: string): string {
  return message.replaceAll('"', "'").replace(/[\r\n]/g, ' ');
}

function cut(message: string): string {
  if (message.length * 3 <= MAX_MESSAGE_BYTES) return message;
  const bytes = Buffer.from(message);
  if (bytes.length <= MAX_MESSAGE_BYTES) return message;
  return bytes
    .subarray(0, MAX_MESSAGE_BYTES)
    .toString()
    .replace(/\ufffd$/, '');
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}

function timestamp(format: LogSettings['logTimestampFormat'], nowMs: number): string {
  if (format === 'milliseconds') return String(nowMs);
  const time = new Date(nowMs);
  const clock =
    `${digits(time.getHours(), 2)}:${digits(time.getMinutes(), 2)}:` +
    `${digits(time.getSeconds(), 2)}.${digits(time.getMilliseconds(), 3)}`;
  if (format === 'legacy') {
    return `${digits(time.getDate(), 2)} ${MONTHS[time.getMonth()]} ${time.getFullYear()} ${clock}`;
  }
  const day = `${time.getFullYear()}-${digits(time.getMonth() + 1, 2)}-${digits(time.getDate(), 2)}`;
  return `${day}T${clock}${zone(-time.getTimezoneOffset())}`;
}

function zone(minutesEast: number): string {
  const minutes = Math.abs(minutesEast);
  const sign = minutesEast < 0 ? '-' : '+';
  return `${sign}${digits(Math.floor(minutes / 60), 2)}:${digits(minutes % 60, 2)}`;
}

/** Writes to standard output, each line before the next statement runs. */
export function standardOutput(): LogSink {
  return destination({ fd: 1, sync: true });
}

/** Adds lines to a file. A line that cannot be written is lost: a log must not stop its server. */
export function logFile(path: string): LogSink {
  return {
    write(line) {
      try {
        appendFileSync(path, line);
      } catch {
        // Nobody is left to tell.
      }
    },
  };
}
