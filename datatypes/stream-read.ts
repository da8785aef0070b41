/** XREAD and XREADGROUP: entries of several streams behind given IDs, or what a group has yet to get. */
import {
  INVALID_STREAM_ID,
  MISSING_GROUP,
  meaninglessId,
  NEW_ID_NEEDS_GROUP,
  noGroupToRead,
  SYNTAX_ERROR,
  unbalancedStreams,
  XREAD_GROUP,
  XREAD_NOACK,
} from '../protocol/refusals.js';
import { block, integer, keyArg, text, word } from '../protocol/spec.js';
import { waitForKeys } from './blocking.js';
import type { Call } from './call.js';
import { command } from './command.js';
import { readMilliseconds } from './options.js';
import { Type } from './store/entry.js';
import { StreamId } from './store/stream-id.js';
import { readStream, readStreamToChange, replyEntry, toolsOf } from './stream-access.js';
import { deliverNew, replyHistory, requireConsumer } from './stream-deliver.js';
import type { Group } from './stream-group-value.js';
import type { Stream } from './stream-value.js';

const [GREATER, DOLLAR, PLUS] = [0x3e, 0x24, 0x2b];
const NO_WAIT = -1;

interface ReadRequest {
  /** Entries of one stream at most. */
  count: number;
  /** How long to wait for entries; `NO_WAIT`, or 0 for without end. */
  timeoutMs: number;
  acknowledges: boolean;
  /** Argument index of the group's name, before the consumer's; 0 for none. */
  groupAt: number;
  /** Argument index of the first key; the IDs follow the keys. */
  keysAt: number;
  keys: number;
}

/** What is to be read of one stream. */
interface Source {
  readonly keyAt: number;
  /** Null when the key is not there. */
  readonly stream: Stream | null;
  readonly group: Group | null;
  /** Entries behind this ID are wanted. */
  readonly after: StreamId;
  /** Whether what the group has yet to get is wanted. */
  readonly wantsNew: boolean;
}

export const xread = command(
  {
    name: 'xread',
    group: 'stream',
    since: '5.0.0',
    arity: -4,
    flags: ['blocking', 'movablekeys', 'readonly'],
    acl: ['stream'],
    keys: [
      {
        flags: ['RO', 'access'],
        begin: { keyword: 'STREAMS', from: 1 },
        find: { last: -1, step: 1, limit: 2 },
      },
    ],
    args: [
      integer('count', { token: 'COUNT', optional: true }),
      integer('milliseconds', { token: 'BLOCK', optional: true }),
      block('streams', [keyArg('key', { multiple: true }), text('id', { multiple: true })], {
        token: 'STREAMS',
      }),
    ],
    complexity: '',
    summary: 'Returns the entries of streams behind the given IDs.',
  },
  (call) => read(call, false),
);

export const xreadgroup = command(
  {
    name: 'xreadgroup',
    group: 'stream',
    since: '5.0.0',
    arity: -7,
    flags: ['blocking', 'movablekeys', 'write'],
    acl: ['stream'],
    keys: [
      {
        flags: ['RO', 'access'],
        begin: { keyword: 'STREAMS', from: 4 },
        find: { last: -1, step: 1, limit: 2 },
      },
    ],
    args: [
      block('group-block', [text('group'), text('consumer')], { token: 'GROUP' }),
      integer('count', { token: 'COUNT', optional: true }),
      integer('milliseconds', { token: 'BLOCK', optional: true }),
      word('NOACK', { optional: true }),
      block('streams', [keyArg('key', { multiple: true }), text('id', { multiple: true })], {
        token: 'STREAMS',
      }),
    ],
    complexity:
      'For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.',
    summary:
      'Returns entries that a group has yet to get, for one of its consumers, or what is pending for it.',
  },
  (call) => read(call, true),
);

function read(call: Call, forGroup: boolean): void {
  const request = readRequest(call, forGroup);
  const sources: Source[] = [];
  for (let i = 0; i < request.keys; i++) sources.push(readSource(call, request, i));
  const { reply } = call;
  const deferred = reply.defer();
  let streams = 0;
  if (forGroup) call.effects.propagateNothing();
  for (const source of sources) if (serve(call, request, source)) streams++;
  if (streams > 0)
    return reply.resp === 3
      ? reply.resolveMap(deferred, streams)
      : reply.resolveArray(deferred, streams);
  if (request.timeoutMs === NO_WAIT) reply.nilArray();
  else waitForEntries(call, request, sources);
}

function readRequest(call: Call, forGroup: boolean): ReadRequest {
  const request = {
    count: Number.POSITIVE_INFINITY,
    timeoutMs: NO_WAIT,
    acknowledges: true,
    groupAt: 0,
    keysAt: 0,
    keys: 0,
  };
  for (let i = 1; i < call.argc && request.keysAt === 0; i++) {
    const more = call.argc - i - 1;
    if (call.is(i, 'block') && more > 0) {
      request.timeoutMs = readMilliseconds(call, ++i);
    } else if (call.is(i, 'count') && more > 0) {
      const count = Number(call.bigint(++i));
      request.count = count > 0 ? count : Number.POSITIVE_INFINITY;
    } else if (call.is(i, 'streams') && more > 0) {
      request.keysAt = i + 1;
      if (more % 2 !== 0) {
        throw forGroup ? unbalancedStreams('xreadgroup', '>') : unbalancedStreams('xread', '$');
      }
      request.keys = more / 2;
    } else if (call.is(i, 'group') && more >= 2) {
      if (!forGroup) throw XREAD_GROUP;
      request.groupAt = i + 1;
      i += 2;
    } else if (call.is(i, 'noack')) {
      if (!forGroup) throw XREAD_NOACK;
      request.acknowledges = false;
    } else throw SYNTAX_ERROR;
  }
  if (request.keysAt === 0) throw SYNTAX_ERROR;
  if (forGroup && request.groupAt === 0) throw MISSING_GROUP;
  return request;
}

/** Waits for entries, behind what is the last one now where `$` stands. */
function waitForEntries(call: Call, request: ReadRequest, sources: readonly Source[]): void {
  const { keysAt, keys, timeoutMs } = request;
  const replaced = new Map<number, Uint8Array>();
  for (const { keyAt, group, after } of sources) {
    const i = keyAt + keys;
    const isLast = call.length(i) === 1 && call.buffer[call.start(i)] === DOLLAR;
    if (group === null && isLast) replaced.set(i, Buffer.from(after.toString()));
  }
  waitForKeys(call, {
    firstKeyAt: keysAt,
    endKeysAt: keysAt + keys,
    type: Type.stream,
    evenWithout: request.groupAt !== 0,
    timeoutMs,
    replaced,
  });
}

function readSource(call: Call, request: ReadRequest, index: number): Source {
  const keyAt = request.keysAt + index;
  const { groupAt } = request;
  const stream = groupAt === 0 ? readStream(call, keyAt) : readStreamToChange(call, keyAt);
  let group: Group | null = null;
  if (groupAt !== 0) {
    group = stream?.group(call.buffer, call.start(groupAt), call.end(groupAt)) ?? null;
    if (group === null) throw noGroupToRead(call.text(keyAt), call.text(groupAt));
  }
  const after = new StreamId();
  const wantsNew = readAfter(call, keyAt + request.keys, stream, group, after);
  return { keyAt, stream, group, after, wantsNew };
}

/** Reads the ID in argument `i` to `after`; whether it is `>`. */
function readAfter(
  call: Call,
  i: number,
  stream: Stream | null,
  group: Group | null,
  after: StreamId,
): boolean {
  const { buffer } = call;
  const start = call.start(i);
  const first = call.length(i) === 1 ? buffer[start] : 0;
  if (first === DOLLAR) {
    if (group !== null) throw meaninglessId('$');
    if (stream !== null) after.copy(stream.lastId);
    return false;
  }
  if (first === PLUS) {
    if (group !== null) throw meaninglessId('+');
    // An entry that is gone, or an ID that was only set, is the last one too.
    if (stream !== null && stream.length > 0) after.copy(stream.lastId).decrement();
    return false;
  }
  if (first === GREATER) {
    if (group === null) throw NEW_ID_NEEDS_GROUP;
    return true;
  }
  if (!after.parseStrict(buffer, start, call.end(i))) throw INVALID_STREAM_ID;
  // The real server has the greatest ID stand for `>`.
  return group !== null && after.isMax;
}

/** Writes what there is of one stream. False when there is nothing, and nothing is written. */
function serve(call: Call, request: ReadRequest, source: Source): boolean {
  const { stream, group, after } = source;
  // The real server looks the key up once more, and counts that.
  call.read(source.keyAt);
  if (stream === null) return false;
  const { reply } = call;
  const key = call.bytes(source.keyAt);
  if (group === null) {
    const { otherId, cursor } = toolsOf(call);
    if (stream.length === 0 || after.compare(stream.edgeId(true, otherId)) >= 0) return false;
    after.increment();
    replyKey(call, key);
    const deferred = reply.defer();
    let entries = 0;
    cursor.begin(stream, after, otherId.toMax(), false);
    while (entries < request.count && cursor.next()) {
      replyEntry(call, cursor.node);
      entries++;
    }
    reply.resolveArray(deferred, entries);
    return true;
  }
  const consumer = requireConsumer(
    call,
    source.keyAt,
    group,
    request.groupAt + 1,
    request.acknowledges,
  );
  if (!source.wantsNew) {
    replyKey(call, key);
    replyHistory(call, stream, consumer, group, after, request.count);
    return true;
  }
  const isNew = group.lastId.compare(stream.edgeId(true, after)) < 0;
  if (stream.length === 0 || !isNew) return false;
  replyKey(call, key);
  const { count, acknowledges } = request;
  deliverNew(call, key, { stream, group, consumer, count, acknowledges });
  return true;
}

function replyKey(call: Call, key: Uint8Array): void {
  if (call.reply.resp === 2) call.reply.array(2);
  call.reply.bulk(key);
}
