/** `string.gsub`: see string-search.ts. */
import { typeName } from '../machine/describe.js';
import { formatNumber } from '../machine/numbers.js';
import { findMetamethod } from '../machine/operators.js';
import { Table } from '../machine/table.js';
import type { Thread } from '../machine/thread.js';
import {
  Closure,
  isTrue,
  type LuaValue,
  type NativeBody,
  NativeFunction,
} from '../machine/values.js';
import { argumentError, checkString, fail, optionalInt } from './arguments.js';
import type { PatternCache } from './pattern.js';
import { Matcher, Outcome, PatternError } from './pattern-matcher.js';
import { TextBuilder } from './text-builder.js';

/** The longest chain of `__index`. */
const MAXIMUM_CHAIN = 100;

/** One run of `gsub`: what has been replaced so far and where it is. */
class Substitution {
  private readonly matcher: Matcher;
  private readonly replacement: LuaValue;
  /** The replacement as text, when it is one that stands for itself. */
  private readonly constant: string | null;
  private readonly most: number;
  private readonly out: TextBuilder;
  /** What has been copied or replaced, in bytes of the text. */
  private done = 0;
  private count = 0;
  private readonly goOn: NativeBody = (thread) => this.run(thread);
  private readonly takeResult: NativeBody = (thread) => {
    const value = thread.result(0);
    thread.top = thread.frame.callee;
    this.add(thread, value);
    return this.run(thread);
  };

  constructor(thread: Thread, matcher: Matcher, replacement: LuaValue, most: number) {
    this.out = new TextBuilder(thread.machine);
    this.matcher = matcher;
    this.replacement = replacement;
    this.most = most;
    const plain = typeof replacement === 'string' && !replacement.includes('%');
    this.constant = plain ? replacement : null;
  }

  /** Replaces until the end, or until a function has to be called first. */
  run(thread: Thread): number {
    const { matcher, constant } = this;
    try {
      while (this.count < this.most && this.done >= 0) {
        const outcome = matcher.search(thread.machine);
        if (outcome === Outcome.unfinished) return thread.later(this.goOn);
        if (outcome === Outcome.none) break;
        this.count++;
        this.out.add(matcher.text.slice(this.done, matcher.start));
        if (constant !== null) {
          this.out.add(constant);
          this.moveOn();
        } else if (this.replace(thread))
          return thread.callThen(thread.frame.callee, 1, this.takeResult);
      }
    } catch (thrown) {
      if (thrown instanceof PatternError) throw fail(thread, thrown.text);
      throw thrown;
    }
    if (this.done >= 0) this.out.add(matcher.text.slice(this.done));
    thread.push(this.out.end());
    thread.push(this.count);
    return 2;
  }

  /** Sets where the next match is looked for; `done` is -1 when there can be none. */
  private moveOn(): void {
    const { matcher } = this;
    const { text, start, end } = matcher;
    this.done = end;
    if (end === start) {
      if (start < text.length) this.out.add(text.charAt(start));
      this.done = start < text.length ? start + 1 : -1;
    }
    if (matcher.pattern.anchored && this.done >= 0) {
      this.out.add(text.slice(this.done));
      this.done = -1;
    }
    matcher.start = this.done;
  }

  /** Replaces the match at hand. @returns Whether a function has been pushed that is to be called. */
  private replace(thread: Thread): boolean {
    const { matcher, replacement } = this;
    if (typeof replacement === 'string') {
      this.out.add(this.expand(replacement));
      this.moveOn();
      return false;
    }
    thread.frame.callee = thread.top;
    if (replacement instanceof Table) return this.lookUp(thread, replacement);
    thread.push(replacement);
    const count = Math.max(matcher.level, 1);
    for (let i = 0; i < count; i++) thread.push(matcher.capture(i));
    return true;
  }

  /** Takes the replacement from a table, by the first capture. */
  private lookUp(thread: Thread, table: Table): boolean {
    const key = this.matcher.capture(0);
    let from: LuaValue = table;
    for (let loop = 0; loop < MAXIMUM_CHAIN; loop++) {
      const found: LuaValue = from instanceof Table ? from.get(key) : undefined;
      const handler: LuaValue =
        found === undefined ? findMetamethod(thread.machine, from, '__index') : undefined;
      if (handler === undefined) {
        if (!(from instanceof Table)) {
          throw thread.machine.typeError(thread, 'index', from, -1);
        }
        this.add(thread, found);
        return false;
      }
      if (handler instanceof Closure || handler instanceof NativeFunction) {
        thread.push(handler);
        thread.push(from);
        thread.push(key);
        return true;
      }
      from = handler;
    }
    throw thread.machine.failure(thread, 'loop in gettable');
  }

  /** Adds what a table or function gave; nil and false leave the match as it is. */
  private add(thread: Thread, value: LuaValue): void {
    const { text, start, end } = this.matcher;
    if (typeof value === 'string') this.out.add(value);
    else if (typeof value === 'number') this.out.add(formatNumber(value));
    else if (isTrue(value)) {
      throw fail(thread, `invalid replacement value (a ${typeName(value)})`);
    } else this.out.add(text.slice(start, end));
    this.moveOn();
  }

  /** The replacement with its captures filled in. */
  private expand(replacement: string): string {
    let out = '';
    let from = 0;
    for (let at = replacement.indexOf('%'); at >= 0; at = replacement.indexOf('%', from)) {
      out += replacement.slice(from, at);
      const letter = replacement.charCodeAt(at + 1);
      if (letter === 0x30) out += this.matcher.text.slice(this.matcher.start, this.matcher.end);
      else if (letter >= 0x31 && letter <= 0x39) {
        const capture = this.matcher.capture(letter - 0x31);
        out += typeof capture === 'number' ? formatNumber(capture) : capture;
      } else out += at + 1 < replacement.length ? replacement.charAt(at + 1) : '\0';
      from = at + 2;
    }
    return out + replacement.slice(from);
  }
}

/** `gsub`. */
export function substitution(patterns: PatternCache): NativeBody {
  return (thread) => {
    const text = checkString(thread, 1);
    const pattern = patterns.get(checkString(thread, 2), true);
    const given = thread.arg(3);
    const replacement = typeof given === 'number' ? formatNumber(given) : given;
    const fits =
      typeof replacement === 'string' ||
      replacement instanceof Table ||
      replacement instanceof Closure ||
      replacement instanceof NativeFunction;
    if (!fits) throw argumentError(thread, 3, 'string/function/table expected');
    const most = optionalInt(thread, 4, text.length + 1);
    return new Substitution(thread, new Matcher(text, pattern), replacement, most).run(thread);
  };
}
