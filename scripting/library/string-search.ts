/**
 * `find`, `match`, `gmatch` and `gsub`.
 *
 * Each gives way (`thread.later`) when its matcher has used up the machine's ticks, so that a script
 * can be left, or killed, within a pattern that takes long.
 */
import type { Thread } from '../machine/thread.js';
import { type NativeBody, NativeFunction } from '../machine/values.js';
import { checkString, fail, isNoneOrNil, optionalInteger } from './arguments.js';
import { PatternCache } from './pattern.js';
import { Matcher, Outcome, PatternError } from './pattern-matcher.js';
import { substitution } from './string-substitute.js';

/** Characters that make a text a pattern. */
const SPECIAL = /^[^\0]*?[$^*+?.([%-]/;

/** Pushes all captures of a match, or the whole match when the pattern has none. */
export function pushCaptures(thread: Thread, matcher: Matcher): number {
  const count = Math.max(matcher.level, 1);
  for (let i = 0; i < count; i++) thread.push(matcher.capture(i));
  return count;
}

/** Where the third argument of `find` and `match` says to start, from 0. */
function startAt(thread: Thread, length: number): number {
  let position = optionalInteger(thread, 3, 1);
  if (position < 0) position += length + 1;
  return Math.min(Math.max(position - 1, 0), length);
}

/** Pushes what a function answers for a match. @returns How many values. */
type Answer = (thread: Thread, matcher: Matcher) => number;

/** Searches, in as many turns as it takes, and answers what was found, or nil. */
function search(thread: Thread, matcher: Matcher, answer: Answer): number {
  try {
    const outcome = matcher.search(thread.machine);
    if (outcome === Outcome.found) return answer(thread, matcher);
    if (outcome === Outcome.none) return thread.answer(undefined);
    return thread.later((later) => search(later, matcher, answer));
  } catch (thrown) {
    if (thrown instanceof PatternError) throw fail(thread, thrown.text);
    throw thrown;
  }
}

const answerPlace: Answer = (thread, matcher) => {
  thread.push(matcher.start + 1);
  thread.push(matcher.end);
  return 2 + (matcher.level > 0 ? pushCaptures(thread, matcher) : 0);
};

function findPlainly(thread: Thread, text: string, wanted: string, start: number): number {
  thread.machine.charge(text.length);
  const at = text.indexOf(wanted, start);
  if (at < 0) return thread.answer(undefined);
  thread.push(at + 1);
  thread.push(at + wanted.length);
  return 2;
}

function isTrueArgument(thread: Thread, i: number): boolean {
  return !isNoneOrNil(thread, i) && thread.arg(i) !== false;
}

/** The functions of `string` that take patterns. */
export function patternFunctions(): Record<'find' | 'match' | 'gmatch' | 'gsub', NativeBody> {
  const patterns = new PatternCache();
  // Nothing else is matched before `find` and `match` are done, so that they can share one.
  const shared = new Matcher('', patterns.get('', true));
  const find: NativeBody = (thread) => {
    const text = checkString(thread, 1);
    const wanted = checkString(thread, 2);
    const start = startAt(thread, text.length);
    if (isTrueArgument(thread, 4) || !SPECIAL.test(wanted)) {
      return findPlainly(thread, text, wanted, start);
    }
    shared.reset(text, patterns.get(wanted, true), start);
    return search(thread, shared, answerPlace);
  };
  const match: NativeBody = (thread) => {
    const text = checkString(thread, 1);
    const pattern = patterns.get(checkString(thread, 2), true);
    shared.reset(text, pattern, startAt(thread, text.length));
    return search(thread, shared, pushCaptures);
  };
  const gmatch: NativeBody = (thread) => {
    const text = checkString(thread, 1);
    const pattern = patterns.get(checkString(thread, 2), false);
    return thread.answer(new NativeFunction('gmatch', eachMatch(new Matcher(text, pattern))));
  };
  return { find, match, gmatch, gsub: substitution(patterns) };
}

/** What `gmatch` answers: a function that finds the next match each time. */
function eachMatch(matcher: Matcher): NativeBody {
  const answer: Answer = (thread) => {
    const count = pushCaptures(thread, matcher);
    matcher.start = matcher.end > matcher.start ? matcher.end : matcher.end + 1;
    return count;
  };
  return (thread) => {
    if (matcher.start > matcher.text.length) return thread.answer(undefined);
    return search(thread, matcher, answer);
  };
}
