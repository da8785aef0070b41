import t from 'tap';
import type { Random } from '../../datatypes/random.js';
import { oneOf, seeded } from '../helpers/seeded.js';
import { runOnBoth, type Words } from '../helpers/twins.js';

const HEADER = 'HYLL\u0001\0\0\0';
const FRESH = '\0'.repeat(8);
const NO_RUNS = `${HEADER}${FRESH}`;
const DENSE = `HYLL\0\0\0\0${FRESH}`;

const FIXED: readonly Words[] = [
  ['RPUSH', 'list', 'a'],
  ['SET', 'text', 'abc'],
  ['SET', 'number', '12345678901234567'],
  ['PFADD', 'h'],
  ['PFADD', 'h'],
  ['GET', 'h'],
  ['PFCOUNT', 'h'],
  ['PFADD', 'h', 'a', 'b', 'c', 'a'],
  ['PFADD', 'h', 'a', 'b', 'c', 'a'],
  ['PFADD', 'h', ''],
  ['GET', 'h'],
  ['DUMP', 'h'],
  ['PFCOUNT', 'h'],
  ['GET', 'h'],
  ['PFCOUNT', 'h'],
  ['PFDEBUG', 'ENCODING', 'h'],
  ['PFDEBUG', 'decode', 'h'],
  ['PFADD', 'new', 'a', 'b', 'c'],
  ['PFADD', 'list', 'a'],
  ['PFADD', 'text', 'a'],
  ['PFADD', 'text'],
  ['PFADD', 'number', 'a'],
  ['PFCOUNT', 'list'],
  ['PFCOUNT', 'text'],
  ['PFCOUNT', 'absent'],
  ['PFCOUNT', 'absent', 'absent'],
  ['PFCOUNT', 'h', 'new', 'absent'],
  ['PFCOUNT', 'h', 'text'],
  ['PFCOUNT', 'list', 'text'],
  ['PFCOUNT', 'text', 'list'],
  ['PFCOUNT'],
  ['PFMERGE'],
  ['PFMERGE', 'merged', 'text'],
  ['PFMERGE', 'list', 'h'],
  ['PFMERGE', 'text'],
  ['PFMERGE', 'merged', 'h', 'list'],
  ['EXISTS', 'merged'],
  ['PFMERGE', 'merged'],
  ['PFMERGE', 'merged', 'absent'],
  ['PFMERGE', 'merged', 'h', 'new'],
  ['GET', 'merged'],
  ['PFDEBUG', 'GETREG', 'absent'],
  ['PFDEBUG', 'GETREG', 'list'],
  ['PFDEBUG', 'GETREG', 'text'],
  ['PFDEBUG', 'what', 'absent'],
  ['PFDEBUG', 'what', 'text'],
  ['PFDEBUG', 'what', 'h'],
  ['PFDEBUG', 'SIMD', 'ON'],
  ['PFDEBUG', 'simd', 'off'],
  ['PFDEBUG', 'SIMD', 'h'],
  ['PFDEBUG', 'SIMD'],
  ['PFDEBUG', 'TODENSE', 'new'],
  ['PFDEBUG', 'TODENSE', 'new'],
  ['GET', 'new'],
  ['PFDEBUG', 'DECODE', 'new'],
  ['PFDEBUG', 'ENCODING', 'new'],
  ['PFADD', 'new', 'a', 'b', 'c', 'd'],
  ['PFMERGE', 'h', 'new'],
  ['PFDEBUG', 'GETREG', 'merged'],
  ['PFDEBUG', 'GETREG', 'merged'],
  ['PFSELFTEST'],
  ['PFSELFTEST', 'x'],
  // Expiry and copies.
  ['PFADD', 'e', 'x'],
  ['PEXPIREAT', 'e', '4000000000000'],
  ['PFADD', 'e', 'y', 'z'],
  ['PFDEBUG', 'TODENSE', 'e'],
  ['PEXPIRETIME', 'e'],
  ['COPY', 'e', 'e2'],
  ['PFADD', 'e', '1', '2', '3', '4', '5'],
  ['PFCOUNT', 'e2'],
  ['PFCOUNT', 'e'],
  // Strings that only look like one.
  ['SET', 's', 'HYLL'],
  ['PFCOUNT', 's'],
  ['SET', 's', NO_RUNS],
  ['PFCOUNT', 's'],
  ['OBJECT', 'ENCODING', 's'],
  ['PFADD', 's'],
  ['OBJECT', 'ENCODING', 's'],
  ['PFADD', 's', 'x'],
  ['PFCOUNT', 's', 's'],
  ['PFMERGE', 'd', 's'],
  ['EXISTS', 'd'],
  ['SETRANGE', 's', '15', '\u0080'],
  ['PFCOUNT', 's'],
  ['PFDEBUG', 'DECODE', 's'],
  ['PFDEBUG', 'TODENSE', 's'],
  ['SET', 's', `HYLL\u0002\0\0\0${FRESH}\u007f\u00ff`],
  ['PFCOUNT', 's'],
  ['SET', 's', `HYLL\0\0\0\0${FRESH}\u007f\u00ff`],
  ['PFCOUNT', 's'],
  ['SET', 's', `HYLX\u0001\0\0\0${FRESH}\u007f\u00ff`],
  ['PFCOUNT', 's'],
  ['SET', 's', `HYLL\u0001abc\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u007f\u00ff`],
  ['PFCOUNT', 's'],
  ['PFADD', 's', 'x'],
  ['GET', 's'],
  ['PFDEBUG', 'TODENSE', 's'],
  ['GET', 's'],
  ['SET', 's', `HYLL\u0001\0\0\0${'\u00ff'.repeat(7)}\u007f\u007f\u00ff`],
  ['PFCOUNT', 's'],
  // Runs too long, too short, cut off.
  ['SET', 's', `${HEADER}${FRESH.slice(1)}\u0080\u007f\u00ff\u007f\u00ff`],
  ['PFCOUNT', 's'],
  ['PFADD', 's', 'x'],
  ['PFADD', 's', 'x'],
  ['GET', 's'],
  ['SET', 's', `${HEADER}${FRESH.slice(1)}\u0080\u0040`],
  ['PFCOUNT', 's'],
  ['PFDEBUG', 'DECODE', 's'],
  ['PFADD', 's', 'x', 'y', 'z'],
  ['SET', 's', `${HEADER}${FRESH.slice(1)}\u0080${'\u003f'.repeat(256)}`],
  ['PFCOUNT', 's'],
  ['PFADD', 's', 'x', 'y', 'z'],
  ['PFDEBUG', 'DECODE', 's'],
  ['PFCOUNT', 's'],
  ['SET', 's', `${HEADER}${FRESH.slice(1)}\u0080${'\u00ff'.repeat(4096)}`],
  ['PFADD', 's', 'x', 'y', 'z'],
  ['PFCOUNT', 's'],
  ['PFDEBUG', 'TODENSE', 's'],
  ['PFCOUNT', 's'],
  // Dense registers that no elements can have made.
  ['SET', 's', `${DENSE.slice(0, 15)}\u0080${'\u00ff'.repeat(12288)}`],
  ['PFCOUNT', 's'],
  ['PFADD', 's', 'x'],
  ['SET', 's', `${DENSE.slice(0, 15)}\u0080${'\u00f3\u003c\u00cf'.repeat(4096)}`],
  ['PFCOUNT', 's'],
  ['PFCOUNT', 's', 's'],
  ['SET', 's', `${DENSE.slice(0, 15)}\u0080${'\u00b2\u002c\u00cb'.repeat(4096)}`],
  ['PFCOUNT', 's'],
  ['GET', 's'],
  ['SET', 's', `${DENSE}${'\u00ff'.repeat(12289)}`],
  ['PFCOUNT', 's'],
  // Other limits of the sparse form.
  ['CONFIG', 'SET', 'hll-sparse-max-bytes', '30'],
  ['PFADD', 'limited', ...'abcdef'],
  ['PFDEBUG', 'DECODE', 'limited'],
  ['PFADD', 'limited', ...'ghijkl'],
  ['PFDEBUG', 'ENCODING', 'limited'],
  ['CONFIG', 'SET', 'hll-sparse-max-bytes', '0'],
  ['PFADD', 'dense'],
  ['PFDEBUG', 'ENCODING', 'dense'],
  ['PFADD', 'dense', 'a'],
  ['PFDEBUG', 'ENCODING', 'dense'],
  ['CONFIG', 'SET', 'hll-sparse-max-bytes', '3000'],
];

for (const resp of [2, 3] as const) {
  t.test(`HyperLogLogs reply at each edge as on the real server in RESP${resp}`, async (t) => {
    const both = await runOnBoth(t, FIXED, resp);
    if (both === null) return;
    const { ours, real } = both;
    const named = (replies: string[]) =>
      replies.map((reply, i) => `${i} ${FIXED[i]?.join(' ').slice(0, 60)}: ${reply.slice(0, 900)}`);
    t.same(named(ours.replies), named(real.replies));
    t.same(ours.events, real.events);
    t.same(ours.propagated, real.propagated);
    t.same(ours.stored, real.stored);
  });
}

const KEYS = ['a', 'b', 'c', 'd'] as const;
const LIMITS = ['0', '20', '100', '500', '3000', '3000', '16000'] as const;

/** Elements of all lengths, some of them often. */
function element(random: Random): string {
  if (random.below(3) > 0) return String(random.below(1e9));
  const length = random.below(40);
  return Array.from({ length }, () => String.fromCharCode(random.below(256))).join('');
}

/** A command by chance on few keys, and a look at what it made of the first. */
function randomCommands(random: Random): Words[] {
  const key = () => oneOf(random, KEYS);
  const elements = (most: number) =>
    Array.from({ length: random.below(most) }, () => element(random));
  const request = oneOf<() => Words>(random, [
    () => ['PFADD', key(), ...elements(3)],
    () => ['PFADD', key(), ...elements(10)],
    () => ['PFADD', key(), ...elements(10)],
    () => ['PFADD', key(), ...elements(200)],
    () => ['PFADD', key(), ...elements(oneOf(random, [10, 3000]))],
    () => ['PFCOUNT', key()],
    () => ['PFCOUNT', key(), key(), key()],
    () => ['PFMERGE', key(), key(), key()],
    () => ['PFDEBUG', 'DECODE', key()],
    () => ['DEL', key()],
    () => ['CONFIG', 'SET', 'hll-sparse-max-bytes', oneOf(random, LIMITS)],
  ])();
  return [request, ['DUMP', request[1] as string]];
}

t.test('HyperLogLogs have the bytes of the real server after each random command', async (t) => {
  const random = seeded(t);
  const script = Array.from({ length: 800 }, () => randomCommands(random)).flat();
  const both = await runOnBoth(t, script);
  if (both === null) return;
  const { ours, real } = both;
  const differing = script.findIndex((_, i) => ours.replies[i] !== real.replies[i]);
  const shown = script.slice(Math.max(0, differing - 1), differing + 1);
  t.equal(differing, -1, `reply ${differing}: ${shown.map((one) => one.join(' ').slice(0, 200))}`);
  t.same(ours.events, real.events);
  t.same(ours.propagated, real.propagated);
  t.same(ours.stored, real.stored);
});

/** Whether the last run of the sparse registers in the reply of a GET has two bytes, of which one is there. */
function endsWithin(reply: string): boolean {
  const header = reply.indexOf('\n') + 1;
  if (reply.charCodeAt(header + 4) === 0) return false;
  let at = header + 16;
  const end = reply.length - 2;
  while (at < end) at += (reply.charCodeAt(at) & 0xc0) === 0x40 ? 2 : 1;
  return at > end;
}

t.test(
  'Strings that are nearly HyperLogLogs are taken or refused as on the real server',
  async (t) => {
    const random = seeded(t);
    const script: Words[] = [];
    for (let i = 0; i < 300; i++) {
      const elements = Array.from({ length: random.below(300) }, () => element(random));
      script.push(['DEL', 'k', 'other'], ['PFADD', 'k', ...elements]);
      for (let broken = 0; broken < 1 + random.below(5); broken++) {
        const place = String(16 + random.below(elements.length * 2 + 4));
        script.push(['SETRANGE', 'k', place, String.fromCharCode(random.below(256))]);
      }
      script.push(['PFADD', 'k', 'one', 'two', 'three', 'four'], ['GET', 'k'], ['PFCOUNT', 'k']);
      script.push(
        ['PFMERGE', 'other', 'k'],
        ['PFDEBUG', 'DECODE', 'k'],
        ['PFDEBUG', 'TODENSE', 'k'],
      );
    }
    const both = await runOnBoth(t, script);
    if (both === null) return;
    // The real server keeps the byte that a run cut off lacks behind the value's end until the next change.
    let isCutOff = false;
    const differing = script.findIndex(([name], i) => {
      if (name === 'DEL') isCutOff = false;
      if (name === 'GET') isCutOff = endsWithin(both.real.replies[i] ?? '');
      return !isCutOff && both.ours.replies[i] !== both.real.replies[i];
    });
    t.equal(differing, -1, `reply ${differing}: ${script[differing]?.join(' ')}`);
  },
);
