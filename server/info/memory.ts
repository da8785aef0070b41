/** INFO memory: what is in use, by what, and of how much. */
import { formatBytesHuman } from '../../protocol/memory-sizes.js';
import type { Server } from '../server.js';
import { ALLOCATOR } from '../version.js';
import { type InfoField, type InfoSection, percent, ratio } from './section.js';

export const MEMORY: InfoSection = {
  name: 'memory',
  title: 'Memory',
  shown: 'default',
  *fields(server) {
    yield* usage(server);
    yield* scripting(server);
    yield* limits(server);
    yield* fragmentation(server);
    yield* buffers(server);
  },
};

/** An amount twice: in bytes, and for people. */
function* both(name: string, bytes: number): Generator<InfoField> {
  yield [name, bytes];
  yield [`${name}_human`, formatBytesHuman(bytes)];
}

function* usage({ arena, memory }: Server): Generator<InfoField> {
  const used = memory.usedBytes;
  const peak = memory.peakBytes;
  const dataset = memory.datasetBytes;
  yield* both('used_memory', used);
  yield* both('used_memory_rss', memory.rssBytes);
  yield* both('used_memory_peak', peak);
  yield ['used_memory_peak_perc', percent(used, peak)];
  yield ['used_memory_overhead', memory.overheadBytes];
  yield ['used_memory_startup', memory.startupBytes];
  yield ['used_memory_dataset', dataset];
  yield ['used_memory_dataset_perc', percent(dataset, used - memory.startupBytes)];
  yield ['allocator_allocated', arena.usedBytes];
  yield ['allocator_active', arena.reservedBytes];
  yield ['allocator_resident', arena.reservedBytes + arena.spareBytes];
  yield ['allocator_muzzy', arena.spareBytes];
  yield* both('total_system_memory', memory.totalSystemBytes);
}

function* scripting({ scripts }: Server): Generator<InfoField> {
  const { cache, evalWorldBytes, functions } = scripts;
  const cacheBytes = cache.memoryBytes;
  const functionBytes = functions.memoryBytes;
  yield ['used_memory_lua', evalWorldBytes];
  yield ['used_memory_vm_eval', evalWorldBytes];
  yield ['used_memory_lua_human', formatBytesHuman(evalWorldBytes)];
  yield ['used_memory_scripts_eval', cacheBytes];
  yield ['number_of_cached_scripts', cache.size];
  yield ['number_of_functions', functions.functionCount];
  yield ['number_of_libraries', functions.libraryCount];
  yield ['used_memory_vm_functions', functions.worldBytes];
  yield* both('used_memory_vm_total', evalWorldBytes + functions.worldBytes);
  yield ['used_memory_functions', functionBytes];
  yield* both('used_memory_scripts', cacheBytes + functionBytes);
}

function* limits({ config }: Server): Generator<InfoField> {
  yield* both('maxmemory', config.values.maxmemory);
  yield ['maxmemory_policy', config.text('maxmemory-policy')];
}

function* fragmentation({ arena, memory }: Server): Generator<InfoField> {
  const { rssBytes, usedBytes } = memory;
  const resident = arena.reservedBytes + arena.spareBytes;
  yield ['allocator_frag_ratio', ratio(arena.reservedBytes, arena.usedBytes)];
  yield ['allocator_frag_bytes', arena.reservedBytes - arena.usedBytes];
  yield ['allocator_rss_ratio', ratio(resident, arena.reservedBytes)];
  yield ['allocator_rss_bytes', arena.spareBytes];
  yield ['rss_overhead_ratio', ratio(rssBytes, resident)];
  yield ['rss_overhead_bytes', rssBytes - resident];
  yield ['mem_fragmentation_ratio', ratio(rssBytes, usedBytes)];
  yield ['mem_fragmentation_bytes', rssBytes - usedBytes];
}

function* buffers({ keyspace, memory }: Server): Generator<InfoField> {
  const { parts } = memory;
  yield ['mem_not_counted_for_evict', memory.notCountedBytes];
  yield ['mem_replication_backlog', parts.replicationBacklog()];
  yield ['mem_total_replication_buffers', parts.replicationBacklog() + parts.replicaBuffers()];
  yield ['mem_replicas_repl_buffer', parts.replicaBuffers()];
  yield ['mem_clients_slaves', parts.replicas()];
  yield ['mem_clients_normal', memory.clientsBytes];
  yield ['mem_cluster_links', parts.clusterLinks()];
  yield ['mem_cluster_slot_import', parts.slotImport()];
  yield ['mem_cluster_slot_export', parts.slotExport()];
  yield ['mem_aof_buffer', parts.appendOnlyBuffer()];
  yield ['mem_allocator', ALLOCATOR];
  // Tables grow in place: none is ever half moved.
  yield ['mem_overhead_db_hashtable_rehashing', 0];
  yield ['active_defrag_running', 0];
  yield ['lazyfree_pending_objects', keyspace.lazyFree.pendingObjects];
  yield ['lazyfreed_objects', keyspace.lazyFree.freedObjects];
}
