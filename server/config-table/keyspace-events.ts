/** Which keyspace events are published: letters in the settings, bits for those who ask at each event. */

import { EventClass } from '../../datatypes/call.js';
import { untilZero } from '../../protocol/bytes.js';
import { InvalidSetting, type Parameter } from './parameter.js';
import { quoted } from './quoting.js';

/** The channels that events may go to: bits beside those of `EventClass`. */
export const EventChannel = {
  keyspace: 1 << 16,
  keyevent: 1 << 17,
} as const;

/** In the order in which CONFIG GET writes them. */
const CLASSES: readonly (readonly [string, number])[] = [
  ['g', EventClass.generic],
  ['$', EventClass.string],
  ['l', EventClass.list],
  ['s', EventClass.set],
  ['h', EventClass.hash],
  ['z', EventClass.zset],
  ['x', EventClass.expired],
  ['e', EventClass.evicted],
  ['t', EventClass.stream],
  ['d', EventClass.module],
];

const ALL = CLASSES.reduce((bits, [, bit]) => bits | bit, 0);

const CHANNELS: readonly (readonly [string, number])[] = [
  ['K', EventChannel.keyspace],
  ['E', EventChannel.keyevent],
  ['m', EventClass.keyMiss],
];

const NEW_KEY = ['n', EventClass.newKey] as const;

const BY_LETTER = new Map<string, number>([...CLASSES, NEW_KEY, ...CHANNELS, ['A', ALL]]);

function letters(from: readonly (readonly [string, number])[], bits: number): string {
  return from.map(([letter, bit]) => (bits & bit ? letter : '')).join('');
}

/** `A` hides the letter of new keys too, as the real server does. */
function text(bits: number): string {
  const classes = (bits & ALL) === ALL ? 'A' : letters([...CLASSES, NEW_KEY], bits);
  return classes + letters(CHANNELS, bits);
}

/** Bits of `EventClass` and `EventChannel`. */
export function keyspaceEvents(): Parameter<number> {
  return {
    default: '',
    read(words) {
      if (words.length !== 1) throw new InvalidSetting('wrong number of arguments');
      let value = 0;
      for (const letter of untilZero(words[0] ?? '')) {
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
