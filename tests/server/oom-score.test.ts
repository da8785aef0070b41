import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Config } from '../../server/config.js';
import { OomScore } from '../../server/oom-score.js';
import { temporaryFolder } from '../helpers/program.js';

const MAY_NOT_WORK =
  'The oom-score-adj-values configuration may not work for non-privileged processes! ' +
  'Please consult the documentation.';

/** A score file that says 7, and what follows the settings into it. */
function start(t: Parameters<typeof temporaryFolder>[0], path = '') {
  const file = path || join(temporaryFolder(t), 'oom_score_adj');
  if (path === '') writeFileSync(file, '7\n');
  const config = new Config();
  const warnings: string[] = [];
  const role = { isReplica: false };
  const score = new OomScore({
    config,
    log: { warning: (message) => void warnings.push(message) },
    path: file,
    isReplica: () => role.isReplica,
  });
  const set = (...pairs: [string, string][]) => config.set(pairs)?.message;
  return { config, warnings, role, score, set, read: () => readFileSync(file, 'latin1').trim() };
}

t.test('the values count from the score the process was started with', async (t) => {
  const { set, read, role, score } = start(t);
  set(['oom-score-adj-values', '10 20 30'], ['oom-score-adj', 'yes']);
  t.equal(read(), '17');
  set(['oom-score-adj-values', '15 20 30']);
  t.equal(read(), '22');
  role.isReplica = true;
  t.equal(score.apply(), true);
  t.equal(read(), '27');
});

t.test('absolute values are the score, within what the system takes', async (t) => {
  const { set, read } = start(t);
  set(['oom-score-adj-values', '15 20 30'], ['oom-score-adj', 'absolute']);
  t.equal(read(), '15');
  set(['oom-score-adj-values', '2000 2000 2000']);
  t.equal(read(), '1000');
  set(['oom-score-adj-values', '-2000 0 0']);
  t.equal(read(), '-1000');
});

t.test('turned off, the score is what it was when it was turned on', async (t) => {
  const { set, read } = start(t);
  set(['oom-score-adj-values', '1 2 3']);
  t.equal(read(), '7');
  set(['oom-score-adj', 'relative']);
  set(['oom-score-adj', 'absolute']);
  set(['oom-score-adj', 'no']);
  t.equal(read(), '7');
});

t.test('values that fall from role to role bring a warning', async (t) => {
  const { set, warnings } = start(t);
  set(['oom-score-adj-values', '-3 -2 -2']);
  t.same(warnings, []);
  set(['oom-score-adj-values', '3 2 3']);
  t.same(warnings, [MAY_NOT_WORK]);
});

t.test('a score that cannot be written is refused, and logged', async (t) => {
  const { set, config, warnings } = start(t, '/nonexistent/oom_score_adj');
  t.equal(
    set(['oom-score-adj', 'yes']),
    "ERR CONFIG SET failed (possibly related to argument 'oom-score-adj') - " +
      'Failed to set current oom_score_adj. Check server logs.',
  );
  t.equal(config.values.oomScoreAdj, 'no');
  t.same(warnings, ['Unable to write oom_score_adj: No such file or directory']);
});
