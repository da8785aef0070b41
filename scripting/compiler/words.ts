/** The reserved words, and the numbers the parser of `fengari` gives them and other tokens. */

/** In the order of their numbers. */
export const RESERVED: readonly string[] =
  'and break do else elseif end false for function goto if in local nil not or repeat return then true until while'.split(
    ' ',
  );

/** The number of the first; lower ones are characters. */
export const FIRST_RESERVED = 257;

const of = (word: string): number => FIRST_RESERVED + RESERVED.indexOf(word);

/** Words and other tokens of more than one character, by number. */
export const Word = {
  break: of('break'),
  do: of('do'),
  else: of('else'),
  elseif: of('elseif'),
  end: of('end'),
  for: of('for'),
  function: of('function'),
  if: of('if'),
  local: of('local'),
  repeat: of('repeat'),
  return: of('return'),
  until: of('until'),
  while: of('while'),
  concat: FIRST_RESERVED + 23,
  dots: FIRST_RESERVED + 24,
  equal: FIRST_RESERVED + 25,
  greaterOrEqual: FIRST_RESERVED + 26,
  lessOrEqual: FIRST_RESERVED + 27,
  notEqual: FIRST_RESERVED + 28,
  eof: FIRST_RESERVED + 32,
  number: FIRST_RESERVED + 33,
  name: FIRST_RESERVED + 35,
  string: FIRST_RESERVED + 36,
} as const;

/** `then`; apart, since an object with such a property would pass for a promise. */
export const THEN = of('then');
