/** What stands in an RDB file beside values: its head, the bytes that begin each part, the names of its facts. */

/** Bytes that begin a part; smaller ones begin a key, and are the type of its value. */
export const Opcode = {
  slotImport: 243,
  slotInfo: 244,
  /** A library of functions. */
  function2: 245,
  functionPreview: 246,
  moduleAux: 247,
  /** Seconds since the key that follows was used. */
  idle: 248,
  /** How often the key that follows is used. */
  frequency: 249,
  aux: 250,
  resizeDatabase: 251,
  /** When the key that follows expires: ms since 1970. */
  expireAtMs: 252,
  /** The same in seconds. */
  expireAtSeconds: 253,
  selectDatabase: 254,
  end: 255,
} as const;

/** Bytes of a file's head: a name and digits of the version. */
export const HEAD_BYTES = 9;
/** The head of files from version 80 on; older ones have the name of what this was forked from. */
export const MAGIC = 'VALKEY';
export const OLD_MAGIC = 'REDIS';
/** The first version whose files end with a checksum. */
export const CHECKSUM_SINCE = 5;
