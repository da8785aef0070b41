/**
 * What the tokens read so far end with: enough to refuse what 5.1 refuses and the parser takes.
 *
 * A call's arguments must begin on the line of the function, a statement cannot be empty, and what
 * is wrong with a statement that is neither a call nor an assignment depends on its last token.
 */

import { THEN, Word } from './words.js';

const [OPEN, CLOSE, COMMA, OPEN_BRACE, CLOSE_BRACE] = [0x28, 0x29, 0x2c, 0x7b, 0x7d];
const [SEMICOLON, DOT, COLON, OPEN_BRACKET, CLOSE_BRACKET] = [0x3b, 0x2e, 0x3a, 0x5b, 0x5d];

const OPENING: ReadonlySet<number> = new Set([OPEN, OPEN_BRACE, OPEN_BRACKET]);
const CLOSING: ReadonlySet<number> = new Set([CLOSE, CLOSE_BRACE, CLOSE_BRACKET]);

/** Words behind which names of local variables stand. */
const DECLARES: ReadonlySet<number> = new Set([Word.local, Word.for]);

/** Words behind which a block begins. */
const BLOCK_STARTS: ReadonlySet<number> = new Set([Word.do, Word.else, Word.repeat, THEN]);

/** Words that end a `return`, or begin something new within it. */
const RETURN_ENDS: ReadonlySet<number> = new Set([
  ...[Word.end, Word.else, Word.elseif, Word.until, Word.function],
]);

export class Ending {
  /** Whether arguments could follow: a variable, a call, something in parentheses. */
  primary = false;
  /** Whether it is a call. */
  call = false;
  /** Whether it is a variable or field. */
  variable = false;
  /** Whether the variable or call stands behind a comma. */
  further = false;
  /** Whether a semicolon would end nothing. */
  emptyStatement = true;
  /** For each open parenthesis or brace, whether it opens arguments. */
  private readonly opened: boolean[] = [];
  /** For each open bracket of any kind, what `further` was before it. */
  private readonly outer: boolean[] = [];
  private last = 0;
  private inLocalNames = false;
  private inReturn = false;

  /** Takes one more token in. @param inHeader - Whether it is part of a function's name and parameters. */
  follow(each: number, inHeader: boolean): void {
    const { last, primary: before } = this;
    this.followCommas(each, before);
    this.last = each;
    this.primary = false;
    this.call = false;
    if (DECLARES.has(each)) this.inLocalNames = true;
    else if (each === Word.name) this.inLocalNames &&= last === COMMA || DECLARES.has(last);
    else if (each !== COMMA) this.inLocalNames = false;
    if (each === Word.return) this.inReturn = true;
    else if (RETURN_ENDS.has(each)) this.inReturn = false;
    this.emptyStatement = BLOCK_STARTS.has(each) || (each === SEMICOLON && !this.inReturn);
    if (each === OPEN || each === OPEN_BRACE) this.opened.push(before);
    else if (each === CLOSE || each === CLOSE_BRACE) {
      this.call = this.opened.pop() ?? false;
      this.primary = this.call || each === CLOSE;
    } else if (each === Word.string) this.primary = this.call = before;
    else if (each === Word.name) this.primary = !this.inLocalNames && !inHeader;
    else if (each === CLOSE_BRACKET) this.primary = true;
    this.variable = this.primary && each !== CLOSE && !this.call;
  }

  private followCommas(each: number, primary: boolean): void {
    const { last } = this;
    const goesOn = each === OPEN ? primary : last === DOT || last === COLON;
    if ((each === Word.name || each === OPEN) && !goesOn) this.further = last === COMMA;
    if (OPENING.has(each)) this.outer.push(this.further);
    else if (CLOSING.has(each)) this.further = this.outer.pop() ?? false;
  }

  /** Behind the parameters of a function its body begins. */
  closeParameters(): void {
    this.primary = false;
    this.call = false;
    this.emptyStatement = true;
  }
}
