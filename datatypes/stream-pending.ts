/** XPENDING: what a group delivered and nobody acknowledged. */
import { noSuchKeyOrGroup, SYNTAX_ERROR } from '../protocol/refusals.js';
import { block, integer, key, keyArg, text } from '../protocol/spec.js';
import type { Call } from './call.js';
import { command } from './command.js';
import { StreamId } from './store/stream-id.js';
import { readEnd, readStart, readStream, replyId, toolsOf } from './stream-access.js';
import { minus } from './stream-counts.js';
import type { Consumer, Group } from './stream-group-value.js';

export const xpending = command(
  {
    name: 'xpending',
    group: 'stream',
    since: '5.0.0',
    arity: -3,
    flags: ['readonly'],
    acl: ['stream'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      text('group'),
      block(
        'filters',
        [
          integer('min-idle-time', { token: 'IDLE', since: '6.2.0', optional: true }),
          text('start'),
          text('end'),
          integer('count'),
          text('consumer', { optional: true }),
        ],
        { optional: true },
      ),
    ],
    complexity:
      'O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer.',
    summary: 'Tells what is delivered to a group and not acknowledged.',
  },
  (call) => {
    const { argc } = call;
    if (argc !== 3 && (argc < 6 || argc > 9)) throw SYNTAX_ERROR;
    const range = argc === 3 ? null : readRange(call);
    const group = readStream(call, 1)?.group(call.buffer, call.start(2), call.end(2));
    if (group === undefined) throw noSuchKeyOrGroup(call.text(1), call.text(2));
    if (range === null) return replySummary(call, group);
    const { consumerAt } = range;
    if (consumerAt === 0) return replyPending(call, group, range, null);
    const consumer = group.consumer(call.buffer, call.start(consumerAt), call.end(consumerAt));
    if (consumer === undefined) return call.reply.emptyArray();
    replyPending(call, group, range, consumer);
  },
);

interface PendingRange {
  /** 0 for any. */
  readonly leastIdleMs: number;
  readonly start: StreamId;
  readonly end: StreamId;
  readonly count: number;
  /** Argument index of the consumer's name; 0 for none. */
  readonly consumerAt: number;
}

/** Reads `[IDLE ms] start end count [consumer]` from argument 3 on. */
function readRange(call: Call): PendingRange {
  let at = 3;
  let leastIdleMs = 0;
  if (call.is(3, 'idle')) {
    leastIdleMs = Number(call.bigint(4));
    if (call.argc < 8) throw SYNTAX_ERROR;
    at = 5;
  }
  const count = Math.max(0, Number(call.bigint(at + 2)));
  const start = readStart(call, at, new StreamId());
  const end = readEnd(call, at + 1, new StreamId());
  return { leastIdleMs, start, end, count, consumerAt: at + 3 < call.argc ? at + 3 : 0 };
}

function replySummary(call: Call, group: Group): void {
  const { reply } = call;
  const { pending } = group;
  reply.array(4);
  reply.integer(pending.size);
  if (pending.size === 0) {
    reply.nil();
    reply.nil();
    return reply.nilArray();
  }
  const { pendingPlace: place, id } = toolsOf(call);
  pending.toFirst(place);
  replyId(call, pending.readId(place, id));
  pending.toLast(place);
  replyId(call, pending.readId(place, id));
  const busy = group.consumers.filter((one) => one.pending.size > 0);
  reply.array(busy.length);
  for (const consumer of busy) {
    reply.array(2);
    reply.bulk(consumer.name);
    reply.bulkInteger(consumer.pending.size);
  }
}

/** Writes what is pending in a range, of one consumer or (null) of all. */
function replyPending(
  call: Call,
  group: Group,
  range: PendingRange,
  consumer: Consumer | null,
): void {
  const { reply } = call;
  const { pendingPlace: place, id } = toolsOf(call);
  const index = consumer?.pending ?? group.pending;
  const nowMs = call.clock.now();
  const walk = consumer === null ? place : { ...place };
  const deferred = reply.defer();
  let entries = 0;
  index.seek(range.start, walk);
  for (let more = index.isAt(walk); more && entries < range.count; more = index.next(walk)) {
    index.readId(walk, id);
    if (id.compare(range.end) > 0) break;
    if (consumer !== null) group.seek(id, place);
    const idleMs = minus(nowMs, group.exactDeliveredAtMs(place));
    if (range.leastIdleMs !== 0 && idleMs < range.leastIdleMs) continue;
    reply.array(4);
    replyId(call, id);
    reply.bulk(group.ownerAt(place).name);
    const isToCome = idleMs < 0;
    reply.integer(isToCome ? 0 : idleMs);
    reply.integer(group.deliveries(place));
    entries++;
  }
  reply.resolveArray(deferred, entries);
}
