/** What DEBUG tells of how large values are laid out. */

import { isLarge } from '../../datatypes/large-values.js';
import { NONE, type Ref } from '../../datatypes/store/arena.js';
import type { Dict } from '../../datatypes/store/dict.js';
import { Encoding } from '../../datatypes/store/entry.js';
import { Quicklist } from '../../datatypes/store/quicklist.js';
import { NO_SUCH_KEY, NOT_A_HASH_TABLE } from '../../protocol/refusals.js';
import type { ServerCall } from '../server-call.js';

export function describeTable(table: Dict): string {
  if (table.size === 0) return '';
  return (
    'Hash table 0 stats (main hash table):\n' +
    ` table size: ${table.slotCount}\n number of entries: ${table.size}\n rehashing index: -1\n`
  );
}

/** DEBUG HTSTATS-KEY */
export function valueTableStats(call: ServerCall): void {
  const { keyspace, db } = call;
  const ref = db.peek(call.buffer, call.start(2), call.end(2));
  if (ref === NONE) throw NO_SUCH_KEY;
  const { entries, largeValues } = keyspace;
  const table = isLarge(entries.encoding(ref))
    ? largeValues.get(entries.value(ref)).table
    : undefined;
  if (table === undefined) throw NOT_A_HASH_TABLE;
  call.reply.verbatim('txt', describeTable(table));
}

/** What DEBUG OBJECT adds for a quicklist; nothing for other values. */
export function describeNodes(call: ServerCall, ref: Ref, isFast: boolean): string {
  const { keyspace } = call;
  if (keyspace.entries.encoding(ref) !== Encoding.quicklist) return '';
  const list = keyspace.large(ref, Quicklist);
  const average = (list.length / list.size).toFixed(2);
  const compressed = list.depth === 0 ? 0 : 1;
  const about =
    ` ql_nodes:${list.size} ql_avg_node:${average} ` +
    `ql_listpack_max:${list.limit} ql_compressed:${compressed}`;
  return isFast ? about : `${about} ql_uncompressed_size:${uncompressedBytes(list)}`;
}

function uncompressedBytes(list: Quicklist): number {
  let bytes = 0;
  for (let i = 0; i < list.size; i++) bytes += list.node(i).bytes;
  return bytes;
}
