/** XADD. */
import {
  INVALID_STREAM_ID,
  STREAM_ENTRY_TOO_LARGE,
  STREAM_ID_TOO_LOW,
  STREAM_ID_ZERO,
  STREAM_IDS_USED_UP,
  wrongArity,
} from '../protocol/refusals.js';
import { block, integer, key, keyArg, oneOf, text, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { Sequence, type StreamId } from './store/stream-id.js';
import { createStream, replyId, toolsOf, writeStream } from './stream-access.js';
import {
  finishTrimOptions,
  noTrimming,
  propagateExact,
  readTrimOption,
  Strategy,
  type TrimOptions,
  trimStream,
} from './stream-trim.js';
import type { Stream } from './stream-value.js';

/** No entry may have more bytes. */
const LARGEST_ENTRY_BYTES = 2 ** 30;
const STAR = 0x2a;

interface AppendRequest {
  makesStream: boolean;
  /** Argument index of the ID. */
  idAt: number;
  /** Whether the ID is `*`. */
  isAuto: boolean;
  /** Null for none. */
  trim: TrimOptions | null;
}

export const xadd = command(
  {
    name: 'xadd',
    group: 'stream',
    since: '5.0.0',
    arity: -5,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['stream'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      word('NOMKSTREAM', { since: '6.2.0', optional: true }),
      block(
        'trim',
        [
          oneOf('strategy', [word('MAXLEN'), word('MINID', { since: '6.2.0' })]),
          oneOf('operator', [word('=', { name: 'equal' }), word('~', { name: 'approximately' })], {
            optional: true,
          }),
          text('threshold'),
          integer('count', { token: 'LIMIT', since: '6.2.0', optional: true }),
        ],
        { optional: true },
      ),
      oneOf('id-selector', [word('*', { name: 'auto-id' }), text('id')]),
      block('data', [text('field'), text('value')], { multiple: true }),
    ],
    complexity:
      'O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.',
    summary: 'Adds an entry to a stream, making it if need be.',
  },
  (call) => {
    const { id } = toolsOf(call);
    const request = readRequest(call, id);
    const { idAt } = request;
    if (!request.isAuto && id.isZero && id.sequence !== Sequence.auto) throw STREAM_ID_ZERO;
    const found = writeStream(call, 1);
    if (found === null && !request.makesStream) return call.reply.nil();
    if (found?.lastId.isMax) throw STREAM_IDS_USED_UP;
    const isExact = !request.isAuto && id.sequence !== Sequence.auto;
    chooseId(call, found, id, request.isAuto);
    if (call.end(call.argc - 1) - call.start(idAt + 1) > LARGEST_ENTRY_BYTES) {
      throw STREAM_ENTRY_TOO_LARGE;
    }
    const stream = found ?? createStream(call, 1);
    appendEntry(call, stream, id, idAt + 1);
    call.changed(1, EventClass.stream, 'xadd');
    replyId(call, id);
    const { effects } = call;
    if (request.trim !== null && trimStream(stream, request.trim) > 0 && effects.attentive) {
      effects.notify(call.db, EventClass.stream, 'xtrim', call.bytes(1));
    }
    if (!isExact || request.trim?.approximate) {
      propagateExact(call, stream, request.trim ?? noTrimming(), isExact ? 0 : idAt);
    }
    if (found !== null) call.keyspace.waiters?.renewed(call.db, call.bytes(1));
  },
);

/** Reads all up to the ID, and that to `id`. */
function readRequest(call: Call, id: StreamId): AppendRequest {
  let trim: TrimOptions | null = null;
  let makesStream = true;
  let i = 2;
  let isAuto = false;
  for (; i < call.argc; i++) {
    isAuto = call.length(i) === 1 && call.buffer[call.start(i)] === STAR;
    if (isAuto) break;
    if (call.is(i, 'nomkstream')) {
      makesStream = false;
      continue;
    }
    // Most requests have nothing here but the ID.
    const options: TrimOptions = trim ?? noTrimmingUnlessDigit(call, i);
    const last = options === NO_OPTIONS ? 0 : readTrimOption(call, i, options);
    if (last === 0) {
      if (!id.parse(call.buffer, call.start(i), call.end(i))) throw INVALID_STREAM_ID;
      break;
    }
    trim = options;
    i = last;
  }
  if (trim !== null) finishTrimOptions(call, trim);
  const words = call.argc - i - 1;
  if (words < 2 || words % 2 !== 0) throw wrongArity('xadd');
  if (trim?.strategy === Strategy.none) trim = null;
  return { makesStream, idAt: i, isAuto, trim };
}

/** Stands for options that are not read, since an ID stands where they could. */
const NO_OPTIONS = noTrimming();

function noTrimmingUnlessDigit(call: Call, i: number): TrimOptions {
  const first = (call.buffer[call.start(i)] as number) - 48;
  return first >= 0 && first <= 9 ? NO_OPTIONS : noTrimming();
}

/** Completes the new entry's ID. @throws {Refusal} When it would not be above all others. */
function chooseId(call: Call, stream: Stream | null, id: StreamId, isAuto: boolean): void {
  const last = stream?.lastId;
  if (isAuto) {
    id.toMs(call.clock.now());
    if (last !== undefined && id.compare(last) <= 0) id.copy(last).increment();
    return;
  }
  if (id.sequence === Sequence.auto) {
    if (last?.hasMsOf(id)) {
      if (!id.copy(last).incrementSequence()) throw STREAM_ID_TOO_LOW;
      return;
    }
    // 0-0 is no entry's ID.
    if (id.isZero) id.incrementSequence();
  }
  if (last !== undefined && id.compare(last) <= 0) throw STREAM_ID_TOO_LOW;
}

function appendEntry(call: Call, stream: Stream, id: StreamId, from: number): void {
  const { settings } = call.keyspace;
  const { bytes, starts, ends } = call.request;
  stream.append(
    id,
    { bytes, starts, ends, from, to: call.argc },
    { maxBytes: settings.streamNodeMaxBytes, maxEntries: settings.streamNodeMaxEntries },
  );
}
