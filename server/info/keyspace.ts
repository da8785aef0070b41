/** INFO keyspace: the databases that hold keys. */
import type { Database } from '../../datatypes/database.js';
import type { InfoSection } from './section.js';

/** So many keys with an expiry are looked at to tell how long such keys live. */
const SAMPLES = 32;

export const KEYSPACE: InfoSection = {
  name: 'keyspace',
  title: 'Keyspace',
  shown: 'default',
  *fields({ keyspace }) {
    for (const database of keyspace.databases) {
      const { id, keys, expires } = database;
      if (keys.size === 0) continue;
      yield [
        `db${id}`,
        `keys=${keys.size},expires=${expires.size},` +
          `avg_ttl=${meanTimeToLive(database)},keys_with_volatile_items=${database.volatile.size}`,
      ];
    }
  },
};

/** How long keys with an expiry live on, estimated from some of them. ms. */
function meanTimeToLive({ keyspace, expires }: Database): number {
  if (expires.size === 0) return 0;
  const { entries, random, clock } = keyspace;
  let sum = 0;
  for (let i = 0; i < SAMPLES; i++) {
    sum += Math.max(entries.expireAtMs(expires.random(random)) - clock.now(), 0);
  }
  return Math.floor(sum / SAMPLES);
}
