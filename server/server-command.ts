/** Commands about the server itself: their functions see the server and the client. */
import { type Command, command } from '../datatypes/command.js';
import type { CommandSpec } from '../protocol/spec.js';
import type { ServerCall } from './server-call.js';

/** Declares a command whose calls always come from a server, with a client behind them. */
export function serverCommand(spec: CommandSpec, run: (call: ServerCall) => void): Command {
  return command(spec, (call) => run(call as ServerCall));
}
