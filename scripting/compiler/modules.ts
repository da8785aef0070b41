/** The inner parts of `fengari` that are used or replaced here, as types. */
import type { RawInstruction } from '../machine/code.js';

/** A string object of the parser. */
export interface ParserString {
  /** The key under which its tables file it. */
  hash: string | null;
  getstr(): Uint8Array;
}

/** A typed box: a constant. */
export interface ParserValue {
  readonly type: number;
  readonly value: unknown;
  setfltvalue(value: number): void;
}

export interface ParserToken {
  token: number;
  seminfo: { r: number; ts: ParserString | null };
}

/** What lexer and parser share while one chunk is read. */
export interface LexState {
  t: ParserToken;
  lookahead: ParserToken;
  /** The line the lexer is on. */
  linenumber: number;
  /** The line of the last token the parser took. */
  lastline: number;
  fs: object | null;
  L: ParserState;
  z: unknown;
  source: ParserString;
  envn: ParserString | null;
}

/** A state, of which the parser needs a stack to form messages on. */
export interface ParserState {
  top: number;
  nCcalls: number;
}

/** A compiled function, before we decode it. */
export interface Prototype {
  readonly k: readonly ParserValue[];
  readonly p: readonly Prototype[];
  readonly code: readonly RawInstruction[];
  readonly lineinfo: readonly number[];
  readonly upvalues: readonly {
    readonly name: ParserString;
    readonly instack: boolean;
    readonly idx: number;
  }[];
  readonly numparams: number;
  readonly is_vararg: boolean;
  readonly maxstacksize: number;
  readonly locvars: readonly {
    readonly varname: ParserString;
    readonly startpc: number;
    readonly endpc: number;
  }[];
  readonly linedefined: number;
  readonly lastlinedefined: number;
}

/** The seams: exports that the parser calls, and that we set. */
export interface LexerModule {
  readonly RESERVED: Readonly<Record<string, number>>;
  luaX_next(state: LexState): void;
  luaX_lookahead(state: LexState): number;
  luaX_token2str(state: LexState, token: number): Uint8Array;
  luaX_syntaxerror(state: LexState, message: Uint8Array): void;
  luaX_newstring(state: LexState, bytes: Uint8Array): ParserString;
  luaX_setinput(
    L: ParserState,
    state: LexState,
    input: unknown,
    source: ParserString,
    first: number,
  ): void;
}

export interface CompilerModules {
  readonly lexer: LexerModule;
  readonly parser: {
    luaY_parser(
      L: ParserState,
      input: unknown,
      buffer: object,
      dynamic: object,
      name: Uint8Array,
      first: number,
    ): { readonly p: Prototype };
    readonly Dyndata: new () => object;
  };
  readonly strings: {
    readonly TString: new (L: ParserState | null, bytes: Uint8Array) => ParserString;
  };
  readonly objects: {
    luaO_arith(
      L: ParserState | null,
      operation: number,
      left: ParserValue,
      right: ParserValue,
      result: ParserValue,
    ): void;
  };
  readonly buffers: { readonly MBuffer: new () => object };
  readonly states: { lua_newstate(): ParserState | null };
  readonly opcodes: { readonly OpCodesI: Readonly<Record<string, number>> };
}
