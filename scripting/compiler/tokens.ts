/**
 * The words of Lua 5.1: bytes to tokens.
 *
 * Token numbers are those of the parser of `fengari` (a character's code for single characters). It
 * parses Lua 5.3; what 5.1 has not (`goto`, `::`, `//`, shifts, bit operators, integers) is never
 * handed to it. A function with `...` among its parameters gets `local arg;` put before its body: in
 * 5.1 it has such a variable, which holds the further arguments if the body never says `...`.
 */
import { untilZero } from '../../protocol/bytes.js';
import { parseNumber } from '../machine/numbers.js';
import { Blocks } from './blocks.js';
import { Ending } from './ending.js';
import { ScriptSyntaxError } from './syntax-error.js';
import { FIRST_RESERVED, RESERVED, Word } from './words.js';

/** Added to characters that are operators in 5.3 only: the parser must take them nowhere. */
const FOREIGN = 0x10000;
const NUL = 0;
/** `goto` is a name in 5.1. */
const KEYWORDS: ReadonlyMap<string, number> = new Map(
  RESERVED.map((word, i): [string, number] => [word, FIRST_RESERVED + i]).filter(
    ([word]) => word !== 'goto',
  ),
);

const FIXED: ReadonlyMap<number, string> = new Map([
  ...[...KEYWORDS].map(([word, token]): [number, string] => [token, word]),
  [Word.concat, '..'],
  [Word.dots, '...'],
  [Word.equal, '=='],
  [Word.greaterOrEqual, '>='],
  [Word.lessOrEqual, '<='],
  [Word.notEqual, '~='],
  [Word.eof, '<eof>'],
  [Word.number, '<number>'],
  [Word.name, '<name>'],
  [Word.string, '<string>'],
]);

/** A kind of token as messages name it, without quotes. */
export function tokenName(token: number): string {
  if (token >= FOREIGN) return String.fromCharCode(token & 0xff);
  if (token >= FIRST_RESERVED) return FIXED.get(token) ?? '';
  return token < 32 || token === 127 ? `char(${token})` : String.fromCharCode(token);
}

const END = -1;
const [NEWLINE, RETURN, QUOTE, APOSTROPHE] = [10, 13, 34, 39];
const [MINUS, DOT, EQUALS, OPEN, CLOSE, BACKSLASH] = [45, 46, 61, 91, 93, 92];
const [OPEN_PARENTHESIS, CLOSE_PARENTHESIS, SEMICOLON] = [40, 41, 59];

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean => {
  const lower = code | 32;
  return (lower >= 97 && lower <= 122) || code === 95;
};

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

/** Operators of two characters: the second one, and the token both make. */
const PAIRS: ReadonlyMap<number, number> = new Map([
  [61, Word.equal],
  [60, Word.lessOrEqual],
  [62, Word.greaterOrEqual],
  [126, Word.notEqual],
]);

/** How far the parameters of a function have been read. */
const Parameters = { none: 0, expected: 1, open: 2, dots: 3 } as const;

export class Tokenizer {
  line = 1;
  /** The value of the last number, and the text of the last name or string. */
  number = 0;
  text = '';
  /** What of the source makes up the last token; a string's escapes are resolved in it. */
  written = '';
  /** What the tokens so far end with. */
  readonly ending = new Ending();
  private readonly blocks = new Blocks();
  private at = 0;
  private parameters: number = Parameters.none;
  private readonly source: string;
  private readonly chunk: string;
  private readonly pending: number[] = [];

  /** @param source - One character per byte. @param chunk - How messages name it. */
  constructor(source: string, chunk: string) {
    this.source = source;
    this.chunk = chunk;
  }

  /**
   * The next token; `number` and `text` then hold its value.
   *
   * @param isAhead - Whether the parser only looks at it: 5.1 then no longer knows that it stands on another line.
   */
  next(isAhead = false): number {
    const injected = this.pending.shift();
    if (injected !== undefined) {
      if (injected === Word.name) this.text = 'arg';
      return injected;
    }
    const { line, ending } = this;
    const token = this.read();
    const problem = this.blocks.follow(token, this.line, tokenName);
    if (problem !== null) throw this.error(problem, token);
    if (token === OPEN_PARENTHESIS && !isAhead && this.line !== line && this.isAmbiguous()) {
      throw this.error('ambiguous syntax (function call x new statement)', token);
    }
    if (token === SEMICOLON && ending.emptyStatement) throw this.error('unexpected symbol', token);
    const closes = this.parameters !== Parameters.none && token === CLOSE_PARENTHESIS;
    ending.follow(token, this.parameters !== Parameters.none);
    if (this.parameters !== Parameters.none) this.followParameters(token);
    else if (token === Word.function) this.parameters = Parameters.expected;
    if (closes) ending.closeParameters();
    return token;
  }

  /** Whether an opening parenthesis, now, could be the arguments of what stands before it. */
  private isAmbiguous(): boolean {
    return this.ending.primary && this.parameters === Parameters.none;
  }

  /**
   * An error at the current line.
   *
   * @param near - The token it is near, when the message says one. Of a NUL it says none.
   */
  error(message: string, near: number = NUL, line = this.line): ScriptSyntaxError {
    const place = near === NUL ? '' : ` near '${this.shown(near)}'`;
    return new ScriptSyntaxError(`${this.chunk}:${line}: ${message}${place}`);
  }

  /** A token as messages show it after "near". */
  shown(token: number): string {
    const own = token === Word.name || token === Word.string || token === Word.number;
    return untilZero(own ? this.written : tokenName(token));
  }

  private followParameters(token: number): void {
    if (token === OPEN_PARENTHESIS) this.parameters = Parameters.open;
    else if (token === Word.dots) this.parameters = Parameters.dots;
    else if (token === CLOSE_PARENTHESIS) {
      if (this.parameters === Parameters.dots) this.pending.push(Word.local, Word.name, SEMICOLON);
      this.parameters = Parameters.none;
    }
  }

  private code(ahead = 0): number {
    const at = this.at + ahead;
    return at < this.source.length ? this.source.charCodeAt(at) : END;
  }

  private read(): number {
    for (;;) {
      const code = this.code();
      if (code === NEWLINE || code === RETURN) this.skipNewline();
      else if (code === 32 || code === 9 || code === 11 || code === 12) this.at++;
      else if (code === MINUS && this.code(1) === MINUS) this.skipComment();
      else return this.readWord(code);
    }
  }

  private readWord(code: number): number {
    if (code === END) return Word.eof;
    if (isLetter(code)) return this.readName();
    if (isDigit(code) || (code === DOT && isDigit(this.code(1)))) return this.readNumber();
    if (code === QUOTE || code === APOSTROPHE) return this.readString(code);
    if (code === OPEN && (this.code(1) === OPEN || this.code(1) === EQUALS)) {
      return this.readBracketString();
    }
    if (code === DOT && this.isDotAgain(1)) {
      const three = this.isDotAgain(2);
      this.at += three ? 3 : 2;
      return three ? Word.dots : Word.concat;
    }
    const pair = this.code(1) === EQUALS ? PAIRS.get(code) : undefined;
    this.at += pair === undefined ? 1 : 2;
    const foreign = pair === undefined && (code === 38 || code === 124 || code === 126);
    return foreign ? code | FOREIGN : (pair ?? code);
  }

  private readName(): number {
    const start = this.at++;
    for (let code = this.code(); isLetter(code) || isDigit(code); code = this.code()) this.at++;
    this.written = this.text = this.source.slice(start, this.at);
    return KEYWORDS.get(this.text) ?? Word.name;
  }

  /** Whether there is a further dot `ahead`: a NUL counts as one, as in the real server. */
  private isDotAgain(ahead: number): boolean {
    return this.code(ahead) === DOT || this.code(ahead) === NUL;
  }

  /** A NUL counts as an `e`, as a sign too, and ends the number's text: so it is in the real server. */
  private readNumber(): number {
    const start = this.at;
    while (isDigit(this.code()) || this.code() === DOT) this.at++;
    if ((this.code() | 32) === 101 || this.code() === NUL) {
      this.at++;
      if (this.code() === 43 || this.code() === MINUS || this.code() === NUL) this.at++;
    }
    while (isDigit(this.code()) || isLetter(this.code())) this.at++;
    this.written = untilZero(this.source.slice(start, this.at));
    const value = parseNumber(this.written);
    if (value === undefined) throw this.error('malformed number', Word.number);
    this.number = value;
    return Word.number;
  }

  private readString(quote: number): number {
    const opening = String.fromCharCode(quote);
    let text = '';
    this.at++;
    for (;;) {
      const start = this.at;
      let code = this.code();
      while (code !== quote && code !== BACKSLASH && code !== NEWLINE && code !== RETURN) {
        if (code === END) throw this.error('unfinished string', Word.eof);
        this.at++;
        code = this.code();
      }
      text += this.source.slice(start, this.at);
      this.written = opening + text;
      if (code === quote) break;
      if (code !== BACKSLASH) throw this.error('unfinished string', Word.string);
      this.at++;
      text += this.readEscape();
    }
    this.at++;
    this.text = text;
    this.written += opening;
    return Word.string;
  }

  /** What follows a backslash. At the end of the source it is nothing: the caller sees the end. */
  private readEscape(): string {
    const code = this.code();
    if (code === END) return '';
    if (code === NEWLINE || code === RETURN) {
      this.skipNewline();
      return '\n';
    }
    if (!isDigit(code)) {
      this.at++;
      const character = String.fromCharCode(code);
      return ESCAPES.get(character) ?? character;
    }
    let value = 0;
    for (let digits = 0; digits < 3 && isDigit(this.code()); digits++) {
      value = value * 10 + this.code() - 48;
      this.at++;
    }
    if (value > 255) throw this.error('escape sequence too large', Word.string);
    return String.fromCharCode(value);
  }

  /** At `[`: the number of equal signs up to the next one, or -1 when there is no bracket. */
  private level(): number {
    let count = 1;
    while (this.code(count) === EQUALS) count++;
    return this.code(count) === OPEN ? count - 1 : -1;
  }

  private readBracketString(): number {
    const level = this.level();
    if (level < 0) {
      const start = this.at++;
      while (this.code() === EQUALS) this.at++;
      this.written = this.source.slice(start, this.at);
      throw this.error('invalid long string delimiter', Word.string);
    }
    this.text = this.readBrackets(level, 'unfinished long string');
    return Word.string;
  }

  /** Reads from `[==[` to `]==]`; newlines of every form become `\n`, the first one goes. */
  private readBrackets(level: number, unfinished: string): string {
    const opening = this.source.slice(this.at, this.at + level + 2);
    const closing = opening.replaceAll('[', ']');
    this.at += level + 2;
    if (this.code() === NEWLINE || this.code() === RETURN) this.skipNewline();
    let text = '';
    for (;;) {
      const start = this.at;
      let code = this.code();
      while (code !== CLOSE && code !== NEWLINE && code !== RETURN) {
        if (code === END) throw this.error(unfinished, Word.eof);
        this.at++;
        code = this.code();
      }
      text += this.source.slice(start, this.at);
      if (code === NEWLINE || code === RETURN) {
        this.skipNewline();
        text += '\n';
        continue;
      }
      if (code === CLOSE && this.source.startsWith(closing, this.at)) break;
      text += String.fromCharCode(code);
      this.at++;
    }
    this.at += level + 2;
    this.written = opening + text + closing;
    return text;
  }

  private skipComment(): void {
    this.at += 2;
    if (this.code() === OPEN) {
      const level = this.level();
      if (level >= 0) {
        this.readBrackets(level, 'unfinished long comment');
        return;
      }
    }
    for (let code = this.code(); code !== END; code = this.code()) {
      if (code === NEWLINE || code === RETURN) return;
      this.at++;
    }
  }

  private skipNewline(): void {
    const first = this.code();
    this.at++;
    const second = this.code();
    if ((second === NEWLINE || second === RETURN) && second !== first) this.at++;
    this.line++;
  }
}
