/**
 * The blocks that the tokens so far have opened: enough to place `break` as 5.1 does.
 *
 * There it must be in a loop and the last statement of its block; the parser takes it anywhere in a
 * block, and complains of a missing loop only when the function ends.
 */
import { Word } from './words.js';

interface Block {
  /** The word that opened it. */
  readonly word: number;
  readonly line: number;
  /** Whether it has begun; `while` and `for` begin with their `do`. */
  begun: boolean;
}

const LOOPS: ReadonlySet<number> = new Set([Word.while, Word.for, Word.repeat]);
const OPENING: ReadonlySet<number> = new Set([Word.function, Word.if, ...LOOPS]);
/** What may follow the last statement of a block. */
const CLOSING: ReadonlySet<number> = new Set([
  ...[Word.end, Word.else, Word.elseif, Word.until, Word.eof],
]);

const SEMICOLON = 0x3b;

/** How a `break` is going on. */
const Break = { none: 0, word: 1, semicolon: 2 } as const;

export class Blocks {
  private readonly open: Block[] = [];
  private state: number = Break.none;

  /**
   * Takes one more token in.
   *
   * @param name - How messages name a word.
   * @returns What is wrong with a `break` before it, null when nothing is.
   */
  follow(token: number, line: number, name: (word: number) => string): string | null {
    const problem = this.problem(token, line, name);
    if (token === Word.break) this.state = Break.word;
    else if (token === SEMICOLON && this.state === Break.word) this.state = Break.semicolon;
    else this.state = Break.none;
    if (OPENING.has(token)) {
      this.open.push({ word: token, line, begun: token !== Word.while && token !== Word.for });
    } else if (token === Word.do) this.begin(line);
    else if (token === Word.end || token === Word.until) this.open.pop();
    return problem;
  }

  private problem(token: number, line: number, name: (word: number) => string): string | null {
    if (this.state === Break.none) return null;
    if (this.state === Break.word && !this.isInLoop()) return 'no loop to break';
    if (CLOSING.has(token) || (token === SEMICOLON && this.state === Break.word)) return null;
    const block = this.open.at(-1);
    if (block === undefined) return null;
    const missing = `'${name(block.word === Word.repeat ? Word.until : Word.end)}' expected`;
    if (block.line === line) return missing;
    return `${missing} (to close '${name(block.word)}' at line ${block.line})`;
  }

  private begin(line: number): void {
    const block = this.open.at(-1);
    if (block !== undefined && !block.begun) block.begun = true;
    else this.open.push({ word: Word.do, line, begun: true });
  }

  private isInLoop(): boolean {
    for (let i = this.open.length - 1; i >= 0; i--) {
      const block = this.open[i];
      if (block === undefined || block.word === Word.function) return false;
      if (LOOPS.has(block.word) && block.begun) return true;
    }
    return false;
  }
}
