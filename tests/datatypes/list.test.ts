import t from 'tap';
import { refusalOf, startServer } from '../helpers/server.js';
import { runOnBoth, type Words } from '../helpers/twins.js';

/** Words of one line, split at spaces; `''` is an empty word. */
function lines(text: string): Words[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' '))
    .map((words) => words.map((word) => (word === "''" ? '' : word)));
}

const SCRIPT: Words[] = lines(`
  LPUSH l a b c
  RPUSH l 1 '' 2
  LPUSHX l x
  RPUSHX l y z
  LPUSHX none x
  RPUSHX none x
  LRANGE l 0 -1
  LRANGE l -3 100
  LRANGE l 5 2
  LRANGE none 0 1
  LRANGE l x 1
  LLEN l
  LLEN none
  LINDEX l 0
  LINDEX l -1
  LINDEX l 100
  LINDEX l 99999999999999999
  LINDEX l x
  LINDEX none x
  LSET l 1 one
  LSET l 100 x
  LSET l x y
  LSET none x y
  LINSERT l BEFORE one zero
  LINSERT l after one two
  LINSERT l after none two
  LINSERT none after one two
  LINSERT l around one two
  LREM l 0 zero
  LREM l -1 none
  LREM l -9223372036854775808 a
  LREM none 0 a
  LREM none x a
  RPUSH p a b c d a b c d a
  LPOS p a
  LPOS p a RANK 2
  LPOS p a RANK -1
  LPOS p a COUNT 0
  LPOS p a COUNT 2 RANK -2
  LPOS p a COUNT 0 MAXLEN 3
  LPOS p d MAXLEN 3
  LPOS p none
  LPOS p none COUNT 1
  LPOS none a
  LPOS none a COUNT 1
  LPOS p a RANK 0
  LPOS p a RANK -9223372036854775808
  LPOS p a RANK x
  LPOS p a COUNT -1
  LPOS p a MAXLEN -1
  LPOS p a RANK
  LPOS p a WORD 1
  LPOP p
  RPOP p
  LPOP p 2
  RPOP p 2
  LPOP p 0
  LPOP p -1
  LPOP p x
  LPOP p 1 2
  RPOP p 1 2
  LPOP none
  LPOP none 1
  LPOP none 0
  RPOP none -1
  LPOP p 100
  EXISTS p
  RPUSH p a
  RPOP p
  RPUSH p a b c d
  LTRIM p 1 -2
  LTRIM p 0 -1
  LTRIM p 5 9
  LTRIM none 0 1
  LTRIM p x 1
  RPUSH p a
  LTRIM p 1 0
  RPUSH s 1 2 3
  LMOVE s d LEFT RIGHT
  LMOVE s d right left
  LMOVE s s LEFT RIGHT
  LMOVE s d LEFT LEFT
  LMOVE s d LEFT LEFT
  LMOVE s d UP LEFT
  LMOVE s d LEFT UP
  RPOPLPUSH d d
  RPOPLPUSH d s
  RPOPLPUSH none s
  RPUSH m a b c
  LMPOP 2 none m LEFT
  LMPOP 2 none m RIGHT COUNT 5
  LMPOP 1 m LEFT
  LMPOP 0 m LEFT
  LMPOP x m LEFT
  LMPOP 1 m UP
  LMPOP 2 m LEFT
  LMPOP 1 m LEFT COUNT 0
  LMPOP 1 m LEFT COUNT x
  LMPOP 1 m LEFT COUNT 1 COUNT 2
  LMPOP 1 m LEFT WORD 1
  LMPOP 1 m LEFT COUNT
  RPUSH m a b c d e
  BLPOP none m 0
  BRPOP m none 1.5
  BLMPOP 0 2 none m LEFT COUNT 2
  BLMPOP 0.1 1 m RIGHT
  RPUSH m a b c
  BLMOVE m n LEFT RIGHT 0
  BRPOPLPUSH m n 0
  BLMOVE m n RIGHT LEFT 0
  RPUSH m a b c d e
  BLPOP m x
  BLPOP m -1
  BLPOP m -0.0001
  BLPOP m 1e308
  BLPOP m inf
  BLPOP m -inf
  BLPOP m nan
  BLPOP m ''
  BLMPOP x 1 m LEFT
  BLMPOP -1 1 m LEFT
  BLMPOP 0 0 m LEFT
  BLMPOP 0 1 m UP
  BLMOVE m n UP LEFT x
  BLMOVE m n LEFT LEFT x
  BRPOPLPUSH m n x
  SET str x
  LPUSH str a
  LPUSHX str a
  LPOP str
  LPOP str 0
  LPOP str -1
  LLEN str
  LINDEX str x
  LRANGE str 0 1
  LSET str x y
  LTRIM str 0 1
  LREM str 0 a
  LINSERT str BEFORE a b
  LPOS str a
  LMOVE str n LEFT LEFT
  LMOVE n str LEFT LEFT
  LMOVE none str LEFT LEFT
  LMPOP 2 none str LEFT
  BLPOP none str 0
  BLMOVE str n LEFT LEFT 0
  BLMPOP 0 1 str LEFT
  BRPOPLPUSH n str 0
  EXPIRE n 1000
  LPUSH n x
  COPY n copy
  RENAME n renamed
  LPUSH copy y
  LRANGE renamed 0 -1
  LRANGE copy 0 -1
  CONFIG SET list-max-listpack-size 3
  RPUSH q 1 2 3
  OBJECT ENCODING q
  RPUSH q 4
  OBJECT ENCODING q
  RPOP q
  OBJECT ENCODING q
  RPOP q
  RPOP q
  OBJECT ENCODING q
  RPUSH q 1 2 3 4 5 6 7
  LREM q 0 3
  LSET q 2 x
  LINSERT q BEFORE x w
  LMOVE q q RIGHT LEFT
  LRANGE q 0 -1
  LPOS q w
  LTRIM q 2 3
  OBJECT ENCODING q
  LSET q 9 x
  COPY q q2
  RPUSH q2 8 9 10
  COPY q2 q3
  LPUSH q2 0
  LRANGE q3 0 -1
  DEL q2
`);

for (const resp of [2, 3] as const) {
  t.test(`lists answer, tell and travel as on the real server, RESP${resp}`, async (t) => {
    const both = await runOnBoth(t, SCRIPT, resp);
    if (both === null) return;
    const shown = (replies: readonly string[]) =>
      replies.map((reply, i) => `${SCRIPT[i]?.join(' ')}: ${reply}`);
    t.same(shown(both.ours.replies), shown(both.real.replies));
    t.same(both.ours.events, both.real.events);
    t.same(both.ours.propagated, both.real.propagated);
    t.same(both.ours.stored, both.real.stored);
  });
}

t.test('compressed nodes in the middle take less memory and read as before', async (t) => {
  const { call, server } = await startServer(t, { config: { 'list-compress-depth': '1' } });
  const element = 'compress me '.repeat(40);
  for (let i = 0; i < 1000; i++) await call('RPUSH', 'list', `${element}${i}`);
  t.ok(server.engine.arena.usedBytes < 200_000, 'half a megabyte stands in less');
  t.equal(await call('LINDEX', 'list', '500'), `${element}500`);
  t.equal(await call('LPOS', 'list', `${element}700`), 700);
  t.equal(await call('LINSERT', 'list', 'AFTER', `${element}700`, 'next'), 1001);
  t.equal(await call('LINDEX', 'list', '701'), 'next');
  t.equal(await call('LREM', 'list', '-1', `${element}300`), 1);
  t.same(await call('LRANGE', 'list', '299', '300'), [`${element}299`, `${element}301`]);
  t.ok(Number(await call('MEMORY', 'USAGE', 'list', 'SAMPLES', '0')) < 200_000);
});

t.test('elements of many megabytes stand alone and move', async (t) => {
  const { call } = await startServer(t);
  const huge = 'h'.repeat(5_000_000);
  t.equal(await call('RPUSH', 'list', 'a', huge, 'b'), 3);
  t.equal(await call('LINDEX', 'list', '1'), huge);
  await call('LMOVE', 'list', 'other', 'RIGHT', 'LEFT');
  await call('LMOVE', 'list', 'other', 'RIGHT', 'LEFT');
  t.same(await call('LRANGE', 'other', '0', '-1'), [huge, 'b']);
  t.equal(await call('LSET', 'other', '0', 'small'), 'OK');
  t.equal(await call('OBJECT', 'ENCODING', 'other'), 'listpack');
});

t.test('LSET counts by the lowest 32 bits of its index', async (t) => {
  const { call } = await startServer(t);
  await call('RPUSH', 'l', 'a', 'b', 'c');
  t.equal(await call('LSET', 'l', '9007199254740992', 'first'), 'OK');
  t.equal(await call('LSET', 'l', '4294967295', 'last'), 'OK');
  t.equal(await call('LSET', 'l', '-4294967295', 'second'), 'OK');
  t.equal(await refusalOf(call('LSET', 'l', '2147483648', 'x')), 'ERR index out of range');
  t.equal(await refusalOf(call('LSET', 'l', '3', 'x')), 'ERR index out of range');
  t.same(await call('LRANGE', 'l', '0', '-1'), ['first', 'second', 'last']);
  t.equal(await call('LINDEX', 'l', '4294967296'), null);
});
