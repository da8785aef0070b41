/** Errors of Lua programs. */
import type { LuaValue } from './values.js';

/** Where an error came up: the innermost Lua function then running. */
export interface ErrorPlace {
  /** As messages name the chunk: `user_script`. */
  readonly chunk: string;
  readonly line: number;
}

/**
 * Thrown for every error a script can catch. It is no `Error`: those record a stack of JavaScript
 * calls, which costs more than the script's own work.
 */
export class LuaError {
  readonly value: LuaValue;
  /** Whether no `pcall` may stop it: the script is being killed. */
  readonly fatal: boolean;
  place: ErrorPlace | null = null;

  constructor(value: LuaValue, fatal = false) {
    this.value = value;
    this.fatal = fatal;
  }
}

export const OUT_OF_MEMORY = 'not enough memory';
