import t from 'tap';
import type { Random } from '../../datatypes/random.js';
import { oneOf, seeded } from '../helpers/seeded.js';
import { runOnBoth, type Words } from '../helpers/twins.js';

/** Words of one line, split at spaces; `''` is an empty word. */
function lines(text: string): Words[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' '))
    .map((words) => words.map((word) => (word === "''" ? '' : word)));
}

const FIXED = lines(`
  RPUSH list a
  SETBIT k 7 1
  SETBIT k 7 1
  SETBIT k 7 0
  SETBIT k 100 0
  SETBIT k 100 0
  GET k
  SETBIT k -1 1
  SETBIT k abc 1
  SETBIT k '' 1
  SETBIT k #1 1
  SETBIT k 1 2
  SETBIT k 1 01
  SETBIT k 1 ''
  SETBIT k 4294967296 1
  SETBIT k 9007199254740993 1
  SETBIT k 9223372036854775807 1
  SETBIT k 9223372036854775808 1
  SETBIT k abc 2
  SETBIT list abc 2
  SETBIT list 1 2
  SETBIT list 1 1
  SETBIT k 1
  SET number 1234 EX 1000
  SETBIT number 0 0
  SETBIT number 200 1
  SET short abc
  SETBIT short 1 1
  GETBIT k 100
  GETBIT k 4294967295
  GETBIT k 4294967296
  GETBIT k -1
  GETBIT list x
  GETBIT list 1
  GETBIT absent 1
  GETBIT number 2
  GETBIT number 1000000
  SET k foobar
  BITCOUNT k
  BITCOUNT k 1
  BITCOUNT k 0 0
  BITCOUNT k 1 1
  BITCOUNT k 0 -5
  BITCOUNT k -3 -1
  BITCOUNT k -1 -3
  BITCOUNT k -9223372036854775807 -9223372036854775808
  BITCOUNT k -9223372036854775808 -9223372036854775807
  BITCOUNT k 9223372036854775807 9223372036854775807
  BITCOUNT k -100 -90
  BITCOUNT k 2 1
  BITCOUNT k 5 30 BIT
  BITCOUNT k 5 5 bit
  BITCOUNT k 47 47 BIT
  BITCOUNT k 0 -1 BIT
  BITCOUNT k -3 -1 BIT
  BITCOUNT k 1 2 BYTE
  BITCOUNT k 1 2 BITS
  BITCOUNT k 1 2 BIT 3
  BITCOUNT k a b c
  BITCOUNT k 1 b c
  BITCOUNT k a
  BITCOUNT list a
  BITCOUNT list 1
  BITCOUNT list 1 2 x
  BITCOUNT absent
  BITCOUNT absent a
  BITCOUNT absent 1 2 3
  BITCOUNT absent 1 2 3 4
  BITCOUNT
  SET ones \u00ff\u00ff\u00ff
  SET zeros \u0000\u0000\u0000
  SET mixed \u00ff\u00f0\u0000
  SET empty ''
  BITPOS ones 0
  BITPOS ones 0 0
  BITPOS ones 0 0 -1
  BITPOS ones 0 3
  BITPOS ones 0 1
  BITPOS ones 0 0 -1 BIT
  BITPOS ones 1 5 7 BIT
  BITPOS zeros 1
  BITPOS zeros 1 0 -1
  BITPOS zeros 0 5 9 BIT
  BITPOS mixed 0
  BITPOS mixed 0 1
  BITPOS mixed 0 0 0
  BITPOS mixed 1 1
  BITPOS mixed 1 2
  BITPOS mixed 1 -3 -2
  BITPOS mixed 0 -2 -3
  BITPOS mixed 0 -100 -90
  BITPOS mixed 0 12 14 BIT
  BITPOS mixed 0 8 11 BIT
  BITPOS mixed 0 -16 -9 BIT
  BITPOS mixed 1 0 9223372036854775807 BIT
  BITPOS mixed 1 -9223372036854775807 -9223372036854775808
  BITPOS empty 0
  BITPOS empty 0 0
  BITPOS empty 0 0 -1 BIT
  BITPOS empty 1
  BITPOS absent 0
  BITPOS absent 1
  BITPOS absent 0 5 6
  BITPOS absent 0 5 6 x
  BITPOS absent 0 a
  BITPOS absent 2
  BITPOS absent x
  BITPOS list 1
  BITPOS list 2
  BITPOS list 1 x
  BITPOS mixed 0 1 2 BIT 3
  BITPOS mixed 0 1 b BYTES
  BITPOS mixed 00
  BITOP AND dest ones mixed
  GET dest
  BITOP OR dest mixed zeros k
  GET dest
  BITOP XOR dest mixed ones ones k number
  GET dest
  BITOP NOT dest mixed
  GET dest
  BITOP NOT dest dest
  BITOP NOT dest mixed ones
  BITOP NOT dest list ones
  BITOP AND dest k absent
  GET dest
  BITOP and dest k
  GET dest
  BITOP DIFF dest k ones
  BITOP ONE dest list
  BITOP AND dest list
  BITOP AND dest k list
  BITOP AND dest
  SET dest x EX 1000
  BITOP OR dest dest k
  TTL dest
  BITOP OR dest absent
  EXISTS dest
  BITOP OR dest absent
  BITOP XOR dest empty absent
  RPUSH goes x
  BITOP OR goes k
  GET goes
  DEL goes
  RPUSH goes x
  BITOP OR goes absent empty
  EXISTS goes
  BITFIELD f
  EXISTS f
  BITFIELD f GET u8 0
  BITFIELD f OVERFLOW SAT
  EXISTS f
  BITFIELD f SET u8 0 255
  BITFIELD f SET u8 0 255
  BITFIELD f INCRBY u8 0 0
  BITFIELD f SET i8 #1 -100 GET i8 #1 GET u8 #1 INCRBY i5 100 1
  BITFIELD f INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
  BITFIELD f INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
  BITFIELD f INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
  BITFIELD f INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
  BITFIELD f OVERFLOW FAIL INCRBY u2 102 1
  BITFIELD f OVERFLOW FAIL INCRBY u2 1000 9
  BITFIELD new OVERFLOW FAIL INCRBY u2 1000 9
  STRLEN new
  BITFIELD new2 OVERFLOW FAIL INCRBY u2 8 9 GET u8 0 SET u8 0 0 SET u8 0 1
  BITFIELD new3 SET u8 0 0
  BITFIELD f OVERFLOW FAIL SET u2 0 9 OVERFLOW WRAP SET u2 0 9 OVERFLOW SAT SET u2 2 9 GET u4 0
  BITFIELD f OVERFLOW SAT SET u8 0 -1 GET u8 0
  BITFIELD f OVERFLOW WRAP SET u8 0 -3 GET u8 0
  BITFIELD f OVERFLOW FAIL SET u8 0 -3
  BITFIELD f OVERFLOW SAT SET i8 0 300 GET i8 0 SET i8 0 -300 GET i8 0
  BITFIELD f OVERFLOW FAIL SET i8 0 300 SET i8 0 -300
  BITFIELD f SET i8 0 300 GET i8 0 SET i8 0 -300 GET i8 0
  BITFIELD f OVERFLOW SAT SET i8 0 -9223372036854775680 GET i8 0
  BITFIELD f OVERFLOW SAT SET i8 0 -9223372036854775681 GET i8 0
  BITFIELD f OVERFLOW WRAP SET i8 0 -9223372036854775681 GET i8 0
  BITFIELD f OVERFLOW FAIL SET i8 0 -9223372036854775681 GET i8 0
  BITFIELD f OVERFLOW SAT SET i63 0 -9223372036854775808 GET i63 0
  BITFIELD f OVERFLOW SAT SET i63 0 -4611686018427387904 GET i63 0
  BITFIELD f OVERFLOW SAT SET i63 0 -4611686018427387905 GET i63 0
  BITFIELD f OVERFLOW SAT SET i64 0 -9223372036854775808 GET i64 0
  BITFIELD f SET i64 3 9223372036854775807 INCRBY i64 3 1 GET i64 3
  BITFIELD f SET i64 3 9223372036854775807 OVERFLOW SAT INCRBY i64 3 9223372036854775807
  BITFIELD f SET i64 3 -9223372036854775808 OVERFLOW SAT INCRBY i64 3 -1
  BITFIELD f SET i64 3 -9223372036854775808 OVERFLOW FAIL INCRBY i64 3 -9223372036854775808
  BITFIELD f SET u63 3 9223372036854775807 INCRBY u63 3 1 INCRBY u63 3 -2
  BITFIELD f SET u63 3 -1 GET u63 3 OVERFLOW SAT SET u63 3 -1 INCRBY u63 3 5 INCRBY u63 3 -9223372036854775808
  BITFIELD f OVERFLOW SAT INCRBY u8 0 -9223372036854775808 INCRBY u8 0 9223372036854775807
  BITFIELD f OVERFLOW WRAP INCRBY u8 0 -9223372036854775807 INCRBY i7 0 9223372036854775807
  BITFIELD f GET u64 0
  BITFIELD f GET i65 0
  BITFIELD f GET i0 0
  BITFIELD f GET u 0
  BITFIELD f GET '' 0
  BITFIELD f GET U8 0
  BITFIELD f GET u08 0
  BITFIELD f GET i-8 0
  BITFIELD f GET u8 -1
  BITFIELD f GET u8 ''
  BITFIELD f GET u8 #
  BITFIELD f GET u8 #-1
  BITFIELD f GET u8 ##1
  BITFIELD f GET u8 4294967288
  BITFIELD f GET u8 4294967295
  BITFIELD f GET u8 4294967296
  BITFIELD f GET u8 #536870911
  BITFIELD f GET u8 #536870912
  BITFIELD f GET i64 #288230376151711744
  BITFIELD f GET i64 #9223372036854775807
  BITFIELD f GET i64 #-9223372036854775808
  BITFIELD f GET i64 #144115188075855872
  BITFIELD f GET
  BITFIELD f GET u8
  BITFIELD f SET u8 0
  BITFIELD f INCRBY u8 0
  BITFIELD f OVERFLOW
  BITFIELD f OVERFLOW none
  BITFIELD f GET u8 0 OVERFLOW
  BITFIELD f what u8 0
  BITFIELD f SET u8 0 x
  BITFIELD f SET u8 x x
  BITFIELD f SET x8 x x
  BITFIELD f INCRBY u8 0 99999999999999999999
  BITFIELD f SET u8 0 9 GET u8
  BITFIELD list
  BITFIELD list GET u8 0
  BITFIELD list GET u8 x
  BITFIELD list SET u8 0 1
  BITFIELD_RO f
  BITFIELD_RO f GET u8 0 GET i64 5 get u63 70
  BITFIELD_RO f OVERFLOW SAT GET u8 0
  BITFIELD_RO f SET u8 0 1
  BITFIELD_RO f GET u8 0 INCRBY u8 0 0
  BITFIELD_RO f SET u8 0
  BITFIELD_RO list GET u8 0
  BITFIELD_RO list SET u8 0 1
  BITFIELD_RO absent GET u8 0
  BITFIELD short GET u8 0
  OBJECT ENCODING short
  SET short abc
  BITFIELD short GET u8 0
  OBJECT ENCODING short
  BITFIELD short SET u8 0 97
  OBJECT ENCODING short
  GET f
  GET new2
  COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 SET u8 0 0
  COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 OVERFLOW SAT
  COMMAND GETKEYSANDFLAGS BITFIELD k GET u8
  COMMAND GETKEYSANDFLAGS BITFIELD k OVERFLOW
  COMMAND GETKEYSANDFLAGS BITFIELD k
  CONFIG SET proto-max-bulk-len 1mb
  SETBIT limit 8388608 1
  SETBIT limit 8388607 1
  GETBIT limit 8388608
  BITFIELD limit SET u8 8388607 255
  BITFIELD limit SET u8 8388608 255
  STRLEN limit
  SETBIT limit 8388608 1
  BITCOUNT limit
  BITPOS limit 1
  BITPOS limit 1 1048576
`);

const KEYS = ['a', 'b', 'c', 'key:with:a:longer:name:of:more:than:31:bytes'] as const;
const VALUES = [
  ...['', '7', '-12', 'abc', '\u0000', '\u00ff', '\u0000'.repeat(50), '\u00ff'.repeat(50)],
  ...[`${'\u00ff'.repeat(40)}\u00fe`, `${'\u0000'.repeat(4500)}\u0001\u0000`, 'q'.repeat(300)],
  ...['w'.repeat(5000), '\u00aa\u0055'.repeat(64), 'x'.repeat(95)],
] as const;
const EDGES = ['0', '1', '-1', '-2', '-64', '9223372036854775807', '-9223372036854775808', 'x'];

/** A command by chance on few keys, so that commands meet each other's values. */
function randomCommand(random: Random): Words {
  const key = () => oneOf(random, KEYS);
  const near = (most: number) => String(random.below(most));
  const position = () => (random.below(3) > 0 ? near(40_100) : oneOf(random, EDGES));
  const place = () => (random.below(2) > 0 ? `-${near(400)}` : position());
  const range = () => [place(), place(), oneOf(random, ['BIT', 'BYTE', 'bit', 'byte'])];
  const bits = () => String(1 + random.below(64));
  const type = () => oneOf(random, ['u', 'i', 'i']) + bits();
  const at = () => oneOf(random, ['', '', '#']) + near(random.below(2) > 0 ? 70 : 2000);
  const amount = () =>
    random.below(3) > 0 ? String(random.below(600) - 300) : oneOf(random, EDGES.slice(0, 7));
  const part = (): Words =>
    oneOf<() => Words>(random, [
      () => ['GET', type(), at()],
      () => ['SET', type(), at(), amount()],
      () => ['INCRBY', type(), at(), amount()],
      () => ['OVERFLOW', oneOf(random, ['WRAP', 'sat', 'FAIL'])],
    ])();
  return oneOf<() => Words>(random, [
    () => ['SET', key(), oneOf(random, VALUES)],
    () => ['SETBIT', key(), position(), near(2)],
    () => ['SETBIT', key(), near(300), near(2)],
    () => ['GETBIT', key(), near(300)],
    () => ['BITCOUNT', key(), ...range().slice(0, random.below(4))],
    () => ['BITPOS', key(), near(2), ...range().slice(0, random.below(4))],
    () => ['BITOP', oneOf(random, ['AND', 'or', 'XOR']), key(), key(), key(), key()],
    () => ['BITOP', oneOf(random, ['NOT', 'OR', 'AND']), key(), key()],
    () => ['BITFIELD', key(), ...part(), ...part(), ...part()],
    () => ['GET', key()],
    () => ['BITFIELD', key(), ...part()],
    () => ['BITFIELD_RO', key(), 'GET', type(), at()],
    () => ['GET', key()],
  ])();
}

const DUMPS: readonly Words[] = KEYS.map((key) => ['DUMP', key]);

for (const resp of [2, 3] as const) {
  t.test(`Bitmap commands reply at each edge as the real server in RESP${resp}`, async (t) => {
    const both = await runOnBoth(t, FIXED, resp);
    if (both === null) return;
    const { ours, real } = both;
    const paired = (replies: string[]) => replies.map((reply, i) => [FIXED[i]?.join(' '), reply]);
    t.same(paired(ours.replies), paired(real.replies));
    t.same(ours.events, real.events);
    t.same(ours.propagated, real.propagated);
    t.same(ours.stored, real.stored);
  });
}

t.test('Bitmap commands in random order do what the real server does', async (t) => {
  const random = seeded(t);
  const script = Array.from({ length: 4000 }, () => randomCommand(random)).concat(DUMPS);
  const both = await runOnBoth(t, script);
  if (both === null) return;
  const { ours, real } = both;
  const differing = script.findIndex((_, i) => ours.replies[i] !== real.replies[i]);
  const request = `reply ${differing}: ${script[differing]?.join(' ')}`;
  t.same(ours.replies[differing], real.replies[differing], request);
  t.same(ours.events, real.events);
  t.same(ours.propagated, real.propagated);
  t.same(ours.stored, real.stored);
});
