/**
 * Streams in RDB files and DUMP payloads.
 *
 *   nodes     how many, then for each: its ID (a string of 16 bytes), its listpack (a string)
 *   counts    entries; last ID; (from type 19 on) first ID, greatest deleted ID, entries ever added
 *   groups    how many, then for each: name, last ID, (19) entries read,
 *             pending entries: how many, then ID (16 bytes), ms (8 bytes, little-endian), deliveries;
 *             consumers: how many, then name, seen at (8 bytes), (21) active at (8 bytes),
 *             pending entries: how many, then IDs
 *
 * IDs elsewhere are two RDB lengths. What is read is checked: what does not fit together is no stream.
 */

import { NONE } from '../datatypes/store/arena.js';
import { Encoding, Type } from '../datatypes/store/entry.js';
import { IdPlace } from '../datatypes/store/id-index.js';
import { checkListpack, Listpack } from '../datatypes/store/listpack.js';
import { StreamId } from '../datatypes/store/stream-id.js';
import { checkStreamNode } from '../datatypes/store/stream-node.js';
import { type Count, countOf } from '../datatypes/stream-counts.js';
import { type Consumer, Group } from '../datatypes/stream-group-value.js';
import { addedUpTo } from '../datatypes/stream-lag.js';
import { Stream } from '../datatypes/stream-value.js';
import { Damage } from './damage.js';
import type { FrozenValue } from './frozen-value.js';
import type { RdbReader } from './rdb-reader.js';
import type { RdbWriter } from './rdb-writer.js';
import type { ValueReader, ValueWriter } from './value-formats.js';

/** The type bytes of streams, from the first version to the one that is written. */
export const RDB_STREAM = 15;
export const RDB_STREAM_2 = 19;
export const RDB_STREAM_3 = 21;

const ID_BYTES = 16;
/** Nodes and pending entries of a stream that is not written at once. */
export const FROZEN_FROM_SIZE = 64;
const NODES_AT_ONCE = 8;
/** Pending entries written at once: half a millisecond, about. */
const IDS_AT_ONCE = 1024;

export const STREAM_WRITER: ValueWriter = {
  typeOf: () => RDB_STREAM_3,
  write(keyspace, ref, out) {
    const parts = streamParts(keyspace.large(ref, Stream), out);
    while (!parts.next().done);
  },
  freeze(keyspace, ref) {
    const stream = keyspace.large(ref, Stream);
    return stream.size < FROZEN_FROM_SIZE ? null : new FrozenStream(stream.duplicate());
  },
};

/** A copy of a stream, that shares its nodes. */
class FrozenStream implements FrozenValue {
  private readonly stream: Stream;
  private parts: Generator<void, void> | null = null;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  writeSome(out: RdbWriter): boolean {
    this.parts ??= streamParts(this.stream, out);
    return this.parts.next().done === true;
  }

  release(): void {
    while (!this.stream.freeSome());
  }
}

/** Writes a stream, with a pause after each part of some tens of kilobytes. */
function* streamParts(stream: Stream, out: RdbWriter): Generator<void, void> {
  yield* nodeParts(stream, out);
  writeFacts(out, stream);
  for (const group of stream.groups) {
    yield* groupParts(group, out);
    yield;
  }
}

function* nodeParts({ arena, nodes }: Stream, out: RdbWriter): Generator<void, void> {
  const place = new IdPlace();
  const id = new StreamId();
  const key = new Uint8Array(ID_BYTES);
  const pack = new Listpack(arena);
  out.length(nodes.size);
  let written = 0;
  for (let more = nodes.toFirst(place); more; more = nodes.next(place)) {
    nodes.readId(place, id).writeBytes(key, 0);
    out.string(key);
    out.string(pack.open(nodes.word(place, 0)).contents);
    if (++written % NODES_AT_ONCE === 0) yield;
  }
}

/** What stands between nodes and groups. */
function writeFacts(out: RdbWriter, stream: Stream): void {
  out.length(stream.length);
  writeId(out, stream.lastId);
  writeId(out, stream.firstId);
  writeId(out, stream.maxDeletedId);
  out.length(stream.entriesAdded);
  out.length(stream.groups.length);
}

function writeId(writer: RdbWriter, id: StreamId): void {
  writer.length64(id.msHigh, id.msLow);
  writer.length64(id.seqHigh, id.seqLow);
}

function* groupParts(group: Group, out: RdbWriter): Generator<void, void> {
  const { pending, consumers } = group;
  out.string(group.name);
  writeId(out, group.lastId);
  out.length(group.entriesRead);
  const place = new IdPlace();
  const id = new StreamId();
  out.length(pending.size);
  let written = 0;
  for (let more = pending.toFirst(place); more; more = pending.next(place)) {
    writeRawId(out, pending.readId(place, id));
    out.word64(group.timeHigh(place), group.timeLow(place));
    out.length(group.deliveries(place));
    if (++written % IDS_AT_ONCE === 0) yield;
  }
  out.length(consumers.length);
  for (const consumer of consumers) {
    out.string(consumer.name);
    out.moment(consumer.seenAtMs);
    out.moment(consumer.activeAtMs);
    out.length(consumer.pending.size);
    const own = consumer.pending;
    for (let more = own.toFirst(place); more; more = own.next(place)) {
      writeRawId(out, own.readId(place, id));
      if (++written % IDS_AT_ONCE === 0) yield;
    }
  }
}

function writeRawId(writer: RdbWriter, id: StreamId): void {
  // Room first: it may be made in other bytes.
  const at = writer.take(ID_BYTES);
  id.writeBytes(writer.bytes, at);
}

/** A reader of values of one type byte. */
function streamReader(type: number): ValueReader {
  return (keyspace, reader, facts) => {
    const stream = Stream.in(keyspace);
    if (!readStream(reader, stream, type, keyspace.clock.now())) {
      while (!stream.freeSome());
      return NONE;
    }
    const { key, keyStart, keyEnd, expireAtMs, access } = facts;
    const shape = { type: Type.stream, encoding: Encoding.stream, expireAtMs, access };
    const handle = keyspace.largeValues.add(stream);
    return keyspace.entries.createApart(key, keyStart, keyEnd, shape, handle, 0);
  };
}

/** False when it is no stream: what was read so far is in `stream`. */
function readStream(reader: RdbReader, stream: Stream, type: number, nowMs: number): boolean {
  const counted = readNodes(reader, stream);
  if (counted < 0 || !idsIncrease(stream)) return false;
  stream.length = reader.length();
  if (reader.failed) return false;
  if (stream.length !== counted) return refused(reader, Damage.streamLength);
  readId(reader, stream.lastId);
  if (type >= RDB_STREAM_2) {
    readId(reader, stream.firstId);
    readId(reader, stream.maxDeletedId);
    stream.entriesAdded = countOf(BigInt.asIntN(64, reader.length64()));
  } else {
    stream.updateFirstId();
    stream.entriesAdded = stream.length;
  }
  const groups = reader.length();
  for (let i = 0; i < groups && !reader.failed; i++) {
    if (!readGroup(reader, stream, type, nowMs)) return false;
  }
  return !reader.failed;
}

/** How many entries the nodes have; -1 when they are none. */
function readNodes(reader: RdbReader, stream: Stream): number {
  const { nodes, arena } = stream;
  const place = new IdPlace();
  const pack = new Listpack(arena);
  const count = reader.length();
  let entries = 0;
  for (let i = 0; i < count; i++) {
    const key = reader.string();
    const body = reader.string();
    if (key === null || body === null || key.length !== ID_BYTES) return -1;
    const id = new StreamId().readBytes(key, 0);
    if (checkListpack(body, 0, body.length) <= 0 || nodes.seek(id, place)) return -1;
    pack.load(body, 0, body.length);
    nodes.insert(id, place);
    nodes.setWord(place, 0, pack.block);
    const live = checkStreamNode(pack);
    // A node without entries would have been taken out.
    if (live <= 0) return -1;
    entries += live;
  }
  return entries;
}

/** Whether all entries, deleted ones too, stand in the order of their IDs, none before its node's. */
function idsIncrease(stream: Stream): boolean {
  const { nodes, tools } = stream;
  const { node } = tools;
  const place = new IdPlace();
  const previous = new StreamId();
  let isFirst = true;
  for (let more = nodes.toFirst(place); more; more = nodes.next(place)) {
    nodes.readId(place, node.base);
    node.open(nodes.word(place, 0));
    for (let found = node.first(); found; found = node.next()) {
      if (node.id.compare(node.base) < 0) return false;
      if (!isFirst && node.id.compare(previous) <= 0) return false;
      previous.copy(node.id);
      isFirst = false;
    }
  }
  return true;
}

function refused(reader: RdbReader, reason: string): false {
  reader.refuse(reason);
  return false;
}

function readId(reader: RdbReader, into: StreamId): void {
  const ms = reader.length64();
  const seq = reader.length64();
  into.set(...halves(ms), ...halves(seq));
}

function halves(exact: bigint): [number, number] {
  return [Number(exact >> 32n), Number(exact & 0xffff_ffffn)];
}

function readGroup(reader: RdbReader, stream: Stream, type: number, nowMs: number): boolean {
  const name = reader.string();
  if (name === null || stream.group(name, 0, name.length) !== undefined) return false;
  const group = new Group(stream.arena, Uint8Array.prototype.slice.call(name));
  stream.addGroup(group);
  readId(reader, group.lastId);
  if (type >= RDB_STREAM_2) group.entriesRead = countOf(BigInt.asIntN(64, reader.length64()));
  else group.entriesRead = addedUpTo(stream, group.lastId);
  const pending = readPending(reader);
  if (pending === null || reader.failed) return false;
  const consumers = reader.length();
  for (let i = 0; i < consumers && !reader.failed; i++) {
    if (!readConsumer(reader, group, pending, type, nowMs)) return false;
  }
  // Each pending entry must have found its consumer.
  if (pending.size > 0 && !reader.failed) return refused(reader, Damage.ownerless);
  return !reader.failed;
}

interface Delivery {
  readonly timeHigh: number;
  readonly timeLow: number;
  readonly deliveries: Count;
}

/** What is pending, by ID as text; null when one is twice there. */
function readPending(reader: RdbReader): Map<string, Delivery> | null {
  const pending = new Map<string, Delivery>();
  const count = reader.length();
  for (let i = 0; i < count; i++) {
    const at = reader.take(ID_BYTES + 8);
    if (reader.failed) return null;
    const id = new StreamId().readBytes(reader.bytes, at).toString();
    if (pending.has(id)) return null;
    const timeLow = reader.view.getUint32(at + ID_BYTES, true);
    const timeHigh = reader.view.getUint32(at + ID_BYTES + 4, true);
    const deliveries = countOf(BigInt.asIntN(64, reader.length64()));
    pending.set(id, { timeHigh, timeLow, deliveries });
  }
  return pending;
}

function readConsumer(
  reader: RdbReader,
  group: Group,
  pending: Map<string, Delivery>,
  type: number,
  nowMs: number,
): boolean {
  const name = reader.string();
  if (name === null) return false;
  if (group.consumer(name, 0, name.length) !== undefined) {
    return refused(reader, Damage.duplicateConsumer);
  }
  const consumer = group.addConsumer(Uint8Array.prototype.slice.call(name), nowMs);
  consumer.seenAtMs = reader.moment();
  consumer.activeAtMs = type >= RDB_STREAM_3 ? reader.moment() : consumer.seenAtMs;
  const count = reader.length();
  for (let i = 0; i < count; i++) {
    const at = reader.take(ID_BYTES);
    if (reader.failed) return false;
    const id = new StreamId().readBytes(reader.bytes, at);
    if (!moveToConsumer(group, consumer, id, pending)) {
      return refused(reader, Damage.duplicatePending);
    }
  }
  return !reader.failed;
}

/** Gives a pending entry to its consumer. False when it is not pending, or another has it. */
function moveToConsumer(
  group: Group,
  consumer: Consumer,
  id: StreamId,
  pending: Map<string, Delivery>,
): boolean {
  const text = id.toString();
  const delivery = pending.get(text);
  if (delivery === undefined) return false;
  pending.delete(text);
  const place = new IdPlace();
  group.add(id, consumer, place);
  group.setTime(place, delivery.timeHigh, delivery.timeLow);
  group.setDeliveries(place, delivery.deliveries);
  return true;
}

export const STREAM_READERS: readonly (readonly [number, ValueReader])[] = [
  [RDB_STREAM, streamReader(RDB_STREAM)],
  [RDB_STREAM_2, streamReader(RDB_STREAM_2)],
  [RDB_STREAM_3, streamReader(RDB_STREAM_3)],
];
