/** MONITOR and TIME. */
import { command } from '../../datatypes/command.js';
import { MONITOR_MUST_WAIT } from '../../protocol/refusals.js';
import type { ServerCall } from '../server-call.js';

const monitor = command(
  {
    name: 'monitor',
    group: 'server',
    since: '1.0.0',
    arity: 1,
    flags: ['admin', 'loading', 'noscript', 'stale'],
    acl: ['dangerous'],
    complexity: '',
    summary: 'Shows every request that the server runs, from now on.',
  },
  (call: ServerCall) => {
    // Asked for again, it answers nothing: whoever watches already takes every line for a request.
    if (call.client.isMonitor) return;
    if (!call.mayWait) throw MONITOR_MUST_WAIT;
    call.server.monitors.add(call.client);
    call.reply.ok();
  },
);

const time = command(
  {
    name: 'time',
    group: 'server',
    since: '2.6.0',
    arity: 1,
    flags: ['fast', 'loading', 'stale'],
    tips: ['nondeterministic_output'],
    complexity: 'O(1)',
    summary: "Answers the server's time: whole seconds since 1970, and microseconds.",
  },
  (call: ServerCall) => {
    // Within a script it is always the same time.
    const micros = call.server.scripts.running?.timeMicros ?? call.clock.nowMicros();
    call.reply.array(2);
    call.reply.bulkInteger(Math.floor(micros / 1_000_000));
    call.reply.bulkInteger(micros % 1_000_000);
  },
);

export const MONITOR_COMMANDS = [monitor, time];
