/** The one list of commands. */
import type { Command } from '../../datatypes/command.js';
import { get, set } from '../../datatypes/string.js';
import { client } from './client.js';
import { COMMAND_COMMANDS } from './command.js';
import { COMMANDLOG_COMMANDS } from './commandlog.js';
import { config } from './config.js';
import { CONNECTION_COMMANDS } from './connection.js';
import { LATENCY_COMMANDS } from './latency.js';
import { MONITOR_COMMANDS } from './monitor.js';
import { shutdown } from './shutdown.js';

export const COMMANDS: readonly Command[] = [
  get,
  set,
  client,
  ...CONNECTION_COMMANDS,
  ...MONITOR_COMMANDS,
  config,
  shutdown,
  ...COMMAND_COMMANDS,
  ...COMMANDLOG_COMMANDS,
  ...LATENCY_COMMANDS,
];
