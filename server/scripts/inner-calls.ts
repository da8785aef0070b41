/**
 * `redis.call`: commands that scripts run.
 *
 * The arguments are written into one buffer, as if they had been read from a connection; the command writes its
 * reply to a writer of its own, from where it is read back as Lua values. Both are used again for each call.
 */
import { Destination } from '../../persistence/propagation.js';
import { formatDouble } from '../../protocol/doubles.js';
import { GrowingBytes } from '../../protocol/growing-bytes.js';
import {
  NOT_FROM_SCRIPT,
  OUT_OF_MEMORY,
  READ_ONLY_SCRIPT,
  type Refusal,
  SCRIPT_ARGUMENT_TYPE,
  SCRIPT_CALL_WITHOUT_COMMAND,
  SCRIPT_UNKNOWN_COMMAND,
  SCRIPT_WRONG_ARITY,
} from '../../protocol/refusals.js';
import { ReplyWriter } from '../../protocol/reply.js';
import { Request } from '../../protocol/request.js';
import { LuaError } from '../../scripting/engine.js';
import type { Machine } from '../../scripting/machine/machine.js';
import { Table } from '../../scripting/machine/table.js';
import type { Thread } from '../../scripting/machine/thread.js';
import type { LuaValue } from '../../scripting/machine/values.js';
import { ReplyReader, tagged } from '../../scripting/values/reply-reader.js';
import { Client } from '../client.js';
import type { CommandEntry } from '../command-table.js';
import type { Executor } from '../execute.js';
import { unknownSubcommandOf } from '../gate.js';
import type { Server } from '../server.js';
import { ServerCall } from '../server-call.js';
import { ScriptFlag } from './script-flags.js';
import type { ScriptRun } from './script-run.js';

const BUFFER_BYTES = 4096;
/** What a command takes beside its bytes, in loop turns of the script. */
const TICKS_OF_CALL = 16;

/** An error as scripts see it. What a command said was counted when it said it. */
export function errorTable(message: string): Table {
  const table = new Table(0, 2);
  table.set('err', message);
  table.set('ignore_error_stats_update', true);
  return table;
}

/** Whether a script may call commands that take more memory while that is short: one that has begun to write may. */
function mayGrow({ flags, hasWritten }: ScriptRun): boolean {
  return hasWritten || (flags !== null && (flags & ScriptFlag.allowOom) !== 0);
}

export class InnerCalls {
  /** The script that runs. */
  run: ScriptRun | null = null;

  private readonly server: Server;
  private readonly executor: Executor;
  private readonly client: Client;
  private readonly call: ServerCall;
  private readonly request = new Request();
  private readonly reader = new ReplyReader();
  private readonly reply: ReplyWriter;
  private readonly args = new GrowingBytes(BUFFER_BYTES);
  private failed = false;
  /** Whose script made the call. */
  private machine: Machine | null = null;
  private readonly readReply = (bytes: Buffer, start: number, end: number): LuaValue => {
    if (this.run?.watcher?.wantsCalls) this.run.watcher.replied(bytes, start, end);
    this.failed = ReplyReader.isError(bytes, start);
    if (this.failed) return errorTable(ReplyReader.errorOf(bytes, start, end));
    this.machine?.allocate(ReplyReader.memoryOf(bytes, start, end));
    return this.reader.read(bytes, start);
  };

  constructor(server: Server) {
    this.server = server;
    this.executor = server.executor;
    this.client = new Client({
      id: 0,
      transport: null,
      db: server.keyspace.databases[0] as (typeof server.keyspace.databases)[0],
      nowMs: server.clock.now(),
      authenticated: true,
      maxBulkBytes: server.config.values.protoMaxBulkLen,
      holder: server.arena,
    });
    this.reply = new ReplyWriter(server.arena);
    this.call = new ServerCall(server, this.client);
    this.call.isFromScript = true;
    this.call.reply = this.reply;
    this.call.request = this.request;
  }

  /** A script begins: its commands run for its caller, in the database that the caller selected. */
  begin(run: ScriptRun): void {
    const { client, server } = this;
    const caller = run.client;
    this.run = run;
    server.keyspace.readsIntegers = false;
    client.origin = caller;
    client.db = caller.db;
    client.user = caller.user;
    client.noTouch = caller.noTouch;
    client.isImportSource = caller.isImportSource;
  }

  end(): void {
    this.run = null;
    this.machine = null;
    this.server.keyspace.readsIntegers = true;
    this.client.origin = this.client;
    this.args.empty();
  }

  /** Runs the command that the arguments of the running function of the host say. */
  invoke(thread: Thread, raises: boolean): number {
    const { run } = this;
    if (run === null) throw new Error('Cannot call a command: no script runs');
    const malformed = this.readArguments(thread);
    const watcher = run.watcher?.wantsCalls ? run.watcher : null;
    if (malformed !== null) {
      watcher?.calledWrongly(malformed);
      return this.fail(thread, tagged('err', malformed.message), raises);
    }
    const refused = this.perform(run);
    watcher?.called(this.request, refused);
    if (refused !== null) {
      this.server.countError(refused);
      return this.fail(thread, errorTable(refused.message), raises);
    }
    this.machine = thread.machine;
    const value = this.reply.consume(this.readReply);
    return this.failed ? this.fail(thread, value, raises) : thread.answer(value);
  }

  /** The command that the arguments name, with them in `request`; or why there is none. */
  readCommand(thread: Thread): CommandEntry | Refusal {
    return (
      this.readArguments(thread) ??
      this.server.commands.resolve(this.request) ??
      SCRIPT_UNKNOWN_COMMAND
    );
  }

  private fail(thread: Thread, error: LuaValue, raises: boolean): number {
    return raises ? thread.machine.raise(thread, new LuaError(error)) : thread.answer(error);
  }

  private perform(run: ScriptRun): Refusal | null {
    const { request, call } = this;
    const entry = this.server.commands.resolve(request);
    if (entry === undefined) return SCRIPT_UNKNOWN_COMMAND;
    if (entry.subcommands !== null && request.argc > 1) return unknownSubcommandOf(request);
    const refused = this.refuse(run, entry);
    if (refused !== null) {
      entry.rejectedCalls++;
      return refused;
    }
    if (entry.isWrite) run.hasWritten = true;
    const { effects } = this.server;
    this.reply.resp = run.resp;
    this.client.resp = run.resp;
    call.entry = entry;
    call.db = this.client.db;
    effects.destinations = run.destinations;
    this.executor.runInner(call, entry);
    effects.destinations = Destination.all;
    return null;
  }

  /** Why the script must not run the command, or null when it may. */
  private refuse(run: ScriptRun, entry: CommandEntry): Refusal | null {
    const { request, server } = this;
    if (!entry.arityFits(request.argc)) return SCRIPT_WRONG_ARITY;
    if (entry.isNoScript && !server.scripts.mayCallAll) return NOT_FROM_SCRIPT;
    if (entry.isDenyOom && server.memory.isShort && !mayGrow(run)) return OUT_OF_MEMORY;
    return run.isReadOnly && entry.mayReplicate ? READ_ONLY_SCRIPT : null;
  }

  /** Writes the arguments into the request. */
  private readArguments(thread: Thread): Refusal | null {
    const { args, request } = this;
    const { stack, base, top } = thread;
    request.argc = 0;
    args.used = 0;
    if (top === base) return SCRIPT_CALL_WITHOUT_COMMAND;
    for (let i = base; i < top; i++) {
      const value = stack[i];
      let text: string;
      if (typeof value === 'string') text = value;
      else if (typeof value === 'number') text = value === 0 ? '0' : formatDouble(value);
      else return SCRIPT_ARGUMENT_TYPE;
      const start = args.used;
      args.text(text);
      request.push(start, args.used);
    }
    request.bytes = args.bytes;
    thread.machine.budget -= TICKS_OF_CALL + (args.used >> 6);
    return null;
  }
}
