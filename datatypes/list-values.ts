/**
 * Lists as commands see them: one packed block while they are small, a quicklist when they are large.
 *
 * A list turns into a quicklist before it would outgrow `list-max-listpack-size`, and back when elements go
 * and what is left in its one node is no more than half of that.
 */

import type { Call } from './call.js';
import { EventClass } from './call.js';
import type { Keyspace } from './database.js';
import { NONE, type Ref } from './store/arena.js';
import { Encoding, type Entries, Type } from './store/entry.js';
import { ListCursor } from './store/list-cursor.js';
import { byteLimit, countLimit, exceedsLimit } from './store/list-limits.js';
import { ListNodes } from './store/list-node.js';
import { Listpack } from './store/listpack.js';
import { LzfCompressor } from './store/lzf.js';
import { Quicklist } from './store/quicklist.js';

/** A list's end. */
export const End = { head: 0, tail: 1 } as const;
export type End = (typeof End)[keyof typeof End];

export class Lists {
  readonly nodes: ListNodes;
  private readonly keyspace: Keyspace;
  private readonly entries: Entries;
  private readonly lens: Listpack;
  private readonly cursor: ListCursor;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.entries = keyspace.entries;
    this.lens = new Listpack(keyspace.arena);
    this.nodes = new ListNodes(keyspace.arena, () => keyspace.own(LzfCompressor));
    this.cursor = new ListCursor(this.nodes);
  }

  /** The list of `ref` when it is a quicklist; null when it is packed. */
  large(ref: Ref): Quicklist | null {
    if (this.entries.encoding(ref) === Encoding.listpack) return null;
    return this.keyspace.large(ref, Quicklist);
  }

  /** The listpack of a packed list: good until the next call. */
  packed(ref: Ref): Listpack {
    return this.lens.open(this.entries.value(ref));
  }

  length(ref: Ref): number {
    return this.large(ref)?.length ?? this.packed(ref).count;
  }

  /** The one cursor, opened on a list: to be closed before the next is. */
  open(ref: Ref): ListCursor {
    const list = this.large(ref);
    if (list !== null) return this.cursor.openQuicklist(list);
    return this.cursor.openListpack(this.entries.value(ref));
  }

  /** Adds the key in argument `i` with an empty list, in place of its entry `previous`, if it has one. */
  create(call: Call, i: number, previous: Ref = NONE): Ref {
    const { block } = this.lens.create();
    return call.db.addCollection(
      call.buffer,
      call.start(i),
      call.end(i),
      Type.list,
      Encoding.listpack,
      block,
      previous,
    );
  }

  /** A new, empty quicklist with the limits of now. */
  newQuicklist(): Quicklist {
    const { listMaxListpackSize, listCompressDepth } = this.keyspace.settings;
    return new Quicklist(this.nodes, listMaxListpackSize, listCompressDepth);
  }

  /** To be called before `count` elements of `bytes` bytes together are added. */
  grow(ref: Ref, bytes: number, count: number): void {
    const { entries } = this;
    if (entries.encoding(ref) !== Encoding.listpack) return;
    const lens = this.packed(ref);
    const limit = this.keyspace.settings.listMaxListpackSize;
    if (!exceedsLimit(limit, lens.byteLength + bytes, lens.count + count)) return;
    const list = this.newQuicklist();
    if (lens.count > 0) list.append(this.nodes.fromListpack(lens.block));
    else this.keyspace.arena.release(lens.block);
    entries.setValue(ref, this.keyspace.largeValues.add(list), 0);
    entries.setEncoding(ref, Encoding.quicklist);
  }

  /** To be called after elements went: a list that is well below the limits is packed again. */
  shrink(ref: Ref): void {
    this.pack(ref, 2);
  }

  /** Packs a list that is no more than one `fraction`th of the limits. */
  pack(ref: Ref, fraction: number): void {
    const list = this.large(ref);
    if (list === null || list.nodes.length !== 1 || list.node(0).isPlain) return;
    const limit = this.keyspace.settings.listMaxListpackSize;
    if (list.node(0).bytes > byteLimit(limit) / fraction) return;
    if (list.length > Math.floor(countLimit(limit) / fraction)) return;
    const { block } = list.takeListpack();
    this.keyspace.largeValues.release(this.entries.value(ref));
    this.entries.setValue(ref, block, 0);
    this.entries.setEncoding(ref, Encoding.listpack);
  }

  /** Adds arguments `from` to `last` one after the other at one end. */
  push(ref: Ref, end: End, call: Call, from: number, last: number): void {
    let bytes = 0;
    for (let i = from; i <= last; i++) bytes += call.length(i);
    this.grow(ref, bytes, last - from + 1);
    const list = this.large(ref);
    const atHead = end === End.head;
    if (list !== null) {
      for (let i = from; i <= last; i++) list.push(atHead, call.buffer, call.start(i), call.end(i));
      return;
    }
    const lens = this.packed(ref);
    for (let i = from; i <= last; i++) {
      if (atHead) lens.prepend(call.buffer, call.start(i), call.end(i));
      else lens.append(call.buffer, call.start(i), call.end(i));
    }
    this.entries.setValue(ref, lens.block, 0);
  }

  /** Adds one element, which must not stand in this list, at one end. */
  pushBytes(ref: Ref, end: End, bytes: Uint8Array, start = 0, stop = bytes.length): void {
    this.grow(ref, stop - start, 1);
    const list = this.large(ref);
    if (list !== null) {
      list.push(end === End.head, bytes, start, stop);
      return;
    }
    const lens = this.packed(ref);
    if (end === End.head) lens.prepend(bytes, start, stop);
    else lens.append(bytes, start, stop);
    this.entries.setValue(ref, lens.block, 0);
  }

  /** Deletes `count` elements from element `first` on, all of which must be there. */
  removeRange(ref: Ref, first: number, count: number): void {
    if (count === 0) return;
    const list = this.large(ref);
    if (list !== null) {
      list.removeRange(first, count);
      return;
    }
    const lens = this.packed(ref);
    lens.remove(lens.seek(first), count);
    this.entries.setValue(ref, lens.block, 0);
  }

  /** Deletes one element at an end. */
  removeEnd(ref: Ref, end: End): void {
    this.removeRange(ref, end === End.head ? 0 : this.length(ref) - 1, 1);
  }

  /** Puts `bytes[start, stop)` in place of element `index`; false when there is none. */
  replace(ref: Ref, index: number, bytes: Uint8Array, start: number, stop: number): boolean {
    const length = this.length(ref);
    const at = index < 0 ? index + length : index;
    if (at < 0 || at >= length) return false;
    const list = this.large(ref);
    if (list !== null) {
      const { place, offset } = list.locate(at);
      list.replace(place, offset, bytes, start, stop);
      return true;
    }
    const lens = this.packed(ref);
    lens.replace(lens.seek(at), bytes, start, stop);
    this.entries.setValue(ref, lens.block, 0);
    return true;
  }

  /** Puts `bytes[start, stop)` before or behind the element where the cursor is, and closes that. */
  insertAt(ref: Ref, after: boolean, bytes: Uint8Array, start: number, stop: number): void {
    const { cursor } = this;
    cursor.close();
    const list = this.large(ref);
    if (list !== null) {
      list.insert(cursor.place, cursor.offset, after, bytes, start, stop);
      return;
    }
    const lens = this.packed(ref);
    const at = after ? lens.next(cursor.position) || lens.endPosition : cursor.position;
    lens.insert(at, bytes, start, stop);
    this.entries.setValue(ref, lens.block, 0);
  }

  /** Deletes up to `most` elements that are `bytes[start, stop)`, going from one end. Returns how many. */
  removeEqual(
    ref: Ref,
    end: End,
    most: number,
    bytes: Uint8Array,
    start: number,
    stop: number,
  ): number {
    const fromTail = end === End.tail;
    const list = this.large(ref);
    if (list === null) {
      const lens = this.packed(ref);
      const removed = removeFrom(lens, fromTail, most, bytes, start, stop);
      this.entries.setValue(ref, lens.block, 0);
      return removed;
    }
    return list.removeWhere(fromTail, most, (node, left) => {
      if (node.isPlain) {
        const isEqual = this.nodes.isPlainEqual(node, bytes, start, stop);
        if (isEqual) node.count = 0;
        return isEqual ? 1 : 0;
      }
      const removed = removeFrom(this.nodes.open(node), fromTail, left, bytes, start, stop);
      if (removed > 0) this.nodes.changed(node, -removed);
      return removed;
    });
  }
}

function removeFrom(
  lens: Listpack,
  fromTail: boolean,
  most: number,
  bytes: Uint8Array,
  start: number,
  stop: number,
): number {
  let removed = 0;
  if (fromTail) {
    for (let p = lens.last(); p !== 0 && removed < most; ) {
      const before = lens.previous(p);
      if (lens.equals(p, bytes, start, stop)) {
        lens.remove(p);
        removed++;
      }
      p = before;
    }
    return removed;
  }
  let p = lens.find(lens.first(), bytes, start, stop, 0);
  while (p !== 0 && removed < most) {
    p = lens.find(lens.remove(p), bytes, start, stop, 0);
    removed++;
  }
  return removed;
}

class ListsHolder {
  lists: Lists | null = null;
}

/** The lists of a keyspace. */
export function listsOf(keyspace: Keyspace): Lists {
  const holder = keyspace.own(ListsHolder);
  holder.lists ??= new Lists(keyspace);
  return holder.lists;
}

/** Writes `count` elements from element `first` on, going back towards the head if wanted, as an array. */
export function replyElements(
  call: Call,
  ref: Ref,
  first: number,
  count: number,
  back: boolean,
): void {
  call.reply.array(count);
  const cursor = listsOf(call.keyspace).open(ref);
  cursor.moveTo(first);
  for (let i = 0; i < count; i++) {
    if (i > 0) cursor.step(back);
    replyElement(call, cursor);
  }
  cursor.close();
}

/** Writes the element where the cursor is. */
export function replyElement(call: Call, cursor: ListCursor): void {
  cursor.read();
  const { block, source, start, end } = cursor;
  if (block === 0) call.reply.bulk(source, start, end);
  else call.reply.bulkFrom(block, source, start, end);
}

/** Tells that `count` elements went from one end of the list in argument `i`; drops or packs what is left. */
export function elementsPopped(call: Call, i: number, ref: Ref, end: End, count: number): void {
  const lists = listsOf(call.keyspace);
  call.changed(i, EventClass.list, end === End.head ? 'lpop' : 'rpop', count);
  if (lists.length(ref) === 0) call.removeEmptied(i);
  else lists.shrink(ref);
}
