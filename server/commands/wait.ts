/** WAIT and WAITAOF: until what the client wrote is acknowledged. */
import { command } from '../../datatypes/command.js';
import { readMilliseconds } from '../../datatypes/options.js';
import {
  MUST_BE_POSITIVE,
  NUMLOCAL_OUT_OF_RANGE,
  WAITAOF_WITHOUT_AOF,
} from '../../protocol/refusals.js';
import type { ReplyWriter } from '../../protocol/reply.js';
import { integer } from '../../protocol/spec.js';
import type { ServerCall } from '../server-call.js';

const wait = command(
  {
    name: 'wait',
    group: 'generic',
    since: '3.0.0',
    arity: 3,
    flags: ['blocking'],
    acl: ['connection'],
    tips: ['request_policy:all_shards', 'response_policy:agg_min'],
    args: [integer('numreplicas'), integer('timeout')],
    complexity: 'O(1)',
    summary: 'Waits until so many replicas have what this connection wrote.',
  },
  (call: ServerCall) => {
    const { acknowledgements } = call.server;
    const timeoutMs = readMilliseconds(call, 2);
    const wanted = Number(call.bigint(1));
    const { writtenOffset } = call.client;
    const replicas = () => acknowledgements.count(writtenOffset, false).replicas;
    waitUntil(call, timeoutMs, {
      isEnough: () => replicas() >= wanted,
      answer: (reply) => reply.integer(replicas()),
    });
  },
);

const waitaof = command(
  {
    name: 'waitaof',
    group: 'generic',
    since: '7.2.0',
    arity: 4,
    flags: ['blocking'],
    acl: ['connection'],
    tips: ['request_policy:all_shards', 'response_policy:agg_min'],
    args: [integer('numlocal'), integer('numreplicas'), integer('timeout')],
    complexity: 'O(1)',
    summary: 'Waits until what this connection wrote is on disk, here and on so many replicas.',
  },
  (call: ServerCall) => {
    const { acknowledgements, config } = call.server;
    const wantedLocal = readLocal(call);
    const wantedReplicas = readReplicas(call);
    const timeoutMs = readMilliseconds(call, 3);
    if (wantedLocal > 0 && !config.values.appendonly) throw WAITAOF_WITHOUT_AOF;
    const { writtenOffset } = call.client;
    const counts = () => acknowledgements.count(writtenOffset, true);
    // Turned off while somebody waits for it, the file will never have anything.
    const isInVain = () => wantedLocal > 0 && !config.values.appendonly;
    waitUntil(call, timeoutMs, {
      isEnough: () => {
        if (isInVain()) return true;
        const { local, replicas } = counts();
        return local >= wantedLocal && replicas >= wantedReplicas;
      },
      answer: (reply) => {
        if (isInVain()) return reply.error(WAITAOF_WITHOUT_AOF);
        const { local, replicas } = counts();
        reply.array(2);
        reply.integer(local);
        reply.integer(replicas);
      },
    });
  },
);

interface Condition {
  readonly isEnough: () => boolean;
  readonly answer: (reply: ReplyWriter) => void;
}

/** Replies at once when there is enough, or the call must not wait. */
function waitUntil(call: ServerCall, timeoutMs: number, { isEnough, answer }: Condition): void {
  if (isEnough() || !call.mayWait) return answer(call.reply);
  call.server.blockedClients.blockUntilAcknowledged(call, {
    timeoutMs,
    isAcknowledged: isEnough,
    reply: answer,
  });
}

/** Argument 1 as 0 or 1. */
function readLocal(call: ServerCall): number {
  const wanted = Number(call.bigint(1));
  if (wanted !== 0 && wanted !== 1) throw NUMLOCAL_OUT_OF_RANGE;
  return wanted;
}

function readReplicas(call: ServerCall): number {
  const wanted = Number(call.bigint(2, MUST_BE_POSITIVE));
  if (wanted < 0) throw MUST_BE_POSITIVE;
  return wanted;
}

export const WAIT_COMMANDS = [wait, waitaof];
