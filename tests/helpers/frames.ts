/** Requests as bytes, whole and broken, for tests of what a server makes of them. One character a byte. */
import type { Random } from '../../datatypes/random.js';
import { oneOf } from './seeded.js';

const LONG = 'x'.repeat(70_000);
const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const request = (...words: string[]) => `*${words.length}\r\n${words.map(bulk).join('')}`;

/** Bytes that are no request, or hardly one: every way of going wrong that the protocol has. */
export const ODD_FRAMES: readonly string[] = [
  ...['', '\r\n', '\n', '\r\n\r\nPING\r\n', 'PING', 'PING\r', 'ping\n\nping\n', '  PING  \r\n'],
  // Counts of arguments.
  ...['*\r\n', '*0\r\nPING\r\n', '*-1\r\nPING\r\n', '*-5\r\nPING\r\n', '*-0\r\nPING\r\n'],
  ...['*01\r\n$4\r\nPING\r\n', '*+1\r\n$4\r\nPING\r\n', '*1 \r\n$4\r\nPING\r\n', '*abc\r\n'],
  ...['*2147483647\r\n', '*2147483648\r\n', '*9223372036854775807\r\n', '*\x00\r\n'],
  ...['*99999999999999999999\r\n', '*-9223372036854775808\r\nPING\r\n', `*${LONG}`],
  // Lengths of arguments.
  ...['*1\r\n$-1\r\n', '*1\r\n$-0\r\n', '*1\r\n$04\r\nPING\r\n', '*1\r\n$+4\r\nPING\r\n'],
  ...['*1\r\n$\r\n', '*1\r\n$ 4\r\n', '*1\r\n$4 \r\n', '*1\r\n$abc\r\n', `*1\r\n$${LONG}`],
  ...['*1\r\n$536870912\r\n', '*1\r\n$536870913\r\n', '*1\r\n$9223372036854775807\r\n'],
  ...['*1\r\n$-2147483648\r\n', '*1\r\n$0\r\n\r\n', `*2\r\n${bulk('PING')}$0\r\n\r\n`],
  // Ends of lines.
  ...['*1\n$4\nPING\n', '*1\r\n$4\r\nPINGxx', '*1\r\n$4\r\nPING\rx*1\r\n$4\r\nPING\r\n'],
  ...['*1\r', '*1\r\r\n', '*1\r\n$4\r\r\n', '*1\r\n$4\n', '*1\r\n\r', `*1\r\n${LONG}`],
  // Something else where an argument should begin.
  ...['*1\r\n\r\n', '*1\r\nPING\r\n', '*1\r\n:5\r\n', `*1\r\n${request('PING')}`],
  ...['*1\r\nX', '*1\r\nX\r', '*1\r\nX\n', `${request('PING')}*1\r\n$4\r\nPIN`],
  // Inline requests: quotes, zeros, length.
  ...['PING "a\r\n', "PING 'a\r\n", 'PING "a"b\r\n', 'PING "a" b\r\n', 'PING "\\x41\\n"\r\n'],
  ...['PING\x00\r\n', '\x00\r\n', 'PI\x00NG\r\nPING\r\n', '\tPING\x0bx\r\n', LONG, `${LONG}\r\n`],
  `PING ${'x'.repeat(65_000)}\r\n`,
  ...[
    '\xffECHO "\xff\\xff\\\xff" \'\xff\'\r\n',
    'ECHO \xff\r\n',
    '\xff\r\n',
    'ECHO a\xa0\x0bb\r\n',
  ],
  // Replies, and other protocols.
  ...['+PING\r\n', '$4\r\nPING\r\n', ':5\r\n', '-ERR\r\n', '%1\r\n', '_\r\n', 'Host: a\r\n'],
  ...['POST / HTTP/1.1\r\nHost: x\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  // Broken ones behind whole ones.
  ...['HELLO 3\r\n*1\r\n$-1\r\n', 'HELLO 3\r\nPING "\r\n', 'HELLO 4\r\n', 'QUIT\r\nPING\r\n'],
  `${request('QUIT')}*1\r\n$99999999999\r\n`,
  `${request('SET', 'k', 'v'.repeat(1_048_576))}${request('STRLEN', 'k')}`,
  `*1\r\n${bulk('v'.repeat(65_536))}`,
];

/** Whole requests of many forms, none of which depends on the moment or on other clients. */
const WHOLE_FRAMES: readonly string[] = [
  request('PING'),
  request('PING', 'a\r\nb\x00\xff'),
  request('ECHO', ''),
  request('SET', 'k', 'v'.repeat(300)),
  request('SET', 'n', '12'),
  request('INCRBY', 'n', '5'),
  request('APPEND', 'k', '\r\n*1\r\n'),
  request('GET', 'k'),
  request('GET', 'missing'),
  request('STRLEN', 'k'),
  request('MSET', 'a', '1', 'b', '2'),
  request('MGET', 'a', 'b', 'c'),
  request('DEL', 'a', 'b'),
  request('GET'),
  request('NOSUCH', 'x'),
  request('EXISTS', ...Array.from({ length: 40 }, (_, i) => `${i}`)),
  request('HELLO', '3'),
  request('HELLO', '2'),
  request('HELLO', '9'),
  'PING\r\n',
  "set \"q\\x20x\" 'it\\'s'\r\n",
  'get "q x"\n',
  '\r\n',
  '*0\r\n',
];

const ODD_NUMBERS = ['-1', '0', '1', '03', '+2', '2147483648', '536870913', '18446744073709551616'];
const ODD_BYTES = ['\r', '\n', '\r\n', '\x00', '$', '*', '-', ' ', '"', "'", '9', '\xff'];

/** Puts something wrong in one place. */
function damaged(random: Random, frame: string): string {
  const at = random.below(frame.length + 1);
  const [before, after] = [frame.slice(0, at), frame.slice(at)];
  switch (random.below(5)) {
    case 0:
      return before + oneOf(random, ODD_BYTES) + after;
    case 1:
      return before + after.slice(1);
    case 2:
      return before + oneOf(random, ODD_BYTES) + after.slice(1);
    case 3:
      return before;
    default:
      return frame.replace(/(?<=[*$])\d+/, oneOf(random, ODD_NUMBERS));
  }
}

/** A stream of requests; at times one of them is damaged. */
export function randomStream(random: Random): string {
  let stream = '';
  for (let i = random.below(12); i >= 0; i--) {
    const frame = oneOf(random, WHOLE_FRAMES);
    stream += random.below(6) === 0 ? damaged(random, frame) : frame;
  }
  return stream;
}

/** Cuts a stream into up to `most` pieces at random places. */
export function randomPieces(random: Random, stream: string, most: number): string[] {
  const cuts = Array.from({ length: random.below(most) }, () => random.below(stream.length + 1));
  const ends = [...cuts.sort((a, b) => a - b), stream.length];
  return ends.map((end, i) => stream.slice(i === 0 ? 0 : ends[i - 1], end));
}

/** Replies without what each HELLO has of its own: the client's ID. */
export function withoutIds(replies: string): string {
  return replies.replace(/(?<=\r\nid\r\n:)\d+/g, 'ID');
}
