/** Chunks that scripts compile themselves. */
import type { Compiler } from '../compiler/compiler.js';
import { ScriptSyntaxError } from '../compiler/syntax-error.js';
import { formatNumber } from '../machine/numbers.js';
import type { Thread } from '../machine/thread.js';
import { Closure, type NativeBody } from '../machine/values.js';
import { checkFunction, checkString, optionalString } from './arguments.js';

/** The most bytes of a chunk's name in messages, with C's NUL behind it. */
const NAME_SIZE = 80;

/** How messages name a chunk: its name as `load` takes it, or its source. */
export function chunkName(given: string): string {
  const [name = ''] = given.split('\0');
  if (name.startsWith('=')) return name.slice(1, NAME_SIZE);
  if (name.startsWith('@')) {
    const room = NAME_SIZE - ' "..." '.length - 1;
    const path = name.slice(1);
    return path.length > room ? `...${path.slice(-room)}` : path;
  }
  const room = NAME_SIZE - ' [string "..."] '.length - 1;
  const newline = name.search(/[\r\n]/);
  const shown = name.slice(0, newline < 0 ? room : Math.min(newline, room));
  return `[string "${shown}${shown.length < name.length ? '...' : ''}"]`;
}

/** `load` and `loadstring`: functions that make code of text. */
export function loaders(compiler: Compiler): Record<string, NativeBody> {
  const load = (thread: Thread, source: string, name: string): number => {
    try {
      const code = compiler.compile(source, chunkName(name));
      return thread.answer(new Closure(code, thread.machine.globals, []));
    } catch (thrown) {
      if (!(thrown instanceof ScriptSyntaxError)) throw thrown;
      thread.push(undefined);
      thread.push(thrown.text);
      return 2;
    }
  };
  return {
    loadstring: (thread) => {
      const source = checkString(thread, 1);
      return load(thread, source, optionalString(thread, 2, source));
    },
    load: (thread) => {
      const reader = checkFunction(thread, 1);
      const name = optionalString(thread, 2, '=(load)');
      const pieces: string[] = [];
      const ask = (): number => {
        const func = thread.top;
        thread.push(reader);
        return thread.callThen(func, 1, takePiece, failed);
      };
      const takePiece = (): number => {
        const piece = thread.result(0);
        thread.top = thread.frame.callee;
        if (piece === undefined || piece === '') return load(thread, pieces.join(''), name);
        if (typeof piece !== 'string' && typeof piece !== 'number') {
          const { machine } = thread;
          const problem = `${machine.where(thread, 1)}reader function must return a string`;
          thread.push(undefined);
          thread.push(machine.errorObject(problem));
          return 2;
        }
        pieces.push(typeof piece === 'number' ? formatNumber(piece) : piece);
        return ask();
      };
      const failed = (): number => {
        const problem = thread.machine.errorObject(thread.result(0));
        thread.push(undefined);
        thread.push(problem);
        return 2;
      };
      return ask();
    },
  };
}
