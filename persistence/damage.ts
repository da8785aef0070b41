/** What is wrong with a value that cannot be read, in words for the log. */
import type { RdbReader } from './rdb-reader.js';

/** What a reader notes before it gives up; where it notes nothing, the form itself is wrong. */
export const Damage = {
  lzf: 'Invalid LZF compressed string',
  duplicateMembers: 'Duplicate set members detected',
  duplicateScores: 'Duplicate zset fields detected',
  notANumber: 'Zset with NAN score detected',
  duplicateFields: 'Hash with dup elements',
  duplicateTimedFields: 'Duplicate hash fields detected',
  duplicateConsumer: 'Duplicate stream consumer detected.',
  ownerless: 'Stream CG PEL entry without consumer',
  duplicatePending: 'Duplicated consumer PEL entry  loading a stream consumer group',
  streamLength: 'Stream length inconsistent with the number of valid entries',
  container: 'Quicklist integrity check failed.',
  lengthForm: 'Unknown length encoding 2 in rdbLoadLen()',
} as const;

/** The same for the first byte of a string, whose lower six bits are `kind`. */
export const unknownStringForm = (kind: number) => `Unknown RDB string encoding type ${kind}`;

/** Forms by type byte, of packed values: each is checked as a whole. */
const PACKED_FORMS: ReadonlyMap<number, readonly [form: string, name: string]> = new Map([
  [9, ['Zipmap', 'hash-zipmap']],
  [10, ['List ziplist', 'list-ziplist']],
  [11, ['Intset', 'set-intset']],
  [12, ['Zset ziplist', 'zset-ziplist']],
  [13, ['Hash ziplist', 'hash-ziplist']],
  [14, ['Ziplist', 'quicklist']],
  [15, ['Stream listpack', 'stream']],
  [16, ['Hash listpack', 'hash-listpack']],
  [17, ['Zset listpack', 'zset-listpack']],
  [18, ['Listpack', 'quicklist-v2']],
  [19, ['Stream listpack', 'stream-v2']],
  [20, ['Set listpack', 'set-listpack']],
  [21, ['Stream listpack', 'stream-v3']],
]);

/** Why `reader` could not read a value of this type; null when the bytes just end, or the type is unknown. */
export function damageOf(type: number, reader: RdbReader): string | null {
  if (reader.reason !== null) return reader.reason;
  const form = PACKED_FORMS.get(type)?.[0];
  return reader.failed || form === undefined ? null : `${form} integrity check failed.`;
}

/** A type byte with the name of its form. */
export function typeText(type: number): string {
  const name = PACKED_FORMS.get(type)?.[1];
  return name === undefined ? String(type) : `${type} (${name})`;
}
