/** CLIENT PAUSE, UNPAUSE and UNBLOCK: requests that wait, and ending that. */
import { command } from '../../datatypes/command.js';
import { INT64_MAX } from '../../protocol/numbers.js';
import {
  BAD_PAUSE_MODE,
  BAD_UNBLOCK_REASON,
  TIMEOUT_NEGATIVE,
  TIMEOUT_NOT_AN_INTEGER,
  TIMEOUT_OUT_OF_RANGE,
} from '../../protocol/refusals.js';
import { integer, oneOf, word } from '../../protocol/spec.js';
import type { PauseScope } from '../pauses.js';
import type { ServerCall } from '../server-call.js';

export const clientPause = command(
  {
    name: 'client|pause',
    group: 'connection',
    since: '3.0.0',
    arity: -3,
    flags: ['admin', 'loading', 'noscript', 'stale'],
    acl: ['connection', 'dangerous'],
    args: [
      integer('timeout'),
      oneOf('mode', [word('WRITE'), word('ALL')], { since: '6.2.0', optional: true }),
    ],
    complexity: 'O(1)',
    summary: 'Has requests wait for some time.',
    history: [['6.2.0', 'Can let requests that do not write pass.']],
  },
  (call: ServerCall) => {
    const scope = readScope(call);
    const endsAtMs = readEnd(call);
    call.server.pauses.begin(scope, endsAtMs);
    call.reply.ok();
  },
);

/** What is to wait; words beyond it are not looked at. */
function readScope(call: ServerCall): PauseScope {
  if (call.argc === 3 || call.is(3, 'all')) return 'all';
  if (call.is(3, 'write')) return 'write';
  throw BAD_PAUSE_MODE;
}

/** When the pause is over, in ms since 1970; a moment that no date can have is cut to the last one. */
function readEnd(call: ServerCall): number {
  const timeoutMs = call.bigint(2, TIMEOUT_NOT_AN_INTEGER);
  if (timeoutMs < 0n) throw TIMEOUT_NEGATIVE;
  const nowMs = call.clock.now();
  if (timeoutMs > INT64_MAX - BigInt(Math.ceil(nowMs))) throw TIMEOUT_OUT_OF_RANGE;
  return Math.min(nowMs + Number(timeoutMs), Number.MAX_SAFE_INTEGER);
}

export const clientUnpause = command(
  {
    name: 'client|unpause',
    group: 'connection',
    since: '6.2.0',
    arity: 2,
    flags: ['admin', 'loading', 'noscript', 'stale'],
    acl: ['connection', 'dangerous'],
    complexity: 'O(N) Where N is the number of paused clients',
    summary: 'Lets requests that wait go on.',
  },
  (call: ServerCall) => {
    call.server.pauses.end();
    call.reply.ok();
  },
);

export const clientUnblock = command(
  {
    name: 'client|unblock',
    group: 'connection',
    since: '5.0.0',
    arity: -3,
    flags: ['admin', 'loading', 'noscript', 'stale'],
    acl: ['connection', 'dangerous'],
    args: [
      integer('client-id'),
      oneOf('unblock-type', [word('TIMEOUT'), word('ERROR')], { optional: true }),
    ],
    complexity: 'O(log N) where N is the number of client connections',
    summary: 'Ends the waiting of a client for keys.',
  },
  (call: ServerCall) => {
    // Only four words can have a reason; the real server looks at none in longer requests.
    if (call.argc === 4 && !call.is(3, 'timeout') && !call.is(3, 'error')) {
      throw BAD_UNBLOCK_REASON;
    }
    const id = call.bigint(2);
    const client = call.server.clients.get(Number(id));
    const withError = call.argc === 4 && call.is(3, 'error');
    const done = client !== undefined && call.server.blockedClients.unblock(client, withError);
    call.reply.integer(done ? 1 : 0);
  },
);
