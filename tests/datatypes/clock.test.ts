import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { SystemClock } from '../../datatypes/clock.js';

const HOUR_MS = 3_600_000;

t.test('the clock tells the date of the system, also after somebody has set it', async (t) => {
  let aheadMs = 0;
  const clock = new SystemClock({ date: () => Date.now() + aheadMs });
  const error = () => {
    clock.refresh();
    return Math.abs(clock.now() - Date.now() - aheadMs);
  };
  t.ok(error() <= 2, 'as it is');
  for (const nextMs of [HOUR_MS, -HOUR_MS]) {
    aheadMs = nextMs;
    while (error() > 2) await setImmediate();
    t.ok(Math.abs(clock.nowMicros() / 1000 - Date.now() - aheadMs) <= 3, 'the exact time too');
  }
});

t.test('all that is asked within a turn is told the same time', async (t) => {
  const clock = new SystemClock();
  const startMs = clock.refresh();
  const nowMs = clock.now();
  while (clock.elapsedMs() < startMs + 3);
  t.equal(clock.now(), nowMs);
  const laterMs = clock.refresh();
  t.ok(laterMs >= startMs + 3);
  t.ok(Math.abs(clock.now() - nowMs - (laterMs - startMs)) <= 3, 'both scales go on alike');
});
