/** INFO replication: the server's part, its replicas, its backlog. */
import type { InfoSection } from './section.js';

const NO_ID = '0'.repeat(40);

export const REPLICATION: InfoSection = {
  name: 'replication',
  title: 'Replication',
  shown: 'default',
  *fields(server) {
    yield ['role', 'master'];
    yield ['connected_slaves', 0];
    yield ['replicas_waiting_psync', 0];
    yield ['master_failover_state', 'no-failover'];
    yield ['master_replid', server.replicationId];
    yield ['master_replid2', NO_ID];
    yield ['master_repl_offset', 0];
    yield ['second_repl_offset', -1];
    yield ['repl_backlog_active', 0];
    yield ['repl_backlog_size', server.config.values.replBacklogSize];
    yield ['repl_backlog_first_byte_offset', 0];
    yield ['repl_backlog_histlen', 0];
  },
};
