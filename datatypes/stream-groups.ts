/** XGROUP and its subcommands, and XACK. */
import {
  ENTRIES_READ_NEGATIVE,
  GROUP_EXISTS,
  INVALID_STREAM_ID,
  noSuchGroupOfKey,
  wrongSubcommandArity,
  XGROUP_NEEDS_KEY,
} from '../protocol/refusals.js';
import { integer, key, keyArg, oneOf, text, word } from '../protocol/spec.js';
import { type Call, EventClass } from './call.js';
import { command, container } from './command.js';
import { replyHelp } from './help.js';
import type { StreamId } from './store/stream-id.js';
import { createStream, readId, readStreamToChange, toolsOf, writeStream } from './stream-access.js';
import { type Count, countOf } from './stream-counts.js';
import { createConsumer } from './stream-deliver.js';
import { Group, UNKNOWN_READ } from './stream-group-value.js';
import type { Stream } from './stream-value.js';

const DOLLAR = 0x24;
/** Chunks of pending entries that are given back at a time. */
const CHUNKS_AT_ONCE = 64;

const create = command(
  {
    name: 'xgroup|create',
    group: 'stream',
    since: '5.0.0',
    arity: -5,
    flags: ['denyoom', 'write'],
    acl: ['stream'],
    keys: [key(2, ['RW', 'insert'])],
    args: [
      keyArg(),
      text('group'),
      oneOf('id-selector', [text('id'), word('$', { name: 'new-id' })]),
      word('MKSTREAM', { optional: true }),
      integer('entriesread', { token: 'ENTRIESREAD', displayText: 'entries-read', optional: true }),
    ],
    complexity: 'O(1)',
    summary: 'Makes a group of consumers.',
  },
  (call) => {
    const { makesStream, entriesRead } = readOptions(call, true);
    const found = writeStream(call, 2);
    if (found === null && !makesStream) throw XGROUP_NEEDS_KEY;
    if (call.argc > 8) throw wrongSubcommandArity(call.text(1), 'XGROUP');
    const id = readPosition(call, found, true);
    if (found?.group(call.buffer, call.start(3), call.end(3)) !== undefined) throw GROUP_EXISTS;
    const stream = found ?? createStream(call, 2);
    const group = new Group(stream.arena, Uint8Array.prototype.slice.call(call.bytes(3)));
    group.lastId.copy(id);
    group.entriesRead = entriesRead;
    stream.addGroup(group);
    if (found === null) call.changed(2, EventClass.stream, 'xgroup-create');
    else call.told(2, EventClass.stream, 'xgroup-create');
    call.reply.ok();
  },
);

const setid = command(
  {
    name: 'xgroup|setid',
    group: 'stream',
    since: '5.0.0',
    arity: -5,
    flags: ['write'],
    acl: ['stream'],
    keys: [key(2, ['RW', 'update'])],
    args: [
      keyArg(),
      text('group'),
      oneOf('id-selector', [text('id'), word('$', { name: 'new-id' })]),
      integer('entriesread', { token: 'ENTRIESREAD', displayText: 'entries-read', optional: true }),
    ],
    complexity: 'O(1)',
    summary: 'Sets how far a group has read.',
  },
  (call) => {
    const { entriesRead } = readOptions(call, false);
    const [stream, group] = requireGroup(call);
    if (call.argc > 7) throw wrongSubcommandArity(call.text(1), 'XGROUP');
    group.lastId.copy(readPosition(call, stream, false));
    group.entriesRead = entriesRead;
    call.told(2, EventClass.stream, 'xgroup-setid');
    call.reply.ok();
  },
);

const destroy = command(
  {
    name: 'xgroup|destroy',
    group: 'stream',
    since: '5.0.0',
    arity: 4,
    flags: ['write'],
    acl: ['stream'],
    keys: [key(2, ['RW', 'delete'])],
    args: [keyArg(), text('group')],
    complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
    summary: 'Removes a group of consumers.',
  },
  (call) => {
    const stream = requireStream(call);
    const group = stream.group(call.buffer, call.start(3), call.end(3));
    if (group !== undefined) {
      stream.removeGroup(group);
      call.keyspace.free(group.pending.size, () => group.freeSome(CHUNKS_AT_ONCE));
      call.told(2, EventClass.stream, 'xgroup-destroy');
      call.keyspace.waiters?.renewed(call.db, call.bytes(2));
    }
    call.reply.integer(group === undefined ? 0 : 1);
  },
);

const createconsumer = command(
  {
    name: 'xgroup|createconsumer',
    group: 'stream',
    since: '6.2.0',
    arity: 5,
    flags: ['denyoom', 'write'],
    acl: ['stream'],
    keys: [key(2, ['RW', 'insert'])],
    args: [keyArg(), text('group'), text('consumer')],
    complexity: 'O(1)',
    summary: 'Makes a consumer in a group.',
  },
  (call) => {
    const [, group] = requireGroup(call);
    const isThere = group.consumer(call.buffer, call.start(4), call.end(4)) !== undefined;
    if (!isThere) createConsumer(call, 2, group, 4);
    call.reply.integer(isThere ? 0 : 1);
  },
);

const delconsumer = command(
  {
    name: 'xgroup|delconsumer',
    group: 'stream',
    since: '5.0.0',
    arity: 5,
    flags: ['write'],
    acl: ['stream'],
    keys: [key(2, ['RW', 'delete'])],
    args: [keyArg(), text('group'), text('consumer')],
    complexity: 'O(1)',
    summary: 'Removes a consumer from a group.',
  },
  (call) => {
    const [, group] = requireGroup(call);
    const consumer = group.consumer(call.buffer, call.start(4), call.end(4));
    if (consumer === undefined) return call.reply.integer(0);
    const pending = consumer.pending.size;
    group.removeConsumer(consumer);
    call.told(2, EventClass.stream, 'xgroup-delconsumer');
    call.reply.integer(pending);
  },
);

const HELP = [
  'CREATE <key> <groupname> <id|$> [option]',
  '    Create a new consumer group. Options are:',
  '    * MKSTREAM',
  '      Create the empty stream if it does not exist.',
  '    * ENTRIESREAD entries_read',
  "      Set the group's entries_read counter (internal use).",
  'CREATECONSUMER <key> <groupname> <consumer>',
  '    Create a new consumer in the specified group.',
  'DELCONSUMER <key> <groupname> <consumer>',
  '    Remove the specified consumer.',
  'DESTROY <key> <groupname>',
  '    Remove the specified group.',
  'SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]',
  '    Set the current group ID and entries_read counter.',
] as const;

const help = command(
  {
    name: 'xgroup|help',
    group: 'stream',
    since: '5.0.0',
    arity: 2,
    flags: ['loading', 'stale'],
    acl: ['stream'],
    complexity: 'O(1)',
    summary: 'Lists the subcommands of XGROUP.',
  },
  (call) => replyHelp(call, 'XGROUP', HELP),
);

export const xgroup = container(
  {
    name: 'xgroup',
    group: 'stream',
    since: '5.0.0',
    arity: -2,
    flags: [],
    complexity: 'Depends on subcommand.',
    summary: 'Holds commands about groups of consumers.',
  },
  [create, createconsumer, delconsumer, destroy, help, setid],
);

export const xack = command(
  {
    name: 'xack',
    group: 'stream',
    since: '5.0.0',
    arity: -4,
    flags: ['fast', 'write'],
    acl: ['stream'],
    keys: [key(1, ['RW', 'update'])],
    args: [keyArg(), text('group'), text('id', { multiple: true })],
    complexity: 'O(1) for each message ID processed.',
    summary: 'Acknowledges entries: they are pending no longer.',
  },
  (call) => {
    const stream = readStreamToChange(call, 1);
    const group = stream?.group(call.buffer, call.start(2), call.end(2));
    if (group === undefined) return call.reply.integer(0);
    const { id, pendingPlace } = toolsOf(call);
    for (let i = 3; i < call.argc; i++) readId(call, i, id);
    let acknowledged = 0;
    for (let i = 3; i < call.argc; i++) {
      readId(call, i, id);
      if (!group.seek(id, pendingPlace)) continue;
      group.drop(pendingPlace, id);
      acknowledged++;
    }
    call.effects.dirty += acknowledged;
    call.reply.integer(acknowledged);
  },
);

/** @throws {Refusal} XGROUP_NEEDS_KEY. */
function requireStream(call: Call): Stream {
  const stream = writeStream(call, 2);
  if (stream === null) throw XGROUP_NEEDS_KEY;
  return stream;
}

/** The group that argument 3 names. @throws {Refusal} When there is none. */
function requireGroup(call: Call): [Stream, Group] {
  const stream = requireStream(call);
  const group = stream.group(call.buffer, call.start(3), call.end(3));
  if (group === undefined) throw noSuchGroupOfKey(call.text(3), call.text(2));
  return [stream, group];
}

function isDollar(call: Call): boolean {
  return call.length(4) === 1 && call.buffer[call.start(4)] === DOLLAR;
}

/** Reads argument 4: an ID, or `$` for the stream's last; `-` and `+` too unless `isStrict`. */
function readPosition(call: Call, stream: Stream | null, isStrict: boolean): StreamId {
  if (isStrict && !isDollar(call)) return readId(call, 4, toolsOf(call).id);
  const { id } = toolsOf(call);
  if (isDollar(call)) {
    return stream === null ? id.toZero() : id.copy(stream.lastId);
  }
  if (!id.parseBound(call.buffer, call.start(4), call.end(4), false)) throw INVALID_STREAM_ID;
  return id;
}

/** Reads `[MKSTREAM] [ENTRIESREAD count]` from argument 5 on. */
function readOptions(call: Call, creates: boolean): { makesStream: boolean; entriesRead: Count } {
  let makesStream = false;
  let entriesRead: Count = UNKNOWN_READ;
  for (let i = 5; i < call.argc; i++) {
    if (creates && call.is(i, 'mkstream')) makesStream = true;
    else if (call.is(i, 'entriesread') && i + 1 < call.argc) {
      entriesRead = countOf(call.bigint(++i));
      if (entriesRead < 0 && entriesRead !== UNKNOWN_READ) throw ENTRIES_READ_NEGATIVE;
    } else throw wrongSubcommandArity(call.text(1), 'XGROUP');
  }
  return { makesStream, entriesRead };
}
