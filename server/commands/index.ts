/** The one list of commands. */
import type { Command } from '../../datatypes/command.js';
import { KEY_COMMANDS } from '../../datatypes/key-commands.js';
import { STREAM_COMMANDS } from '../../datatypes/stream-commands.js';
import { STRING_COMMANDS } from '../../datatypes/string.js';
import { DUMP_COMMANDS } from '../../persistence/dump-commands.js';
import { client } from './client.js';
import { COMMAND_COMMANDS } from './command.js';
import { COMMANDLOG_COMMANDS } from './commandlog.js';
import { config } from './config.js';
import { CONNECTION_COMMANDS } from './connection.js';
import { DEBUG_COMMANDS } from './debug.js';
import { INFO_COMMANDS } from './info.js';
import { LATENCY_COMMANDS } from './latency.js';
import { memory } from './memory.js';
import { MONITOR_COMMANDS } from './monitor.js';
import { READ_MODE_COMMANDS } from './read-mode.js';
import { shutdown } from './shutdown.js';

export const COMMANDS: readonly Command[] = [
  ...STRING_COMMANDS,
  ...STREAM_COMMANDS,
  ...KEY_COMMANDS,
  ...DUMP_COMMANDS,
  client,
  ...CONNECTION_COMMANDS,
  ...MONITOR_COMMANDS,
  ...READ_MODE_COMMANDS,
  config,
  shutdown,
  memory,
  ...COMMAND_COMMANDS,
  ...COMMANDLOG_COMMANDS,
  ...DEBUG_COMMANDS,
  ...INFO_COMMANDS,
  ...LATENCY_COMMANDS,
];
