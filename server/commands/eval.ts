/** EVAL, EVALSHA, FCALL and their forms that only read. */
import { type Command, command } from '../../datatypes/command.js';
import { parseSafeInteger } from '../../protocol/numbers.js';
import {
  BAD_NUMBER_OF_KEYS,
  EVAL_FOR_DEBUGGING,
  FUNCTION_NOT_FOUND,
  KEYS_BEYOND_ARGUMENTS,
  KEYS_NEGATIVE,
  NO_SCRIPT,
  NOT_AN_INTEGER,
  type Refusal,
} from '../../protocol/refusals.js';
import {
  type CommandSpec,
  integer,
  type KeySpec,
  keyArg,
  many,
  optional,
  text,
} from '../../protocol/spec.js';
import type { Script } from '../scripts/script-cache.js';
import type { ServerCall } from '../server-call.js';

const SHA_LENGTH = 40;

/** The keys behind their count, at argument 2. */
function countedKeys(flags: KeySpec['flags'], notes: string): KeySpec {
  return {
    flags,
    begin: { index: 2 },
    find: { countAt: 0, first: 1, step: 1 },
    notes,
  };
}

const WRITE_KEYS = countedKeys(
  ['RW', 'access', 'update'],
  'We cannot tell how the keys will be used so we assume the worst, RW and UPDATE',
);
const READ_KEYS = countedKeys(
  ['RO', 'access'],
  'We cannot tell how the keys will be used so we assume the worst, RO and ACCESS',
);

interface Form {
  readonly name: string;
  readonly since: string;
  readonly isReadOnly: boolean;
  /** What the first argument is called. */
  readonly first: 'script' | 'sha1' | 'function';
  readonly summary: string;
}

function specOf({ name, since, isReadOnly, first, summary }: Form): CommandSpec {
  const what = first === 'function' ? 'function' : 'script';
  return {
    name,
    group: 'scripting',
    since,
    arity: -3,
    flags: [
      'movablekeys',
      'no_mandatory_keys',
      'noscript',
      ...(isReadOnly ? (['readonly'] as const) : []),
      'skip_monitor',
      'stale',
    ],
    acl: ['scripting'],
    keys: [isReadOnly ? READ_KEYS : WRITE_KEYS],
    args: [text(first), integer('numkeys'), optional(many(keyArg())), optional(many(text('arg')))],
    complexity: `Depends on the ${what} that is executed.`,
    summary,
  };
}

/** Reads the number of keys. Throws `otherwise` when it is no number. */
function readKeyCount(call: ServerCall, otherwise: Refusal): number {
  const small = parseSafeInteger(call.buffer, call.start(2), call.end(2));
  const count = Number.isNaN(small) ? Number(call.bigint(2, otherwise)) : small;
  if (count > call.argc - 3) throw KEYS_BEYOND_ARGUMENTS;
  if (count < 0) throw KEYS_NEGATIVE;
  return count;
}

/** Monitors are to see the script before what it calls. */
function tellMonitors(call: ServerCall): void {
  const { monitors } = call.server;
  if (monitors.count > 0 && call.entry !== null) monitors.feed(call, call.entry);
}

function evalCommand(form: Form): Command {
  return command(specOf(form), (call: ServerCall) => {
    tellMonitors(call);
    const { debugging, scripts } = call.server;
    if (call.client.debugMode === 'copy') return debugging.debugCopy(call);
    if (call.client.debugMode === 'sync') {
      return debugging.debug(call, (begin) => {
        const { keyCount, script } = readEval(call);
        scripts.debugScript(call, script, keyCount, form.isReadOnly, begin);
      });
    }
    const { keyCount, script } = readEval(call);
    scripts.runScript(call, script, keyCount, form.isReadOnly);
  });
}

function readEval(call: ServerCall): { keyCount: number; script: Script } {
  const { scripts } = call.server;
  const keyCount = readKeyCount(call, NOT_AN_INTEGER);
  return { keyCount, script: scripts.scriptOf(scripts.args.text(call.request, 1), false) };
}

function findBySha(call: ServerCall): Script | undefined {
  const sha = call.server.scripts.args.text(call.request, 1);
  const { cache } = call.server.scripts;
  return cache.find(sha) ?? cache.find(sha.toLowerCase());
}

function evalshaCommand(form: Form): Command {
  return command(specOf(form), (call: ServerCall) => {
    tellMonitors(call);
    if (call.length(1) !== SHA_LENGTH) throw NO_SCRIPT;
    if (call.client.debugMode !== null) throw EVAL_FOR_DEBUGGING;
    const keyCount = readKeyCount(call, NOT_AN_INTEGER);
    const script = findBySha(call);
    if (script === undefined) throw NO_SCRIPT;
    call.server.scripts.runScript(call, script, keyCount, form.isReadOnly);
  });
}

function fcallCommand(form: Form): Command {
  return command(specOf(form), (call: ServerCall) => {
    tellMonitors(call);
    const { scripts } = call.server;
    const name = call.server.scripts.args.text(call.request, 1);
    if (scripts.functions.find(name) === undefined) throw FUNCTION_NOT_FOUND;
    const keyCount = readKeyCount(call, BAD_NUMBER_OF_KEYS);
    scripts.runFunction(call, name, keyCount, form.isReadOnly);
  });
}

export const EVAL_COMMANDS: readonly Command[] = [
  evalCommand({
    name: 'eval',
    since: '2.6.0',
    isReadOnly: false,
    first: 'script',
    summary: 'Runs a Lua script.',
  }),
  evalCommand({
    name: 'eval_ro',
    since: '7.0.0',
    isReadOnly: true,
    first: 'script',
    summary: 'Runs a Lua script that must not write.',
  }),
  evalshaCommand({
    name: 'evalsha',
    since: '2.6.0',
    isReadOnly: false,
    first: 'sha1',
    summary: 'Runs a cached Lua script by its SHA-1.',
  }),
  evalshaCommand({
    name: 'evalsha_ro',
    since: '7.0.0',
    isReadOnly: true,
    first: 'sha1',
    summary: 'Runs a cached Lua script by its SHA-1, which must not write.',
  }),
  fcallCommand({
    name: 'fcall',
    since: '7.0.0',
    isReadOnly: false,
    first: 'function',
    summary: 'Runs a function of a library.',
  }),
  fcallCommand({
    name: 'fcall_ro',
    since: '7.0.0',
    isReadOnly: true,
    first: 'function',
    summary: 'Runs a function of a library, which must not write.',
  }),
];
