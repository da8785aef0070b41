/** The parameters with a form of their own. */

import { accessSync, constants, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { byteString } from '../../protocol/bytes.js';
import { bytesText, memory, notOneOf } from './kinds.js';
import {
  InvalidSetting,
  LONG_MAX,
  LONG_MIN,
  type Parameter,
  type Setting,
  ULONG_MAX,
} from './parameter.js';
import { quoted } from './quoting.js';
import { systemErrorText } from './system-error.js';

/** Take a snapshot when `changes` writes happened in `seconds`. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** The words of one argument: an empty text that stands alone is no word at all. */
function given(words: readonly string[]): readonly string[] {
  return words.length === 1 && words[0] === '' ? [] : words;
}

/** Reads like C's strtoll(): a sign and leading zeros are fine, too much is the greatest there is. */
function readLong(word: string): bigint | null {
  if (!/^[+-]?[0-9]+$/.test(word)) return null;
  const value = BigInt(word.replace('+', ''));
  if (value > LONG_MAX) return LONG_MAX;
  return value < LONG_MIN ? LONG_MIN : value;
}

function savePointNumber(word: string, least: bigint): bigint {
  const value = readLong(word);
  if (value === null || value < least) throw new InvalidSetting('Invalid save parameters');
  return value;
}

/** `save 900 1 300 10`; an empty text means never. */
export function savePoints(standard: string): Parameter<readonly SavePoint[]> {
  const text = (points: readonly SavePoint[]) =>
    points.map(({ seconds, changes }) => `${seconds} ${changes}`).join(' ');
  return {
    default: standard,
    manyWords: true,
    accumulates: true,
    alwaysWritten: true,
    read(words) {
      const numbers = given(words);
      if (numbers.length % 2) throw new InvalidSetting('Invalid save parameters');
      const value: SavePoint[] = [];
      for (let i = 0; i < numbers.length; i += 2) {
        const seconds = Number(savePointNumber(numbers[i] ?? '', 1n));
        // The real server keeps the changes in 32 bits, whatever was asked for.
        const changes = Number(BigInt.asIntN(32, savePointNumber(numbers[i + 1] ?? '', 0n)));
        value.push({ seconds, changes });
      }
      return { value, text: text(value) };
    },
    lines: ({ text }) => [text === '' ? '""' : text],
  };
}

/** When a client whose replies pile up is dropped: at once, or after some seconds. Zero: never. */
export interface OutputBufferLimit {
  readonly hardBytes: number;
  readonly softBytes: number;
  readonly softSeconds: number;
}

export interface OutputBufferLimits {
  readonly normal: OutputBufferLimit;
  readonly replica: OutputBufferLimit;
  readonly pubsub: OutputBufferLimit;
}

const CLIENT_CLASSES: Readonly<Record<string, keyof OutputBufferLimits>> = {
  normal: 'normal',
  slave: 'replica',
  replica: 'replica',
  pubsub: 'pubsub',
};

const BAD_LIMIT = 'Error in hard, soft or soft_seconds setting in buffer limit configuration.';
const anySize = memory(0, ULONG_MAX, 0);

/** A limit with the exact texts of its numbers. */
interface ExactLimit {
  readonly hard: string;
  readonly soft: string;
  readonly seconds: string;
}

type ExactLimits = Readonly<Record<keyof OutputBufferLimits, ExactLimit>>;

function sizeText(word: string): string {
  try {
    return anySize.read([word]).text;
  } catch {
    throw new InvalidSetting(BAD_LIMIT);
  }
}

function readLimit(words: readonly string[]): ExactLimit {
  const [hard = '', soft = '', seconds = ''] = words;
  const limit = { hard: sizeText(hard), soft: sizeText(soft) };
  const span = readLong(seconds);
  if (span === null || span < 0n || span === LONG_MAX) throw new InvalidSetting(BAD_LIMIT);
  return { ...limit, seconds: String(span) };
}

function readLimits(words: readonly string[], before: ExactLimits): ExactLimits {
  if (words.length % 4) {
    throw new InvalidSetting('Wrong number of arguments in buffer limit configuration.');
  }
  const limits = { ...before };
  for (let i = 0; i < words.length; i += 4) {
    const clientClass = CLIENT_CLASSES[(words[i] ?? '').toLowerCase()];
    if (clientClass === undefined) {
      throw new InvalidSetting('Invalid client class specified in buffer limit configuration.');
    }
    limits[clientClass] = readLimit(words.slice(i + 1, i + 4));
  }
  return limits;
}

const NO_LIMIT: ExactLimit = { hard: '0', soft: '0', seconds: '0' };
const NO_LIMITS: ExactLimits = { normal: NO_LIMIT, replica: NO_LIMIT, pubsub: NO_LIMIT };

/** The real server says `slave` in CONFIG GET and `replica` in its file. */
function limitsTexts(
  { normal, replica, pubsub }: ExactLimits,
  word: string,
  size: (text: string) => string = String,
) {
  const classes = [
    ['normal', normal] as const,
    [word, replica] as const,
    ['pubsub', pubsub] as const,
  ];
  return classes.map(
    ([name, { hard, soft, seconds }]) => `${name} ${size(hard)} ${size(soft)} ${seconds}`,
  );
}

function limitOf({ hard, soft, seconds }: ExactLimit): OutputBufferLimit {
  return { hardBytes: Number(hard), softBytes: Number(soft), softSeconds: Number(seconds) };
}

/** `normal 0 0 0 replica 256mb 64mb 60`: classes that are not named stay as they are. */
export function outputBufferLimits(standard: string): Parameter<OutputBufferLimits> {
  const exact = (text: string) => readLimits(text.split(' '), NO_LIMITS);
  return {
    default: standard,
    manyWords: true,
    read(words, current) {
      const limits = readLimits(given(words), current ? exact(current.text) : NO_LIMITS);
      const { normal, replica, pubsub } = limits;
      const value = { normal: limitOf(normal), replica: limitOf(replica), pubsub: limitOf(pubsub) };
      return { value, text: limitsTexts(limits, 'slave').join(' ') };
    },
    lines: ({ text }) => limitsTexts(exact(text), 'replica', (size) => bytesText(BigInt(size))),
  };
}

/** `oom-score-adj-values`: for a primary, a replica and a child process. */
export function scoreAdjustments(standard: string): Parameter<readonly number[]> {
  return {
    default: standard,
    manyWords: true,
    read(words) {
      const numbers = given(words);
      if (numbers.length !== 3) throw new InvalidSetting('wrong number of arguments');
      const value = numbers.map((word) => {
        const score = readLong(word);
        if (score !== null && score >= -2000n && score <= 2000n) return Number(score);
        throw new InvalidSetting(
          'Invalid oom-score-adj-values, elements must be between -2000 and 2000.',
        );
      });
      return { value, text: value.join(' ') };
    },
    lines: ({ text }) => [text],
  };
}

/** Percentiles of latency in INFO, in percent. */
export function percentiles(standard: string): Parameter<readonly number[]> {
  return {
    default: standard,
    manyWords: true,
    alwaysWritten: true,
    read(words) {
      const value = given(words).map((word) => {
        const percentile = /^[+-]?(?:inf|[0-9.]+(?:e[+-]?[0-9]+)?)$/i.test(word)
          ? Number(word.replace(/inf/i, 'Infinity'))
          : Number.NaN;
        if (Number.isNaN(percentile)) {
          throw new InvalidSetting('Invalid latency-tracking-info-percentiles parameters');
        }
        if (percentile >= 0 && percentile <= 100) return percentile;
        throw new InvalidSetting(
          'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]',
        );
      });
      return { value, text: value.map((one) => String(Number(one.toFixed(6)))).join(' ') };
    },
    lines: ({ text }) => [text === '' ? '""' : text],
  };
}

/** Addresses to listen on; one that begins with `-` may be absent, `*` stands for all. */
export function addresses(standard: string, max: number) {
  const parameter: Parameter<readonly string[]> = {
    default: standard,
    manyWords: true,
    alwaysApplied: true,
    read(words) {
      if (words.length > max) throw new InvalidSetting('Too many bind addresses specified.');
      const value = given(words);
      return { value, text: value.join(' ') };
    },
    // No line says the default: the file then stays as it was made.
    lines: ({ text }) => (text === standard ? [] : [text === '' ? '""' : text]),
  };
  return parameter;
}

/** How a server may be told to end, as SHUTDOWN and the settings for signals name it. */
export const SHUTDOWN_OPTIONS = ['save', 'nosave', 'now', 'force', 'safe', 'failover'] as const;
export type ShutdownOption = (typeof SHUTDOWN_OPTIONS)[number];

/** Options of SHUTDOWN on a signal. `default` (no options) leaves the choice to the save points. */
export function shutdownOptions(): Parameter<readonly ShutdownOption[]> {
  const options: readonly string[] = SHUTDOWN_OPTIONS;
  return {
    default: 'default',
    manyWords: true,
    read(words) {
      const chosen = words.map((word) => word.toLowerCase());
      const known = chosen.every((word) => word === 'default' || options.includes(word));
      if (!known || chosen.length === 0) {
        throw new InvalidSetting(notOneOf(['default', ...options]));
      }
      if (chosen.includes('save') && chosen.includes('nosave')) {
        throw new InvalidSetting("shutdown options SAVE and NOSAVE can't be used simultaneously");
      }
      const value = SHUTDOWN_OPTIONS.filter((option) => chosen.includes(option));
      return { value, text: value.join(' ') || 'default' };
    },
    lines: ({ text }) => [text],
  };
}

/** The primary's host and port, or empty. `no one` is empty too. */
export function primaryAddress(flags: { alias: string }): Parameter<string> {
  return {
    ...flags,
    default: '',
    manyWords: true,
    immutable: true,
    read(words, current): Setting<string> {
      const [host = '', port = ''] = words;
      // Only the default is nothing at all; whoever wants no primary says so.
      if (current === undefined && host === '') return { value: '', text: '' };
      if (words.length !== 2) throw new InvalidSetting('wrong number of arguments');
      if (host.toLowerCase() === 'no' && port.toLowerCase() === 'one')
        return { value: '', text: '' };
      if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65535) {
        throw new InvalidSetting('Invalid primary port');
      }
      return { value: `${host} ${port}`, text: `${host} ${port}` };
    },
    lines: ({ text }) => (text === '' ? [] : [text]),
  };
}

/**
 * The directory of all relative file names: an absolute path.
 *
 * The process does not change its own working directory: two servers may share one process.
 */
export function directory(): Parameter<string> {
  return {
    default: '.',
    protected: true,
    denyLoading: true,
    read(words, current) {
      const [path = ''] = words;
      if (words.length !== 1) throw new InvalidSetting('wrong number of arguments');
      if (path === '') throw new InvalidSetting("dir can't be empty");
      const value = enterable(resolve(toPath(current?.text ?? ''), toPath(path)));
      return { value, text: value };
    },
    lines: ({ text }) => [quoted(text)],
    alwaysWritten: true,
  };
}

/** A path as the operating system knows it, from a byte string. */
function toPath(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function enterable(path: string): string {
  try {
    accessSync(`${path}/.`, constants.X_OK);
    return byteString(realpathSync(path));
  } catch (error) {
    throw new InvalidSetting(systemErrorText(error));
  }
}
