/**
 * Calls that took long, came with a large request or left with a large reply: COMMANDLOG and SLOWLOG.
 *
 * Whether a call belongs to a log is decided by comparing numbers; only a call that does is copied, its
 * arguments shortened as the real server shortens them.
 */
import Denque from 'denque';
import type { Request } from '../protocol/request.js';
import type { ConfigValues } from './config-table.js';

export const LOG_KINDS = ['slow', 'large-request', 'large-reply'] as const;
export type LogKind = (typeof LOG_KINDS)[number];

const MOST_ARGUMENTS = 32;
const LONGEST_ARGUMENT_BYTES = 128;
const REDACTED = Buffer.from('(redacted)');

export interface LogEntry {
  /** From 0 on, by log. */
  readonly id: number;
  readonly atSeconds: number;
  /** µs for `slow`, else bytes. */
  readonly amount: number;
  readonly args: readonly Uint8Array[];
  /** `ip:port` of the client. */
  readonly address: string;
  readonly clientName: string;
}

/** A call that is to be judged. */
export interface LoggedCall {
  readonly request: Request;
  /** Which arguments are secret; null when none is. */
  readonly redacted: ReadonlySet<number> | null;
  readonly address: string;
  readonly clientName: string;
  readonly atMs: number;
}

class Log {
  readonly entries = new Denque<LogEntry>();
  nextId = 0;

  /** Adds an entry, and drops the oldest beyond `most`. With room for none, the log stays as it is. */
  add(call: LoggedCall, amount: number, most: number): void {
    if (most === 0) return;
    const args = shortened(call.request, call.redacted);
    const { address, clientName } = call;
    const atSeconds = Math.floor(call.atMs / 1000);
    this.entries.unshift({ id: this.nextId++, atSeconds, amount, args, address, clientName });
    this.trim(most);
  }

  trim(most: number): void {
    while (this.entries.length > most) this.entries.pop();
  }
}

export class CommandLog {
  private readonly logs: Readonly<Record<LogKind, Log>> = {
    slow: new Log(),
    'large-request': new Log(),
    'large-reply': new Log(),
  };
  private readonly values: ConfigValues;

  constructor(values: ConfigValues) {
    this.values = values;
  }

  /** Whether a call belongs to any log: one compare each. */
  wants(usec: number, requestBytes: number, replyBytes: number): boolean {
    const { values } = this;
    return (
      over(usec, values.commandlogExecutionSlowerThan) ||
      over(requestBytes, values.commandlogRequestLargerThan) ||
      over(replyBytes, values.commandlogReplyLargerThan)
    );
  }

  /** Adds a call to the logs that want it. */
  add(call: LoggedCall, usec: number, requestBytes: number, replyBytes: number): void {
    const { logs, values } = this;
    if (over(usec, values.commandlogExecutionSlowerThan)) {
      logs.slow.add(call, usec, values.commandlogSlowExecutionMaxLen);
    }
    if (over(requestBytes, values.commandlogRequestLargerThan)) {
      logs['large-request'].add(call, requestBytes, values.commandlogLargeRequestMaxLen);
    }
    if (over(replyBytes, values.commandlogReplyLargerThan)) {
      logs['large-reply'].add(call, replyBytes, values.commandlogLargeReplyMaxLen);
    }
  }

  length(kind: LogKind): number {
    return this.logs[kind].entries.length;
  }

  /** The latest `count` entries, the latest first. */
  latest(kind: LogKind, count: number): LogEntry[] {
    const { entries } = this.logs[kind];
    const found: LogEntry[] = [];
    for (let i = 0; i < entries.length && i < count; i++) found.push(entries.get(i) as LogEntry);
    return found;
  }

  reset(kind: LogKind): void {
    this.logs[kind].entries.clear();
  }
}

/** Whether `amount` reaches `threshold`; a negative one is never reached. */
function over(amount: number, threshold: number): boolean {
  return amount >= threshold && threshold >= 0;
}

/** Copies of the first arguments, long ones cut: what is left out is told. */
function shortened(request: Request, redacted: ReadonlySet<number> | null): Uint8Array[] {
  const { argc } = request;
  const shown = Math.min(argc, MOST_ARGUMENTS);
  const args: Uint8Array[] = [];
  for (let i = 0; i < shown; i++) {
    if (i === shown - 1 && argc > shown) {
      args.push(Buffer.from(`... (${argc - shown + 1} more arguments)`));
    } else if (redacted?.has(i)) args.push(REDACTED);
    else args.push(cut(request.argument(i)));
  }
  return args;
}

function cut(argument: Uint8Array): Uint8Array {
  const left = argument.length - LONGEST_ARGUMENT_BYTES;
  if (left <= 0) return Uint8Array.prototype.slice.call(argument);
  const head = argument.subarray(0, LONGEST_ARGUMENT_BYTES);
  return Buffer.concat([head, Buffer.from(`... (${left} more bytes)`)]);
}
