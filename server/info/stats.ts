/** INFO stats: what was counted since the start, or since CONFIG RESETSTAT; and INFO debug. */
import type { Server } from '../server.js';
import type { InfoField, InfoSection } from './section.js';

export const STATS: InfoSection = {
  name: 'stats',
  title: 'Stats',
  shown: 'default',
  *fields(server) {
    yield* traffic(server);
    yield* keys(server);
    yield* features(server);
    yield* replies(server);
    yield* events(server);
  },
};

export const DEBUG: InfoSection = {
  name: 'debug',
  title: 'Debug',
  shown: 'never',
  *fields({ stats }) {
    yield ['eventloop_duration_aof_sum', 0];
    yield ['eventloop_duration_cron_sum', Math.floor(stats.cronUsec)];
    yield ['eventloop_duration_max', Math.floor(stats.longestTurnUsec)];
    yield ['eventloop_cmd_per_cycle_max', stats.mostCommandsInTurn];
    yield ['io_threaded_reads_pending', 0];
    yield ['io_threaded_writes_pending', 0];
  },
};

function* traffic({ stats, rates }: Server): Generator<InfoField> {
  yield ['total_connections_received', stats.connectionsReceived];
  yield ['total_commands_processed', stats.commandsProcessed];
  yield ['instantaneous_ops_per_sec', rates.commandsPerSecond];
  yield ['total_net_input_bytes', stats.netInputBytes];
  yield ['total_net_output_bytes', stats.netOutputBytes];
  yield ['total_net_repl_input_bytes', 0];
  yield ['total_net_repl_output_bytes', 0];
  yield ['total_net_cluster_slot_import_bytes', 0];
  yield ['total_net_cluster_slot_export_bytes', 0];
  yield ['instantaneous_input_kbps', rates.inputKilobytesPerSecond.toFixed(2)];
  yield ['instantaneous_output_kbps', rates.outputKilobytesPerSecond.toFixed(2)];
  yield ['instantaneous_input_repl_kbps', '0.00'];
  yield ['instantaneous_output_repl_kbps', '0.00'];
  yield ['rejected_connections', stats.rejectedConnections];
  yield ['sync_full', 0];
  yield ['sync_partial_ok', 0];
  yield ['sync_partial_err', 0];
}

function* keys({ stats, keyspace, memory, scripts }: Server): Generator<InfoField> {
  yield ['expired_keys', keyspace.stats.expired];
  yield ['expired_fields', keyspace.stats.expiredFields];
  yield ['expired_stale_perc', keyspace.activeExpiry.stalePercent.toFixed(2)];
  yield ['expired_keys_with_volatile_items_stale_perc', '0.00'];
  yield ['expired_time_cap_reached_count', keyspace.activeExpiry.timeCapReached];
  yield ['expire_cycle_cpu_milliseconds', Math.floor(keyspace.activeExpiry.spentMs)];
  yield ['evicted_keys', stats.evictedKeys];
  yield ['evicted_clients', stats.evictedClients];
  yield ['evicted_scripts', scripts.cache.evicted];
  yield ['total_eviction_exceeded_time', Math.floor(memory.exceededMs)];
  yield ['current_eviction_exceeded_time', Math.floor(memory.exceededNowMs)];
  yield ['keyspace_hits', keyspace.stats.hits];
  yield ['keyspace_misses', keyspace.stats.misses];
}

function* features({ pubsub, stats, tracking }: Server): Generator<InfoField> {
  yield ['pubsub_channels', pubsub.count('channel')];
  yield ['pubsub_patterns', pubsub.count('pattern')];
  yield ['pubsubshard_channels', pubsub.count('shardChannel')];
  yield ['latest_fork_usec', 0];
  yield ['total_forks', stats.snapshots];
  for (const name of [
    'migrate_cached_sockets',
    'slave_expires_tracked_keys',
    'active_defrag_hits',
    'active_defrag_misses',
    'active_defrag_key_hits',
    'active_defrag_key_misses',
    'total_active_defrag_time',
    'current_active_defrag_time',
  ]) {
    yield [name, 0];
  }
  yield ['tracking_total_keys', tracking.table.keyCount];
  yield ['tracking_total_items', tracking.table.items];
  yield ['tracking_total_prefixes', tracking.broadcast.prefixCount];
}

function* replies({ stats, replyBuffers }: Server): Generator<InfoField> {
  yield ['unexpected_error_replies', stats.unexpectedErrors];
  yield ['total_error_replies', stats.errorReplies];
  yield ['dump_payload_sanitizations', 0];
  yield ['total_reads_processed', stats.readsProcessed];
  yield ['total_writes_processed', stats.writesProcessed];
  yield ['io_threaded_reads_processed', 0];
  yield ['io_threaded_writes_processed', 0];
  yield ['io_threaded_freed_objects', 0];
  yield ['io_threaded_accept_processed', 0];
  yield ['io_threaded_poll_processed', 0];
  yield ['io_threaded_total_prefetch_batches', 0];
  yield ['io_threaded_total_prefetch_entries', 0];
  yield ['client_query_buffer_limit_disconnections', stats.queryBufferLimitDisconnections];
  yield ['client_output_buffer_limit_disconnections', stats.outputBufferLimitDisconnections];
  yield ['reply_buffer_shrinks', replyBuffers.shrinks];
  yield ['reply_buffer_expands', replyBuffers.expands];
}

function* events({ stats, rates }: Server): Generator<InfoField> {
  yield ['eventloop_cycles', stats.turns];
  yield ['eventloop_duration_sum', Math.floor(stats.turnsUsec)];
  yield ['eventloop_duration_cmd_sum', Math.floor(stats.commandsUsec)];
  yield ['instantaneous_eventloop_cycles_per_sec', rates.turnsPerSecond];
  yield ['instantaneous_eventloop_duration_usec', rates.usecPerTurn];
  yield ['acl_access_denied_auth', stats.aclDeniedAuth];
  yield ['acl_access_denied_cmd', 0];
  yield ['acl_access_denied_key', 0];
  yield ['acl_access_denied_channel', 0];
  yield ['acl_access_denied_tls_cert', 0];
  yield ['acl_access_denied_db', 0];
}
