/** MEMORY STATS: every part of memory with its bytes, under the names of the real server. */
import type { Server } from './server.js';

/** Bytes or a count; a ratio or a percentage; or the parts of one database. */
export type MemoryField =
  | number
  | { readonly ratio: number }
  | { readonly fields: readonly (readonly [name: string, bytes: number])[] };
export type MemoryFields = readonly (readonly [name: string, value: MemoryField])[];

/** `part` per `whole`; 1 when there is no whole to speak of. */
export function ratioOf(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}

const ratio = (part: number, whole: number) => ({ ratio: ratioOf(part, whole) });
const percentage = (part: number, whole: number) => ({
  ratio: whole <= 0 ? 0 : (part / whole) * 100,
});

export function memoryStats(server: Server): MemoryFields {
  const { memory, keyspace } = server;
  const used = memory.usedBytes;
  const net = Math.max(0, used - memory.startupBytes);
  const dataset = memory.datasetBytes;
  const keys = keyspace.size;
  return [
    ['peak.allocated', memory.peakBytes],
    ['total.allocated', used],
    ['startup.allocated', memory.startupBytes],
    ...partFields(server),
    ...databaseFields(server),
    ['overhead.total', memory.overheadBytes],
    ['db.dict.rehashing.count', 0],
    ['keys.count', keys],
    ['keys.bytes-per-key', keys === 0 ? 0 : Math.floor(net / keys)],
    ['dataset.bytes', dataset],
    ['dataset.percentage', percentage(dataset, net)],
    ['peak.percentage', percentage(used, memory.peakBytes)],
    ...allocatorFields(server, used),
  ];
}

function partFields({ memory }: Server): MemoryFields {
  const { parts } = memory;
  return [
    ['replication.backlog', parts.replicationBacklog()],
    ['replicas.repl.buffer', parts.replicaBuffers()],
    ['clients.slaves', parts.replicas()],
    ['clients.normal', memory.clientsBytes],
    ['cluster.links', parts.clusterLinks()],
    ['cluster.slot_import', parts.slotImport()],
    ['cluster.slot_export', parts.slotExport()],
    ['aof.buffer', parts.appendOnlyBuffer()],
    ['lua.caches', parts.scripts()],
    ['functions.caches', parts.functions()],
  ];
}

/** Of each database that was ever used; the first one always is. Tables grow in place, so none is ever half moved. */
function databaseFields({ keyspace }: Server): MemoryFields {
  const shown = keyspace.databases.filter(({ wasUsed }) => wasUsed);
  const tables = keyspace.databases.reduce(
    (sum, { keys, expires }) => sum + keys.overheadBytes + expires.overheadBytes,
    0,
  );
  return [
    ...shown.map(({ id, keys, expires }) => {
      const fields = [
        ['overhead.hashtable.main', keys.overheadBytes],
        ['overhead.hashtable.expires', expires.overheadBytes],
      ] as const;
      return [`db.${id}`, { fields }] as const;
    }),
    ['overhead.db.hashtable.lut', tables],
    ['overhead.db.hashtable.rehashing', 0],
  ];
}

function allocatorFields({ arena, memory }: Server, used: number): MemoryFields {
  const allocated = arena.usedBytes;
  const active = arena.reservedBytes;
  const resident = active + arena.spareBytes;
  const rss = memory.rssBytes;
  return [
    ['allocator.allocated', allocated],
    ['allocator.active', active],
    ['allocator.resident', resident],
    ['allocator.muzzy', arena.spareBytes],
    ['allocator-fragmentation.ratio', ratio(active, allocated)],
    ['allocator-fragmentation.bytes', active - allocated],
    ['allocator-rss.ratio', ratio(resident, active)],
    ['allocator-rss.bytes', resident - active],
    ['rss-overhead.ratio', ratio(rss, resident)],
    ['rss-overhead.bytes', rss - resident],
    ['fragmentation', ratio(rss, used)],
    ['fragmentation.bytes', rss - used],
  ];
}
