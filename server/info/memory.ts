/** INFO memory: what is in use, by what, and of how much. */
import os from 'node:os';
import { formatBytesHuman } from '../../protocol/memory-sizes.js';
import type { Server } from '../server.js';
import { ALLOCATOR } from '../version.js';
import { type InfoField, type InfoSection, percent, ratio } from './section.js';

export const MEMORY: InfoSection = {
  name: 'memory',
  title: 'Memory',
  shown: 'default',
  *fields(server) {
    const rssBytes = process.memoryUsage.rss();
    yield* usage(server, rssBytes);
    yield* scripting();
    yield* limits(server);
    yield* fragmentation(server, rssBytes);
    yield* buffers(server);
  },
};

/** An amount twice: in bytes, and for people. */
function* both(name: string, bytes: number): Generator<InfoField> {
  yield [name, bytes];
  yield [`${name}_human`, formatBytesHuman(bytes)];
}

/** Bytes that are not the stored data: tables and clients. */
function overheadBytes(server: Server): number {
  let bytes = clientBytes(server);
  for (const { keys, expires } of server.keyspace.databases) {
    bytes += keys.overheadBytes + expires.overheadBytes;
  }
  return bytes;
}

function clientBytes(server: Server): number {
  let bytes = 0;
  for (const client of server.clients.values()) bytes += client.memoryBytes;
  return bytes;
}

function* usage(server: Server, rssBytes: number): Generator<InfoField> {
  const used = server.memory.usedBytes;
  server.stats.notePeak(used);
  const peak = server.stats.peakUsedBytes;
  const overhead = overheadBytes(server);
  const dataset = Math.max(used - overhead, 0);
  yield* both('used_memory', used);
  yield* both('used_memory_rss', rssBytes);
  yield* both('used_memory_peak', peak);
  yield ['used_memory_peak_perc', percent(used, peak)];
  yield ['used_memory_overhead', overhead];
  yield ['used_memory_startup', server.startedUsedBytes];
  yield ['used_memory_dataset', dataset];
  yield ['used_memory_dataset_perc', percent(dataset, used)];
  yield ['allocator_allocated', server.arena.usedBytes];
  yield ['allocator_active', server.arena.reservedBytes];
  yield ['allocator_resident', server.arena.reservedBytes];
  yield ['allocator_muzzy', 0];
  yield* both('total_system_memory', os.totalmem());
}

function* scripting(): Generator<InfoField> {
  yield ['used_memory_lua', 0];
  yield ['used_memory_vm_eval', 0];
  yield ['used_memory_lua_human', formatBytesHuman(0)];
  yield ['used_memory_scripts_eval', 0];
  yield ['number_of_cached_scripts', 0];
  yield ['number_of_functions', 0];
  yield ['number_of_libraries', 0];
  yield ['used_memory_vm_functions', 0];
  yield* both('used_memory_vm_total', 0);
  yield ['used_memory_functions', 0];
  yield* both('used_memory_scripts', 0);
}

function* limits({ config }: Server): Generator<InfoField> {
  yield* both('maxmemory', config.values.maxmemory);
  yield ['maxmemory_policy', config.text('maxmemory-policy')];
}

function* fragmentation(server: Server, rssBytes: number): Generator<InfoField> {
  const used = server.memory.usedBytes;
  const { usedBytes, reservedBytes } = server.arena;
  yield ['allocator_frag_ratio', ratio(reservedBytes, usedBytes)];
  yield ['allocator_frag_bytes', reservedBytes - usedBytes];
  yield ['allocator_rss_ratio', '1.00'];
  yield ['allocator_rss_bytes', 0];
  yield ['rss_overhead_ratio', ratio(rssBytes, reservedBytes)];
  yield ['rss_overhead_bytes', rssBytes - reservedBytes];
  yield ['mem_fragmentation_ratio', ratio(rssBytes, used)];
  yield ['mem_fragmentation_bytes', rssBytes - used];
}

function* buffers(server: Server): Generator<InfoField> {
  yield ['mem_not_counted_for_evict', 0];
  yield ['mem_replication_backlog', 0];
  yield ['mem_total_replication_buffers', 0];
  yield ['mem_replicas_repl_buffer', 0];
  yield ['mem_clients_slaves', 0];
  yield ['mem_clients_normal', clientBytes(server)];
  yield ['mem_cluster_links', 0];
  yield ['mem_cluster_slot_import', 0];
  yield ['mem_cluster_slot_export', 0];
  yield ['mem_aof_buffer', 0];
  yield ['mem_allocator', ALLOCATOR];
  yield ['mem_overhead_db_hashtable_rehashing', 0];
  yield ['active_defrag_running', 0];
  yield ['lazyfree_pending_objects', 0];
  yield ['lazyfreed_objects', 0];
}
