/**
 * A stream: nodes of packed entries in the order of their IDs, and the groups that read it.
 *
 * The nodes' blocks may be shared with a copy of the stream: a node is copied before it changes.
 * What is worked with while a stream is read or changed is one set per keyspace: see `StreamTools`.
 */
import { scratchBytes } from '../protocol/byte-views.js';
import type { Keyspace } from './database.js';
import type { LargeValue } from './large-values.js';
import { type Arena, NONE, type Ref } from './store/arena.js';
import { IdIndex, IdPlace } from './store/id-index.js';
import { LONGEST_ID, StreamId } from './store/stream-id.js';
import { type EntryData, StreamNode } from './store/stream-node.js';
import { type Count, plus } from './stream-counts.js';
import { StreamCursor } from './stream-cursor.js';
import type { Group } from './stream-group-value.js';
import { find, insertNamed } from './stream-names.js';

/** Nodes that are no listpack yet are kept below this many bytes, whatever the settings say. */
const LARGEST_NODE_BYTES = 2 ** 30;
/** Chunks of nodes freed in one slice: some hundred nodes each. */
const CHUNKS_PER_SLICE = 8;

/** How large a node may become. 0: no limit. */
export interface NodeLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** Scratch memory to work on streams. */
export class StreamTools {
  /** For changes, and to look at single entries. */
  readonly node: StreamNode;
  /** Where that node is. */
  readonly place = new IdPlace();
  /** For ranges. */
  readonly cursor: StreamCursor;
  /** IDs and a place for commands; nothing here uses them. */
  readonly id = new StreamId();
  readonly otherId = new StreamId();
  readonly pendingPlace = new IdPlace();
  /** For the texts of IDs. */
  readonly text = scratchBytes(LONGEST_ID);

  constructor(arena: Arena) {
    this.node = new StreamNode(arena);
    this.cursor = new StreamCursor(arena);
  }
}

/** Makes the tools of a keyspace at first need: `keyspace.own(StreamToolbox)`. */
export class StreamToolbox {
  private tools: StreamTools | null = null;

  of(arena: Arena): StreamTools {
    this.tools ??= new StreamTools(arena);
    return this.tools;
  }
}

export class Stream implements LargeValue {
  readonly arena: Arena;
  /** By ID of the node: its block. */
  nodes: IdIndex;
  /** Entries. */
  length = 0;
  readonly lastId = new StreamId();
  /** The first entry's; 0-0 when there is none. */
  readonly firstId = new StreamId();
  /** The greatest that XDEL took out; 0-0 for none. */
  readonly maxDeletedId = new StreamId();
  /** Entries that were ever added. */
  entriesAdded: Count = 0;
  /** In the order of their names. */
  groups: Group[] = [];

  readonly tools: StreamTools;

  constructor(arena: Arena, tools: StreamTools) {
    this.arena = arena;
    this.tools = tools;
    this.nodes = new IdIndex(arena, 1);
  }

  static in(keyspace: Keyspace): Stream {
    return new Stream(keyspace.arena, keyspace.own(StreamToolbox).of(keyspace.arena));
  }

  get size(): number {
    return this.groups.reduce((sum, group) => sum + group.pending.size, this.nodes.size);
  }

  /** Adds an entry whose ID is above `lastId`. */
  append(id: StreamId, data: EntryData, limits: NodeLimits): void {
    const { nodes, tools } = this;
    const { node, place } = tools;
    let block: Ref = nodes.toLast(place) ? nodes.word(place, 0) : NONE;
    if (block !== NONE) {
      nodes.readId(place, node.base);
      node.open(block);
      if (isFull(node, data, limits)) block = NONE;
    }
    if (block === NONE) {
      node.create(id, data);
      nodes.insert(id, place);
    }
    node.append(id, data);
    nodes.setWord(place, 0, node.pack.block);
    if (this.length++ === 0) this.firstId.copy(id);
    this.lastId.copy(id);
    this.entriesAdded = plus(this.entriesAdded, 1);
  }

  /** Looks for an entry that is not deleted: the tools' node is then at it. */
  find(id: StreamId): boolean {
    const { nodes, tools } = this;
    const { node, place } = tools;
    if (this.length === 0 || !nodes.seekBelow(id, place)) return false;
    nodes.readId(place, node.base);
    node.open(nodes.word(place, 0));
    let order = -1;
    for (let more = node.first(); more; more = node.next()) {
      order = node.id.compare(id);
      if (order >= 0) break;
    }
    return order === 0 && !node.isDeleted;
  }

  /** Takes an entry out. False when it is not there. The caller sees to `firstId` and `maxDeletedId`. */
  remove(id: StreamId): boolean {
    if (!this.find(id)) return false;
    const { node, place } = this.tools;
    if (node.count === 1) this.dropNode(place);
    else {
      node.flagDeleted();
      node.addCounts(-1, 1);
      this.nodes.setWord(place, 0, node.pack.block);
    }
    this.length--;
    return true;
  }

  /** Takes out a node, not counting what it holds. `place` is then at the next one. */
  dropNode(place: IdPlace): void {
    this.arena.release(this.nodes.word(place, 0));
    this.nodes.removeAt(place);
  }

  /** Finds out the first entry's ID. */
  updateFirstId(): void {
    if (this.length === 0) this.firstId.toZero();
    else this.edgeId(false, this.firstId);
  }

  /** The first entry's ID, or that of a deleted one before it; the greatest ID when there is no node. */
  oldestId(into: StreamId): StreamId {
    const { nodes, tools } = this;
    const { node, place } = tools;
    if (!nodes.toFirst(place)) return into.toMax();
    nodes.readId(place, node.base);
    return node.open(nodes.word(place, 0)).first() ? into.copy(node.id) : into.toMax();
  }

  /** Copies the ID of the first, or the last, entry to `into`: 0-0 when there is none. */
  edgeId(isLast: boolean, into: StreamId): StreamId {
    const { nodes, tools } = this;
    const { node, place } = tools;
    let more = isLast ? nodes.toLast(place) : nodes.toFirst(place);
    for (; more; more = isLast ? nodes.previous(place) : nodes.next(place)) {
      nodes.readId(place, node.base);
      node.open(nodes.word(place, 0));
      let found = isLast ? node.last() : node.first();
      while (found && node.isDeleted) found = isLast ? node.previous() : node.next();
      if (found) return into.copy(node.id);
    }
    return into.toZero();
  }

  group(bytes: Uint8Array, start: number, end: number): Group | undefined {
    return find(this.groups, bytes, start, end);
  }

  addGroup(group: Group): void {
    insertNamed(this.groups, group);
  }

  /** Takes a group out. The caller has it from then on, to free it. */
  removeGroup(group: Group): void {
    this.groups.splice(this.groups.indexOf(group), 1);
  }

  freeSome(): boolean {
    const { nodes, arena } = this;
    for (let i = 0; i < CHUNKS_PER_SLICE && nodes.size > 0; i++) {
      const place = new IdPlace();
      let left = nodes.lastChunkSize;
      for (let more = nodes.toLast(place); more && left > 0; more = nodes.previous(place), left--) {
        arena.release(nodes.word(place, 0));
      }
      nodes.dropLastChunk();
    }
    if (nodes.size > 0) return false;
    const group = this.groups[this.groups.length - 1];
    if (group === undefined) return true;
    if (group.freeSome(CHUNKS_PER_SLICE * 8)) this.groups.pop();
    return this.groups.length === 0;
  }

  duplicate(): Stream {
    const copy = new Stream(this.arena, this.tools);
    copy.nodes = this.nodes.duplicate();
    const place = new IdPlace();
    for (let more = copy.nodes.toFirst(place); more; more = copy.nodes.next(place)) {
      this.arena.retain(copy.nodes.word(place, 0));
    }
    copy.length = this.length;
    copy.lastId.copy(this.lastId);
    copy.firstId.copy(this.firstId);
    copy.maxDeletedId.copy(this.maxDeletedId);
    copy.entriesAdded = this.entriesAdded;
    copy.groups = this.groups.map((group) => group.duplicate());
    return copy;
  }

  bytes(samples: number): number {
    const { nodes, arena } = this;
    const place = new IdPlace();
    let seen = 0;
    let nodeBytes = 0;
    for (let more = nodes.toFirst(place); more; more = nodes.next(place)) {
      if (samples !== 0 && seen === samples) break;
      nodeBytes += arena.capacity(nodes.word(place, 0));
      seen++;
    }
    if (seen < nodes.size) nodeBytes = Math.round((nodeBytes / seen) * nodes.size);
    return this.groups.reduce((sum, group) => sum + group.bytes, nodeBytes + nodes.bytes);
  }
}

/** Whether another entry must go to a new node. */
function isFull(node: StreamNode, data: EntryData, limits: NodeLimits): boolean {
  let bytes = node.pack.byteLength;
  for (let i = data.from; i < data.to; i++) {
    bytes += (data.ends[i] as number) - (data.starts[i] as number);
  }
  const { maxBytes, maxEntries } = limits;
  const most = maxBytes === 0 ? LARGEST_NODE_BYTES : Math.min(maxBytes, LARGEST_NODE_BYTES);
  if (bytes >= most) return true;
  return maxEntries !== 0 && node.count + node.deleted >= maxEntries;
}
