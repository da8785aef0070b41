import t from 'tap';
import type { Random } from '../../datatypes/random.js';
import { dumpPayload } from '../helpers/dump-payload.js';
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

/** A payload of RDB bytes given as Latin-1, its type byte first. */
function payload(rdb: string): string {
  const bytes = Buffer.from(rdb, 'latin1');
  return Buffer.from(dumpPayload(bytes[0] ?? 0, bytes.subarray(1))).toString('latin1');
}

const HELLO = payload('\u0000\u0005hello');
const NUMBER = payload('\u0000\u00c0\u0001');
const LONG = payload(`\u0000\u0040\u0070${'x'.repeat(112)}`);

const FIXED: Words[] = [
  ...lines(`
  SET a 1
  SET b 2
  DEL a none a b
  UNLINK a
  SET a 1
  UNLINK a none
  EXISTS
  EXISTS a a
  SET a 1
  EXISTS a a none
  TYPE a
  TYPE none
  RPUSH l x
  TYPE l
  OBJECT ENCODING l
  DEL l
  TOUCH a a none
  RENAME none a
  RENAME a a
  RENAMENX a a
  RENAMENX none a
  SET b 2 EX 1000
  RENAME a b
  TTL b
  SET a 1 EX 1000
  RENAMENX a b
  RENAMENX a c
  RENAME c b
  TTL b
  COPY b c
  COPY b c
  COPY b c REPLACE
  COPY b b
  COPY b b DB 0
  COPY none none
  COPY none c
  COPY b b DB 1
  COPY b b db 1 replace
  COPY b c DB 16
  COPY b c DB -1
  COPY b c DB x
  COPY none c DB x
  COPY b c DB
  COPY b c FOO
  COPY b c DB 999999999999
  COPY b c DB 1 DB 2 REPLACE REPLACE
  MOVE b 0
  MOVE none 0
  MOVE none 1
  MOVE b 16
  MOVE b -1
  MOVE b x
  MOVE b 99999999999
  MOVE b 1
  MOVE c 3
  MOVE c 3
  KEYS *
  KEYS b*
  KEYS [^b]
  KEYS
  SCAN 0
  SCAN
  SCAN x
  SCAN -1
  SCAN ''
  SCAN 18446744073709551616
  SCAN +0
  SCAN 00
  SCAN 0 COUNT
  SCAN 0 COUNT 0
  SCAN 0 COUNT -1
  SCAN 0 COUNT x
  SCAN 0 MATCH
  SCAN 0 FOO x
  SCAN 0 TYPE foo
  SCAN x TYPE foo
  SCAN 0 TYPE
  SCAN 0 TYPE module
  SCAN 0 TYPE foo COUNT 0
  SCAN 0 COUNT 0 TYPE foo
  SCAN 0 TYPE STRING
  SCAN 0 TYPE hash
  SCAN 0 TYPE string COUNT 1000 MATCH *
  SCAN 0 MATCH nothing*
  SCAN 0 NOVALUES
  SCAN 0 NOSCORES
  SCAN 0 MATCH * NOVALUES x
  SCAN 0 COUNT 9223372036854775807
  SCAN 0 COUNT 9223372036854775808
  SCAN x COUNT 0
  SCAN 0 COUNT 10 COUNT 0
  DBSIZE
  DBSIZE x
  SET a 1
  EXPIRE a 1000
  TTL a
  EXPIRE none 100
  EXPIRE a x
  EXPIRE a 1.5
  EXPIRE none x
  EXPIRE a 9223372036854775807
  EXPIRE a 9223372036854775
  EXPIRE a 9223372036854774
  EXPIRE a -9223372036854775808
  EXPIRE a -9223372036854776
  EXPIRE a 9223372036854775808
  PEXPIRE a 9223372036854775807
  PEXPIRE a 9223372036854770000
  EXPIREAT a 9223372036854775807
  EXPIREAT a 9223372036854776
  EXPIREAT a 9223372036854775
  PEXPIRETIME a
  EXPIRETIME a
  PEXPIREAT a 9223372036854775807
  PEXPIRETIME a
  EXPIRETIME a
  RENAME a b
  PEXPIRETIME b
  PEXPIREAT b 9007199254740993
  COPY b a
  PEXPIRETIME a
  PEXPIREAT a 4000000000000
  PEXPIRETIME a
  EXPIRETIME a
  PEXPIREAT a 4000000000500
  EXPIRETIME a
  EXPIRE b -9223372036854775
  EXISTS b
  PEXPIREAT a -9223372036854775808
  EXISTS a
  PEXPIREAT a 1
  SET a 1
  EXPIRE a -1
  SET a 1
  EXPIRE a 0
  SET a 1
  EXPIREAT a 1
  SET a 1
  EXPIRE a 100 NX XX
  EXPIRE a 100 NX GT
  EXPIRE a 100 LT NX
  EXPIRE a 100 GT LT
  EXPIRE a 100 NX GT LT
  EXPIRE a 100 XX GT LT
  EXPIRE a 100 XX GT
  EXPIRE a 100 XX LT
  EXPIRE a 100 FOO
  EXPIRE a 100 NX FOO
  EXPIRE a x FOO
  EXPIRE a 100 ''
  EXPIREAT a 4000000000 GT
  EXPIREAT a 4000000000 XX
  EXPIREAT a 4000000000 NX NX
  EXPIREAT a 4000000001 XX XX
  EXPIREAT a 4000000001 GT
  EXPIREAT a 4000000002 gt
  EXPIREAT a 4000000002 LT
  EXPIREAT a 4000000001 lt
  EXPIREAT a 4000000000 XX LT
  EXPIREAT a 4000000000 nx
  EXPIRE a -1 GT
  EXPIRE a -1 NX
  PERSIST a
  PERSIST a
  PERSIST none
  EXPIREAT a 1 GT
  EXPIREAT a 4000000000 LT
  EXPIRE a -1 XX
  TTL none
  PTTL none
  EXPIRETIME none
  PEXPIRETIME none
  SET a 1
  TTL a
  PTTL a
  EXPIRETIME a
  PEXPIRETIME a
  EXPIRE
  EXPIRE a
  TTL
  OBJECT
  OBJECT HELP
  OBJECT HELP x
  OBJECT FOO
  OBJECT ENCODING
  OBJECT ENCODING a
  OBJECT ENCODING a b
  OBJECT ENCODING none
  OBJECT REFCOUNT a
  OBJECT REFCOUNT none
  OBJECT IDLETIME a
  OBJECT IDLETIME none
  OBJECT FREQ a
  OBJECT FREQ none
  DUMP a
  DUMP none
  DUMP
  FLUSHDB
  FLUSHDB
  SET a 1
  FLUSHDB SYNC
  FLUSHDB ASYNC
  FLUSHDB FOO
  FLUSHDB SYNC SYNC
  SET a 1
  FLUSHALL
  FLUSHALL SYNC
  FLUSHALL async
  FLUSHALL FOO
  FLUSHALL SYNC ASYNC
  RANDOMKEY
  RANDOMKEY x
  SET a 1
  RANDOMKEY
  SWAPDB 0 1
  DBSIZE
  SWAPDB 1 0
  SWAPDB 0 0
  SWAPDB x 1
  SWAPDB 0 x
  SWAPDB x x
  SWAPDB -1 0
  SWAPDB 0 -1
  SWAPDB 16 0
  SWAPDB 0 16
  SWAPDB 99999999999 0
  SWAPDB 0 99999999999
  SWAPDB 0
  `),
  ['RESTORE', 'a', '0', HELLO],
  ['RESTORE', 'a', 'x', 'x'],
  ['RESTORE', 'r', '0', HELLO],
  ['RESTORE', 'r', '0', NUMBER, 'replace'],
  ['RESTORE', 'r', '0', LONG, 'REPLACE'],
  ['RESTORE', 'rr', '1000000', LONG],
  ['RESTORE', 'rr', '1000000', HELLO, 'REPLACE'],
  ['RESTORE', 'rr', '4000000000000', HELLO, 'ABSTTL', 'REPLACE'],
  ['RESTORE', 'rr', '9223372036854775807', HELLO, 'ABSTTL', 'REPLACE'],
  ['PEXPIRETIME', 'rr'],
  ['RESTORE', 'rr', '1', HELLO, 'ABSTTL', 'REPLACE'],
  ['RESTORE', 'rr', '1', HELLO, 'ABSTTL', 'REPLACE'],
  ['RESTORE', 'rr', '9223372036854775807', HELLO],
  ['EXISTS', 'rr'],
  ['RESTORE', 's', '0', payload('\u0000\u0004hell')],
  ['RESTORE', 's', '0', payload('\u0000\u0005helloX'), 'REPLACE'],
  // A value cut short is read on into the footer, as far as that goes.
  ['DUMP', 's'],
  ['RESTORE', 's', '0', payload('\u0000\u0006hello'), 'REPLACE'],
  ['DUMP', 's'],
  ['RESTORE', 's', '0', payload('\u0000\u0030hello'), 'REPLACE'],
  ['RESTORE', 's', '0', payload('\u0000\u00c5\u0000'), 'REPLACE'],
  ['RESTORE', 's', '0', payload('\u0016'), 'REPLACE'],
  ['RESTORE', 's', '0', payload('\u00ff\u0000'), 'REPLACE'],
  ['RESTORE', 's', '0', `${HELLO.slice(0, -1)}\u0000`, 'REPLACE'],
  ...lines(`
  RESTORE s 0 x
  RESTORE t 0 x
  RESTORE t x x
  RESTORE t -1 x
  RESTORE t 0 x FOO
  RESTORE t 0 x REPLACE
  RESTORE t 0 x IDLETIME
  RESTORE t 0 x IDLETIME x
  RESTORE t 0 x IDLETIME -1
  RESTORE t 0 x FREQ
  RESTORE t 0 x FREQ x
  RESTORE t 0 x FREQ -1
  RESTORE t 0 x FREQ 256
  RESTORE t 0 x FREQ 1 IDLETIME 1
  RESTORE t 0 x IDLETIME 1 FREQ 1
  RESTORE t 0 x IDLETIME 1 IDLETIME 2
  RESTORE t 0 x FREQ 1 FREQ 2
  RESTORE t 0
  RESTORE-ASKING t 0 x
  `),
  ['RESTORE', 't', '0', HELLO, 'IDLETIME', '1000'],
  ['OBJECT', 'IDLETIME', 't'],
  ['RESTORE', 't', '0', HELLO, 'IDLETIME', '100000000', 'REPLACE'],
  ['OBJECT', 'IDLETIME', 't'],
  ['RESTORE', 't', '0', HELLO, 'FREQ', '255', 'REPLACE'],
  ['OBJECT', 'IDLETIME', 't'],
  ['RESTORE-ASKING', 't', '0', HELLO, 'REPLACE'],
];

/** Replies whose order means nothing, their parts sorted. */
const UNORDERED = new Set(['KEYS', 'SCAN']);

function comparable(script: readonly Words[], replies: readonly string[]): unknown[] {
  return replies.map((reply, i) => {
    const words = script[i] as Words;
    const parts = reply.split('\r\n');
    const sorted = UNORDERED.has(words[0] as string) ? parts.sort() : parts;
    return [words.join(' '), sorted.join('\r\n')];
  });
}

const KEYS = [
  'a',
  'b',
  'c',
  '\u00ff\u0000',
  'key:with:a:longer:name:of:more:than:31:bytes',
] as const;
const VALUES = [
  ...['', '0', '-128', '128', '32768', '2147483648', '-9223372036854775808', '007', 'abc'],
  ...['x'.repeat(20), 'x'.repeat(21), 'abcd'.repeat(20), 'z'.repeat(104), 'z'.repeat(112)],
  ...['q'.repeat(300), 'lorem ipsum dolor '.repeat(400), '\u0000\u00ff'.repeat(9000)],
] as const;
const MOMENTS = ['4000000000', '4000000001', '4100000000', '1'] as const;
const CONDITIONS = ['', 'NX', 'XX', 'GT', 'LT', 'XX GT'] as const;

/** A command by chance on few keys, so that commands meet each other's work. */
function randomCommand(random: Random): Words {
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
  const key = () => pick(KEYS);
  const words = (text: string) => text.split(' ').filter((word) => word !== '');
  const makers: (() => Words)[] = [
    () => ['SET', key(), pick(VALUES)],
    () => ['SET', key(), pick(VALUES), 'EXAT', pick(MOMENTS)],
    () => ['APPEND', key(), pick(VALUES)],
    () => ['DEL', key(), key()],
    () => ['UNLINK', key()],
    () => ['EXISTS', key(), key()],
    () => ['TYPE', key()],
    () => ['TOUCH', key(), key()],
    () => ['RENAME', key(), key()],
    () => ['RENAMENX', key(), key()],
    () => ['COPY', key(), key(), ...words(pick(['', 'REPLACE', 'DB 1', 'DB 2 REPLACE']))],
    () => ['MOVE', key(), pick(['0', '1', '2'])],
    () => ['SWAPDB', '0', pick(['1', '2'])],
    () => ['EXPIREAT', key(), pick(MOMENTS), ...words(pick(CONDITIONS))],
    () => ['PEXPIREAT', key(), `${pick(MOMENTS)}123`, ...words(pick(CONDITIONS))],
    // Not GT or LT: two such moments differ by the time that passed, which is not the same on both.
    () => ['EXPIRE', key(), pick(['1000000', '-5']), ...words(pick(['', 'NX', 'XX']))],
    () => ['PERSIST', key()],
    () => ['OBJECT', 'ENCODING', key()],
    () => ['DUMP', key()],
    () => ['RESTORE', key(), '0', pick([HELLO, NUMBER, LONG]), ...words(pick(['', 'REPLACE']))],
    () => ['RESTORE', key(), '4000000000000', pick([HELLO, LONG]), 'ABSTTL', 'REPLACE'],
    () => ['KEYS', pick(['*', '[ab]', 'key:*', '\u00ff*'])],
    () => ['SCAN', '0', 'COUNT', '100', ...words(pick(['', 'MATCH *b*', 'TYPE string']))],
    () => ['DBSIZE'],
  ];
  if (random.below(200) === 0) return [pick(['FLUSHDB', 'FLUSHALL'])];
  return pick(makers)();
}

t.test('Key commands do what the real server does, one edge after the other', async (t) => {
  const both = await runOnBoth(t, FIXED);
  if (both === null) return;
  const { ours, real } = both;
  t.same(comparable(FIXED, ours.replies), comparable(FIXED, real.replies));
  t.same(ours.events, real.events);
  t.same(ours.propagated, real.propagated);
  t.same(ours.stored, real.stored);
});

t.test('Key commands reply as the real server in RESP3', async (t) => {
  const both = await runOnBoth(t, FIXED, 3);
  if (both === null) return;
  t.same(comparable(FIXED, both.ours.replies), comparable(FIXED, both.real.replies));
});

t.test('Key commands agree with the real server over random sequences', async (t) => {
  const random = seeded(t);
  const script = Array.from({ length: 4000 }, () => randomCommand(random));
  script.push(...KEYS.map((key) => ['DUMP', key]));
  const both = await runOnBoth(t, script);
  if (both === null) return;
  const { ours, real } = both;
  t.same(comparable(script, ours.replies), comparable(script, real.replies));
  t.same(ours.events, real.events);
  t.same(ours.propagated, real.propagated);
  t.same(ours.stored, real.stored);
});
