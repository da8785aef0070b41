/** The one list of commands. */
import type { Command } from '../../datatypes/command.js';
import { STRING_COMMANDS } from '../../datatypes/string.js';
import { ping } from './connection.js';

export const COMMANDS: readonly Command[] = [...STRING_COMMANDS, ping];
