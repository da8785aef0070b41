/** Commands of one's own: the same table entry as built-in ones, and a function that answers with a value. */
import { type Command, command } from '../../datatypes/command.js';
import { Decoder, ReplyError, type ReplyValue } from '../../protocol/decoder.js';
import { type Refusal, wrongArity } from '../../protocol/refusals.js';
import { ReplyWriter } from '../../protocol/reply.js';
import { Request } from '../../protocol/request.js';
import type { CommandSpec } from '../../protocol/spec.js';
import { unknownCommandOf } from '../gate.js';
import type { Server } from '../server.js';
import { ServerCall } from '../server-call.js';
import { writeAnswer } from './answers.js';

/** What a command tells of itself; most of it may be left out. */
export interface CommandDefinition extends Partial<Omit<CommandSpec, 'name'>> {
  /** In lower case. */
  readonly name: string;
}

/** What a command of one's own may answer; a plain object is a map, nothing at all is OK. */
export type Answer =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Uint8Array
  | Error
  | readonly Answer[]
  | ReadonlyMap<Answer, Answer>
  | ReadonlySet<Answer>
  | { readonly [name: string]: Answer };

/** What a command of one's own sees of the request. */
export interface CommandContext {
  readonly clientId: number;
  readonly clientName: string;
  /** The database that the client has selected. */
  readonly db: number;
  /** The arguments after the name, as bytes. */
  readonly bytes: readonly Uint8Array[];
  /**
   * Runs another command, as a part of this one: at once, in the client's database.
   *
   * @throws {ReplyError} When the reply is an error. Left alone, it is this command's error too.
   */
  run(...args: readonly (string | number | Uint8Array)[]): ReplyValue;
}

/**
 * Runs the command. An error that it throws is its error reply: the whole text of a ReplyError, `ERR` and the
 * message of others.
 *
 * @param args - The arguments after the name, as text.
 */
export type CommandFunction = (context: CommandContext, ...args: string[]) => Answer;

/**
 * Adds a command to a server.
 *
 * @throws {RangeError} When the server has a command of this name.
 */
export function defineCommand(
  server: Server,
  definition: CommandDefinition,
  answer: CommandFunction,
): void {
  const name = definition.name.toLowerCase();
  if (server.commands.named(name) !== undefined) {
    throw new RangeError(`Cannot define a command: the server has one: name is ${name}`);
  }
  const inner = new InnerRuns(server);
  const run: Command['run'] = (call: ServerCall) => {
    const args = Array.from({ length: call.argc - 1 }, (_, i) =>
      Uint8Array.from(call.bytes(i + 1)),
    );
    writeAnswer(call.reply, answerOf(answer, inner.contextOf(call, args)));
  };
  server.commands.add(command(specOf({ ...definition, name }), run));
}

function answerOf(answer: CommandFunction, context: CommandContext): Answer {
  try {
    return answer(context, ...context.bytes.map((bytes) => Buffer.from(bytes).toString()));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Of what is not told: any number of arguments, nothing special. */
function specOf(definition: CommandDefinition): CommandSpec {
  return {
    group: 'generic',
    since: '1.0.0',
    arity: -1,
    flags: [],
    complexity: 'O(1)',
    summary: 'A command of this server only.',
    ...definition,
  };
}

/** Commands within a command of one's own. */
class InnerRuns {
  private readonly server: Server;

  constructor(server: Server) {
    this.server = server;
  }

  contextOf(call: ServerCall, bytes: readonly Uint8Array[]): CommandContext {
    const { client } = call;
    return {
      clientId: client.id,
      clientName: client.name,
      db: client.db.id,
      bytes,
      run: (...args) => this.run(call, args),
    };
  }

  private run(outer: ServerCall, args: readonly (string | number | Uint8Array)[]): ReplyValue {
    const call = new ServerCall(this.server, outer.client);
    const words = args.map((arg) => (typeof arg === 'number' ? String(arg) : arg));
    call.request = Request.of(words);
    call.db = outer.client.db;
    call.reply = new ReplyWriter(this.server.arena, REPLY_BYTES);
    call.reply.resp = outer.reply.resp;
    const refused = this.perform(call);
    if (refused !== null) throw new ReplyError(refused.message);
    // What it did goes to files and replicas, not the command around it.
    outer.effects.propagateNothing();
    return decoded(call.reply);
  }

  private perform(call: ServerCall): Refusal | null {
    const entry = this.server.commands.resolve(call.request);
    if (entry === undefined) return unknownCommandOf(call.request);
    if (!entry.arityFits(call.argc)) return wrongArity(entry.fullName);
    call.entry = entry;
    this.server.executor.runInner(call, entry);
    return null;
  }
}

const REPLY_BYTES = 1024;

function decoded(reply: ReplyWriter): ReplyValue {
  const decoder = new Decoder();
  reply.flush({
    send(bytes, start, end) {
      decoder.add(bytes, start, end);
      return true;
    },
    sendAll(parts) {
      for (const { bytes, done } of parts) {
        decoder.add(bytes);
        done?.();
      }
    },
  });
  const value = decoder.next();
  if (value instanceof ReplyError) throw value;
  return value as ReplyValue;
}
