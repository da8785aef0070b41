/** INFO cpu: what the process has used of the machine. */
import { readFileSync } from 'node:fs';
import { type InfoField, type InfoSection, seconds } from './section.js';

/** The kernel counts a thread's time in hundredths of a second. */
const TICK_USEC = 10_000;

export const CPU: InfoSection = {
  name: 'cpu',
  title: 'CPU',
  shown: 'default',
  *fields({ stats }) {
    const { user, system } = process.cpuUsage();
    yield ['used_cpu_sys', seconds(system)];
    yield ['used_cpu_user', seconds(user)];
    yield ['used_cpu_sys_children', seconds(0)];
    yield ['used_cpu_user_children', seconds(0)];
    yield* mainThread();
    yield ['used_active_time_main_thread', seconds(stats.turnsUsec)];
  },
};

/** Where the system tells it: what the thread that runs commands has used. */
function* mainThread(): Generator<InfoField> {
  let text: string;
  try {
    text = readFileSync(`/proc/self/task/${process.pid}/stat`, 'latin1');
  } catch {
    return;
  }
  // The second field is a name in brackets, which may hold blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  yield ['used_cpu_sys_main_thread', seconds(Number(fields[12]) * TICK_USEC)];
  yield ['used_cpu_user_main_thread', seconds(Number(fields[11]) * TICK_USEC)];
}
