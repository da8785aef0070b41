/** The script that a debugger left in the middle, and what runs beside it at the debugger's request. */
import { LuaError, ScriptSyntaxError } from '../../../scripting/engine.js';
import type { LuaEngine } from '../../../scripting/lua-engine.js';
import { evaluate } from '../../../scripting/machine/evaluate.js';
import type { Machine } from '../../../scripting/machine/machine.js';
import { formatNumber } from '../../../scripting/machine/numbers.js';
import { Table } from '../../../scripting/machine/table.js';
import { type Closure, type LuaValue, NativeFunction } from '../../../scripting/machine/values.js';
import { showLuaValue } from './values.js';

/** How messages name what is evaluated. */
const EVALUATED = 'ldb_eval';
/** What is evaluated holds everybody up: it may not for longer. ms. */
const LONGEST_EVALUATION_MS = 5000;
const TOOK_TOO_LONG = 'the evaluation took too long';

/** What came of something that was run: a value, or what went wrong. */
interface Outcome {
  readonly text: string;
  readonly isError: boolean;
}

export class DebuggedScript {
  readonly machine: Machine;
  /** How messages name the script. */
  readonly chunk: string;
  /** The line that runs next. */
  line = 0;
  /** Whether its calls of commands are shown. */
  showsCalls = false;

  private readonly engine: LuaEngine;
  private readonly elapsedMs: () => number;

  constructor(engine: LuaEngine, script: Closure, elapsedMs: () => number) {
    this.engine = engine;
    this.machine = engine.machine;
    this.chunk = script.code.chunk;
    this.elapsedMs = elapsedMs;
  }

  show(value: LuaValue): string {
    return showLuaValue(this.machine, value);
  }

  /** Runs code that sees the globals, but no variable of the script. */
  evaluate(code: string): Outcome {
    try {
      return this.run(this.compile(code), []);
    } catch (thrown) {
      if (!(thrown instanceof ScriptSyntaxError)) throw thrown;
      return { text: `Error compiling code: ${thrown.text}`, isError: true };
    }
  }

  /** Calls a command as the script would; it is shown with its reply. */
  callServer(words: readonly string[]): Outcome {
    const library = this.machine.globals.get('server');
    const call = library instanceof Table ? library.get('pcall') : undefined;
    if (!(call instanceof NativeFunction)) throw new Error('Cannot call commands: scripts cannot');
    const { showsCalls } = this;
    this.showsCalls = true;
    const outcome = this.run(call, words);
    this.showsCalls = showsCalls;
    return outcome;
  }

  private run(callee: Closure | NativeFunction, args: readonly LuaValue[]): Outcome {
    const endsAtMs = this.elapsedMs() + LONGEST_EVALUATION_MS;
    const tick = (): boolean => {
      this.machine.checkMemory(0);
      if (this.elapsedMs() > endsAtMs) throw new LuaError(TOOK_TOO_LONG, true);
      return false;
    };
    try {
      const value = evaluate(this.machine, callee, args, tick);
      return { text: this.show(value), isError: false };
    } catch (thrown) {
      if (!(thrown instanceof LuaError)) throw thrown;
      return { text: `<error> ${errorText(thrown.value)}`, isError: true };
    }
  }

  /** Code as an expression if it is one, else as it stands. */
  private compile(code: string): Closure {
    try {
      return this.engine.compile(`return ${code}`, EVALUATED);
    } catch (thrown) {
      if (!(thrown instanceof ScriptSyntaxError)) throw thrown;
      return this.engine.compile(code, EVALUATED);
    }
  }
}

function errorText(value: LuaValue): string {
  if (typeof value === 'number') return formatNumber(value);
  return typeof value === 'string' ? value : '(null)';
}
