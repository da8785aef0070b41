/**
 * How far a group is behind: how many entries were ever added up to an ID, as far as that can be known.
 *
 * Entries are counted as they are added, so the count at the end and, while nothing was deleted in the middle,
 * at the beginning is certain; elsewhere it is not known.
 */
import type { StreamId } from './store/stream-id.js';
import { type Count, minus, plus } from './stream-counts.js';
import { type Group, UNKNOWN_READ } from './stream-group-value.js';
import type { Stream } from './stream-value.js';

/** Whether an entry from `id` on may have been deleted by itself. */
function hasGapsAfter(stream: Stream, id: StreamId): boolean {
  const { maxDeletedId } = stream;
  if (stream.length === 0 || maxDeletedId.isZero) return false;
  return id.compare(maxDeletedId) <= 0;
}

/** How many entries were added up to and with `id`, or UNKNOWN_READ. */
export function addedUpTo(stream: Stream, id: StreamId): Count {
  const { entriesAdded, length, lastId, firstId, maxDeletedId } = stream;
  if (entriesAdded === 0) return 0;
  if (length === 0 && id.compare(lastId) <= 0) return entriesAdded;
  if (!id.isZero && id.compare(maxDeletedId) < 0) return UNKNOWN_READ;
  const order = id.compare(lastId);
  if (order === 0) return entriesAdded;
  if (order > 0) return UNKNOWN_READ;
  if (maxDeletedId.isZero || maxDeletedId.compare(firstId) < 0) {
    const fromFirst = id.compare(firstId);
    if (fromFirst < 0) return minus(entriesAdded, length);
    if (fromFirst === 0) return plus(minus(entriesAdded, length), 1);
  }
  return UNKNOWN_READ;
}

/** How many entries the group has yet to get; null when that is not known. */
export function lagOf(stream: Stream, group: Group): Count | null {
  if (stream.entriesAdded === 0) return 0;
  if (group.entriesRead !== UNKNOWN_READ && !hasGapsAfter(stream, group.lastId)) {
    return minus(stream.entriesAdded, group.entriesRead);
  }
  const read = addedUpTo(stream, group.lastId);
  return read === UNKNOWN_READ ? null : minus(stream.entriesAdded, read);
}

/** Notes that a group got the entry `id`, which is above all it had. */
export function noteDelivered(stream: Stream, group: Group, id: StreamId): void {
  const { entriesRead, lastId } = group;
  // What the group had not read and was trimmed is passed over: then only a certain count will do.
  const follows = lastId.compare(stream.firstId) >= 0 && !hasGapsAfter(stream, lastId);
  if (entriesRead !== UNKNOWN_READ && follows) {
    group.entriesRead = plus(group.entriesRead, 1);
  } else if (stream.entriesAdded !== 0) group.entriesRead = addedUpTo(stream, id);
  group.lastId.copy(id);
}
