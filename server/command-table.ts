/** All commands of a server by name, found from the bytes of a request without making a string. */
import type { Command } from '../datatypes/command.js';
import type { Request } from '../protocol/request.js';
import { LatencyHistogram } from './latency-histogram.js';
import { isTracked } from './tracking.js';

/** Commands that reach into the process: a setting must allow them. */
const GUARDS = new Map<string, 'debug' | 'module'>([
  ['debug', 'debug'],
  ['module|load', 'module'],
  ['module|loadex', 'module'],
  ['module|unload', 'module'],
]);

/** What clients that listen to channels may do in version 2. */
const FOR_SUBSCRIBERS: ReadonlySet<string> = new Set([
  ...['subscribe', 'psubscribe', 'ssubscribe', 'unsubscribe', 'punsubscribe', 'sunsubscribe'],
  ...['ping', 'quit', 'reset'],
]);

/** Commands that end a transaction, or the connection. */
const RUN_IN_MULTI: ReadonlySet<string> = new Set(['exec', 'discard', 'reset', 'quit']);

/** Commands that write nothing themselves, but send something on or run what may write. COMMAND does not tell. */
const MAY_REPLICATE: ReadonlySet<string> = new Set([
  ...['eval', 'evalsha', 'fcall', 'pfcount', 'publish', 'spublish'],
]);

/** Commands that run a script, which may tell its own flags. */
const RUN_SCRIPTS: ReadonlySet<string> = new Set([
  ...['eval', 'evalsha', 'eval_ro', 'evalsha_ro', 'fcall', 'fcall_ro'],
]);

/** The argument that is a command's first key, where that is always the same; 0 for none. */
function firstKeyOf({ spec }: Command): number {
  const [keys] = spec.keys ?? [];
  if (keys === undefined || keys.begin === 'unknown' || !('index' in keys.begin)) return 0;
  const { begin, find } = keys;
  return find !== 'unknown' && 'countAt' in find ? begin.index + find.first : begin.index;
}

/** A command with what the server keeps about it. */
export class CommandEntry {
  readonly command: Command;
  /** As clients and statistics call it: `get`, `client|list`. */
  readonly fullName: string;
  readonly parent: CommandEntry | null;
  readonly subcommands: CommandTable | null;
  readonly isWrite: boolean;
  readonly isDenyOom: boolean;
  readonly needsNoAuth: boolean;
  readonly runsWhileLoading: boolean;
  readonly isFast: boolean;
  /** Whether COMMANDLOG may show its calls. */
  readonly isLogged: boolean;
  /** It may write, or sends something to replicas though it writes nothing: PUBLISH, scripts. */
  readonly mayReplicate: boolean;
  /** It runs a script or function. */
  readonly runsScript: boolean;
  /** Scripts must not call it. */
  readonly isNoScript: boolean;
  /** It may have its client wait. */
  readonly isBlocking: boolean;
  /** It is served even while a script takes long. */
  readonly isAllowBusy: boolean;
  /** It must not stand in a transaction. */
  readonly isNoMulti: boolean;
  /** It is not queued within a transaction, but runs at once. */
  readonly runsInMulti: boolean;
  /** It runs what a transaction holds. */
  readonly isExec: boolean;
  /** It reads or writes keys. */
  readonly touchesKeys: boolean;
  /** MONITOR does not show it, or it shows itself. */
  readonly isHiddenFromMonitors: boolean;
  /** The setting that must allow it, `enable-<guard>-command`; null for most. */
  readonly guard: 'debug' | 'module' | null;
  readonly arity: number;
  /** The argument that is its first key, where that is always the same; 0 for none. */
  readonly firstKey: number;
  /** Its work grows with what it is sent and what it replies, but with the data by no more than the logarithm. */
  readonly isConstantTime: boolean;
  /** It does nothing but to work with keys, for a short time, and never waits: what may run does not change by it. */
  readonly isPlain: boolean;
  /** Whether what it reads goes into the caches of clients that track. */
  readonly isTracked: boolean;
  /** Whether it is answered by one reply before anything else happens. */
  readonly repliesAtOnce: boolean;
  /** Whether clients that listen to channels may call it in version 2. */
  readonly isForSubscribers: boolean;

  calls = 0;
  usec = 0;
  /** What a short call took when one was last timed; below 0 before the first. */
  usualUsec = -1;
  rejectedCalls = 0;
  failedCalls = 0;
  /** None until the first call that was measured. */
  latency: LatencyHistogram | null = null;

  constructor(command: Command, parent: CommandEntry | null) {
    const { spec } = command;
    this.command = command;
    this.parent = parent;
    this.fullName = spec.name;
    this.arity = spec.arity;
    this.isWrite = spec.flags.includes('write');
    this.isDenyOom = spec.flags.includes('denyoom');
    this.needsNoAuth = spec.flags.includes('no_auth');
    this.runsWhileLoading = spec.flags.includes('loading');
    this.isFast = spec.flags.includes('fast');
    this.isLogged = !spec.flags.includes('skip_commandlog');
    this.mayReplicate = this.isWrite || MAY_REPLICATE.has(spec.name);
    this.runsScript = RUN_SCRIPTS.has(spec.name);
    this.isNoScript = spec.flags.includes('noscript');
    this.isBlocking = spec.flags.includes('blocking');
    this.isAllowBusy = spec.flags.includes('allow_busy');
    this.isNoMulti = spec.flags.includes('no_multi');
    this.runsInMulti = RUN_IN_MULTI.has(spec.name);
    this.isExec = spec.name === 'exec';
    this.touchesKeys = this.mayReplicate || spec.flags.includes('readonly');
    this.isHiddenFromMonitors = spec.flags.includes('admin') || spec.flags.includes('skip_monitor');
    this.firstKey = firstKeyOf(command);
    this.isTracked = isTracked(command);
    this.isForSubscribers = FOR_SUBSCRIBERS.has(spec.name);
    const isFast = spec.complexity.startsWith('O(1)') || spec.flags.includes('fast');
    this.isConstantTime = this.touchesKeys && isFast;
    this.guard = GUARDS.get(spec.name) ?? null;
    const isSingle = !this.isBlocking && !command.subcommands;
    this.isPlain = isSingle && this.isConstantTime && !this.isNoMulti;
    this.repliesAtOnce = isSingle && !this.isNoScript && !this.runsScript;
    this.subcommands = command.subcommands ? new CommandTable(command.subcommands, this) : null;
  }

  /** Notes how long a call took, in whole microseconds. */
  recordLatency(usec: number): void {
    this.latency ??= new LatencyHistogram();
    this.latency.record(usec);
  }

  /** Forgets all calls, those of subcommands too. */
  resetStats(): void {
    this.calls = 0;
    this.usec = 0;
    this.rejectedCalls = 0;
    this.failedCalls = 0;
    this.latency = null;
    for (const subcommand of this.subcommands?.all ?? []) subcommand.resetStats();
  }

  /** Whether `argc` words, the command's name included, are a permitted count. */
  arityFits(argc: number): boolean {
    return this.arity >= 0 ? argc === this.arity : argc >= -this.arity;
  }
}

const NO_NAME: Uint8Array = new Uint8Array(0);

/** FNV-1a over the name in lower case. Source: Fowler, Noll, Vo. */
function nameHash(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++)
    hash = Math.imul(hash ^ ((bytes[i] as number) | 0x20), 0x01000193);
  return hash ^ (hash >>> 15);
}

export class CommandTable {
  /** What requests call each command, in lower case: its own name, unless it was renamed. */
  private readonly calledAs = new Map<string, CommandEntry>();
  private slots: (CommandEntry | undefined)[] = [];
  private names: Uint8Array[] = [];
  private mask = 0;
  /** What was found last, and its name. */
  private last: CommandEntry | undefined;
  private lastName = NO_NAME;

  constructor(commands: readonly Command[], parent: CommandEntry | null = null) {
    for (const command of commands) this.enter(command, parent);
    this.fill();
  }

  /** The same commands under the same names, with statistics of their own. */
  copy(): CommandTable {
    const copy = new CommandTable([]);
    for (const [name, { command }] of this.calledAs) {
      copy.calledAs.set(name, new CommandEntry(command, null));
    }
    copy.fill();
    return copy;
  }

  /** Adds a command. */
  add(command: Command): void {
    this.enter(command, null);
    this.fill();
  }

  private enter(command: Command, parent: CommandEntry | null): void {
    const entry = new CommandEntry(command, parent);
    this.calledAs.set(entry.fullName.slice(entry.fullName.indexOf('|') + 1), entry);
  }

  /** What requests call so, in lower case. */
  get(name: string): CommandEntry | undefined {
    return this.calledAs.get(name);
  }

  /** All that requests can call. */
  get all(): readonly CommandEntry[] {
    return [...this.calledAs.values()];
  }

  /**
   * Has requests call a command by another name, or by none: `rename-command`. Replies, statistics and
   * access rules still know it by its own.
   *
   * @param from - What requests call it so far, in any case.
   * @param to - What they are to call it; empty: nothing at all.
   * @returns Why not; nothing when it is done.
   */
  rename(from: string, to: string): string | undefined {
    const [before, after] = [from.toLowerCase(), to.toLowerCase()];
    const entry = this.calledAs.get(before);
    if (entry === undefined) return 'No such command in rename-command';
    if (after !== before && this.calledAs.has(after)) return 'Target command name already exists';
    this.calledAs.delete(before);
    if (after !== '') this.calledAs.set(after, entry);
    this.fill();
    return undefined;
  }

  /** The command that argument `i` of the request names, in any case. */
  lookup(request: Request, i: number): CommandEntry | undefined {
    if (i >= request.argc) return undefined;
    return this.find(request.bytes, request.starts[i] as number, request.ends[i] as number);
  }

  /** The command or subcommand that the request is for; the container itself when no subcommand fits. */
  resolve(request: Request): CommandEntry | undefined {
    const entry = this.lookup(request, 0);
    if (entry === undefined || entry.subcommands === null) return entry;
    return entry.subcommands.lookup(request, 1) ?? entry;
  }

  /** The command of a name such as `config|get`. */
  named(name: string): CommandEntry | undefined {
    const [first = '', second, third] = name.split('|');
    const entry = third === undefined ? this.findText(first) : undefined;
    return second === undefined ? entry : entry?.subcommands?.findText(second);
  }

  private findText(name: string): CommandEntry | undefined {
    const bytes = Buffer.from(name, 'latin1');
    return this.find(bytes, 0, bytes.length);
  }

  private find(bytes: Uint8Array, start: number, end: number): CommandEntry | undefined {
    // Requests for the same come one after the other.
    if (sameName(this.lastName, bytes, start, end)) return this.last;
    for (let slot = nameHash(bytes, start, end) & this.mask; ; slot = (slot + 1) & this.mask) {
      const entry = this.slots[slot];
      if (entry === undefined) return undefined;
      const name = this.names[slot] as Uint8Array;
      if (!sameName(name, bytes, start, end)) continue;
      this.last = entry;
      this.lastName = name;
      return entry;
    }
  }

  private fill(): void {
    this.last = undefined;
    this.lastName = NO_NAME;
    this.mask = 2 ** Math.ceil(Math.log2(this.calledAs.size * 3 + 1)) - 1;
    this.slots = new Array(this.mask + 1).fill(undefined);
    this.names = [];
    for (const [name, entry] of this.calledAs) this.place(Buffer.from(name, 'latin1'), entry);
  }

  private place(name: Uint8Array, entry: CommandEntry): void {
    let slot = nameHash(name, 0, name.length) & this.mask;
    while (this.slots[slot] !== undefined) slot = (slot + 1) & this.mask;
    this.slots[slot] = entry;
    this.names[slot] = name;
  }
}

/** Whether `bytes[start, end)` is `name`, which is in lower case. */
function sameName(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    let byte = bytes[start + i] as number;
    if (byte >= 65 && byte <= 90) byte |= 0x20;
    if (byte !== name[i]) return false;
  }
  return true;
}
