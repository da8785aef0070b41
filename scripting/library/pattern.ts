/**
 * Patterns of Lua 5.1, compiled into items that the matcher (pattern-matcher.ts) walks.
 *
 * A pattern ends at its first NUL byte, as in C. What is malformed becomes an item that raises the
 * error when a match gets there: scripts see no error for a part that is never reached.
 */

/** Sets of bytes: `set[byte]` is 1 for members. */
export type ByteSet = Uint8Array;

export const Kind = {
  /** One byte of a set, repeated as the item's `repeat` says. */
  single: 0,
  /** The same for one certain byte. */
  byte: 1,
  openCapture: 2,
  openPosition: 3,
  closeCapture: 4,
  /** The pattern's end. */
  end: 5,
  /** `$` at the end. */
  endOfText: 6,
  /** `%b()`. */
  balanced: 7,
  /** `%f[set]`. */
  frontier: 8,
  /** `%1`. */
  again: 9,
  /** Raises an error. */
  malformed: 10,
} as const;

export const Repeat = { once: 0, optional: 1, star: 2, plus: 3, lazy: 4 } as const;

export interface Item {
  readonly kind: number;
  readonly repeat: number;
  readonly set: ByteSet;
  /** The byte, the capture's number from 0, or what opens the balanced text. */
  readonly a: number;
  /** What closes the balanced text. */
  readonly b: number;
  readonly error: string;
  /** Of a repeated item: whether nothing that follows could match within what it has taken. */
  final: boolean;
}

export interface Pattern {
  /** Whether it starts with `^`; the items then are those behind it. */
  readonly anchored: boolean;
  /** Items, `end` or something final last. */
  readonly items: readonly Item[];
  /** When every match starts with a byte of this set; null when it need not. */
  readonly first: ByteSet | null;
  /** When every match starts with this byte, -1 when not. */
  readonly firstByte: number;
}

const PERCENT = 0x25;
const NO_SET: ByteSet = new Uint8Array(0);

function item(kind: number, fields: Partial<Item> = {}): Item {
  return { kind, repeat: Repeat.once, set: NO_SET, a: 0, b: 0, error: '', final: false, ...fields };
}

const isUpper = (code: number): boolean => code >= 0x41 && code <= 0x5a;
const isLower = (code: number): boolean => code >= 0x61 && code <= 0x7a;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isLetter = (code: number): boolean => isUpper(code) || isLower(code);
const isControl = (code: number): boolean => code < 32 || code === 127;
const isHexadecimal = (code: number): boolean =>
  isDigit(code) || (code >= 0x41 && code <= 0x46) || (code >= 0x61 && code <= 0x66);

/** Classes by their small letter, in the C locale: bytes above 127 are of none. */
const CLASSES: Readonly<Record<string, (code: number) => boolean>> = {
  a: isLetter,
  c: isControl,
  d: isDigit,
  l: isLower,
  p: (code) => code > 32 && code < 127 && !isLetter(code) && !isDigit(code),
  s: (code) => code === 32 || (code >= 9 && code <= 13),
  u: isUpper,
  w: (code) => isLetter(code) || isDigit(code),
  x: isHexadecimal,
  z: (code) => code === 0,
};

/** Whether two items share a byte. */
function haveCommon(one: Item, other: Item): boolean {
  if (one.kind === Kind.byte) {
    return other.kind === Kind.byte ? one.a === other.a : other.set[one.a] === 1;
  }
  if (other.kind === Kind.byte) return one.set[other.a] === 1;
  return one.set.some((member, byte) => member === 1 && other.set[byte] === 1);
}

/** Adds what `%` and this letter stand for: a class, its opposite, or the character itself. */
function addEscaped(set: ByteSet, letter: number): void {
  const isMember = CLASSES[String.fromCharCode(letter | 32)];
  if (isMember === undefined || !isLetter(letter)) {
    set[letter] = 1;
    return;
  }
  const wanted = isLower(letter);
  for (let code = 0; code < 256; code++) if (isMember(code) === wanted) set[code] = 1;
}

/** Compiles one pattern, left to right. */
class PatternCompiler {
  private at = 0;
  private readonly text: string;
  private readonly items: Item[] = [];

  constructor(text: string) {
    const nul = text.indexOf('\0');
    this.text = nul < 0 ? text : text.slice(0, nul);
  }

  compile(anchors: boolean): Pattern {
    const anchored = anchors && this.text.startsWith('^');
    if (anchored) this.at = 1;
    while (this.step());
    for (let i = 0; i < this.items.length; i++) this.markFinal(i);
    const start = this.items[this.behindOpenings(0)];
    const fixed =
      start !== undefined && (start.repeat === Repeat.once || start.repeat === Repeat.plus);
    const byte = fixed && start.kind === Kind.byte ? start.a : -1;
    const set = fixed && start.kind === Kind.single ? start.set : null;
    return { anchored, items: this.items, first: set, firstByte: byte };
  }

  /** The first item from `i` on that is no opening of a capture, of which a few are allowed. */
  private behindOpenings(i: number): number {
    const most = i + 16;
    let kind = this.items[i]?.kind;
    while (i < most && (kind === Kind.openCapture || kind === Kind.openPosition)) {
      kind = this.items[++i]?.kind;
    }
    return i;
  }

  /** Finds out whether a greedy item needs never give back what it took. */
  private markFinal(i: number): void {
    const { items } = this;
    const repeated = items[i];
    if (repeated === undefined || repeated.kind > Kind.byte) return;
    if (repeated.repeat !== Repeat.star && repeated.repeat !== Repeat.plus) return;
    let at = i + 1;
    for (let kind = items[at]?.kind; kind !== undefined; kind = items[++at]?.kind) {
      const isCapture = kind >= Kind.openCapture && kind <= Kind.closeCapture;
      if (!isCapture) break;
    }
    const next = items[at];
    if (next === undefined) return;
    if (next.kind === Kind.end || next.kind === Kind.endOfText) repeated.final = true;
    else if (
      next.kind <= Kind.byte &&
      (next.repeat === Repeat.once || next.repeat === Repeat.plus)
    ) {
      repeated.final = !haveCommon(repeated, next);
    }
  }

  private malformed(error: string): boolean {
    this.items.push(item(Kind.malformed, { error }));
    return false;
  }

  /** Compiles the next item. @returns False behind the last. */
  private step(): boolean {
    const { text, items } = this;
    if (this.at >= text.length) {
      items.push(item(Kind.end));
      return false;
    }
    const character = text.charAt(this.at);
    if (character === '(') {
      const isPosition = text.charAt(this.at + 1) === ')';
      items.push(item(isPosition ? Kind.openPosition : Kind.openCapture));
      this.at += isPosition ? 2 : 1;
      return true;
    }
    if (character === ')') {
      items.push(item(Kind.closeCapture));
      this.at++;
      return true;
    }
    if (character === '$' && this.at + 1 === text.length) {
      items.push(item(Kind.endOfText));
      return false;
    }
    return character === '%' ? this.escaped() : this.single();
  }

  private escaped(): boolean {
    const { text, items } = this;
    const letter = text.charAt(this.at + 1);
    if (letter === 'b') {
      if (this.at + 3 >= text.length) return this.malformed('unbalanced pattern');
      const [a, b] = [text.charCodeAt(this.at + 2), text.charCodeAt(this.at + 3)];
      items.push(item(Kind.balanced, { a, b }));
      this.at += 4;
      return true;
    }
    if (letter === 'f') {
      this.at += 2;
      if (text.charAt(this.at) !== '[') {
        return this.malformed("missing '[' after '%f' in pattern");
      }
      const set = this.set();
      if (set === null) return this.malformed("malformed pattern (missing ']')");
      items.push(item(Kind.frontier, { set }));
      return true;
    }
    if (isDigit(text.charCodeAt(this.at + 1))) {
      items.push(item(Kind.again, { a: text.charCodeAt(this.at + 1) - 0x31 }));
      this.at += 2;
      return true;
    }
    return this.single();
  }

  /** One byte or set, and how often. */
  private single(): boolean {
    const { text, items } = this;
    const code = text.charCodeAt(this.at);
    let set: ByteSet | null = null;
    let byte = code;
    if (code === PERCENT) {
      if (this.at + 1 >= text.length) return this.malformed("malformed pattern (ends with '%')");
      byte = text.charCodeAt(this.at + 1);
      if (isLetter(byte) && CLASSES[String.fromCharCode(byte | 32)] !== undefined) {
        set = new Uint8Array(256);
        addEscaped(set, byte);
      }
      this.at += 2;
    } else if (code === 0x5b) {
      set = this.set();
      if (set === null) return this.malformed("malformed pattern (missing ']')");
    } else {
      if (code === 0x2e) set = new Uint8Array(256).fill(1);
      this.at++;
    }
    const sign = text.charAt(this.at);
    const repeat = sign === '' ? -1 : '?*+-'.indexOf(sign);
    if (repeat >= 0) this.at++;
    const fields = { repeat: repeat + 1, a: byte };
    items.push(set === null ? item(Kind.byte, fields) : item(Kind.single, { ...fields, set }));
    return true;
  }

  /** A set in brackets, from its bracket on; null when it does not end. */
  private set(): ByteSet | null {
    const { text } = this;
    const set = new Uint8Array(256);
    let at = this.at + 1;
    const complement = text.charAt(at) === '^';
    if (complement) at++;
    const end = setEnd(text, at);
    if (end < 0) return null;
    for (; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === PERCENT) {
        at++;
        addEscaped(set, text.charCodeAt(at));
      } else if (text.charAt(at + 1) === '-' && at + 2 < end) {
        const last = text.charCodeAt(at + 2);
        for (let each = code; each <= last; each++) set[each] = 1;
        at += 2;
      } else set[code] = 1;
    }
    this.at = end + 1;
    if (complement) for (let each = 0; each < 256; each++) set[each] = set[each] === 1 ? 0 : 1;
    return set;
  }
}

/** Where the bracket is that ends a set whose members start at `at`; the first is a member always. */
function setEnd(text: string, at: number): number {
  do {
    if (at >= text.length) return -1;
    if (text.charCodeAt(at++) === PERCENT && at < text.length) at++;
  } while (text.charAt(at) !== ']');
  return at;
}

/** How many patterns are kept compiled. */
const KEPT = 256;
/** Longer patterns are not kept, in bytes. */
const LONG_PATTERN = 1000;

/** Compiled patterns by their text: a script's patterns are mostly constants. */
export class PatternCache {
  private readonly searching = new Map<string, Pattern>();
  private readonly walking = new Map<string, Pattern>();

  /** @param anchors - Whether `^` at the start is an anchor: not in `gmatch`. */
  get(text: string, anchors: boolean): Pattern {
    const kept = anchors ? this.searching : this.walking;
    const found = kept.get(text);
    if (found !== undefined) return found;
    const made = new PatternCompiler(text).compile(anchors);
    if (text.length > LONG_PATTERN) return made;
    if (kept.size >= KEPT) kept.clear();
    kept.set(text, made);
    return made;
  }
}
