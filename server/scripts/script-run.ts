/** A script or function that is running. */
import type { Clock } from '../../datatypes/clock.js';
import { Destination } from '../../persistence/propagation.js';
import type { Refusal } from '../../protocol/refusals.js';
import type { ReplyWriter, RespVersion } from '../../protocol/reply.js';
import type { Request } from '../../protocol/request.js';
import type { ScriptEngine } from '../../scripting/engine.js';
import type { LuaValue } from '../../scripting/machine/values.js';
import type { Client } from '../client.js';

export type ScriptKind = 'eval' | 'function';

/** Who looks on while a script runs, and may have it left in the middle: a debugger. */
export interface ScriptWatcher {
  /** Whether the script was left for it: it says when the script goes on. */
  readonly isStopped: boolean;
  /** Whether it wants to know of the commands that the script calls. */
  readonly wantsCalls: boolean;
  /** The script called a command; `refused` says why that was not even tried. */
  called(request: Request, refused: Refusal | null): void;
  /** The script's arguments were none of a command. */
  calledWrongly(refused: Refusal): void;
  /** A command of the script replied: with what stands in `bytes[start, end)`. */
  replied(bytes: Buffer, start: number, end: number): void;
  /** The script asks to be stopped at its next line. */
  breakHere(): void;
  /** The script has values shown. */
  debug(values: readonly LuaValue[]): void;
  /** The script ended: its reply comes next. */
  ended(): void;
}

export class ScriptRun {
  readonly kind: ScriptKind;
  /** A SHA-1, or a function's name. */
  readonly name: string;
  readonly engine: ScriptEngine;
  readonly client: Client;
  /** As its caller sent it; a copy once the script was left in the middle. */
  request: Request;
  /** `ScriptFlag` bits; null without a shebang. */
  readonly flags: number | null;
  /** On the scale of `Clock.elapsedMs`. */
  readonly startMs: number;
  /** Whether it must not write: EVAL_RO and the like, or `no-writes`. */
  readonly isReadOnly: boolean;
  /** Where the reply of a script goes that is loaded; null for one that a client called. */
  readonly loadingReply: ReplyWriter | null;
  readonly watcher: ScriptWatcher | null;
  /** Whether it has called a command that writes. */
  hasWritten = false;
  /** The version of RESP that replies of its commands come in. */
  resp: RespVersion = 2;
  /** Who gets what it writes: redis.set_repl. */
  destinations: number = Destination.all;
  /** Whether it ran for so long that others are served meanwhile. */
  isBusy = false;

  private readonly clock: Clock;
  private micros = 0;

  constructor(parts: ScriptRunParts) {
    this.clock = parts.clock;
    this.kind = parts.kind;
    this.name = parts.name;
    this.engine = parts.engine;
    this.client = parts.client;
    this.request = parts.request;
    this.flags = parts.flags;
    this.startMs = parts.startMs;
    this.isReadOnly = parts.isReadOnly;
    this.loadingReply = parts.loadingReply;
    this.watcher = parts.watcher;
  }

  /** The time that TIME tells all through the script: that of the first time it is asked. */
  get timeMicros(): number {
    if (this.micros === 0) this.micros = this.clock.nowMicros();
    return this.micros;
  }
}

export interface ScriptRunParts {
  readonly clock: Clock;
  readonly kind: ScriptKind;
  readonly name: string;
  readonly engine: ScriptEngine;
  readonly client: Client;
  readonly request: Request;
  readonly flags: number | null;
  readonly startMs: number;
  readonly isReadOnly: boolean;
  readonly loadingReply: ReplyWriter | null;
  readonly watcher: ScriptWatcher | null;
}
