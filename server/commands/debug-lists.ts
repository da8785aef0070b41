/** DEBUG about lists: LISTPACK, QUICKLIST, QUICKLIST-PACKED-THRESHOLD. */
import { listsOf } from '../../datatypes/list-values.js';
import { NONE, type Ref } from '../../datatypes/store/arena.js';
import { Encoding } from '../../datatypes/store/entry.js';
import { parseMemory } from '../../protocol/memory-sizes.js';
import {
  BAD_PACKED_THRESHOLD,
  NO_SUCH_KEY,
  NOT_A_LISTPACK,
  NOT_A_QUICKLIST,
} from '../../protocol/refusals.js';
import type { ServerCall } from '../server-call.js';

/** Elements this large are better not made the rule, in bytes. */
const LARGEST_THRESHOLD = 2 ** 32 - 2 ** 20;

function entryWith(call: ServerCall, encoding: Encoding): Ref {
  const ref = call.db.peek(call.buffer, call.start(2), call.end(2));
  if (ref === NONE) throw NO_SUCH_KEY;
  return call.keyspace.entries.encoding(ref) === encoding ? ref : NONE;
}

/** Writes to the log what the real server writes to its standard output. */
export function debugListpack(call: ServerCall): void {
  const ref = entryWith(call, Encoding.listpack);
  if (ref === NONE) throw NOT_A_LISTPACK;
  const lens = listsOf(call.keyspace).packed(ref);
  call.server.log.notice(`Listpack: ${lens.byteLength} bytes, ${lens.count} elements`);
  call.reply.simple('Listpack structure printed on stdout');
}

export function debugQuicklist(call: ServerCall): void {
  const ref = entryWith(call, Encoding.quicklist);
  const list = ref === NONE ? null : listsOf(call.keyspace).large(ref);
  if (list === null) throw NOT_A_QUICKLIST;
  const { log } = call.server;
  log.notice(`Quicklist: ${list.length} elements, ${list.nodes.length} nodes`);
  for (let i = 0; i < list.nodes.length; i++) {
    const { count, bytes, isPlain, packedBytes } = list.node(i);
    const kind = isPlain ? 'plain' : 'packed';
    log.notice(`Node ${i}: ${kind}, ${count} elements, ${bytes} bytes, ${packedBytes} compressed`);
  }
  call.reply.simple('Quicklist structure printed on stdout');
}

export function setPackedThreshold(call: ServerCall): void {
  const bytes = parseMemory(call.text(2));
  if (bytes === null || bytes < 0n || bytes > LARGEST_THRESHOLD) throw BAD_PACKED_THRESHOLD;
  listsOf(call.keyspace).nodes.plainFrom = Number(bytes);
  call.reply.ok();
}
