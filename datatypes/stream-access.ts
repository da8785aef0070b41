/** What commands on streams share: finding the stream, reading IDs, writing entries. */
import {
  INVALID_RANGE_END,
  INVALID_RANGE_START,
  INVALID_STREAM_ID,
  WRONG_TYPE,
} from '../protocol/refusals.js';
import type { Call } from './call.js';
import { NONE, type Ref } from './store/arena.js';
import { Encoding, Type } from './store/entry.js';
import type { StreamId } from './store/stream-id.js';
import type { StreamNode } from './store/stream-node.js';
import { Stream, StreamToolbox, type StreamTools } from './stream-value.js';

export function toolsOf(call: Call): StreamTools {
  return call.keyspace.own(StreamToolbox).of(call.keyspace.arena);
}

/** The stream of an entry, null for none. @throws {Refusal} WRONG_TYPE. */
export function streamOf(call: Call, ref: Ref): Stream | null {
  if (ref === NONE) return null;
  if (call.keyspace.entries.type(ref) !== Type.stream) throw WRONG_TYPE;
  return call.keyspace.large(ref, Stream);
}

/** The stream of the key in argument `i`, for reading. @throws {Refusal} WRONG_TYPE. */
export function readStream(call: Call, i: number): Stream | null {
  return streamOf(call, call.read(i));
}

/** As `readStream`, by a command that changes what groups have read. */
export function readStreamToChange(call: Call, i: number): Stream | null {
  return streamOf(call, call.readToChange(i));
}

/** As `readStream`, by a command that is going to write. */
export function writeStream(call: Call, i: number): Stream | null {
  return streamOf(call, call.write(i));
}

/** Adds the key in argument `i`, which is not there, with an empty stream. */
export function createStream(call: Call, i: number): Stream {
  const stream = Stream.in(call.keyspace);
  const handle = call.keyspace.largeValues.add(stream);
  const { stream: type } = Type;
  call.db.addCollection(call.buffer, call.start(i), call.end(i), type, Encoding.stream, handle);
  return stream;
}

/** Reads argument `i` as one ID. @throws {Refusal} INVALID_STREAM_ID. */
export function readId(call: Call, i: number, into: StreamId): StreamId {
  if (!into.parseStrict(call.buffer, call.start(i), call.end(i))) throw INVALID_STREAM_ID;
  return into;
}

const PARENTHESIS = 0x28;

/** Reads argument `i` as the start of a range, without the ID itself after `(`. @throws {Refusal} */
export function readStart(call: Call, i: number, into: StreamId): StreamId {
  if (readBound(call, i, into, false) && !into.increment()) throw INVALID_RANGE_START;
  return into;
}

/** Reads argument `i` as the end of a range, without the ID itself after `(`. @throws {Refusal} */
export function readEnd(call: Call, i: number, into: StreamId): StreamId {
  if (readBound(call, i, into, true) && !into.decrement()) throw INVALID_RANGE_END;
  return into;
}

/** Whether the bound itself is left out. */
function readBound(call: Call, i: number, into: StreamId, isEnd: boolean): boolean {
  const { buffer } = call;
  const start = call.start(i);
  const end = call.end(i);
  const exclusive = end - start > 1 && buffer[start] === PARENTHESIS;
  const found = exclusive
    ? into.parseStrict(buffer, start + 1, end, isEnd)
    : into.parseBound(buffer, start, end, isEnd);
  if (!found) throw INVALID_STREAM_ID;
  return exclusive;
}

/** Writes an ID as a bulk string. */
export function replyId(call: Call, id: StreamId): void {
  const { text } = toolsOf(call);
  call.reply.bulk(text, 0, id.writeText(text, 0));
}

/** Writes the entry that `node` is at: its ID, and its fields and values in one array. */
export function replyEntry(call: Call, node: StreamNode): void {
  const { reply } = call;
  reply.array(2);
  replyId(call, node.id);
  reply.array(node.fieldCount * 2);
  node.startFields();
  while (node.nextField()) {
    node.showField();
    replyShown(call, node);
    node.showValue();
    replyShown(call, node);
  }
}

function replyShown(call: Call, node: StreamNode): void {
  const { pack } = node;
  if (pack.isInteger) call.reply.bulk(pack.source, pack.start, pack.end);
  else call.reply.bulkFrom(pack.block, pack.source, pack.start, pack.end);
}
