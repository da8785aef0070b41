/** INFO modules, cluster and scripting engines: what the server is made of. */
import type { InfoSection } from './section.js';

/** Lua as the real server tells of it, which has it as a module. */
export const LUA_MODULE = { name: 'lua', version: 1 } as const;

export const MODULES: InfoSection = {
  name: 'modules',
  title: 'Modules',
  shown: 'default',
  *fields() {
    const { name, version } = LUA_MODULE;
    yield ['module', `name=${name},ver=${version},api=1,filters=0,usedby=[],using=[],options=[]`];
  },
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

/** What the server keeps about an engine beside its Lua worlds, in bytes. */
const ENGINE_BYTES = 64;

export const SCRIPTING_ENGINES: InfoSection = {
  name: 'scriptingengines',
  title: 'Scripting Engines',
  shown: 'all',
  *fields({ scripts }) {
    const used = scripts.evalWorldBytes + scripts.functions.worldBytes;
    yield ['engines_count', 1];
    yield ['engines_total_used_memory', used];
    yield ['engines_total_memory_overhead', ENGINE_BYTES];
    yield [
      'engine_0',
      `name=LUA,module=lua,abi_version=4,used_memory=${used},memory_overhead=${ENGINE_BYTES}`,
    ];
  },
};
