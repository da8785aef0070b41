/** Libraries of functions: what FUNCTION LOAD reads and keeps. */
import { untilZero } from '../../protocol/bytes.js';
import {
  BAD_FUNCTION_NAME,
  BAD_LIBRARY_NAME,
  FUNCTION_TWICE,
  INVALID_LIBRARY_METADATA,
  LIBRARY_NAME_TWICE,
  NO_FUNCTIONS,
  NO_LIBRARY_METADATA,
  NO_LIBRARY_NAME,
  noSuchLibraryEngine,
  unknownMetadata,
} from '../../protocol/refusals.js';
import type { Closure, NativeFunction } from '../../scripting/machine/values.js';
import { splitWords } from '../config-table/quoting.js';

const MARK = '#!';
const NAME = 'name=';
const GOOD_NAME = /^[A-Za-z0-9_]+$/;
/** What libraries and functions take beside their text, about. */
const LIBRARY_BYTES = 300;
const FUNCTION_BYTES = 150;

export interface LibraryFunction {
  readonly name: string;
  readonly callback: Closure | NativeFunction;
  /** `ScriptFlag` bits. */
  readonly flags: number;
  readonly description: string | null;
}

export class Library {
  readonly name: string;
  /** As it was loaded, the first line included. */
  readonly source: string;
  /** In the order in which they were registered. */
  readonly functions: readonly LibraryFunction[];

  /** Throws a refusal when the functions cannot be those of a library. */
  constructor(name: string, source: string, functions: readonly LibraryFunction[]) {
    const names = new Set<string>();
    for (const each of functions) {
      if (!GOOD_NAME.test(each.name)) throw BAD_FUNCTION_NAME;
      if (names.has(each.name)) throw FUNCTION_TWICE;
      names.add(each.name);
    }
    if (functions.length === 0) throw NO_FUNCTIONS;
    this.name = name;
    this.source = source;
    this.functions = functions;
  }

  get memoryBytes(): number {
    return LIBRARY_BYTES + this.source.length + this.functions.length * FUNCTION_BYTES;
  }
}

export interface LibrarySource {
  readonly name: string;
  /** What is to be compiled: the first line is empty, so that lines keep their numbers. */
  readonly code: string;
}

/** Reads the first line of a library, `#!lua name=mylib`. Throws a refusal when it is not as it should be. */
export function readLibrarySource(source: string): LibrarySource {
  if (!source.startsWith(MARK)) throw NO_LIBRARY_METADATA;
  const end = untilZero(source).indexOf('\n');
  const words = end < 0 ? null : splitWords(source.slice(0, end));
  if (words === null || words.length === 0) throw INVALID_LIBRARY_METADATA;
  const [first = '', ...options] = words;
  const engine = first.slice(MARK.length);
  let name: string | null = null;
  for (const option of options) {
    if (!option.toLowerCase().startsWith(NAME)) throw unknownMetadata(option);
    if (name !== null) throw LIBRARY_NAME_TWICE;
    name = option.slice(NAME.length);
  }
  if (name === null) throw NO_LIBRARY_NAME;
  if (!GOOD_NAME.test(name)) throw BAD_LIBRARY_NAME;
  if (engine.toLowerCase() !== 'lua') throw noSuchLibraryEngine(engine);
  return { name, code: source.slice(end) };
}
