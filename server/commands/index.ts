/** The one list of commands. */
import type { Command } from '../../datatypes/command.js';
import { get, set } from '../../datatypes/string.js';
import { config } from './config.js';
import { ping } from './connection.js';
import { shutdown } from './shutdown.js';

export const COMMANDS: readonly Command[] = [get, set, ping, config, shutdown];
