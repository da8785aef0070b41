/**
 * DUMP payloads: a type byte, the value as in RDB, the RDB version (2 bytes, little-endian), CRC-64.
 */
import { Crc64 } from './crc64.js';
import type { RdbWriter } from './rdb-writer.js';

/** The RDB version that is written, that of Valkey 9.1. */
export const RDB_VERSION = 80;

/** Versions of the other fork of this format, and none at all, are read only when told to. */
const FOREIGN_VERSION_MIN = 12;
const FOREIGN_VERSION_MAX = 79;

/** From this version on, both forks use the same type bytes for different things. */
const FIRST_DISPUTED_VERSION = 11;

const FOOTER_BYTES = 10;

/** Says whether a version is one of the other fork, where it went its own way. */
export function isForeignVersion(version: number): boolean {
  return version >= FIRST_DISPUTED_VERSION && version <= FOREIGN_VERSION_MAX;
}

/**
 * Says whether payloads and files of an RDB version can be read.
 *
 * @param relaxed - The option `rdb-version-check relaxed`: foreign and future versions are tried.
 */
export function canReadRdbVersion(version: number, relaxed: boolean): boolean {
  if (version < 1) return false;
  if (relaxed) return true;
  const foreign = version >= FOREIGN_VERSION_MIN && version <= FOREIGN_VERSION_MAX;
  return !foreign && version <= RDB_VERSION;
}

/** Ends a payload: `out` has the type byte and the value. */
export function finishDump(out: RdbWriter): Uint8Array {
  const at = out.take(FOOTER_BYTES);
  const { bytes } = out;
  bytes[at] = RDB_VERSION & 255;
  bytes[at + 1] = RDB_VERSION >>> 8;
  new Crc64().update(bytes, 0, at + 2).writeTo(bytes, at + 2);
  return out.finish();
}

/** How strictly the footer of a payload is checked. */
export interface FooterRules {
  /** See `canReadRdbVersion`. */
  readonly relaxed?: boolean;
  /** Whether any CRC will do. */
  readonly skipsChecksum?: boolean;
}

/**
 * Checks the footer of a payload.
 *
 * @returns Where the footer starts: the value is from offset 1 to there, its type at 0. -1 when the
 *   version cannot be read or the CRC is wrong.
 */
export function checkDumpPayload(payload: Uint8Array, rules: FooterRules = {}): number {
  const versionAt = payload.length - FOOTER_BYTES;
  if (versionAt < 0) return -1;
  const version = (payload[versionAt] as number) | ((payload[versionAt + 1] as number) << 8);
  if (!canReadRdbVersion(version, rules.relaxed === true)) return -1;
  if (rules.skipsChecksum) return versionAt;
  const crc = new Crc64().update(payload, 0, versionAt + 2);
  return crc.equals(payload, versionAt + 2) ? versionAt : -1;
}
