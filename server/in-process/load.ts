/** Plain values to keys: see plain-values.ts. */
import type { RequestArgument } from '../../protocol/request-writer.js';
import type { OwnClient } from './own-client.js';
import {
  Expiring,
  type PlainData,
  type PlainHash,
  type PlainText,
  type PlainValue,
  Stream,
  type StreamEntry,
  type StreamGroup,
} from './plain-values.js';

/** Arguments of one command at most. */
const MOST_ARGUMENTS = 1000;

/**
 * Sets keys to values, in place of what they hold; other keys stay.
 *
 * @throws {TypeError} When a value is none of those that keys hold.
 */
export function load(own: OwnClient, data: PlainData): void {
  for (const [key, value] of Object.entries(data)) {
    own.run('DEL', key);
    loadKey(own, key, value);
  }
}

function loadKey(own: OwnClient, key: string, value: PlainValue): void {
  if (value instanceof Expiring) {
    loadKey(own, key, value.value);
    own.run('PEXPIRE', key, value.afterMs);
  } else if (isText(value)) own.run('SET', key, argumentOf(value));
  else if (Array.isArray(value)) addAll(own, ['RPUSH', key], value.map(argumentOf));
  else if (value instanceof Set) addAll(own, ['SADD', key], [...value].map(argumentOf));
  else if (value instanceof Map) addAll(own, ['ZADD', key], scoresAndMembers(key, value));
  else if (value instanceof Stream) loadStream(own, key, value);
  else if (isHash(value)) loadHash(own, key, value);
  else throw new TypeError(`Cannot load key ${key}: a key holds no such value: ${String(value)}`);
}

function isText(value: unknown): value is PlainText {
  return (
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    value instanceof Uint8Array
  );
}

function isHash(value: unknown): value is PlainHash {
  return typeof value === 'object' && value !== null;
}

function argumentOf(text: PlainText): RequestArgument {
  if (!isText(text)) throw new TypeError(`Cannot load a value: this is no text: ${String(text)}`);
  return typeof text === 'bigint' ? String(text) : text;
}

/** An even number of arguments a command, so that pairs stay together. */
function addAll(
  own: OwnClient,
  command: readonly RequestArgument[],
  args: readonly RequestArgument[],
): void {
  for (let i = 0; i < args.length; i += MOST_ARGUMENTS) {
    own.run(...command, ...args.slice(i, i + MOST_ARGUMENTS));
  }
}

function scoresAndMembers(key: string, value: ReadonlyMap<PlainText, unknown>): RequestArgument[] {
  return [...value].flatMap(([member, score]) => {
    if (typeof score === 'number') return [String(score), argumentOf(member)];
    throw new TypeError(`Cannot load key ${key}: a Map gives members scores: ${String(score)}`);
  });
}

function loadHash(own: OwnClient, key: string, hash: PlainHash): void {
  const fields = Object.entries(hash);
  const pairs = fields.flatMap(([field, value]) => [
    field,
    argumentOf(value instanceof Expiring ? value.value : value),
  ]);
  addAll(own, ['HSET', key], pairs);
  for (const [field, value] of fields) {
    if (value instanceof Expiring) own.run('HPEXPIRE', key, value.afterMs, 'FIELDS', 1, field);
  }
}

function loadStream(own: OwnClient, key: string, { entries, state }: Stream): void {
  // A stream may be empty: it is made by a group that goes again.
  own.run('XGROUP', 'CREATE', key, '-', '0', 'MKSTREAM');
  own.run('XGROUP', 'DESTROY', key, '-');
  for (const entry of entries) own.run('XADD', key, entry.id, ...fieldsOf(entry));
  const { lastId, entriesAdded = entries.length, maxDeletedId, groups = {} } = state;
  const last = lastId ?? entries.at(-1)?.id;
  if (last !== undefined) {
    const deleted = maxDeletedId === undefined ? [] : ['MAXDELETEDID', maxDeletedId];
    own.run('XSETID', key, last, 'ENTRIESADDED', entriesAdded, ...deleted);
  }
  for (const [name, group] of Object.entries(groups)) loadGroup(own, key, name, group);
}

function fieldsOf({ fields }: StreamEntry): RequestArgument[] {
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  return pairs.flat().map(argumentOf);
}

function loadGroup(own: OwnClient, key: string, name: string, group: StreamGroup): void {
  const read = group.entriesRead === null ? [] : ['ENTRIESREAD', group.entriesRead];
  own.run('XGROUP', 'CREATE', key, name, group.lastDeliveredId, ...read);
  for (const consumer of group.consumers) own.run('XGROUP', 'CREATECONSUMER', key, name, consumer);
  for (const { id, consumer, deliveredAtMs, deliveries } of group.pending) {
    const given = ['TIME', deliveredAtMs, 'RETRYCOUNT', deliveries, 'FORCE', 'JUSTID'];
    own.run('XCLAIM', key, name, consumer, 0, id, ...given);
  }
}
