/** INFO modules, cluster and scripting engines: what the server is made of. */
import type { InfoSection } from './section.js';

export const MODULES: InfoSection = {
  name: 'modules',
  title: 'Modules',
  shown: 'default',
  *fields() {},
};

export const CLUSTER: InfoSection = {
  name: 'cluster',
  title: 'Cluster',
  shown: 'default',
  *fields({ config }) {
    yield ['cluster_enabled', config.values.clusterEnabled ? 1 : 0];
  },
};

export const CLUSTER_INFO: InfoSection = {
  name: 'cluster_info',
  title: 'Cluster Info',
  shown: 'all',
  *fields() {},
};

export const SCRIPTING_ENGINES: InfoSection = {
  name: 'scriptingengines',
  title: 'Scripting Engines',
  shown: 'all',
  *fields() {
    yield ['engines_count', 0];
    yield ['engines_total_used_memory', 0];
    yield ['engines_total_memory_overhead', 0];
  },
};
