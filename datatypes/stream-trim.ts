/** How streams are held short: the options that XADD and XTRIM share, and XTRIM. */
import {
  INVALID_STREAM_ID,
  LIMIT_NOT_APPROXIMATE,
  LIMIT_WITHOUT_TRIMMING,
  MAXLEN_AND_MINID,
  NO_TRIMMING_STRATEGY,
  STREAM_LIMIT_NEGATIVE,
  STREAM_MAXLEN_NEGATIVE,
  SYNTAX_ERROR,
} from '../protocol/refusals.js';
import { block, integer, key, keyArg, oneOf, text, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { IdPlace } from './store/id-index.js';
import { StreamId } from './store/stream-id.js';
import { writeStream } from './stream-access.js';
import type { Stream } from './stream-value.js';

export const Strategy = { none: 0, maxLength: 1, minId: 2 } as const;
export type Strategy = (typeof Strategy)[keyof typeof Strategy];

/** Entries that a call without LIMIT trims at most, in nodes; and when nodes have no limit; and in any case. */
const LIMIT_NODES = 100;
const LIMIT_WITHOUT_NODES = 10_000;
const LARGEST_LIMIT = 1_000_000;

export interface TrimOptions {
  strategy: Strategy;
  /** Whether only whole nodes go. */
  approximate: boolean;
  maxLength: number;
  readonly minId: StreamId;
  /** Entries that may go, 0 for any number; -1 while not given. */
  limit: number;
  /** Argument indexes of the threshold, and of `~` or `=` (0 for none). */
  thresholdAt: number;
  operatorAt: number;
}

export function noTrimming(): TrimOptions {
  return {
    strategy: Strategy.none,
    approximate: false,
    maxLength: 0,
    minId: new StreamId(),
    limit: -1,
    thresholdAt: 0,
    operatorAt: 0,
  };
}

/**
 * Reads one option at argument `i`.
 *
 * @returns Its last argument's index; 0 when it is no trimming option.
 */
export function readTrimOption(call: Call, i: number, options: TrimOptions): number {
  const more = call.argc - 1 - i;
  if (more === 0) return 0;
  const isMaxLength = call.is(i, 'maxlen');
  if (isMaxLength || call.is(i, 'minid')) {
    if (options.strategy !== Strategy.none) throw MAXLEN_AND_MINID;
    options.strategy = isMaxLength ? Strategy.maxLength : Strategy.minId;
    return readThreshold(call, i + 1, options);
  }
  if (!call.is(i, 'limit')) return 0;
  const limit = Number(call.bigint(i + 1));
  if (limit < 0) throw STREAM_LIMIT_NEGATIVE;
  options.limit = limit;
  return i + 1;
}

function readThreshold(call: Call, from: number, options: TrimOptions): number {
  let i = from;
  options.approximate = false;
  if (i + 1 < call.argc && (call.is(i, '~') || call.is(i, '='))) {
    options.approximate = call.is(i, '~');
    options.operatorAt = i++;
  }
  if (options.strategy === Strategy.maxLength) {
    options.maxLength = Number(call.bigint(i));
    if (options.maxLength < 0) throw STREAM_MAXLEN_NEGATIVE;
  } else if (!options.minId.parseStrict(call.buffer, call.start(i), call.end(i))) {
    throw INVALID_STREAM_ID;
  }
  options.thresholdAt = i;
  return i;
}

/** Checks what was read, and works out the limit. */
export function finishTrimOptions(call: Call, options: TrimOptions): TrimOptions {
  const { limit, strategy, approximate } = options;
  if (limit > 0 && strategy === Strategy.none) throw LIMIT_WITHOUT_TRIMMING;
  if (call.isReplayed) {
    // The threshold is what the limit left at the time.
    options.limit = 0;
    return options;
  }
  if (limit >= 0) {
    if (!approximate && !call.mustObey) throw LIMIT_NOT_APPROXIMATE;
    // What was cut off when this ran first is cut off as a whole.
    if (!approximate) options.limit = 0;
    return options;
  }
  options.limit = 0;
  if (approximate) {
    const entries = call.keyspace.settings.streamNodeMaxEntries * LIMIT_NODES;
    options.limit = Math.min(entries > 0 ? entries : LIMIT_WITHOUT_NODES, LARGEST_LIMIT);
  }
  return options;
}

/** Takes entries out at the beginning. Returns how many. */
export function trimStream(stream: Stream, options: TrimOptions): number {
  const { nodes, tools } = stream;
  const { node } = tools;
  const place = new IdPlace();
  const { strategy, maxLength, minId, limit, approximate } = options;
  let removed = 0;
  while (nodes.toFirst(place)) {
    if (strategy === Strategy.maxLength && stream.length <= maxLength) break;
    nodes.readId(place, node.base);
    node.open(nodes.word(place, 0));
    const { count } = node;
    if (limit !== 0 && removed + count > limit) break;
    const whole =
      strategy === Strategy.maxLength
        ? stream.length - count >= maxLength
        : node.last() && node.id.compare(minId) < 0;
    if (!whole) {
      if (!approximate) return removed + trimNode(stream, place, options, removed > 0);
      break;
    }
    stream.dropNode(place);
    stream.length -= count;
    removed += count;
  }
  if (removed > 0) stream.updateFirstId();
  return removed;
}

/**
 * Flags as deleted what goes of the node that the tools look at, at `place`. Returns how many.
 *
 * @param afterOthers - Whether nodes before it went: the first entry is another one in any case.
 */
function trimNode(
  stream: Stream,
  place: IdPlace,
  options: TrimOptions,
  afterOthers: boolean,
): number {
  const { node } = stream.tools;
  let removed = 0;
  let more = node.first();
  for (; more; more = node.next()) {
    if (options.strategy === Strategy.maxLength) {
      if (stream.length <= options.maxLength) break;
    } else if (node.id.compare(options.minId) >= 0) break;
    if (node.isDeleted) continue;
    node.flagDeleted();
    stream.length--;
    removed++;
  }
  const isOther = removed > 0 || afterOthers;
  while (isOther && more && node.isDeleted) more = node.next();
  if (isOther && more) stream.firstId.copy(node.id);
  if (removed > 0) node.addCounts(-removed, removed);
  stream.nodes.setWord(place, 0, node.pack.block);
  if (isOther && !more) stream.updateFirstId();
  return removed;
}

/**
 * Sends the request with what was trimmed said exactly, so that it means the same wherever nodes are filled
 * otherwise; and, when `idAt` is not 0, with the ID that was given to the entry.
 */
export function propagateExact(
  call: Call,
  stream: Stream,
  options: TrimOptions,
  idAt: number,
): void {
  if (!call.effects.propagates) return;
  const request: (string | Uint8Array)[] = [];
  for (let i = 0; i < call.argc; i++) request.push(call.bytes(i));
  if (idAt !== 0) request[idAt] = stream.lastId.toString();
  if (options.approximate) {
    const { length, tools } = stream;
    const isMaxLength = options.strategy === Strategy.maxLength;
    request[options.operatorAt] = '=';
    request[options.thresholdAt] = String(isMaxLength ? length : stream.oldestId(tools.otherId));
  }
  call.effects.propagateAs(request);
}

export const xtrim = command(
  {
    name: 'xtrim',
    group: 'stream',
    since: '5.0.0',
    arity: -4,
    flags: ['write'],
    acl: ['stream'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RW', 'delete'])],
    args: [
      keyArg(),
      block('trim', [
        oneOf('strategy', [word('MAXLEN'), word('MINID', { since: '6.2.0' })]),
        oneOf('operator', [word('=', { name: 'equal' }), word('~', { name: 'approximately' })], {
          optional: true,
        }),
        text('threshold'),
        integer('count', { token: 'LIMIT', since: '6.2.0', optional: true }),
      ]),
    ],
    complexity:
      'O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation.',
    summary: 'Takes entries out at the beginning of a stream.',
  },
  (call) => {
    const options = noTrimming();
    for (let i = 2; i < call.argc; i++) {
      i = readTrimOption(call, i, options);
      if (i === 0) throw SYNTAX_ERROR;
    }
    if (options.strategy === Strategy.none && options.limit <= 0) throw NO_TRIMMING_STRATEGY;
    finishTrimOptions(call, options);
    const stream = writeStream(call, 1);
    const removed = stream === null ? 0 : trimStream(stream, options);
    if (stream !== null && removed > 0) {
      call.changed(1, EventClass.stream, 'xtrim', removed);
      if (options.approximate) propagateExact(call, stream, options, 0);
    }
    call.reply.integer(removed);
  },
);
