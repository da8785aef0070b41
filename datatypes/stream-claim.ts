/** XCLAIM and XAUTOCLAIM: pending entries change their consumer. */
import {
  invalidClaimArgument,
  noSuchKeyOrGroup,
  type Refusal,
  SYNTAX_ERROR,
  unrecognizedClaimOption,
  XAUTOCLAIM_COUNT,
  XAUTOCLAIM_COUNT_TOO_HIGH,
} from '../protocol/refusals.js';
import { integer, key, keyArg, text, unixTime, word } from '../protocol/spec.js';
import type { Call } from './call.js';
import { command } from './command.js';
import type { IdPlace } from './store/id-index.js';
import { StreamId } from './store/stream-id.js';
import {
  readId,
  readStart,
  readStreamToChange,
  replyEntry,
  replyId,
  streamOf,
  toolsOf,
} from './stream-access.js';
import { type Count, countOf, plus } from './stream-counts.js';
import { requireConsumer } from './stream-deliver.js';
import type { Consumer, Group } from './stream-group-value.js';
import { propagateClaim, propagateGroupId } from './stream-propagation.js';
import type { Stream } from './stream-value.js';

/** Entries that XAUTOCLAIM looks at for each that it may return. */
const LOOKS_PER_ENTRY = 10;
const AUTOCLAIM_COUNT = 100;
/** The real server has room for so many IDs of 16 bytes in the address space. */
const LARGEST_COUNT = 2n ** 63n / 16n - 1n;

/** For so many IDs the real server finds no memory. */
const TOO_LARGE_COUNT = 2 ** 43;

interface Claim {
  readonly stream: Stream;
  readonly group: Group;
  readonly consumer: Consumer;
  readonly leastIdleMs: number;
  /** When the entries count as delivered, ms since 1970. */
  readonly deliveredAtMs: number;
  /** How often they count as delivered; null for once more than before. */
  readonly deliveries: Count | null;
  /** Whether only IDs are wanted, and deliveries not counted. */
  readonly justIds: boolean;
}

interface ClaimOptions {
  deliveredAtMs: number;
  deliveries: Count | null;
  force: boolean;
  justIds: boolean;
  /** Null for none. */
  lastId: StreamId | null;
}

export const xclaim = command(
  {
    name: 'xclaim',
    group: 'stream',
    since: '5.0.0',
    arity: -6,
    flags: ['fast', 'write'],
    acl: ['stream'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RW', 'update'])],
    args: [
      keyArg(),
      text('group'),
      text('consumer'),
      text('min-idle-time'),
      text('id', { multiple: true }),
      integer('ms', { token: 'IDLE', optional: true }),
      unixTime('unix-time-milliseconds', { token: 'TIME', optional: true }),
      integer('count', { token: 'RETRYCOUNT', optional: true }),
      word('FORCE', { optional: true }),
      word('JUSTID', { optional: true }),
      text('lastid', { token: 'LASTID', optional: true }),
    ],
    complexity: 'O(log N) with N being the number of messages in the PEL of the consumer group.',
    summary: 'Gives pending entries to another consumer, as if delivered to it.',
  },
  (call) => {
    const [stream, group] = requireGroup(call, readStreamToChange(call, 1));
    const leastIdleMs = readIdle(call, 'XCLAIM');
    const { id, pendingPlace: place } = toolsOf(call);
    let idsEnd = 5;
    while (idsEnd < call.argc) {
      if (!id.parseStrict(call.buffer, call.start(idsEnd), call.end(idsEnd))) break;
      idsEnd++;
    }
    const options = readOptions(call, idsEnd);
    call.effects.propagateNothing();
    const isAhead = takeLastId(group, options.lastId);
    const consumer = requireConsumer(call, 1, group, 3);
    const claim: Claim = { stream, group, consumer, leastIdleMs, ...options };
    const deferred = call.reply.defer();
    let entries = 0;
    let dropped = 0;
    for (let i = 5; i < idsEnd; i++) {
      readId(call, i, id);
      const isPending = group.seek(id, place);
      if (!stream.find(id)) {
        if (!isPending) continue;
        dropGone(call, group, place, id);
        dropped++;
        continue;
      }
      if (!isPending && !options.force) continue;
      if (!isPending) addUndelivered(group, consumer, place, id);
      if (!take(call, isPending ? claim : { ...claim, leastIdleMs: 0 }, place, id)) continue;
      replyClaimed(call, claim, id);
      entries++;
    }
    call.reply.resolveArray(deferred, entries);
    if (!isAhead) return;
    call.effects.dirty++;
    // Each claim that is sent says how far the group is.
    if (entries + dropped === 0) propagateGroupId(call, call.bytes(1), group);
  },
);

export const xautoclaim = command(
  {
    name: 'xautoclaim',
    group: 'stream',
    since: '6.2.0',
    arity: -6,
    flags: ['fast', 'write'],
    acl: ['stream'],
    tips: ['nondeterministic_output'],
    keys: [key(1, ['RW', 'delete'])],
    args: [
      keyArg(),
      text('group'),
      text('consumer'),
      text('min-idle-time'),
      text('start'),
      integer('count', { token: 'COUNT', optional: true }),
      word('JUSTID', { optional: true }),
    ],
    complexity: 'O(1) if COUNT is small.',
    summary: 'Gives entries that are pending for long to another consumer.',
  },
  (call) => {
    // The real server looks at the key first: it counts as a hit or a miss whatever else is wrong.
    const ref = call.readToChange(1);
    const leastIdleMs = readIdle(call, 'XAUTOCLAIM');
    const { id, pendingPlace: place } = toolsOf(call);
    readStart(call, 5, id);
    const { count, justIds } = readAutoOptions(call);
    const [stream, group] = requireGroup(call, streamOf(call, ref));
    if (count >= TOO_LARGE_COUNT) throw XAUTOCLAIM_COUNT_TOO_HIGH;
    call.effects.propagateNothing();
    const consumer = requireConsumer(call, 1, group, 3);
    const deliveredAtMs = call.clock.now();
    const claim = {
      stream,
      group,
      consumer,
      leastIdleMs,
      deliveredAtMs,
      deliveries: null,
      justIds,
    };
    group.seek(id, place);
    replyAutoClaim(call, claim, place, count);
  },
);

/** Claims from `place` on, up to `count` entries, and writes where it ended, what it got, and what was gone. */
function replyAutoClaim(call: Call, claim: Claim, place: IdPlace, count: number): void {
  const { reply } = call;
  const { stream, group } = claim;
  const { pending } = group;
  const id = new StreamId();
  const claimed: StreamId[] = [];
  const gone: StreamId[] = [];
  for (let looks = count * LOOKS_PER_ENTRY; looks > 0 && pending.isAt(place); looks--) {
    if (claimed.length + gone.length === count) break;
    pending.readId(place, id);
    if (!stream.find(id)) {
      gone.push(new StreamId().copy(id));
      dropGone(call, group, place, id);
      continue;
    }
    if (take(call, claim, place, id)) claimed.push(new StreamId().copy(id));
    pending.next(place);
  }
  reply.array(3);
  replyId(call, pending.isAt(place) ? pending.readId(place, id) : id.toZero());
  reply.array(claimed.length);
  for (const one of claimed) replyClaimed(call, claim, one);
  reply.array(gone.length);
  for (const one of gone) replyId(call, one);
}

function replyClaimed(call: Call, claim: Claim, id: StreamId): void {
  const { stream, justIds } = claim;
  if (justIds) replyId(call, id);
  else if (stream.find(id)) replyEntry(call, stream.tools.node);
}

/** The group that argument 2 names. @throws {Refusal} When there is none. */
function requireGroup(call: Call, stream: Stream | null): [Stream, Group] {
  const group = stream?.group(call.buffer, call.start(2), call.end(2));
  if (stream === null || group === undefined) throw noSuchKeyOrGroup(call.text(1), call.text(2));
  return [stream, group];
}

/** Reads argument 4, ms that an entry must be pending for. */
function readIdle(call: Call, name: string): number {
  return Math.max(0, Number(call.bigint(4, invalidClaimArgument('min-idle-time', name))));
}

/** Reads the options of XCLAIM from argument `from` on. */
function readOptions(call: Call, from: number): ClaimOptions {
  const nowMs = call.clock.now();
  const options: ClaimOptions = {
    ...{ deliveredAtMs: nowMs, deliveries: null, force: false, justIds: false, lastId: null },
  };
  const invalid = (option: string): Refusal => invalidClaimArgument(`${option} option`, 'XCLAIM');
  for (let i = from; i < call.argc; i++) {
    const more = i + 1 < call.argc;
    if (call.is(i, 'force')) options.force = true;
    else if (call.is(i, 'justid')) options.justIds = true;
    else if (call.is(i, 'idle') && more) {
      options.deliveredAtMs = nowMs - Number(call.bigint(++i, invalid('IDLE')));
    } else if (call.is(i, 'time') && more) {
      options.deliveredAtMs = Number(call.bigint(++i, invalid('TIME')));
    } else if (call.is(i, 'retrycount') && more) {
      const count = countOf(call.bigint(++i, invalid('RETRYCOUNT')));
      options.deliveries = count < 0 ? null : count;
    } else if (call.is(i, 'lastid') && more) {
      options.lastId = readId(call, ++i, new StreamId());
    } else throw unrecognizedClaimOption(call.text(i));
  }
  // A moment that cannot be, from a clock that differs, is taken for now.
  const { deliveredAtMs } = options;
  if (deliveredAtMs < 0 || deliveredAtMs > nowMs) options.deliveredAtMs = nowMs;
  return options;
}

/** Reads `[COUNT count] [JUSTID]` from argument 6 on. */
function readAutoOptions(call: Call): { count: number; justIds: boolean } {
  let count = AUTOCLAIM_COUNT;
  let justIds = false;
  for (let i = 6; i < call.argc; i++) {
    if (call.is(i, 'count') && i + 1 < call.argc) {
      const given = call.bigint(++i, XAUTOCLAIM_COUNT);
      if (given < 1n || given > LARGEST_COUNT) throw XAUTOCLAIM_COUNT;
      count = Number(given);
    } else if (call.is(i, 'justid')) justIds = true;
    else throw SYNTAX_ERROR;
  }
  return { count, justIds };
}

/** Sets the group forward to `lastId`. False when it is there already. */
function takeLastId(group: Group, lastId: StreamId | null): boolean {
  if (lastId === null || lastId.compare(group.lastId) <= 0) return false;
  group.lastId.copy(lastId);
  return true;
}

/** A pending entry is no more in the stream: it is pending no longer. */
function dropGone(call: Call, group: Group, place: IdPlace, id: StreamId): void {
  propagateClaim(call, call.bytes(1), group, place, id);
  call.effects.dirty++;
  group.drop(place, id);
}

/** Makes an entry pending that never was: XCLAIM FORCE. */
function addUndelivered(group: Group, consumer: Consumer, place: IdPlace, id: StreamId): void {
  group.add(id, consumer, place);
  group.setDeliveredAtMs(place, 0);
  group.setDeliveries(place, 1);
}

/** Claims the pending entry at `place`. False when it is too young. */
function take(call: Call, claim: Claim, place: IdPlace, id: StreamId): boolean {
  const { group, consumer, leastIdleMs, deliveries } = claim;
  const nowMs = call.clock.now();
  if (leastIdleMs > 0 && nowMs - group.deliveredAtMs(place) < leastIdleMs) return false;
  group.assign(place, id, consumer);
  group.setDeliveredAtMs(place, claim.deliveredAtMs);
  if (deliveries !== null) group.setDeliveries(place, deliveries);
  else if (!claim.justIds) group.setDeliveries(place, plus(group.deliveries(place), 1));
  consumer.activeAtMs = nowMs;
  call.effects.dirty++;
  propagateClaim(call, call.bytes(1), group, place, id);
  return true;
}
