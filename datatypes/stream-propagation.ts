/** What is sent in place of requests that depend on the moment, or on what the server chose. */
import type { Call } from './call.js';
import type { IdPlace } from './store/id-index.js';
import type { StreamId } from './store/stream-id.js';
import type { Group } from './stream-group-value.js';

/** Sends the pending entry at `place` as it now is: whose, since when, how often delivered. */
export function propagateClaim(
  call: Call,
  key: Uint8Array,
  group: Group,
  place: IdPlace,
  id: StreamId,
): void {
  if (!call.effects.propagates) return;
  call.effects.propagateAs([
    ...['XCLAIM', key, group.name, group.ownerAt(place).name, '0', id.toString()],
    ...['TIME', String(group.deliveredAtMs(place))],
    ...['RETRYCOUNT', String(group.deliveries(place)), 'FORCE', 'JUSTID'],
    ...['LASTID', group.lastId.toString()],
  ]);
}

/** Sends how far the group is. */
export function propagateGroupId(call: Call, key: Uint8Array, group: Group): void {
  if (!call.effects.propagates) return;
  const { name, lastId, entriesRead } = group;
  call.effects.propagateAs([
    ...['XGROUP', 'SETID', key, name, lastId.toString()],
    ...['ENTRIESREAD', String(entriesRead)],
  ]);
}

/** Sends that the group has a consumer of this name. */
export function propagateConsumer(
  call: Call,
  key: Uint8Array,
  group: Group,
  name: Uint8Array,
): void {
  if (!call.effects.propagates) return;
  call.effects.propagateAs(['XGROUP', 'CREATECONSUMER', key, group.name, name]);
}
