/** The one list of commands. */
import type { Command } from '../../datatypes/command.js';
import { KEY_COMMANDS } from '../../datatypes/key-commands.js';
import { get, set } from '../../datatypes/string.js';
import { DUMP_COMMANDS } from '../../persistence/dump-commands.js';
import { ping } from './connection.js';

export const COMMANDS: readonly Command[] = [get, set, ping, ...KEY_COMMANDS, ...DUMP_COMMANDS];
