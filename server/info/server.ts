/** INFO server: which program this is, where and since when it runs. */
import os from 'node:os';
import path from 'node:path';
import { byteString } from '../../protocol/bytes.js';
import type { Server } from '../server.js';
import { announcement, BUILD, COMMIT, packageVersion, REDIS_VERSION, VERSION } from '../version.js';
import type { InfoField, InfoSection } from './section.js';

const SECONDS_PER_DAY = 86_400;
const MULTIPLEXING: Readonly<Record<string, string>> = { linux: 'epoll', win32: 'iocp' };

export const SERVER: InfoSection = {
  name: 'server',
  title: 'Server',
  shown: 'default',
  *fields(server) {
    yield* program(server);
    yield* runtime(server);
    yield* listeners(server);
  },
};

function* program({ config }: Server): Generator<InfoField> {
  const modeField = announcement(config.values).name === 'redis' ? 'redis_mode' : 'server_mode';
  yield ['redis_version', REDIS_VERSION];
  yield ['server_name', 'valkey'];
  yield ['valkey_version', VERSION];
  yield ['valkey_release_stage', 'ga'];
  yield ['valkey_ts_version', packageVersion()];
  yield ['redis_git_sha1', COMMIT];
  yield ['redis_git_dirty', 0];
  yield ['redis_build_id', BUILD];
  yield [modeField, config.values.clusterEnabled ? 'cluster' : 'standalone'];
  yield ['os', `${os.type()} ${os.release()} ${os.machine()}`];
  yield ['arch_bits', 64];
  yield ['monotonic_clock', 'performance.now'];
  yield ['multiplexing_api', MULTIPLEXING[process.platform] ?? 'kqueue'];
  yield ['node_version', process.versions.node];
}

function* runtime({ config, clock, cron, runId, startedAtMs }: Server): Generator<InfoField> {
  const { values } = config;
  const uptimeSeconds = Math.floor((clock.now() - startedAtMs) / 1000);
  yield ['process_id', process.pid];
  yield ['process_supervised', 'no'];
  yield ['run_id', runId];
  yield ['tcp_port', values.port];
  yield ['server_time_usec', clock.nowMicros()];
  yield ['uptime_in_seconds', uptimeSeconds];
  yield ['uptime_in_days', Math.floor(uptimeSeconds / SECONDS_PER_DAY)];
  yield ['hz', cron.hz];
  yield ['configured_hz', values.hz];
  yield ['clients_hz', cron.clientsHz];
  yield ['lru_clock', Math.floor(clock.now() / 1000) % 2 ** 24];
  yield ['executable', byteString(path.resolve(process.argv[1] ?? process.execPath))];
  yield ['config_file', byteString(config.file ?? '')];
  yield ['io_threads_active', 0];
  yield ['availability_zone', config.text('availability-zone')];
}

function* listeners({ config }: Server): Generator<InfoField> {
  const { values } = config;
  if (values.port === 0) return;
  const addresses = config.text('bind').split(' ');
  const binds = addresses.map((address) => `bind=${address}`).join(',');
  yield ['listener0', `name=tcp,${binds},port=${values.port}`];
}
