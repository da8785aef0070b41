/**
 * Lists in RDB files and DUMP payloads.
 *
 * Written is one form, that of a quicklist: the count of nodes, and for each node whether it is one plain
 * element or a listpack, then its bytes as a string. Read are three older forms too.
 */
import type { Keyspace } from '../datatypes/database.js';
import { type Lists, listsOf } from '../datatypes/list-values.js';
import { NONE, type Ref } from '../datatypes/store/arena.js';
import { Encoding, type EntryShape, Type } from '../datatypes/store/entry.js';
import type { ListNode } from '../datatypes/store/list-node.js';
import { checkListpack, Listpack } from '../datatypes/store/listpack.js';
import type { LzfCompressor } from '../datatypes/store/lzf.js';
import type { Quicklist } from '../datatypes/store/quicklist.js';
import {
  rdbStringSizeMax,
  readRdbLength,
  readRdbString,
  writeRdbCompressed,
  writeRdbLength,
  writeRdbString,
} from './rdb-string.js';
import type { EntryFacts, RdbValue } from './value-formats.js';
import { listpackOfZiplist } from './ziplist.js';

/** The type bytes of lists: plain strings, one ziplist, many, and nodes of either kind. */
export const RDB_LIST = 1;
export const RDB_LIST_ZIPLIST = 10;
export const RDB_LIST_QUICKLIST = 14;
export const RDB_LIST_QUICKLIST_2 = 18;

const PLAIN = 1;
const PACKED = 2;
const LONGEST_HEADER_BYTES = 9;

export function writeListValue(
  keyspace: Keyspace,
  ref: Ref,
  compressor: LzfCompressor | null,
): RdbValue {
  const lists = listsOf(keyspace);
  const list = lists.large(ref);
  const body =
    list === null ? packedBody(lists, ref, compressor) : largeBody(lists, list, compressor);
  return { type: RDB_LIST_QUICKLIST_2, body };
}

function packedBody(lists: Lists, ref: Ref, compressor: LzfCompressor | null): Uint8Array {
  const { contents } = lists.packed(ref);
  const body = new Uint8Array(2 + rdbStringSizeMax(contents.length));
  body[0] = 1;
  body[1] = PACKED;
  const end = writeRdbString(contents, 0, contents.length, body, 2, compressor);
  return body.subarray(0, end);
}

function largeBody(lists: Lists, list: Quicklist, compressor: LzfCompressor | null): Uint8Array {
  const nodes = list.nodes.length;
  let size = LONGEST_HEADER_BYTES;
  for (let i = 0; i < nodes; i++) size += 1 + rdbStringSizeMax(list.node(i).bytes);
  const body = new Uint8Array(size);
  let at = writeRdbLength(nodes, body, 0);
  for (let i = 0; i < nodes; i++) at = writeNode(lists, list.node(i), body, at, compressor);
  return body.subarray(0, at);
}

/** A node that is compressed already is written as it is, whatever the settings say. */
function writeNode(
  lists: Lists,
  node: ListNode,
  into: Uint8Array,
  at: number,
  compressor: LzfCompressor | null,
): number {
  into[at] = node.isPlain ? PLAIN : PACKED;
  const contents = lists.nodes.contentsOf(node);
  if (node.packedBytes > 0) return writeRdbCompressed(contents, node.bytes, into, at + 1);
  return writeRdbString(contents, 0, contents.length, into, at + 1, compressor);
}

/** Adds to `list` what stands at `at`. Returns the offset behind it, or -1 when it is no such thing. */
type PartReader = (
  keyspace: Keyspace,
  list: Quicklist,
  bytes: Uint8Array,
  at: number,
  end: number,
) => number;

function readElementPart(
  _keyspace: Keyspace,
  list: Quicklist,
  bytes: Uint8Array,
  at: number,
  end: number,
): number {
  const element = readRdbString(bytes, at, end);
  if (element === null) return -1;
  list.push(false, element.bytes, 0, element.bytes.length);
  return element.next;
}

function readZiplistPart(
  keyspace: Keyspace,
  list: Quicklist,
  bytes: Uint8Array,
  at: number,
  end: number,
): number {
  const ziplist = readRdbString(bytes, at, end);
  if (ziplist === null) return -1;
  const block = listpackOfZiplist(keyspace.arena, ziplist.bytes);
  if (block === NONE) return -1;
  appendListpack(keyspace, list, block);
  return ziplist.next;
}

function readNodePart(
  keyspace: Keyspace,
  list: Quicklist,
  bytes: Uint8Array,
  at: number,
  end: number,
): number {
  const container = readRdbLength(bytes, at, end);
  if (container === null || container.encoded) return -1;
  if (container.value !== PLAIN && container.value !== PACKED) return -1;
  const content = readRdbString(bytes, container.next, end);
  if (content === null) return -1;
  const { length } = content.bytes;
  if (container.value === PLAIN) {
    list.append(listsOf(keyspace).nodes.plain(content.bytes, 0, length));
  } else {
    if (checkListpack(content.bytes, 0, length) === -1) return -1;
    appendListpack(
      keyspace,
      list,
      new Listpack(keyspace.arena).load(content.bytes, 0, length).block,
    );
  }
  return content.next;
}

/** An empty listpack leaves no trace. */
function appendListpack(keyspace: Keyspace, list: Quicklist, block: Ref): void {
  const node = listsOf(keyspace).nodes.fromListpack(block);
  if (node.count > 0) list.append(node);
  else listsOf(keyspace).nodes.release(node);
}

/** A reader of lists whose parts are read by `readPart`. @param counted - Whether their count comes first. */
function listReader(readPart: PartReader, counted: boolean) {
  return (
    keyspace: Keyspace,
    bytes: Uint8Array,
    start: number,
    end: number,
    facts: EntryFacts,
  ): Ref => {
    const count = counted
      ? readRdbLength(bytes, start, end)
      : { value: 1, encoded: false, next: start };
    if (count === null || count.encoded) return NONE;
    const list = listsOf(keyspace).newQuicklist();
    let at = count.next;
    for (let i = 0; i < count.value && at !== -1; i++)
      at = readPart(keyspace, list, bytes, at, end);
    if (at !== -1 && list.length > 0) return createList(keyspace, list, facts);
    while (!list.freeSome());
    return NONE;
  };
}

function createList(keyspace: Keyspace, list: Quicklist, facts: EntryFacts): Ref {
  const { key, expireAtMs, access } = facts;
  const shape: EntryShape = { type: Type.list, encoding: Encoding.quicklist, expireAtMs, access };
  const value = keyspace.largeValues.add(list);
  const ref = keyspace.entries.createApart(key, 0, key.length, shape, value, 0);
  listsOf(keyspace).pack(ref, 1);
  return ref;
}

export const readStringsList = listReader(readElementPart, true);
export const readZiplistList = listReader(readZiplistPart, false);
export const readZiplistsList = listReader(readZiplistPart, true);
export const readNodesList = listReader(readNodePart, true);
