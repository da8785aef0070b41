import t from 'tap';
import type { Random } from '../../datatypes/random.js';
import { seeded } from '../helpers/seeded.js';
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
  SET k v
  SET k v eX 100
  SET k v PX 100000
  SET k v EXAT 4000000000
  SET k v PXAT 4000000000000
  SET k v KEEPTTL
  SET k v KEEPTTL GET
  SET k v NX GET
  SET k v NX
  SET absent v XX
  SET absent v XX GET
  SET absent v IFEQ x
  SET absent v IFEQ x GET
  SET k w IFEQ x GET
  SET k w IFEQ v GET
  SET k w IFEQ w
  SET k w GET
  SET k v EXAT 1
  SET k v EXAT 1
  SET k v
  SET k v EXAT 1 GET
  SET k v PXAT 1
  SET k v NX EXAT 1
  SET k v EX 100 NX
  SET k v EX 100 NX
  SET k v NX XX
  SET k v XX NX
  SET k v NX IFEQ a
  SET k v IFEQ a NX
  SET k v IFEQ
  SET k v EX
  SET k v EX 10 PX 10
  SET k v EX 10 KEEPTTL
  SET k v KEEPTTL EX 10
  SET k v KEEPTTL KEEPTTL
  SET k v NX NX
  SET k v GET GET
  SET k v get keepttl Get
  SET k GET GET
  SET k v EX 1000 EX 2000
  SET k v PERSIST
  SET k v EX abc
  SET k v EX 0
  SET k v EX -1
  SET k v PX 0
  SET k v EXAT 0
  SET k v EXAT -5
  SET k v EX 9223372036854775807
  SET k v EX 9223372036854776
  SET k v EX 9223372036854775
  SET k v PX 9223372036854775807
  SET k v PX 9223372036854770000
  SET k v EXAT 9223372036854776
  SET k v EX 99999999999999999999
  SET k v EX 10 abc
  SET k v abc EX abc
  SET k v PXAT 9007199254740992
  SET k v EXAT 9007199254740
  SET k v IFEQ q IFEQ v
  SET k v IFEQ v IFEQ q
  SET k v
  SET k v GET IFEQ v EX 100
  SET
  SET k
  RPUSH list a
  SET list v GET
  SET list v NX GET
  SET list v NX
  SET list v IFEQ a
  SET list v GET EX abc
  GET list
  GETSET list a
  GETDEL list
  GETEX list
  GETEX list EX -1
  GETEX list EX abc
  DELIFEQ list a
  INCR list
  INCRBY list abc
  INCRBYFLOAT list abc
  APPEND list x
  SETRANGE list 0 x
  SETRANGE list -1 x
  SETRANGE list 0 ''
  SETRANGE list abc x
  GETRANGE list 0 -1
  GETRANGE list a -1
  STRLEN list
  MGET list k absent
  LCS list k
  LCS k list FOO
  LCS absent list LEN IDX
  DECRBY list -9223372036854775808
  MSETNX list 1 fresh 2
  SETNX list 1
  SET list v XX
  SETEX k 100 v
  SETEX k 0 v
  SETEX k -1 v
  SETEX k abc v
  SETEX k 9223372036854775807 v
  SETEX k 10
  PSETEX k 1000000 v
  PSETEX k 0 v
  PSETEX k 9223372036854775807 v
  SETNX k v
  SETNX k3 v
  GETSET k3 12
  GETSET k4 12
  GETSET k4 13
  GETEX k4
  GETEX k4 EX 100
  GETEX k4 px 100000
  GETEX k4 EXAT 4000000000
  GETEX k4 PXAT 4000000000000
  GETEX k4 PERSIST
  GETEX k4 PERSIST
  GETEX absent PERSIST
  GETEX absent EX -1
  GETEX absent EX abc
  GETEX absent EX
  GETEX absent FOO
  GETEX k4 EX 10 PERSIST
  GETEX k4 KEEPTTL
  GETEX k4 NX
  GETEX k4 PERSIST PERSIST
  GETEX k4 EX 10 EX 1000
  GETEX k4 EXAT 1
  GETDEL k4
  SET k4 10
  GETDEL k4
  SET d v
  DELIFEQ d x
  DELIFEQ d v
  DELIFEQ d v
  SET d 12
  DELIFEQ d 12
  SET k v
  APPEND k x
  APPEND a1 x
  APPEND a1 ''
  APPEND a2 ''
  APPEND a3 12
  SET n 10
  APPEND n 1
  INCR n
  SET n 10 EX 1000
  INCR n
  INCRBY n 5
  DECR n
  DECRBY n 3
  DECRBY n -9223372036854775808
  DECRBY n 9223372036854775807
  DECRBY n 100000
  INCRBY n 9223372036854775807
  INCRBY n abc
  INCRBY n 1.5
  INCRBY n -9223372036854775808
  INCRBY n -9223372036854775808
  INCR n
  SET n 9007199254740991
  INCR n
  INCR n
  DECR n
  DECR n
  DECR n
  SET n -9007199254740991
  DECR n
  DECR n
  INCRBY n 3
  SET n 9223372036854775807
  INCR n
  DECR n
  SET n -9223372036854775808
  DECR n
  INCR n
  INCR n1
  DECR n2
  DECRBY n3 0
  INCRBY n4 -9223372036854775808
  SET s abc
  INCR s
  SET s 01
  INCR s
  SET s -0
  INCR s
  SET s +1
  INCR s
  SET s 99999999999999999999
  INCR s
  SET s 9223372036854775808
  INCR s
  SET s ''
  INCR s
  MSET m0 a m1 1
  MSET a
  MSET a 1 b
  MSETNX a
  MSETNX a 1 b
  MSETNX x1 1 x2 2
  MSETNX x1 1 x3 2
  MSETNX x9 1 x9 2
  MSET x9 1 x9 2
  MSETEX 2 a 1 b 2
  MSETEX 2 a 1 b 2 EX 100
  MSETEX 2 a 1 b 2 EX 100 NX
  MSETEX 2 aa 1 bb 2 nx ex 100
  MSETEX 2 a 1 b 2 XX KEEPTTL
  MSETEX 2 a 1 b 2 XX
  MSETEX 2 a 1 b 2 PX 100000 xx
  MSETEX 2 a 1 b 2 EXAT 4000000000
  MSETEX 2 a 1 b 2 PXAT 4000000000000
  MSETEX 1 EX v EX 100
  MSETEX 0 a 1
  MSETEX -1 a 1
  MSETEX abc a 1
  MSETEX 3 a 1 b 2
  MSETEX 1 a 1 b 2
  MSETEX 2 a 1 b
  MSETEX 1 a 1 NX XX
  MSETEX 1 a 1 GET
  MSETEX 1 a 1 IFEQ 1
  MSETEX 1 a 1 PERSIST
  MSETEX 1 a 1 EX
  MSETEX 1 a 1 EX abc
  MSETEX 1 a 1 EX 0
  MSETEX 1 a 1 EX -1
  MSETEX 1 a 1 EX 9223372036854775807
  MSETEX 1 a 1 EX 10 KEEPTTL
  MSETEX 9223372036854775807 a 1
  MSETEX 2147483648 a 1
  MSETEX 2147483647 a 1
  MSETEX 99999999999999999999 a 1
  MSETEX 1 a
  MSETEX 2 ap 1 ap 2 NX
  MSETEX 2 ap 1 zz 2 XX
  SET f 10.5
  INCRBYFLOAT f 0.1
  SET f 10 EX 1000
  INCRBYFLOAT f 0.1
  INCRBYFLOAT f 0.9
  INCRBYFLOAT f 5e3
  INCRBYFLOAT f inf
  INCRBYFLOAT f -inf
  INCRBYFLOAT f nan
  INCRBYFLOAT f 1e400
  INCRBYFLOAT f 0x10
  INCRBYFLOAT f +1
  INCRBYFLOAT f ''
  INCRBYFLOAT nf 3.0e3
  INCRBYFLOAT nf2 inf
  INCRBYFLOAT nf3 -0
  SET f abc
  INCRBYFLOAT f 1
  SET f 1e308
  INCRBYFLOAT f 1e308
  SETRANGE sr 0 ''
  SETRANGE sr 3 ''
  SETRANGE sr 3 a
  SETRANGE sr 0 ''
  SET sr 12 EX 1000
  SETRANGE sr 0 9
  SETRANGE sr 0 ''
  SETRANGE sr -1 ''
  SETRANGE sr -1 a
  SETRANGE sr 536870912 a
  SETRANGE sr 536870908 abcdef
  SETRANGE sr 9223372036854775807 a
  SETRANGE sr 9223372036854775808 a
  SETRANGE absent 536870912 ''
  GETRANGE absent 0 -1
  GETRANGE absent a -1
  GETRANGE absent 0 9223372036854775808
  SET g Hello-World
  GETRANGE g 0 3
  GETRANGE g -3 -1
  GETRANGE g -100 -90
  GETRANGE g 5 2
  GETRANGE g -1 -5
  GETRANGE g -1 -100
  GETRANGE g 0 9223372036854775807
  GETRANGE g -9223372036854775808 9223372036854775807
  GETRANGE g 0 -100
  GETRANGE g 20 30
  SUBSTR g 0 2
  STRLEN g
  SET g 12345
  GETRANGE g 0 1
  STRLEN g
  STRLEN absent
  SET a ohmytext
  SET b mynewtext
  LCS a b
  LCS a b LEN
  LCS a b IDX
  LCS a b idx withmatchlen
  LCS a b IDX MINMATCHLEN 4
  LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
  LCS a b LEN IDX
  LCS a b IDX LEN
  LCS a b MINMATCHLEN
  LCS a b MINMATCHLEN abc
  LCS a b MINMATCHLEN -5 IDX
  LCS a b IDX MINMATCHLEN 9223372036854775807
  LCS a b WITHMATCHLEN
  LCS a b FOO
  LCS absent a
  LCS absent absent LEN
  LCS absent absent IDX
  LCS a a IDX WITHMATCHLEN
  LCS a
  LCS a b LEN LEN
  SET i GET
  SET i v IFEQ GET
  SET i GET IFEQ v GET
  SET i v IFEQ v GET KEEPTTL
  SET i v GET GET
  SET i w XX GET IFEQ v
  SET f 1 PXAT 9223372036854775807
  PEXPIRETIME f
  INCRBY f 1000000000000
  PEXPIRETIME f
  SET f 2 KEEPTTL
  PEXPIRETIME f
  SETRANGE f 100 x
  PEXPIRETIME f
  SET f 3 PXAT 9007199254740993
  PEXPIRETIME f
  SET f 3 PXAT 9007199254740995 GET
  PEXPIRETIME f
  GETEX f PXAT 9007199254740997
  PEXPIRETIME f
  MSETEX 2 f 1 g 2 PXAT 9007199254740999
  PEXPIRETIME f
  PEXPIRETIME g
  MSETEX 2 f 1 g 2 KEEPTTL
  PEXPIRETIME g
  PEXPIREAT f 9007199254740999 GT
  PEXPIREAT f 9007199254741000 GT
  PEXPIREAT f 9007199254741000 LT
  PEXPIREAT f 9007199254740999 LT
  PEXPIRETIME f
  APPEND f x
  PEXPIRETIME f
`);

const KEYS = ['a', 'b', 'c', 'key:with:a:longer:name:of:more:than:31:bytes'] as const;
const VALUES = [
  ...['', '0', '7', '-12', '3.25', 'abc', 'abcabba', 'cbabac', 'xaxbxc', '9007199254740993'],
  ...['9223372036854775807', '00', '\u0000\u00ff\r\n', 'y'.repeat(62), 'y'.repeat(100)],
  ...['z'.repeat(104), 'z'.repeat(105), 'z'.repeat(110), 'q'.repeat(300), 'w'.repeat(5000)],
] as const;
const NUMBERS = ['0', '1', '-1', '5', '-3', '100', '4000', 'x', '9223372036854775807'] as const;
const FLOATS = ['0.1', '-2.5', '1e3', '3', '1e-5', 'x', '12345678901234567'] as const;
const LIFETIMES = ['EX 1000', 'PX 900000', 'EXAT 4000000000', 'PXAT 4000000000123', 'EXAT 1'];
const SET_OPTIONS = ['', 'NX', 'XX', 'GET', 'KEEPTTL', 'IFEQ abc', 'XX GET', 'KEEPTTL GET NX'];

/** A command by chance on few keys, so that commands meet each other's values. */
function randomCommand(random: Random): Words {
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
  const key = () => pick(KEYS);
  const value = () => pick(VALUES);
  const words = (text: string) => text.split(' ').filter((word) => word !== '');
  const makers: (() => Words)[] = [
    () => ['SET', key(), value()],
    () => ['SET', key(), value(), ...words(pick(SET_OPTIONS))],
    () => ['SET', key(), value(), ...words(pick(LIFETIMES))],
    () => ['SET', key(), value(), ...words(pick(SET_OPTIONS)), ...words(pick(LIFETIMES))],
    () => ['GET', key()],
    () => ['MGET', key(), key(), key()],
    () => ['MSET', key(), value(), key(), value()],
    () => ['MSETNX', key(), value(), key(), value()],
    () => [
      'MSETEX',
      '2',
      key(),
      value(),
      key(),
      value(),
      'XX',
      ...words(pick(LIFETIMES.slice(0, 4))),
    ],
    () => ['MSETEX', '1', key(), value(), 'NX'],
    () => ['GETSET', key(), value()],
    () => ['GETEX', key(), ...words(pick(LIFETIMES))],
    () => ['GETEX', key(), 'PERSIST'],
    () => ['GETDEL', key()],
    () => ['DELIFEQ', key(), value()],
    () => ['INCRBY', key(), pick(NUMBERS)],
    () => ['DECRBY', key(), pick(NUMBERS)],
    () => ['INCR', key()],
    () => ['INCRBYFLOAT', key(), pick(FLOATS)],
    () => ['APPEND', key(), value()],
    () => ['SETRANGE', key(), pick(NUMBERS), value()],
    () => ['GETRANGE', key(), pick(NUMBERS), pick(NUMBERS)],
    () => ['STRLEN', key()],
    () => ['LCS', key(), key(), ...words(pick(['', 'LEN', 'IDX', 'IDX WITHMATCHLEN']))],
  ];
  return pick(makers)();
}

t.test('String commands do what the real server does, one edge after the other', async (t) => {
  const both = await runOnBoth(t, FIXED);
  if (both === null) return;
  const { ours, real } = both;
  const paired = (replies: string[]) => replies.map((reply, i) => [FIXED[i]?.join(' '), reply]);
  t.same(paired(ours.replies), paired(real.replies));
  t.same(ours.events, real.events);
  t.same(ours.propagated, real.propagated);
  t.same(ours.stored, real.stored);
});

t.test('String commands reply as the real server in RESP3', async (t) => {
  const both = await runOnBoth(t, FIXED, 3);
  if (both === null) return;
  t.same(both.ours.replies, both.real.replies);
});

t.test('String commands in random order do what the real server does', async (t) => {
  const random = seeded(t);
  const script = Array.from({ length: 3000 }, () => randomCommand(random));
  const both = await runOnBoth(t, script);
  if (both === null) return;
  const { ours, real } = both;
  const differing = script.findIndex((_, i) => ours.replies[i] !== real.replies[i]);
  t.same(
    ours.replies[differing],
    real.replies[differing],
    `reply ${differing}: ${script[differing]}`,
  );
  t.same(ours.events, real.events);
  t.same(ours.propagated, real.propagated);
  t.same(ours.stored, real.stored);
});

t.test('LCS finds the subsequence the real server finds, of all there are', async (t) => {
  const random = seeded(t);
  const word = () =>
    Array.from({ length: random.below(40) }, () => 'abc'[random.below(3)]).join('');
  const script: Words[] = [];
  for (let i = 0; i < 150; i++) {
    script.push(['MSET', 'a', word(), 'b', word()]);
    script.push(['LCS', 'a', 'b'], ['LCS', 'a', 'b', 'IDX', 'MINMATCHLEN', `${i % 4}`]);
  }
  const both = await runOnBoth(t, script);
  if (both === null) return;
  t.same(both.ours.replies, both.real.replies);
});
