/** Which keyspace events are published: letters in the settings, bits for those who ask at each event. */

import { InvalidSetting, type Parameter } from './parameter.js';
import { quoted } from './quoting.js';

/** One bit for each class of events, and for the two channels they may go to. */
export const KEYSPACE_EVENTS = {
  keyspace: 1 << 0,
  keyevent: 1 << 1,
  generic: 1 << 2,
  string: 1 << 3,
  list: 1 << 4,
  set: 1 << 5,
  hash: 1 << 6,
  sortedSet: 1 << 7,
  expired: 1 << 8,
  evicted: 1 << 9,
  stream: 1 << 10,
  keyMiss: 1 << 11,
  module: 1 << 13,
  newKey: 1 << 14,
} as const;

const EVENTS = KEYSPACE_EVENTS;

/** In the order in which CONFIG GET writes them. */
const CLASSES: readonly (readonly [string, number])[] = [
  ['g', EVENTS.generic],
  ['$', EVENTS.string],
  ['l', EVENTS.list],
  ['s', EVENTS.set],
  ['h', EVENTS.hash],
  ['z', EVENTS.sortedSet],
  ['x', EVENTS.expired],
  ['e', EVENTS.evicted],
  ['t', EVENTS.stream],
  ['d', EVENTS.module],
];

const ALL = CLASSES.reduce((bits, [, bit]) => bits | bit, 0);

const CHANNELS: readonly (readonly [string, number])[] = [
  ['K', EVENTS.keyspace],
  ['E', EVENTS.keyevent],
  ['m', EVENTS.keyMiss],
];

const NEW_KEY = ['n', EVENTS.newKey] as const;

const BY_LETTER = new Map<string, number>([...CLASSES, NEW_KEY, ...CHANNELS, ['A', ALL]]);

function letters(from: readonly (readonly [string, number])[], bits: number): string {
  return from.map(([letter, bit]) => (bits & bit ? letter : '')).join('');
}

/** `A` hides the letter of new keys too, as the real server does. */
function text(bits: number): string {
  const classes = (bits & ALL) === ALL ? 'A' : letters([...CLASSES, NEW_KEY], bits);
  return classes + letters(CHANNELS, bits);
}

export function keyspaceEvents(): Parameter<number> {
  return {
    default: '',
    read(words) {
      if (words.length !== 1) throw new InvalidSetting('wrong number of arguments');
      let value = 0;
      for (const letter of words[0] ?? '') {
        const bit = BY_LETTER.get(letter);
        if (bit === undefined) {
          throw new InvalidSetting("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        }
        value |= bit;
      }
      return { value, text: text(value) };
    },
    lines: ({ text: shown }) => [quoted(shown)],
  };
}
