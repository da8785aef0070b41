/** Keys to plain values: see plain-values.ts. */
import type { ReplyValue } from '../../protocol/decoder.js';
import type { OwnClient } from './own-client.js';
import {
  type DumpedText,
  Expiring,
  type PlainData,
  type PlainHash,
  type PlainValue,
  Stream,
  type StreamEntry,
  type StreamGroup,
  type StreamState,
} from './plain-values.js';

/**
 * The keys that fit a glob, with their values. Names that are no UTF-8 have `\xff` in place of such bytes.
 *
 * @throws {TypeError} When a key's type has no plain value.
 */
export function dump(own: OwnClient, match: string): PlainData {
  const keys = own.list('KEYS', match).sort((a, b) => Buffer.compare(a, b));
  return Object.fromEntries(keys.map((key) => [nameOf(key), dumpKey(own, key)]));
}

function dumpKey(own: OwnClient, key: Uint8Array): PlainValue {
  const value = keyValueOf(own, key);
  const leftMs = Number(own.run('PTTL', key));
  return leftMs >= 0 ? new Expiring(value, leftMs) : value;
}

function keyValueOf(own: OwnClient, key: Uint8Array): PlainValue {
  const type = own.text('TYPE', key);
  switch (type) {
    case 'string':
      return textOf(own.run('GET', key));
    case 'list':
      return own.list('LRANGE', key, 0, -1).map(textOf);
    case 'set':
      return new Set(own.list('SMEMBERS', key).map(textOf));
    case 'zset':
      return sortedSet(own.list('ZRANGE', key, 0, -1, 'WITHSCORES'));
    case 'hash':
      return hash(own, key);
    case 'stream':
      return streamOf(own, key);
    default:
      throw new TypeError(`Cannot dump key ${nameOf(key)}: no plain value is of type ${type}`);
  }
}

/** Pairs of what a reply lists one after the other. */
function pairsOf<T>(flat: readonly T[]): [T, T][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [
    flat[2 * i] as T,
    flat[2 * i + 1] as T,
  ]);
}

function sortedSet(reply: readonly Uint8Array[]): Map<DumpedText, number> {
  return new Map(pairsOf(reply).map(([member, score]) => [textOf(member), numberOf(score)]));
}

function numberOf(score: Uint8Array): number {
  const text = Buffer.from(score).toString();
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

function hash(own: OwnClient, key: Uint8Array): PlainHash {
  const pairs = pairsOf(own.list('HGETALL', key));
  const names = pairs.map(([field]) => field);
  const left = own.run('HPTTL', key, 'FIELDS', names.length, ...names) as number[];
  return Object.fromEntries(
    pairs.map(([field, value], i) => {
      const text = textOf(value);
      const leftMs = left[i] ?? -1;
      return [nameOf(field), leftMs >= 0 ? new Expiring(text, leftMs) : text];
    }),
  );
}

function streamOf(own: OwnClient, key: Uint8Array): Stream {
  const facts = recordOf(own.run('XINFO', 'STREAM', key, 'FULL', 'COUNT', 0));
  const entries = (facts.entries as [Uint8Array, Uint8Array[]][]).map(entryOf);
  const lastId = String(textOf(facts['last-generated-id']));
  const maxDeletedId = String(textOf(facts['max-deleted-entry-id']));
  const entriesAdded = Number(facts['entries-added']);
  const groups = facts.groups as ReplyValue[];
  const state: StreamState = {
    ...(lastId === (entries.at(-1)?.id ?? '0-0') ? {} : { lastId }),
    ...(entriesAdded === entries.length ? {} : { entriesAdded }),
    ...(maxDeletedId === '0-0' ? {} : { maxDeletedId }),
    ...(groups.length === 0 ? {} : { groups: Object.fromEntries(groups.map(groupOf)) }),
  };
  return new Stream(entries, state);
}

function entryOf([id, flat]: [Uint8Array, Uint8Array[]]): StreamEntry {
  const pairs = pairsOf(flat).map(([name, value]) => [textOf(name), textOf(value)] as const);
  const names = new Set(pairs.map(([name]) => name));
  const isPlain = names.size === pairs.length && pairs.every(([name]) => typeof name === 'string');
  return { id: String(textOf(id)), fields: isPlain ? Object.fromEntries(pairs) : pairs };
}

function groupOf(reply: ReplyValue): [string, StreamGroup] {
  const facts = recordOf(reply);
  const read = facts['entries-read'];
  const consumers = (facts.consumers as ReplyValue[]).map((one) => nameOf(recordOf(one).name));
  const pending = (facts.pending as [Uint8Array, Uint8Array, number, number][]).map(
    ([id, consumer, deliveredAtMs, deliveries]) => ({
      id: nameOf(id),
      consumer: nameOf(consumer),
      deliveredAtMs,
      deliveries,
    }),
  );
  const lastDeliveredId = nameOf(facts['last-delivered-id']);
  const entriesRead = read === null ? null : Number(read);
  return [nameOf(facts.name), { lastDeliveredId, entriesRead, consumers, pending }];
}

function recordOf(reply: ReplyValue): Record<string, ReplyValue> {
  const pairs = pairsOf(reply as ReplyValue[]);
  return Object.fromEntries(pairs.map(([name, value]) => [nameOf(name), value]));
}

/** Text where the bytes are UTF-8, else themselves. */
function textOf(value: ReplyValue | undefined): DumpedText {
  const bytes = value as Uint8Array;
  const text = Buffer.from(bytes).toString();
  return Buffer.from(text).equals(bytes) ? text : bytes;
}

/** Text in any case. */
function nameOf(value: ReplyValue | undefined): string {
  const text = textOf(value);
  if (typeof text === 'string') return text;
  return Array.from(text, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
  ).join('');
}
