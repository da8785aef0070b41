/** All commands about keys and databases, whatever type of value they hold. */
import type { Command } from './command.js';
import { dbsize, flushall, flushdb, swapdb } from './databases.js';
import { del, exists, keys, randomkey, touch, type, unlink } from './keys.js';
import {
  expire,
  expireat,
  expiretime,
  persist,
  pexpire,
  pexpireat,
  pexpiretime,
  pttl,
  ttl,
} from './keys-expiry.js';
import { copy, move, rename, renamenx } from './keys-move.js';
import { object } from './object.js';
import { scan } from './scan.js';

export const KEY_COMMANDS: readonly Command[] = [
  ...[del, unlink, exists, type, touch, randomkey, keys, scan, object],
  ...[rename, renamenx, copy, move],
  ...[expire, pexpire, expireat, pexpireat, persist, ttl, pttl, expiretime, pexpiretime],
  ...[dbsize, flushdb, flushall, swapdb],
];
