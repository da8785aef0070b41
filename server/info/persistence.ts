/** INFO persistence: snapshots and the append-only file. */
import type { AppendOnly } from '../append-only.js';
import type { Server } from '../server.js';
import type { InfoField, InfoSection } from './section.js';

export const PERSISTENCE: InfoSection = {
  name: 'persistence',
  title: 'Persistence',
  shown: 'default',
  *fields(server) {
    yield* saving(server);
    yield* snapshots(server);
    yield* appendOnlyFile(server);
    if (server.loading.inProgress) yield* loading(server);
  },
};

function* saving({ appendOnly, loading, saves }: Server): Generator<InfoField> {
  const snapshot = saves.snapshot ?? appendOnly.rewrite.snapshot;
  const earlyBytes = snapshot?.earlyBytes ?? 0;
  yield ['loading', loading.inProgress ? 1 : 0];
  yield ['async_loading', 0];
  // What others have copied when they write, this server has written out of turn.
  yield ['current_cow_peak', earlyBytes];
  yield ['current_cow_size', earlyBytes];
  yield ['current_cow_size_age', 0];
  yield ['current_fork_perc', (snapshot?.percent ?? 0).toFixed(2)];
  yield ['current_save_keys_processed', snapshot?.keysDone ?? 0];
  yield ['current_save_keys_total', snapshot?.keysTotal ?? 0];
}

function* snapshots(server: Server): Generator<InfoField> {
  const { loading, saves } = server;
  yield ['rdb_changes_since_last_save', server.effects.dirty];
  yield ['rdb_bgsave_in_progress', saves.inProgress ? 1 : 0];
  yield ['rdb_last_save_time', Math.floor(server.lastSavedAtMs / 1000)];
  yield ['rdb_last_bgsave_status', saves.succeeded ? 'ok' : 'err'];
  yield ['rdb_last_bgsave_time_sec', saves.lastSeconds];
  yield ['rdb_current_bgsave_time_sec', saves.currentSeconds];
  yield ['rdb_saves', saves.saves];
  yield ['rdb_last_cow_size', saves.lastEarlyBytes];
  yield ['rdb_last_load_keys_expired', loading.keysExpired];
  yield ['rdb_last_load_keys_loaded', loading.keysLoaded];
}

function* loading({ loading: load }: Server): Generator<InfoField> {
  yield ['loading_start_time', Math.floor(load.startedAtMs / 1000)];
  yield ['loading_total_bytes', load.totalBytes];
  yield ['loading_rdb_used_mem', load.rdbUsedMemory];
  yield ['loading_loaded_bytes', load.loadedBytes];
  yield ['loading_loaded_perc', load.percent.toFixed(2)];
  yield ['loading_eta_seconds', load.secondsLeft];
}

function* appendOnlyFile({ appendOnly }: Server): Generator<InfoField> {
  const { rewrite, state } = appendOnly;
  yield ['aof_enabled', state === 'off' ? 0 : 1];
  yield ['aof_rewrite_in_progress', rewrite.inProgress ? 1 : 0];
  yield ['aof_rewrite_scheduled', rewrite.isScheduled ? 1 : 0];
  yield ['aof_last_rewrite_time_sec', rewrite.lastSeconds];
  yield ['aof_current_rewrite_time_sec', rewrite.currentSeconds];
  yield ['aof_last_bgrewrite_status', rewrite.succeeded ? 'ok' : 'err'];
  yield ['aof_rewrites', rewrite.count];
  yield ['aof_rewrites_consecutive_failures', rewrite.delay.failuresInARow];
  yield ['aof_last_write_status', appendOnly.diskError === null ? 'ok' : 'err'];
  yield ['aof_last_cow_size', rewrite.lastEarlyBytes];
  yield ['module_fork_in_progress', 0];
  yield ['module_fork_last_cow_size', 0];
  yield ['slot_migration_fork_in_progress', 0];
  if (state !== 'off') yield* appendedBytes(appendOnly);
}

/** What is known only while the file is written. */
function* appendedBytes(appendOnly: AppendOnly): Generator<InfoField> {
  const { rewrite, state, writer } = appendOnly;
  yield ['aof_current_size', appendOnly.totalBytes];
  yield ['aof_base_size', appendOnly.baseBytes];
  yield ['aof_pending_rewrite', state === 'waiting' && rewrite.isScheduled ? 1 : 0];
  yield ['aof_buffer_length', writer.bufferedBytes];
  yield ['aof_pending_bio_fsync', writer.pendingSyncs];
  yield ['aof_delayed_fsync', writer.delayedSyncs];
}
