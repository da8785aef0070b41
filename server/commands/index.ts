/** The one list of commands. */
import { BITMAP_COMMANDS } from '../../datatypes/bitmap.js';
import type { Command } from '../../datatypes/command.js';
import { GEO_COMMANDS } from '../../datatypes/geo.js';
import { HASH_COMMANDS } from '../../datatypes/hash.js';
import { HYPERLOGLOG_COMMANDS } from '../../datatypes/hyperloglog.js';
import { KEY_COMMANDS } from '../../datatypes/key-commands.js';
import { LIST_COMMANDS } from '../../datatypes/list.js';
import { SET_COMMANDS } from '../../datatypes/set.js';
import { SORT_COMMANDS } from '../../datatypes/sort.js';
import { STREAM_COMMANDS } from '../../datatypes/stream-commands.js';
import { STRING_COMMANDS } from '../../datatypes/string.js';
import { ZSET_COMMANDS } from '../../datatypes/zset.js';
import { DUMP_COMMANDS } from '../../persistence/dump-commands.js';
import { APPEND_ONLY_COMMANDS } from './append-only.js';
import { client } from './client.js';
import { COMMAND_COMMANDS } from './command.js';
import { COMMANDLOG_COMMANDS } from './commandlog.js';
import { config } from './config.js';
import { CONNECTION_COMMANDS } from './connection.js';
import { DEBUG_COMMANDS } from './debug.js';
import { EVAL_COMMANDS } from './eval.js';
import { functionCommand } from './function.js';
import { INFO_COMMANDS } from './info.js';
import { LATENCY_COMMANDS } from './latency.js';
import { memory } from './memory.js';
import { module } from './module.js';
import { MONITOR_COMMANDS } from './monitor.js';
import { PUBSUB_COMMANDS } from './pubsub.js';
import { READ_MODE_COMMANDS } from './read-mode.js';
import { SAVE_COMMANDS } from './save.js';
import { script } from './script.js';
import { shutdown } from './shutdown.js';
import { TRANSACTION_COMMANDS } from './transactions.js';
import { WAIT_COMMANDS } from './wait.js';

export const COMMANDS: readonly Command[] = [
  ...STRING_COMMANDS,
  ...BITMAP_COMMANDS,
  ...HYPERLOGLOG_COMMANDS,
  ...LIST_COMMANDS,
  ...SET_COMMANDS,
  ...ZSET_COMMANDS,
  ...SORT_COMMANDS,
  ...GEO_COMMANDS,
  ...STREAM_COMMANDS,
  ...KEY_COMMANDS,
  ...HASH_COMMANDS,
  ...DUMP_COMMANDS,
  client,
  ...CONNECTION_COMMANDS,
  module,
  ...MONITOR_COMMANDS,
  ...PUBSUB_COMMANDS,
  ...READ_MODE_COMMANDS,
  config,
  ...SAVE_COMMANDS,
  ...APPEND_ONLY_COMMANDS,
  shutdown,
  memory,
  ...COMMAND_COMMANDS,
  ...COMMANDLOG_COMMANDS,
  ...DEBUG_COMMANDS,
  ...INFO_COMMANDS,
  ...TRANSACTION_COMMANDS,
  ...EVAL_COMMANDS,
  script,
  functionCommand,
  ...WAIT_COMMANDS,
  ...LATENCY_COMMANDS,
];
