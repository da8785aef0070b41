import t from 'tap';
import { runOnBoth, type Words } from '../helpers/twins.js';

/** Words of one line, split at spaces. */
const lines = (text: string): Words[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' '));

const SCRIPT: readonly Words[] = [
  ...lines(`
    SADD s 3 1 2
    SADD s 1 2
    SADD s a 4
    SREM s x y
    SREM s 1 a 1
    SREM s 2 3 4
    SADD one x
    SPOP one
    SPOP one
    SADD one 7
    SPOP one 1
    SADD one 1 2 3
    SPOP one 5
    CONFIG SET lazyfree-lazy-server-del no
    SADD one 1 2 3
    SPOP one 3
    SPOP one 3
    SPOP one 0
    SADD from a b
    SMOVE from to a
    SMOVE from to a
    SMOVE from to b
    SADD from b
    SMOVE from to b
    SMOVE to to a
    SMOVE to to zz
    SMOVE none to a
    SADD x 1 2 3 a
    SADD y 2 3 b
    SINTERSTORE i x y
    SINTERSTORE i x none
    SINTERSTORE i x none
    SUNIONSTORE u x y none
    SDIFFSTORE d x y
    SDIFFSTORE d x x
    SDIFFSTORE d none x
    SET string v
    SUNIONSTORE string none
    SET string v EX 100
    SUNIONSTORE string x
    SUNIONSTORE x x y
    SINTERCARD 2 x y
    SINTERCARD 2 x y LIMIT 1
    SINTERCARD 2 x y limit 0
    SINTERCARD 0 x
    SINTERCARD 3 x y
    SINTERCARD 1 x y
    SINTERCARD 1 x LIMIT
    SINTERCARD 1 x LIMIT -1
    SRANDMEMBER x -9223372036854775808
    SRANDMEMBER x 1 2
    SPOP x -1
    SPOP x 1 2
    SSCAN none 0 foo
    SSCAN x y
    SSCAN y 0
    SMISMEMBER y 2 x
    RPUSH list a
    SMOVE list y a
    SMOVE y list 2
    SMOVE none list 2
    SINTER none list
    SUNION none list
    SDIFF none list
    SINTERSTORE list y none
  `),
];

for (const resp of [2, 3] as const) {
  t.test(`sets do and tell what the real server does and tells, RESP${resp}`, async (t) => {
    const both = await runOnBoth(t, SCRIPT, resp);
    if (both === null) return;
    const { ours, real } = both;
    SCRIPT.forEach((words, i) => {
      t.equal(ours.replies[i], real.replies[i], words.join(' '));
    });
    t.same(ours.events, real.events);
    t.same(ours.propagated, real.propagated);
    t.same(ours.stored, real.stored);
  });
}
