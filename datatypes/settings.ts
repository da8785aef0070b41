/** What the keyspace and its commands need to know of the configuration. */

/** The current settings, by the names the whole configuration gives them: read at each use, never kept. */
export interface KeyspaceSettings {
  readonly lazyfreeLazyEviction: boolean;
  readonly lazyfreeLazyExpire: boolean;
  readonly lazyfreeLazyServerDel: boolean;
  readonly lazyfreeLazyUserDel: boolean;
  readonly lazyfreeLazyUserFlush: boolean;
  readonly clusterEnabled: boolean;
  /** Up to how many elements, and bytes of one, a collection is packed. */
  readonly hashMaxListpackEntries: number;
  readonly hashMaxListpackValue: number;
  readonly setMaxIntsetEntries: number;
  readonly setMaxListpackEntries: number;
  readonly setMaxListpackValue: number;
  readonly zsetMaxListpackEntries: number;
  readonly zsetMaxListpackValue: number;
  /** Elements of a list's node, or below 0 a class of bytes. */
  readonly listMaxListpackSize: number;
  /** Nodes at each end of a list that stay as they are; 0 compresses none. */
  readonly listCompressDepth: number;
  readonly streamNodeMaxBytes: number;
  readonly streamNodeMaxEntries: number;
  readonly hllSparseMaxBytes: number;
  readonly rdbcompression: boolean;
  readonly rdbVersionCheck: 'strict' | 'relaxed';
}

/** What they are when nobody has set them. */
export const STANDARD_SETTINGS: KeyspaceSettings = {
  lazyfreeLazyEviction: true,
  lazyfreeLazyExpire: true,
  lazyfreeLazyServerDel: true,
  lazyfreeLazyUserDel: true,
  lazyfreeLazyUserFlush: true,
  clusterEnabled: false,
  hashMaxListpackEntries: 512,
  hashMaxListpackValue: 64,
  setMaxIntsetEntries: 512,
  setMaxListpackEntries: 128,
  setMaxListpackValue: 64,
  zsetMaxListpackEntries: 128,
  zsetMaxListpackValue: 64,
  listMaxListpackSize: -2,
  listCompressDepth: 0,
  streamNodeMaxBytes: 4096,
  streamNodeMaxEntries: 100,
  hllSparseMaxBytes: 3000,
  rdbcompression: true,
  rdbVersionCheck: 'strict',
};
