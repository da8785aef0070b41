/** What is done about keys whose time has come: the same word for the keyspace and for active expiry. */

/** What becomes of a key whose time has come when a command meets it. */
export const OnExpiry = {
  /** It is deleted: a primary. */
  remove: 0,
  /** It is as if absent, but stays: a replica, or a primary in import mode. */
  hide: 1,
  /** It is there: an import source, or loading. */
  ignore: 2,
} as const;
export type OnExpiry = (typeof OnExpiry)[keyof typeof OnExpiry];
