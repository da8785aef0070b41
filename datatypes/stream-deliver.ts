/** Handing entries to a consumer of a group, and what it still has pending. */
import { type Call, EventClass } from './call.js';
import { IdPlace } from './store/id-index.js';
import { StreamId } from './store/stream-id.js';
import { replyEntry, replyId, toolsOf } from './stream-access.js';
import { plus } from './stream-counts.js';
import type { Consumer, Group } from './stream-group-value.js';
import { noteDelivered } from './stream-lag.js';
import { propagateClaim, propagateConsumer, propagateGroupId } from './stream-propagation.js';
import type { Stream } from './stream-value.js';

/**
 * The consumer that argument `i` names, made if need be: it was seen now.
 *
 * @param told - Whether what follows tells of the consumer; else this does.
 */
export function requireConsumer(
  call: Call,
  keyAt: number,
  group: Group,
  i: number,
  told = true,
): Consumer {
  const found = group.consumer(call.buffer, call.start(i), call.end(i));
  if (found !== undefined) {
    found.seenAtMs = call.clock.now();
    return found;
  }
  const consumer = createConsumer(call, keyAt, group, i);
  if (!told) propagateConsumer(call, call.bytes(keyAt), group, consumer.name);
  return consumer;
}

/** Makes the consumer that argument `i` names, who is not there. */
export function createConsumer(call: Call, keyAt: number, group: Group, i: number): Consumer {
  const { effects } = call;
  effects.dirty++;
  if (effects.attentive) {
    effects.notify(call.db, EventClass.stream, 'xgroup-createconsumer', call.bytes(keyAt));
  }
  return group.addConsumer(Uint8Array.prototype.slice.call(call.bytes(i)), call.clock.now());
}

/** What is to be delivered, and to whom. */
export interface Delivery {
  readonly stream: Stream;
  readonly group: Group;
  readonly consumer: Consumer;
  /** Entries at most. */
  readonly count: number;
  /** Whether the entries are pending until the consumer acknowledges them. */
  readonly acknowledges: boolean;
}

/** Writes the entries that the group has yet to get, and notes that it got them. */
export function deliverNew(call: Call, key: Uint8Array, delivery: Delivery): void {
  const { stream, group, consumer, count, acknowledges } = delivery;
  const { cursor } = toolsOf(call);
  const from = new StreamId().copy(group.lastId);
  from.increment();
  const deferred = call.reply.defer();
  let entries = 0;
  cursor.begin(stream, from, new StreamId().toMax(), false);
  while (entries < count && cursor.next()) {
    const { id } = cursor.node;
    noteDelivered(stream, group, id);
    replyEntry(call, cursor.node);
    entries++;
    if (acknowledges) makePending(call, key, group, consumer, id);
  }
  call.reply.resolveArray(deferred, entries);
  call.effects.dirty++;
  propagateGroupId(call, key, group);
}

function makePending(
  call: Call,
  key: Uint8Array,
  group: Group,
  consumer: Consumer,
  id: StreamId,
): void {
  const { pendingPlace: place } = toolsOf(call);
  const nowMs = call.clock.now();
  // It is pending already when the group was set back.
  if (group.seek(id, place)) group.assign(place, id, consumer);
  else group.add(id, consumer, place);
  group.setDeliveredAtMs(place, nowMs);
  group.setDeliveries(place, 1);
  consumer.activeAtMs = nowMs;
  call.effects.dirty++;
  propagateClaim(call, key, group, place, id);
}

/** Writes what is pending for a consumer behind an ID: that counts as a delivery, of what is still there. */
export function replyHistory(
  call: Call,
  stream: Stream,
  consumer: Consumer,
  group: Group,
  after: StreamId,
  count: number,
): void {
  const { reply } = call;
  const place = new IdPlace();
  const { pendingPlace } = toolsOf(call);
  const id = new StreamId();
  const deferred = reply.defer();
  let entries = 0;
  const found = after.increment() && consumer.pending.seek(after, place);
  let more = found || (!after.isZero && consumer.pending.isAt(place));
  for (; more && entries < count; more = consumer.pending.next(place)) {
    consumer.pending.readId(place, id);
    if (stream.find(id)) {
      replyEntry(call, stream.tools.node);
      group.seek(id, pendingPlace);
      group.setDeliveredAtMs(pendingPlace, call.clock.now());
      group.setDeliveries(pendingPlace, plus(group.deliveries(pendingPlace), 1));
    } else {
      reply.array(2);
      replyId(call, id);
      reply.nilArray();
    }
    entries++;
  }
  reply.resolveArray(deferred, entries);
}
