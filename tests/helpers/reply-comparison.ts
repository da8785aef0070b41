/** How a reply of ours is held against the real server's where the bytes may differ. Errors may never. */

import { Decoder } from '../../protocol/decoder.js';

/** What is compared of two replies to one request. */
export interface Comparison {
  /** Whether both replies, a character a byte each, say the same. */
  same(ours: string, real: string, request: readonly string[]): boolean;
  /** What counts of a reply, in lines: a report shows those that only one of the two has. */
  lines(reply: string): readonly string[];
}

/** Compares what `lines` makes of both. */
export function by(lines: (reply: string) => readonly string[]): Comparison {
  return {
    same: (ours, real) => lines(ours).join('\r\n') === lines(real).join('\r\n'),
    lines,
  };
}

const split = (reply: string): string[] => reply.split('\r\n');

/** Every byte. */
export const exact = by(split);

/** The same lines in any order: for arrays of strings. */
export const unordered = by((reply) => split(reply).sort());

/** Parameters that say where a server runs. */
const PLACES = /^\$\d+ (dir|port) /;

/** Parameters and values in any order, but for where the server runs. */
export const parameters = by((reply) => {
  const [header = '', ...lines] = split(reply);
  const pairs: string[] = [];
  for (let i = 0; i < lines.length; i += 4) pairs.push(lines.slice(i, i + 4).join(' '));
  return [header, ...pairs.filter((pair) => !PLACES.test(pair)).sort()];
});

/**
 * Replies of SORT: which of several equal elements comes first is not determined, nor
 * what LIMIT then takes.
 */
export const sorted: Comparison = {
  lines: unordered.lines,
  same(ours, real, request) {
    const isLimited = request.some((word) => word.toLowerCase() === 'limit');
    return isLimited ? ours[0] === real[0] : unordered.same(ours, real, request);
  },
};

/** Type bytes of payloads whose elements come in any order. */
const UNORDERED_PAYLOADS = new Set([2, 4, 22]);
const CHECKSUM_BYTES = 8;

/** The type byte of hashes some fields of which expire. */
const TIMED_HASH = 22;
/** Type bytes of streams, whose consumers and deliveries have their moments. */
const STREAMS = new Set([15, 19, 21]);

/** A text with 64-bit moments in it, ms of these weeks, without them. */
function withoutMoments(text: string): string {
  const high = Math.floor(Date.now() / 2 ** 32);
  const moment = `[^]{4}\\x${(high & 0xff).toString(16).padStart(2, '0')}\\x0${high >> 8}\\0\\0`;
  return text.replace(new RegExp(moment, 'g'), '#');
}

/**
 * Payloads of DUMP: the same bytes, in any order where the order of elements means nothing, and without the moments of
 * fields and of streams' consumers, as one server comes to a request some milliseconds before the other.
 */
export const dumped = by((reply) => {
  const start = reply.indexOf('\n') + 1;
  const type = reply.startsWith('$') ? reply.charCodeAt(start) : -1;
  const end = reply.length - CHECKSUM_BYTES - 2;
  if (STREAMS.has(type)) return [withoutMoments(reply.slice(0, end))];
  if (!UNORDERED_PAYLOADS.has(type)) return [reply];
  if (reply.charCodeAt(start) === TIMED_HASH)
    return timedFields(reply.slice(start + 1, end)).sort();
  return [...reply.slice(0, end)].sort();
});

/** The fields of a hash in RDB form, each with its value and whether it expires, then the version. */
function timedFields(body: string): string[] {
  let at = 0;
  const text = () => {
    const from = at;
    at += stringBytes(body, at);
    return body.slice(from, at);
  };
  const count = body.charCodeAt(0) < 0x40 ? 1 : 2;
  const fields = [body.slice(0, count)];
  for (at = count; at < body.length - 2; at += 8) {
    const pair = `${text()} ${text()}`;
    fields.push(`${pair} ${body.startsWith('\u00ff'.repeat(8), at) ? 'stays' : 'expires'}`);
  }
  return [...fields, body.slice(at)];
}

/** Bytes of the string in RDB form at `at`: shorter than 16 KiB, an integer or compressed. */
function stringBytes(body: string, at: number): number {
  const first = body.charCodeAt(at);
  const length = (place: number): readonly [bytes: number, value: number] => {
    const byte = body.charCodeAt(place);
    return byte < 0x40 ? [1, byte] : [2, ((byte & 0x3f) << 8) | body.charCodeAt(place + 1)];
  };
  if (first === 0xc3) {
    const [bytes, packed] = length(at + 1);
    return 1 + bytes + length(at + 1 + bytes)[0] + packed;
  }
  if (first >= 0xc0) return 1 + 2 ** (first & 3);
  const [bytes, value] = length(at);
  return bytes + value;
}

const withoutNumbers = (reply: string): string => reply.replace(/-?\d+(\.\d+)?/g, '#');

/** The same but for numbers. */
export const shape = by((reply) => withoutNumbers(reply).split(/ |\r\n/));

/** Lines about clients, the same but for numbers, and for whether a reply is just being written. */
export const clientLines = by((reply) => shape.lines(reply.replace(/events=\w+/g, '')));

/** The same but for moments of these years, in ms since 1970. */
export const moments = by((reply) => split(reply.replace(/^:1[78]\d{11}$/gm, ':#')));

/** The same but for integers up to some minutes, in ms. */
export const spans = by((reply) => split(reply.replace(/^:\d{1,5}$/gm, ':#')));

const REDACTED = '(redacted)';

function flat(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap(flat) : [withoutNumbers(String(value))];
}

/** What an array holds, one after the other, without numbers. */
function parts(reply: string): string[] {
  const decoder = new Decoder();
  decoder.add(Buffer.from(reply, 'latin1'));
  return flat(decoder.next());
}

/** Logged requests, the same but for numbers. Where ours hides a secret, the real server may show it. */
export const logged: Comparison = {
  lines: parts,
  same(ours, real) {
    const [mine, other] = [parts(ours), parts(real)];
    const fits = (part: string, i: number) => part === REDACTED || part === other[i];
    return mine.length === other.length && mine.every(fits);
  },
};

/** The same kind of reply. */
export const kind = by((reply) => [reply.startsWith('$-1') ? 'nil' : reply.slice(0, 1)]);

/** Fields of INFO that only one of the two has: how it was built, modules. */
const FIELDS_OF_ONE = /^(valkey_ts_version|node_version|gcc_version|module:|engine_)/;
/** Fields of INFO whose value is the same, but for times. */
const COUNTING_FIELDS = new RegExp(
  `^(${[
    ...['cmdstat_', 'errorstat_', 'db\\d+:', 'connected_clients', 'total_commands_processed:'],
    ...['keyspace_', 'expired_keys:', 'evicted_keys:', 'total_error_replies:', 'role:'],
    ...['unexpected_error_replies:', 'databases:', 'blocked_clients:', 'maxmemory'],
  ].join('|')})`,
);

/** What INFO tells: the same names in any order, and the same counts where the requests alone make them. */
export const information = by((reply) =>
  split(reply)
    .slice(1)
    .filter((line) => !FIELDS_OF_ONE.test(line))
    .map((line) =>
      COUNTING_FIELDS.test(line)
        ? line.replace(/usec(_per_call)?=[\d.]+,?|avg_ttl=-?\d+,?/g, '')
        : line.replace(/[:=].*$/, ''),
    )
    .sort(),
);

/** Integers that differ by less than `distance`; negative ones must be equal. */
export function near(distance: number): Comparison {
  return {
    lines: split,
    same(ours, real) {
      if (!/^:\d/.test(ours) || !/^:\d/.test(real)) return ours === real;
      const difference = BigInt(ours.slice(1, -2)) - BigInt(real.slice(1, -2));
      return difference < distance && -difference < distance;
    },
  };
}

/** Lists of integers no farther apart than `distance`, place by place. */
export function nearEach(distance: number): Comparison {
  const each = near(distance);
  return {
    lines: split,
    same(ours, real, request) {
      const [mine, other] = [split(ours), split(real)];
      return (
        mine.length === other.length &&
        mine.every((line, i) => each.same(`${line}\r\n`, `${other[i]}\r\n`, request))
      );
    },
  };
}

/** A scan that began and ended with these replies holds the same; of a part nothing can be said. */
export const scanned: Comparison = {
  lines: unordered.lines,
  same(ours, real, request) {
    const cursor = request[0]?.toLowerCase() === 'scan' ? request[1] : request[2];
    const whole = (reply: string) => cursor === '0' && reply.startsWith('*2\r\n$1\r\n0\r\n');
    return whole(ours) && whole(real) ? unordered.same(ours, real, request) : ours[0] === real[0];
  },
};
