/** What follows from a command's spec: its ACL categories, its flags in order, its first and last key. */
import type { CommandFlag, CommandSpec, KeyFlag, KeySpec } from '../protocol/spec.js';

/** Flags in the order in which the real server tells them. */
const FLAGS: readonly CommandFlag[] = [
  'write',
  'readonly',
  'denyoom',
  'module',
  'admin',
  'pubsub',
  'noscript',
  'blocking',
  'loading',
  'stale',
  'skip_monitor',
  'skip_commandlog',
  'asking',
  'fast',
  'no_auth',
  'may_replicate',
  'sentinel',
  'no_mandatory_keys',
  'no_async_loading',
  'no_multi',
  'movablekeys',
  'allow_busy',
];

const KEY_FLAGS: readonly KeyFlag[] = [
  'RO',
  'RW',
  'OW',
  'RM',
  'access',
  'update',
  'insert',
  'delete',
  'not_key',
  'incomplete',
  'variable_flags',
];

/** Every ACL category, in the order in which the real server tells those of a command. */
export const ACL_CATEGORIES = [
  'keyspace',
  'read',
  'write',
  'set',
  'sortedset',
  'list',
  'hash',
  'string',
  'bitmap',
  'hyperloglog',
  'geo',
  'stream',
  'pubsub',
  'admin',
  'fast',
  'slow',
  'blocking',
  'dangerous',
  'connection',
  'transaction',
  'scripting',
] as const;

export function orderedFlags(spec: CommandSpec): CommandFlag[] {
  return FLAGS.filter((flag) => spec.flags.includes(flag));
}

export function orderedKeyFlags(flags: readonly KeyFlag[]): KeyFlag[] {
  return KEY_FLAGS.filter((flag) => flags.includes(flag));
}

/** The ACL categories of a command, those that follow from its flags included; without `@`. */
export function aclCategories(spec: CommandSpec): string[] {
  const has = (flag: CommandFlag) => spec.flags.includes(flag);
  const found = new Set<string>(spec.acl);
  if (has('write')) found.add('write');
  if (has('readonly')) found.add('read');
  if (has('admin')) found.add('admin').add('dangerous');
  if (has('pubsub')) found.add('pubsub');
  if (has('blocking')) found.add('blocking');
  found.add(has('fast') ? 'fast' : 'slow');
  return ACL_CATEGORIES.filter((category) => found.has(category));
}

/** Where keys stand, as COMMAND tells it since its beginnings; `last` counts from the end when negative. */
export interface KeyRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

const NO_KEYS: KeyRange = { first: 0, last: 0, step: 0 };

/** The one range of arguments that the key specs come to: the first of those with fixed places, and what joins on. */
export function keyRange(spec: CommandSpec): KeyRange {
  let range: KeyRange = NO_KEYS;
  for (const key of spec.keys ?? []) {
    const next = fixedRange(key);
    if (next === null) continue;
    if (range === NO_KEYS) range = next;
    else if (joins(range, next)) range = { ...range, last: next.last };
  }
  return range;
}

function joins(range: KeyRange, next: KeyRange): boolean {
  return range.step === 1 && next.step === 1 && range.last >= 0 && next.first === range.last + 1;
}

function fixedRange({ begin, find }: KeySpec): KeyRange | null {
  if (begin === 'unknown' || !('index' in begin)) return null;
  if (find === 'unknown' || !('last' in find) || find.limit > 1) return null;
  const last = find.last >= 0 ? begin.index + find.last : find.last;
  return { first: begin.index, last, step: find.step };
}
