/** Entries of a stream by their IDs: XLEN, XRANGE, XREVRANGE, XDEL, XSETID. */
import {
  ENTRIES_ADDED_NEGATIVE,
  NO_SUCH_KEY,
  SYNTAX_ERROR,
  XSETID_BELOW_DELETED,
  XSETID_BELOW_GIVEN_DELETED,
  XSETID_BELOW_TOP,
  XSETID_FEWER_THAN_LENGTH,
} from '../protocol/refusals.js';
import { integer, key, keyArg, text } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command } from './command.js';
import { StreamId } from './store/stream-id.js';
import {
  readEnd,
  readId,
  readStart,
  readStream,
  replyEntry,
  toolsOf,
  writeStream,
} from './stream-access.js';
import { type Count, countOf } from './stream-counts.js';

export const xlen = command(
  {
    name: 'xlen',
    group: 'stream',
    since: '5.0.0',
    arity: 2,
    flags: ['fast', 'readonly'],
    acl: ['stream'],
    keys: [key(1, ['RO'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Returns how many entries a stream has.',
  },
  (call) => call.reply.integer(readStream(call, 1)?.length ?? 0),
);

export const xrange = command(
  {
    name: 'xrange',
    group: 'stream',
    since: '5.0.0',
    arity: -4,
    flags: ['readonly'],
    acl: ['stream'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      text('start'),
      text('end'),
      integer('count', { token: 'COUNT', optional: true }),
    ],
    complexity:
      'O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).',
    summary: 'Returns the entries between two IDs.',
  },
  (call) => replyRange(call, 2, 3, false),
);

export const xrevrange = command(
  {
    name: 'xrevrange',
    group: 'stream',
    since: '5.0.0',
    arity: -4,
    flags: ['readonly'],
    acl: ['stream'],
    keys: [key(1, ['RO', 'access'])],
    args: [
      keyArg(),
      text('end'),
      text('start'),
      integer('count', { token: 'COUNT', optional: true }),
    ],
    complexity:
      'O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).',
    summary: 'Returns the entries between two IDs, the last one first.',
  },
  (call) => replyRange(call, 3, 2, true),
);

function replyRange(call: Call, startAt: number, endAt: number, backwards: boolean): void {
  const { id, otherId, cursor } = toolsOf(call);
  readStart(call, startAt, id);
  readEnd(call, endAt, otherId);
  const count = readCount(call);
  const stream = readStream(call, 1);
  if (stream === null) return call.reply.emptyArray();
  if (count === 0) return call.reply.nilArray();
  const deferred = call.reply.defer();
  let entries = 0;
  cursor.begin(stream, id, otherId, backwards);
  while (entries < count && cursor.next()) {
    replyEntry(call, cursor.node);
    entries++;
  }
  call.reply.resolveArray(deferred, entries);
}

/** Reads `[COUNT count]` from argument 4 on; Infinity when it is not given. */
function readCount(call: Call): number {
  let count = Number.POSITIVE_INFINITY;
  for (let i = 4; i < call.argc; i += 2) {
    if (!call.is(i, 'count') || i + 1 === call.argc) throw SYNTAX_ERROR;
    count = Math.max(0, Number(call.bigint(i + 1)));
  }
  return count;
}

export const xdel = command(
  {
    name: 'xdel',
    group: 'stream',
    since: '5.0.0',
    arity: -3,
    flags: ['fast', 'write'],
    acl: ['stream'],
    keys: [key(1, ['RW', 'delete'])],
    args: [keyArg(), text('id', { multiple: true })],
    complexity: 'O(1) for each single item to delete in the stream, regardless of the stream size.',
    summary: 'Takes entries out of a stream by their IDs.',
  },
  (call) => {
    const stream = writeStream(call, 1);
    if (stream === null) return call.reply.integer(0);
    const { id } = toolsOf(call);
    for (let i = 2; i < call.argc; i++) readId(call, i, id);
    let removed = 0;
    let first = false;
    for (let i = 2; i < call.argc; i++) {
      readId(call, i, id);
      if (!stream.remove(id)) continue;
      removed++;
      if (id.equals(stream.firstId)) first = true;
      if (id.compare(stream.maxDeletedId) > 0) stream.maxDeletedId.copy(id);
    }
    if (first) stream.updateFirstId();
    if (removed > 0) call.changed(1, EventClass.stream, 'xdel', removed);
    call.reply.integer(removed);
  },
);

export const xsetid = command(
  {
    name: 'xsetid',
    group: 'stream',
    since: '5.0.0',
    arity: -3,
    flags: ['denyoom', 'fast', 'write'],
    acl: ['stream'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      text('last-id'),
      integer('entries-added', { token: 'ENTRIESADDED', since: '7.0.0', optional: true }),
      text('max-deleted-id', { token: 'MAXDELETEDID', since: '7.0.0', optional: true }),
    ],
    complexity: 'O(1)',
    summary: 'Sets the last ID of a stream, and its counters.',
  },
  (call) => {
    const id = readId(call, 2, toolsOf(call).id);
    const { added, maxDeleted } = readCounters(call);
    if (maxDeleted !== null && id.compare(maxDeleted) < 0) throw XSETID_BELOW_GIVEN_DELETED;
    const stream = writeStream(call, 1);
    if (stream === null) throw NO_SUCH_KEY;
    if (id.compare(stream.maxDeletedId) < 0) throw XSETID_BELOW_DELETED;
    if (stream.length > 0) {
      if (id.compare(stream.edgeId(true, new StreamId())) < 0) throw XSETID_BELOW_TOP;
      if (added !== null && added < stream.length) throw XSETID_FEWER_THAN_LENGTH;
    }
    stream.lastId.copy(id);
    if (added !== null) stream.entriesAdded = added;
    if (maxDeleted !== null && !maxDeleted.isZero) stream.maxDeletedId.copy(maxDeleted);
    call.told(1, EventClass.stream, 'xsetid');
    call.reply.ok();
  },
);

/** Reads `[ENTRIESADDED count] [MAXDELETEDID id]` from argument 3 on. */
function readCounters(call: Call): { added: Count | null; maxDeleted: StreamId | null } {
  let added: Count | null = null;
  let maxDeleted: StreamId | null = null;
  for (let i = 3; i < call.argc; i += 2) {
    if (i + 1 === call.argc) throw SYNTAX_ERROR;
    if (call.is(i, 'entriesadded')) {
      added = countOf(call.bigint(i + 1));
      if (added < 0) throw ENTRIES_ADDED_NEGATIVE;
    } else if (call.is(i, 'maxdeletedid')) {
      maxDeleted = readId(call, i + 1, new StreamId());
      if (toolsOf(call).id.compare(maxDeleted) < 0) throw XSETID_BELOW_GIVEN_DELETED;
    } else throw SYNTAX_ERROR;
  }
  return { added, maxDeleted };
}
