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
    SADD s 3 1 10 2
    MSET w_1 30 w_2 -2.5 w_3 1e1
    SORT s STORE d
    SORT s BY w_* GET w_* GET # DESC STORE d
    SORT s BY nosort STORE d
    SORT s LIMIT 9 1 STORE d
    SORT s LIMIT 9 1 STORE d
    SET d v EX 1000
    SORT s STORE d
    LRANGE d 0 -1
    SORT d BY nosort DESC LIMIT 1 2 STORE d
    LRANGE d 0 -1
    SORT d BY nosort GET none_* STORE e
    LRANGE e 0 -1
    SORT none STORE none
    SORT w_1
    SORT s BY *->f GET *->f
    SORT_RO s STORE d
  `),
];

t.test('SORT does and tells what the real server does and tells', async (t) => {
  const both = await runOnBoth(t, SCRIPT);
  if (both === null) return;
  const { ours, real } = both;
  SCRIPT.forEach((words, i) => {
    t.equal(ours.replies[i], real.replies[i], words.join(' '));
  });
  t.same(ours.events, real.events);
  t.same(ours.propagated, real.propagated);
  t.same(ours.stored, real.stored);
});
