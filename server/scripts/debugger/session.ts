/**
 * A debugging session: a script that is left at its lines, and a client that says when it goes on.
 *
 * While the script is left, all that the client sends is for the session. The script then waits as one that
 * takes too long does (`Scripts`): its effects stay open and its command has not ended. When the script ends
 * the connection closes: whoever wants to debug again connects again.
 */
import { nextTurn } from '../../../datatypes/event-loop.js';
import { untilZero } from '../../../protocol/bytes.js';
import {
  NOT_FROM_SCRIPT,
  notInScriptMode,
  type Refusal,
  SCRIPT_UNKNOWN_COMMAND,
  SCRIPT_WRONG_ARITY,
  wrongArity,
} from '../../../protocol/refusals.js';
import type { Request } from '../../../protocol/request.js';
import { LuaError } from '../../../scripting/engine.js';
import type { LuaEngine } from '../../../scripting/lua-engine.js';
import { lineOf } from '../../../scripting/machine/describe.js';
import { LineStepper } from '../../../scripting/machine/stepper.js';
import type { Closure, LuaValue } from '../../../scripting/machine/values.js';
import { tagged } from '../../../scripting/values/reply-reader.js';
import type { Client, TakenOver } from '../../client.js';
import { unknownCommandOf } from '../../gate.js';
import type { Server } from '../../server.js';
import type { ScriptWatcher } from '../script-run.js';
import { obey } from './commands.js';
import { DebuggedScript } from './debugged-script.js';
import { DebugLog } from './log.js';
import { showReply } from './reply-text.js';
import { RequestReader } from './request-reader.js';
import { DebuggedSource } from './source.js';

const BREAKPOINT_CALLED = 'server.breakpoint() called';

export class DebugSession implements ScriptWatcher, TakenOver {
  isStopped = false;
  /** When the script last went on. On the scale of `Clock.elapsedMs`. */
  wentOnAtMs = 0;

  private readonly server: Server;
  private readonly client: Client;
  private readonly log = new DebugLog();
  private readonly reader = new RequestReader();
  private readonly source: DebuggedSource;
  private readonly onEnd: () => void;
  private script: DebuggedScript | null = null;
  private engine: LuaEngine | null = null;
  private stepper: LineStepper | null = null;
  private steps = true;
  private breakCalled = false;
  private isOver = false;
  /** Nobody is there any more: the script runs to its end. */
  private isAlone = false;

  constructor(server: Server, client: Client, text: string, onEnd: () => void) {
    this.server = server;
    this.client = client;
    this.source = new DebuggedSource(text);
    this.onEnd = onEnd;
  }

  /** Has the script left at its lines, which is to begin next. */
  begin(engine: LuaEngine, script: Closure): this {
    this.engine = engine;
    this.script = new DebuggedScript(engine, script, () => this.server.clock.elapsedMs());
    this.stepper = new LineStepper(script.code, (_, line) => this.reached(line));
    engine.machine.stepper = this.stepper;
    this.wentOnAtMs = this.server.clock.elapsedMs();
    return this;
  }

  receive(bytes: Uint8Array, end: number): void {
    this.reader.add(bytes.subarray(0, end));
    this.work();
  }

  left(): void {
    this.isAlone = true;
    if (this.script !== null) this.script.showsCalls = false;
    if (!this.isStopped) return;
    this.isStopped = false;
    nextTurn(() => this.server.scripts.goOn());
  }

  /** The session is over: what its script has to say comes next, and then the connection closes. */
  ended(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isStopped = false;
    this.stepper?.release();
    if (this.engine !== null) this.engine.machine.stepper = null;
    this.log.add('<endsession>');
    this.flush();
    this.server.closeAfterReply(this.client);
    this.onEnd();
  }

  get wantsCalls(): boolean {
    return this.script?.showsCalls === true;
  }

  called(request: Request, refused: Refusal | null): void {
    this.log.add(`<command> ${commandText(request)}`);
    if (refused === null) return;
    const { said, shown } = this.refusalOf(request, refused);
    this.log.addValue(`<reply> ${showReply(Buffer.from(said.bytes), 0)}`);
    this.log.add(`<error> ${shown}`);
  }

  calledWrongly(refused: Refusal): void {
    this.log.add(`<error> ${withoutCode(refused)}`);
  }

  replied(bytes: Buffer, start: number, end: number): void {
    this.log.addValue(`<reply> ${showReply(bytes, start)}`);
    const isError = bytes[start] === ERROR_MARK;
    if (isError) this.log.add(`<error> ${bytes.toString('latin1', start, end)}`);
  }

  breakHere(): void {
    this.breakCalled = true;
  }

  debug(values: readonly LuaValue[]): void {
    const { script } = this;
    if (script === null || this.isAlone) return;
    const shown = values.map((value) => script.show(value));
    this.log.add(`<debug> line ${this.source.current}: ${shown.join(', ')}`);
  }

  /** A line is about to run. @returns Whether to leave the script there. */
  private reached(line: number): boolean {
    const { script, source } = this;
    if (script === null || this.isAlone) return false;
    source.current = line;
    script.line = line;
    const reason = this.reasonToStop();
    if (reason === null) return false;
    this.breakCalled = false;
    this.isStopped = true;
    this.steps = false;
    script.showsCalls = false;
    this.log.add(`* Stopped at ${line}, stop reason = ${reason}`);
    this.log.add(source.show(line));
    this.flush();
    return true;
  }

  private reasonToStop(): string | null {
    if (this.breakCalled) return BREAKPOINT_CALLED;
    if (this.source.isAtBreakpoint) return 'break point';
    return this.steps ? 'step over' : null;
  }

  /** Does what the client asked for, until the script runs on and is not left again. */
  private work(): void {
    const { log, script, source } = this;
    while (this.isStopped && script !== null) {
      const words = this.reader.next();
      if (words === null) return;
      if (words === 'malformed') {
        this.raise('ERR protocol error');
        continue;
      }
      const move = obey({ log, source, script }, words);
      if (move === 'wait') this.flush();
      else if (move === 'abort') this.raise('ERR script aborted for user request');
      else this.goOn(move === 'step');
    }
  }

  /** Has the script go on with an error. */
  private raise(message: string): void {
    const error = new LuaError(tagged('err', message));
    const { engine, script } = this;
    if (engine === null || script === null) return;
    const { main, thread } = engine.machine;
    // A coroutine's error is said to come up where its resumer is.
    const line = thread === main ? this.source.current : lineOfMain(engine);
    error.place = { chunk: script.chunk, line };
    engine.kill(error);
    this.goOn(false);
  }

  private goOn(steps: boolean): void {
    this.isStopped = false;
    this.steps = steps;
    if (this.script !== null) this.script.showsCalls = steps;
    this.wentOnAtMs = this.server.clock.elapsedMs();
    this.server.scripts.goOnDebugging(this.client);
  }

  private flush(): void {
    if (this.client.closed) return;
    const reply = this.server.outputOf(this.client);
    reply.resp = this.client.resp;
    this.log.flush(reply);
  }

  /** A refusal as clients would be told of it, and as the script is. */
  private refusalOf(request: Request, refused: Refusal): { said: Refusal; shown: string } {
    const name = this.server.commands.resolve(request)?.fullName ?? '';
    const shown = withoutCode(refused);
    if (refused === SCRIPT_UNKNOWN_COMMAND) return { said: unknownCommandOf(request), shown };
    if (refused === SCRIPT_WRONG_ARITY) return { said: wrongArity(name), shown };
    if (refused === NOT_FROM_SCRIPT) return { said: notInScriptMode(name), shown };
    return { said: refused, shown: Buffer.from(refused.bytes).toString('latin1') };
  }
}

const ERROR_MARK = 45;

/** Words of a command that are shown. */
const MOST_WORDS = 10;

function commandText(request: Request): string {
  const { argc } = request;
  const count = Math.min(argc, MOST_WORDS);
  const words = Array.from({ length: count }, (_, i) => wordOf(request, i));
  // One too few, as the real server counts them.
  if (argc > count) words.push(`... (${argc - count - 1} more)`);
  return words.join(' ');
}

/** An argument up to a zero byte; one character a byte. */
function wordOf(request: Request, i: number): string {
  return untilZero(Buffer.from(request.argument(i)).toString('latin1'));
}

function withoutCode({ code, message }: Refusal): string {
  return message.slice(code.length + 1);
}

/** The line that the script itself is at, while a coroutine of it runs. */
function lineOfMain({ machine }: LuaEngine): number {
  const { main } = machine;
  for (let depth = main.depth; depth > 0; depth--) {
    const frame = main.frames[depth];
    if (frame?.closure) return lineOf(frame);
  }
  return 0;
}
