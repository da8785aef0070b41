/** XINFO: what a stream, its groups and their consumers are. */
import { NO_SUCH_KEY, noSuchGroupOfKey, wrongSubcommandArity } from '../protocol/refusals.js';
import { block, integer, key, keyArg, text, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import { command, container } from './command.js';
import { replyHelp } from './help.js';
import { IdPlace } from './store/id-index.js';
import { StreamId } from './store/stream-id.js';
import { readStream, replyEntry, replyId, toolsOf } from './stream-access.js';
import { type Consumer, type Group, NEVER_ACTIVE, UNKNOWN_READ } from './stream-group-value.js';
import { lagOf } from './stream-lag.js';
import { radixNodes } from './stream-radix.js';
import type { Stream } from './stream-value.js';

/** Entries and pending ones that FULL shows when not told otherwise. */
const SHOWN = 10;

const stream = command(
  {
    name: 'xinfo|stream',
    group: 'stream',
    since: '5.0.0',
    arity: -3,
    flags: ['readonly'],
    acl: ['stream'],
    keys: [key(2, ['RO', 'access'])],
    args: [
      keyArg(),
      block('full-block', [word('FULL'), integer('count', { token: 'COUNT', optional: true })], {
        optional: true,
      }),
    ],
    complexity: 'O(1)',
    summary: 'Tells about a stream, and with FULL about all that belongs to it.',
  },
  (call) => {
    const found = requireStream(call);
    if (call.argc === 3) return replyStream(call, found);
    const isFull =
      call.is(3, 'full') && (call.argc === 4 || (call.argc === 6 && call.is(4, 'count')));
    if (!isFull) throw wrongSubcommandArity(call.text(1), 'XINFO');
    const count = call.argc === 4 ? SHOWN : Number(call.bigint(5));
    replyFull(call, found, count < 0 ? SHOWN : count === 0 ? Number.POSITIVE_INFINITY : count);
  },
);

const groups = command(
  {
    name: 'xinfo|groups',
    group: 'stream',
    since: '5.0.0',
    arity: 3,
    flags: ['readonly'],
    acl: ['stream'],
    keys: [key(2, ['RO', 'access'])],
    args: [keyArg()],
    complexity: 'O(1)',
    summary: 'Tells about the groups of a stream.',
  },
  (call) => {
    const { reply } = call;
    const found = requireStream(call);
    reply.array(found.groups.length);
    for (const group of found.groups) {
      reply.map(6);
      label(call, 'name');
      reply.bulk(group.name);
      label(call, 'consumers');
      reply.integer(group.consumers.length);
      label(call, 'pending');
      reply.integer(group.pending.size);
      replyProgress(call, found, group);
    }
  },
);

const consumers = command(
  {
    name: 'xinfo|consumers',
    group: 'stream',
    since: '5.0.0',
    arity: 4,
    flags: ['readonly'],
    acl: ['stream'],
    tips: ['nondeterministic_output'],
    keys: [key(2, ['RO', 'access'])],
    args: [keyArg(), text('group')],
    complexity: 'O(1)',
    summary: 'Tells about the consumers of a group.',
  },
  (call) => {
    const { reply } = call;
    const group = requireStream(call).group(call.buffer, call.start(3), call.end(3));
    if (group === undefined) throw noSuchGroupOfKey(call.text(3), call.text(2));
    const nowMs = call.clock.now();
    reply.array(group.consumers.length);
    for (const { name, pending, seenAtMs, activeAtMs } of group.consumers) {
      reply.map(4);
      label(call, 'name');
      reply.bulk(name);
      label(call, 'pending');
      reply.integer(pending.size);
      label(call, 'idle');
      reply.integer(Math.max(0, nowMs - seenAtMs));
      label(call, 'inactive');
      reply.integer(activeAtMs === NEVER_ACTIVE ? -1 : Math.max(0, nowMs - activeAtMs));
    }
  },
);

const HELP = [
  'CONSUMERS <key> <groupname>',
  '    Show consumers of <groupname>.',
  'GROUPS <key>',
  '    Show the stream consumer groups.',
  'STREAM <key> [FULL [COUNT <count>]',
  '    Show information about the stream.',
] as const;

const help = command(
  {
    name: 'xinfo|help',
    group: 'stream',
    since: '5.0.0',
    arity: 2,
    flags: ['loading', 'stale'],
    acl: ['stream'],
    complexity: 'O(1)',
    summary: 'Lists the subcommands of XINFO.',
  },
  (call) => replyHelp(call, 'XINFO', HELP),
);

export const xinfo = container(
  {
    name: 'xinfo',
    group: 'stream',
    since: '5.0.0',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Holds commands that tell about streams.',
  },
  [consumers, groups, help, stream],
);

/** The stream of the key in argument 2. @throws {Refusal} NO_SUCH_KEY. */
function requireStream(call: Call): Stream {
  const found = readStream(call, 2);
  if (found === null) throw NO_SUCH_KEY;
  return found;
}

function label(call: Call, name: string): void {
  call.reply.text(name);
}

/** What both forms of XINFO STREAM begin with: seven pairs. */
function replyHead(call: Call, found: Stream): void {
  const { reply } = call;
  label(call, 'length');
  reply.integer(found.length);
  label(call, 'radix-tree-keys');
  reply.integer(found.nodes.size);
  label(call, 'radix-tree-nodes');
  reply.integer(radixNodes(found.nodes));
  label(call, 'last-generated-id');
  replyId(call, found.lastId);
  label(call, 'max-deleted-entry-id');
  replyId(call, found.maxDeletedId);
  label(call, 'entries-added');
  reply.integer(found.entriesAdded);
  label(call, 'recorded-first-entry-id');
  replyId(call, found.firstId);
}

function replyStream(call: Call, found: Stream): void {
  const { reply } = call;
  reply.map(10);
  replyHead(call, found);
  label(call, 'groups');
  reply.integer(found.groups.length);
  label(call, 'first-entry');
  replyEdge(call, found, false);
  label(call, 'last-entry');
  replyEdge(call, found, true);
}

function replyEdge(call: Call, found: Stream, isLast: boolean): void {
  const { cursor } = toolsOf(call);
  cursor.begin(found, new StreamId(), new StreamId().toMax(), isLast);
  if (cursor.next()) replyEntry(call, cursor.node);
  else call.reply.nil();
}

function replyFull(call: Call, found: Stream, count: number): void {
  const { reply } = call;
  const { cursor } = toolsOf(call);
  reply.map(9);
  replyHead(call, found);
  label(call, 'entries');
  const deferred = reply.defer();
  let entries = 0;
  cursor.begin(found, new StreamId(), new StreamId().toMax(), false);
  while (entries < count && cursor.next()) {
    replyEntry(call, cursor.node);
    entries++;
  }
  reply.resolveArray(deferred, entries);
  label(call, 'groups');
  reply.array(found.groups.length);
  for (const group of found.groups) replyFullGroup(call, found, group, count);
}

function replyFullGroup(call: Call, found: Stream, group: Group, count: number): void {
  const { reply } = call;
  const { pending } = group;
  reply.map(7);
  label(call, 'name');
  reply.bulk(group.name);
  replyProgress(call, found, group);
  label(call, 'pel-count');
  reply.integer(pending.size);
  label(call, 'pending');
  reply.array(Math.min(count, pending.size));
  const place = new IdPlace();
  const id = new StreamId();
  pending.toFirst(place);
  for (let left = Math.min(count, pending.size); left > 0; left--) {
    reply.array(4);
    replyId(call, pending.readId(place, id));
    reply.bulk(group.ownerAt(place).name);
    reply.integer(group.exactDeliveredAtMs(place));
    reply.integer(group.deliveries(place));
    pending.next(place);
  }
  label(call, 'consumers');
  reply.array(group.consumers.length);
  for (const consumer of group.consumers) replyFullConsumer(call, group, consumer, count);
}

function replyFullConsumer(call: Call, group: Group, consumer: Consumer, count: number): void {
  const { reply } = call;
  const { name, seenAtMs, activeAtMs, pending } = consumer;
  reply.map(5);
  label(call, 'name');
  reply.bulk(name);
  label(call, 'seen-time');
  reply.integer(seenAtMs);
  label(call, 'active-time');
  reply.integer(activeAtMs);
  label(call, 'pel-count');
  reply.integer(pending.size);
  label(call, 'pending');
  reply.array(Math.min(count, pending.size));
  const own = new IdPlace();
  const { pendingPlace: place } = toolsOf(call);
  const id = new StreamId();
  pending.toFirst(own);
  for (let left = Math.min(count, pending.size); left > 0; left--) {
    reply.array(3);
    replyId(call, pending.readId(own, id));
    group.seek(id, place);
    reply.integer(group.exactDeliveredAtMs(place));
    reply.integer(group.deliveries(place));
    pending.next(own);
  }
}

/** How far a group has read: three pairs. */
function replyProgress(call: Call, found: Stream, group: Group): void {
  const { reply } = call;
  label(call, 'last-delivered-id');
  replyId(call, group.lastId);
  label(call, 'entries-read');
  if (group.entriesRead === UNKNOWN_READ) reply.nil();
  else reply.integer(group.entriesRead);
  label(call, 'lag');
  const lag = lagOf(found, group);
  if (lag === null) reply.nil();
  else reply.integer(lag);
}
