/** Streams as requests, for append-only files. */
import { IdPlace } from '../datatypes/store/id-index.js';
import { StreamId } from '../datatypes/store/stream-id.js';
import { StreamCursor } from '../datatypes/stream-cursor.js';
import type { Consumer, Group } from '../datatypes/stream-group-value.js';
import type { Stream } from '../datatypes/stream-value.js';
import type { AofRequests } from './aof-requests.js';

/** Writes some requests each time it is asked for the next. */
export type RequestParts = Generator<void, void>;

/** So many requests are written at once. */
const REQUESTS_A_PART = 64;

/** Writes a stream, with a pause now and then. */
export function* streamRequests(out: AofRequests, key: Uint8Array, stream: Stream): RequestParts {
  yield* entries(out, key, stream);
  // A stream without entries comes to be by an entry that is cut off at once.
  if (stream.length === 0) out.request('XADD', key, 'MAXLEN', '0', '0-1', 'x', 'y');
  const { lastId, maxDeletedId, entriesAdded } = stream;
  const added = ['ENTRIESADDED', String(entriesAdded), 'MAXDELETEDID', maxDeletedId.toString()];
  out.request('XSETID', key, lastId.toString(), ...added);
  for (const group of stream.groups) yield* groupRequests(out, key, group);
}

function* entries(out: AofRequests, key: Uint8Array, stream: Stream): RequestParts {
  const cursor = new StreamCursor(stream.arena);
  cursor.begin(stream, new StreamId(), new StreamId().toMax(), false);
  for (let written = 1; cursor.next(); written++) {
    const { node } = cursor;
    const words: Uint8Array[] = [];
    node.startFields();
    while (node.nextField()) {
      node.showField();
      words.push(node.pack.source.slice(node.pack.start, node.pack.end));
      node.showValue();
      words.push(node.pack.source.slice(node.pack.start, node.pack.end));
    }
    out.request('XADD', key, node.id.toString(), ...words);
    if (written % REQUESTS_A_PART === 0) yield;
  }
}

function* groupRequests(out: AofRequests, key: Uint8Array, group: Group): RequestParts {
  const { name, lastId, entriesRead, consumers } = group;
  const read = ['ENTRIESREAD', String(entriesRead)];
  out.request('XGROUP', 'CREATE', key, name, lastId.toString(), ...read);
  for (const consumer of consumers) {
    if (consumer.pending.size > 0) yield* pendingRequests(out, key, group, consumer);
    else out.request('XGROUP', 'CREATECONSUMER', key, name, consumer.name);
  }
}

function* pendingRequests(
  out: AofRequests,
  key: Uint8Array,
  group: Group,
  consumer: Consumer,
): RequestParts {
  const [mine, place, id] = [new IdPlace(), new IdPlace(), new StreamId()];
  let written = 0;
  for (let more = consumer.pending.toFirst(mine); more; more = consumer.pending.next(mine)) {
    consumer.pending.readId(mine, id);
    if (!group.seek(id, place)) continue;
    const time = ['TIME', String(group.exactDeliveredAtMs(place))];
    const deliveries = ['RETRYCOUNT', String(group.deliveries(place)), 'JUSTID', 'FORCE'];
    const head = ['XCLAIM', key, group.name, consumer.name, '0', id.toString()];
    out.request(...head, ...time, ...deliveries);
    if (++written % REQUESTS_A_PART === 0) yield;
  }
}
