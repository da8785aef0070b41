/**
 * Source to code: the parser of `fengari` between our tokens and our instructions.
 *
 * One compiler is a private copy of the parser (see loader.ts) with these exports replaced:
 * the lexer's (`luaX_*`), so that it reads Lua 5.1 and words its errors as 5.1 does, and
 * `luaO_arith`, so that constants are folded in doubles.
 */
import { toLatin1 } from '../../protocol/bytes.js';
import type { Code } from '../machine/code.js';
import { decode, operationNames } from './decode.js';
import { loadCompilerModules } from './loader.js';
import type {
  CompilerModules,
  LexState,
  ParserState,
  ParserString,
  ParserValue,
} from './modules.js';
import { ScriptSyntaxError } from './syntax-error.js';
import { Tokenizer, tokenName } from './tokens.js';
import { Word } from './words.js';

/** The name under which the parser files the globals; no source can spell it. */
export const ENVIRONMENT = '\0globals';

/** How deeply a chunk may be nested. */
const MAXIMUM_LEVELS = 200;
const TOO_MANY_REGISTERS = 'function or expression needs too many registers';

const [EQUALS, COMMA] = [0x3d, 0x2c];

/** Functions may use so many variables of their surroundings. */
const MAXIMUM_UPVALUES = 60;

/** What stands behind the parser's input: our side of a chunk being read. */
class Reading {
  readonly strings = new Map<string, ParserString>();
  lookahead: { token: number; number: number; text: string } | null = null;
  /** What the tokens before the current one end with. */
  before = { variable: false, call: false, further: false };
  readonly tokens: Tokenizer;

  constructor(source: string, chunk: string) {
    this.tokens = new Tokenizer(source, chunk);
  }
}

const asBytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const asText = (bytes: Uint8Array): string => toLatin1(bytes, 0, bytes.length);

/** Limits in the words of 5.1, null for other messages. @param levels - How deep the parser is. */
function reword(message: string, levels: number): string | null {
  const limit = /^too many (.+) \(limit is (\d+)\) in (.*)$/.exec(message);
  if (limit) {
    const [, what, count, where] = limit;
    if (what === 'JS levels' && levels > MAXIMUM_LEVELS) return 'chunk has too many syntax levels';
    if (what === 'JS levels') {
      return `${where} has more than ${MAXIMUM_LEVELS - levels} variables in assignment`;
    }
    return `${where} has more than ${count} ${what}`;
  }
  return null;
}

/** Operations of constants, by the parser's numbers. */
function fold(operation: number, left: number, right: number): number {
  switch (operation) {
    case 0:
      return left + right;
    case 1:
      return left - right;
    case 2:
      return left * right;
    case 3:
      return left - Math.floor(left / right) * right;
    case 4:
      return left ** right;
    case 5:
      return left / right;
    default:
      return -left;
  }
}

export class Compiler {
  private readonly modules: CompilerModules;
  /** The parser's operations by number. */
  private readonly names: readonly string[];
  /** The parser forms messages on the stack of this. */
  private readonly state: ParserState;
  private reading = new Reading('', '');

  /** Loads the parser: about 15 ms. */
  constructor() {
    this.modules = loadCompilerModules();
    this.names = operationNames(this.modules.opcodes.OpCodesI);
    const state = this.modules.states.lua_newstate();
    if (state === null) throw new Error('Cannot compile: the parser has no state');
    this.state = state;
    this.replaceLexer();
    this.modules.objects.luaO_arith = (_L, operation, left, right, result) =>
      result.setfltvalue(fold(operation, numeral(left), numeral(right)));
  }

  /**
   * Compiles a chunk.
   *
   * @param source - One character per byte.
   * @param chunk - How messages name it, e.g. `user_script`.
   * @throws {ScriptSyntaxError} When it is no Lua.
   */
  compile(source: string, chunk: string): Code {
    const { parser, buffers } = this.modules;
    const L = this.state;
    // Whatever a chunk that was refused has left behind.
    L.top = 1;
    L.nCcalls = 0;
    this.reading = new Reading(source, chunk);
    const buffer = new buffers.MBuffer();
    const main = parser.luaY_parser(L, null, buffer, new parser.Dyndata(), asBytes(chunk), 0);
    const code = decode(main.p, chunk, this.names);
    this.checkUpvalues(code, code);
    this.reading = new Reading('', '');
    return code;
  }

  private checkUpvalues(code: Code, main: Code): void {
    const count = code.upvalues.length - (code.environmentIndex >= 0 ? 1 : 0);
    if (count > MAXIMUM_UPVALUES) {
      const message = `function at line ${code.line} has more than ${MAXIMUM_UPVALUES} upvalues`;
      throw new ScriptSyntaxError(`${main.chunk}:${code.lastLine}: ${message}`);
    }
    for (const child of code.children) this.checkUpvalues(child, main);
  }

  private replaceLexer(): void {
    const { lexer, strings } = this.modules;
    const string = (text: string): ParserString => {
      const known = this.reading.strings.get(text);
      if (known) return known;
      const made = new strings.TString(null, asBytes(text));
      made.hash = `|${text}`;
      this.reading.strings.set(text, made);
      return made;
    };
    lexer.luaX_setinput = (L, state, _input, source) => {
      state.L = L;
      state.t = { token: 0, seminfo: { r: 0, ts: null } };
      state.lookahead = { token: Word.eof, seminfo: { r: 0, ts: null } };
      state.fs = null;
      state.linenumber = 1;
      state.lastline = 1;
      state.source = source;
      state.envn = string(ENVIRONMENT);
    };
    lexer.luaX_newstring = (_state, bytes) => string(asText(bytes));
    lexer.luaX_token2str = (_state, token) => asBytes(`'${tokenName(token)}'`);
    lexer.luaX_syntaxerror = (state, message) => this.fail(state, asText(message));
    lexer.luaX_next = (state) => this.advance(state, string);
    lexer.luaX_lookahead = (state) => this.lookAhead(state);
  }

  private advance(state: LexState, string: (text: string) => ParserString): void {
    const { tokens, lookahead } = this.reading;
    state.lastline = state.linenumber;
    const { variable, call, further } = tokens.ending;
    this.reading.before = { variable, call, further };
    const token = lookahead?.token ?? tokens.next();
    const text = lookahead?.text ?? tokens.text;
    state.t.token = token;
    if (token === Word.number) state.t.seminfo.r = lookahead?.number ?? tokens.number;
    else if (token === Word.name || token === Word.string) state.t.seminfo.ts = string(text);
    this.reading.lookahead = null;
    state.linenumber = tokens.line;
  }

  private lookAhead(state: LexState): number {
    const { tokens } = this.reading;
    const token = tokens.next(true);
    this.reading.lookahead = { token, number: tokens.number, text: tokens.text };
    state.linenumber = tokens.line;
    return token;
  }

  /** Raises the parser's error in the words of 5.1. A token of 0 says: near nothing. */
  private fail(state: LexState, message: string): never {
    const { tokens, before } = this.reading;
    const near = state.t.token;
    if (message === 'syntax error') {
      const assigns = state.t.token === EQUALS || state.t.token === COMMA;
      if (assigns && before.call && !before.further) throw tokens.error('unexpected symbol', near);
      if (!assigns && before.variable) throw tokens.error("'=' expected", near);
    }
    const reworded = reword(message, state.L.nCcalls);
    if (reworded !== null) throw tokens.error(reworded);
    if (message === TOO_MANY_REGISTERS) message = 'function or expression too complex';
    throw tokens.error(message, near);
  }
}

function numeral(value: ParserValue): number {
  return typeof value.value === 'number' ? value.value : Number.NaN;
}
