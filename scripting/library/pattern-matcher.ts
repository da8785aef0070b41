/**
 * Finds where a pattern matches, by trying and going back.
 *
 * What C does by calling itself is a stack of choices here: an item that could match otherwise notes
 * what else it would try, and captures note how they were before. Groups cannot be repeated in Lua,
 * so the stack is never longer than the pattern. Every try counts as a step; after as many steps as
 * the machine has left the matcher stops where it is, `run` answers `unfinished`, and the function
 * that uses it gives way so that a script can be left, or killed, within a pattern that would match
 * for years.
 */
import { type ByteSet, type Item, Kind, type Pattern, Repeat } from './pattern.js';

/** The most captures of a pattern. */
export const MAXIMUM_CAPTURES = 32;

/** Lengths of captures that are no text. */
export const UNFINISHED = -1;
export const POSITION = -2;

export const Outcome = { none: 0, found: 1, unfinished: 2 } as const;

/** Kinds of choices. Each takes four places on the stack: kind, item, position, limit. */
const Choice = { shrink: 0, grow: 1, skip: 2, reopen: 3, unopen: 4 } as const;

/** Raised for what is wrong with a pattern; the caller adds the place. */
export class PatternError {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export class Matcher {
  text = '';
  pattern: Pattern;
  /** Where the match starts and ends after `found`. */
  start = 0;
  end = 0;
  /** Captures: where they start and how long they are. */
  level = 0;
  readonly starts: number[] = [];
  readonly lengths: number[] = [];
  private readonly choices: number[] = [];
  /** How many places of `choices` are in use. */
  private height = 0;
  /** Where it is: the item and the position; an item of -1 asks for the next choice. */
  private at = 0;
  private position = 0;
  /** Whether `run` goes on with a match that was left. */
  private inside = false;

  constructor(text: string, pattern: Pattern) {
    this.text = text;
    this.pattern = pattern;
  }

  /** Makes it ready for another text and pattern: as a new one. */
  reset(text: string, pattern: Pattern, start: number): void {
    this.text = text;
    this.pattern = pattern;
    this.start = start;
    this.inside = false;
  }

  /** Notes a choice on the stack. */
  private note(kind: number, at: number, position: number, limit: number): void {
    const { choices, height } = this;
    choices[height] = kind;
    choices[height + 1] = at;
    choices[height + 2] = position;
    choices[height + 3] = limit;
    this.height = height + 4;
  }

  /**
   * Looks for the first match that starts at `this.start` or, when the pattern is not anchored,
   * behind it.
   *
   * @param budget - Steps that may be taken; `budget.budget` is what is left.
   * @throws {PatternError}
   */
  search(budget: { budget: number }): number {
    const { pattern, text } = this;
    for (;;) {
      if (!this.inside && !this.skipAhead()) return Outcome.none;
      const outcome = this.run(budget);
      if (outcome !== Outcome.none) return outcome;
      if (pattern.anchored || ++this.start > text.length) return Outcome.none;
    }
  }

  /** Moves `start` to where a match could start; false when there is no such place. */
  private skipAhead(): boolean {
    const { first, firstByte, anchored } = this.pattern;
    if (anchored) return true;
    const { text } = this;
    if (firstByte >= 0) {
      const found = text.indexOf(String.fromCharCode(firstByte), this.start);
      if (found < 0) return false;
      this.start = found;
    } else if (first !== null) {
      let { start } = this;
      const { length } = text;
      while (start < length && first[text.charCodeAt(start)] === 0) start++;
      this.start = start;
      if (start === length) return false;
    }
    return true;
  }

  /** Matches from `this.start`. @throws {PatternError} */
  run(budget: { budget: number }): number {
    if (!this.inside) {
      this.level = 0;
      this.height = 0;
      this.at = 0;
      this.position = this.start;
    }
    this.inside = true;
    for (;;) {
      if (--budget.budget < 0) return Outcome.unfinished;
      if (this.at < 0 && !this.goBack(budget)) {
        this.inside = false;
        return Outcome.none;
      }
      const item = this.pattern.items[this.at];
      if (item === undefined || item.kind === Kind.end) break;
      if (!this.step(item, budget)) this.at = -1;
      else if (item.kind === Kind.endOfText) break;
    }
    this.inside = false;
    this.end = this.position;
    return Outcome.found;
  }

  /** Matches one item and moves on to the next. @returns False when it does not match. */
  private step(item: Item, budget: { budget: number }): boolean {
    switch (item.kind) {
      case Kind.byte:
      case Kind.single:
        return this.repeated(item, budget);
      case Kind.openCapture:
        this.open(UNFINISHED);
        break;
      case Kind.openPosition:
        this.open(POSITION);
        break;
      case Kind.closeCapture: {
        const level = this.innermostOpen();
        this.note(Choice.reopen, level, 0, 0);
        this.lengths[level] = this.position - (this.starts[level] ?? 0);
        break;
      }
      case Kind.endOfText:
        return this.position === this.text.length;
      case Kind.balanced:
        if (!this.balanced(item.a, item.b, budget)) return false;
        break;
      case Kind.frontier:
        if (!this.atFrontier(item.set)) return false;
        break;
      case Kind.again:
        if (!this.again(item.a)) return false;
        break;
      default:
        throw this.broken(item.error);
    }
    this.at++;
    return true;
  }

  private matches(item: Item, position: number): boolean {
    if (position >= this.text.length) return false;
    const code = this.text.charCodeAt(position);
    return item.kind === Kind.byte ? code === item.a : item.set[code] === 1;
  }

  private repeated(item: Item, budget: { budget: number }): boolean {
    const { position, at } = this;
    this.at = at + 1;
    if (item.repeat === Repeat.lazy) {
      this.note(Choice.grow, at, position, 0);
      return true;
    }
    if (item.repeat === Repeat.star || item.repeat === Repeat.plus) {
      const end = this.extent(item, position);
      const least = item.repeat === Repeat.plus ? position + 1 : position;
      budget.budget -= (end - position) >> 3;
      if (end < least) return false;
      if (end > least && !item.final) this.note(Choice.shrink, at, end, least);
      this.position = end;
      return true;
    }
    if (!this.matches(item, position)) return item.repeat === Repeat.optional;
    if (item.repeat === Repeat.optional) this.note(Choice.skip, at, position, 0);
    this.position = position + 1;
    return true;
  }

  /** How far bytes from `position` on belong to an item. */
  private extent(item: Item, position: number): number {
    const { text } = this;
    const { length } = text;
    if (item.kind === Kind.byte) {
      while (position < length && text.charCodeAt(position) === item.a) position++;
    } else {
      const { set } = item;
      while (position < length && set[text.charCodeAt(position)] === 1) position++;
    }
    return position;
  }

  /** Takes the latest choice otherwise. @returns False when none is left. */
  private goBack(budget: { budget: number }): boolean {
    const { choices } = this;
    while (this.height > 0) {
      const top = this.height - 4;
      const at = choices[top + 1] ?? 0;
      const position = choices[top + 2] ?? 0;
      switch (choices[top]) {
        case Choice.unopen:
          this.level--;
          break;
        case Choice.reopen:
          this.lengths[at] = UNFINISHED;
          break;
        case Choice.skip:
          this.height = top;
          this.at = at + 1;
          this.position = position;
          return true;
        case Choice.shrink:
          if (position - 1 === choices[top + 3]) this.height = top;
          else choices[top + 2] = position - 1;
          this.at = at + 1;
          this.position = position - 1;
          return true;
        default:
          if (this.grow(at, position, top, budget)) return true;
      }
      this.height = top;
    }
    return false;
  }

  /** Lets a lazy item take more, as much as it must before what follows it can match. */
  private grow(at: number, position: number, top: number, budget: { budget: number }): boolean {
    const { items } = this.pattern;
    const item = items[at];
    if (item === undefined) return false;
    const next = items[at + 1];
    const decisive =
      next !== undefined &&
      next.kind <= Kind.byte &&
      (next.repeat === Repeat.once || next.repeat === Repeat.plus);
    for (let to = position; this.matches(item, to); ) {
      to++;
      if (decisive && !this.matches(next, to)) continue;
      budget.budget -= (to - position) >> 3;
      this.choices[top + 2] = to;
      this.at = at + 1;
      this.position = to;
      return true;
    }
    budget.budget -= (this.text.length - position) >> 3;
    return false;
  }

  /** An error of the pattern; the next `run` starts anew. */
  private broken(problem: string): PatternError {
    this.inside = false;
    return new PatternError(problem);
  }

  private open(length: number): void {
    if (this.level >= MAXIMUM_CAPTURES) throw this.broken('too many captures');
    this.starts[this.level] = this.position;
    this.lengths[this.level] = length;
    this.level++;
    this.note(Choice.unopen, 0, 0, 0);
  }

  private innermostOpen(): number {
    for (let level = this.level - 1; level >= 0; level--) {
      if (this.lengths[level] === UNFINISHED) return level;
    }
    throw this.broken('invalid pattern capture');
  }

  /** `%bxy`: from an x to the y that balances it. */
  private balanced(open: number, close: number, budget: { budget: number }): boolean {
    const { text, position } = this;
    if (text.charCodeAt(position) !== open) return false;
    let depth = 1;
    for (let at = position + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === close) {
        if (--depth === 0) {
          budget.budget -= (at - position) >> 3;
          this.position = at + 1;
          return true;
        }
      } else if (code === open) depth++;
    }
    budget.budget -= (text.length - position) >> 3;
    return false;
  }

  /** `%f[set]`: between a byte that is not in the set and one that is; around the text lie NULs. */
  private atFrontier(set: ByteSet): boolean {
    const { text, position } = this;
    const before = position === 0 ? 0 : text.charCodeAt(position - 1);
    const after = position === text.length ? 0 : text.charCodeAt(position);
    return set[before] === 0 && set[after] === 1;
  }

  /** `%1`: the text of a capture once more. */
  private again(capture: number): boolean {
    const length = this.lengths[capture] ?? UNFINISHED;
    if (capture < 0 || capture >= this.level || length === UNFINISHED) {
      throw this.broken('invalid capture index');
    }
    // A position capture has no text; C takes its mark for a length that no text has.
    if (length < 0 || this.text.length - this.position < length) return false;
    const start = this.starts[capture] ?? 0;
    if (!this.text.startsWith(this.text.slice(start, start + length), this.position)) return false;
    this.position += length;
    return true;
  }

  /**
   * Capture `i` from 0: its text, or its position from 1; capture 0 of none is the whole match.
   *
   * @throws {PatternError}
   */
  capture(i: number): string | number {
    if (i >= this.level) {
      if (i !== 0) throw this.broken('invalid capture index');
      return this.text.slice(this.start, this.end);
    }
    const start = this.starts[i] ?? 0;
    const length = this.lengths[i] ?? UNFINISHED;
    if (length === POSITION) return start + 1;
    if (length === UNFINISHED) throw this.broken('unfinished capture');
    return this.text.slice(start, start + length);
  }
}
