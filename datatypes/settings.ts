/** What the keyspace and its commands need to know of the configuration. */

/** The current settings, by the names the whole configuration gives them: read at each use, never kept. */
export interface KeyspaceSettings {
  readonly lazyfreeLazyExpire: boolean;
  readonly lazyfreeLazyServerDel: boolean;
  readonly lazyfreeLazyUserFlush: boolean;
  readonly clusterEnabled: boolean;
  readonly hllSparseMaxBytes: number;
  readonly rdbcompression: boolean;
  readonly rdbVersionCheck: 'strict' | 'relaxed';
}

/** What they are when nobody has set them. */
export const STANDARD_SETTINGS: KeyspaceSettings = {
  lazyfreeLazyExpire: true,
  lazyfreeLazyServerDel: true,
  lazyfreeLazyUserFlush: true,
  clusterEnabled: false,
  hllSparseMaxBytes: 3000,
  rdbcompression: true,
  rdbVersionCheck: 'strict',
};
