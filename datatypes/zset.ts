/** The commands of sorted sets. */
import type { Command } from './command.js';
import { ZSET_ADD_COMMANDS } from './zset-add.js';
import { ZSET_COMBINE_COMMANDS } from './zset-combine.js';
import { ZSET_POP_COMMANDS } from './zset-pop.js';
import { ZSET_RANDOM_COMMANDS } from './zset-random.js';
import { ZSET_RANGE_COMMANDS } from './zset-range.js';
import { ZSET_READ_COMMANDS } from './zset-read.js';
import { ZSET_REMOVE_COMMANDS } from './zset-remove.js';

export const ZSET_COMMANDS: readonly Command[] = [
  ...ZSET_ADD_COMMANDS,
  ...ZSET_READ_COMMANDS,
  ...ZSET_RANGE_COMMANDS,
  ...ZSET_REMOVE_COMMANDS,
  ...ZSET_POP_COMMANDS,
  ...ZSET_RANDOM_COMMANDS,
  ...ZSET_COMBINE_COMMANDS,
];
