/**
 * The short way for the commands of ioredis: from the call to the engine and back, without a stream between them.
 *
 * It is taken only where nobody can tell it from the long one: nothing waits to be sent or answered, and neither
 * the options nor the command have ioredis change the arguments, the reply, or what it knows of the connection.
 */
import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import { Command, type Redis, type RedisOptions, ReplyError } from 'ioredis';
import type { RequestArgument } from '../../protocol/request-writer.js';
import type { EngineStream, NamedCommand } from '../in-process/engine-stream.js';

/** What ioredis keeps of a connection, and does not tell its users. */
interface Inside {
  readonly stream: EngineStream | null;
}

interface Transformers {
  readonly argument: Readonly<Record<string, unknown>>;
  readonly reply: Readonly<Record<string, unknown>>;
}

const { _transformer: transformers } = Command as unknown as { _transformer: Transformers };
/** Who listens there is told of each command. */
const TRACING: TracingChannel & { readonly hasSubscribers?: boolean } =
  tracingChannel('ioredis:command');

/** Whether the options leave commands as they are given, and their replies in the shapes of RESP2. */
export function sendsPlainly(options: RedisOptions): boolean {
  const { keyPrefix, commandTimeout, showFriendlyErrorStack } = options;
  const { enableAutoPipelining, stringNumbers, socketTimeout } = options;
  const { replyMapping } = options as { readonly replyMapping?: string };
  return !(
    replyMapping === 'resp3' ||
    keyPrefix ||
    commandTimeout ||
    showFriendlyErrorStack ||
    enableAutoPipelining ||
    stringNumbers ||
    socketTimeout
  );
}

/** Runs a command within this call. @returns What to wait for; undefined, and nothing is done, when it must be sent. */
export function runAtOnce(
  redis: Redis,
  command: NamedCommand,
  args: readonly unknown[],
): Promise<unknown> | undefined {
  const { stream } = redis as unknown as Inside;
  if (redis.status !== 'ready' || stream === null) return undefined;
  const { name } = command;
  // A connection to a database is more than what the server knows of it.
  if (name === 'select' || TRACING.hasSubscribers) return undefined;
  // A look-up of own names takes half as long as one that asks the prototypes too.
  if (Object.hasOwn(transformers.argument, name) || Object.hasOwn(transformers.reply, name)) return;
  if (!arePlain(args)) return undefined;
  const reply = stream.runNow(command, args);
  if (reply === undefined) return undefined;
  if (reply instanceof Error) return Promise.reject(errorOf(reply, name, args));
  return Promise.resolve(reply);
}

/** Whether all arguments are sent as they are: not lists, objects, nor a callback. */
function arePlain(args: readonly unknown[]): args is readonly RequestArgument[] {
  for (const arg of args) {
    if (typeof arg !== 'string' && typeof arg !== 'number' && !Buffer.isBuffer(arg)) return false;
  }
  return true;
}

function errorOf({ message }: Error, name: string, args: readonly RequestArgument[]): Error {
  return Object.assign(new ReplyError(message), {
    command: { name, args: args.map((arg) => (typeof arg === 'number' ? String(arg) : arg)) },
  });
}
