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
import type { Quicklist } from '../datatypes/store/quicklist.js';
import { Damage } from './damage.js';
import type { FrozenValue } from './frozen-value.js';
import { PackedLens } from './packed-lens.js';
import type { RdbReader } from './rdb-reader.js';
import type { RdbWriter } from './rdb-writer.js';
import type { EntryFacts, ValueReader, ValueWriter } from './value-formats.js';
import { listpackOfZiplist } from './ziplist.js';

/** The type bytes of lists: plain strings, one ziplist, many, and nodes of either kind. */
export const RDB_LIST = 1;
export const RDB_LIST_ZIPLIST = 10;
export const RDB_LIST_QUICKLIST = 14;
export const RDB_LIST_QUICKLIST_2 = 18;

const PLAIN = 1;
const PACKED = 2;
/** Nodes of a list that is not written at once. */
export const FROZEN_FROM_NODES = 16;
const NODES_AT_ONCE = 8;

export const LIST_WRITER: ValueWriter = {
  typeOf: () => RDB_LIST_QUICKLIST_2,
  write(keyspace, ref, out) {
    const lists = listsOf(keyspace);
    const list = lists.large(ref);
    if (list === null) {
      out.length(1);
      out.length(PACKED);
      out.string(keyspace.own(PackedLens).contentsOf(keyspace, ref));
      return;
    }
    out.length(list.nodes.length);
    for (let i = 0; i < list.nodes.length; i++) writeNode(lists, list.node(i), out);
  },
  freeze(keyspace, ref) {
    const lists = listsOf(keyspace);
    const list = lists.large(ref);
    if (list === null || list.nodes.length < FROZEN_FROM_NODES) return null;
    return new FrozenList(lists, list.duplicate());
  },
};

/** A list's nodes, whose blocks are shared with it. */
class FrozenList implements FrozenValue {
  private readonly lists: Lists;
  private readonly list: Quicklist;
  private next = 0;

  constructor(lists: Lists, list: Quicklist) {
    this.lists = lists;
    this.list = list;
  }

  writeSome(out: RdbWriter): boolean {
    const { lists, list } = this;
    if (this.next === 0) out.length(list.nodes.length);
    const stop = Math.min(list.nodes.length, this.next + NODES_AT_ONCE);
    for (; this.next < stop; this.next++) writeNode(lists, list.node(this.next), out);
    return stop === list.nodes.length;
  }

  release(): void {
    while (!this.list.freeSome());
  }
}

/** A node that is compressed already is written as it is, whatever the settings say. */
function writeNode(lists: Lists, node: ListNode, out: RdbWriter): void {
  out.length(node.isPlain ? PLAIN : PACKED);
  const contents = lists.nodes.contentsOf(node);
  if (node.packedBytes > 0) out.compressedString(contents, node.bytes);
  else out.string(contents);
}

/** Adds to `list` what is read next. False when it is no such thing. */
type PartReader = (keyspace: Keyspace, list: Quicklist, reader: RdbReader) => boolean;

function readElementPart(_keyspace: Keyspace, list: Quicklist, reader: RdbReader): boolean {
  if (!reader.text()) return false;
  list.push(false, reader.textBytes, reader.textStart, reader.textEnd);
  return true;
}

function readZiplistPart(keyspace: Keyspace, list: Quicklist, reader: RdbReader): boolean {
  const ziplist = reader.string();
  if (ziplist === null) return false;
  const block = listpackOfZiplist(keyspace.arena, ziplist);
  if (block === NONE) return false;
  appendListpack(keyspace, list, block);
  return true;
}

function readNodePart(keyspace: Keyspace, list: Quicklist, reader: RdbReader): boolean {
  const container = reader.length();
  if (reader.failed) return false;
  if (container !== PLAIN && container !== PACKED) {
    reader.refuse(Damage.container);
    return false;
  }
  const contents = reader.string();
  if (contents === null) return false;
  const { length } = contents;
  if (length === 0) {
    reader.fail();
    return false;
  }
  if (container === PLAIN) {
    list.append(listsOf(keyspace).nodes.plain(contents, 0, length));
    return true;
  }
  if (checkListpack(contents, 0, length) === -1) return false;
  appendListpack(keyspace, list, new Listpack(keyspace.arena).load(contents, 0, length).block);
  return true;
}

/** An empty listpack leaves no trace. */
function appendListpack(keyspace: Keyspace, list: Quicklist, block: Ref): void {
  const node = listsOf(keyspace).nodes.fromListpack(block);
  if (node.count > 0) list.append(node);
  else listsOf(keyspace).nodes.release(node);
}

/** A reader of lists whose parts are read by `readPart`. @param counted - Whether their count comes first. */
function listReader(readPart: PartReader, counted: boolean): ValueReader {
  return (keyspace, reader, facts) => {
    const count = counted ? reader.length() : 1;
    const list = listsOf(keyspace).newQuicklist();
    let valid = !reader.failed;
    for (let i = 0; i < count && valid; i++) valid = readPart(keyspace, list, reader);
    if (valid && list.length > 0) return createList(keyspace, list, facts);
    while (!list.freeSome());
    return valid ? reader.empty() : NONE;
  };
}

function createList(keyspace: Keyspace, list: Quicklist, facts: EntryFacts): Ref {
  const { key, keyStart, keyEnd, expireAtMs, access } = facts;
  const shape: EntryShape = { type: Type.list, encoding: Encoding.quicklist, expireAtMs, access };
  const value = keyspace.largeValues.add(list);
  const ref = keyspace.entries.createApart(key, keyStart, keyEnd, shape, value, 0);
  listsOf(keyspace).pack(ref, 1);
  return ref;
}

export const LIST_READERS: readonly (readonly [number, ValueReader])[] = [
  [RDB_LIST, listReader(readElementPart, true)],
  [RDB_LIST_ZIPLIST, listReader(readZiplistPart, false)],
  [RDB_LIST_QUICKLIST, listReader(readZiplistPart, true)],
  [RDB_LIST_QUICKLIST_2, listReader(readNodePart, true)],
];
