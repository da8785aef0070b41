/** INFO clients: who is connected, and what they wait for. */
import type { InfoSection } from './section.js';

export const CLIENTS: InfoSection = {
  name: 'clients',
  title: 'Clients',
  shown: 'default',
  *fields(server) {
    const { blockedClients, pauses, watchedKeys } = server;
    const clients = [...server.clients.values()];
    const largest = (of: (client: (typeof clients)[number]) => number) =>
      clients.reduce((most, client) => Math.max(most, of(client)), 0);
    yield ['connected_clients', clients.length];
    yield ['cluster_connections', 0];
    yield ['maxclients', server.config.values.maxclients];
    yield ['client_recent_max_input_buffer', largest((client) => client.pendingPeak)];
    yield ['client_recent_max_output_buffer', largest((client) => client.unsentBytes)];
    yield ['blocked_clients', clients.filter(({ blocked, paused }) => blocked || paused).length];
    yield ['tracking_clients', server.tracking.clientCount];
    yield ['pubsub_clients', server.pubsub.clientCount];
    yield ['watching_clients', watchedKeys.clientCount];
    yield ['clients_in_timeout_table', blockedClients.timedCount];
    yield ['total_watched_keys', watchedKeys.keyCount];
    yield ['total_blocking_keys', blockedClients.keyCount];
    yield ['total_blocking_keys_on_nokey', blockedClients.keyCountEvenWithout];
    yield ['paused_reason', pauses.scope === null ? 'none' : 'client_pause'];
    yield ['paused_actions', pauses.scope ?? 'none'];
    yield ['paused_timeout_milliseconds', pauses.remainingMs];
  },
};
